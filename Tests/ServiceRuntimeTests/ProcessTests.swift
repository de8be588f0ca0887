import EventLoop
import Foundation
import GateTypes
import Imaging
import PlateRecognition
import ServiceRuntime
import Testing

/// The built programs, which lie beside the tests.
enum Programs {
    static let folder: String? = {
        guard let me = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        else { return nil }
        return (me as NSString).deletingLastPathComponent
    }()

    static func path(_ name: String) -> String? {
        guard let folder, FileManager.default.isExecutableFile(atPath: folder + "/" + name) else {
            return nil
        }
        return folder + "/" + name
    }

    static let controllerIsBuilt = path("gatehoused") != nil
    /// The eyes need the networks, which a checkout without `models/` lacks.
    static let eyesCanSee =
        path("gatehouse-vision") != nil
        && [ModelFolder.localiser, ModelFolder.reader].allSatisfy {
            FileManager.default.isReadableFile(atPath: ModelFolder.find() + "/" + $0)
        }
}

/// A site on the disk with one simulated lane, and the programs that run on it.
final class ProcessRig {
    let folder: ScratchFolder
    var config: String { folder.file("config") }
    var controlSocket: String { folder.file("run/control.sock") }
    private var running: [Process] = []

    init(traffic: String = "") throws {
        folder = try ScratchFolder()
        try FileManager.default.createDirectory(
            atPath: config + "/roster", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            atPath: folder.file("frames"), withIntermediateDirectories: true)
        try write("gatehouse.yaml", site)
        try write("policy.yaml", "groups: [lorries]\nrules:\n  - { allow: lorries }\n")
        try write(
            "roster/vehicles.csv",
            "plate,group,valid_from,valid_until,note\n京A12345,lorries,,,\n")
        if !traffic.isEmpty {
            try write(
                "traffic.csv",
                "at_ms,lane,vehicle,behaviour,length_cm,speed_cm_s,patience_ms\n" + traffic)
        }
    }

    deinit {
        for process in running where process.isRunning {
            kill(process.processIdentifier, SIGCONT)
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
    }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: config + "/" + name, atomically: false, encoding: .utf8)
    }

    private var site: String {
        """
        site: { name: Process test, time_zone: UTC, language: en }
        chips: { model: { simulated: true } }
        storage:
          { state: \(folder.file("state")), runtime: \(folder.file("run")) }
        cameras:
          lane1: { replay: \(folder.file("frames")), size: 1280x720, rate: 5 }
        lines:
          fire:     { chip: model, line: 0, input: normally-closed }
          loop:     { chip: model, line: 1, input: normally-open }
          safety:   { chip: model, line: 2, input: normally-closed }
          beam:     { chip: model, line: 3, input: normally-closed }
          up:       { chip: model, line: 4, input: normally-open }
          down:     { chip: model, line: 5, input: normally-open }
          watchdog: { chip: model, line: 100, output: relay, rest: de-energised, longest: 1s, fail: secured }
          raise:    { chip: model, line: 101, output: relay, rest: de-energised, longest: 2s, fail: secured }
          lower:    { chip: model, line: 102, output: relay, rest: de-energised, longest: 2s, fail: secured }
        lanes:
          lane1:
            kind: barrier
            direction: in
            camera: lane1
            outputs: { raise: raise, lower: lower }
            inputs: { approach: loop, safety: safety, photocell: beam, up: up, down: down }
        fire: { input: fire }
        heartbeat: { output: watchdog }

        """
    }

    /// Starts a program; what it says on standard error goes to `NAME.log`.
    @discardableResult
    func start(_ name: String, environment: [String: String] = [:]) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: try #require(Programs.path(name)))
        process.arguments = ["--config", config]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let log = folder.file(name + ".log")
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.standardError = FileHandle(forWritingAtPath: log)
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        running.append(process)
        return process
    }

    func log(_ name: String) -> String {
        (try? String(contentsOfFile: folder.file(name + ".log"), encoding: .utf8)) ?? ""
    }

    /// Asks until the gate answers; a process that ended instead fails the test.
    func client() throws -> ControlClient {
        while true {
            if let client = try? ControlClient(path: controlSocket) { return client }
            try #require(running.contains { $0.isRunning }, "ended: \(log("gatehoused"))")
            usleep(20_000)
        }
    }

    /// Follows the gate until a snapshot fits.
    @discardableResult
    func wait(_ condition: @escaping (GateSnapshot) -> Bool) throws -> GateSnapshot {
        let client = try client()
        var found: GateSnapshot?
        try client.watch { reply in
            if let snapshot = reply.snapshot, condition(snapshot) { found = snapshot }
            return found == nil
        }
        return try #require(found)
    }
}

@Suite(.enabled(if: Programs.controllerIsBuilt), .timeLimit(.minutes(3)))
struct ProcessTests {
    @Test func termSignalRestsEveryLineAndEndsInOrder() throws {
        let rig = try ProcessRig()
        let gate = try rig.start("gatehoused")
        _ = try rig.client()
        gate.terminate()
        gate.waitUntilExit()
        #expect(gate.terminationReason == .exit && gate.terminationStatus == 0)
        #expect(rig.log("gatehoused").contains("stopped: SIGTERM; every line is at rest"))
    }

