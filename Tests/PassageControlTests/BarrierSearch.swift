import GateConfiguration
import GateTypes
import Testing

@testable import PassageControl

/// What a search of the barrier leaves in; stop and lamp are always left out, since no rule and no
/// state asks for them. What is not listed here is searched by another of the options.
struct BarrierScope: Hashable, Sendable, CustomTestStringConvertible {
    var title: String
    var fitted: Set<BarrierSensor> = [.approach, .safety, .up, .down]
    var canFail: Set<BarrierSensor> = []
    var canStick: Set<BarrierSensor> = []
    var hasLower = true
    var canBeLost: Set<Barrier.Drive> = []
    /// Vehicles with a warrant that have not come yet.
    var expectedLargest = 1
    var hasEmergency = false
    var hasCamera = false

    var testDescription: String { title }
}

/// A barrier, the truth about its sensors and relays, and the words that were given.
struct BarrierNode: SearchNode {
    enum Timer: Hashable {
        case stuck(BarrierSensor), relay(Barrier.Drive)
        case clearance, motion, wait, renew, between
    }

    enum Move: Hashable {
        case event(Barrier.Event)
        case time(Timer)
    }

    private static let now = SearchTime.now
    /// Ages at which VehicleTrack thinks otherwise of a vehicle between the loops.
    private static let betweenAges: [Duration] = [.zero, .seconds(5), .seconds(20)]

    let scope: BarrierScope
    var machine: Barrier
    var relays = RelayTruth<Barrier.Drive>()
    /// Sensors as the events told them.
    var active: Set<BarrierSensor> = []
    var failed: Set<BarrierSensor> = []
    /// Safety loop and photocell have been clear for the clearance time.
    var isClear = false
    var isEmergency = false
    /// After an emergency nothing closes without a name.
    var closesByNameOnly = false
    /// A named person has asked to close since it last opened.
    var isCloseNamed = false

    init(_ scope: BarrierScope, active: Set<BarrierSensor>) {
        self.scope = scope
        self.active = active
        var longest: [Barrier.Drive: Duration] = [.raise: .seconds(1)]
        longest[.lower] = scope.hasLower ? .seconds(1) : nil
        machine = Barrier(
            wiring: .init(longest: longest, timing: .init()),
            sensors: BarrierSensors(fitted: scope.fitted, active: active, at: Self.now),
            at: Self.now)
        normalise()
    }

    // The scope and the wiring are the same in all nodes of one search.
    static func == (a: Self, b: Self) -> Bool {
        a.machine.state == b.machine.state && a.machine.sensors == b.machine.sensors
            && a.machine.track == b.machine.track && a.machine.relays == b.machine.relays
            && a.machine.closesByNameOnly == b.machine.closesByNameOnly && a.relays == b.relays
            && a.active == b.active && a.failed == b.failed && a.isClear == b.isClear
            && a.isEmergency == b.isEmergency && a.closesByNameOnly == b.closesByNameOnly
            && a.isCloseNamed == b.isCloseNamed
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(machine.state)
        hasher.combine(machine.sensors.activeSince)
        hasher.combine(machine.track)
        hasher.combine(machine.relays)
        hasher.combine(failed)
        hasher.combine([isClear, isEmergency, closesByNameOnly, isCloseNamed])
    }

    var name: String {
        switch machine.state {
        case .resting: "resting"
        case .raising: "raising"
        case .open: "open"
        case .reversing: "reversing"
        case .lowering: "lowering"
        case .fault: "fault"
        case .emergency: "emergency"
        }
    }

    var isHome: Bool {
        if case .resting(let position) = machine.state {
            return position == .down || !scope.fitted.contains(.down)
        }
        return false
    }

    var isOccupied: Bool { active.contains(.safety) || active.contains(.photocell) }

    static func eventName(_ move: Move) -> String? {
        guard case .event(let event) = move else { return nil }
        return String("\(event)".prefix { $0.isLetter })
    }

    // MARK: Moves

