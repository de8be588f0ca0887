import GateConfiguration
import GateTypes
import Testing

@testable import PassageControl

/// What a search of the door leaves in.
struct DoorScope: Hashable, Sendable, CustomTestStringConvertible {
    var title: String
    var fitted: Set<Door.Sensor> = [.contact, .exit]
    var hasMotor = false
    var isInterlocked = false
    var canFail: Set<Door.Sensor> = []
    var canStick: Set<Door.Sensor> = []
    var canBeLost: Set<Door.Drive> = []
    var hasEmergency = false
    /// Who may ask: each number stands for one at a time.
    var people: [DoorPerson] = [
        .init(number: 1, word: .policy, traveller: .person),
        .init(number: 2, word: .named, traveller: .person),
    ]
    /// The exit button is pressed while fewer than this wait or pass.
    var peopleLargest = 2

    var testDescription: String { title }
}

struct DoorPerson: Hashable, Sendable {
    let number: UInt64
    let word: PersonWarrant.Word
    let traveller: Door.Traveller
}

/// A door, the truth about its sensors and relays, and the grounds that are alive.
struct DoorNode: SearchNode {
    enum Timer: Hashable {
        case stuck(Door.Sensor), relay(Door.Drive), queue(Int), pending(Int)
        case heldOpen, motion, stay, renewMotor, renew
    }

    enum Move: Hashable {
        case event(Door.Event)
        case time(Timer)
    }

    private static let now = SearchTime.now

    let scope: DoorScope
    var machine: Door
    var relays = RelayTruth<Door.Drive>()
    var active: Set<Door.Sensor> = []
    var failed: Set<Door.Sensor> = []
    /// How many of each ground have asked and not ended.
    var alive: [Door.Ground: Int] = [:]
    var partnerIsSecured = false
    var isEmergency = false
    var isReset = false

    init(_ scope: DoorScope) {
        self.scope = scope
        var longest: [Door.Drive: Duration] = [.strike: .seconds(6)]
        if scope.hasMotor { longest[.opener] = .seconds(5) }
        machine = Door(
            wiring: .init(longest: longest, timing: .init(), isInterlocked: scope.isInterlocked),
            sensors: SensorBank(fitted: scope.fitted, active: [], at: Self.now), at: Self.now)
        normalise()
    }

    // The scope and the wiring are the same in all nodes of one search.
    static func == (a: Self, b: Self) -> Bool {
        a.machine.state == b.machine.state && a.machine.sensors == b.machine.sensors
            && a.machine.memory == b.machine.memory && a.machine.relays == b.machine.relays
            && a.relays == b.relays && a.active == b.active && a.failed == b.failed
            && a.alive == b.alive && a.partnerIsSecured == b.partnerIsSecured
            && a.isEmergency == b.isEmergency && a.isReset == b.isReset
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(machine.state)
        hasher.combine(machine.sensors.activeSince)
        hasher.combine(machine.memory)
        hasher.combine(machine.relays)
        hasher.combine(failed)
        hasher.combine([partnerIsSecured, isEmergency, isReset])
    }

    var name: String {
        switch machine.state {
        case .working(.secured): "secured"
        case .working(.released): "released"
        case .working(.open): "open"
        case .working(.closing): "closing"
        case .fault: "fault"
        case .emergency: "emergency"
        }
    }

    var isHome: Bool { machine.state == .working(.secured) && machine.memory.queue.isEmpty }

    static func eventName(_ move: Move) -> String? {
        guard case .event(let event) = move else { return nil }
        return String("\(event)".prefix { $0.isLetter })
    }

    private var presentCount: Int {
        machine.memory.queue.count + (machine.opening?.pending.count ?? 0)
    }

    // MARK: Moves

