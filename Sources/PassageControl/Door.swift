import GateConfiguration
import GateTypes

/// A door with a strike or a magnet, for people, bicycles and e-bikes; with a motor where one is
/// fitted, and as one half of an air lock.
///
/// docs/door.md draws the machine and lists states, events and outputs. Asserting the strike always
/// means releasing it: a fail-safe one loses its power then.
package struct Door: Hashable, Sendable {
    package enum Drive: String, Hashable, Sendable, CaseIterable { case strike, opener }

    /// `contact` is active while the leaf is open; `presence` is the spot in front of the door.
    package enum Sensor: String, Hashable, Sendable, CaseIterable, Comparable {
        case contact, exit, presence, obstacle

        package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    }

    package typealias Traveller = DoorConfig.Traveller

    /// On what ground somebody passes.
    package enum Ground: Hashable, Sendable {
        case warrant(PersonWarrant)
        case exitButton

        /// Nil is the exit button.
        package var warrant: PersonWarrant? {
            switch self {
            case .warrant(let warrant): warrant
            case .exitButton: nil
            }
        }
    }

    package struct Wiring: Hashable, Sendable {
        /// Longest assertion of each output that is fitted.
        package let longest: CaseTable<Drive, Duration>
        package let timing: DoorConfig.Timing
        /// One of two doors of which only one may be open.
        package let isInterlocked: Bool
        /// Asserted again after this where a release or an open door is held.
        let renewal: Duration

        package init(
            longest: [Drive: Duration], timing: DoorConfig.Timing, isInterlocked: Bool = false
        ) {
            self.longest = CaseTable(longest)
            renewal = (longest.values.min() ?? .seconds(1)) / 2
            self.timing = timing
            self.isInterlocked = isInterlocked
        }

        var hasOpener: Bool { longest[.opener] != nil }

        /// The strike is released for so long; a longer time would burn it out.
        var release: Duration { min(longest[.strike] ?? .zero, timing.release) }
    }

    /// Why the door works by hand, and by its exit button, only.
    package enum Fault: MachineFault, Comparable {
        /// These end when the sensor is in order again.
        case sensorFailed(Sensor)
        case stuck(Sensor)
        /// This one ends when a named person clears it.
        case driveFailed(Drive)

        package var clearsItself: Bool {
            switch self {
            case .sensorFailed, .stuck: true
            case .driveFailed: false
            }
        }

        /// A stable name for alarms and records.
        package var code: String {
            switch self {
            case .sensorFailed(let sensor): "sensor_failed_\(sensor.rawValue)"
            case .stuck(let sensor): "sensor_stuck_\(sensor.rawValue)"
            case .driveFailed(let drive): "output_failed_\(drive.rawValue)"
            }
        }

        package static func < (a: Self, b: Self) -> Bool { a.code < b.code }
    }

    /// The door is free for those who have a ground to pass.
    package struct Opening: Hashable, Sendable {
        struct Pending: Hashable, Sendable {
            let ground: Ground
            let traveller: Traveller
            let until: Instant
        }

        /// Who has not passed yet, in the order in which they asked.
        var pending: [Pending] = []
        /// Who opened the leaf counts as passed; their way over the presence sensor comes later.
        var aheadOfSensor = 0
        /// Who passed last; whoever comes behind follows on that ground.
        var last: Ground?
    }

    /// The motor holds the leaf: until when, and when its relay is asserted again.
    package struct Motor: Hashable, Sendable {
        var stay: Instant
        var renew: Instant
    }

    /// A named person overrules an obstacle sensor that cannot tell; time does not.
    package enum Closer: Hashable, Sendable { case time, named }

    /// What strike, motor and leaf do.
    package enum Motion: Hashable, Sendable {
        /// Nobody is released; so it starts.
        case secured
        /// The strike is released and the leaf has not opened yet.
        case released(Opening, until: Instant)
        /// The leaf is open; a motor holds it, or somebody does.
        case open(Opening, Motor?)
        /// The motor lets the leaf close.
        case closing(Opening, until: Instant, by: Closer)
    }

    package enum State: Hashable, Sendable {
        case working(Motion)
        case fault(Set<Fault>, Motion)
        case emergency(Set<Fault>, EmergencyHold, renew: Instant)
    }

    package enum Event: Hashable, Sendable {
        case reads(Sensor, active: Bool)
        case sensorFailed(Sensor)
        case driveFailed(Drive)
        case ask(PersonWarrant, Traveller)
        /// What the warrant of this number rests on is gone; it waits no longer.
        case takeBack(UInt64)
        /// The other door of the air lock is closed and locked, or not.
        case partner(isSecured: Bool)
        /// A named person ends the release, or lets the motor close.
        case lock
        case clearFault
        case emergencyRelease
        case emergencyReset
        case tick
    }

    package typealias Effect = MachineEffect<Drive, Note>

    /// What the record and the people have to know; nothing depends on it.
    package enum Note: Hashable, Sendable {
        case released(Ground)
        case ended(Ground, PersonWarrant.End)
        case followed(Ground?)
        /// The leaf opened without a release.
        case forced
        case opened
        case heldOpen
        case closed
        /// The motor opened again because something was in the way.
        case reopened
        /// Release after release the leaf has not moved: strike, contact or leaf is stuck.
        case neverOpens
        case opensAgain
        case lockRefused(PersonWarrant.Refusal)
        case faulted(Fault)
        case recovered(Fault)
    }

    /// Somebody who waits for the other door, for their bicycle, or for their turn.
    struct Asked: Hashable, Sendable {
        let ground: Ground
        let traveller: Traveller
        let until: Instant
    }

    /// What outlasts a state.
    struct Memory: Hashable, Sendable {
        var queue: [Asked] = []
        var leaf = LeafWatch.closed
        /// Releases in a row after which the leaf had not moved.
        var unopened = 0
        /// Of the other door nothing is known at the start.
        var partnerIsSecured = false
    }

    /// Everything has a limit: people who wait, and unused releases in a row before an alarm.
    package static let queueLargest = 8
    package static let unopenedLargest = 3

    package internal(set) var state = State.working(.secured)
    package internal(set) var sensors: SensorBank<Sensor>
    package let wiring: Wiring
    var memory = Memory()
    var relays = RelayMemory<Drive>()

    /// A door of which only the sensors are known; nothing moves until a fresh decision.
    ///
    /// - Parameter lasting: codes of the faults that nobody had ended before the start.
    package init(
        wiring: Wiring, sensors: SensorBank<Sensor>, lasting: Set<String> = [], at now: Instant
    ) {
        self.wiring = wiring
        self.sensors = sensors
        let isOpen = sensors.isActive(.contact)
        _ = memory.leaf.follow(isOpen: isOpen, longest: wiring.timing.heldOpen, at: now)
        let motion: Motion = isOpen ? .open(Opening(), nil) : .secured
        let faults = sensedFaults(at: now)
            .union(Drive.allCases.map(Fault.driveFailed).filter { lasting.contains($0.code) })
        state = faults.isEmpty ? .working(motion) : .fault(faults, motion)
    }

    package var faults: Set<Fault> {
        switch state {
        case .working: []
        case .fault(let faults, _), .emergency(let faults, _, _): faults
        }
    }

    /// Codes of the faults that only a named person ends.
    package var lastingFaults: Set<String> { faults.lasting }

    /// True when a decision by policy may release somebody now.
    package var acceptsPolicy: Bool {
        switch state {
        case .working: true
        case .fault, .emergency: false
        }
    }

    /// What strike, motor and leaf do; nil in an emergency.
    package var motion: Motion? {
        switch state {
        case .working(let motion), .fault(_, let motion): motion
        case .emergency: nil
        }
    }

    /// True while somebody has a release or waits for one, or something moves.
    package var isBusy: Bool {
        if !memory.queue.isEmpty { return true }
        switch state {
        case .working(.secured), .fault(_, .secured), .emergency(_, .untilReset, _): return false
        case .working(.open(_, nil)), .fault(_, .open(_, nil)): return false
        case .working, .fault, .emergency(_, .untilClear, _): return true
        }
    }

    /// Closed and locked for certain: then, and only then, the other door of an air lock may open.
    package func isSecured(at now: Instant) -> Bool {
        guard motion == .secured, sensors.sees(.contact), !sensors.isActive(.contact)
        else { return false }
        return Drive.allCases.allSatisfy { !relays.mayBeEnergised($0, at: now) }
    }

    /// Whether the leaf is open; nil when no contact tells.
    var leafIsOpen: Bool? { sensors.sees(.contact) ? sensors.isActive(.contact) : nil }

    /// The faults that the sensors show by themselves.
    func sensedFaults(at now: Instant) -> Set<Fault> {
        var faults: Set<Fault> = []
        for sensor in sensors.failed { faults.insert(.sensorFailed(sensor)) }
        for sensor in [Sensor.exit, .presence, .obstacle]
        where sensors.isStuck(sensor, for: wiring.timing.stuck, at: now) {
            faults.insert(.stuck(sensor))
        }
        return faults
    }
}
