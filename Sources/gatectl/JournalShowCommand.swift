import ArgumentParser
import EventJournal
import Foundation
import GateTypes

/// `gatectl journal show`
struct JournalShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows entries, the newest last.",
        discussion: """
            Passages show their outcome and the spans from arrival in milliseconds. An erased plate, \
            person, badge or operator shows as (erased).
            """)

    @OptionGroup var location: JournalLocation
    @Option(help: JournalTime.help("From this time on")) var since: JournalTime?
    @Option(help: JournalTime.help("Up to this time")) var until: JournalTime?
    @Option(
        help:
            "Only this kind (\(EntryKind.allCases.map(\.rawValue).joined(separator: " "))); repeatable."
    )
    var kind: [EntryKind] = []
    @Option(help: "Only this lane; repeatable.") var lane: [String] = []
    @Option(help: "Only this plate.") var plate: String?
    @Option(help: "Only this person.") var person: String?
    @Option(help: "Only this badge.") var badge: String?
    @Option(name: .customLong("operator"), help: "Only what this operator did to a consent.")
    var operatorName: String?
    @Option(help: "At most so many, the newest (default: 50 without other restrictions).")
    var last: Int?
    @Option(help: "tsv or json, for programs.") var format: OutputFormat?
    @Flag(help: "Outcomes and times of the passages, in place of entries.") var statistics = false

    func validate() throws {
        if let last, last < 1 { throw ValidationError("--last is \(last), must be 1 or more") }
    }

    func run() throws {
        try location.withDirectory { directory in
            let reader = try JournalReader(directory: directory)
            if statistics {
                let lines = JournalTable.lines(
                    try reader.passageStatistics(filter), format: format)
                lines.forEach { print($0) }
                return
            }
            if let header = JournalTable.header(format) { print(header) }
            try reader.forEach(filter) { print(JournalTable.line($0, format: format)) }
        }
    }

    private var filter: EntryFilter {
        var filter = EntryFilter()
        filter.since = since?.wall
        filter.until = until?.wall
        filter.kinds = Set(kind)
        filter.lanes = Set(lane.map { LaneName($0) })
        filter.personal[.plate] = plate
        filter.personal[.person] = person
        filter.personal[.badge] = badge
        filter.personal[.operatorName] = operatorName
        let isRestricted =
            since != nil || until != nil || !kind.isEmpty || !lane.isEmpty
            || !filter.personal.isEmpty || statistics
        filter.last = last ?? (isRestricted ? nil : 50)
        return filter
    }
}

extension EntryKind: ExpressibleByArgument {}
