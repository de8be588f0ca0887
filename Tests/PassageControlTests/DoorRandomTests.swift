import GateConfiguration
import GateTypes
import PassageControl
import Testing

/// Random orders of events in virtual time, with inputs that stick, die and flap.
@Suite struct DoorRandomTests {
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func everyRuleHoldsInEveryOrderOfEvents(seed: UInt64) {
        var world = DoorWorld(seed: seed, kind: .broken)
        world.run(events: 4_000)
        world.calm()
        #expect(world.outer.rules.findings.text(seed: seed).isEmpty)
        #expect(world.outer.rules.openWarrants.isEmpty, "seed \(seed)")
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func noDoorOfAnAirLockIsReleasedBesideAnOpenOne(seed: UInt64) {
        var world = DoorWorld(seed: seed, kind: .airLock)
        world.run(events: 4_000)
        world.calm()
        #expect(world.findings.text(seed: seed).isEmpty)
        #expect(world.outer.rules.findings.text(seed: seed).isEmpty)
        #expect(world.inner.rules.findings.text(seed: seed).isEmpty)
        #expect(world.outer.rules.openWarrants.isEmpty, "seed \(seed)")
        #expect(world.inner.rules.openWarrants.isEmpty, "seed \(seed)")
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func everyBicycleThatFollowsIsCounted(seed: UInt64) {
        var world = DoorWorld(seed: seed, kind: .bicycles)
        world.run(events: 2_000)
        world.calm()
        #expect(world.outer.rules.findings.text(seed: seed).isEmpty)
        #expect(world.bicycles > 500)
        #expect(
            world.outer.rules.passed + world.outer.rules.followers == world.bicycles,
            "seed \(seed)")
    }
}

/// One door with what its checker knows.
struct CheckedDoor {
    var door: Door
    var rules: DoorRules

    mutating func give(_ event: Door.Event, at now: Instant) {
        rules.check(event, door.handle(event, at: now), at: now)
    }
}

/// People, bicycles, a guard and broken wires around one door, or around the two of an air lock.
struct DoorWorld {
    enum Kind { case broken, airLock, bicycles }

    var outer: CheckedDoor
    var inner: CheckedDoor
    var findings = Findings()
    /// Bicycles that rode through an open leaf.
    private(set) var bicycles = 0
    private let kind: Kind
    private var random: SplitMix
    private var now = Instant(nanoseconds: 5_000_000_000)
    private var lastNumber: UInt64 = 0
    private var frozen: [Door.Sensor: Instant] = [:]

    init(seed: UInt64, kind: Kind) {
        random = SplitMix(seed: seed)
        self.kind = kind
        let hasMotor = seed % 2 == 0 && kind != .bicycles
        let drives = hasMotor ? DoorBench.motor : DoorBench.strike
        var fitted = DoorBench.bicycles
        if hasMotor { fitted.insert(.obstacle) }
        if kind == .broken, seed % 5 == 0 { fitted.remove(.contact) }
        func door(at now: Instant) -> CheckedDoor {
            CheckedDoor(
                door: Door(
                    wiring: .init(
                        longest: drives, timing: .init(), isInterlocked: kind == .airLock),
                    sensors: SensorBank(fitted: fitted, active: [], at: now), at: now),
                rules: DoorRules(longest: drives, fitted: fitted))
        }
        outer = door(at: now)
        inner = door(at: now)
    }

    mutating func run(events: Int) {
        for _ in 0..<events {
            wait(random.chance(0.3) ? .zero : random.milliseconds(1...2_500))
            if kind == .bicycles { ride() } else { act() }
        }
    }

    /// Everything is in order again and nobody comes: each warrant must end.
    mutating func calm() {
        frozen = [:]
        for isOuter in [true, false] {
            for sensor in Door.Sensor.allCases { give(isOuter, .reads(sensor, active: false)) }
            give(isOuter, .clearFault)
        }
        reset()
        wait(.seconds(100))
    }

    private mutating func give(_ isOuter: Bool, _ event: Door.Event) {
        pass(isOuter, event)
        guard kind == .airLock else { return }
        // As the engine does: the news goes to and fro until nothing changes.
        for isOuter in [false, true, false, true, false] {
            let other = isOuter ? inner.door : outer.door
            pass(isOuter, .partner(isSecured: other.isSecured(at: now)))
        }
    }

