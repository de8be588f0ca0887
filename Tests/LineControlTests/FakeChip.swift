import EventLoop
import GateConfiguration
import GateTypes

@testable import LineControl

/// A chip in memory whose edges, levels and failures the test sets by hand.
final class FakeChip: LineChip {
    final class Input: InputPort {
        var descriptor: Descriptor?
        var waiting: [LineEdge] = []
        var level = false
        var error: LineError?

        func edges(limit: Int) throws(LineError) -> [LineEdge] {
            if let error { throw error }
            var bytes = [UInt8](repeating: 0, count: 64)
            _ = try? descriptor?.read(into: &bytes)
            defer { waiting.removeFirst(min(limit, waiting.count)) }
            return Array(waiting.prefix(limit))
        }

        func isHigh() throws(LineError) -> Bool {
            if let error { throw error }
            return level
        }

        /// An edge as the kernel would queue it, with the level following.
        func edge(_ isHigh: Bool, at time: Instant) {
            waiting.append(LineEdge(instant: time, isHigh: isHigh))
            level = isHigh
        }
    }

    final class Output: OutputPort {
        var values: [Bool]
        var error: LineError?

        init(first: Bool) { values = [first] }

        func set(_ isHigh: Bool) throws(LineError) {
            if let error { throw error }
            values.append(isHigh)
        }
    }

    var inputs: [LineName: Input] = [:]
    var outputs: [LineName: Output] = [:]
    var inputRequests: [InputRequest] = []
    var outputRequests: [OutputRequest] = []
    var levels: [LineName: Bool] = [:]
    var refusals: [LineName: LineError] = [:]
    var descriptors: [LineName: Descriptor] = [:]
    var resets = 0

    func openInput(_ request: InputRequest) throws(LineError) -> any InputPort {
        inputRequests.append(request)
        if let error = refusals[request.line] { throw error }
        let input = Input()
        input.descriptor = descriptors[request.line]
        input.level = levels[request.line] ?? false
        inputs[request.line] = input
        return input
    }

    func openOutput(_ request: OutputRequest) throws(LineError) -> any OutputPort {
        outputRequests.append(request)
        if let error = refusals[request.line] { throw error }
        let output = Output(first: request.isHigh)
        outputs[request.line] = output
        return output
    }

    func reset() { resets += 1 }
}

/// A moment of the tests' own clock.
func at(_ milliseconds: Int64) -> Instant {
    Instant(nanoseconds: 1_000_000_000_000 + milliseconds * 1_000_000)
}

/// One bank over one fake chip.
struct Bench {
    let chip = FakeChip()
    let bank: LineBank

    /// `levels` are what the inputs read when they are opened; others read low.
    init(
        inputs: [LineName: InputConfig] = [:], outputs: [LineName: OutputConfig] = [:],
        lanes: [LaneName: BarrierConfig] = [:], levels: [LineName: Bool] = [:],
        refusals: [LineName: LineError] = [:], descriptors: [LineName: Descriptor] = [:],
        now: Instant = at(0)
    ) {
        var config = GateConfig(
            site: Site(name: "Bench", timeZone: TimeZoneTable(name: "UTC", transitions: [])))
        config.inputs = inputs
        config.outputs = outputs
        config.lanes = lanes
        chip.levels = levels
        chip.refusals = refusals
        chip.descriptors = descriptors
        bank = LineBank(config: config, chips: ["board": chip], at: now)
    }

    func input(_ line: LineName) throws -> FakeChip.Input { try require(chip.inputs[line]) }
    func output(_ line: LineName) throws -> FakeChip.Output { try require(chip.outputs[line]) }

    private struct Missing: Error {}
    private func require<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw Missing() }
        return value
    }
}

extension InputConfig {
    static func contact(_ contact: Contact) -> InputConfig {
        InputConfig(chip: "board", address: .offset(0), contact: contact)
    }
}

extension OutputConfig {
    static func relay(rest: Rest = .deEnergised, longest: Duration = .seconds(2)) -> OutputConfig {
        OutputConfig(
            chip: "board", address: .offset(0), rest: rest, longest: longest, failure: .secured)
    }
}
