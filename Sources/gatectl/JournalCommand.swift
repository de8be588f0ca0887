import ArgumentParser
import ConfigurationFiles
import EventJournal
import Foundation
import GateTypes

/// `gatectl journal ...`
struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract: "Shows, verifies, exports and erases from the record of a gate.",
        subcommands: [
            JournalShowCommand.self, JournalVerifyCommand.self, JournalExportCommand.self,
            JournalEraseCommand.self, JournalBenchCommand.self,
        ])
}

/// Where the journal lies.
struct JournalLocation: ParsableArguments {
    @Option(help: "The gate's state directory (default: what --config says).")
    var state: String?
    @Option(help: "The configuration directory (default: \(ConfigurationDirectory.standardPath)).")
    var config: String?

    /// The state directory; an unreadable configuration is told whole, and ends the command.
    func directory() throws -> String {
        if let state { return state }
        do throws(ConfigurationFailure) {
            let path = config ?? ConfigurationDirectory.standardPath
            return try ConfigurationDirectory.load(path).config.storage.stateDirectory
        } catch {
            ErrorOutput.write([
                error.description, "journal: name the state directory with --state DIR",
            ])
            throw ExitCode(1)
        }
    }

    /// Runs `body` on the state directory; a journal's error is one line, and the exit status 1.
    func withDirectory(_ body: (String) throws -> Void) throws {
        do {
            try body(try directory())
        } catch let error as JournalError {
            ErrorOutput.write([error.description])
            throw ExitCode(1)
        }
    }
}

/// `gatectl journal verify`
struct JournalVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Computes the chain anew: exit 0 intact, 1 altered.",
        discussion: """
            Prints the head as SEQUENCE:HASH. Noted elsewhere and given back with --head, it proves \
            that nothing up to it was cut off or written anew. docs/journal-format.md says how to \
            verify without this program.
            """)

    @OptionGroup var location: JournalLocation
    @Option(help: "A head noted earlier, SEQUENCE:HASH, that must still be there.")
    var head: NotedHead?

    func run() throws {
        try location.withDirectory { directory in
            let report = try JournalReader(directory: directory).verify(anchor: head?.head)
            if report.isIntact {
                print(
                    "intact: \(report.entryCount) entries (\(report.lateCount) late), personal fields: "
                        + "\(report.heldCount) held, \(report.erasedCount) erased")
                print("head \(report.head)")
                return
            }
            let more = report.problemCount - report.problems.count
            ErrorOutput.write(
                report.problems.map(\.description) + (more > 0 ? ["and \(more) more"] : []))
            let first = report.problems.first?.sequence ?? 0
            let problems =
                report.problemCount == 1 ? "1 problem" : "\(report.problemCount) problems"
            print("altered: \(problems), the first at entry \(first)")
            throw ExitCode(1)
        }
    }
}

/// A head on the command line.
struct NotedHead: ExpressibleByArgument {
    let head: JournalHead

    init?(argument: String) {
        guard let head = JournalHead(argument) else { return nil }
        self.head = head
    }
}

/// `gatectl journal export`
struct JournalExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes entries as JSON lines to standard output.",
        discussion: """
            Each line has the stored columns, so that the chain can be verified from the export \
            alone. Plates, persons, badges and operators are left out unless --personal is given; who takes \
            them along has to delete them in time.
            """)

    @OptionGroup var location: JournalLocation
    @Option(help: JournalTime.help("From this time on")) var since: JournalTime?
    @Option(help: JournalTime.help("Up to this time")) var until: JournalTime?
    @Flag(help: "With plates, persons, badges and operators, and their salts.") var personal = false

    func run() throws {
        try location.withDirectory { directory in
            try JournalReader(directory: directory).exportLines(
                since: since?.wall, until: until?.wall, personal: personal
            ) { print($0) }
        }
    }
}
