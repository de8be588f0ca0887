import AccessPolicy
import EventLoop
import FaceMatching
import Foundation
import GateConfiguration
import GateTypes
import Imaging
import Testing
import VisionLink

@testable import FaceStorage
@testable import ServiceRuntime

/// With whom the eyes compare: whose templates fit the embedder in use and a consent that stands.
@Suite struct FaceGalleryTests {
    @Test func aFaceOfAnotherEmbedderIsComparedWithNobody() throws {
        let folder = try ScratchFolder()
        try ConsentTests.enrol("E017", consent: "C1", in: folder.path)
        let gallery = try FaceGallery(folder: folder.path)
        gallery.mayLook(for: [ConsentNotice(person: "E017", consent: "C1", expires: nil)])
        gallery.uses(ConsentTests.embedder)
        gallery.lookForChanges()
        let other = FaceModel(name: "next", identifier: String(repeating: "b", count: 64))
        gallery.uses(.init(model: other, calibration: ConsentTests.table, card: nil))
        #expect(gallery.snapshot == nil)
        gallery.finish()
        #expect(gallery.snapshot == nil)
    }

    @Test func anEmbedderThatCannotBeLoadedIsToldAndOverAgain() throws {
        let folder = try ScratchFolder()
        try ConsentTests.enrol("E017", consent: "C1", in: folder.path)
        let gallery = try FaceGallery(folder: folder.path)
        gallery.mayLook(for: [ConsentNotice(person: "E017", consent: "C1", expires: nil)])
        gallery.hasNoEmbedder("site.ghn: truncated")
        #expect(gallery.reports.first == .faceTrouble("site.ghn: truncated"))
        gallery.uses(ConsentTests.embedder)
        gallery.finish()
        #expect(gallery.reports.first == .faceTrouble(nil))
        #expect(gallery.snapshot?.gallery.peopleCount == 1)
    }

    @Test func anEmbedderWithoutATableComparesWithNobodyAndSaysSo() throws {
        let folder = try ScratchFolder()
        try ConsentTests.enrol("E017", consent: "C1", in: folder.path)
        let bare = FaceGallery.Embedder(model: ConsentTests.model, calibration: nil, card: nil)
        func opened() throws -> FaceGallery {
            let gallery = try FaceGallery(folder: folder.path)
            gallery.mayLook(for: [ConsentNotice(person: "E017", consent: "C1", expires: nil)])
            gallery.uses(bare)
            gallery.finish()
            return gallery
        }
        let gallery = try opened()
        guard case .faceTrouble(let told?)? = gallery.reports.first else {
            Issue.record("no trouble is told")
            return
        }
        #expect(told.contains("embedder test has no table") && told.contains("faces calibrate"))
        // Nobody waits for a face that can match nobody: a badge goes on alone.
        #expect(gallery.reports.last == .enrolled([]))
        #expect(gallery.snapshot?.gallery.isEmpty == true)

        // The site's own calibration is a table, too.
        try SiteCalibration(
            model: ConsentTests.model.identifier, measured: .now(), peopleCount: 15,
            comparisonCount: 105,
            calibration: try #require(ConsentTests.table), nearestOthers: [], genuine: [],
            templates: []
        ).save(in: folder.path)
        let calibrated = try opened()
        #expect(calibrated.reports == [.faceTrouble(nil), .enrolled(["E017"])])
        #expect(calibrated.snapshot?.gallery.peopleCount == 1)
    }

