import GateConfiguration
import GateTypes

/// A turnstile: releases one person at a time, tells who passed, and lets everyone out in an
/// emergency.
///
/// docs/turnstile.md draws the machine and lists states, events and outputs.
package struct Turnstile: Hashable, Sendable {
    /// `gate` is the side gate for wheelchairs and luggage; `arm` drops the arms when asserted.
    package enum Drive: String, Hashable, Sendable, CaseIterable { case entry, exit, gate, arm }

    /// Passage sensors (beams, or the two switches of a rotor) and the side gate's contact.
    package enum Sensor: String, Hashable, Sendable, CaseIterable, Comparable {
        case outer, inner, gate

        package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    }

    package enum Way: String, Hashable, Sendable, CaseIterable {
        case entry, exit, gate

        var drive: Drive {
            switch self {
            case .entry: .entry
            case .exit: .exit
            case .gate: .gate
            }
        }
    }

    package struct Wiring: Hashable, Sendable {
        /// Longest assertion of each output that is fitted.
        package let longest: CaseTable<Drive, Duration>
        package let timing: TurnstileConfig.Timing
        /// Asserted again after this in an emergency.
        let renewal: Duration

        package init(longest: [Drive: Duration], timing: TurnstileConfig.Timing) {
            self.longest = CaseTable(longest)
            renewal = (longest.values.min() ?? .seconds(1)) / 2
            self.timing = timing
        }

        /// A shorter output gives the turnstile's own controller a pulse for one person.
        func isPulsed(_ drive: Drive) -> Bool { longest[drive].map { $0 < timing.release } ?? true }

        /// Longer than the release itself, so that one that is prolonged does not let go in between.
        func run(_ drive: Drive) -> Duration {
            min(longest[drive] ?? .zero, timing.release + .milliseconds(500))
        }
    }

    /// Why the channel works by hand only.
    package enum Fault: MachineFault, Comparable {
        /// These end when the sensor is in order again.
        case sensorFailed(Sensor)
        case stuck(Sensor)
        /// In several releases in a row only the other sensor saw anybody.
        case silent(Sensor)
        /// This one ends when a named person clears it.
        case driveFailed(Drive)

        package var clearsItself: Bool {
            switch self {
            case .sensorFailed, .stuck, .silent: true
            case .driveFailed: false
            }
        }

        /// A stable name for alarms and records.
        package var code: String {
            switch self {
            case .sensorFailed(let sensor): "sensor_failed_\(sensor.rawValue)"
            case .stuck(let sensor): "sensor_stuck_\(sensor.rawValue)"
            case .silent(let sensor): "sensor_silent_\(sensor.rawValue)"
            case .driveFailed(let drive): "output_failed_\(drive.rawValue)"
            }
        }

        package static func < (a: Self, b: Self) -> Bool { a.code < b.code }
    }

    /// One way is free for one person.
    package struct Release: Hashable, Sendable {
        package let warrant: PersonWarrant
        package let way: Way
        var until: Instant
        var hasTurnedBack = false
        /// Somebody from the other side was at both sensors and out again there; the released one may have
        /// passed them meanwhile, and they did not turn back.
        var mayBeCrossed = false
        /// Which passage sensor saw somebody who did not get through.
        var seenBy: PersonTrack.Side?
        /// Followers told by the camera whom the sensors have not shown yet.
        var uncounted = 0
        var followers = 0

        /// What is told when its time is up.
        var endOfTime: PersonWarrant.End {
            hasTurnedBack ? .turnedBack : mayBeCrossed ? .wrongWay : .unused
        }
    }

    package enum State: Hashable, Sendable {
        /// Nobody has a release; so it starts.
        case locked
        case released(Release)
        /// The mechanism locks behind a person; who goes through now follows on their warrant.
        case relocking(until: Instant, behind: Release?)
        /// Works by hand; the release of a named person, or one that was running.
        case fault(Set<Fault>, Release?)
        case emergency(Set<Fault>, EmergencyHold, renew: Instant)
    }

    package enum Event: Hashable, Sendable {
        case reads(Sensor, active: Bool)
        case sensorFailed(Sensor)
        case driveFailed(Drive)
        case ask(PersonWarrant, Way)
        /// What the warrant of this number rests on is gone; it waits no longer.
        case takeBack(UInt64)
        /// The face camera sees so many people in the passage.
        case counted(Int)
        /// A named person ends the release.
        case lock
        case clearFault
        case emergencyRelease
        case emergencyReset
        case tick
    }

    package typealias Effect = MachineEffect<Drive, Note>

    /// What the record and the people have to know; nothing depends on it.
    package enum Note: Hashable, Sendable {
        case released(PersonWarrant, Way)
        case ended(PersonWarrant, PersonWarrant.End)
        case followed(PersonWarrant?, FollowerEvidence)
        /// Somebody went through, or opened the side gate, without a release.
        case forced(Way)
        /// Somebody went through in an emergency.
        case passedFreely(Way)
        case gateHeldOpen
        case gateClosed
        case lockRefused(PersonWarrant.Refusal)
        case faulted(Fault)
        case recovered(Fault)
    }

    /// A warrant that waits for its turn.
    struct Asked: Hashable, Sendable {
        let warrant: PersonWarrant
        let way: Way
        let until: Instant
    }

    /// What outlasts a state: who waits, the side gate, which sensor has been silent how often.
    struct Memory: Hashable, Sendable {
        var queue: [Asked] = []
        var gate = LeafWatch.closed
        var silence = CaseTable<PersonTrack.Side, Int>()
    }

    /// Everything has a limit: people who wait for their turn.
    package static let queueLargest = 8
    /// Releases in a row that only one of the two passage sensors saw.
    static let silencesLargest = 3

    package internal(set) var state = State.locked
    package internal(set) var sensors: SensorBank<Sensor>
    package let wiring: Wiring
    var memory = Memory()
    var track: PersonTrack
    var relays = RelayMemory<Drive>()

    /// A turnstile of which only the sensors are known; nothing moves until a fresh decision.
    ///
    /// - Parameter lasting: codes of the faults that nobody had ended before the start.
    package init(
        wiring: Wiring, sensors: SensorBank<Sensor>, lasting: Set<String> = [], at now: Instant
    ) {
        self.wiring = wiring
        self.sensors = sensors
        track = PersonTrack(covered: Self.covered(sensors), gap: wiring.timing.gap)
        _ = memory.gate.follow(
            isOpen: sensors.isActive(.gate), longest: wiring.timing.heldOpen, at: now)
        let faults = sensedFaults(at: now)
            .union(Drive.allCases.map(Fault.driveFailed).filter { lasting.contains($0.code) })
        if !faults.isEmpty { state = .fault(faults, nil) }
    }

    package var faults: Set<Fault> {
        switch state {
        case .locked, .released, .relocking: []
        case .fault(let faults, _), .emergency(let faults, _, _): faults
        }
    }

    /// Codes of the faults that only a named person ends.
    package var lastingFaults: Set<String> { faults.lasting }

    /// True when a decision by policy may release somebody now.
    package var acceptsPolicy: Bool {
        switch state {
        case .locked, .released, .relocking: true
        case .fault, .emergency: false
        }
    }

    /// True while somebody has a release, waits for one, or stands in the way of locking.
    package var isBusy: Bool {
        if !memory.queue.isEmpty { return true }
        switch state {
        case .locked, .fault(_, nil), .emergency(_, .untilReset, _): return false
        case .released, .relocking, .fault, .emergency(_, .untilClear, _): return true
        }
    }

    static func covered(_ sensors: SensorBank<Sensor>) -> CaseSet<PersonTrack.Side> {
        var covered = CaseSet<PersonTrack.Side>()
        if sensors.isActive(.outer) { covered.insert(.outer) }
        if sensors.isActive(.inner) { covered.insert(.inner) }
        return covered
    }

    /// The faults that the sensors show by themselves.
    func sensedFaults(at now: Instant) -> Set<Fault> {
        var faults: Set<Fault> = []
        for sensor in sensors.failed { faults.insert(.sensorFailed(sensor)) }
        for sensor in [Sensor.outer, .inner]
        where sensors.isStuck(sensor, for: wiring.timing.stuck, at: now) {
            faults.insert(.stuck(sensor))
        }
        if isSilent(.outer) { faults.insert(.silent(.outer)) }
        if isSilent(.inner) { faults.insert(.silent(.inner)) }
        return faults
    }

    private func isSilent(_ side: PersonTrack.Side) -> Bool {
        memory.silence[side].map { $0 >= Self.silencesLargest } ?? false
    }
}
