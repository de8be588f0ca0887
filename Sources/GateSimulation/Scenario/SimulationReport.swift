import GateEngine
import GateTypes

/// What a run gave: passages, times, incidents, faults, and the rules that were held against it.
package struct SimulationReport: Sendable {
    /// One expectation of the scenario, and what came.
    package struct Outcome: Hashable, Sendable {
        package let word: String
        package let least: Int
        package let most: Int
        package let count: Int
        package var isMet: Bool { count >= least && count <= most }
    }

    /// Spans of one part of a passage, in milliseconds.
    package struct Part: Hashable, Sendable {
        package let lanes: String
        package let name: String
        package let count: Int
        package let p50: Double
        package let p99: Double
        package let maximum: Double
    }

    /// Keys of the spans in a record, from the arrival on.
    private static let spans = [
        ("first_reading_ms", "arrival to first reading"), ("decision_ms", "arrival to decision"),
        ("store_ms", "decision to durable record"), ("release_ms", "arrival to release"),
        ("passed_ms", "arrival to passed"), ("cleared_ms", "arrival to cleared"),
    ]

    package let scenario: String
    package let seed: UInt64
    package let start: WallTime
    package var end: WallTime
    package var steps = 0
    package var events = 0
    package var checks = 0
    /// By lane, then by outcome.
    package private(set) var passages: [LaneName: [String: Int]] = [:]
    package private(set) var incidents: [String: Int] = [:]
    package private(set) var kinds: [EntryKind: Int] = [:]
    package var alarms: [String: Int] = [:]
    package var faults: [String: Int] = [:]
    /// What really happened.
    package var facts: [String: Int] = [:]
    package var violations: [RuleChecker.Violation] = []
    package var expected: [Outcome] = []
    /// What the world showed and the gate had to tell, and where it was excused by a fault.
    package var judged = 0
    package var excused = 0
    private var times: [[String: [Float]]] = [[:], [:]]

    init(scenario: String, seed: UInt64, start: WallTime) {
        self.scenario = scenario
        self.seed = seed
        self.start = start
        end = start
    }

    package var isGood: Bool { violations.isEmpty && expected.allSatisfy(\.isMet) }

    /// Counts one entry of the journal.
    mutating func add(_ draft: EntryDraft, at now: Instant) {
        kinds[draft.kind, default: 0] += 1
        switch draft.kind {
        case .incident: incidents[draft.facts["class"] ?? "other", default: 0] += 1
        case .passage:
            guard let lane = draft.lane, let outcome = draft.facts["outcome"] else { return }
            passages[lane, default: [:]][outcome, default: 0] += 1
            guard outcome == "passed" else { return }
            let kind = draft.facts["frames"] == nil ? 1 : 0
            for (key, _) in Self.spans {
                if let span = draft.facts[key].flatMap({ Float($0) }) {
                    times[kind][key, default: []].append(span)
                }
            }
        case .grant, .refusal, .override, .fault, .faultCleared, .emergency, .configuration,
            .service, .clockJump, .erasure, .picture, .pictureErasure, .lockdown,
            .consent:
            break
        }
    }

    /// Words that can be expected of a run: `judge` counts these and no others.
    static let words = Set(
        RecordWords.outcomes + RecordWords.incidents + RecordWords.alarms
            + EntryKind.allCases.map(\.rawValue) + WorldFact.words)

    mutating func judge(_ expectations: [Scenario.Expectation]) {
        expected = expectations.map {
            // A word may be an outcome and a class at once; both tell of the same things.
            let counts = [
                outcomes[$0.word], incidents[$0.word], alarms[$0.word],
                EntryKind(rawValue: $0.word).flatMap { kinds[$0] },
            ]
            return Outcome(
                word: $0.word, least: $0.least, most: $0.most,
                count: counts.compactMap { $0 }.max() ?? facts[$0.word] ?? 0)
        }
    }

    /// Times of those who passed, by part; vehicles first.
    package var parts: [Part] {
        var parts: [Part] = []
        for (kind, lanes) in ["vehicles", "people"].enumerated() {
            for (key, name) in Self.spans {
                guard let values = times[kind][key]?.sorted(), let most = values.last else {
                    continue
                }
                func rank(_ share: Double) -> Double {
                    let place = Int((share * Double(values.count)).rounded(.up)) - 1
                    return Double(values[min(max(place, 0), values.count - 1)])
                }
                parts.append(
                    Part(
                        lanes: lanes, name: name, count: values.count, p50: rank(0.5),
                        p99: rank(0.99), maximum: Double(most)))
            }
        }
        return parts
    }

    /// Words of all passages' outcomes, and how often each came.
    package var outcomes: [String: Int] {
        passages.values.reduce(into: [:]) { $0.merge($1) { $0 + $1 } }
    }

    package var passageCount: Int { outcomes.values.reduce(0, +) }

    // MARK: As text

    /// The report for people, one line an element.
    package func lines(kindOf: (LaneName) -> String) -> [String] {
        var lines = ["", "scenario '\(scenario)', seed \(seed)"]
        let length = Duration.milliseconds(end.milliseconds - start.milliseconds)
        lines.append(
            "\(Self.length(length)) simulated, \(steps) steps, \(events) events to the engine")
        lines += ["", "passages (as the gate recorded them)"]
        for (lane, outcomes) in passages.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "  " + Self.pad(lane.text, 12) + Self.pad(kindOf(lane), 11) + Self.counts(outcomes))
        }
        lines.append("  " + Self.pad("all", 23) + Self.counts(outcomes))
        lines += ["", "times of those who passed, milliseconds" + Self.head]
        for part in parts {
            lines.append(
                "  " + Self.pad("\(part.lanes): \(part.name)", 39) + Self.number(part.p50)
                    + Self.number(part.p99) + Self.number(part.maximum)
                    + Self.padLeft("\(part.count)", 9))
        }
        lines += ["", "incidents      " + Self.counts(incidents)]
        lines.append("alarms         " + Self.counts(alarms))
        lines.append("faults put in  " + Self.counts(faults))
        lines.append("what happened  " + Self.counts(facts))
        lines.append("")
        for outcome in expected {
            let most =
                outcome.most == .max
                ? "at least \(outcome.least)" : "\(outcome.least) to \(outcome.most)"
            lines.append(
                "expected       \(outcome.word): \(most), came \(outcome.count)"
                    + (outcome.isMet ? "" : "  NOT MET"))
        }
        lines.append(
            "rules          7 rules, \(checks) judgements, \(judged) things to be told, "
                + "\(excused) excused by a fault, violations: \(violations.count)")
        for violation in violations { lines.append("VIOLATION      seed \(seed): \(violation)") }
        return lines
    }

    private static let head =
        pad("", 2)
        + ["p50", "p99", "longest", "count"]
        .map { padLeft($0, 9) }.joined()

    private static func counts(_ counts: [String: Int]) -> String {
        guard !counts.isEmpty else { return "none" }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    private static func number(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        return padLeft("\(tenths / 10).\(abs(tenths % 10))", 9)
    }

    private static func pad(_ text: String, _ columns: Int) -> String {
        text + String(repeating: " ", count: max(columns - text.count, 1))
    }

    private static func padLeft(_ text: String, _ columns: Int) -> String {
        String(repeating: " ", count: max(columns - text.count, 1)) + text
    }

    private static func length(_ span: Duration) -> String {
        let seconds = span.components.seconds
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        let clock = "\(rest / 3600) h \(rest / 60 % 60) min \(rest % 60) s"
        return days == 0 ? clock : rest == 0 ? "\(days) days" : "\(days) days \(clock)"
    }
}
