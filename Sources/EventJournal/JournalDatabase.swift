import Foundation
import GRDB
import GateTypes

/// One connection that writes the journal; used from one thread, beside other processes.
///
/// Each transaction begins as a writer and reads the head anew, so that the daemon and an erasure
/// by `gatectl` extend one chain.
package final class JournalDatabase {
    /// Fields erased in one transaction: others' commits wait no longer than that takes.
    static let erasureBatch = 2000

    package let path: String
    private let queue: DatabaseQueue
    private let identity: FileIdentity?
    private let now: @Sendable () -> Moment

    /// Opens the journal of a state directory, or begins a new one; throws `JournalError`.
    package init(directory: String, options: JournalOptions = JournalOptions()) throws(JournalError)
    {
        let path = JournalSchema.path(in: directory)
        self.path = path
        now = options.now
        try Self.createFile(path, in: directory)
        do {
            queue = try DatabaseQueue(path: path, configuration: Self.configuration(options))
            try Self.prepare(queue, path: path, options: options)
        } catch {
            throw JournalError.of(error, path: path, operation: "opening")
        }
        identity = FileIdentity(path)
    }

    /// True once the file has been moved away or replaced under the open connection.
    package var isReplaced: Bool { FileIdentity(path) != identity }

    package func close() {
        try? queue.close()
    }

    package func head() throws(JournalError) -> JournalHead {
        try perform("reading the head") { try JournalSchema.head($0, path: self.path) }
    }

    /// Appends entries in one durable transaction; the head after each, in the same order.
    package func append(_ drafts: [EntryDraft]) throws(JournalError) -> [JournalHead] {
        try perform("writing") { db in
            var heads: [JournalHead] = []
            try db.inTransaction(.immediate) {
                heads = try ChainWriter(db: db, path: self.path).append(drafts)
                return .commit
            }
            return heads
        }
    }

    /// Slots of personal fields still held that the selection names, oldest first.
    package func slots(_ selection: ErasureSelection, limit: Int) throws(JournalError) -> [Int64] {
        try perform("looking for personal fields") { db in
            switch selection {
            case .before(let moment):
                try Int64.fetchAll(
                    db,
                    sql: """
                        SELECT slot FROM personal INDEXED BY personal_held
                        WHERE erased = 0 AND wall_ms < ? ORDER BY wall_ms, slot LIMIT ?
                        """, arguments: [moment.milliseconds, limit])
            case .matching(let field, let text):
                try Int64.fetchAll(
                    db,
                    sql: """
                        SELECT slot FROM personal INDEXED BY personal_held
                        WHERE erased = 0 AND field = ? AND value = ? LIMIT ?
                        """, arguments: [field.rawValue, Data(text.utf8), limit])
            }
        }
    }

    /// Erases all that the selection names, a batch at a time, and empties the log.
    package func erase(
        _ selection: ErasureSelection, by person: String?
    ) throws(JournalError) -> ErasureOutcome {
        var outcome = ErasureOutcome()
        while true {
            let slots = try slots(selection, limit: Self.erasureBatch)
            let batch = try erase(slots: slots, selection, by: person)
            outcome.entryCount += batch.entryCount
            outcome.fieldCount += batch.fieldCount
            if slots.count < Self.erasureBatch { break }
        }
        outcome.logIsClean = try truncateLog()
        return outcome
    }

    /// Erases one batch of fields and journals it in the same transaction.
    package func erase(
        slots: [Int64], _ selection: ErasureSelection, by person: String?
    ) throws(JournalError) -> ErasureOutcome {
        guard !slots.isEmpty else { return ErasureOutcome() }
        return try perform("erasing") { db in
            var outcome = ErasureOutcome()
            try db.inTransaction(.immediate) {
                outcome = try Self.overwrite(slots, in: db)
                let draft = EntryDraft.erasure(selection, outcome, by: person, at: self.now())
                _ = try ChainWriter(db: db, path: self.path).append([draft])
                return .commit
            }
            return outcome
        }
    }

    /// Empties the write-ahead log into the database; false while another process reads from it.
    package func truncateLog() throws(JournalError) -> Bool {
        do throws(JournalError) {
            _ = try perform("emptying the log") { try $0.checkpoint(.truncate) }
            return true
        } catch .busy {
            return false
        }
    }

    /// Copies the log into the database as far as nobody reads it, so that commits need not.
    func checkpoint() throws(JournalError) {
        _ = try perform("a checkpoint") { try $0.checkpoint(.passive) }
    }

    private func perform<T>(
        _ operation: String, _ body: (Database) throws -> T
    ) throws(JournalError) -> T {
        do {
            return try queue.writeWithoutTransaction(body)
        } catch {
            throw JournalError.of(error, path: path, operation: operation)
        }
    }
}

