import FaceMatching
import Foundation
import GRDB
import GateTypes
import Glibc
import Testing

@testable import FaceStorage

/// Templates at rest: sealed, bound, destroyed, and what happens to a damaged store.
@Suite struct FaceStoreTests {
    static let model = FaceModel(name: "test", identifier: String(repeating: "a", count: 64))
    static let now = WallTime(milliseconds: 1_790_000_000_000)

    final class Folder {
        let path: String

        init() throws {
            let url = FileManager.default.temporaryDirectory
                .appending(path: "gatehouse-store-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            path = url.path
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func store() throws -> FaceStore {
            try #require(try FaceStore.open(path, making: true))
        }

        /// Every byte of every file in the folder.
        var bytes: Data {
            var all = Data()
            for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
                all += FileManager.default.contents(atPath: "\(path)/\(name)") ?? Data()
            }
            return all
        }
    }

    static func embedding(_ seed: Int, count: Int = 64) throws -> FaceEmbedding {
        let values = (0..<count).map { Float(sin(Double($0 * seed + seed))) }
        return try #require(FaceEmbedding(normalising: values))
    }

    static func binding(
        _ person: String, consent: String = "C1", model: FaceModel = model
    ) -> TemplateBinding {
        TemplateBinding(person: person, model: model, consent: consent)
    }

    static func enrol(_ person: String, in store: FaceStore, consent: String = "C1") throws {
        try store.enrol(
            [
                .init(embedding: try embedding(person.count + 1), quality: 0.8),
                .init(embedding: try embedding(person.count + 7), quality: 0.7),
            ], as: binding(person, consent: consent), at: now, consent: { .stands })
    }

    @Test func whatIsStoredComesBackOverRestarts() throws {
        let folder = try Folder()
        var store = try folder.store()
        try Self.enrol("E017", in: store)
        store.close()
        store = try folder.store()
        let back = try store.templates(of: Self.model)
        #expect(back.count == 2 && back[0].record.binding == Self.binding("E017"))
        let likeness = try #require(
            back[0].embedding.similarity(to: try Self.embedding(5)))
        #expect(likeness > 0.9999)
        #expect(try store.records().map(\.quality) == [0.8, 0.7])
    }

    @Test func nothingOfAFaceCanBeReadFromTheFiles() throws {
        let folder = try Folder()
        let store = try folder.store()
        try Self.enrol("E017", in: store)
        let embedding = try Self.embedding(5)
        let raw = embedding.values.withUnsafeBufferPointer { Data(buffer: $0) }
        let bytes = folder.bytes
        #expect(bytes.range(of: raw.prefix(16)) == nil)
        #expect(bytes.range(of: Data("E017".utf8)) != nil)
        for name in ["faces.db", "site.key"] {
            let path = "\(folder.path)/\(name)"
            let rights = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
            #expect(rights as? Int == 0o600)
        }
    }

    @Test func removingLeavesNeitherKeyNorTemplateNorNameInTheRawStorage() throws {
        let folder = try Folder()
        let store = try folder.store()
        try Self.enrol("E-WITHDRAWN", in: store)
        try Self.enrol("E018", in: store)
        let sealed = try DatabaseQueue(path: store.path).read { db in
            try Row.fetchAll(
                db, sql: "SELECT wrapped_key, body FROM template WHERE person = 'E-WITHDRAWN'"
            ).flatMap { [$0["wrapped_key"] as Data, $0["body"] as Data] }
        }
        #expect(sealed.count == 4)
        for part in sealed { #expect(folder.bytes.range(of: part.prefix(24)) != nil) }
        let (count, logIsClean) = try store.remove(person: "E-WITHDRAWN")
        #expect(count == 2 && logIsClean)
        let bytes = folder.bytes
        for part in sealed { #expect(bytes.range(of: part.prefix(24)) == nil) }
        #expect(bytes.range(of: Data("E-WITHDRAWN".utf8)) == nil)
        #expect(
            try store.templates(of: Self.model).map(\.record.binding.person) == ["E018", "E018"])
    }

    @Test func enrollingAgainReplacesAndOtherModelsAreNeverOpened() throws {
        let folder = try Folder()
        let store = try folder.store()
        try Self.enrol("E017", in: store)
        try Self.enrol("E017", in: store, consent: "C2")
        #expect(try store.records().map(\.binding.consent) == ["C2", "C2"])
        let other = FaceModel(name: "next", identifier: String(repeating: "b", count: 64))
        #expect(try store.templates(of: other).isEmpty)
        #expect(try store.records().count == 2)
    }

    // MARK: Consent

    @Test(arguments: [FaceStore.ConsentAnswer.ended, .unknown("no gate answers")])
    func whoseConsentDoesNotStandAtTheLastMomentIsNotStored(
        answer: FaceStore.ConsentAnswer
    ) throws {
        let folder = try Folder()
        let store = try folder.store()
        try Self.enrol("E018", in: store)
        let before = try store.records()
        func enrol(_ person: String) -> FaceStoreError? {
            #expect(throws: FaceStoreError.self) {
                try store.enrol(
                    [.init(embedding: try Self.embedding(3), quality: 0.9)],
                    as: Self.binding(person, consent: "C2"), at: Self.now, consent: { answer })
            }
        }
        let error = try #require(enrol("E-WITHDRAWN"))
        #expect(error.description.contains("nothing was stored"))
        // Not even for a moment, and what was there under a standing consent stays.
        #expect(folder.bytes.range(of: Data("E-WITHDRAWN".utf8)) == nil)
        #expect(enrol("E018") != nil)
        #expect(try store.records() == before)
        #expect(try store.templates(of: Self.model).count == 2)
    }

