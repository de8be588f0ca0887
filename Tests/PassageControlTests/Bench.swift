import GateConfiguration
import GateTypes
import PassageControl

/// One barrier on a bench.
struct Bench: MachineBench {
    typealias Drive = Barrier.Drive

    static let full: Set<BarrierSensor> = Set(BarrierSensor.allCases)
    static let allDrives: [Drive: Duration] = [
        .raise: .seconds(1), .lower: .seconds(1), .stop: .seconds(1), .lamp: .seconds(60),
    ]

    var machine: Barrier
    var said: [Said<Barrier>] = []
    var now = Bench.start

    var barrier: Barrier { machine }

    init(
        drives: [Drive: Duration] = Bench.allDrives, fitted: Set<BarrierSensor> = Bench.full,
        active: Set<BarrierSensor> = [.down], closesByNameOnly: Bool = false,
        change: (inout BarrierConfig.Timing) -> Void = { _ in }
    ) {
        var timing = BarrierConfig.Timing()
        timing.motor = .seconds(4)
        change(&timing)
        machine = Barrier(
            wiring: .init(longest: drives, timing: timing),
            sensors: BarrierSensors(fitted: fitted, active: active, at: now),
            closesByNameOnly: closesByNameOnly, at: now)
    }

    @discardableResult
    mutating func reads(_ sensor: BarrierSensor, _ active: Bool) -> [Barrier.Effect] {
        give(.reads(sensor, active: active))
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
}
