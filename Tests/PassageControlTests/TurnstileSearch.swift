import GateConfiguration
import GateTypes
import Testing

@testable import PassageControl

/// What a search of the turnstile leaves in.
struct TurnstileScope: Hashable, Sendable, CustomTestStringConvertible {
    var title: String
    var drives: [Turnstile.Drive] = [.entry, .exit]
    var hasGate = false
    var canFail: Set<Turnstile.Sensor> = []
    var canStick: Set<Turnstile.Sensor> = []
    var canBeLost: Set<Turnstile.Drive> = []
    var hasEmergency = false
    var hasCamera = false
    /// Who may ask: each number stands for one person at a time.
    var people: [TurnstilePerson] = [
        .init(number: 1, word: .policy, way: .entry), .init(number: 2, word: .named, way: .exit),
    ]

    var testDescription: String { title }
}

struct TurnstilePerson: Hashable, Sendable {
    let number: UInt64
    let word: PersonWarrant.Word
    let way: Turnstile.Way
}

/// A turnstile, the truth about its sensors and relays, and the warrants that are alive.
///
/// Followers beyond the second are not told apart, nor are missed releases beyond the third.
struct TurnstileNode: SearchNode {
    enum Timer: Hashable {
        case stuck(Turnstile.Sensor), relay(Turnstile.Drive), queue(Int)
        case between, heldOpen, state
    }

    enum Move: Hashable {
        case event(Turnstile.Event)
        case time(Timer)
    }

    private static let now = SearchTime.now
    private static let later = SearchTime.later
    private static let ways: [Turnstile.Drive] = [.entry, .exit, .gate]

    let scope: TurnstileScope
    var machine: Turnstile
    var relays = RelayTruth<Turnstile.Drive>()
    var active: Set<Turnstile.Sensor> = []
    var failed: Set<Turnstile.Sensor> = []
    /// Warrants that have been given and have not ended.
    var alive: Set<UInt64> = []
    var isEmergency = false
    var isReset = false

    init(_ scope: TurnstileScope) {
        self.scope = scope
        let fitted: Set<Turnstile.Sensor> =
            scope.hasGate ? [.outer, .inner, .gate] : [.outer, .inner]
        let longest = Dictionary(
            uniqueKeysWithValues: scope.drives.map { ($0, Duration.seconds(6)) })
        machine = Turnstile(
            wiring: .init(longest: longest, timing: .init()),
            sensors: SensorBank(fitted: fitted, active: [], at: Self.now), at: Self.now)
        normalise()
    }

    // The scope and the wiring are the same in all nodes of one search.
    static func == (a: Self, b: Self) -> Bool {
        a.machine.state == b.machine.state && a.machine.sensors == b.machine.sensors
            && a.machine.track == b.machine.track && a.machine.relays == b.machine.relays
            && a.machine.memory == b.machine.memory && a.relays == b.relays
            && a.active == b.active && a.failed == b.failed && a.alive == b.alive
            && a.isEmergency == b.isEmergency && a.isReset == b.isReset
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(machine.state)
        hasher.combine(machine.sensors.activeSince)
        hasher.combine(machine.track)
        hasher.combine(machine.relays)
        hasher.combine(machine.memory)
        hasher.combine(failed)
        hasher.combine([isEmergency, isReset])
    }

    var name: String {
        switch machine.state {
        case .locked: "locked"
        case .released: "released"
        case .relocking: "relocking"
        case .fault: "fault"
        case .emergency: "emergency"
        }
    }

    var isHome: Bool { machine.state == .locked && machine.memory.queue.isEmpty }

    static func eventName(_ move: Move) -> String? {
        guard case .event(let event) = move else { return nil }
        return String("\(event)".prefix { $0.isLetter })
    }

    // MARK: Moves