    var moves: [Move] {
        var events: [Barrier.Event] = [.tick, .close, .clearFault]
        for sensor in scope.fitted.sorted() {
            events.append(.reads(sensor, active: !active.contains(sensor)))
            if failed.contains(sensor) {
                events.append(.reads(sensor, active: active.contains(sensor)))
            } else if scope.canFail.contains(sensor) {
                events.append(.sensorFailed(sensor))
            }
        }
        if machine.expectedCount < scope.expectedLargest {
            events += [.open(.policy), .open(.named)]
        }
        for drive in scope.canBeLost.sorted(by: { $0.rawValue < $1.rawValue }) {
            events.append(.driveFailed(drive))
        }
        if scope.hasEmergency { events += [.emergencyRelease, .emergencyReset] }
        if scope.hasCamera { events += [.contradicted, .replaced] }
        return events.map { .event($0) } + timers.map { .time($0) }
    }

    private var timers: [Timer] {
        var timers: [Timer] = []
        let sensors = machine.sensors
        for sensor in scope.canStick.sorted() {
            let isYoung = sensors.activeSince[sensor].map { $0 == Self.now } ?? false
            if isYoung { timers.append(.stuck(sensor)) }
        }
        if !isOccupied, !isClear || sensors.clearSince == Self.now { timers.append(.clearance) }
        for drive in [Barrier.Drive.raise, .lower] where relays.phase(drive) != .free {
            timers.append(.relay(drive))
        }
        switch machine.state {
        case .resting: break
        case .raising(let opening, let until), .lowering(let opening, let until):
            if until > Self.now { timers.append(.motion) }
            if opening.waitUntil > Self.now { timers.append(.wait) }
        case .reversing(let opening, let until):
            // It was set together with the dead time of the lower relay, and ends no sooner.
            if until > Self.now, relays.phase(.lower) == .free { timers.append(.motion) }
            if opening.waitUntil > Self.now { timers.append(.wait) }
        case .open(let opening):
            if opening.waitUntil > Self.now { timers.append(.wait) }
        case .fault(_, let lift):
            if lift.isPending { timers.append(.motion) }
        case .emergency(_, let lift, let renew):
            if lift.isPending { timers.append(.motion) }
            if renew > Self.now { timers.append(.renew) }
        }
        if case .between(let since) = machine.track.phase,
            since > Self.now - Self.betweenAges[2]
        {
            timers.append(.between)
        }
        return timers
    }

    mutating func apply(_ move: Move) -> [String] {
        switch move {
        case .time(let timer):
            passTime(timer)
            return []
        case .event(let event):
            let before = machine
            note(event)
            let effects = machine.handle(event, at: Self.now)
            var broken: [String] = []
            for effect in effects { broken += carryOut(effect, before, event) }
            broken += check()
            normalise()
            return broken
        }
    }

    private mutating func passTime(_ timer: Timer) {
        switch timer {
        case .stuck(let sensor):
            machine.sensors.activeSince[sensor] = Self.now - machine.wiring.timing.stuck
        case .clearance:
            isClear = true
            if machine.sensors.clearSince != nil {
                machine.sensors.clearSince = Self.now - machine.wiring.timing.clearance
            }
        case .relay(let drive):
            relays.passTime(drive)
            machine.relays.passTime(drive, deadTime: machine.wiring.timing.deadTime)
        case .motion: machine.state = machine.passingMotion(at: Self.now)
        case .wait: machine.state = machine.state.withOpening { $0.waitUntil = Self.now }
        case .renew:
            if case .emergency(let faults, let lift, _) = machine.state {
                machine.state = .emergency(faults, lift, renew: Self.now)
            }
        case .between:
            if case .between(let since) = machine.track.phase {
                let next = since == Self.now ? Self.betweenAges[1] : Self.betweenAges[2]
                machine.track.phase = .between(since: Self.now - next)
            }
        }
    }

    // MARK: Truth and rules

