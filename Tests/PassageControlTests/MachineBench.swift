import GateTypes
import PassageControl

/// A machine that takes events, answers with effects, and says when it wants to be told the time.
protocol TimedMachine: Sendable {
    associatedtype Event
    associatedtype Drive: Hashable, Sendable
    associatedtype Note: Hashable, Sendable

    static var tick: Event { get }
    mutating func handle(_ event: Event, at now: Instant) -> [MachineEffect<Drive, Note>]
    func nextDeadline(after now: Instant) -> Instant?
}

extension Barrier: TimedMachine { static var tick: Event { .tick } }
extension Door: TimedMachine { static var tick: Event { .tick } }
extension Turnstile: TimedMachine { static var tick: Event { .tick } }

/// An effect and when it came, counted from the bench's start.
struct Said<Machine: TimedMachine> {
    let at: Duration
    let effect: MachineEffect<Machine.Drive, Machine.Note>
}

/// One machine on a bench: inputs by hand, time by the machine's own deadlines.
protocol MachineBench {
    associatedtype Machine: TimedMachine

    var machine: Machine { get set }
    var said: [Said<Machine>] { get set }
    var now: Instant { get set }
}

extension MachineBench {
    typealias Effect = MachineEffect<Machine.Drive, Machine.Note>

    static var start: Instant { Instant(nanoseconds: 1_000_000_000_000) }

    var elapsed: Duration { now - Self.start }

    @discardableResult
    mutating func give(_ event: Machine.Event) -> [Effect] {
        let effects = machine.handle(event, at: now)
        said += effects.map { Said(at: elapsed, effect: $0) }
        return effects
    }

    /// Lets time pass, with a tick at each deadline of the machine.
    @discardableResult
    mutating func wait(_ span: Duration) -> [Effect] {
        let end = now + span
        let before = said.count
        while let due = machine.nextDeadline(after: now), due <= end {
            now = due
            give(Machine.tick)
        }
        now = end
        give(Machine.tick)
        return said[before...].map(\.effect)
    }

    func asserts(_ drive: Machine.Drive) -> [Duration] {
        said.compactMap { if case .assert(drive, _) = $0.effect { $0.at } else { nil } }
    }

    func rests(_ drive: Machine.Drive) -> [Duration] {
        said.compactMap { $0.effect == .rest(drive) ? $0.at : nil }
    }

    /// Whether the relay is away from rest now; it lets go at its limit by itself.
    func isReleased(_ drive: Machine.Drive) -> Bool {
        var until = Duration.zero
        for said in said {
            switch said.effect {
            case .assert(drive, let limit): until = said.at + limit
            case .rest(drive): until = min(until, said.at)
            case .assert, .rest, .note: break
            }
        }
        return until > elapsed
    }

    var notes: [Machine.Note] {
        said.compactMap { if case .note(let note) = $0.effect { note } else { nil } }
    }
}
