import EventJournal
import EventLoop
import Foundation
import GateTypes
import ServiceRuntime
import Synchronization
import Testing

/// Pictures as real files.
@Suite struct EvidenceStoreTests {
    /// A disk whose free room the test says.
    final class Disk: Sendable {
        let free = Mutex<Int64>(1 << 40)
        func set(_ bytes: Int64) { free.withLock { $0 = bytes } }
    }

    static func name(_ day: Int64, _ passage: UInt64 = 1) -> PictureName {
        PictureName(
            arrival: WallTime(milliseconds: 1_795_651_200_000 + day * 86_400_000),
            passage: passage)
    }

    static func store(
        _ folder: ScratchFolder, _ disk: Disk = Disk(), _ limits: EvidenceLimits = .init()
    ) throws -> EvidenceStore {
        try EvidenceStore(folder: folder.file("evidence"), limits: limits) { _ in
            DiskSpace(free: disk.free.withLock { $0 }, total: 1 << 40)
        }
    }

    static func files(_ folder: ScratchFolder) -> [String] {
        let walk = FileManager.default.enumerator(atPath: folder.file("evidence"))
        return (walk?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix("g") }.sorted()
    }

    static let scene = [UInt8](repeating: 1, count: 1000)
    static let plate = [UInt8](repeating: 2, count: 100)