    private mutating func note(_ event: Barrier.Event) {
        switch event {
        case .reads(let sensor, let isActive):
            failed.remove(sensor)
            if isActive { active.insert(sensor) } else { active.remove(sensor) }
        case .sensorFailed(let sensor):
            failed.insert(sensor)
            switch sensor {
            case .approach, .safety, .photocell: active.insert(sensor)
            case .up, .down, .detached: active.remove(sensor)
            }
        case .driveFailed(let drive): relays.lost.insert(drive)
        case .emergencyRelease: isEmergency = true
        case .emergencyReset:
            // A boom that reads down, and not up, when the emergency ends has nothing left to close.
            let isDown = active.contains(.down) && !active.contains(.up)
            if isEmergency { (closesByNameOnly, isCloseNamed) = (!isDown, false) }
            isEmergency = false
        case .close: isCloseNamed = true
        case .open: isCloseNamed = false
        case .clearFault, .contradicted, .replaced, .tick: break
        }
        if isOccupied { isClear = false }
    }

    private mutating func carryOut(
        _ effect: Barrier.Effect, _ before: Barrier, _ event: Barrier.Event
    ) -> [String] {
        switch effect {
        case .note: return []
        case .rest(let drive):
            relays.rest(drive)
            return []
        case .assert(let drive, let limit):
            var broken: [String] = []
            if limit <= .zero || limit > machine.wiring.longest[drive] ?? .zero {
                broken.append("rule 2: \(drive) asserted for \(limit)")
            }
            let opposite: Barrier.Drive = drive == .raise ? .lower : .raise
            if relays.phase(opposite) != .free {
                broken.append("rule 2: \(drive) in the time of \(opposite)")
            }
            if drive == .lower { broken += checkLowering() }
            if drive == .raise, case .resting = before.state, !isEmergency, !event.opens {
                broken.append("rule 5: raised without a warrant")
            }
            relays.assert(drive)
            return broken
        }
    }

    private func checkLowering() -> [String] {
        var broken: [String] = []
        if isOccupied || !isClear { broken.append("rule 1: lowered and not clear") }
        if !failed.isEmpty { broken.append("rule 1: lowered with a failed sensor") }
        if active.isSuperset(of: [.up, .down]) || active.contains(.detached) {
            broken.append("rule 1: lowered though the boom's own switches contradict")
        }
        if isEmergency { broken.append("rule 3: lowered in an emergency") }
        if closesByNameOnly, !isCloseNamed {
            broken.append("rule 3: lowered after an emergency without a name")
        }
        return broken
    }

    /// What must hold after every event.
    private mutating func check() -> [String] {
        var broken: [String] = []
        let isGoingDown = relays.phase(.lower) == .energised && !relays.lost.contains(.lower)
        if isGoingDown, isOccupied { broken.append("rule 1: goes down onto somebody") }
        if isGoingDown, !machine.faults.isEmpty { broken.append("rule 7: goes down in a fault") }
        if isEmergency, name != "emergency" { broken.append("rule 3: the emergency is left") }
        if !isEmergency, name == "emergency" { broken.append("rule 3: an emergency by itself") }
        for sensor in failed where !machine.faults.contains(.sensorFailed(sensor)) {
            broken.append("rule 7: \(sensor) has failed without a fault")
        }
        for drive in [Barrier.Drive.raise, .lower]
        where machine.relays.phase(drive, deadTime: machine.wiring.timing.deadTime)
            != relays.phase(drive)
        {
            broken.append("rule 2: the machine is wrong about \(drive)")
        }
        if case .reversing(_, let until) = machine.state,
            until < machine.relays.free(after: .lower, machine.wiring.timing.deadTime)
        {
            broken.append("rule 2: the dead time is cut short")
        }
        if case .resting(.down) = machine.state { closesByNameOnly = false }
        return broken
    }

    // MARK: Representatives

    private mutating func normalise() {
        let timing = machine.wiring.timing
        for (sensor, since) in machine.sensors.activeSince {
            let isStuck = scope.canStick.contains(sensor) && Self.now >= since + timing.stuck
            machine.sensors.activeSince[sensor] = isStuck ? Self.now - timing.stuck : Self.now
        }
        if let since = machine.sensors.clearSince {
            let isLong = Self.now >= since + timing.clearance
            machine.sensors.clearSince = isLong ? Self.now - timing.clearance : Self.now
        }
        machine.relays.normalise([.raise, .lower], deadTime: timing.deadTime)
        machine.state = machine.normalised(at: Self.now, later: SearchTime.later)
        if case .between(let since) = machine.track.phase {
            let age = Self.now - since
            let index = age <= .seconds(2) ? 0 : age <= .seconds(10) ? 1 : 2
            machine.track.phase = .between(since: Self.now - Self.betweenAges[index])
        }
    }
}

