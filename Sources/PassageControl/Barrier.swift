import GateConfiguration
import GateTypes

/// A boom barrier: raises on a warrant, waits for the passage, lowers when all is clear.
///
/// docs/barrier.md draws the machine and lists states, events and outputs. The boom is
/// driven down in one place only (`lowering(at:)`), and any presence stops that at once.
package struct Barrier: Hashable, Sendable {
    package enum Drive: String, Hashable, Sendable, CaseIterable { case raise, lower, stop, lamp }

    /// On whose word the boom rises.
    package enum Warrant: String, Hashable, Sendable { case policy, named }

    /// Which outputs and sensors there are, and how long things take.
    package struct Wiring: Hashable, Sendable {
        /// Longest assertion of each output that is fitted; `raise` always is.
        package let longest: CaseTable<Drive, Duration>
        package let timing: BarrierConfig.Timing
        /// A limit switch that the boom has just left may read active for so long.
        package let limitHold: Duration

        package init(
            longest: [Drive: Duration], timing: BarrierConfig.Timing,
            limitHold: Duration = .milliseconds(500)
        ) {
            self.longest = CaseTable(longest)
            self.timing = timing
            self.limitHold = limitHold
        }

        /// One relay only: each pulse moves the boom on, and its own controller lowers it.
        package var isSinglePulse: Bool { longest[.lower] == nil }

        /// One run of the motor, as far as the relay may be held.
        func run(_ drive: Drive) -> Duration { min(longest[drive] ?? .zero, timing.motor) }
    }

    /// Why the lane works by hand only.
    package enum Fault: MachineFault, Comparable {
        /// These end when the sensor is in order again.
        case sensorFailed(BarrierSensor)
        case stuck(BarrierSensor)
        case limitsContradict
        /// The rest ends when a named person clears it.
        case presenceContradicts
        case noUpperLimit
        case noLowerLimit
        case boomMoved
        case boomDetached
        case driveFailed(Drive)

        package var clearsItself: Bool {
            switch self {
            case .sensorFailed, .stuck, .limitsContradict: true
            case .presenceContradicts, .noUpperLimit, .noLowerLimit, .boomMoved, .boomDetached,
                .driveFailed:
                false
            }
        }

        /// A stable name for alarms and records.
        package var code: String {
            switch self {
            case .sensorFailed(let sensor): "sensor_failed_\(sensor.rawValue)"
            case .stuck(let sensor): "sensor_stuck_\(sensor.rawValue)"
            case .limitsContradict: "limits_contradict"
            case .presenceContradicts: "presence_contradicts"
            case .noUpperLimit: "no_upper_limit"
            case .noLowerLimit: "no_lower_limit"
            case .boomMoved: "boom_moved"
            case .boomDetached: "boom_detached"
            case .driveFailed(let drive): "output_failed_\(drive.rawValue)"
            }
        }

        /// All that a named person ends.
        static let lasting =
            [.presenceContradicts, .noUpperLimit, .noLowerLimit, .boomMoved, .boomDetached]
            + Drive.allCases.map(Fault.driveFailed)

        package static func < (a: Self, b: Self) -> Bool { a.code < b.code }
    }

    /// The boom is up for someone.
    package struct Opening: Hashable, Sendable {
        package enum Progress: Hashable, Sendable { case nobodyYet, passed, turnedBack }
        /// Who came under the boom last and has neither passed nor withdrawn.
        package enum Under: Hashable, Sendable { case nobody, expected, follower }

        /// Closes after this also when nobody passes.
        var waitUntil: Instant
        /// Vehicles with a warrant that have not come under the boom yet.
        var expected: Int
        var under = Under.nobody
        var progress = Progress.nobodyYet
        /// Every presence sensor that saw something since the first warrant.
        var seenBy = CaseSet<BarrierSensor>()
        /// A named person wants it closed as soon as it is clear.
        var closeAsked = false
    }

    /// A rise that does not depend on a warrant any more: emergency, reversal into a fault, retry.
    package enum Lift: Hashable, Sendable {
        case none
        /// The lower relay has its dead time.
        case waiting(until: Instant)
        case driving(until: Instant)
    }

    package enum State: Hashable, Sendable {
        /// Nothing is driven and nobody has a warrant; so it starts.
        case resting(BoomPosition?)
        case raising(Opening, until: Instant)
        case open(Opening)
        /// Stopped on the way down; rises after the dead time.
        case reversing(Opening, until: Instant)
        case lowering(Opening, until: Instant)
        case fault(Set<Fault>, Lift)
        /// Held up until the reset; `renew` asserts the raise relay again.
        case emergency(Set<Fault>, Lift, renew: Instant)
    }

    package enum Event: Hashable, Sendable {
        case reads(BarrierSensor, active: Bool)
        case sensorFailed(BarrierSensor)
        case driveFailed(Drive)
        case open(Warrant)
        case close
        case clearFault
        /// The camera sees in front of the boom what the loops saw passing.
        case contradicted
        /// The camera sees another vehicle where the one stands that seemed to withdraw.
        case replaced
        case emergencyRelease
        case emergencyReset
        case tick
    }

    package typealias Effect = MachineEffect<Drive, Note>

    /// What the record and the people have to know; nothing depends on it.
    package enum Note: Hashable, Sendable {
        case sighted(VehicleTrack.Sighting)
        /// A vehicle came under the boom that nobody let in.
        case followed(byApproachOnly: Bool)
        /// A vehicle went through that nothing had let in, although the boom was down, or because it was up.
        case forced(VehicleTrack.Side)
        /// A vehicle went through in an emergency.
        case passedFreely(VehicleTrack.Side)
        case rose
        case closing
        case closed
        case reversed
        case waitedInVain
        /// The boom was moved by hand, by its own controller or by force.
        case movedUncommanded
        case closeRefused(CloseRefusal)
        case faulted(Fault)
        case recovered(Fault)
    }

    package enum CloseRefusal: String, Hashable, Sendable {
        case occupied, notClearLongEnough = "not_clear_long_enough"
        case faulty, emergency, noLowerRelay = "no_lower_relay", deadTime = "dead_time"
    }

    package internal(set) var state: State
    package internal(set) var sensors: BarrierSensors
    /// After an emergency nothing closes without a named command, not even after a passage.
    package internal(set) var closesByNameOnly: Bool
    package let wiring: Wiring
    var track: VehicleTrack
    var relays = RelayMemory<Drive>()

    /// A barrier of which only the sensors are known; nothing moves until a fresh decision.
    ///
    /// - Parameter lasting: codes of the faults that nobody had ended before the start.
    package init(
        wiring: Wiring, sensors: BarrierSensors, closesByNameOnly: Bool = false,
        lasting: Set<String> = [], at now: Instant
    ) {
        self.wiring = wiring
        self.sensors = sensors
        self.closesByNameOnly = closesByNameOnly
        track = VehicleTrack(sensors)
        state = .resting(sensors.position(assumed: nil))
        let faults = sensedFaults(at: now).union(Fault.lasting.filter { lasting.contains($0.code) })
        if !faults.isEmpty { state = .fault(faults, .none) }
    }

    package var faults: Set<Fault> {
        switch state {
        case .resting, .raising, .open, .reversing, .lowering: []
        case .fault(let faults, _), .emergency(let faults, _, _): faults
        }
    }

    /// Codes of the faults that only a named person ends.
    package var lastingFaults: Set<String> { faults.lasting }

    /// True when a decision by policy may open this lane now.
    package var acceptsPolicy: Bool {
        switch state {
        case .resting(let position):
            !wiring.isSinglePulse || position != .between && position != nil
        case .raising, .open, .reversing, .lowering: true
        case .fault, .emergency: false
        }
    }

    /// Where the boom is, as far as limit switches and commands tell.
    package var position: BoomPosition? {
        let assumed: BoomPosition? =
            switch state {
            case .resting(let position): position
            case .open: .up
            case .raising, .reversing, .lowering, .fault, .emergency: nil
            }
        return sensors.position(assumed: assumed)
    }

    /// True when the vehicle that came under the boom last has a warrant.
    package var hasExpectedVehicle: Bool {
        switch state {
        case .raising(let opening, _), .open(let opening), .reversing(let opening, _),
            .lowering(let opening, _):
            opening.under == .expected
        case .resting, .fault, .emergency: false
        }
    }

    /// True while the boom moves, waits for a passage or is about to move.
    package var isBusy: Bool {
        switch state {
        case .resting, .fault(_, .none): false
        case .emergency(_, let lift, _):
            if case .waiting = lift { true } else { false }
        case .raising, .open, .reversing, .lowering, .fault: true
        }
    }

    /// The faults that the sensors show by themselves.
    func sensedFaults(at now: Instant) -> Set<Fault> {
        var faults: Set<Fault> = []
        for sensor in sensors.failed { faults.insert(.sensorFailed(sensor)) }
        for sensor in BarrierSensors.presence
        where sensors.isStuck(sensor, for: wiring.timing.stuck, at: now) {
            faults.insert(.stuck(sensor))
        }
        if sensors.bothLimitsRead { faults.insert(.limitsContradict) }
        if sensors.isActive(.detached) { faults.insert(.boomDetached) }
        return faults
    }
}
