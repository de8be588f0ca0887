import EventLoop
import Foundation
import GateConfiguration
import GateTypes
import ServiceRuntime
import Testing
import VisionLink

@Suite struct FrameDeskTests {
    final class Quiet: CameraFeed {
        let name: CameraName
        init(_ name: CameraName) { self.name = name }
        func takeFrame() -> (any VisionFrame)? {
            ScriptedFrame(camera: name, sequence: 1, time: .now(), reading: .plates([], stages: []))
        }
        var counts: FeedCounts { FeedCounts() }
        func stop() {}
    }

    static func reader(_ number: Int) -> FrameDesk.Recogniser { .init(.plates, number) }

    static func order(_ name: CameraName, isForFaces: Bool) -> CameraOrder {
        var order = CameraOrder(
            name: name, source: .scene, widthPixels: 1, heightPixels: 1, rate: 1, format: "mjpeg")
        if isForFaces {
            order.faces = FaceOrder(role: .recognise(infrared: nil), smallestPixels: 80)
        }
        return order
    }

    static func desk(_ names: [CameraName], faces: [CameraName] = []) -> FrameDesk {
        let desk = FrameDesk()
        for name in names + faces {
            desk.add(order(name, isForFaces: faces.contains(name)), Quiet(name))
        }
        desk.pause(false)
        return desk
    }

    @Test func laneWhereSomebodyWaitsGoesFirst() {
        let desk = Self.desk(["a", "b", "c"])
        desk.setAttention(.waiting, of: "c")
        for name: CameraName in ["a", "b", "c"] { desk.ready(name) }
        #expect((0..<3).compactMap { desk.take(Self.reader($0))?.camera.name } == ["c", "a", "b"])
    }

    @Test func whoHasJustComeGoesBeforeThoseWhoWereLookedAt() throws {
        let desk = Self.desk(["a", "b"])
        desk.setAttention(.waiting, of: "a")
        desk.ready("a")
        let first = try #require(desk.take(Self.reader(0)))
        desk.finish(first, Self.reader(0), reading: .plates([], stages: []))
        desk.ready("a")
        desk.setAttention(.waiting, of: "b")
        desk.ready("b")
        #expect(desk.take(Self.reader(0))?.camera.name == "b")
        #expect(desk.take(Self.reader(1))?.camera.name == "a")
    }

    @Test func crowdBeforeTheTurnstilesKeepsNoLorryWaiting() throws {
        let desk = Self.desk(["lane"], faces: ["in", "out"])
        for name: CameraName in ["in", "out", "lane"] {
            desk.setAttention(.waiting, of: name)
            desk.ready(name)
        }
        #expect(desk.take(Self.reader(0))?.camera.name == "lane")
        let faces = (0..<2).compactMap { desk.take(.init(.faces, $0))?.camera.name }
        #expect(faces == ["in", "out"])
    }

    /// Nobody knows whose face a frame shows that was not looked at yet.
    @Test func framesOfFacesThatWaitGoWithAWithdrawalAndPlatesStay() throws {
        let desk = Self.desk([])
        let feeds = ["lane", "in"].map { (name: CameraName) in
            let sink = FeedSink(ready: { desk.ready(name) }, health: { _ in })
            let feed = ScriptedFeed(Self.order(name, isForFaces: name == "in"), sink)
            desk.add(feed.order, feed)
            desk.setAttention(.waiting, of: name)
            return feed
        }
        for feed in feeds { feed.show(.plates([], stages: [])) }
        desk.dropWaiting(.faces)
        #expect(feeds[1].takeFrame() == nil)
        #expect(desk.take(Self.reader(0))?.camera.name == "lane")
        // The next frame is read like any other.
        feeds[1].show(.faces(FaceFinding(), stages: []))
        #expect(desk.take(.init(.faces, 0))?.frame.sequence == 2)
    }

    @Test func oneCameraIsReadByOneThreadAtATime() throws {
        let desk = Self.desk(["a", "b"])
        desk.setAttention(.waiting, of: "a")
        desk.ready("a")
        let first = try #require(desk.take(Self.reader(0)))
        desk.ready("a")
        desk.ready("b")
        #expect(desk.take(Self.reader(1))?.camera.name == "b")
        desk.finish(first, Self.reader(0), reading: .plates([], stages: []))
        #expect(desk.take(Self.reader(0))?.camera.name == "a")
        #expect(desk.counts.read == 1)
    }

    @Test func jobThatDoesNotEndGrowsOldAndAnEmptyDeskDoesNot() throws {
        let desk = Self.desk(["a"])
        #expect(desk.oldestJob(at: .now() + .seconds(3600)) == .zero)
        desk.ready("a")
        // An idle lane's frame is held back on purpose.
        #expect(desk.oldestJob(at: .now() + .seconds(3600)) == .zero)
        let job = try #require(desk.take(Self.reader(0)))
        #expect(desk.oldestJob(at: .now() + .seconds(6)) > .seconds(5))
        desk.finish(job, Self.reader(0), reading: .unchanged)
        #expect(desk.oldestJob(at: .now() + .seconds(6)) == .zero)
    }

