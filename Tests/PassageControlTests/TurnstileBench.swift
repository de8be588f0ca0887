import GateConfiguration
import GateTypes
import PassageControl

/// One turnstile on a bench: inputs by hand, time by the machine's own deadlines.
struct TurnstileBench {
    typealias Sensor = Turnstile.Sensor
    typealias Drive = Turnstile.Drive

    static let drives: [Drive: Duration] = [
        .entry: .seconds(6), .exit: .seconds(6), .gate: .seconds(6), .arm: .seconds(4),
    ]

    var turnstile: Turnstile
    var said: [(at: Duration, effect: Turnstile.Effect)] = []
    private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    init(
        drives: [Drive: Duration] = TurnstileBench.drives, active: Set<Sensor> = [],
        change: (inout TurnstileConfig.Timing) -> Void = { _ in }
    ) {
        var timing = TurnstileConfig.Timing()
        change(&timing)
        turnstile = Turnstile(
            wiring: .init(longest: drives, timing: timing),
            sensors: SensorBank(fitted: Set(Sensor.allCases), active: active, at: now), at: now)
    }

    @discardableResult
    mutating func give(_ event: Turnstile.Event) -> [Turnstile.Effect] {
        let effects = turnstile.handle(event, at: now)
        said += effects.map { (now - start, $0) }
        return effects
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

    /// Lets time pass, with a tick at each deadline of the machine.
    mutating func wait(_ span: Duration) {
        let end = now + span
        while let due = turnstile.nextDeadline(after: now), due <= end {
            now = due
            give(.tick)
        }
        now = end
        give(.tick)
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

    func asserts(_ drive: Drive) -> [Duration] {
        said.compactMap { if case .assert(drive, _) = $0.effect { $0.at } else { nil } }
    }

    /// Whether the relay is away from rest now; it lets go at its limit by itself.
    func isReleased(_ drive: Drive) -> Bool {
        var until = Duration.zero
        for (at, effect) in said {
            switch effect {
            case .assert(drive, let limit): until = at + limit
            case .rest(drive): until = min(until, at)
            case .assert, .rest, .note: break
            }
        }
        return until > elapsed
    }

    func rests(_ drive: Drive) -> [Duration] {
        said.compactMap { $0.effect == .rest(drive) ? $0.at : nil }
    }

    var notes: [Turnstile.Note] {
        said.compactMap { if case .note(let note) = $0.effect { note } else { nil } }
    }

    /// How each warrant ended, in order.
    var ends: [UInt64: [PersonWarrant.End]] {
        var ends: [UInt64: [PersonWarrant.End]] = [:]
        for case .ended(let warrant, let end) in notes {
            ends[warrant.number, default: []].append(end)
        }
        return ends
    }

    var elapsed: Duration { now - start }
}
