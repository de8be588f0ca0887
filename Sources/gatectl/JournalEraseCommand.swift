import ArgumentParser
import EventJournal
import EventLoop
import Foundation
import GateEngine
import GateTypes
import ServiceRuntime

/// `gatectl journal erase`
struct JournalEraseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase", abstract: "Erases plates, persons or badges, beside a running gate.",
        discussion: """
            Texts and salts are overwritten; the chain still verifies and says "erased". The pictures \
            of those passages go with them. The journal tells how many fields and pictures were \
            erased and by whom, not whose they were. There is no way back.
            """)

    /// How long to wait for readers that keep the old text in the write-ahead log.
    private static let patience = Duration.seconds(10)

    @OptionGroup var location: JournalLocation
    @Option(help: "Every entry's plate that is exactly this text.") var plate: String?
    @Option(help: "Every entry's person or operator that is exactly this text.") var person: String?
    @Option(help: "Every entry's badge that is exactly this text.") var badge: String?
    @Option(help: JournalTime.help("All personal fields of entries before this time"))
    var before: JournalTime?
    @Option(help: "Where the eyes keep pictures (their --evidence).")
    var pictures = "/var/lib/gatehouse-vision/evidence"
    @Flag(help: "Erase the fields alone.") var withoutPictures = false
    @Option(help: "Who orders it, for the record (default: the login name).") var by: String?

    func validate() throws {
        guard [plate != nil, person != nil, badge != nil, before != nil].count(where: { $0 }) == 1
        else {
            throw ValidationError(
                "name one thing to erase: --plate TEXT, --person TEXT, --badge TEXT or --before TIME"
            )
        }
    }

    private var selections: [ErasureSelection] {
        [
            plate.map { .matching(.plate, $0) }, person.map { .matching(.person, $0) },
            // Somebody is on record as an operator, too.
            person.map { .matching(.operatorName, $0) },
            badge.map { .matching(.badge, $0) }, before.map { .before($0.wall) },
        ].compactMap { $0 }
    }

    func run() throws {
        try location.withDirectory { directory in
            // Erasing must not begin a new journal, and names pictures only while it still can.
            let reader = try JournalReader(directory: directory)
            let names = try selections.reduce(into: Set<PictureName>()) { names, selection in
                names.formUnion(try Self.pictureNames(selection, reader))
            }
            var options = JournalOptions()
            // A checkpoint that waits holds up the gate's commits: wait briefly, and often.
            options.busyTimeout = .milliseconds(50)
            var outcome = ErasureOutcome()
            let database = try Self.patiently { () throws(JournalError) in
                try JournalDatabase(directory: directory, options: options)
            }
            defer { database.close() }
            try erasePictures(names, database)
            for selection in selections {
                let part = try Self.patiently { () throws(JournalError) in
                    try database.erase(selection, by: by ?? Self.loginName)
                }
                outcome.entryCount += part.entryCount
                outcome.fieldCount += part.fieldCount
                outcome.logIsClean = try Self.isClean(database, part)
            }
            print("erased \(outcome.fieldCount) personal fields of \(outcome.entryCount) entries")
            print("head \(try database.head())")
            if !outcome.logIsClean {
                ErrorOutput.write([
                    "journal: a program that reads the journal keeps the erased text in its "
                        + "write-ahead log; end it and run this command again"
                ])
                throw ExitCode(1)
            }
        }
    }

    /// The pictures of the passages whose personal fields are chosen.
    private static func pictureNames(
        _ selection: ErasureSelection, _ reader: JournalReader
    ) throws(JournalError) -> Set<PictureName> {
        var filter = EntryFilter()
        switch selection {
        case .before(let moment): filter.until = moment
        case .matching(let field, let text): filter.personal = [field: text]
        }
        var names: Set<PictureName> = []
        try reader.forEach(filter) { entry in
            if let name = entry.facts["picture"].flatMap(PictureName.init) { names.insert(name) }
        }
        return names
    }

    /// Takes the files away first: once the fields are gone, nothing tells which ones they were.
    private func erasePictures(_ names: Set<PictureName>, _ database: JournalDatabase) throws {
        guard !names.isEmpty, !withoutPictures else { return }
        guard FileManager.default.fileExists(atPath: pictures) else {
            ErrorOutput.write([
                "journal: \(names.count) passages have a picture, and there is no folder \(pictures): "
                    + "nothing is erased; name the eyes' folder with --pictures, or erase the fields "
                    + "alone with --without-pictures"
            ])
            throw ExitCode(1)
        }
        let erasure: PictureErasure?
        do throws(SystemError) {
            var store = try EvidenceStore(folder: pictures)
            erasure = try store.erase(names)
        } catch {
            ErrorOutput.write([
                "journal: \(error): no field is erased; correct the folder's rights, or run this "
                    + "command as root"
            ])
            throw ExitCode(1)
        }
        if let erasure {
            var draft = EntryDraft(.pictureErasure, at: SystemClock.now())
            draft.facts = erasure.facts
            draft.personal[.person] = by ?? Self.loginName
            _ = try Self.patiently { () throws(JournalError) in try database.append([draft]) }
        }
        print("erased the pictures of \(erasure?.count ?? 0) passages")
    }

    /// Tries again while the gate writes.
    private static func patiently<T>(_ body: () throws(JournalError) -> T) throws(JournalError) -> T
    {
        let end = ContinuousClock.now + patience
        while true {
            do throws(JournalError) {
                return try body()
            } catch .busy where ContinuousClock.now < end {
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
    }

    private static func isClean(
        _ database: JournalDatabase, _ outcome: ErasureOutcome
    ) throws(JournalError) -> Bool {
        if outcome.logIsClean { return true }
        let end = ContinuousClock.now + patience
        while ContinuousClock.now < end {
            if try database.truncateLog() { return true }
            Thread.sleep(forTimeInterval: 0.05)
        }
        return false
    }

    private static var loginName: String {
        ProcessInfo.processInfo.environment["SUDO_USER"] ?? NSUserName()
    }
}
