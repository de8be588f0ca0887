import EventJournal
import EventLoop
import Foundation
import GateConfiguration
import GateTypes
import LineControl
import ServiceRuntime
import Synchronization
import Testing

@Suite struct GateServiceTests {
    @Test func lineRestsFromTheFirstRequestAndNothingMovesAtTheStart() throws {
        let rig = try GateRig(lanes: 2)
        rig.service.announce()
        for output in rig.chip.outputs.values { #expect(output.values.first == false) }
        try rig.loop.run { (try? rig.output("watchdog").values.count) ?? 0 > 3 }
        #expect(rig.movements == 0)
        #expect(rig.notifier.states == ["ready"])
    }

    @Test func heartbeatChangesWhileTheLoopTurnsAndRestsWhenItStops() throws {
        let rig = try GateRig()
        try rig.loop.run { (try? rig.output("watchdog").values.count) ?? 0 > 6 }
        let values = try rig.output("watchdog").values
        for (earlier, later) in zip(values, values.dropFirst()) { #expect(earlier != later) }
        rig.service.stop("test")
        #expect(try rig.output("watchdog").values.last == false)
    }

    @Test func aHeartbeatThatIsLostIsToldOnceAndAgainWhenItWorks() throws {
        let rig = try GateRig()
        rig.chip.refusedOutputs = ["watchdog"]
        try rig.output("watchdog").isRefusing = true
        var isOver = false
        let timer = rig.loop.makeTimer { isOver = true }
        timer.set(rig.loop.now + .milliseconds(800))
        try rig.loop.run { isOver }
        let isAgain = { (line: String) in line.contains("the heartbeat output works again") }
        #expect(rig.log.all.count { $0.contains("no heartbeat") } == 1)
        #expect(!rig.log.all.contains(where: isAgain))
        rig.chip.refusedOutputs = []
        try rig.loop.run { rig.log.all.contains(where: isAgain) }
        #expect(rig.log.all.count(where: isAgain) == 1)
    }

    @Test func stopDrivesEveryLineToRestAndIsOnRecord() throws {
        let rig = try GateRig()
        rig.service.stop("SIGTERM")
        for output in rig.chip.outputs.values { #expect(output.values.last == false) }
        #expect(rig.notifier.states == ["stopping"])
        #expect(rig.journal.entries.last?.facts["event"] == "stopped")
    }

    @Test func secondControllerOnTheSameStateIsRefused() throws {
        let rig = try GateRig()
        let error = #expect(throws: StartError.self) {
            _ = try GateRig(folder: rig.folder, config: rig.config)
        }
        #expect(error?.description.contains("another gatehoused") == true)
    }

    @Test func watchdogIsFedWhileTheLoopTurns() throws {
        let folder = try ScratchFolder()
        let rig = try GateRig(
            folder: folder, config: .site(in: folder), watchdog: .milliseconds(60))
        try rig.loop.run { rig.notifier.count("watchdog") >= 3 }
        #expect(rig.notifier.count("watchdog") >= 3)
    }

    @Test func failingJournalIsToldInOneSentenceAndShownUntilItWorks() throws {
        let rig = try GateRig()
        rig.journal.failure = .diskFull(path: "journal.sqlite")
        try rig.loop.run { rig.service.snapshot().alarms.contains { $0.code == "storage" } }
        #expect(rig.service.snapshot().storageProblem?.contains("disk is full") == true)
        #expect(rig.log.all.count { $0.contains("lanes follow their on_storage_failure") } == 1)
        rig.journal.failure = nil
        try rig.loop.run { rig.service.snapshot().alarms.isEmpty }
        #expect(rig.service.snapshot().storageProblem == nil)
    }

    @Test func stateDirectoryThatCannotBeWrittenIsToldAndTheLanesGoOn() throws {
        let folder = try ScratchFolder()
        let config = GateConfig.site(in: folder)
        try Directories.make(config.storage.stateDirectory)
        // A folder in the file's place fails for root, too.
        try Directories.make(config.storage.stateDirectory + "/standing.spare")
        let rig = try GateRig(folder: folder, config: config)
        try rig.loop.run {
            rig.service.snapshot().alarms.contains { $0.code == "standing_state" }
        }
        #expect(rig.log.contains("make the state directory writable"))
        try rig.input("fire").set(false)
        try rig.loop.run { rig.chip.outputs["lane1-raise"]?.values.last == true }
    }
}

@Suite struct ControlTests {
    @Test func statusShowsEveryLaneWithItsInputs() throws {
        let rig = try GateRig(lanes: 2)
        let client = try TestClient(rig)
        let snapshot = try #require(try client.ask(ControlRequest(.status), rig).snapshot)
        #expect(snapshot.lanes.map(\.name) == ["lane1", "lane2"])
        #expect(snapshot.lanes[0].boom == "down" && snapshot.lanes[0].occupied.isEmpty)
        #expect(snapshot.lanes[0].blind == "the eyes have not come yet")
        #expect(!snapshot.eyes.isConnected && snapshot.emergency == nil)
        try rig.input("lane1-loop").set(true)
        try rig.loop.run { rig.service.snapshot().lanes[0].occupied == ["approach"] }
    }

    @Test func watchGoesOnUntilTheClientLeaves() throws {
        let rig = try GateRig()
        let client = try TestClient(rig)
        _ = try client.ask(ControlRequest(.watch), rig)
        try rig.loop.run { client.replies.count { $0.snapshot != nil } >= 3 }
        client.stream.close()
        let other = try TestClient(rig)
        #expect(try other.ask(ControlRequest(.status), rig).ok)
    }

    @Test(arguments: ["", "nonsense", "{\"request\":\"open\"}", "{\"request\":\"no\"}"])
    func malformedRequestIsAnsweredAndTheServiceGoesOn(line: String) throws {
        let rig = try GateRig()
        let client = try TestClient(rig)
        client.stream.send(Array(line.utf8))
        try rig.loop.run { !client.replies.isEmpty }
        #expect(client.replies.first?.ok == false)
        #expect(try client.ask(ControlRequest(.status), rig).ok)
    }

    @Test func endlessLineEndsTheConnectionAndNothingElse() throws {
        let rig = try GateRig()
        let client = try TestClient(rig)
        client.stream.send([UInt8](repeating: 65, count: 100_000))
        try rig.loop.run { client.isOver }
        #expect(try TestClient(rig).ask(ControlRequest(.status), rig).ok)
    }

    @Test func clientsBeyondTheLimitAreSentAway() throws {
        let rig = try GateRig()
        let clients = try (0..<ControlLimits.clients).map { _ in try TestClient(rig) }
        for client in clients { #expect(try client.ask(ControlRequest(.status), rig).ok) }
        let late = try TestClient(rig)
        try rig.loop.run { late.isOver }
        #expect(late.replies.first?.ok == false)
        clients[0].stream.close()
        try rig.loop.run { (try? TestClient(rig).ask(ControlRequest(.status), rig).ok) == true }
    }

    @Test func unknownLaneIsRefusedWithTheOnesThatThereAre() throws {
        let rig = try GateRig(lanes: 2)
        let client = try TestClient(rig)
        let reply = try client.ask(ControlRequest(.open, lane: "lane9"), rig)
        #expect(reply.ok == false && reply.text?.contains("lane1, lane2") == true)
    }
}

@Suite struct ReloadTests {
    /// A rig whose next configuration is what the test put into `next`.
    final class Next: Sendable {
        let result = Mutex<Result<GateConfig, ConfigProblems>>(.failure(ConfigProblems(["none"])))
    }

    static func rig() throws -> (GateRig, Next) {
        let (folder, next) = (try ScratchFolder(), Next())
        let rig = try GateRig(
            folder: folder, config: .site(in: folder),
            loadConfig: { next.result.withLock { $0 } })
        return (rig, next)
    }

    @Test func brokenConfigurationChangesNothingAndTellsEveryError() throws {
        let (rig, next) = try Self.rig()
        let messages = ["gatehouse.yaml:3:1: error: a; b", "policy.yaml:7:2: error: c; d"]
        next.result.withLock { $0 = .failure(ConfigProblems(messages)) }
        let client = try TestClient(rig)
        let reply = try client.ask(ControlRequest(.reload), rig)
        #expect(!reply.ok && reply.errors == messages)
        let snapshot = try #require(try client.ask(ControlRequest(.status), rig).snapshot)
        #expect(snapshot.site == "Test gate" && snapshot.lanes.count == 1)
        #expect(rig.notifier.states == ["reloading", "ready"])
        try rig.loop.run { rig.journal.entries.last?.facts["event"] == "reload_refused" }
        // Whoever ordered it is a personal field, which can be erased.
        #expect(rig.journal.entries.last?.facts["by"] == nil)
        #expect(rig.journal.entries.last?.text(.person) != nil)
        #expect(rig.chip.requests["lane1-raise"] == 1)
    }

    @Test func newConfigurationIsInForceAsAWhole() throws {
        let (rig, next) = try Self.rig()
        var new = GateConfig.site(lanes: 3, in: rig.folder)
        new.site.name = "Second gate"
        rig.chip.levels = new.restingLevels
        next.result.withLock { [new] in $0 = .success(new) }
        let client = try TestClient(rig)
        #expect(try client.ask(ControlRequest(.reload), rig).ok)
        let snapshot = try #require(try client.ask(ControlRequest(.status), rig).snapshot)
        #expect(snapshot.site == "Second gate" && snapshot.lanes.count == 3)
        #expect(snapshot.lanes[2].boom == "down")
        #expect(rig.chip.requests["lane1-raise"] == 1 && rig.chip.requests["lane3-raise"] == 1)
        #expect(rig.movements == 0)
    }

    @Test func unchangedLinesAreKeptRequested() throws {
        let (rig, next) = try Self.rig()
        var new = rig.config
        new.site.name = "Second gate"
        next.result.withLock { [new] in $0 = .success(new) }
        #expect(try TestClient(rig).ask(ControlRequest(.reload), rig).ok)
        #expect(rig.chip.requests["lane1-raise"] == 1)
    }

    @Test func aLineThatCannotBeReadIsAFaultAtTheStartAndAfterAReload() throws {
        let (folder, next) = (try ScratchFolder(), Next())
        var config = GateConfig.site(in: folder)
        config.chips["gone"] = Chip(backing: .simulated, isNative: true)
        config.inputs["lane1-up"]?.chip = "gone"
        var line = try #require(config.inputs["lane1-down"])
        line.chip = "gone"
        config.inputs["lockdown"] = line
        config.lockdown = LockdownConfig()
        config.lockdown?.input = "lockdown"
        next.result.withLock { [config] in $0 = .success(config) }
        let rig = try GateRig(
            folder: folder, config: config, loadConfig: { next.result.withLock { $0 } })
        let client = try TestClient(rig)
        for _ in 0..<2 {
            let snapshot = try #require(try client.ask(ControlRequest(.status), rig).snapshot)
            #expect(snapshot.lanes[0].state == "fault" && snapshot.lanes[0].boom != "up")
            #expect(snapshot.lockdown == nil)
            #expect(try client.ask(ControlRequest(.reload), rig).ok)
        }
    }

    @Test func aReloadEndsNoFaultAndLeavesNoAlarmThatNobodyCanClear() throws {
        let (folder, next) = (try ScratchFolder(), Next())
        var config = GateConfig.site(in: folder)
        config.chips["gone"] = Chip(backing: .simulated, isNative: true)
        config.outputs["lane1-raise"]?.chip = "gone"
        // The next configuration names the right chip; the fault is still a person's to end.
        let mended = GateConfig.site(in: folder)
        next.result.withLock { $0 = .success(mended) }
        let rig = try GateRig(
            folder: folder, config: config, loadConfig: { next.result.withLock { $0 } })
        let client = try TestClient(rig)
        try rig.loop.run { rig.service.snapshot().lanes[0].state == "fault" }
        #expect(try client.ask(ControlRequest(.reload), rig).ok)
        let faulty = try #require(try client.ask(ControlRequest(.status), rig).snapshot)
        #expect(faulty.lanes[0].state == "fault")
        #expect(faulty.alarms.map(\.code) == ["output_failed_raise"])
        #expect(try client.ask(ControlRequest(.clearFault, lane: "lane1"), rig).ok)
        let cleared = try #require(try client.ask(ControlRequest(.status), rig).snapshot)
        #expect(cleared.lanes[0].state == "resting" && cleared.alarms.isEmpty)
    }

    @Test func stateDirectoryCannotMoveUnderARunningGate() throws {
        let (rig, next) = try Self.rig()
        var new = rig.config
        new.storage.stateDirectory += "2"
        next.result.withLock { [new] in $0 = .success(new) }
        let reply = try TestClient(rig).ask(ControlRequest(.reload), rig)
        #expect(!reply.ok && reply.errors?.first?.contains("restart gatehoused") == true)
    }
}
