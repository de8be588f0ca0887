import ConfigurationFiles
import GateConfiguration
import GateTypes
import Testing

/// Turnstiles, doors, people and badges: what is read, and what is told.
@Suite struct PersonLaneTests {
    static let gatehouse = """
        site: { name: Test site, time_zone: Asia/Shanghai }
        chips:
          board: { path: /dev/gpiochip0, native: true }
        lines:
          fire: { chip: board, line: 0, input: normally-closed }
          dog: { chip: board, line: 1, output: relay, rest: de-energised, longest: 1s, fail: secured }
          t-in: { chip: board, line: 2, output: relay, rest: de-energised, longest: 6s, fail: secured }
          t-out: { chip: board, line: 3, output: relay, rest: de-energised, longest: 6s, fail: secured }
          t-gate: { chip: board, line: 4, output: relay, rest: de-energised, longest: 6s, fail: secured }
          t-arm: { chip: board, line: 5, output: relay, rest: energised, longest: 10s, fail: released }
          t-outer: { chip: board, line: 6, input: normally-closed }
          t-inner: { chip: board, line: 7, input: normally-closed }
          t-contact: { chip: board, line: 8, input: normally-closed }
          a-strike: { chip: board, line: 9, output: relay, rest: energised, longest: 5s, fail: released }
          a-motor: { chip: board, line: 10, output: relay, rest: de-energised, longest: 5s, fail: secured }
          a-contact: { chip: board, line: 11, input: normally-closed }
          a-exit: { chip: board, line: 12, input: normally-open }
          a-loop: { chip: board, line: 13, input: normally-open }
          a-edge: { chip: board, line: 14, input: normally-closed }
          b-strike: { chip: board, line: 15, output: relay, rest: de-energised, longest: 5s, fail: secured }
          b-contact: { chip: board, line: 16, input: normally-closed }
        lanes:
          people:
            kind: turnstile
            outputs: { entry: t-in, exit: t-out, gate: t-gate, arm: t-arm }
            inputs: { outer: t-outer, inner: t-inner, gate: t-contact }
            timing: { release: 4s }
          bikes:
            kind: door
            outputs: { strike: a-strike, opener: a-motor }
            inputs: { contact: a-contact, exit: a-exit, presence: a-loop, obstacle: a-edge }
            opens_for: bicycle
            escape: yes
            interlock: store
          store:
            kind: door
            outputs: { strike: b-strike }
            inputs: { contact: b-contact }
            escape: no
            interlock: bikes
            on_storage_failure: open
            emergency: { exempt: valuables behind a second exit }
        fire: { input: fire }
        heartbeat: { output: dog }

        """

    static func read(
        _ gatehouse: String = gatehouse,
        people: String = "person,group,valid_from,valid_until,note\nE017,staff,,2026-12-31,\n",
        badges: String = "badge,person,valid_from,valid_until,note\n00815,E017,,,\n"
    ) -> (config: GateConfig?, report: ConfigReport) {
        let (sources, report) = sources(gatehouse, people: people, badges: badges)
        return ConfigReader.read(sources, zones: SampleSite.zones, report: report)
    }

    static func sources(
        _ gatehouse: String = gatehouse,
        people: String = "person,group,valid_from,valid_until,note\nE017,staff,,2026-12-31,\n",
        badges: String = "badge,person,valid_from,valid_until,note\n00815,E017,,,\n"
    ) -> (ConfigSources, ConfigReport) {
        var report = ConfigReport()
        var sources = ConfigSources(
            gatehouse: YAMLText.read(gatehouse, file: "gatehouse.yaml", &report),
            policy: YAMLText.read(
                "groups: [staff]\nrules: [{ allow: staff }]\n", file: "policy.yaml", &report),
            vehicles: CSVText.read("plate,group\n", file: "vehicles.csv", &report))
        sources.people = CSVText.read(people, file: "people.csv", &report)
        sources.badges = CSVText.read(badges, file: "badges.csv", &report)
        return (sources, report)
    }