    var moves: [Move] {
        var events: [Turnstile.Event] = [.tick, .lock, .clearFault]
        for sensor in machine.sensors.fitted.sorted() {
            events.append(.reads(sensor, active: !active.contains(sensor)))
            if failed.contains(sensor) {
                events.append(.reads(sensor, active: active.contains(sensor)))
            } else if scope.canFail.contains(sensor) {
                events.append(.sensorFailed(sensor))
            }
        }
        for person in scope.people {
            events.append(
                alive.contains(person.number)
                    ? .takeBack(person.number)
                    : .ask(PersonWarrant(person.number, by: person.word), person.way))
        }
        for drive in scope.canBeLost.sorted(by: { $0.rawValue < $1.rawValue }) {
            events.append(.driveFailed(drive))
        }
        if scope.hasEmergency { events += [.emergencyRelease, .emergencyReset] }
        if scope.hasCamera { events.append(.counted(2)) }
        return events.map { .event($0) } + timers.map { .time($0) }
    }

    private var timers: [Timer] {
        var timers: [Timer] = []
        for sensor in scope.canStick.sorted() where machine.sensors.activeSince[sensor] == Self.now
        {
            timers.append(.stuck(sensor))
        }
        for drive in scope.drives where relays.phase(drive) != .free {
            timers.append(.relay(drive))
        }
        for (index, asked) in machine.memory.queue.enumerated() where asked.until > Self.now {
            timers.append(.queue(index))
        }
        if case .between(_, let until) = machine.track.phase, until > Self.now {
            timers.append(.between)
        }
        if case .open(let heldFrom) = machine.memory.gate, heldFrom > Self.now {
            timers.append(.heldOpen)
        }
        switch machine.state {
        case .locked, .fault(_, nil): break
        case .released(let release), .fault(_, .some(let release)):
            if release.until > Self.now { timers.append(.state) }
        case .relocking(let until, _), .emergency(_, _, let until):
            if until > Self.now { timers.append(.state) }
        }
        return timers
    }

    mutating func apply(_ move: Move) -> [String] {
        switch move {
        case .time(let timer):
            passTime(timer)
            return []
        case .event(let event):
            var broken: [String] = []
            let before = machine
            note(event)
            let effects = machine.handle(event, at: Self.now)
            for effect in effects { broken += carryOut(effect, effects, before, event) }
            broken += check()
            normalise()
            return broken
        }
    }

    private mutating func passTime(_ timer: Timer) {
        switch timer {
        case .stuck(let sensor):
            machine.sensors.activeSince[sensor] = Self.now - machine.wiring.timing.stuck
        case .relay(let drive):
            relays.passTime(drive)
            machine.relays.passTime(drive, deadTime: machine.wiring.timing.deadTime)
        case .queue(let index):
            let asked = machine.memory.queue[index]
            machine.memory.queue[index] = .init(
                warrant: asked.warrant, way: asked.way, until: Self.now)
        case .between:
            if case .between(let side, _) = machine.track.phase {
                machine.track.phase = .between(side, until: Self.now)
            }
        case .heldOpen: machine.memory.gate = .open(heldFrom: Self.now)
        case .state: machine.state = machine.state.timed { _ in Self.now }
        }
    }

    // MARK: Truth and rules

    private mutating func note(_ event: Turnstile.Event) {
        switch event {
        case .reads(let sensor, let isActive):
            failed.remove(sensor)
            if isActive { active.insert(sensor) } else { active.remove(sensor) }
        case .sensorFailed(let sensor):
            failed.insert(sensor)
            active.insert(sensor)
        case .driveFailed(let drive): relays.lost.insert(drive)
        case .ask(let warrant, _): alive.insert(warrant.number)
        case .emergencyRelease:
            isEmergency = true
            isReset = false
        case .emergencyReset: isReset = isEmergency
        case .takeBack, .counted, .lock, .clearFault, .tick: break
        }
    }

