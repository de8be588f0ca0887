import AccessPolicy
import EventLoop
import FaceMatching
import Foundation
import GateConfiguration
import GateTypes
import Imaging
import PlateRecognition
import Testing
import VisionLink

@testable import FaceStorage
@testable import ServiceRuntime

/// Consent from the control socket to the eyes' disk, both programs' services on one loop.
@Suite struct ConsentTests {
    static let model = FaceModel(name: "test", identifier: String(repeating: "a", count: 64))

    static let table = FaceCalibration(table: "0.2:0.01 0.4:1e-5")
    static let embedder = FaceGallery.Embedder(model: model, calibration: table, card: nil)

    static func request(
        _ kind: ControlRequest.Kind, _ person: String, until: String? = nil
    ) -> ControlRequest {
        var request = ControlRequest(kind)
        request.person = person
        request.text = "2026-1"
        request.signer = "E002"
        request.until = until
        return request
    }

    static func embedding(_ seed: Int) throws -> FaceEmbedding {
        try #require(
            FaceEmbedding(normalising: (0..<32).map { Float(sin(Double($0 * seed + seed))) }))
    }

    /// Enrols like `gatectl faces enrol`, from a connection of its own.
    static func enrol(_ person: String, consent: String, in folder: String) throws {
        let store = try #require(try FaceStore.open(folder, making: true))
        defer { store.close() }
        try store.enrol(
            [.init(embedding: try embedding(person.count), quality: 0.9)],
            as: TemplateBinding(person: person, model: model, consent: consent), at: .now(),
            consent: { .stands })
    }

    static func bytes(in folder: String) -> Data {
        var all = Data()
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            all += FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data()
        }
        return all
    }

    @Test func aWithdrawalEmptiesMemoryAndDiskAndIsJournalled() throws {
        let rig = try GateRig()
        let client = try TestClient(rig)
        let folder = rig.folder.file("faces")
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        for person in ["E-LEAVING", "E018"] {
            let reply = try client.ask(Self.request(.consentGrant, person), rig)
            #expect(reply.ok, "\(reply.text ?? "")")
        }
        let shown = try client.ask(ControlRequest(.consents), rig)
        let consents = try #require(shown.consents)
        #expect(shown.standing?.count == 2 && consents.first?.signer == "E002")
        for consent in consents {
            try Self.enrol(consent.person, consent: consent.identifier, in: folder)
        }

        let gallery = try FaceGallery(folder: folder)
        let eyes = try EyesRig(
            loop: rig.loop, path: RuntimePaths.vision(rig.config), gallery: gallery)
        defer { eyes.end() }
        gallery.uses(Self.embedder)
        try rig.loop.run { gallery.snapshot?.gallery.peopleCount == 2 }
        try rig.loop.run { rig.service.enrolled == ["E-LEAVING", "E018"] }

        let ended = try client.ask(Self.request(.consentWithdraw, "E-LEAVING"), rig)
        #expect(ended.ok)
        try rig.loop.run { rig.service.consents?.register.uncleared.isEmpty == true }
        let probe = try Self.embedding("E-LEAVING".count)
        let nearest = try #require(gallery.snapshot).gallery.nearest(to: probe)
        #expect(nearest.map(\.person) == ["E018"])
        #expect(Self.bytes(in: folder).range(of: Data("E-LEAVING".utf8)) == nil)
        try rig.loop.run { rig.service.enrolled == ["E018"] }

        let told = rig.journal.entries.filter {
            $0.kind == EntryKind.consent.rawValue
        }
        #expect(
            told.map { $0.facts["what"] } == [
                "granted", "granted", "withdrawn", "templates_destroyed",
            ])
        #expect(told.last?.facts["templates"] == "1")
        // Which person it was is personal, and erasable; nothing else says it.
        #expect(told.allSatisfy { $0.text(.person)?.hasPrefix("E") == true })
        #expect(told.allSatisfy { !$0.facts.values.contains("E-LEAVING") })
        // So is who put it on record.
        #expect(told.map { $0.text(.operatorName) != nil } == [true, true, true, false])
        #expect(told.allSatisfy { $0.facts["by"] == nil })
    }

    @Test func aRenewedConsentKeepsTheTemplatesAndIsOnRecord() throws {
        let rig = try GateRig()
        let client = try TestClient(rig)
        let folder = rig.folder.file("faces")
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let soon = CivilDate.text(ofDay: WallTime.now().milliseconds / 86_400_000 + 3)
        #expect(try client.ask(Self.request(.consentGrant, "E017", until: soon), rig).ok)
        let consent = try #require(
            try client.ask(ControlRequest(.consents), rig).consents?.first)
        try Self.enrol("E017", consent: consent.identifier, in: folder)
        let gallery = try FaceGallery(folder: folder)
        let eyes = try EyesRig(
            loop: rig.loop, path: RuntimePaths.vision(rig.config), gallery: gallery)
        defer { eyes.end() }
        gallery.uses(Self.embedder)
        try rig.loop.run { gallery.snapshot?.gallery.peopleCount == 1 }

        let reply = try client.ask(Self.request(.consentGrant, "E017"), rig)
        #expect(reply.ok && reply.text?.contains("renewed") == true)
        try rig.loop.run { rig.service.toldConsents?.first?.expires == nil }
        #expect(gallery.snapshot?.gallery.peopleCount == 1)
        let told = rig.journal.entries.filter { $0.kind == EntryKind.consent.rawValue }
        #expect(told.map { $0.facts["what"] } == ["granted", "renewed"])
        #expect(told.last?.facts["consent"] == consent.identifier)
        #expect(told.last?.facts["earlier_text"] == "2026-1")
    }

    @Test func aWithdrawalDuringALoadLeavesNothingInMemory() throws {
        let folder = try ScratchFolder()
        for person in ["E-LEAVING", "E018"] {
            try Self.enrol(person, consent: "C1", in: folder.path)
        }
        let gallery = try FaceGallery(folder: folder.path)
        gallery.mayLook(
            for: ["E-LEAVING", "E018"].map {
                ConsentNotice(person: $0, consent: "C1", expires: nil)
            })
        // The load is queued, and the order to forget comes before it has ended.
        gallery.uses(Self.embedder)
        gallery.forget(["E-LEAVING"])
        gallery.finish()
        #expect(gallery.reports.last == .enrolled(["E018"]))
    }

    @Test func whoIsForgottenHasNoPartInTheSitesCalibrationEither() throws {
        let folder = try ScratchFolder()
        let people = (1...16).map { String(repeating: "E", count: $0) }
        for person in people { try Self.enrol(person, consent: "C1", in: folder.path) }
        let store = try #require(try FaceStore.open(folder.path))
        let measured = try #require(
            SiteCalibration.measure(
                try store.templates(of: Self.model), model: Self.model, at: .now()))
        store.close()
        try measured.save(in: folder.path)
        let gallery = try FaceGallery(folder: folder.path)
        gallery.forget(["EEE"])
        gallery.finish()
        let left = try #require(SiteCalibration.load(folder.path, for: Self.model))
        #expect(measured.peopleCount == 16 && left.peopleCount == 15)
        #expect(left.templates.count == 15)
    }

    @Test func consentsOutliveARestartAndADamagedFileStandsForNobody() throws {
        let folder = try ScratchFolder()
        let file = ConsentFile(directory: folder.path)
        var register = try file.load().get()
        let now = Moment(instant: .now(), wall: .now())
        _ = try register.grant(
            person: "E017", textVersion: "1", signer: "E002", expires: nil, at: now)
        try file.save(register)
        #expect(try file.load().get() == register)
        try Data("{".utf8).write(to: URL(filePath: file.path))
        guard case .failure(let error) = file.load() else {
            Issue.record("a damaged file was taken")
            return
        }
        #expect(error.description.contains("are damaged"))
    }

    @Test func aWithdrawalBeatsARenewalThatIsOnItsWayToTheDisk() throws {
        let folder = try ScratchFolder()
        let loop = try EventLoop()
        let desk = try ConsentDesk(directory: folder.path, loop: loop)
        defer { desk.finish() }
        var answers: [Result<Consent, StartError>] = []
        func grant() {
            desk.grant(
                person: "E017", textVersion: "1", signer: "E002", expires: nil, hasEyes: true,
                at: Moment(instant: loop.now, wall: .now())
            ) { answers.append($0) }
        }
        grant()
        try loop.run { answers.count == 1 }
        grant()
        let now = Moment(instant: loop.now, wall: .now())
        _ = try desk.withdraw(person: "E017", at: now) { _ in }.get()
        try loop.run { answers.count == 2 }
        guard case .failure(let error) = answers[1] else {
            Issue.record("the renewal brought a withdrawn consent back")
            return
        }
        #expect(error.description.contains("changed meanwhile"))
        #expect(desk.register.consents.map(\.state) == [.withdrawn])
        desk.finish()
        let kept = try ConsentFile(directory: folder.path).load().get()
        #expect(kept.consents.map(\.state) == [.withdrawn])
    }

    @Test func aNewConsentWaitsForTheEyesWhereThereAreCameras() throws {
        for hasCameras in [true, false] {
            let folder = try ScratchFolder()
            var config = GateConfig.site(in: folder)
            if !hasCameras {
                config.cameras = [:]
                config.lanes["lane1"]?.camera = nil
            }
            let rig = try GateRig(folder: folder, config: config)
            let client = try TestClient(rig)
            #expect(try client.ask(Self.request(.consentGrant, "E017"), rig).ok)
            #expect(try client.ask(Self.request(.consentWithdraw, "E017"), rig).ok)
            let again = try client.ask(Self.request(.consentGrant, "E017"), rig)
            #expect(again.ok == !hasCameras, "\(again.text ?? "")")
            if hasCameras { #expect(again.text?.contains("may still be there") == true) }
        }
    }

    @Test func aConsentThatIsRefusedSaysWhy() throws {
        let rig = try GateRig()
        let client = try TestClient(rig)
        #expect(try client.ask(Self.request(.consentGrant, "E017"), rig).ok)
        let past = try client.ask(
            Self.request(.consentGrant, "E018", until: "1971-01-01"), rig)
        #expect(!past.ok && past.text?.contains("expired already") == true)
        let never = try client.ask(
            Self.request(.consentGrant, "E018", until: "2999-02-30"), rig)
        #expect(!never.ok && never.text?.contains("no day of the calendar") == true)
        #expect(!(try client.ask(Self.request(.consentWithdraw, "E019"), rig).ok))
        #expect(!(try client.ask(ControlRequest(.consentGrant), rig).ok))
    }

    @Test func theEndIsByTheSitesClocksAndAStrangerIsTakenWithAWarning() throws {
        let folder = try ScratchFolder()
        var config = GateConfig.site(in: folder)
        config.site.timeZone = TimeZoneTable(
            name: "Asia/Shanghai", transitions: [.init(fromSeconds: 0, offsetSeconds: 28_800)])
        config.roster.people = [.init(person: "E017", group: "staff")]
        let rig = try GateRig(folder: folder, config: config)
        let client = try TestClient(rig)
        let listed = try client.ask(
            Self.request(.consentGrant, "E017", until: "2999-01-01"), rig)
        #expect(listed.ok && listed.warning == nil)
        let visitor = try client.ask(
            Self.request(.consentGrant, "V001", until: "2999-01-01T00:00Z"), rig)
        #expect(visitor.ok && visitor.warning?.contains("people.csv") == true)
        let ends = try client.ask(ControlRequest(.consents), rig).consents?.compactMap(\.expires)
        let (first, second) = (try #require(ends?.first), try #require(ends?.last))
        #expect(second.milliseconds - first.milliseconds == 8 * 3_600_000)
    }
}