    static let models = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "models").path
    static let hasNetworks = ["plate-localiser", "face-detector", "face-embedder"].allSatisfy {
        FileManager.default.fileExists(atPath: "\(models)/\($0).ghn")
    }

    @Test(.enabled(if: hasNetworks, "no networks in models/"))
    func otherNetworksAreTakenWhileTheEyesRun() throws {
        let folder = try ScratchFolder()
        let gallery = try FaceGallery(folder: folder.file("faces"))
        // The folder of templates is there from now on, and the eyes' own.
        let rights = try FileManager.default.attributesOfItem(
            atPath: folder.file("faces"))[.posixPermissions]
        #expect(rights as? Int == 0o700)
        let reader = FaceLaneReader(
            models: Self.models, embedder: nil, gallery: gallery, infrared: InfraredSights(),
            tell: { _ in })
        var camera = CameraOrder(
            name: "in", source: .scene, widthPixels: 320, heightPixels: 240, rate: 15,
            format: "mjpeg")
        var order = FaceOrder(role: .recognise(infrared: nil), smallestPixels: 40)
        order.provenRate = 0.01
        func read() -> VisionReading {
            camera.faces = order
            let picture = Picture(RGBImage(size: PixelSize(width: 320, height: 240)))
            let frame = PictureFrame(
                camera: "in", sequence: 1, time: .now(), isSimulated: false, picture: picture)
            return reader.read(
                FrameDesk.Job(frame: frame, camera: camera, attention: .waiting, named: nil))
        }
        order.embedder = folder.file("none.ghn")
        guard case .damaged = read(), case .faceTrouble(let told?)? = gallery.reports.first else {
            Issue.record("a network that is missing was used")
            return
        }
        #expect(told.contains("none.ghn"))
        order.embedder = nil
        guard case .faces(let finding, _) = read() else {
            Issue.record("the networks of the new order are not used")
            return
        }
        #expect(finding.faceCount == 0)
        #expect(gallery.reports.first == .faceTrouble(nil))
        gallery.finish()
    }

    @Test func whomABadgeNamedIsComparedHoweverFarTheyAre() throws {
        let folder = try ScratchFolder()
        let people = (1...6).map { String(repeating: "E", count: $0) }
        for person in people { try ConsentTests.enrol(person, consent: "C1", in: folder.path) }
        let gallery = try FaceGallery(folder: folder.path)
        gallery.mayLook(for: people.map { ConsentNotice(person: $0, consent: "C1", expires: nil) })
        gallery.uses(ConsentTests.embedder)
        gallery.finish()
        let snapshot = try #require(gallery.snapshot)
        let probe = try ConsentTests.embedding(40)
        let nearest = FaceFrameReader.candidates(of: probe, named: nil, in: snapshot)
        #expect(nearest.count == FaceSighting.nearestTold)
        let far = try #require(people.first { one in !nearest.contains { $0.person == one } })
        let named = FaceFrameReader.candidates(of: probe, named: far, in: snapshot)
        #expect(Array(named.dropLast()) == nearest && named.last?.person == far)
        #expect(
            FaceFrameReader.candidates(of: probe, named: "E-NOBODY", in: snapshot) == nearest)
    }

    @Test func aTemplateUnderAnotherConsentIsNeverComparedWith() throws {
        let folder = try ScratchFolder()
        try ConsentTests.enrol("E017", consent: "C1", in: folder.path)
        let gallery = try FaceGallery(folder: folder.path)
        gallery.uses(ConsentTests.embedder)
        gallery.mayLook(for: [ConsentNotice(person: "E017", consent: "C2", expires: nil)])
        gallery.finish()
        #expect(gallery.snapshot?.gallery.isEmpty == true)
        // Nobody waits for a face that nothing is compared with.
        #expect(gallery.reports.last == .enrolled([]))
        gallery.mayLook(for: [ConsentNotice(person: "E017", consent: "C1", expires: nil)])
        #expect(gallery.snapshot?.gallery.peopleCount == 1)
        #expect(gallery.reports.last == .enrolled(["E017"]))
        gallery.mayLook(for: [])
        #expect(gallery.snapshot?.gallery.isEmpty == true)
    }

    @Test func aDamagedStoreIsToldAndComparesWithNobody() throws {
        let folder = try ScratchFolder()
        try ConsentTests.enrol("E017", consent: "C1", in: folder.path)
        try Data([1, 2, 3]).write(to: URL(filePath: folder.file("site.key")))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: folder.file("site.key"))
        let gallery = try FaceGallery(folder: folder.path)
        gallery.uses(ConsentTests.embedder)
        gallery.finish()
        #expect(gallery.snapshot == nil)
        guard case .faceTrouble(let reason)? = gallery.reports.first else {
            Issue.record("no trouble is told")
            return
        }
        #expect(reason?.contains("3 bytes") == true)
    }
}