    private mutating func carryOut(
        _ effect: Turnstile.Effect, _ effects: [Turnstile.Effect], _ before: Turnstile,
        _ event: Turnstile.Event
    ) -> [String] {
        switch effect {
        case .assert(let drive, let limit):
            var broken: [String] = []
            if limit <= .zero || limit > machine.wiring.longest[drive] ?? .zero {
                broken.append("rule 2: \(drive) asserted for \(limit)")
            }
            if !isEmergency { broken += checkRelease(drive, effects, before) }
            relays.assert(drive)
            return broken
        case .rest(let drive):
            relays.rest(drive)
            guard isEmergency else { return [] }
            let isFree = active.isDisjoint(with: [.outer, .inner])
            return isReset && (isFree || event == .lock) ? [] : ["rule 3: \(drive) let go"]
        case .note(.ended(let warrant, _)):
            return alive.remove(warrant.number) == nil ? ["\(warrant.number) ends twice"] : []
        case .note(.released(let warrant, _)):
            return alive.contains(warrant.number) ? [] : ["\(warrant.number) is not alive"]
        case .note(.forced), .note(.followed):
            return isEmergency ? ["rule 6: somebody in an emergency is called an intruder"] : []
        case .note:
            return []
        }
    }

    private func checkRelease(
        _ drive: Turnstile.Drive, _ effects: [Turnstile.Effect], _ before: Turnstile
    ) -> [String] {
        var broken: [String] = []
        for other in Self.ways where other != drive && relays.phase(other) != .free {
            broken.append("rule 2: \(drive) in the time of \(other)")
        }
        let isGranted = effects.contains {
            if case .note(.released(_, let way)) = $0 { way.drive == drive } else { false }
        }
        if !isGranted, before.release?.way.drive != drive {
            broken.append("rule 5: \(drive) without a warrant")
        }
        return broken
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
        let inMachine =
            machine.memory.queue.map(\.warrant.number)
            + (machine.release.map { [$0.warrant.number] } ?? [])
        if Set(inMachine) != alive || inMachine.count != alive.count {
            broken.append("warrants \(alive.sorted()) are alive, the machine has \(inMachine)")
        }
        for drive in Self.ways where relays.phase(drive) == .energised && !isEmergency {
            if machine.release?.way.drive != drive, !relays.lost.contains(drive) {
                broken.append("rule 5: \(drive) outlives its release")
            }
        }
        for drive in scope.drives
        where machine.relays.phase(drive, deadTime: machine.wiring.timing.deadTime)
            != relays.phase(drive)
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
        machine.relays.normalise(scope.drives, deadTime: timing.deadTime)
        machine.memory.queue = machine.memory.queue.map {
            .init(warrant: $0.warrant, way: $0.way, until: Self.put($0.until))
        }
        if case .between(let side, let until) = machine.track.phase {
            machine.track.phase = .between(side, until: Self.put(until))
        }
        if case .open(let heldFrom) = machine.memory.gate {
            machine.memory.gate = .open(heldFrom: Self.put(heldFrom))
        }
        for (side, count) in machine.memory.silence {
            machine.memory.silence[side] = min(count, 3)
        }
        machine.state = machine.state.timed(Self.put)
    }

    private static func put(_ until: Instant) -> Instant { until > now ? later : now }
}

extension Turnstile.State {
    /// The same state with its time changed, and its counts within their bounds.
    fileprivate func timed(_ change: (Instant) -> Instant) -> Self {
        func bounded(_ release: Turnstile.Release) -> Turnstile.Release {
            var release = release
            release.followers = min(release.followers, 2)
            release.uncounted = min(release.uncounted, 2)
            return release
        }
        func timedRelease(_ release: Turnstile.Release) -> Turnstile.Release {
            var release = bounded(release)
            release.until = change(release.until)
            return release
        }
        switch self {
        case .locked, .fault(_, nil): return self
        case .released(let release): return .released(timedRelease(release))
        case .fault(let faults, .some(let release)): return .fault(faults, timedRelease(release))
        case .relocking(let until, let behind):
            // The end of a release that is over is compared with nothing.
            let old = behind.map { release in
                var release = bounded(release)
                release.until = SearchTime.now
                return release
            }
            return .relocking(until: change(until), behind: old)
        case .emergency(let faults, let hold, let renew):
            return .emergency(faults, hold, renew: change(renew))
        }
    }
}
