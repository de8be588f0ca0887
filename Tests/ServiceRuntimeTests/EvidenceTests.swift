import EventJournal
import EventLoop
import Foundation
import GateConfiguration
import GateTypes
import ServiceRuntime
import Testing
import VisionLink

/// The whole way of a picture: eyes, controller and journal on one loop, files on disk.
@Suite struct EvidenceTests {
    static func joined(evidence: String?) throws -> (GateRig, EyesRig) {
        let rig = try GateRig.withLorry(deadline: .milliseconds(300))
        let eyes = try EyesRig(
            loop: rig.loop, path: RuntimePaths.vision(rig.config),
            evidence: evidence.map { rig.folder.file($0) })
        try rig.loop.run { rig.service.snapshot().lanes[0].blind == nil }
        return (rig, eyes)
    }

    @Test func theRefusedVehiclesPictureIsOnDiskWithTheHashOfItsPassage() throws {
        let (rig, eyes) = try Self.joined(evidence: "evidence")
        try rig.input("lane1-loop").set(true)
        try rig.loop.run { rig.service.snapshot().lanes[0].isVehicleWaiting }
        try WholeWayTests.show("沪B98765", eyes, rig) { !rig.kinds(.refusal).isEmpty }
        let store = rig.folder.file("evidence")
        let find = {
            (FileManager.default.enumerator(atPath: store)?.compactMap { $0 as? String } ?? [])
                .filter { $0.hasSuffix("-scene.jpg") }
        }
        try rig.loop.run { !find().isEmpty }
        try rig.input("lane1-loop").set(false)
        try rig.loop.run { !rig.kinds(.passage).isEmpty }
        let passage = try #require(rig.kinds(.passage).first)
        let picture = try #require(passage.facts["picture"])
        try rig.loop.run {
            passage.facts["scene_sha256"] != nil || !rig.kinds(.picture).isEmpty
        }
        let facts =
            passage.facts["scene_sha256"] == nil ? rig.kinds(.picture)[0].facts : passage.facts
        for part in ["scene", "plate"] {
            let bytes = try Data(contentsOf: URL(filePath: "\(store)/\(picture)-\(part).jpg"))
            #expect(bytes.starts(with: [0xFF, 0xD8]))
            #expect(
                facts["\(part)_sha256"]
                    == ChainEncoding.hash(ofContent: Array(bytes)).description)
        }
        eyes.end()
    }

    @Test func eyesWithoutAFolderSaySoOnceAndTheLorryPasses() throws {
        let (rig, eyes) = try Self.joined(evidence: nil)
        try rig.input("lane1-loop").set(true)
        try rig.loop.run { rig.service.snapshot().lanes[0].isVehicleWaiting }
        try WholeWayTests.show("京A12345", eyes, rig) { rig.isEnergised("lane1-raise") }
        try rig.loop.run { rig.service.snapshot().alarms.contains { $0.code == "pictures" } }
        #expect(rig.kinds(.fault).count { $0.facts["code"] == "pictures" } == 1)
        eyes.end()
    }

    /// A controller that only listens.
    final class Controller {
        private(set) var listener: EyesListener?
        private(set) var erasures: [PictureErasure] = []

        init(_ loop: EventLoop, _ path: String) throws {
            listener = try EyesListener(
                loop: loop, path: path, accepts: { _ in true },
                handler: { [weak self] in
                    guard case .report(.picturesErased(let erasure)) = $0 else { return }
                    self?.erasures.append(erasure)
                })
        }

        var isJoined: Bool { listener?.isConnected == true }
    }

    @Test func theControllersOrderErasesOldPicturesAndTheAnswerIsToldUntilItIsOnRecord() throws {
        let folder = try ScratchFolder()
        let loop = try EventLoop()
        var store = try EvidenceStoreTests.store(folder)
        for day in 0..<5 {
            _ = store.keep(EvidenceStoreTests.name(Int64(day)), scene: [1, 2], plate: [3])
        }
        let path = folder.file("vision.sock")
        var controller: Controller? = try Controller(loop, path)
        let eyes = try EyesRig(loop: loop, path: path, evidence: folder.file("evidence"))
        try loop.run { controller?.isJoined == true && eyes.service?.isConnected == true }
        controller?.listener?.send(
            .erasePictures(before: EvidenceStoreTests.name(3).arrival))
        try loop.run { controller?.erasures.isEmpty == false }
        let erasure = try #require(controller?.erasures.first)
        #expect(erasure.count == 3 && erasure.reason == .expiry && erasure.byteCount == 9)
        #expect(erasure.newest == EvidenceStoreTests.name(2))
        #expect(EvidenceStoreTests.files(folder).count == 4)
        // A controller that died before it was on record hears of it again, until it says so.
        controller = nil
        try loop.run { eyes.service?.isConnected == false }
        controller = try Controller(loop, path)
        try loop.run { controller?.erasures == [erasure] }
        controller?.listener?.send(.erasureTaken(erasure))
        controller?.listener?.send(
            .erasePictures(before: EvidenceStoreTests.name(4).arrival))
        try loop.run { controller?.erasures.count == 2 }
        controller = nil
        try loop.run { eyes.service?.isConnected == false }
        controller = try Controller(loop, path)
        try loop.run { controller?.erasures.isEmpty == false }
        #expect(controller?.erasures.map(\.newest) == [EvidenceStoreTests.name(3)])
        eyes.end()
    }
}
