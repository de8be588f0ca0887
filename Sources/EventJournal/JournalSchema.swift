import Foundation
import GRDB

/// Names and versions of the database, as docs/journal-format.md describes them.
package enum JournalSchema {
    static let version = 1
    /// "GATE": marks the file as ours.
    package static let applicationID = 0x4741_5445
    /// Rows of personal fields that one entry may have; slot = sequence * 8 + position.
    static let slotsPerEntry: Int64 = 8
    /// Far beyond any journal, and safe to multiply: whoever writes more has tampered.
    static let highestSequence: Int64 = 1 << 56

    /// The journal's database in a state directory.
    package static func path(in directory: String) -> String {
        URL(filePath: directory).appending(path: "journal.sqlite").path
    }

    static let tables = """
        CREATE TABLE entry (
            sequence INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            lane TEXT NOT NULL,
            monotonic_ns INTEGER NOT NULL,
            wall_ms INTEGER NOT NULL,
            facts TEXT NOT NULL,
            commitments TEXT NOT NULL,
            hash BLOB NOT NULL
        ) STRICT;
        CREATE INDEX entry_wall ON entry(wall_ms);
        CREATE TABLE personal (
            slot INTEGER PRIMARY KEY,
            field TEXT NOT NULL,
            wall_ms INTEGER NOT NULL,
            erased INTEGER NOT NULL,
            salt BLOB NOT NULL,
            value BLOB NOT NULL
        ) STRICT;
        CREATE INDEX personal_held ON personal(wall_ms) WHERE erased = 0;
        CREATE TABLE head (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            sequence INTEGER NOT NULL,
            hash BLOB NOT NULL
        ) STRICT;
        INSERT INTO head VALUES (1, 0, zeroblob(32));
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(version);
        """

    /// True when the database is a journal; false when it is empty; throws when it is neither.
    static func isPresent(_ db: Database, path: String) throws -> Bool {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if application == applicationID {
            guard found <= version else {
                throw JournalError.newer(path: path, found: found, known: version)
            }
            return true
        }
        let objects = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        guard application == 0, objects == 0 else { throw JournalError.foreign(path: path) }
        return false
    }

    static func head(_ db: Database, path: String) throws -> JournalHead {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT sequence, hash FROM head WHERE id = 1"))
        guard let row, let sequence = row.whole("sequence"), let bytes = row.bytes("hash"),
            let hash = ChainHash(bytes: bytes), (0...highestSequence).contains(sequence)
        else {
            throw JournalError.damaged(path: path, detail: "its head record is missing or unusable")
        }
        return JournalHead(sequence: sequence, hash: hash)
    }
}

/// Columns without a trap: a forged file may hold any type, or not the column at all.
extension Row {
    func whole(_ column: String) -> Int64? {
        (self[column] as DatabaseValue?).flatMap(Int64.fromDatabaseValue)
    }

    func bytes(_ column: String) -> Data? {
        (self[column] as DatabaseValue?).flatMap(Data.fromDatabaseValue)
    }

    func text(_ column: String) -> String? {
        (self[column] as DatabaseValue?).flatMap(String.fromDatabaseValue)
    }
}
