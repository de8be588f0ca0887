import GateConfiguration
import GateTypes
import PassageControl

/// One turnstile on a bench.
struct TurnstileBench: MachineBench {
    typealias Sensor = Turnstile.Sensor
    typealias Drive = Turnstile.Drive

    static let drives: [Drive: Duration] = [
        .entry: .seconds(6), .exit: .seconds(6), .gate: .seconds(6), .arm: .seconds(4),
    ]

    var machine: Turnstile
    var said: [Said<Turnstile>] = []
    var now = TurnstileBench.start

    var turnstile: Turnstile { machine }

    init(
        drives: [Drive: Duration] = TurnstileBench.drives, active: Set<Sensor> = [],
        change: (inout TurnstileConfig.Timing) -> Void = { _ in }
    ) {
        var timing = TurnstileConfig.Timing()
        change(&timing)
        machine = Turnstile(
            wiring: .init(longest: drives, timing: timing),
            sensors: SensorBank(fitted: Set(Sensor.allCases), active: active, at: now), at: now)
    }

    @discardableResult
    mutating func reads(_ sensor: Sensor, _ active: Bool) -> [Turnstile.Effect] {
        give(.reads(sensor, active: active))
    }

    @discardableResult
    mutating func ask(
        _ way: Turnstile.Way, _ number: UInt64 = 1, by word: PersonWarrant.Word = .policy
    ) -> [Turnstile.Effect] {
        give(.ask(PersonWarrant(number, by: word), way))
    }

    /// One person from the first sensor to the last.
    mutating func walk(_ way: Turnstile.Way) {
        let (first, second): (Sensor, Sensor) = way == .exit ? (.inner, .outer) : (.outer, .inner)
        reads(first, true)
        wait(.milliseconds(200))
        reads(second, true)
        wait(.milliseconds(200))
        reads(first, false)
        wait(.milliseconds(200))
        reads(second, false)
    }

    /// How each warrant ended, in order.
    var ends: [UInt64: [PersonWarrant.End]] {
        var ends: [UInt64: [PersonWarrant.End]] = [:]
        for case .ended(let warrant, let end) in notes {
            ends[warrant.number, default: []].append(end)
        }
        return ends
    }
}