    var moves: [Move] {
        var events: [Door.Event] = [.tick, .lock, .clearFault]
        for sensor in scope.fitted.sorted() {
            let isOn = active.contains(sensor)
            if sensor != .exit || isOn || presentCount < scope.peopleLargest {
                events.append(.reads(sensor, active: !isOn))
            }
            if failed.contains(sensor) {
                events.append(.reads(sensor, active: isOn))
            } else if scope.canFail.contains(sensor) {
                events.append(.sensorFailed(sensor))
            }
        }
        for person in scope.people {
            let warrant = PersonWarrant(person.number, by: person.word)
            let isAlive = alive[.warrant(warrant)] != nil
            events.append(isAlive ? .takeBack(person.number) : .ask(warrant, person.traveller))
        }
        for drive in scope.canBeLost.sorted(by: { $0.rawValue < $1.rawValue }) {
            events.append(.driveFailed(drive))
        }
        if scope.isInterlocked {
            events += [.partner(isSecured: true), .partner(isSecured: false)]
        }
        if scope.hasEmergency { events += [.emergencyRelease, .emergencyReset] }
        return events.map { .event($0) } + timers.map { .time($0) }
    }

    private var timers: [Timer] {
        var timers: [Timer] = []
        for sensor in scope.canStick.sorted() where machine.sensors.activeSince[sensor] == Self.now
        {
            timers.append(.stuck(sensor))
        }
        for drive in Door.Drive.allCases where relays.phase(drive) == .energised {
            timers.append(.relay(drive))
        }
        for (index, asked) in machine.memory.queue.enumerated() where asked.until > Self.now {
            timers.append(.queue(index))
        }
        for (index, pending) in (machine.opening?.pending ?? []).enumerated()
        where pending.until > Self.now && pending.traveller == .bicycle {
            timers.append(.pending(index))
        }
        if case .open(let heldFrom) = machine.memory.leaf, heldFrom > Self.now {
            timers.append(.heldOpen)
        }
        switch machine.state {
        case .working(let motion), .fault(_, let motion):
            switch motion {
            case .secured, .open(_, nil): break
            case .released(_, let until), .closing(_, let until, _):
                if until > Self.now { timers.append(.motion) }
            case .open(_, .some(let motor)):
                if motor.stay > Self.now { timers.append(.stay) }
                if motor.renew > Self.now { timers.append(.renewMotor) }
            }
        case .emergency(_, _, let renew): if renew > Self.now { timers.append(.renew) }
        }
        return timers
    }

    mutating func apply(_ move: Move) -> [String] {
        switch move {
        case .time(let timer):
            passTime(timer)
            return []
        case .event(let event):
            let wasActive = active
            let wasFailed = failed
            let before = machine
            note(event)
            let effects = machine.handle(event, at: Self.now)
            noteExit(event, wasActive, wasFailed, before)
            var broken: [String] = []
            for effect in effects { broken += carryOut(effect, effects, event) }
            broken += check()
            normalise()
            return broken
        }
    }

    private mutating func passTime(_ timer: Timer) {
        let now = Self.now
        switch timer {
        case .stuck(let sensor):
            machine.sensors.activeSince[sensor] = now - machine.wiring.timing.stuck
        case .relay(let drive):
            // A strike or a motor leaves no dead time behind.
            relays.phases[drive] = nil
            machine.relays.energisedUntil[drive] = nil
        case .queue(let index):
            let asked = machine.memory.queue[index]
            machine.memory.queue[index] = .init(
                ground: asked.ground, traveller: asked.traveller, until: now)
        case .heldOpen: machine.memory.leaf = .open(heldFrom: now)
        case .pending(let index):
            machine.state = machine.state.timed { time in
                if case .pending(index, _) = time { now } else { time.instant }
            }
        case .motion:
            machine.state = machine.state.timed { if case .motion = $0 { now } else { $0.instant } }
        case .stay:
            machine.state = machine.state.timed { if case .stay = $0 { now } else { $0.instant } }
        case .renewMotor:
            machine.state = machine.state.timed {
                if case .renewMotor = $0 { now } else { $0.instant }
            }
        case .renew:
            machine.state = machine.state.timed { if case .renew = $0 { now } else { $0.instant } }
        }
    }

    // MARK: Truth and rules