    @Test func sceneAndPlateLieUnderTheirNameWithTheirHashesAndRights() throws {
        let folder = try ScratchFolder()
        var store = try Self.store(folder)
        let (erased, result) = store.keep(Self.name(0), scene: Self.scene, plate: Self.plate)
        guard case .kept(let sceneHash, let plateHash, let count) = try result.get() else {
            Issue.record("not kept")
            return
        }
        #expect(erased.isEmpty && count == 1100)
        #expect(sceneHash == ChainEncoding.hash(ofContent: Self.scene).description)
        #expect(plateHash == ChainEncoding.hash(ofContent: Self.plate).description)
        #expect(
            Self.files(folder) == [
                "2026-11-26/000000.000-1-plate.jpg", "2026-11-26/000000.000-1-scene.jpg",
            ])
        for file in Self.files(folder) {
            let path = folder.file("evidence/" + file)
            let rights = try FileManager.default.attributesOfItem(atPath: path)
            #expect(rights[.posixPermissions] as? Int == 0o640)
        }
        let written = try Data(
            contentsOf: URL(filePath: folder.file("evidence/" + Self.files(folder)[1])))
        #expect(Array(written) == Self.scene)
    }

    @Test func aLaterFrameReplacesThePictureAndItsPlateTogether() throws {
        let folder = try ScratchFolder()
        var store = try Self.store(folder)
        _ = store.keep(Self.name(0), scene: Self.scene, plate: Self.plate)
        _ = try store.keep(Self.name(0), scene: [9], plate: nil).result.get()
        #expect(Self.files(folder) == ["2026-11-26/000000.000-1-scene.jpg"])
        #expect(store.count == 1 && store.byteCount == 1)
    }

    @Test func expiryTakesWhatIsOlderInBatchesAndLeavesForeignFilesAlone() throws {
        let folder = try ScratchFolder()
        var limits = EvidenceLimits()
        limits.eraseBatch = 3
        var store = try Self.store(folder, Disk(), limits)
        for day in 0..<10 {
            _ = store.keep(Self.name(Int64(day)), scene: Self.scene, plate: Self.plate)
        }
        let foreign = folder.file("evidence/2026-11-26/notes.jpg")
        try Data([1]).write(to: URL(filePath: foreign))
        var erasures: [PictureErasure] = []
        while let erasure = try store.erase(before: Self.name(8).arrival) {
            erasures.append(erasure)
        }
        #expect(erasures.map(\.count) == [3, 3, 2])
        #expect(erasures.allSatisfy { $0.reason == .expiry })
        #expect(erasures.last?.newest == Self.name(7))
        #expect(store.count == 2 && store.byteCount == 2200)
        #expect(FileManager.default.fileExists(atPath: foreign))
        #expect(!FileManager.default.fileExists(atPath: folder.file("evidence/2026-11-27")))
    }

    @Test func stockIsTakenAnewAfterARestartAndDraftsAreSweptAway() throws {
        let folder = try ScratchFolder()
        var store = try Self.store(folder)
        for day in 0..<4 {
            _ = store.keep(Self.name(Int64(day)), scene: Self.scene, plate: Self.plate)
        }
        let draft = folder.file("evidence/2026-11-26/000000.000-9-scene.jpg.part")
        try Data(count: 10).write(to: URL(filePath: draft))
        var again = try Self.store(folder)
        #expect(again.count == 4 && again.byteCount == 4400)
        #expect(!FileManager.default.fileExists(atPath: draft))
        #expect(try again.erase(before: Self.name(1).arrival)?.count == 1)
    }

    @Test func theOldestGoFirstWhenTheDiskFillsAndTheReserveStays() throws {
        let folder = try ScratchFolder()
        let disk = Disk()
        var limits = EvidenceLimits()
        limits.reserve = 10_000
        var store = try Self.store(folder, disk, limits)
        for day in 0..<6 {
            _ = store.keep(Self.name(Int64(day)), scene: Self.scene, plate: Self.plate)
        }
        // Two pictures short; the test's disk stays as full as it says, so the new one is refused.
        disk.set(10_000)
        let (erased, result) = store.keep(Self.name(9), scene: Self.scene, plate: nil)
        #expect(erased.map(\.count) == [1] && erased.first?.reason == .diskFull)
        #expect(erased.first?.newest == Self.name(0))
        #expect(throws: SystemError("write", folder.file("evidence"), code: ENOSPC)) {
            try result.get()
        }
        #expect(!Self.files(folder).contains { $0.contains("-9") })
        disk.set(9_000)
        #expect(try store.makeRoom()?.count == 1)
        disk.set(20_000)
        #expect(try store.makeRoom() == nil)
        _ = try store.keep(Self.name(9), scene: Self.scene, plate: nil).result.get()
    }

    @Test func theStoreHoldsNoMoreThanItsLimits() throws {
        let folder = try ScratchFolder()
        var limits = EvidenceLimits()
        (limits.count, limits.bytes, limits.fileBytes) = (5, 4000, 1500)
        var store = try Self.store(folder, Disk(), limits)
        var gone = 0
        for day in 0..<12 {
            let (erased, result) = store.keep(
                Self.name(Int64(day)), scene: Self.scene, plate: Self.plate)
            _ = try result.get()
            #expect(erased.allSatisfy { $0.reason == .limit })
            gone += erased.reduce(0) { $0 + $1.count }
            #expect(store.count <= 5 && store.byteCount <= 4000)
        }
        #expect(gone + store.count == 12)
        let large = store.keep(Self.name(20), scene: [UInt8](repeating: 0, count: 1501), plate: nil)
        #expect(throws: SystemError.self) { try large.result.get() }
    }

    @Test func aFolderThatCannotBeUsedIsAnErrorWithItsReason() throws {
        let folder = try ScratchFolder()
        try Data([1]).write(to: URL(filePath: folder.file("evidence")))
        #expect(throws: SystemError.self) { try Self.store(folder) }
    }

    @Test func nothingIsWrittenThroughALinkThatLiesInTheWay() throws {
        let folder = try ScratchFolder()
        var store = try Self.store(folder)
        let day = folder.file("evidence/2026-11-26")
        try FileManager.default.createDirectory(
            atPath: day, withIntermediateDirectories: true)
        let outside = folder.file("outside")
        try Data([7]).write(to: URL(filePath: outside))
        for ending in ["scene.jpg", "scene.jpg.part"] {
            try FileManager.default.createSymbolicLink(
                atPath: day + "/000000.000-1-" + ending, withDestinationPath: outside)
        }
        _ = try store.keep(Self.name(0), scene: Self.scene, plate: nil).result.get()
        #expect(try Data(contentsOf: URL(filePath: outside)) == Data([7]))
    }
}
