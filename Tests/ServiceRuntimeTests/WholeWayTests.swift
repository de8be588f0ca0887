import EventJournal
import EventLoop
import Foundation
import GateConfiguration
import GateTypes
import ServiceRuntime
import Synchronization
import Testing
import VisionLink

extension GateConfig {
    /// Knows one lorry, and shortens every wait that a test would have to sit out.
    static func siteWithLorry(
        lanes: Int = 1, deadline: Duration = .seconds(30), in folder: ScratchFolder
    ) -> GateConfig {
        var config = GateConfig.site(lanes: lanes, in: folder)
        config.policy.groups = ["lorries"]
        config.policy.rules = [.init(.allow, group: "lorries")]
        config.roster.vehicles = [.init(plate: "京A12345", group: "lorries")]
        for name in config.lanes.keys {
            config.lanes[name]?.timing.waitForPassage = .milliseconds(300)
            config.lanes[name]?.timing.clearance = .milliseconds(100)
            config.lanes[name]?.timing.deadTime = .milliseconds(50)
            config.lanes[name]?.timing.storage = .seconds(10)
            config.lanes[name]?.timing.deadline = deadline
        }
        return config
    }
}

extension GateRig {
    static func withLorry(
        folder: ScratchFolder? = nil, lanes: Int = 1, deadline: Duration = .seconds(30)
    ) throws -> GateRig {
        let folder = try folder ?? ScratchFolder()
        return try GateRig(
            folder: folder, config: .siteWithLorry(lanes: lanes, deadline: deadline, in: folder))
    }

    func isEnergised(_ line: LineName) -> Bool { chip.outputs[line]?.values.last == true }

    /// Lets the boom of a lane follow its relays: it leaves one limit switch, travels, and reaches
    /// the other.
    func moveBoom(_ lane: String = "lane1") {
        let raises = isEnergised(LineName(lane + "-raise"))
        let lowers = isEnergised(LineName(lane + "-lower"))
        guard raises != lowers else { return }
        let (from, to) = raises ? ("-down", "-up") : ("-up", "-down")
        if chip.inputs[LineName(lane + from)]?.set(false) == true { left[lane] = loop.now }
        guard let moment = left[lane], loop.now - moment > .milliseconds(100) else { return }
        chip.inputs[LineName(lane + to)]?.set(true)
    }

    func kinds(_ kind: EntryKind) -> [JournalEntry] {
        journal.entries.filter { $0.kind == kind.rawValue }
    }
}

@Suite struct WholeWayTests {
    static func joined(deadline: Duration = .seconds(30)) throws -> (GateRig, EyesRig) {
        let rig = try GateRig.withLorry(deadline: deadline)
        let eyes = try EyesRig(loop: rig.loop, path: RuntimePaths.vision(rig.config))
        try rig.loop.run { rig.service.snapshot().lanes[0].blind == nil }
        return (rig, eyes)
    }

    /// Shows a new frame with this plate whenever the last one has been read.
    static func show(_ text: String, _ eyes: EyesRig, _ rig: GateRig, until: () -> Bool) throws {
        var shown = UInt64.max
        try rig.loop.run {
            let feed = eyes.feeds["lane1"]
            let read = feed?.counts.seen ?? 0
            if read != shown || feed?.takeFrame() == nil {
                feed?.show(.plates([.sure(text)], stages: []))
                shown = feed?.counts.seen ?? 0
            }
            return until()
        }
    }

    @Test func listedLorryOpensItsLaneAndIsOnRecordFirst() throws {
        let (rig, eyes) = try Self.joined()
        try rig.input("lane1-loop").set(true)
        try rig.loop.run { rig.service.snapshot().lanes[0].isVehicleWaiting }
        try Self.show("京A12345", eyes, rig) { rig.isEnergised("lane1-raise") }
        let grant = try #require(rig.kinds(.grant).first)
        #expect(grant.text(.plate) == "京A12345")
        let snapshot = rig.service.snapshot()
        #expect(snapshot.plates.first?.isAdmitted == true)
        #expect(snapshot.latencies.contains { $0.name == "arrival_to_relay" && $0.count == 1 })
        #expect(snapshot.latencies.contains { $0.name == "frame_to_relay" && $0.count == 1 })
        eyes.end()
    }

    @Test func strangerIsRefusedAndNothingMoves() throws {
        let (rig, eyes) = try Self.joined(deadline: .milliseconds(500))
        try rig.input("lane1-loop").set(true)
        try rig.loop.run { rig.service.snapshot().lanes[0].isVehicleWaiting }
        try Self.show("沪B98765", eyes, rig) { !rig.kinds(.refusal).isEmpty }
        #expect(rig.chip.outputs["lane1-raise"]?.values == [false])
        #expect(rig.service.snapshot().plates.first?.isAdmitted == false)
        eyes.end()
    }

