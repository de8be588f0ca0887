import ArgumentParser
import Foundation
import GateConfiguration
import GateSimulation
import GateTypes
import ServiceRuntime

/// `gatectl simulate`: the real engine against a simulated site, in virtual time.
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs a scenario against the real engine in virtual time, and holds every rule.",
        discussion: """
            Prints the journal as it is written, then a report. Exits with 1 when a rule was broken \
            or an expectation of the scenario was not met, with 65 when the file has errors. \
            Without an argument it lists the scenarios there are. docs/simulator.md explains the files.
            """)

    @Argument(help: "A file, or a name under config/scenarios.")
    var scenario: String?
    @Option(help: "Where chance begins; the same seed gives the same run.") var seed: UInt64 = 1
    @Option(help: "Days to run, in place of the file's length.") var days: Int?
    @Option(help: "tsv or json in place of text for people.") var format: OutputFormat?
    @Flag(help: "Print the report only; so it is anyway for more than a day.") var quiet = false
    @Flag(help: "Print the journal of a long run, too.") var journal = false

    func validate() throws {
        if let days, !(1...3_660).contains(days) {
            throw ValidationError("--days must be between 1 and 3660")
        }
    }

    func run() throws {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        guard let scenario else { return try list(program) }
        let file: ScenarioFile
        do {
            file = try ScenarioFile.load(scenario, program: program)
        } catch {
            ErrorOutput.write(error.messages)
            throw ExitCode(65)
        }
        var plan = file.scenario
        if let days { plan.length = .seconds(days * 86_400) }
        var simulation = SiteSimulation(
            config: file.config, scenario: plan, start: file.start, seed: seed)
        let view = SimulationView(file.config, format: format)
        if !quiet, journal || plan.length <= .seconds(86_400) {
            if let header = view.header { show(header + "\n") }
            simulation.onEntry = { show(view.line($0) + "\n") }
        }
        let begun = ContinuousClock.now
        simulation.run()
        let seconds = (ContinuousClock.now - begun).milliseconds / 1000
        view.report(simulation.report, seconds: seconds).forEach { show($0 + "\n") }
        for violation in simulation.report.violations.prefix(1) {
            ErrorOutput.write(["what led to it:", simulation.story(of: violation)])
        }
        if !simulation.report.isGood { throw ExitCode(1) }
    }

    private func list(_ program: String) throws {
        let names = ScenarioFile.names(program: program)
        guard !names.isEmpty else {
            ErrorOutput.write([
                "error: no scenario is in "
                    + ScenarioFile.folders(program).joined(separator: ", nor in ")
                    + "; name a file, or install config/ to /usr/share/gatehouse"
            ])
            throw ExitCode(1)
        }
        for name in names {
            let about =
                (try? ScenarioFile.load(name, program: program).scenario.about) ?? "has errors"
            show(
                name.padding(toLength: max(24, name.count + 1), withPad: " ", startingAt: 0) + about
                    + "\n")
        }
    }

    private func show(_ text: String) { _ = Output.write(text, to: STDOUT_FILENO) }
}

/// Entries and report of a simulation, for people or machines.
struct SimulationView {
    private let config: GateConfig
    private let format: OutputFormat?

    init(_ config: GateConfig, format: OutputFormat?) {
        self.config = config
        self.format = format
    }

    var header: String? {
        switch format {
        case .tsv: "time\tkind\tlane\twho\tfacts"
        case .json: nil
        case nil: nil
        }
    }

    /// One entry on one line; times are the site's own.
    func line(_ draft: EntryDraft) -> String {
        let who = draft.personal.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value)
        let lane = draft.lane?.text ?? "-"
        switch format {
        case .json:
            var object: [String: Any] = ["time": draft.wall.localText(in: config.site.timeZone)]
            object["kind"] = draft.kind.rawValue
            object["lane"] = draft.lane?.text
            object["who"] = who
            object["facts"] = draft.facts
            return Self.json(object)
        case .tsv:
            let facts = draft.facts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return [
                draft.wall.localText(in: config.site.timeZone), draft.kind.rawValue, lane,
                who.joined(separator: " "), facts.joined(separator: " "),
            ].joined(separator: "\t")
        case nil:
            let time = draft.wall.localText(in: config.site.timeZone)
            return Self.pad(time, 25) + Self.pad(lane, 10) + Self.pad(draft.kind.rawValue, 14)
                + Self.told(draft, who)
        }
    }

    /// What matters of an entry: outcome or class first, then who, then spans and reasons.
    private static func told(_ draft: EntryDraft, _ who: [String]) -> String {
        var facts = draft.facts
        var words: [String] = []
        for key in ["outcome", "class", "what", "code", "wish"] {
            if let word = facts.removeValue(forKey: key) { words.append(word) }
        }
        words += who
        for key in ["reasons", "reason", "because", "refused", "evidence", "trigger", "way"] {
            if let text = facts[key], !text.isEmpty { words.append("\(key)=\(text)") }
        }
        for key in ["release_ms", "cleared_ms"] {
            if let span = facts[key] { words.append("\(key.dropLast(3)) \(span) ms") }
        }
        return words.joined(separator: "  ")
    }

    func report(_ report: SimulationReport, seconds: Double) -> [String] {
        switch format {
        case nil:
            return report.lines { kind(of: $0) }
                + ["it took        \(String(format: "%.2f", seconds)) s"]
        case .tsv:
            let outcomes = report.passages.sorted { $0.key < $1.key }.flatMap { lane, outcomes in
                outcomes.sorted { $0.key < $1.key }.map { "passages\t\(lane)\t\($0)\t\($1)" }
            }
            let parts = report.parts.map {
                "milliseconds\t\($0.lanes)\t\($0.name)\t\($0.count)\t\($0.p50)\t\($0.p99)\t\($0.maximum)"
            }
            let incidents = report.incidents.sorted { $0.key < $1.key }.map {
                "incidents\t-\t\($0)\t\($1)"
            }
            return ["what\twhere\tname\tcount\tp50\tp99\tmax"] + outcomes + incidents + parts
                + ["violations\t-\t-\t\(report.violations.count)"]
        case .json: return [Self.json(object(report, seconds: seconds))]
        }
    }

    private func object(_ report: SimulationReport, seconds: Double) -> [String: Any] {
        let passages = report.passages.map { ($0.text, $1 as Any) }
        return [
            "scenario": report.scenario, "seed": report.seed, "steps": report.steps,
            "events": report.events, "judgements": report.checks,
            "passages": Dictionary(passages) { a, _ in a }, "incidents": report.incidents,
            "alarms": report.alarms, "faults": report.faults, "happened": report.facts,
            "seconds": seconds, "violations": report.violations.map(\.description),
            "times": report.parts.map {
                [
                    "lanes": $0.lanes, "part": $0.name, "count": $0.count, "p50": $0.p50,
                    "p99": $0.p99, "max": $0.maximum,
                ] as [String: Any]
            },
            "expected": report.expected.map {
                ["word": $0.word, "least": $0.least, "count": $0.count, "met": $0.isMet]
                    as [String: Any]
            },
        ]
    }

    private func kind(of lane: LaneName) -> String {
        if config.lanes[lane] != nil { return "barrier" }
        return config.turnstiles[lane] != nil ? "turnstile" : "door"
    }

    private static func json(_ object: [String: Any]) -> String {
        let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private static func pad(_ text: String, _ columns: Int) -> String {
        text + String(repeating: " ", count: max(columns - text.count, 1))
    }
}