    /// Between the answer and the templates no removal fits in: it comes before, or destroys them.
    @Test func theConsentIsAskedWhileNobodyElseCanRemoveAnything() throws {
        let folder = try Folder()
        let store = try folder.store()
        let other = try DatabaseQueue(path: store.path)
        let remove = { try other.write { try $0.execute(sql: "DELETE FROM template") } }
        var isHeld = false
        try store.enrol(
            [.init(embedding: try Self.embedding(3), quality: 0.9)], as: Self.binding("E017"),
            at: Self.now
        ) {
            isHeld = (try? remove()) == nil
            return .stands
        }
        #expect(isHeld)
        #expect(try store.records().count == 1)
        try remove()
        #expect(try store.records().isEmpty)
    }

    @Test(arguments: ["person", "model", "consent"])
    func aTemplateThatWasMovedToAnotherIsRefused(column: String) throws {
        let folder = try Folder()
        let store = try folder.store()
        try Self.enrol("E017", in: store)
        try DatabaseQueue(path: store.path).write { db in
            try db.execute(
                sql: "UPDATE template SET \(column) = ?",
                arguments: [String(repeating: "c", count: 64)])
        }
        let model =
            column == "model"
            ? FaceModel(name: "test", identifier: String(repeating: "c", count: 64)) : Self.model
        let error = #expect(throws: FaceStoreError.self) { try store.templates(of: model) }
        #expect(error?.description.contains("not the one that was sealed") == true)
    }

    // MARK: Keys

