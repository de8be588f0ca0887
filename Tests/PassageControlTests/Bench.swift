import GateConfiguration
import GateTypes
import PassageControl

/// One barrier on a bench: inputs by hand, time by the machine's own deadlines.
struct Bench {
    typealias Drive = Barrier.Drive

    struct Said: Equatable {
        let at: Duration
        let effect: Barrier.Effect
    }

    static let full: Set<BarrierSensor> = Set(BarrierSensor.allCases)
    static let allDrives: [Drive: Duration] = [
        .raise: .seconds(1), .lower: .seconds(1), .stop: .seconds(1), .lamp: .seconds(60),
    ]

    var barrier: Barrier
    var said: [Said] = []
    private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    init(
        drives: [Drive: Duration] = Bench.allDrives, fitted: Set<BarrierSensor> = Bench.full,
        active: Set<BarrierSensor> = [.down], closesByNameOnly: Bool = false,
        change: (inout BarrierConfig.Timing) -> Void = { _ in }
    ) {
        var timing = BarrierConfig.Timing()
        timing.motor = .seconds(4)
        change(&timing)
        barrier = Barrier(
            wiring: .init(longest: drives, timing: timing),
            sensors: BarrierSensors(fitted: fitted, active: active, at: now),
            closesByNameOnly: closesByNameOnly, at: now)
    }

    @discardableResult
    mutating func give(_ event: Barrier.Event) -> [Barrier.Effect] {
        let effects = barrier.handle(event, at: now)
        said += effects.map { Said(at: now - start, effect: $0) }
        return effects
    }

    @discardableResult
    mutating func reads(_ sensor: BarrierSensor, _ active: Bool) -> [Barrier.Effect] {
        give(.reads(sensor, active: active))
    }

    /// Lets time pass, with a tick at each deadline of the machine.
    @discardableResult
    mutating func wait(_ span: Duration) -> [Barrier.Effect] {
        let end = now + span
        let before = said.count
        while let due = barrier.nextDeadline(after: now), due <= end {
            now = due
            give(.tick)
        }
        now = end
        give(.tick)
        return said[before...].map(\.effect)
    }

    /// Lets time pass that nobody tells the machine about.
    mutating func skip(_ span: Duration) { now = now + span }

    /// From closed to open by a warrant, with the boom's own switches.
    mutating func open(_ warrant: Barrier.Warrant = .policy) {
        give(.open(warrant))
        wait(.milliseconds(400))
        reads(.down, false)
        wait(.seconds(2))
        reads(.up, true)
        wait(.milliseconds(300))
    }

    /// An emergency, with the boom at its upper end.
    mutating func release() {
        give(.emergencyRelease)
        wait(.milliseconds(400))
        reads(.down, false)
        wait(.seconds(2))
        reads(.up, true)
    }

    /// One vehicle through, from the approach loop until all is clear.
    mutating func driveThrough(loop: Bool = true, beam: Bool = true) {
        reads(.approach, true)
        if loop { reads(.safety, true) }
        if beam { reads(.photocell, true) }
        wait(.seconds(1))
        reads(.approach, false)
        wait(.seconds(1))
        if beam { reads(.photocell, false) }
        if loop { reads(.safety, false) }
    }

    /// Up to the moment at which the boom goes down behind a vehicle.
    mutating func openAndLower() {
        open()
        driveThrough()
        wait(.milliseconds(1500))
    }

    func asserts(_ drive: Drive) -> [Duration] {
        said.compactMap { said in
            if case .assert(drive, _) = said.effect { said.at } else { nil }
        }
    }

    func notes() -> [Barrier.Note] {
        said.compactMap { if case .note(let note) = $0.effect { note } else { nil } }
    }

    var elapsed: Duration { now - start }
}
