import GateConfiguration
import GateTypes
import PassageControl

/// One door on a bench.
struct DoorBench: MachineBench {
    typealias Sensor = Door.Sensor
    typealias Drive = Door.Drive

    static let strike: [Drive: Duration] = [.strike: .seconds(5)]
    static let motor: [Drive: Duration] = [.strike: .seconds(5), .opener: .seconds(4)]
    static let bicycles: Set<Sensor> = [.contact, .exit, .presence]

    var machine: Door
    var said: [Said<Door>] = []
    var now = DoorBench.start

    var door: Door { machine }

    init(
        drives: [Drive: Duration] = DoorBench.strike, fitted: Set<Sensor> = [.contact, .exit],
        active: Set<Sensor> = [], isInterlocked: Bool = false,
        change: (inout DoorConfig.Timing) -> Void = { _ in }
    ) {
        var timing = DoorConfig.Timing()
        change(&timing)
        machine = Door(
            wiring: .init(longest: drives, timing: timing, isInterlocked: isInterlocked),
            sensors: SensorBank(fitted: fitted, active: active, at: now), at: now)
    }

    @discardableResult
    mutating func reads(_ sensor: Sensor, _ active: Bool) -> [Door.Effect] {
        give(.reads(sensor, active: active))
    }

    @discardableResult
    mutating func ask(
        _ number: UInt64 = 1, _ traveller: Door.Traveller = .person,
        by word: PersonWarrant.Word = .policy
    ) -> [Door.Effect] {
        give(.ask(PersonWarrant(number, by: word), traveller))
    }

    /// How each ground ended, in order; the exit button is number 0.
    var ends: [UInt64: [PersonWarrant.End]] {
        var ends: [UInt64: [PersonWarrant.End]] = [:]
        for case .ended(let ground, let end) in notes {
            switch ground {
            case .warrant(let warrant): ends[warrant.number, default: []].append(end)
            case .exitButton: ends[0, default: []].append(end)
            }
        }
        return ends
    }

    var followers: Int { notes.count { if case .followed = $0 { true } else { false } } }
}
