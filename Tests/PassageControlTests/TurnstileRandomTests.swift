import GateConfiguration
import GateTypes
import PassageControl
import Testing

/// Random orders of events in virtual time, with inputs that stick, die and flap.
@Suite struct TurnstileRandomTests {
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func everyRuleHoldsInEveryOrderOfEvents(seed: UInt64) {
        var world = TurnstileWorld(seed: seed, isHealthy: false)
        world.run(events: 4_000)
        world.calm()
        #expect(world.rules.findings.text(seed: seed).isEmpty)
        #expect(world.rules.openWarrants.isEmpty, "seed \(seed)")
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func whoeverGoesThroughIsNoticed(seed: UInt64) {
        var world = TurnstileWorld(seed: seed, isHealthy: true)
        world.run(events: 4_000)
        world.calm()
        #expect(world.rules.findings.text(seed: seed).isEmpty)
        #expect(world.rules.openWarrants.isEmpty, "seed \(seed)")
        #expect(world.walks > 300)
        #expect(world.rules.passages == world.walks, "seed \(seed)")
    }
}

/// People, a guard and broken wires around one turnstile.
struct TurnstileWorld {
    var rules: TurnstileRules
    /// People who went right through.
    private(set) var walks = 0
    private var turnstile: Turnstile
    private var random: SplitMix
    private var now = Instant(nanoseconds: 5_000_000_000)
    private var lastNumber: UInt64 = 0
    private let isHealthy: Bool
    private var active: Set<Turnstile.Sensor> = []
    /// Inputs that do not change whatever happens, until then.
    private var frozen: [Turnstile.Sensor: Instant] = [:]

    init(seed: UInt64, isHealthy: Bool) {
        random = SplitMix(seed: seed)
        self.isHealthy = isHealthy
        var drives = TurnstileBench.drives
        if seed % 3 == 0 {
            drives = [.entry: .milliseconds(500), .exit: .milliseconds(500), .gate: .seconds(3)]
        }
        var timing = TurnstileConfig.Timing()
        if seed % 2 == 0 { timing.deadTime = .seconds(1) }
        rules = TurnstileRules(longest: drives, deadTime: timing.deadTime)
        turnstile = Turnstile(
            wiring: .init(longest: drives, timing: timing),
            sensors: SensorBank(fitted: Set(Turnstile.Sensor.allCases), active: [], at: now),
            at: now)
    }

    mutating func run(events: Int) {
        for _ in 0..<events {
            wait(random.chance(0.3) ? .zero : random.milliseconds(1...2_500))
            act()
        }
    }

    /// Everything is in order again and nobody comes: each warrant must end.
    mutating func calm() {
        frozen = [:]
        for sensor in Turnstile.Sensor.allCases { give(.reads(sensor, active: false)) }
        give(.emergencyReset)
        give(.clearFault)
        wait(.seconds(200))
    }

    private mutating func give(_ event: Turnstile.Event) {
        rules.check(event, turnstile.handle(event, at: now), at: now)
    }

    private mutating func wait(_ span: Duration) {
        let end = now + span
        while let due = turnstile.nextDeadline(after: now), due <= end {
            now = due
            give(.tick)
        }
        now = end
        give(.tick)
    }

    private mutating func act() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<34: ask()
        case 34..<64: walk()
        case 64..<70: turnBack()
        case 70..<74: set(.gate, random.chance(0.5))
        case 74..<76: give(.lock)
        case 76..<78: give(.emergencyRelease)
        case 78..<84: give(.emergencyReset)
        case 84..<86: give(.clearFault)
        default: if isHealthy { ask() } else { breakSomething() }
        }
    }

    private mutating func ask() {
        lastNumber += 1
        let way = Turnstile.Way.allCases.randomElement(using: &random) ?? .entry
        give(.ask(PersonWarrant(lastNumber, by: random.chance(0.8) ? .policy : .named), way))
    }

    private mutating func set(_ sensor: Turnstile.Sensor, _ isActive: Bool) {
        if let until = frozen[sensor], now < until { return }
        if isActive, sensor == .gate, !active.contains(.gate) { walks += 1 }
        if isActive { active.insert(sensor) } else { active.remove(sensor) }
        give(.reads(sensor, active: isActive))
    }

    private mutating func walk() {
        let isOut = random.chance(0.5)
        let (first, second): (Turnstile.Sensor, Turnstile.Sensor) =
            isOut ? (.inner, .outer) : (.outer, .inner)
        let isFast = random.chance(0.2)
        set(first, true)
        wait(random.milliseconds(50...900))
        if isFast { set(first, false) }
        wait(random.milliseconds(10...900))
        set(second, true)
        wait(random.milliseconds(10...900))
        if !isFast { set(first, false) }
        wait(random.milliseconds(10...500))
        set(second, false)
        walks += 1
    }

    private mutating func turnBack() {
        let side: Turnstile.Sensor = random.chance(0.5) ? .inner : .outer
        set(side, true)
        wait(random.milliseconds(50...5_000))
        set(side, false)
        wait(.seconds(2))  // Who comes next from the other side is not the same person.
    }

    private mutating func breakSomething() {
        let sensor = Turnstile.Sensor.allCases.randomElement(using: &random) ?? .outer
        switch Int.random(in: 0..<6, using: &random) {
        case 0: give(.sensorFailed(sensor))
        case 1: frozen[sensor] = now + random.milliseconds(1_000...120_000)
        case 2:
            for _ in 0..<20 {
                set(sensor, random.chance(0.5))
                if random.chance(0.5) { wait(random.milliseconds(0...50)) }
            }
        case 3: set(sensor, random.chance(0.5))
        case 4: give(.counted(Int.random(in: 0...4, using: &random)))
        default:
            if random.chance(0.3),
                let drive = Turnstile.Drive.allCases.randomElement(using: &random)
            {
                give(.driveFailed(drive))
            }
        }
    }
}