extension Barrier.Event {
    fileprivate var opens: Bool {
        switch self {
        case .open: true
        case .reads, .sensorFailed, .driveFailed, .close, .clearFault, .contradicted, .replaced,
            .emergencyRelease, .emergencyReset, .tick:
            false
        }
    }
}

extension Barrier.Lift {
    fileprivate var isPending: Bool {
        switch self {
        case .none: false
        case .waiting(let until), .driving(let until): until > SearchTime.now
        }
    }
}

extension Barrier {
    fileprivate var expectedCount: Int {
        switch state {
        case .raising(let opening, _), .open(let opening), .reversing(let opening, _),
            .lowering(let opening, _):
            opening.expected
        case .resting, .fault, .emergency: 0
        }
    }

    /// The three classes of a movement: its limit switches do not tell yet, they tell, time is up.
    private func motionEnds(at now: Instant) -> [Instant] {
        let motor = wiring.timing.motor
        return [now + motor, now + motor - min(wiring.limitHold, motor), now]
    }

    private func normalised(motion until: Instant, at now: Instant) -> Instant {
        let ends = motionEnds(at: now)
        return until <= ends[2] ? ends[2] : until <= ends[1] ? ends[1] : ends[0]
    }

    private func next(motion until: Instant, at now: Instant) -> Instant {
        let ends = motionEnds(at: now)
        return until == ends[0] ? ends[1] : ends[2]
    }

    fileprivate func normalised(at now: Instant, later: Instant) -> State {
        let dead = now + wiring.timing.deadTime
        func pause(_ until: Instant) -> Instant { until > now ? dead : now }
        func lifted(_ lift: Lift) -> Lift {
            switch lift {
            case .none: .none
            case .waiting(let until): .waiting(until: pause(until))
            case .driving(let until): .driving(until: normalised(motion: until, at: now))
            }
        }
        let state = state.withOpening { $0.waitUntil = $0.waitUntil > now ? later : now }
        switch state {
        case .resting, .open: return state
        case .raising(let opening, let until):
            return .raising(opening, until: normalised(motion: until, at: now))
        case .lowering(let opening, let until):
            return .lowering(opening, until: normalised(motion: until, at: now))
        case .reversing(let opening, let until):
            // Behind a lost relay the pause is as long as that may be on.
            let pause = max(dead, relays.free(after: .lower, wiring.timing.deadTime))
            return .reversing(opening, until: until > now ? pause : now)
        case .fault(let faults, let lift): return .fault(faults, lifted(lift))
        case .emergency(let faults, let lift, let renew):
            return .emergency(faults, lifted(lift), renew: renew > now ? later : now)
        }
    }

    /// The state when the timer of its movement has gone on by one class.
    fileprivate func passingMotion(at now: Instant) -> State {
        func passed(_ lift: Lift) -> Lift {
            switch lift {
            case .none: .none
            case .waiting: .waiting(until: now)
            case .driving(let until): .driving(until: next(motion: until, at: now))
            }
        }
        switch state {
        case .resting, .open: return state
        case .raising(let opening, let until):
            return .raising(opening, until: next(motion: until, at: now))
        case .lowering(let opening, let until):
            return .lowering(opening, until: next(motion: until, at: now))
        case .reversing(let opening, _): return .reversing(opening, until: now)
        case .fault(let faults, let lift): return .fault(faults, passed(lift))
        case .emergency(let faults, let lift, let renew):
            return .emergency(faults, passed(lift), renew: renew)
        }
    }
}

extension Barrier.State {
    fileprivate func withOpening(_ change: (inout Barrier.Opening) -> Void) -> Self {
        switch self {
        case .raising(var opening, let until):
            change(&opening)
            return .raising(opening, until: until)
        case .open(var opening):
            change(&opening)
            return .open(opening)
        case .reversing(var opening, let until):
            change(&opening)
            return .reversing(opening, until: until)
        case .lowering(var opening, let until):
            change(&opening)
            return .lowering(opening, until: until)
        case .resting, .fault, .emergency:
            return self
        }
    }
}