    private mutating func pass(_ isOuter: Bool, _ event: Door.Event) {
        if isOuter { outer.give(event, at: now) } else { inner.give(event, at: now) }
        guard kind == .airLock else { return }
        let (at, here, there) = (now, outer.door.state, inner.door.state)
        findings.step(
            "\(at.nanoseconds / 1_000_000) \(isOuter ? "outer" : "inner") \(event): "
                + "\(here) | \(there)")
        let (door, other) = isOuter ? (outer.rules, inner.rules) : (inner.rules, outer.rules)
        if door.hasReleased, other.mayBeOpen(at: now) {
            findings.violate("interlock: one door is released beside an open one", at: now)
        }
    }

    private mutating func wait(_ span: Duration) {
        let end = now + span
        while let due = [
            outer.door.nextDeadline(after: now), inner.door.nextDeadline(after: now),
        ].compactMap({ $0 }).min(), due <= end {
            now = due
            give(true, .tick)
            give(false, .tick)
        }
        now = end
        give(true, .tick)
        give(false, .tick)
    }

    private mutating func act() {
        let isOuter = kind == .broken || random.chance(0.5)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: ask(isOuter)
        case 30..<50: openAndClose(isOuter)
        case 50..<58: set(isOuter, .exit, random.chance(0.5))
        case 58..<68: set(isOuter, .presence, random.chance(0.5))
        case 68..<74: set(isOuter, .obstacle, random.chance(0.4))
        case 74..<76: give(isOuter, .lock)
        case 76..<78: emergency()
        case 78..<84: reset()
        case 84..<87: give(isOuter, .clearFault)
        default: breakSomething(isOuter)
        }
    }

    private mutating func emergency() {
        for isOuter in [true, false] where isOuter || kind == .airLock {
            give(isOuter, .emergencyRelease)
        }
    }

    /// Behind a reset each door waits for its own obstacle: both may be released until then.
    private mutating func reset() {
        for isOuter in [true, false] {
            set(isOuter, .obstacle, false)
            give(isOuter, .emergencyReset)
            give(isOuter, .lock)
        }
    }

    private mutating func ask(_ isOuter: Bool) {
        lastNumber += 1
        let warrant = PersonWarrant(lastNumber, by: random.chance(0.8) ? .policy : .named)
        give(isOuter, .ask(warrant, random.chance(0.5) ? .person : .bicycle))
    }

    private mutating func set(_ isOuter: Bool, _ sensor: Door.Sensor, _ isActive: Bool) {
        if let until = frozen[sensor], now < until { return }
        let known = isOuter ? outer.rules.active : inner.rules.active
        if isOuter {
            outer.rules.wasClosed = sensor == .contact && !known.contains(.contact)
        } else {
            inner.rules.wasClosed = sensor == .contact && !known.contains(.contact)
        }
        give(isOuter, .reads(sensor, active: isActive))
    }

    private mutating func openAndClose(_ isOuter: Bool) {
        let isReleased = isOuter ? outer.rules.isReleased(at: now) : inner.rules.isReleased(at: now)
        guard isReleased || random.chance(0.2) else { return set(isOuter, .contact, false) }
        set(isOuter, .contact, true)
        if random.chance(0.7) {
            wait(random.milliseconds(500...12_000))
            set(isOuter, .contact, false)
        }
    }

    /// One credential, and one to four bicycles behind each other while the leaf is open.
    private mutating func ride() {
        give(true, .reads(.presence, active: true))
        ask(true)
        wait(random.milliseconds(0...500))
        guard outer.rules.isReleased(at: now) else { return }
        give(true, .reads(.contact, active: true))
        var count = Int.random(in: 1...4, using: &random)
        while count > 0 {
            wait(random.milliseconds(100...900))
            give(true, .reads(.presence, active: false))
            bicycles += 1
            count -= 1
            guard count > 0 else { break }
            wait(random.milliseconds(100...900))
            give(true, .reads(.presence, active: true))
        }
        wait(random.milliseconds(100...2_000))
        give(true, .reads(.contact, active: false))
    }

    private mutating func breakSomething(_ isOuter: Bool) {
        let sensor = Door.Sensor.allCases.randomElement(using: &random) ?? .contact
        switch Int.random(in: 0..<5, using: &random) {
        case 0: give(isOuter, .sensorFailed(sensor))
        case 1: frozen[sensor] = now + random.milliseconds(1_000...400_000)
        case 2:
            for _ in 0..<20 {
                set(isOuter, sensor, random.chance(0.5))
                if random.chance(0.5) { wait(random.milliseconds(0...50)) }
            }
        case 3: set(isOuter, sensor, random.chance(0.5))
        default:
            if random.chance(0.3), let drive = Door.Drive.allCases.randomElement(using: &random) {
                give(isOuter, .driveFailed(drive))
            }
        }
    }
}
