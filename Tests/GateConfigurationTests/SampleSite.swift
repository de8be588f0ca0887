import ConfigurationFiles
import GateConfiguration
import Testing

/// A small site without an error, whose texts the tests change.
struct SampleSite: Equatable {
    static let gatehouse = """
        site: { name: Test site, time_zone: Asia/Shanghai, language: zh }
        chips:
          board: { path: /dev/gpiochip0, native: true }
        cameras:
          front: { device: /dev/video0, size: 1920x1080, region: [[0, 0], [1, 0], [1, 1]] }
          back: { scene: true, size: 1280x720, rate: 15 }
        lines:
          fire: { chip: board, line: 0, input: normally-closed }
          dog: { chip: board, line: 1, output: relay, rest: de-energised, longest: 1s, fail: secured }
          a-loop: { chip: board, line: 2, input: normally-open }
          a-safety: { chip: board, line: 3, input: normally-closed, clear_after: 200ms }
          a-beam: { chip: board, line: 4, input: normally-closed }
          a-up: { chip: board, line: 5, input: normally-open }
          a-down: { chip: board, line: 6, input: normally-open }
          a-raise: { chip: board, line: 7, output: relay, rest: de-energised, longest: 2s, fail: secured }
          a-lower: { chip: board, line: 8, output: relay, rest: de-energised, longest: 2s, fail: secured }
          b-safety: { chip: board, line: 9, input: normally-closed }
          b-raise: { chip: board, line: b-raise, output: relay, rest: energised, longest: 2s, fail: released }
          b-lower: { chip: board, line: 10, output: relay, rest: de-energised, longest: 2s, fail: secured }
          b-beam: { chip: board, line: 11, input: normally-closed }
        lanes:
          a:
            kind: barrier
            direction: in
            camera: front
            outputs: { raise: a-raise, lower: a-lower }
            inputs: { approach: a-loop, safety: a-safety, photocell: a-beam, up: a-up, down: a-down }
            timing: { clearance: 2s, motor: 9s }
          b:
            kind: barrier
            direction: out
            camera: back
            outputs: { raise: b-raise, lower: b-lower }
            inputs: { photocell: b-beam, safety: b-safety }
        fire: { input: fire }
        heartbeat: { output: dog }

        """
    static let policy = """
        groups: [lorries, blocked]
        holidays: [2026-10-01..2026-10-03]
        schedules:
          day: Mon-Fri 06:00-22:00
        rules:
          - { allow: lorries, lanes: [a, b], during: day }
          - { deny: blocked }

        """
    static let vehicles = """
        plate,group,valid_from,valid_until,note
        沪A12345,lorries,,,
        沪B67890,blocked,2026-01-01,2026-12-31,left without paying

        """

    var gatehouse = Self.gatehouse
    var policy = Self.policy
    var vehicles = Self.vehicles

    static let zones = TimeZoneSource { name in
        name == "Asia/Shanghai"
            ? .table(
                TimeZoneTable(
                    name: name,
                    transitions: [.init(fromSeconds: 0, offsetSeconds: 28_800)]))
            : .unknown(names: ["Asia/Shanghai", "Asia/Singapore", "UTC"])
    }

    func read() -> (config: GateConfig?, report: ConfigReport) {
        var report = ConfigReport()
        let sources = ConfigSources(
            gatehouse: YAMLText.read(gatehouse, file: "gatehouse.yaml", &report),
            policy: YAMLText.read(policy, file: "policy.yaml", &report),
            vehicles: CSVText.read(vehicles, file: "vehicles.csv", &report),
            directory: "site")
        return ConfigReader.read(sources, zones: Self.zones, report: report)
    }

    /// The place of the last occurrence of a text in one of the files.
    func place(of text: String, in file: String) -> SourcePlace? {
        let whole = [
            "gatehouse.yaml": gatehouse, "policy.yaml": policy, "vehicles.csv": vehicles,
        ][file]
        let lines = (whole ?? "").split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated().reversed() {
            if let range = line.ranges(of: text).last {
                let column = line.distance(from: line.startIndex, to: range.lowerBound) + 1
                return SourcePlace(file: file, line: index + 1, column: column)
            }
        }
        return nil
    }
}

/// One change of a file, and what must be told about it.
struct Mistake: Sendable, CustomTestStringConvertible {
    var file = "gatehouse.yaml"
    let old: String
    let new: String
    /// The text at whose last occurrence the error stands.
    let at: String
    /// What the error says, problem or hint.
    let says: [String]

    init(
        _ old: String, _ new: String, at: String, _ says: String..., file: String = "gatehouse.yaml"
    ) {
        self.file = file
        self.old = old
        self.new = new
        self.at = at
        self.says = says
    }

    var testDescription: String { "\(old.prefix(30)) -> \(new.prefix(50))" }

    var site: SampleSite {
        var site = SampleSite()
        switch file {
        case "gatehouse.yaml": site.gatehouse.replace(old, with: new)
        case "policy.yaml": site.policy.replace(old, with: new)
        default: site.vehicles.replace(old, with: new)
        }
        return site
    }
}
