import GateConfiguration
import GateEngine
import GateTypes
import Testing

/// One picture a passage: which frame is ordered, what comes on record, and when pictures go.
@Suite struct PictureTests {
    private static let plate = Site.listed[0]
    private static let hash = String(repeating: "ab", count: 32)

    private static func arrived(_ change: (inout GateConfig) -> Void = { _ in }) -> GateBench {
        var bench = GateBench(change: change)
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        return bench
    }

    private static func kept(
        _ order: PictureOrder, scene: String = hash
    ) -> GateEvent {
        .pictured(
            PictureReport(
                name: order.name,
                outcome: .kept(sceneHash: scene, plateHash: hash, byteCount: 400_000)))
    }

    @Test func theDecidingFrameIsOrderedOnceAndItsHashIsInThePassagesEntry() throws {
        var bench = Self.arrived()
        let decided = bench.see(Self.plate)
        let order = try #require(decided.pictures.first)
        #expect(order.camera == "lane1" && order.plate != nil)
        #expect(order.frameTime == bench.now - .milliseconds(40))
        // The relay's way comes first.
        #expect(decided.firstIndex(of: .keepPicture(order)) ?? 0 > 0)
        bench.store()
        bench.see(Self.plate, confidence: 0.9999)
        bench.send(Self.kept(order))
        bench.rise()
        bench.driveThrough()
        bench.wait(.seconds(2))
        #expect(bench.actions.pictures == [order])
        let facts = try #require(bench.actions.records(.passage).first?.facts)
        #expect(facts["picture"] == order.name.text)
        #expect(facts["scene_sha256"] == Self.hash && facts["plate_sha256"] == Self.hash)
        #expect(facts["picture_pending"] == nil)
        #expect(bench.actions.records(.picture).isEmpty)
    }

    @Test func aSurerFrameReplacesTheFirstAndSmallGainsCostNothing() {
        var bench = Self.arrived()
        let confidences = [0.50, 0.52, 0.70, 0.71, 0.60, 0.90, 0.91]
        for confidence in confidences {
            bench.see("京Z98765", confidence: confidence)
            bench.wait(.milliseconds(40))
        }
        #expect(bench.actions.pictures.count == 3)
        #expect(Set(bench.actions.pictures.map(\.name)).count == 1)
        for step in 0..<200 { bench.see("京Z98765", confidence: Double(step % 100) / 100) }
        #expect(bench.actions.pictures.count <= 6)
    }

    @Test func aVehicleWithoutAReadablePlateIsPicturedWhenTheGuardIsAsked() throws {
        var bench = Self.arrived()
        bench.see(nil)
        bench.wait(.milliseconds(200))
        bench.see(nil)
        let latest = bench.now - .milliseconds(40)
        #expect(bench.actions.pictures.isEmpty)
        bench.wait(.seconds(1))
        let order = try #require(bench.actions.pictures.first)
        #expect(order.frameTime == latest && order.plate == nil)
        bench.send(Self.kept(order))
        bench.input("lane1-approach", false)
        let facts = try #require(bench.actions.records(.passage).first?.facts)
        #expect(facts["outcome"] == "unreadable" && facts["scene_sha256"] == Self.hash)
    }

    @Test func aHashThatComesAfterTheRecordGetsAnEntryOfItsOwn() throws {
        var bench = Self.arrived()
        bench.see("京Z98765")
        bench.input("lane1-approach", false)
        let order = try #require(bench.actions.pictures.first)
        let facts = try #require(bench.actions.records(.passage).first?.facts)
        #expect(facts["picture_pending"] == "true" && facts["scene_sha256"] == nil)
        bench.send(Self.kept(order))
        let late = try #require(bench.actions.records(.picture).first)
        #expect(late.lane == "lane1" && late.facts["passage"] == facts["passage"])
        #expect(late.facts["scene_sha256"] == Self.hash)
        // Nobody asked for another: what the eyes make up is not written down.
        #expect(bench.send(Self.kept(order)).isEmpty)
    }