    @Test func everyPartIsRead() throws {
        let (read, report) = Self.read()
        #expect(report.errors == [])
        let config = try #require(read)
        #expect(config.laneNames == ["people", "bikes", "store"])
        let turnstile = try #require(config.turnstiles["people"])
        #expect(
            turnstile.outputs == .init(entry: "t-in", exit: "t-out", gate: "t-gate", arm: "t-arm"))
        #expect(turnstile.inputs == .init(outer: "t-outer", inner: "t-inner", gate: "t-contact"))
        #expect(turnstile.timing.release == .seconds(4))
        let bikes = try #require(config.doors["bikes"])
        #expect(bikes.outputs == .init(strike: "a-strike", opener: "a-motor"))
        #expect(bikes.traveller == .bicycle && bikes.isEscape && bikes.interlock == "store")
        let store = try #require(config.doors["store"])
        #expect(!store.isEscape && store.onStorageFailure == .open)
        #expect(store.emergencyExemption != nil && bikes.emergencyExemption == nil)
        #expect(config.roster.people.map(\.person) == ["E017"])
        #expect(config.roster.badges.map(\.badge) == ["815"])
        #expect(config.roster.badges.first?.place == "badges.csv:2:1")
    }

    /// The text replaced, what stands there instead, where the error stands, what it says.
    static let mistakes: [(String, String, String, String)] = [
        ("outer: t-outer, ", "", "inputs: { inner", "no 'outer'"),
        ("entry: t-in, exit: t-out, ", "", "outputs: { gate", "neither entry nor exit"),
        (", gate: t-contact }", " }", "inputs: { outer", "without its contact"),
        (
            "line: 5, output: relay, rest: energised", "line: 5, output: relay, rest: de-energised",
            "t-arm: {", "holds the arms"
        ),
        ("release: 4s", "release: 4", "4 }", "no unit"),
        ("release: 4s", "relase: 4s", "relase", "did you mean 'release'?"),
        ("release: 4s", "release: 25s, stuck: 20s", "25s", "not shorter"),
        ("kind: turnstile", "kind: turnstyle", "turnstyle", "did you mean 'turnstile'?"),
        ("kind: turnstile", "kind: turnstile\n    camera: c", "camera", "no key 'camera'"),
        ("entry: t-in", "entry: t-outer", "t-outer, exit", "needs an output"),
        ("arm: t-arm", "arm: t-in", "t-in }", "serves"),
        ("    escape: yes\n", "", "kind: door\n    outputs: { strike: a", "no 'escape'"),
        ("escape: no", "escape: yes", "b-strike: {", "fail-secure strike on an escape door"),
        ("escape: no", "escape: yes", "emergency: {", "exempt"),
        ("escape: no", "escape: maybe", "maybe", "must be one of"),
        (", obstacle: a-edge", "", "inputs: { contact: a", "without an obstacle sensor"),
        ("contact: a-contact, ", "", "inputs: { exit", "without a door contact"),
        ("presence: a-loop, ", "", "opens_for: bicycle", "no presence sensor"),
        ("opens_for: bicycle", "opens_for: tricycle", "tricycle", "must be one of"),
        ("strike: b-strike", "opener: b-strike", "outputs: { opener", "no 'strike'"),
        ("interlock: bikes", "interlock: bike", "bike\n", "did you mean 'bikes'?"),
        ("interlock: bikes", "interlock: people", "people\n", "no door"),
        ("interlock: bikes", "interlock: store", "store\n    on", "with itself"),
        ("    interlock: bikes\n", "", "store\n  store", "not interlocked with 'bikes'"),
        ("contact: b-contact", "exit: b-contact", "interlock: bikes", "no door contact"),
        (
            "line: 14, input: normally-closed", "line: 14, input: normally-open", "a-edge: {",
            "not normally-closed"
        ),
        (", fail: released }\n  a-motor", " }\n  a-motor", "a-strike: {", "no 'fail'"),
    ]

    @Test(arguments: mistakes)
    func mistakeIsToldAtItsPlace(old: String, new: String, at: String, says: String) throws {
        let text = Self.gatehouse.replacing(old, with: new, maxReplacements: 1)
        try #require(text != Self.gatehouse, "the text to replace is not in the sample")
        let (config, report) = Self.read(text)
        #expect(config == nil)
        let range = try #require(text.ranges(of: at).last)
        let before = text[..<range.lowerBound]
        let line = before.count { $0 == "\n" } + 1
        let found = report.errors.filter { $0.description.contains(says) }
        #expect(!found.isEmpty, "told: \(report.errors)")
        #expect(found.contains { $0.place.line == line }, "\(line): \(found)")
    }

    @Test(arguments: [
        ("people.csv", "person,group\nE017,stuff\n", ":2:6:", "did you mean 'staff'?"),
        ("people.csv", "person,group\n,staff\n", ":2:1:", "no person"),
        ("people.csv", "person,group\nE017,staff\nE017,staff\n", ":3:1:", "listed twice"),
        ("people.csv", "name,group\nE017,staff\n", ":1:1:", "no column"),
        ("people.csv", "person,group,valid_from\nE017,staff,soon\n", ":2:12:", "'valid_from'"),
        ("badges.csv", "badge,person\n12 34,E017\n", ":2:1:", "no badge number"),
        ("badges.csv", "badge,person\n7,E018\n", ":2:3:", "no person 'E018'"),
        ("badges.csv", "badge,person\n7,\n", ":2:3:", "nobody"),
        ("badges.csv", "badge,person\n7,E017\n007,E017\n", ":3:1:", "listed twice"),
        ("badges.csv", "", ":1:1:", "empty"),
    ])
    func mistakeInTheRosterIsToldAtItsPlace(
        file: String, text: String, place: String, says: String
    ) {
        let (config, report) =
            file == "people.csv" ? Self.read(people: text) : Self.read(badges: text)
        #expect(config == nil)
        #expect(
            report.errors.contains {
                $0.description.hasPrefix(file + place) && $0.description.contains(says)
            }, "told: \(report.errors)")
    }
}