    @Test func journalThatFailsKeepsTheLaneShutAndSaysSo() throws {
        let (rig, eyes) = try Self.joined()
        rig.journal.failure = .diskFull(path: "journal.sqlite")
        try rig.input("lane1-loop").set(true)
        try rig.loop.run { rig.service.snapshot().lanes[0].isVehicleWaiting }
        try Self.show("京A12345", eyes, rig) {
            rig.service.snapshot().lanes[0].notice == "storageFailed"
                || rig.service.snapshot().lanes[0].notice == "askGuard"
        }
        #expect(
            rig.service.snapshot().alarms.contains { $0.lane == "lane1" && $0.code == "storage" })
        #expect(rig.chip.outputs["lane1-raise"]?.values == [false])
        // What stands on the display is what people of a simulated world see.
        let shown = try #require(rig.display.told.last)
        #expect(shown.lane == "lane1")
        #expect(shown.notice.rawValue == rig.service.snapshot().lanes[0].notice)
        eyes.end()
    }

    @Test func guardOpensByNameAndTheNameIsOnRecord() throws {
        let rig = try GateRig.withLorry()
        let client = try TestClient(rig)
        let isRoot = geteuid() == 0
        let request = ControlRequest(.open, lane: "lane1", as: isRoot ? "E017" : nil)
        let reply = try client.ask(request, rig)
        #expect(reply.ok)
        try rig.loop.run { rig.isEnergised("lane1-raise") }
        let name = try #require(rig.kinds(.override).first?.text(.person))
        #expect(isRoot ? name == "E017 (root)" : !name.isEmpty)
    }

    @Test func reloadWaitsUntilTheBoomIsAtRest() throws {
        let folder = try ScratchFolder()
        let old = GateConfig.siteWithLorry(in: folder)
        var new = old
        new.site.name = "Second gate"
        let rig = try GateRig(folder: folder, config: old, loadConfig: { [new] in .success(new) })
        let (guardian, manager) = (try TestClient(rig), try TestClient(rig))
        #expect(try guardian.ask(ControlRequest(.open, lane: "lane1"), rig).ok)
        try rig.loop.run { rig.isEnergised("lane1-raise") }
        manager.stream.send(ControlCoding.encode(ControlRequest(.reload)))
        let beats = try rig.output("watchdog").values.count
        try rig.loop.run { (try? rig.output("watchdog").values.count) ?? 0 > beats + 3 }
        #expect(manager.replies.isEmpty && rig.service.snapshot().site == "Test gate")
        try rig.loop.run {
            rig.moveBoom()
            return !manager.replies.isEmpty
        }
        #expect(manager.replies.first?.ok == true)
        #expect(rig.service.snapshot().site == "Second gate")
        #expect(!rig.isEnergised("lane1-raise") && !rig.isEnergised("lane1-lower"))
        try rig.loop.run { rig.service.snapshot().lanes[0].boom == "down" }
    }

    @Test func stopInTheMiddleOfAMovementRestsEveryLine() throws {
        let rig = try GateRig.withLorry()
        _ = try TestClient(rig).ask(ControlRequest(.open, lane: "lane1"), rig)
        try rig.loop.run { rig.isEnergised("lane1-raise") }
        rig.service.stop("SIGTERM")
        for output in rig.chip.outputs.values { #expect(output.values.last == false) }
    }
}

@Suite struct EmergencyTests {
    @Test func fireAlarmRaisesEveryBoomWithoutWaitingForTheJournal() throws {
        let rig = try GateRig.withLorry(lanes: 3)
        rig.journal.failure = .diskFull(path: "journal.sqlite")
        try rig.input("fire").set(false)
        try rig.loop.run { (1...3).allSatisfy { rig.isEnergised(LineName("lane\($0)-raise")) } }
        #expect(rig.service.snapshot().emergency != nil)
    }

    @Test func emergencyOutlivesARestartAndEndsByItsReset() throws {
        let folder = try ScratchFolder()
        var first: GateRig? = try GateRig.withLorry(folder: folder)
        if let rig = first {
            let client = try TestClient(rig)
            #expect(try client.ask(ControlRequest(.emergencyRelease), rig).ok)
            #expect(rig.isEnergised("lane1-raise"))
            let kept = StandingStateFile(directory: rig.config.storage.stateDirectory)
            try rig.loop.run { kept.load().emergency != nil }
        }
        // The process dies: nobody stops anything in order.
        first = nil
        let second = try GateRig.withLorry(folder: folder)
        #expect(second.isEnergised("lane1-raise"))
        #expect(second.service.snapshot().emergency != nil)
        let client = try TestClient(second)
        #expect(try client.ask(ControlRequest(.emergencyReset), second).ok)
        #expect(second.service.snapshot().emergency == nil)
        let kept = StandingStateFile(directory: second.config.storage.stateDirectory)
        try second.loop.run { kept.load().emergency == nil }
        #expect(!second.isEnergised("lane1-lower"))
    }

    @Test func damagedStandingStateResumesAsAnEmergency() throws {
        let folder = try ScratchFolder()
        let config = GateConfig.siteWithLorry(in: folder)
        try Directories.make(config.storage.stateDirectory)
        try "garbage".write(
            toFile: config.storage.stateDirectory + "/standing.json", atomically: true,
            encoding: .utf8)
        let rig = try GateRig.withLorry(folder: folder)
        #expect(rig.isEnergised("lane1-raise"))
    }
}