    private mutating func note(_ event: Door.Event) {
        switch event {
        case .reads(let sensor, let isActive):
            failed.remove(sensor)
            if isActive { active.insert(sensor) } else { active.remove(sensor) }
        case .sensorFailed(let sensor):
            failed.insert(sensor)
            active.insert(sensor)
        case .driveFailed(let drive): relays.lost.insert(drive)
        case .ask(let warrant, _): alive[.warrant(warrant), default: 0] += 1
        case .partner(let isSecured): partnerIsSecured = isSecured
        case .emergencyRelease:
            isEmergency = true
            isReset = false
        case .emergencyReset: isReset = isEmergency
        case .takeBack, .lock, .clearFault, .tick: break
        }
    }

    /// A press of the exit button is a ground unless one is waiting, or has the release, already.
    private mutating func noteExit(
        _ event: Door.Event, _ wasActive: Set<Door.Sensor>, _ wasFailed: Set<Door.Sensor>,
        _ before: Door
    ) {
        guard event == .reads(.exit, active: true), !wasActive.contains(.exit),
            !wasFailed.contains(.exit), !isEmergency
        else { return }
        if before.memory.queue.contains(where: { $0.ground == .exitButton }) { return }
        if case .released(let opening, _)? = before.motion,
            opening.pending.contains(where: { $0.ground == .exitButton })
        {
            return
        }
        alive[.exitButton, default: 0] += 1
    }

    private mutating func carryOut(
        _ effect: Door.Effect, _ effects: [Door.Effect], _ event: Door.Event
    ) -> [String] {
        switch effect {
        case .assert(let drive, let limit):
            var broken: [String] = []
            if limit <= .zero || limit > machine.wiring.longest[drive] ?? .zero {
                broken.append("rule 2: \(drive) asserted for \(limit)")
            }
            if !isEmergency { broken += checkRelease(drive, effects) }
            relays.assert(drive)
            return broken
        case .rest(let drive):
            let broken = checkRest(drive, event)
            relays.rest(drive)
            relays.phases[drive] = relays.phase(drive) == .energised ? .energised : nil
            return broken
        case .note(.ended(let ground, _)):
            guard let count = alive[ground] else { return ["\(ground) ends twice"] }
            alive[ground] = count > 1 ? count - 1 : nil
            return []
        case .note(.released(let ground)):
            return alive[ground] == nil ? ["\(ground) is not alive"] : []
        case .note(.forced):
            return isEmergency ? ["rule 6: an opening in an emergency is called forced"] : []
        case .note:
            return []
        }
    }

    private func checkRelease(_ drive: Door.Drive, _ effects: [Door.Effect]) -> [String] {
        var broken: [String] = []
        let isGranted = effects.contains {
            if case .note(.released) = $0 { true } else { false }
        }
        let hasGround = isGranted || machine.opening?.pending.isEmpty == false
        switch drive {
        case .strike:
            if !hasGround { broken.append("rule 5: the strike without a ground") }
            if scope.isInterlocked, !partnerIsSecured, !active.contains(.contact) {
                broken.append("air lock: released beside an open door")
            }
        case .opener:
            let isHeld = relays.phase(.opener) == .energised || machine.opening != nil
            if !hasGround, !isHeld { broken.append("rule 5: the motor without a ground") }
        }
        return broken
    }

    private func checkRest(_ drive: Door.Drive, _ event: Door.Event) -> [String] {
        let isBlocked = active.contains(.obstacle) && scope.hasMotor
        let isOverruled =
            event == .lock
            && (failed.contains(.obstacle) || machine.faults.contains(.stuck(.obstacle)))
        if isEmergency, !isReset || isBlocked && !isOverruled {
            return ["rule 3: \(drive) let go in an emergency"]
        }
        if drive == .opener, isBlocked, !isOverruled, active.contains(.contact),
            relays.phase(.opener) == .energised, !relays.lost.contains(.opener)
        {
            return ["rule 1: the motor closes on an obstacle"]
        }
        return []
    }

