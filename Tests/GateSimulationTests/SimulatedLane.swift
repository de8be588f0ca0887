import GateConfiguration
import GateSimulation
import GateTypes
import LineControl

/// One lane of the simulated world behind a line bank, in virtual time.
final class SimulatedLane {
    static let name: LaneName = "lane1"

    let world: SimulatedWorld
    let bank: LineBank
    private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    private(set) var reports: [LineReport] = []

    static func config(
        hasStop: Bool = false, hasHeartbeat: Bool = false, hasLower: Bool = true
    ) -> GateConfig {
        var config = GateConfig(
            site: Site(name: "Test", timeZone: TimeZoneTable(name: "UTC", transitions: [])))
        config.chips["board"] = Chip(backing: .simulated, isNative: true)
        for (name, contact) in [
            ("loop", .normallyOpen), ("safety", .normallyClosed), ("beam", .normallyClosed),
            ("up", .normallyOpen), ("down", .normallyOpen), ("fire", .normallyClosed),
        ] as [(LineName, InputConfig.Contact)] {
            config.inputs[name] = InputConfig(
                chip: "board", address: .name(name.text), contact: contact)
        }
        for name in ["raise", "lower", "stop", "lamp", "heartbeat"] as [LineName] {
            config.outputs[name] = OutputConfig(
                chip: "board", address: .name(name.text), rest: .deEnergised,
                longest: .seconds(8), failure: .secured)
        }
        config.lanes[name] = BarrierConfig(
            direction: .in, camera: nil,
            outputs: .init(
                raise: "raise", lower: hasLower ? "lower" : nil, stop: hasStop ? "stop" : nil),
            inputs: .init(
                approach: "loop", safety: "safety", photocell: "beam", up: "up", down: "down"))
        config.heartbeat = hasHeartbeat ? "heartbeat" : nil
        return config
    }

    init(
        _ config: GateConfig = SimulatedLane.config(), traffic: [TrafficPlan.Arrival] = [],
        seed: UInt64 = 1
    ) {
        world = SimulatedWorld(
            config: config, traffic: TrafficPlan(traffic), seed: seed, start: now)
        bank = LineBank(config: config, chips: ["board": SimulatedChip(world)], at: now)
    }

    var boom: BoomModel {
        world.lanes[Self.name]?.boom ?? BoomModel(wiring: .held, travel: .zero)
    }

    func assert(_ line: LineName, _ limit: Duration) throws {
        try bank.assert(line, atMost: limit, at: now)
    }

    /// Jumps from deadline to deadline.
    func run(_ span: Duration) {
        let end = now + span
        while now < end {
            now = min(end, max(bank.nextDeadline, now + .nanoseconds(1)))
            reports += bank.poll(at: now)
        }
    }

    /// Runs until an input has settled so; false when it has not within `limit`.
    func run(until line: LineName, is active: Bool, within limit: Duration) -> Bool {
        let end = now + limit
        while bank.inputStates[line] != active {
            guard now < end else { return false }
            run(.milliseconds(10))
        }
        return true
    }

    /// Settled changes as "name+" and "name-".
    var changes: [String] {
        reports.compactMap { report in
            if case .input(let line, let active, _, _) = report {
                "\(line)\(active ? "+" : "-")"
            } else {
                nil
            }
        }
    }

    var events: [WorldEvent] { world.events.map(\.event) }
}
