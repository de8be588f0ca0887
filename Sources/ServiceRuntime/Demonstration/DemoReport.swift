import GateSimulation
import GateTypes

/// A demonstration's end, as a newcomer reads it.
package struct DemoReport: Sendable {
    package var summary: DemoSummary
    /// Memory of each program at its highest, in KiB.
    package var memory: [(name: String, kiB: Int)] = []
    /// `intact, N entries`, or what is wrong.
    package var journal = ""
    package var isJournalIntact = false
    /// What went wrong with the programs themselves.
    package var failures: [String] = []
    /// How to look further, a command a line.
    package var commands: [String] = []
    /// What the first lane's camera saw in place of rendered vehicles; empty where it saw those.
    package var realLane = ""
    /// What the face cameras saw in place of simulated people; empty where they saw those.
    package var realFaces = ""
    /// What photographs of faces showed when they were looked at, name and figures.
    package var photographs: [(name: String, value: String)] = []

    package init(summary: DemoSummary) { self.summary = summary }

    /// False when a program died, the journal is broken or nobody was let in.
    package var isGood: Bool {
        failures.isEmpty && isJournalIntact && summary.admittedCount > 0
            && summary.wrongOpenings.isEmpty
    }

    package var lines: [String] {
        var lines = ["", title, ""]
        lines.append(row("vehicles", "\(summary.visits.count)"))
        lines.append(row("admitted", "\(summary.admittedCount)"))
        let refusals = summary.refusals.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let refused = refusals.reduce(0) { $0 + $1.value }
        lines.append(row("not admitted", "\(refused)"))
        lines += refusals.map { row("  " + Self.words($0.key), "\($0.value)") }
        let readings = summary.readings
        if readings.of > 0 {
            lines.append(
                row("plates read exactly as rendered", "\(readings.exact) of \(readings.of)"))
        }
        lines.append(row("opened for a wrong plate", "\(summary.wrongOpenings.count)"))
        for (kind, outcomes) in summary.people.sorted(by: { $0.key > $1.key }) {
            let told = outcomes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                .map { "\(Self.words($0.key)) \($0.value)" }
            lines.append(row("people at \(kind)", told.joined(separator: ", ")))
        }
        lines += photographs.map { row($0.name, $0.value) }
        if !summary.incidents.isEmpty {
            let incidents = summary.incidents.sorted { $0.key < $1.key }
                .map { "\(Self.words($0.key)) \($0.value)" }
            lines.append(row("incidents on record", incidents.joined(separator: ", ")))
        }
        lines += latencies
        for (name, kiB) in memory {
            let tenths = kiB * 10 / 1024
            lines.append(row("memory of \(name)", "\(tenths / 10).\(tenths % 10) MiB at most"))
        }
        lines.append(row("journal", journal))
        lines += failures.map { row("FAILED", $0) }
        if !commands.isEmpty { lines += ["", "To look further:"] + commands.map { "  " + $0 } }
        return lines
    }

    private var title: String {
        let vehicles = realLane.isEmpty ? "vehicles" : "the vehicles of the other lanes"
        let simulated =
            realFaces.isEmpty
            ? "Lines, booms, \(vehicles) and faces" : "Lines, booms and \(vehicles)"
        let real = [realLane, realFaces].filter { !$0.isEmpty }.joined(separator: ", ")
        return "The demonstration is over. \(simulated) were simulated"
            + (real.isEmpty ? ", the pictures rendered." : "; \(real).")
    }

    private var latencies: [String] {
        let spreads = [
            ("all", summary.arrivalToRelay),
            ("readable on arrival", summary.arrivalToRelayReadable),
            ("first face to relay", summary.faceToRelay),
            ("  where the head is turned", summary.turnToRelay),
        ]
        guard spreads.contains(where: { $0.1 != nil }) else { return [] }
        let head = row("arrival to relay, milliseconds", "p50      p95      p99  longest  count")
        return [head]
            + spreads.compactMap { name, spread in
                guard let spread else { return nil }
                let values = [spread.p50, spread.p95, spread.p99, spread.maximum]
                    .map { Self.left(GateScreen.number($0), 7) }
                return row(
                    "  " + name,
                    (values + [Self.left("\(spread.count)", 4)]).joined(separator: "  "))
            }
    }

    private static func words(_ code: String) -> String {
        code.replacing("_", with: " ")
    }

    private func row(_ name: String, _ value: String) -> String {
        name + String(repeating: " ", count: max(36 - name.count, 1)) + value
    }

    private static func left(_ text: String, _ columns: Int) -> String {
        String(repeating: " ", count: max(columns - text.count, 0)) + text
    }
}
