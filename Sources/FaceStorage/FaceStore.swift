import FaceMatching
import Foundation
import GRDB
import GateTypes
import Glibc

/// One template as the store knows it without opening it.
package struct TemplateRecord: Hashable, Sendable {
    package var number: Int64
    package var binding: TemplateBinding
    package var created: WallTime
    /// Quality of the picture it was made from, 0...1.
    package var quality: Double
    /// Why another person's likeness was accepted; nil where there was none.
    package var twinNote: String?
}

/// The eyes' templates on disk: each sealed under a key of its own, wrapped by the site key.
///
/// Several processes may have it open; one instance serves one thread. Deleted rows are overwritten
/// and the write-ahead log is emptied before `remove` returns.
package final class FaceStore: Sendable {
    package static let fileName = "faces.db"
    private static let format = 1
    private static let sealed = Data("gatehouse faces".utf8)

    package let path: String
    let folder: String
    private let queue: DatabaseQueue
    private let key: SiteKey

    /// Opens the store of a folder.
    ///
    /// - Parameter making: makes folder content, database and site key where there are none; without
    ///   it a folder that is missing or has no database has no store (nil).
    /// - Throws: also when it cannot be seen whether there is one: that is never taken for none.
    package static func open(
        _ folder: String, making: Bool = false
    ) throws(FaceStoreError) -> FaceStore? {
        guard try kind(of: folder) == S_IFDIR else {
            if !making { return nil }
            throw .folderMissing(path: folder)
        }
        let path = "\(folder)/\(fileName)"
        let isThere = try kind(of: path) != nil
        guard isThere || making else { return nil }
        let keyPath = SiteKey.path(for: folder)
        // A credential is root's own; everything in the folder is its owner's.
        if keyPath != "\(folder)/\(SiteKey.fileName)", let key = try SiteKey.load(keyPath) {
            return try FaceStore(path: path, key: key)
        }
        let key = try FileOwner.acting(in: folder) { () throws(FaceStoreError) in
            if let found = try SiteKey.load(keyPath) { return found }
            guard !isThere else { throw .keyMissing(path: keyPath) }
            return try SiteKey.create(keyPath)
        }
        return try FaceStore(path: path, key: key)
    }

    /// What lies at a path; nil when nothing does.
    private static func kind(of path: String) throws(FaceStoreError) -> mode_t? {
        var status = stat()
        if unsafe stat(path, &status) == 0 { return status.st_mode & S_IFMT }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw .unusable(path: path, detail: unsafe String(cString: strerror(errno)))
    }

    package init(path: String, key: SiteKey) throws(FaceStoreError) {
        self.path = path
        self.key = key
        folder = FileOwner.folder(of: path)
        queue = try FileOwner.acting(in: folder) { () throws(FaceStoreError) in
            try Self.opened(path, key)
        }
    }

    private static func opened(
        _ path: String, _ key: SiteKey
    ) throws(FaceStoreError) -> DatabaseQueue {
        // Made before SQLite does, with rights of its own.
        let file = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            throw .unusable(path: path, detail: unsafe String(cString: strerror(errno)))
        }
        Glibc.close(file)
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA secure_delete = ON")
            try db.execute(sql: "PRAGMA journal_mode = WAL")
            try db.execute(sql: "PRAGMA synchronous = FULL")
        }
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.inDatabase { try prepare($0, path: path, key: key) }
            return queue
        } catch {
            throw .of(error, path: path)
        }
    }

    private static func prepare(_ db: Database, path: String, key: SiteKey) throws {
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard found <= format else {
            throw FaceStoreError.newer(path: path, found: found, known: format)
        }
        // Cut short, a database may still open; what is missing shows here and not at the gate.
        let verdict = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
        guard verdict == "ok" else { throw FaceStoreError.damaged(path: path, detail: verdict) }
        let context = Data("check".utf8)
        if found == 0 {
            let check = try SealedTemplate.seal(sealed, key.key, context)
            try db.inTransaction(.immediate) {
                try db.execute(
                    sql: """
                        CREATE TABLE keycheck (sealed BLOB NOT NULL);
                        CREATE TABLE template (
                            number INTEGER PRIMARY KEY AUTOINCREMENT, person TEXT NOT NULL,
                            model TEXT NOT NULL, model_name TEXT NOT NULL, consent TEXT NOT NULL,
                            created_ms INTEGER NOT NULL, quality REAL NOT NULL, twin TEXT,
                            wrapped_key BLOB NOT NULL, body BLOB NOT NULL);
                        CREATE INDEX template_person ON template(person);
                        """)
                try db.execute(sql: "INSERT INTO keycheck VALUES (?)", arguments: [check])
                try db.execute(sql: "PRAGMA user_version = \(format)")
                return .commit
            }
        }
        let check = try Data.fetchOne(db, sql: "SELECT sealed FROM keycheck")
        guard let check, SealedTemplate.open(check, key.key, context) == sealed else {
            throw FaceStoreError.wrongKey(path: path)
        }
    }

    // MARK: Reading

    /// What is stored, in the order of people and times.
    package func records() throws(FaceStoreError) -> [TemplateRecord] {
        try perform { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM template ORDER BY person, number"
            ).map(Self.record)
        }
    }

    private static func record(_ row: Row) -> TemplateRecord {
        TemplateRecord(
            number: row["number"],
            binding: TemplateBinding(
                person: row["person"],
                model: FaceModel(name: row["model_name"], identifier: row["model"]),
                consent: row["consent"]),
            created: WallTime(milliseconds: row["created_ms"]), quality: row["quality"],
            twinNote: row["twin"])
    }

    /// A template that was opened, with what it is bound to.
    package struct OpenedTemplate: Sendable {
        package let record: TemplateRecord
        package let embedding: FaceEmbedding
    }

    /// Every template of one model, opened; those of other models are never compared, so never
    /// opened.
    ///
    /// - Throws: `damaged` when one was altered or moved to another person, model or consent.
    package func templates(of model: FaceModel) throws(FaceStoreError) -> [OpenedTemplate] {
        let key = key
        let path = path
        return try perform { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM template WHERE model = ? ORDER BY person, number",
                arguments: [model.identifier]
            ).map { row in
                let record = Self.record(row)
                let sealed = SealedTemplate(wrappedKey: row["wrapped_key"], body: row["body"])
                guard let embedding = sealed.open(record.binding, under: key) else {
                    throw FaceStoreError.damaged(
                        path: path,
                        detail: "template \(record.number) is not the one that was sealed")
                }
                return OpenedTemplate(record: record, embedding: embedding)
            }
        }
    }

    /// Changes whenever another connection has changed the store.
    package func dataVersion() throws(FaceStoreError) -> Int {
        try perform { try Int.fetchOne($0, sql: "PRAGMA data_version") ?? 0 }
    }

    // MARK: Changing

    /// One picture of an enrolment.
    package struct NewTemplate: Sendable {
        package let embedding: FaceEmbedding
        package let quality: Double

        package init(embedding: FaceEmbedding, quality: Double) {
            self.embedding = embedding
            self.quality = quality
        }
    }

    /// What is known of a consent at this moment.
    package enum ConsentAnswer: Hashable, Sendable {
        case stands, ended
        /// Nobody said, and why.
        case unknown(String)
    }

    /// Stores the templates of one enrolment in place of the person's earlier ones, all or none.
    ///
    /// - Parameter consent: whether the binding's consent stands at this moment. It is asked while
    ///   nobody else can write: whoever ends the consent later destroys these templates, too, for
    ///   their removal waits behind this call. It must answer before others give up waiting (5 s),
    ///   and may open no file: what root does here is done with the rights of the folder's owner.
    /// - Throws: `consentEnded` and `consentUnknown` before anything is changed.
    package func enrol(
        _ new: [NewTemplate], as binding: TemplateBinding, twinNote: String? = nil,
        at now: WallTime, consent: () -> ConsentAnswer
    ) throws(FaceStoreError) {
        let key = key
        try perform { db in
            try db.inTransaction(.immediate) {
                switch consent() {
                case .stands: break
                case .ended:
                    throw FaceStoreError.consentEnded(
                        person: binding.person, consent: binding.consent)
                case .unknown(let detail):
                    throw FaceStoreError.consentUnknown(consent: binding.consent, detail: detail)
                }
                try Self.delete(person: binding.person, in: db)
                let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM template") ?? 0
                guard count + new.count <= Gallery.templatesLargest else {
                    throw FaceStoreError.full(limit: Gallery.templatesLargest)
                }
                for template in new {
                    let sealed = try SealedTemplate(template.embedding, binding, under: key)
                    try db.execute(
                        sql: """
                            INSERT INTO template (person, model, model_name, consent, created_ms,
                            quality, twin, wrapped_key, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                            """,
                        arguments: [
                            binding.person, binding.model.identifier, binding.model.name,
                            binding.consent, now.milliseconds, template.quality, twinNote,
                            sealed.wrappedKey, sealed.body,
                        ])
                }
                return .commit
            }
        }
        _ = try emptyLog()
    }

    /// Destroys every template of a person: keys first, then rows, then the log.
    ///
    /// - Returns: how many there were, and whether nothing of them is left in the log; another
    ///   process that is reading may keep it for a moment.
    @discardableResult
    package func remove(person: String) throws(FaceStoreError) -> (count: Int, logIsClean: Bool) {
        var count = 0
        count = try perform { db in
            var count = 0
            try db.inTransaction(.immediate) {
                count = try Self.delete(person: person, in: db)
                return .commit
            }
            return count
        }
        return (count, try emptyLog())
    }

    @discardableResult
    private static func delete(person: String, in db: Database) throws -> Int {
        // Zeros over keys and content, beside what secure_delete does to freed pages.
        try db.execute(
            sql: """
                UPDATE template SET wrapped_key = zeroblob(length(wrapped_key)),
                body = zeroblob(length(body)) WHERE person = ?
                """, arguments: [person])
        try db.execute(sql: "DELETE FROM template WHERE person = ?", arguments: [person])
        return db.changesCount
    }

    /// Empties the write-ahead log; false while another process reads from it.
    private func emptyLog() throws(FaceStoreError) -> Bool {
        try FileOwner.acting(in: folder) { () throws(FaceStoreError) in
            do {
                try queue.inDatabase { db in
                    _ = try db.checkpoint(.truncate)
                }
                return true
            } catch let error as DatabaseError
                where error.resultCode == .SQLITE_BUSY || error.resultCode == .SQLITE_LOCKED
            {
                return false
            } catch {
                throw .of(error, path: path)
            }
        }
    }

    package func close() {
        try? FileOwner.acting(in: folder) { () throws(FaceStoreError) in try? queue.close() }
    }

    private func perform<Result>(
        _ body: (Database) throws -> Result
    ) throws(FaceStoreError) -> Result {
        try FileOwner.acting(in: folder) { () throws(FaceStoreError) in
            do {
                return try queue.inDatabase(body)
            } catch {
                throw .of(error, path: path)
            }
        }
    }
}