    @Test func aMissingKeyIsToldAndNeverReplacedByANewOne() throws {
        let folder = try Folder()
        try Self.enrol("E017", in: try folder.store())
        try FileManager.default.removeItem(atPath: "\(folder.path)/site.key")
        let error = #expect(throws: FaceStoreError.self) {
            try FaceStore.open(folder.path, making: true)
        }
        #expect(error?.description.contains("is missing") == true)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/site.key"))
    }

    @Test func aWrongKeyOpensNothing() throws {
        let folder = try Folder()
        try Self.enrol("E017", in: try folder.store())
        let path = "\(folder.path)/site.key"
        try FileManager.default.removeItem(atPath: path)
        _ = try SiteKey.create(path)
        let error = #expect(throws: FaceStoreError.self) { try FaceStore.open(folder.path) }
        #expect(error?.description.contains("under another site key") == true)
    }

    @Test func aKeyThatOthersMayReadAndAShortOneAreRefused() throws {
        let folder = try Folder()
        let path = "\(folder.path)/site.key"
        _ = try SiteKey.create(path)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        #expect(throws: FaceStoreError.self) { try SiteKey.load(path) }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(try SiteKey.load(path) != nil)
        try Data([1, 2, 3]).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        let error = #expect(throws: FaceStoreError.self) { try SiteKey.load(path) }
        #expect(error?.description.contains("3 bytes") == true)
    }

    // MARK: Whose files they are

    @Test func aFolderThatOthersMayWriteIntoIsRefused() throws {
        let folder = try Folder()
        try Self.enrol("E017", in: try folder.store())
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o777], ofItemAtPath: folder.path)
        let error = #expect(throws: FaceStoreError.self) { try FaceStore.open(folder.path) }
        #expect(error?.description.contains("chmod 0700") == true)
    }

    @Test func aLinkInPlaceOfTheDatabaseOrTheFolderIsNotFollowed() throws {
        let (folder, other) = (try Folder(), try Folder())
        let victim = "\(other.path)/victim"
        try Data("precious\n".utf8).write(to: URL(filePath: victim))
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/faces.db", withDestinationPath: victim)
        _ = try SiteKey.create("\(folder.path)/site.key")
        #expect(throws: FaceStoreError.self) { try FaceStore.open(folder.path, making: true) }
        #expect(try Data(contentsOf: URL(filePath: victim)) == Data("precious\n".utf8))
        let link = "\(other.path)/link"
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: folder.path)
        #expect(throws: FaceStoreError.self) { try FaceStore.open(link, making: true) }
    }

    /// Root works in a folder of the eyes with the eyes' rights: a link leads it no further than them.
    @Test(.enabled(if: geteuid() == 0, "only root can lay rights down"))
    func rootActsWithTheRightsOfTheFoldersOwner() throws {
        let (folder, other) = (try Folder(), try Folder())
        let victim = "\(other.path)/victim"
        try Data("precious\n".utf8).write(to: URL(filePath: victim))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: victim)
        #expect(chown(folder.path, 65_534, 65_534) == 0)
        let store = try folder.store()
        try Self.enrol("E017", in: store)
        store.close()
        for name in ["faces.db", "site.key"] {
            let owner = try FileManager.default.attributesOfItem(
                atPath: "\(folder.path)/\(name)")[.ownerAccountID]
            #expect(owner as? Int == 65_534, "\(name)")
        }
        // The eyes, taken over, lay a link where the key was.
        let key = "\(folder.path)/site.key"
        try FileManager.default.removeItem(atPath: key)
        try FileManager.default.createSymbolicLink(atPath: key, withDestinationPath: victim)
        #expect(throws: FaceStoreError.self) { try FaceStore.open(folder.path) }
        #expect(try Data(contentsOf: URL(filePath: victim)) == Data("precious\n".utf8))
    }

    // MARK: Damage

    @Test(arguments: [0.2, 0.5, 0.9])
    func aDatabaseCutShortIsToldAndNeverTraps(share: Double) throws {
        let folder = try Folder()
        let store = try folder.store()
        for number in 0..<40 { try Self.enrol("E\(number)", in: store) }
        store.close()
        let path = "\(folder.path)/faces.db"
        let bytes = try Data(contentsOf: URL(filePath: path))
        try bytes.prefix(Int(Double(bytes.count) * share)).write(to: URL(filePath: path))
        let error = #expect(throws: FaceStoreError.self) {
            try FaceStore.open(folder.path)?.templates(of: Self.model)
        }
        #expect(error?.description.contains("damaged") == true, "\(error?.description ?? "")")
    }

    @Test func aFileThatIsNoDatabaseIsTold() throws {
        let folder = try Folder()
        _ = try SiteKey.create("\(folder.path)/site.key")
        try Data("not a database, but longer than its header would be\n".utf8)
            .write(to: URL(filePath: "\(folder.path)/faces.db"))
        #expect(throws: FaceStoreError.self) { try FaceStore.open(folder.path) }
    }

    @Test func whereThereIsNoStoreThereIsNone() throws {
        let folder = try Folder()
        #expect(try FaceStore.open(folder.path) == nil)
        #expect(try FaceStore.open("/nowhere/faces") == nil)
        #expect(throws: FaceStoreError.self) { try FaceStore.open("/nowhere/faces", making: true) }
    }

    /// A folder that may not be looked into is no proof that nobody is enrolled in it.
    @Test func whereItCannotBeSeenWhetherThereIsAStoreItIsToldAndNotTakenForNone() throws {
        let (locked, other) = (try Folder(), try Folder())
        try Self.enrol("E017", in: try locked.store())
        let setRights = { (rights: Int) in
            try FileManager.default.setAttributes(
                [.posixPermissions: rights], ofItemAtPath: locked.path)
        }
        try setRights(geteuid() == 0 ? 0o700 : 0)
        defer { try? setRights(0o700) }
        // Root may look everywhere, but not while it acts for somebody else.
        if geteuid() == 0 { #expect(chown(other.path, 65_534, 65_534) == 0) }
        for path in [locked.path, "\(locked.path)/faces"] {
            let error = #expect(throws: FaceStoreError.self) {
                try FileOwner.acting(in: other.path) { () throws(FaceStoreError) in
                    _ = try FaceStore.open(path)
                }
            }
            #expect(error?.description.contains("or root") == true, "\(path)")
        }
    }

    @Test func anotherProcessSeesThatTheStoreHasChanged() throws {
        let folder = try Folder()
        let (one, other) = (try folder.store(), try folder.store())
        let before = try one.dataVersion()
        #expect(try one.dataVersion() == before)
        try Self.enrol("E017", in: other)
        #expect(try one.dataVersion() != before)
    }
}