extension JournalDatabase {
    private static func createFile(
        _ path: String, in directory: String
    ) throws(JournalError) {
        guard FileManager.default.fileExists(atPath: directory + "/.") else {
            throw .directoryMissing(path: directory)
        }
        guard !FileManager.default.fileExists(atPath: path) else { return }
        // SQLite gives its log the same mode: plates are not for everyone on the machine.
        let created = FileManager.default.createFile(
            atPath: path, contents: nil, attributes: [.posixPermissions: 0o640])
        guard created else { throw .unwritable(path: path) }
    }

    private static func configuration(_ options: JournalOptions) -> Configuration {
        var configuration = Configuration()
        configuration.label = "journal"
        configuration.busyMode = .timeout(options.busyTimeout.milliseconds / 1000)
        let pageLimit = options.pageLimit
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA secure_delete = ON")
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
            try db.execute(sql: "PRAGMA synchronous = FULL")
            // The journal's thread checkpoints when it is idle; this bound is for long bursts.
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
            if let pageLimit { try db.execute(sql: "PRAGMA max_page_count = \(pageLimit)") }
        }
        return configuration
    }

    private static func prepare(
        _ queue: DatabaseQueue, path: String, options: JournalOptions
    ) throws {
        try queue.writeWithoutTransaction { db in
            // Looks before it leaps: a foreign or newer database is not changed.
            let present = try JournalSchema.isPresent(db, path: path)
            let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
            guard mode == "wal" else { throw JournalError.unwritable(path: path) }
            if !present {
                try db.inTransaction(.immediate) {
                    if try !JournalSchema.isPresent(db, path: path) {
                        try db.execute(sql: JournalSchema.tables)
                        let first = EntryDraft(
                            .service, at: options.now(), facts: [Facts.event: "journal_created"])
                        _ = try ChainWriter(db: db, path: path).append([first])
                    }
                    return .commit
                }
            }
            _ = try JournalSchema.head(db, path: path)
        }
    }

    /// Rows keep their size and place: SQLite then overwrites the very bytes and moves no others.
    private static func overwrite(_ slots: [Int64], in db: Database) throws -> ErasureOutcome {
        let update = try db.cachedStatement(
            sql: """
                UPDATE personal SET erased = 1, salt = zeroblob(16), value = zeroblob(length(value))
                WHERE slot = ? AND erased = 0
                """)
        var outcome = ErasureOutcome()
        var sequences: Set<Int64> = []
        for slot in slots {
            try update.execute(arguments: [slot])
            guard db.changesCount > 0 else { continue }
            outcome.fieldCount += db.changesCount
            sequences.insert(slot / JournalSchema.slotsPerEntry)
        }
        outcome.entryCount = sequences.count
        return outcome
    }
}

/// Which file a path means at the moment.
private struct FileIdentity: Equatable {
    let device: UInt64
    let inode: UInt64

    init?(_ path: String) {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let device = attributes[.systemNumber] as? NSNumber,
            let inode = attributes[.systemFileNumber] as? NSNumber
        else { return nil }
        self.device = device.uint64Value
        self.inode = inode.uint64Value
    }
}
