import EventJournal
import EventLoop
import Foundation
import GateConfiguration
import GateEngine
import GateTypes
import LineControl
import ServiceRuntime
import Synchronization
import Testing

/// A folder that goes away with the test; its path is short enough for a socket.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "gh-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

/// Lines in memory: inputs set by the test wake the loop as the kernel's do.
final class TestChip: LineChip {
    final class Input: InputPort {
        let descriptor: Descriptor?
        private let bell: Descriptor
        private var waiting: [LineEdge] = []
        private var level: Bool

        init(level: Bool) throws {
            self.level = level
            var ends: [Int32] = [0, 0]
            try systemCall("pipe") { pipe(&ends) }
            for end in ends { try systemCall("fcntl") { fcntl(end, F_SETFL, O_NONBLOCK) } }
            descriptor = Descriptor(owning: ends[0], path: "test input")
            bell = Descriptor(owning: ends[1], path: "test input")
        }

        /// True when the level was another before.
        @discardableResult
        func set(_ isHigh: Bool) -> Bool {
            guard level != isHigh else { return false }
            level = isHigh
            waiting.append(LineEdge(instant: .now(), isHigh: isHigh))
            _ = write(bell.raw, "x", 1)
            return true
        }

        /// One pulse that is over when it is told, at a time of its own.
        func pulse(at instant: Instant) {
            waiting.append(LineEdge(instant: instant, isHigh: false))
            _ = write(bell.raw, "x", 1)
        }

        func edges(limit: Int) throws(LineError) -> [LineEdge] {
            var buffer = [UInt8](repeating: 0, count: 64)
            _ = try? descriptor?.read(into: &buffer)
            defer { waiting.removeFirst(min(limit, waiting.count)) }
            return Array(waiting.prefix(limit))
        }

        func isHigh() throws(LineError) -> Bool { level }
    }

    final class Output: OutputPort {
        private(set) var values: [Bool]
        /// When each value but the first was set.
        private(set) var times: [Instant] = []
        var isRefusing = false
        private let line: LineName

        init(line: LineName, first: Bool) {
            self.line = line
            values = [first]
        }

        func set(_ isHigh: Bool) throws(LineError) {
            if isRefusing { throw .failed(line, operation: "write", reason: "refused by test") }
            values.append(isHigh)
            times.append(.now())
        }
    }

    var inputs: [LineName: Input] = [:]
    var outputs: [LineName: Output] = [:]
    /// How often outputs were requested, by line.
    var requests: [LineName: Int] = [:]
    var levels: [LineName: Bool] = [:]
    /// Outputs that cannot be requested.
    var refusedOutputs: Set<LineName> = []

    func openInput(_ request: InputRequest) throws(LineError) -> any InputPort {
        guard let input = try? Input(level: levels[request.line] ?? false) else {
            throw .failed(request.line, operation: "pipe", reason: "none left")
        }
        inputs[request.line] = input
        return input
    }

    func openOutput(_ request: OutputRequest) throws(LineError) -> any OutputPort {
        if refusedOutputs.contains(request.line) {
            throw .failed(request.line, operation: "open", reason: "refused by test")
        }
        requests[request.line, default: 0] += 1
        let output = Output(line: request.line, first: request.isHigh)
        outputs[request.line] = output
        return output
    }
}

/// Remembers what a service manager would have been told.
final class TestNotifier: ServiceNotifier, Sendable {
    let watchdogInterval: Duration?
    private let messages = Mutex<[String]>([])

    init(watchdog: Duration? = nil) { watchdogInterval = watchdog }

    func ready(status: String) { note("ready") }
    func reloading() { note("reloading") }
    func stopping() { note("stopping") }
    func status(_ text: String) { note("status") }
    func feedWatchdog() { note("watchdog") }

    private func note(_ text: String) { messages.withLock { $0.append(text) } }

    func count(_ text: String) -> Int { messages.withLock { $0.count { $0 == text } } }

    /// Without status and watchdog, which come by the clock.
    var states: [String] {
        messages.withLock { $0.filter { $0 != "status" && $0 != "watchdog" } }
    }
}

/// Lines of a log, from any thread.
final class TestLog: Sendable {
    private let lines = Mutex<[String]>([])

    func write(_ level: ServiceLog.Level, _ text: String) {
        lines.withLock { $0.append("\(level): \(text)") }
    }

    func contains(_ text: String) -> Bool { lines.withLock { $0.contains { $0.contains(text) } } }

    var all: [String] { lines.withLock { $0 } }
}