    /// What must hold after every event.
    private mutating func check() -> [String] {
        var broken: [String] = []
        let isOver = isReset && name != "emergency"
        if isOver { (isEmergency, isReset) = (false, false) }
        if isEmergency != (name == "emergency") { broken.append("rule 3: emergency and state") }
        for sensor in failed where !machine.faults.contains(.sensorFailed(sensor)) {
            broken.append("rule 7: \(sensor) has failed without a fault")
        }
        var inMachine: [Door.Ground: Int] = [:]
        for asked in machine.memory.queue { inMachine[asked.ground, default: 0] += 1 }
        for pending in machine.opening?.pending ?? [] {
            inMachine[pending.ground, default: 0] += 1
        }
        if inMachine != alive { broken.append("\(alive) are alive, the machine has \(inMachine)") }
        if !isEmergency, relays.phase(.strike) == .energised, !relays.lost.contains(.strike),
            machine.opening?.pending.isEmpty != false
        {
            broken.append("rule 5: the strike outlives its ground")
        }
        for drive in Door.Drive.allCases
        where machine.relays.mayBeEnergised(drive, at: Self.now)
            != (relays.phase(drive) == .energised)
        {
            broken.append("rule 2: the machine is wrong about \(drive)")
        }
        return broken
    }

    // MARK: Representatives

    private mutating func normalise() {
        let timing = machine.wiring.timing
        for (sensor, since) in machine.sensors.activeSince {
            let isStuck = scope.canStick.contains(sensor) && Self.now >= since + timing.stuck
            machine.sensors.activeSince[sensor] = isStuck ? Self.now - timing.stuck : Self.now
        }
        machine.relays.normalise(Door.Drive.allCases, deadTime: .zero)
        machine.memory.queue = machine.memory.queue.map {
            .init(ground: $0.ground, traveller: $0.traveller, until: Self.put($0.until))
        }
        if case .open(let heldFrom) = machine.memory.leaf {
            machine.memory.leaf = .open(heldFrom: Self.put(heldFrom))
        }
        machine.state = machine.state.timed { time in
            // A person's time in an opening is compared with nothing once the release runs.
            if case .pending(_, let pending) = time, pending.traveller == .person {
                SearchTime.later
            } else {
                Self.put(time.instant)
            }
        }
    }

    private static func put(_ until: Instant) -> Instant {
        until > now ? SearchTime.later : now
    }
}

/// One time in a door's state, by what it stands for.
private enum DoorTime {
    case motion(Instant), stay(Instant), renewMotor(Instant), renew(Instant)
    case pending(Int, Door.Opening.Pending)

    var instant: Instant {
        switch self {
        case .motion(let at), .stay(let at), .renewMotor(let at), .renew(let at): at
        case .pending(_, let pending): pending.until
        }
    }
}

extension Door.State {
    /// The same state with its times changed.
    fileprivate func timed(_ change: (DoorTime) -> Instant) -> Self {
        func opened(_ opening: Door.Opening) -> Door.Opening {
            var opening = opening
            opening.pending = opening.pending.enumerated().map { index, pending in
                .init(
                    ground: pending.ground, traveller: pending.traveller,
                    until: change(.pending(index, pending)))
            }
            return opening
        }
        func moved(_ motion: Door.Motion) -> Door.Motion {
            switch motion {
            case .secured: return .secured
            case .released(let opening, let until):
                return .released(opened(opening), until: change(.motion(until)))
            case .open(let opening, let motor):
                let motor = motor.map {
                    Door.Motor(stay: change(.stay($0.stay)), renew: change(.renewMotor($0.renew)))
                }
                return .open(opened(opening), motor)
            case .closing(let opening, let until, let closer):
                return .closing(opened(opening), until: change(.motion(until)), by: closer)
            }
        }
        switch self {
        case .working(let motion): return .working(moved(motion))
        case .fault(let faults, let motion): return .fault(faults, moved(motion))
        case .emergency(let faults, let hold, let renew):
            return .emergency(faults, hold, renew: change(.renew(renew)))
        }
    }
}
