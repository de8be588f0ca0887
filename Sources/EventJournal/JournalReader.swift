import Foundation
import GRDB
import GateTypes

/// Which entries a reading wants; what is nil or empty restricts nothing.
package struct EntryFilter: Sendable {
    package var since: WallTime?
    /// Exclusive.
    package var until: WallTime?
    package var kinds: Set<EntryKind> = []
    package var lanes: Set<LaneName> = []
    /// Exact texts of personal fields still held; all of them must match.
    package var personal: [PersonalField: String] = [:]
    /// Only the newest so many, still in the order of the journal.
    package var last: Int?

    package init() {}
}

/// Reads a journal while a gate goes on writing it; changes nothing.
package final class JournalReader {
    package let path: String
    private let queue: DatabaseQueue

    /// Opens the journal of a state directory; throws `JournalError`.
    package init(directory: String) throws(JournalError) {
        path = JournalSchema.path(in: directory)
        guard FileManager.default.fileExists(atPath: path) else { throw .absent(path: path) }
        let path = self.path
        do {
            queue = try Self.open(path)
            let present = try queue.read { try JournalSchema.isPresent($0, path: path) }
            guard present else { throw JournalError.foreign(path: path) }
        } catch {
            throw JournalError.of(error, path: path, operation: "opening")
        }
    }

    deinit {
        try? queue.close()
    }

    package func head() throws(JournalError) -> JournalHead {
        let path = self.path
        return try read("reading the head") { try JournalSchema.head($0, path: path) }
    }

    /// Hands over the entries in their order, one at a time; the body may throw to end early.
    package func forEach(
        _ filter: EntryFilter = EntryFilter(), _ body: (JournalEntry) throws -> Void
    ) throws(JournalError) {
        try read("reading") { db in
            let (sql, arguments) = Self.query(filter)
            let rows = try Row.fetchCursor(db, sql: sql, arguments: arguments)
            while let row = try rows.next() {
                try body(try Self.entry(row, in: db, path: self.path))
            }
        }
    }

    package func entries(_ filter: EntryFilter = EntryFilter()) throws(JournalError)
        -> [JournalEntry]
    {
        var entries: [JournalEntry] = []
        try forEach(filter) { entries.append($0) }
        return entries
    }

    /// Runs `body` on one unchanging view of the journal.
    func read<T>(_ operation: String, _ body: (Database) throws -> T) throws(JournalError) -> T {
        do {
            return try queue.read(body)
        } catch {
            throw JournalError.of(error, path: path, operation: operation)
        }
    }
}

extension JournalReader {
    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "journal reading"
        configuration.readonly = true
        configuration.busyMode = .timeout(2)
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    private static func query(_ filter: EntryFilter) -> (String, StatementArguments) {
        var conditions: [String] = []
        var arguments: [any DatabaseValueConvertible] = []
        if let since = filter.since {
            conditions.append("wall_ms >= ?")
            arguments.append(since.milliseconds)
        }
        if let until = filter.until {
            conditions.append("wall_ms < ?")
            arguments.append(until.milliseconds)
        }
        func among(_ column: String, _ values: [String]) {
            guard !values.isEmpty else { return }
            let marks = values.map { _ in "?" }.joined(separator: ", ")
            conditions.append("\(column) IN (\(marks))")
            arguments += values.map { $0 as any DatabaseValueConvertible }
        }
        among("kind", filter.kinds.map(\.rawValue).sorted())
        among("lane", filter.lanes.map(\.text).sorted())
        for (field, text) in filter.personal.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            conditions.append(
                """
                sequence IN (SELECT slot / \(JournalSchema.slotsPerEntry) FROM personal \
                WHERE erased = 0 AND field = ? AND value = ?)
                """)
            arguments.append(field.rawValue)
            arguments.append(Data(text.utf8))
        }
        var sql = """
            SELECT sequence, kind, lane, monotonic_ns, wall_ms, facts, commitments, hash FROM entry
            """
        if !conditions.isEmpty { sql += " WHERE " + conditions.joined(separator: " AND ") }
        if let last = filter.last {
            sql = "SELECT * FROM (\(sql) ORDER BY sequence DESC LIMIT ?)"
            arguments.append(last)
        }
        return (sql + " ORDER BY sequence", StatementArguments(arguments))
    }

    private static func entry(_ row: Row, in db: Database, path: String) throws -> JournalEntry {
        let sequence = row.whole("sequence") ?? 0
        guard (1...JournalSchema.highestSequence).contains(sequence),
            let kind = row.text("kind"), let lane = row.text("lane"),
            let monotonic = row.whole("monotonic_ns"), let wall = row.whole("wall_ms"),
            let facts = row.bytes("facts").flatMap(ChainEncoding.object),
            let commitments = row.bytes("commitments").flatMap(ChainEncoding.object),
            let hash = row.bytes("hash").flatMap({ ChainHash(bytes: $0) })
        else {
            throw JournalError.damaged(path: path, detail: "entry \(sequence) is unreadable")
        }
        return JournalEntry(
            sequence: sequence, kind: kind, lane: lane.isEmpty ? nil : LaneName(lane),
            instant: Instant(nanoseconds: monotonic), wall: WallTime(milliseconds: wall),
            facts: facts,
            personal: commitments.isEmpty ? [:] : try personal(of: sequence, commitments, in: db),
            hash: hash)
    }

    private static func personal(
        of sequence: Int64, _ commitments: [String: String], in db: Database
    ) throws -> [PersonalField: JournalEntry.PersonalValue] {
        var values: [PersonalField: JournalEntry.PersonalValue] = [:]
        for name in commitments.keys {
            if let field = PersonalField(rawValue: name) { values[field] = .erased }
        }
        let low = sequence * JournalSchema.slotsPerEntry
        let statement = try db.cachedStatement(
            sql: "SELECT field, value FROM personal WHERE slot >= ? AND slot < ? AND erased = 0")
        let range: StatementArguments = [low, low + JournalSchema.slotsPerEntry]
        for row in try Row.fetchAll(statement, arguments: range) {
            guard let field = row.text("field").flatMap(PersonalField.init),
                let value = row.bytes("value")
            else { continue }
            values[field] = .held(String(decoding: value, as: UTF8.self))
        }
        return values
    }
}