extension GateConfig {
    /// Lanes `lane1` ... with loop, safety loop, photocell and limit switches, a camera each.
    static func site(lanes: Int = 1, in folder: ScratchFolder) -> GateConfig {
        var config = GateConfig(
            site: Site(name: "Test gate", timeZone: TimeZoneTable(name: "UTC", transitions: [])))
        config.chips = ["board": Chip(backing: .simulated, isNative: true)]
        config.storage.stateDirectory = folder.file("state")
        config.storage.runtimeDirectory = folder.file("run")
        var offset: UInt32 = 0
        func output(_ name: String, _ longest: Duration) -> LineName {
            offset += 1
            config.outputs[LineName(name)] = OutputConfig(
                chip: "board", address: .offset(offset), rest: .deEnergised, longest: longest,
                failure: .secured)
            return LineName(name)
        }
        func input(_ name: String, _ contact: InputConfig.Contact) -> LineName {
            offset += 1
            var input = InputConfig(
                chip: "board", address: .offset(offset), contact: contact)
            // The test's booms are quick; a switch that clears late would contradict the other.
            input.clearAfter = .milliseconds(20)
            config.inputs[LineName(name)] = input
            return LineName(name)
        }
        for number in 1...lanes {
            let lane = "lane\(number)"
            config.cameras[CameraName(lane)] = CameraConfig(
                source: .scene, width: 1920, height: 1080, rate: 25, format: .mjpeg)
            config.lanes[LaneName(lane)] = BarrierConfig(
                direction: .in, camera: CameraName(lane),
                outputs: .init(
                    raise: output("\(lane)-raise", .seconds(10)),
                    lower: output("\(lane)-lower", .seconds(10)),
                    stop: output("\(lane)-stop", .seconds(1)),
                    lamp: output("\(lane)-lamp", .seconds(600))),
                inputs: .init(
                    approach: input("\(lane)-loop", .normallyOpen),
                    safety: input("\(lane)-safety", .normallyClosed),
                    photocell: input("\(lane)-beam", .normallyClosed),
                    up: input("\(lane)-up", .normallyOpen),
                    down: input("\(lane)-down", .normallyOpen)))
        }
        config.fire = input("fire", .normallyClosed)
        config.heartbeat = output("watchdog", .seconds(1))
        return config
    }

    /// The levels of inputs at rest: boom down, nobody there, no fire.
    var restingLevels: [LineName: Bool] {
        Dictionary(
            uniqueKeysWithValues: inputs.map { name, input in
                (name, input.contact == .normallyClosed || name.text.hasSuffix("-down"))
            }
        ).merging(pulses.mapValues { _ in true }) { a, _ in a }
    }
}

/// Remembers what people of the simulated world would have read on displays.
final class TestDisplay {
    private(set) var told: [(lane: LaneName, notice: Notice)] = []

    func show(_ lane: LaneName, _ notice: Notice) { told.append((lane, notice)) }
}

/// A controller with lines and journal in memory, on a loop of its own.
final class GateRig {
    let folder: ScratchFolder
    let loop: EventLoop
    let chip = TestChip()
    let journal: MemoryJournal
    let notifier: TestNotifier
    let log = TestLog()
    let display = TestDisplay()
    let config: GateConfig
    /// When a lane's boom last left a limit switch.
    var left: [String: Instant] = [:]
    private(set) var service: GateService

    init(
        folder: ScratchFolder, config: GateConfig, watchdog: Duration? = nil,
        loadConfig: @escaping @Sendable () -> Result<GateConfig, ConfigProblems> = {
            .failure(ConfigProblems(["no configuration to load"]))
        }
    ) throws {
        self.folder = folder
        self.config = config
        loop = try EventLoop()
        notifier = TestNotifier(watchdog: watchdog)
        chip.levels = config.restingLevels
        let (chip, log) = (chip, log)
        var made: MemoryJournal?
        var parts = GateParts(
            loadConfig: loadConfig, makeChips: { _ in ["board": chip] },
            makeJournal: { _, options in
                let journal = MemoryJournal(options: options)
                made = journal
                return journal
            },
            notifier: notifier, log: log.write, clockIsTrusted: { true }, program: "test")
        parts.simulatedDisplay = display.show
        service = try GateService(loop: loop, config: config, parts: parts)
        journal = try #require(made)
    }

    convenience init(lanes: Int = 1) throws {
        let folder = try ScratchFolder()
        try self.init(folder: folder, config: .site(lanes: lanes, in: folder))
    }

    func input(_ line: LineName) throws -> TestChip.Input { try #require(chip.inputs[line]) }
    func output(_ line: LineName) throws -> TestChip.Output { try #require(chip.outputs[line]) }

    /// Every change of level of every output but the heartbeat.
    var movements: Int {
        chip.outputs.filter { $0.key != config.heartbeat }.values.reduce(0) { sum, output in
            sum + zip(output.values, output.values.dropFirst()).count { $0 != $1 }
        }
    }
}

/// A client of the control socket on the same loop as the service.
final class TestClient {
    let stream: MessageStream
    private(set) var replies: [ControlReply] = []
    private(set) var isOver = false

    init(_ rig: GateRig) throws {
        stream = MessageStream(
            loop: rig.loop,
            socket: try UnixSocket.connect(to: RuntimePaths.control(rig.config)),
            framing: .lines, limits: .init(message: 1_000_000, waiting: 1_000_000))
        try stream.start(
            onMessage: { [weak self] bytes in
                if let reply = ControlCoding.reply(bytes) { self?.replies.append(reply) }
            },
            onEnd: { [weak self] _ in self?.isOver = true })
    }

    func ask(_ request: ControlRequest, _ rig: GateRig) throws -> ControlReply {
        let before = replies.count
        stream.send(ControlCoding.encode(request))
        try rig.loop.run { replies.count > before || isOver }
        return try #require(replies.dropFirst(before).first)
    }
}