    @Test func brokenConfigurationEndsWith78AndThePlaceOfEachError() throws {
        let rig = try ProcessRig()
        try rig.write("policy.yaml", "groups: [lorries]\nrulez: []\nrules:\n  - { permit: x }\n")
        let gate = try rig.start("gatehoused")
        gate.waitUntilExit()
        #expect(gate.terminationStatus == 78)
        let lines = rig.log("gatehoused").split(separator: "\n")
        #expect(lines.count { $0.contains("policy.yaml:") && $0.contains(": error: ") } >= 2)
    }

    @Test func secondDaemonOnTheSameStateEndsWithOneSentence() throws {
        let rig = try ProcessRig()
        try rig.start("gatehoused")
        _ = try rig.client()
        let second = try rig.start("gatehoused")
        second.waitUntilExit()
        #expect(second.terminationStatus == 1)
        #expect(rig.log("gatehoused").contains("another gatehoused already uses"))
        #expect(try rig.client().ask(ControlRequest(.status), within: .seconds(60)).ok)
    }

    @Test func emergencyOutlivesKillAndRestart() throws {
        let rig = try ProcessRig()
        let first = try rig.start("gatehoused")
        let reply = try rig.client().ask(
            ControlRequest(.emergencyRelease), within: .seconds(60))
        #expect(reply.ok)
        let kept = StandingStateFile(directory: rig.folder.file("state"))
        while kept.load().emergency == nil { usleep(10_000) }
        kill(first.processIdentifier, SIGKILL)
        first.waitUntilExit()
        try rig.start("gatehoused")
        let snapshot = try rig.wait { $0.emergency != nil && $0.lanes[0].boom == "up" }
        #expect(snapshot.lanes[0].state == "emergency")
    }

    @Test func serviceManagerIsToldReadyAndStopping() throws {
        let rig = try ProcessRig()
        let path = rig.folder.file("notify")
        let manager = try NotifySocket(path)
        let gate = try rig.start(
            "gatehoused",
            environment: ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "600000"])
        try manager.waitFor("READY=1")
        try manager.waitFor("WATCHDOG=1")
        kill(gate.processIdentifier, SIGHUP)
        try manager.waitFor("RELOADING=1")
        try manager.waitFor("READY=1")
        gate.terminate()
        try manager.waitFor("STOPPING=1")
        gate.waitUntilExit()
    }
}

/// Killing or stopping the eyes moves no relay and loses no input, and they come back.
@Suite(.enabled(if: Programs.controllerIsBuilt && Programs.eyesCanSee), .timeLimit(.minutes(5)))
struct TwoProcessTests {
    @Test(arguments: [SIGKILL, SIGSTOP])
    func lossOfTheEyesMovesNothingAndHeals(signal: Int32) throws {
        // A vehicle that stands on the loop for good.
        let rig = try ProcessRig(traffic: "6000,lane1,1,turn-back,800,300,3600000\n")
        // Drawn here, so that no picture is kept with the tests.
        let frame = GrayImage(size: PixelSize(width: 1280, height: 720), filledWith: 128)
        try Data(try JPEG.encode(frame)).write(to: URL(filePath: rig.folder.file("frames/1.jpg")))
        try rig.start("gatehoused")
        let eyes = try rig.start("gatehouse-vision")
        try rig.wait { $0.eyes.isConnected && $0.lanes[0].blind == nil }
        kill(eyes.processIdentifier, signal)
        let gone = try rig.wait { !$0.eyes.isConnected && $0.lanes[0].blind != nil }
        #expect(gone.lanes[0].boom == "down")
        // The vehicle's arrival is an input like any other: nothing of it is lost.
        let occupied = try rig.wait { $0.lanes[0].occupied.contains("approach") }
        #expect(occupied.lanes[0].boom == "down" && occupied.counts["grant"] == nil)
        if signal == SIGSTOP {
            kill(eyes.processIdentifier, SIGCONT)
        } else {
            eyes.waitUntilExit()
            try rig.start("gatehouse-vision")
        }
        let healed = try rig.wait { $0.eyes.isConnected && $0.lanes[0].blind == nil }
        #expect(healed.lanes[0].boom == "down")
        #expect(healed.lanes[0].state == "resting")
    }
}

/// A datagram socket as a service manager has it.
final class NotifySocket {
    private let socket: Descriptor

    init(_ path: String) throws {
        let raw = try systemCall("socket") {
            Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        }
        socket = Descriptor(owning: raw, path: path)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        try withUnsafePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
                _ = try systemCall("bind", path) { bind(raw, plain, length) }
            }
        }
    }

    /// Reads messages until one holds this line.
    func waitFor(_ line: String) throws {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try #require(try socket.read(into: &buffer))
            let text = String(decoding: buffer.prefix(count), as: UTF8.self)
            if text.split(separator: "\n").contains(where: { $0.hasPrefix(line) }) { return }
        }
    }
}