    @Test func waitOfALaneBeginsWhenSomebodyComesNotWhenItsFrameWasHeldBack() throws {
        let desk = Self.desk(["a"])
        desk.ready("a")
        let held = Instant.now()
        while Instant.now() == held {}
        desk.setAttention(.waiting, of: "a")
        let age = desk.oldestJob(at: held + .seconds(6))
        #expect(age < .seconds(6) && age > .seconds(5))
    }

    @Test func waitingFrameThatNobodyTakesGrowsOld() {
        let desk = Self.desk(["a"])
        desk.setAttention(.waiting, of: "a")
        desk.ready("a")
        #expect(desk.oldestJob(at: .now() + .seconds(6)) > .seconds(5))
    }

    @Test func closedDeskLetsEveryRecogniserGo() {
        let desk = Self.desk(["a"])
        desk.close()
        #expect(desk.take(Self.reader(0)) == nil && desk.take(Self.reader(1)) == nil)
    }
}

@Suite struct VisionServiceTests {
    /// Controller and eyes on one loop, joined by the real socket.
    static func joined(
        lanes: Int = 1, watchdog: Duration? = nil, jobLimit: Duration = VisionService.jobLimit
    ) throws -> (GateRig, EyesRig) {
        let rig = try GateRig(lanes: lanes)
        let eyes = try EyesRig(
            loop: rig.loop, path: RuntimePaths.vision(rig.config), watchdog: watchdog,
            jobLimit: jobLimit)
        try rig.loop.run { rig.service.snapshot().lanes.allSatisfy { $0.blind == nil } }
        return (rig, eyes)
    }

    @Test func camerasOfTheConfigurationAreWatched() throws {
        let (rig, eyes) = try Self.joined(lanes: 3)
        #expect(eyes.feeds.keys.sorted() == ["lane1", "lane2", "lane3"])
        #expect(eyes.feeds["lane2"]?.order.widthPixels == 1920)
        #expect(rig.service.snapshot().eyes.program == "test eyes")
        eyes.end()
    }

    @Test func blindCameraIsShownWithItsReasonUntilItSees() throws {
        let (rig, eyes) = try Self.joined()
        eyes.feeds["lane1"]?.goBlind("/dev/video0: unplugged; plug it in")
        try rig.loop.run { rig.service.snapshot().lanes[0].blind?.contains("unplugged") == true }
        eyes.feeds["lane1"]?.goBlind(nil)
        try rig.loop.run { rig.service.snapshot().lanes[0].blind == nil }
        eyes.end()
    }

    @Test func eyesThatEndMoveNoRelayAndLoseNoInputAndComeBack() throws {
        let (rig, eyes) = try Self.joined()
        let moved = rig.movements
        eyes.end()
        try rig.loop.run { rig.service.snapshot().lanes[0].blind != nil }
        #expect(!rig.service.snapshot().eyes.isConnected)
        try rig.input("lane1-safety").set(false)
        try rig.loop.run { rig.service.snapshot().lanes[0].occupied == ["safety"] }
        try rig.input("lane1-safety").set(true)
        try rig.loop.run { rig.service.snapshot().lanes[0].occupied.isEmpty }
        #expect(rig.movements == moved)
        let again = try EyesRig(loop: rig.loop, path: RuntimePaths.vision(rig.config))
        try rig.loop.run { rig.service.snapshot().lanes[0].blind == nil }
        #expect(rig.movements == moved)
        try rig.loop.run { rig.journal.entries.contains { $0.facts["event"] == "eyes_lost" } }
        again.end()
    }

    @Test func wedgedRecogniserEndsTheWatchdogAndNothingElse() throws {
        let (rig, eyes) = try Self.joined(watchdog: .milliseconds(60), jobLimit: .milliseconds(50))
        try rig.loop.run { eyes.notifier.count("watchdog") > 2 }
        eyes.gate.shut()
        eyes.feeds["lane1"]?.show(.plates([], stages: []))
        try rig.loop.run { eyes.log.contains("the watchdog is not fed") }
        let fed = eyes.notifier.count("watchdog")
        let beats = try rig.output("watchdog").values.count
        try rig.loop.run { (try? rig.output("watchdog").values.count) ?? 0 > beats + 4 }
        #expect(eyes.notifier.count("watchdog") == fed)
        #expect(rig.service.snapshot().eyes.isConnected)
        eyes.gate.release()
        try rig.loop.run { eyes.notifier.count("watchdog") > fed }
        try rig.loop.run { eyes.log.contains("the recogniser goes on") }
        eyes.end()
    }

    @Test func damagedFramesAreCountedAndStopNothing() throws {
        let (rig, eyes) = try Self.joined()
        eyes.feeds["lane1"]?.show(.damaged)
        try rig.loop.run { rig.service.snapshot().eyes.framesDamaged == 1 }
        #expect(rig.service.snapshot().lanes[0].blind == nil)
        eyes.end()
    }

    @Test func controllerThatComesLaterIsFound() throws {
        let folder = try ScratchFolder()
        let config = GateConfig.site(in: folder)
        let loop = try EventLoop()
        let eyes = try EyesRig(loop: loop, path: RuntimePaths.vision(config))
        try loop.run { eyes.log.contains("the controller is away") }
        #expect(eyes.service?.isConnected == false)
        eyes.end()
    }
}