    @Test func aPictureThatCouldNotBeKeptIsOnRecordWithItsReason() throws {
        var bench = Self.arrived()
        bench.see("京Z98765")
        let order = try #require(bench.actions.pictures.first)
        let gone = PictureReport.Outcome.missing(reason: "its frame was gone already")
        bench.send(.pictured(PictureReport(name: order.name, outcome: gone)))
        bench.input("lane1-approach", false)
        let facts = try #require(bench.actions.records(.passage).first?.facts)
        #expect(facts["picture_missing"] == "its frame was gone already")
    }

    @Test func aSiteThatKeepsNoPicturesOrdersNone() {
        var bench = Self.arrived { $0.storage.picturesKept = .zero }
        bench.see(Self.plate)
        bench.wait(.seconds(2))
        #expect(bench.actions.pictures.isEmpty)
    }

    // MARK: Their end

    @Test func oldPicturesAreOrderedAwayEveryHourByATrustedClockOnly() {
        var bench = GateBench { $0.storage.picturesKept = .seconds(30 * 86_400) }
        bench.clockIsTrusted = false
        bench.wait(.seconds(600))
        #expect(bench.actions.erasures.isEmpty)
        bench.clockIsTrusted = true
        bench.wait(.seconds(6 * 3600))
        let orders = bench.actions.erasures
        #expect(orders.count == 6)
        let gaps = zip(orders, orders.dropFirst()).map { $1.milliseconds - $0.milliseconds }
        #expect(gaps.allSatisfy { $0 == 3_600_000 })
        let kept = bench.moment.wall.milliseconds - (orders.last?.milliseconds ?? 0)
        #expect((30 * 86_400_000...30 * 86_400_000 + 3_600_000).contains(kept))
    }

    @Test func whatWentIsOnRecordWithItsReason() {
        var bench = GateBench()
        let newest = PictureName(arrival: bench.moment.wall, passage: 7)
        bench.send(
            .picturesErased(
                PictureErasure(reason: .diskFull, count: 3, byteCount: 900, newest: newest)))
        let facts = bench.actions.records(.pictureErasure).first?.facts
        #expect(
            facts == [
                "reason": "disk_full", "pictures": "3", "bytes": "900", "newest": newest.text,
            ])
    }

    @Test func aFullJournalDiskMakesPicturesGoUntilItIsOver() {
        var bench = GateBench()
        let room = { (actions: [GateAction]) in actions.count { $0 == .makeRoom } }
        #expect(room(bench.send(.journalDisk(isFull: true))) == 1)
        #expect(room(bench.send(.journalDisk(isFull: true))) == 0)
        // The eyes may have been away.
        #expect(room(bench.wait(.seconds(150))) == 2)
        bench.send(.journalDisk(isFull: false))
        #expect(room(bench.wait(.seconds(600))) == 0)
    }

    @Test func troubleWithPicturesIsToldOnceAndStopsNothing() {
        var bench = GateBench()
        bench.send(.pictureTrouble("no space"))
        bench.send(.pictureTrouble("no space left"))
        #expect(bench.actions.alarms("pictures") == 1)
        #expect(bench.actions.records(.fault).map { $0.facts["code"] } == ["pictures"])
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        #expect(bench.store().asserts("lane1-raise") == 1)
        bench.send(.pictureTrouble(nil))
        #expect(bench.actions.contains(.clearAlarm(nil, code: "pictures")))
        #expect(bench.actions.records(.faultCleared).count == 1)
    }
}

extension [GateAction] {
    var pictures: [PictureOrder] {
        compactMap { if case .keepPicture(let order) = $0 { order } else { nil } }
    }

    var erasures: [WallTime] {
        compactMap { if case .erasePictures(let before) = $0 { before } else { nil } }
    }
}
