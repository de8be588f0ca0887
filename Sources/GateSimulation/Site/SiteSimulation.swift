import CredentialReaders
import GateConfiguration
import GateEngine
import GateTypes

/// A whole site in virtual time: the real engine, and everything outside of it simulated.
///
/// Nothing here reads a clock: it jumps from one thing that happens to the next, so that a day
/// takes a tenth of a second. The same scenario and seed give the same run.
package struct SiteSimulation {
    enum Slot: Int { case gate, jobs, first }

    /// Something that is to happen.
    enum Job {
        /// For the engine, unless it was restarted meanwhile.
        case event(GateEvent, life: Int)
        case vehicle(Int, RoadUser)
        case walker(LaneName, Walker)
        case begin(
            Scenario.FaultKind, line: LineName?, lane: LaneName?, lasts: Duration, by: Duration)
        case end(Scenario.FaultKind, line: LineName?, lane: LaneName?)
        case lineLost(LineName)
        case look(Int)
        case visit(LaneName)
        case judge(LaneName)
        case stuckFor(LineName, LaneName, life: Int)
        case command(OperatorCommand)
        case pulse(LineName)
        case readFrames
        case show(BadgeShown, LaneName)
        case press(LineName, Bool)
        case start
        case dawn
    }

    static let origin = Instant(nanoseconds: 1_000_000_000_000)
    private static let never = DueTable.never

    package let config: GateConfig
    package let scenario: Scenario
    package let seed: UInt64
    let startWall: WallTime
    package let end: Instant
    var random: SeededRandom
    package private(set) var now: Instant
    package internal(set) var steps = 0
    var jobs = EventHeap<Job>()
    private var due = DueTable(count: 0)

    // The site.
    var inputs: [VirtualInput] = []
    var relays: [VirtualRelay] = []
    var barriers: [BarrierScene] = []
    var turnstiles: [TurnstileScene] = []
    var doors: [DoorScene] = []
    var inputIndex: [LineName: Int] = [:]
    var relayIndex: [LineName: Int] = [:]
    var lanes: [LaneName: LanePlace] = [:]
    /// Which relay moves what.
    var drives: [DrivePlace?] = []
    /// Lines of each scene's sensors, by the place of the sensor in its scene.
    var barrierLines: [[Int?]] = []
    var turnstileLines: [[Int?]] = []
    var doorLines: [[Int?]] = []
    var barrierNames: [LaneName] = []
    var turnstileNames: [LaneName] = []
    var doorNames: [LaneName] = []
    var hasPower = true
    let senders: [ReaderPlace: WiegandSender]
    /// What was held before each reader last.
    var shown: [ReaderName: String] = [:]

    // The controller.
    var gate: Gate
    /// As it is before its first call.
    let freshGate: Gate
    /// False while the controller is dead: nobody listens.
    var isAlive = false
    var life = 0
    var station: ReaderStation
    package internal(set) var checker: RuleChecker
    var rules: [LaneName: WorldRules] = [:]
    var alarms: [LaneName: Set<String>] = [:]
    /// The plate of the newest grant of each lane, until the boom opens for it.
    var granted: [LaneName: String] = [:]
    var stalledUntil = Instant(nanoseconds: .min)
    var clockOffset = Duration.zero
    var looks: [LookState] = []
    var visited: Set<LaneName> = []
    var blindCameras: Set<CameraName> = []
    var cast: Cast
    package internal(set) var report: SimulationReport
    /// Told of each entry that the gate writes.
    package var onEntry: ((EntryDraft) -> Void)?
    /// Real time of each event, in nanoseconds, where it is wanted.
    package var spans: [Int64] = []
    package var isTimed = false

    /// Where a lane's scene is.
    enum LanePlace { case barrier(Int), turnstile(Int), door(Int) }

    enum DrivePlace {
        case barrier(Int, BarrierRules.Drive)
        case turnstile(Int, PersonRules.Drive)
        case door(Int, PersonRules.Drive)
    }

    struct LookState {
        var isLooking = false
        var camera: CameraName?
        /// The engine wants every frame.
        var isWanted = false
        var waitingSince: Instant?
    }

    /// - Parameter start: when it begins, by a clock that is right.
    package init(config: GateConfig, scenario: Scenario, start: WallTime, seed: UInt64) {
        self.config = config
        self.scenario = scenario
        self.seed = seed
        startWall = start
        now = Self.origin
        end = Self.origin + scenario.length
        random = SeededRandom(seed: seed)
        gate = Gate(config: config)
        freshGate = gate
        checker = RuleChecker(config: config, at: Self.origin)
        cast = Cast(config)
        senders = Self.senders(config)
        station = ReaderStation(config.readers)
        report = SimulationReport(scenario: scenario.name, seed: seed, start: start)
        build()
        due = DueTable(
            count: Slot.first.rawValue + inputs.count + relays.count + barriers.count
                + turnstiles.count + doors.count)
        plan()
    }

    // MARK: Building

    private mutating func build() {
        barrierNames = config.lanes.keys.sorted()
        turnstileNames = config.turnstiles.keys.sorted()
        doorNames = config.doors.keys.sorted()
        let down = Set(config.lanes.values.compactMap(\.inputs.down))
        for line in config.inputs.keys.sorted() {
            guard let input = config.inputs[line] else { continue }
            inputIndex[line] = inputs.count
            inputs.append(VirtualInput(line, input, active: down.contains(line), at: now))
        }
        for line in config.outputs.keys.sorted() {
            guard let output = config.outputs[line] else { continue }
            relayIndex[line] = relays.count
            relays.append(VirtualRelay(line, output))
        }
        drives = relays.map { _ in nil }
        for name in barrierNames { config.lanes[name].map { build(barrier: $0, name) } }
        for name in turnstileNames { config.turnstiles[name].map { build(turnstile: $0, name) } }
        for name in doorNames { config.doors[name].map { build(door: $0, name) } }
        for name in lanes.keys { rules[name] = WorldRules(lane: name) }
    }

    private mutating func build(barrier lane: BarrierConfig, _ name: LaneName) {
        let index = barriers.count
        barriers.append(BarrierScene(name, lane, seed: random.next(), at: now))
        lanes[name] = .barrier(index)
        looks.append(LookState(camera: lane.camera))
        let sensors = Dictionary(
            BarrierRules.lines(lane).map { ($0.rawValue, $1) }, uniquingKeysWith: { a, _ in a })
        barrierLines.append((0..<5).map { sensors[$0].flatMap { inputIndex[$0] } })
        for (drive, line) in BarrierRules.outputs(lane) {
            guard let relay = relayIndex[line], drive != .lamp else { continue }
            drives[relay] = .barrier(index, drive)
        }
    }

    private mutating func build(turnstile lane: TurnstileConfig, _ name: LaneName) {
        let index = turnstiles.count
        turnstiles.append(TurnstileScene(lane, seed: random.next()))
        lanes[name] = .turnstile(index)
        turnstileLines.append(
            [lane.inputs.outer, lane.inputs.inner, lane.inputs.gate].map {
                $0.flatMap { inputIndex[$0] }
            })
        for (drive, line) in PersonRules(name, config).outputs {
            if let relay = relayIndex[line] { drives[relay] = .turnstile(index, drive) }
        }
    }

    private mutating func build(door lane: DoorConfig, _ name: LaneName) {
        let index = doors.count
        doors.append(DoorScene(lane, seed: random.next()))
        lanes[name] = .door(index)
        let inputs = lane.inputs
        doorLines.append(
            [inputs.contact, inputs.exit, inputs.presence, inputs.obstacle].map {
                $0.flatMap { inputIndex[$0] }
            })
        for (drive, line) in PersonRules(name, config).outputs {
            if let relay = relayIndex[line] { drives[relay] = .door(index, drive) }
        }
    }

    // MARK: Time

    /// Both clocks as the controller reads them. Mutating, so that the site is not copied for it.
    mutating func readClocks() -> Moment {
        let wall = startWall.milliseconds + (now - Self.origin).nanoseconds / 1_000_000
        return Moment(
            instant: now,
            wall: WallTime(milliseconds: wall + clockOffset.nanoseconds / 1_000_000))
    }

    /// Runs to the end, or to the first broken rule.
    package mutating func run() {
        restart()
        while step() {}
        now = min(now, end)
        finish()
    }

    /// One thing that happens; false at the end.
    private mutating func step() -> Bool {
        due[Slot.jobs.rawValue] = jobs.first?.nanoseconds ?? Self.never
        let (slot, least) = due.first
        guard least < end.nanoseconds else {
            now = end
            return false
        }
        now = max(now, Instant(nanoseconds: least))
        steps += 1
        handle(slot)
        return checker.violationCount == 0
    }

    private mutating func handle(_ slot: Int) {
        if slot == Slot.gate.rawValue { return send(.tick) }
        if slot == Slot.jobs.rawValue {
            if let job = jobs.removeFirst() { carryOut(job.what) }
            return
        }
        var index = slot - Slot.first.rawValue
        if index < inputs.count { return advanceInput(index) }
        index -= inputs.count
        if index < relays.count {
            if relays[index].advance(to: now) { contactMoved(index) }
            return noteRelay(index)
        }
        index -= relays.count
        if index < barriers.count {
            barriers[index].update(to: now)
            return drainBarrier(index)
        }
        index -= barriers.count
        if index < turnstiles.count {
            turnstiles[index].update(to: now)
            return drainTurnstile(index)
        }
        index -= turnstiles.count
        doors[index].update(to: now)
        drainDoor(index)
    }

    private mutating func advanceInput(_ index: Int) {
        inputs[index].advance(to: now, &random)
        let changes = inputs[index].takeChanges()
        inputs[index].settled()
        noteInput(index)
        guard !inputs[index].isLost, isAlive else { return }
        for active in changes { send(.input(inputs[index].name, active: active)) }
    }

    mutating func noteGate() {
        due[Slot.gate.rawValue] =
            isAlive ? gate.nextDeadline?.nanoseconds ?? Self.never : Self.never
    }

    mutating func noteInput(_ index: Int) {
        due[Slot.first.rawValue + index] = inputs[index].due.nanoseconds
    }

    mutating func noteRelay(_ index: Int) {
        due[Slot.first.rawValue + inputs.count + index] = relays[index].due.nanoseconds
    }

    mutating func noteBarrier(_ index: Int) {
        due[Slot.first.rawValue + inputs.count + relays.count + index] =
            barriers[index].due.nanoseconds
    }

    mutating func noteTurnstile(_ index: Int) {
        due[Slot.first.rawValue + inputs.count + relays.count + barriers.count + index] =
            turnstiles[index].due.nanoseconds
    }

    mutating func noteDoor(_ index: Int) {
        due[
            Slot.first.rawValue + inputs.count + relays.count + barriers.count + turnstiles.count
                + index] = doors[index].due.nanoseconds
    }

    // MARK: What scenes give

    mutating func drainBarrier(_ index: Int) {
        for output in barriers[index].takeOutputs() {
            switch output {
            case .sense(let role, let isOn): sense(barrierLines[index][role], isOn)
            case .fact(let fact): happened(fact, barrierNames[index])
            case .badge, .count: break
            }
        }
        barriers[index].settled()
        noteBarrier(index)
    }

    mutating func drainTurnstile(_ index: Int) {
        let name = turnstileNames[index]
        for output in turnstiles[index].takeOutputs() {
            switch output {
            case .sense(let role, let isOn): sense(turnstileLines[index][role], isOn)
            case .badge(let shown): badge(shown, name)
            case .count(let persons): send(.people(name, count: persons))
            case .fact(let fact): happened(fact, name)
            }
        }
        turnstiles[index].settled()
        noteTurnstile(index)
    }

    mutating func drainDoor(_ index: Int) {
        let name = doorNames[index]
        for output in doors[index].takeOutputs() {
            switch output {
            case .sense(let role, let isOn): sense(doorLines[index][role], isOn)
            case .badge(let shown): badge(shown, name)
            case .count(let persons): send(.people(name, count: persons))
            case .fact(let fact): happened(fact, name)
            }
        }
        doors[index].settled()
        noteDoor(index)
    }

    private mutating func sense(_ line: Int?, _ isOn: Bool) {
        guard let line else { return }
        inputs[line].sense(isOn, at: now, &random)
        noteInput(line)
    }

    private mutating func happened(_ fact: WorldFact, _ lane: LaneName) {
        report.facts[fact.word, default: 0] += 1
        // Who sees little has to tell less: before, not after, what has to be told.
        if !isAlive || checker.kept.emergency != nil || !(alarms[lane] ?? []).isEmpty {
            rules[lane]?.excuse(at: now)
        }
        switch fact {
        case .struck:
            checker.worldViolates("rule 1: the boom came down on a vehicle", lane: lane, at: now)
        case .opposed:
            let isWelded = relays.contains { $0.fault == .welded }
            if !isWelded {
                checker.worldViolates("rule 2: opposite contacts together", lane: lane, at: now)
            }
        case .passed, .passedUnasked, .turnedBack, .wentAway, .wrongWay, .brokeThrough,
            .struckBlindly, .forcedDoor, .followed:
            rules[lane]?.happened(fact, at: now)
            if let next = rules[lane]?.next, next < end { jobs.add(.judge(lane), at: next) }
        }
    }

    mutating func contactMoved(_ relay: Int) {
        guard let place = drives[relay] else { return }
        let isOn = relays[relay].isClosed || relays[relay].restsEnergised && !hasPower
        switch place {
        case .barrier(let index, let drive):
            barriers[index].setContact(drive, isOn, at: now)
            drainBarrier(index)
        case .turnstile(let index, let drive):
            turnstiles[index].setContact(drive, isOn, at: now)
            drainTurnstile(index)
        case .door(let index, let drive):
            doors[index].setContact(drive, isOn, at: now)
            drainDoor(index)
        }
    }
}
