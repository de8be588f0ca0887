import GateConfiguration
import GateTypes
import PassageControl

/// One door on a bench: inputs by hand, time by the machine's own deadlines.
struct DoorBench {
    typealias Sensor = Door.Sensor
    typealias Drive = Door.Drive

    static let strike: [Drive: Duration] = [.strike: .seconds(5)]
    static let motor: [Drive: Duration] = [.strike: .seconds(5), .opener: .seconds(4)]
    static let bicycles: Set<Sensor> = [.contact, .exit, .presence]

    var door: Door
    var said: [(at: Duration, effect: Door.Effect)] = []
    private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    init(
        drives: [Drive: Duration] = DoorBench.strike, fitted: Set<Sensor> = [.contact, .exit],
        active: Set<Sensor> = [], isInterlocked: Bool = false,
        change: (inout DoorConfig.Timing) -> Void = { _ in }
    ) {
        var timing = DoorConfig.Timing()
        change(&timing)
        door = Door(
            wiring: .init(longest: drives, timing: timing, isInterlocked: isInterlocked),
            sensors: SensorBank(fitted: fitted, active: active, at: now), at: now)
    }

    @discardableResult
    mutating func give(_ event: Door.Event) -> [Door.Effect] {
        let effects = door.handle(event, at: now)
        said += effects.map { (now - start, $0) }
        return effects
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

    /// Lets time pass, with a tick at each deadline of the machine.
    mutating func wait(_ span: Duration) {
        let end = now + span
        while let due = door.nextDeadline(after: now), due <= end {
            now = due
            give(.tick)
        }
        now = end
        give(.tick)
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

    var notes: [Door.Note] {
        said.compactMap { if case .note(let note) = $0.effect { note } else { nil } }
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

    var elapsed: Duration { now - start }
}
