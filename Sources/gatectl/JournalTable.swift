import EventJournal
import Foundation
import GateTypes

/// Entries as lines: for people, or machine-readable.
enum JournalTable {
    static func header(_ format: OutputFormat?) -> String? {
        switch format {
        case .tsv:
            "sequence\ttime\tmonotonic_ns\tkind\tlane\tplate\tperson\tbadge\tlate\tfacts\thash"
                + "\toperator"
        case .json: nil
        case nil: row("entry", "time (\(zoneName))", "kind", "lane", "what")
        }
    }

    static func line(_ entry: JournalEntry, format: OutputFormat?) -> String {
        switch format {
        case .tsv: tsv(entry)
        case .json: json(object(entry))
        case nil: human(entry)
        }
    }

    static func lines(_ statistics: PassageStatistics, format: OutputFormat?) -> [String] {
        let outcomes = statistics.outcomes.sorted { $0.key < $1.key }
        switch format {
        case .json:
            let spans = Dictionary(
                uniqueKeysWithValues: statistics.spans.map {
                    let numbers: [String: Double] = [
                        "count": Double($0.count), "p50": $0.median, "p95": $0.p95, "p99": $0.p99,
                        "max": $0.maximum,
                    ]
                    return ($0.name, numbers)
                })
            return [
                json([
                    "passages": statistics.passageCount, "late": statistics.lateCount,
                    "outcomes": statistics.outcomes, "spans_ms": spans,
                ])
            ]
        case .tsv:
            return ["what\tcount\tp50_ms\tp95_ms\tp99_ms\tmax_ms"]
                + outcomes.map { "outcome \($0.key)\t\($0.value)\t\t\t\t" }
                + statistics.spans.map {
                    "\($0.name)\t\($0.count)\t"
                        + [$0.median, $0.p95, $0.p99, $0.maximum].map(number).joined(
                            separator: "\t")
                }
        case nil:
            let told = outcomes.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            let spans = statistics.spans.map { span in
                span.name.padding(toLength: max(20, span.name.count), withPad: " ", startingAt: 0)
                    + [span.median, span.p95, span.p99, span.maximum].map {
                        String(repeating: " ", count: max(1, 10 - number($0).count)) + number($0)
                    }.joined()
            }
            let header = "milliseconds               p50       p95       p99       max"
            return ["\(statistics.passageCount) passages: \(told.isEmpty ? "none" : told)"]
                + (spans.isEmpty ? [] : [header] + spans)
        }
    }

    private static var zoneName: String { TimeZone.current.abbreviation() ?? "local" }

    private static func row(_ cells: String...) -> String {
        let widths = [7, 24, 14, 8]
        return zip(cells, widths).map { cell, width in
            cell + String(repeating: " ", count: max(1, width - cell.count))
        }.joined() + (cells.last ?? "")
    }

    private static func human(_ entry: JournalEntry) -> String {
        var words: [String] = []
        for field in PersonalField.allCases {
            if let text = cell(entry, field) { words.append(text) }
        }
        var facts = entry.facts
        if let outcome = facts.removeValue(forKey: Facts.outcome) { words.append(outcome) }
        let spans = facts.keys.filter(Facts.isSpan).sorted {
            (Double(facts[$0] ?? "") ?? 0, $0) < (Double(facts[$1] ?? "") ?? 0, $1)
        }
        words += spans.map { "\($0.dropLast(3)) \(facts[$0] ?? "")" }
        if !spans.isEmpty { words.append("ms") }
        for key in facts.keys.sorted() where !spans.contains(key) {
            words.append("\(key)=\(facts[key] ?? "")")
        }
        let what = words.map(printable).joined(separator: "  ")
        return row(
            String(entry.sequence), localTime(entry.wall), printable(entry.kind),
            printable(entry.lane?.text ?? "-"), what)
    }

    /// The clock on the wall where the command runs.
    static func localTime(_ wall: WallTime) -> String {
        let offset = TimeZone.current.secondsFromGMT(
            for: Date(timeIntervalSince1970: Double(wall.milliseconds) / 1000))
        let (shifted, overflow) = wall.milliseconds.addingReportingOverflow(Int64(offset) * 1000)
        let text = WallTime(milliseconds: overflow ? wall.milliseconds : shifted).utcText
        return String(text.dropLast().replacing("T", with: " "))
    }

    private static func tsv(_ entry: JournalEntry) -> String {
        let facts = json(entry.facts)
        let cells =
            [
                String(entry.sequence), entry.wall.utcText, String(entry.instant.nanoseconds),
                entry.kind, entry.lane?.text ?? "",
            ] + [.plate, .person, .badge].map { cell(entry, $0) ?? "" }
            + [String(entry.isLate), facts, entry.hash.description]
            // Last, for it came last, and programs may count columns.
            + [cell(entry, .operatorName) ?? ""]
        return cells.map(printable).joined(separator: "\t")
    }

    private static func cell(_ entry: JournalEntry, _ field: PersonalField) -> String? {
        switch entry.personal[field] {
        case .held(let text): text
        case .erased: "(erased)"
        case nil: nil
        }
    }

    private static func object(_ entry: JournalEntry) -> [String: Any] {
        var personal: [String: Any] = [:]
        for (field, _) in entry.personal {
            personal[field.rawValue] = entry.text(field) ?? NSNull()
        }
        return [
            "sequence": entry.sequence, "time": entry.wall.utcText,
            "monotonic_ns": entry.instant.nanoseconds, "kind": entry.kind,
            "lane": entry.lane.map { $0.text as Any } ?? NSNull(), "late": entry.isLate,
            "facts": entry.facts, "personal": personal, "hash": entry.hash.description,
        ]
    }

    private static func json(_ object: [String: Any]) -> String {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        let data = try? JSONSerialization.data(withJSONObject: object, options: options)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// No control character of a stored text reaches a terminal or ends a cell.
    private static func printable(_ text: String) -> String {
        let isClean = !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
        if isClean { return text }
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.map {
                    $0.properties.generalCategory == .control ? "\u{FFFD}" : $0
                }))
    }

    private static func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
