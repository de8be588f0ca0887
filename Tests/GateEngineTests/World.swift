import GateConfiguration
import GateEngine
import GateSimulation
import GateTypes

/// A small world in virtual time: drivers, booms, bouncing inputs, a camera, a slow disk, faults.
struct World {
    struct Troubles {
        var bounce = 0.0
        var disturbancesPerHour = 0.0
        var stuckPerHour = 0.0
        var inputFailuresPerHour = 0.0
        var outputFailuresPerHour = 0.0
        var lateReadings = 0.0
        var slowDisk = 0.0
        var deadDisk = 0.0
        var commandsPerHour = 0.0
        var firesPerHour = 0.0
        var restartsPerHour = 0.0
        var oddDrivers = 0.0

        static let none = Troubles()
        static let all = Troubles(
            bounce: 0.6, disturbancesPerHour: 60, stuckPerHour: 12, inputFailuresPerHour: 12,
            outputFailuresPerHour: 6, lateReadings: 0.1, slowDisk: 0.1, deadDisk: 0.03,
            commandsPerHour: 60, firesPerHour: 4, restartsPerHour: 4, oddDrivers: 0.4)
    }

    static let step = Duration.milliseconds(50)

    let config: GateConfig
    let troubles: Troubles
    let isPulsed: Bool
    let lineNames: [LineName]
    let laneNames: [LaneName]
    var random: SplitMix
    var gate: Gate
    var checker: RuleChecker
    var booms: [LaneName: Boom] = [:]
    var drivers: [LaneName: [Driver]] = [:]
    var nextDriver: [LaneName: Instant] = [:]
    var lines: [LineName: Line] = [:]
    var pending: [(at: Instant, event: GateEvent)] = []
    var fireUntil: Instant?
    var now = Instant(nanoseconds: 1_000_000_000)
    var arrivalToRelease: [Double] = []
    var strangersAdmitted = 0
    var listedServed = 0
    var nextListed = 0
    var driversGone = 0
    var alarmsEver: Set<String> = []
    var isTimed = false
    /// Real milliseconds of each event, where they are wanted.
    var spans: [Double] = []

    struct Line {
        var raw = false
        var debounce: InputDebounce
        /// Electrical edges still to come.
        var edges: [(at: Instant, active: Bool)] = []
        var stuckAt: Bool?
        var stuckUntil = Instant(nanoseconds: 0)
        var isFailed = false
    }

    init(
        seed: UInt64, options: Site.Options = .init(), troubles: Troubles = .none,
        limitsSwapped: Bool = false
    ) {
        config = Site.config(options)
        self.troubles = troubles
        isPulsed = options.isPulsed
        lineNames = config.inputs.keys.sorted()
        laneNames = config.lanes.keys.sorted()
        random = SplitMix(seed: seed)
        gate = Gate(config: config)
        checker = RuleChecker(config: config, at: now)
        for (name, lane) in config.lanes {
            booms[name] = Boom(closesItself: lane.outputs.lower == nil)
            drivers[name] = []
            nextDriver[name] = now + .seconds(2)
        }
        for line in config.inputs.keys {
            let active = config.lanes.values.contains { $0.inputs.down == line }
            var state = Line(
                debounce: InputDebounce(
                    activeAfter: .milliseconds(10), clearAfter: .milliseconds(300),
                    active: active, at: now))
            state.raw = active
            lines[line] = state
        }
        restart()
    }

    // MARK: Time

    mutating func run(for span: Duration) {
        let end = now + span
        var physics = now + Self.step
        while now < end, checker.violations.isEmpty {
            var next = min(physics, end)
            if let due = gate.nextDeadline { next = min(next, max(due, now)) }
            if let due = pending.first?.at { next = min(next, due) }
            for line in lines.values {
                if let edge = line.edges.first { next = min(next, edge.at) }
                if let due = line.debounce.deadline { next = min(next, max(due, now)) }
            }
            now = next
            if let due = gate.nextDeadline, due <= now { send(.tick) }
            settleLines()
            while let first = pending.first, first.at <= now {
                pending.removeFirst()
                send(first.event)
            }
            if now >= physics {
                physics = now + Self.step
                moveWorld()
            }
        }
    }

    mutating func send(_ event: GateEvent) {
        checker.note(event, at: now)
        let begin = isTimed ? ContinuousClock.now : nil
        let actions = gate.handle(event, at: moment)
        if let begin { spans.append((ContinuousClock.now - begin).milliseconds) }
        carryOut(actions)
        checker.check(actions, after: event, at: now)
    }

    var moment: Moment {
        Moment(
            instant: now,
            wall: WallTime(milliseconds: 1_760_000_000_000 + now.nanoseconds / 1_000_000))
    }

    /// The daemon comes up: every relay at rest, every input read anew.
    mutating func restart() {
        pending.removeAll { event in
            switch event.event {
            case .stored, .storageFailed: true
            default: false
            }
        }
        for name in booms.keys { booms[name]?.rest() }
        var inputs: [LineName: Bool] = [:]
        for (name, line) in lines {
            inputs[name] = line.debounce.isActive
            lines[name]?.isFailed = false
        }
        checker.restarted(inputs: inputs, at: now)
        gate = Gate(config: config, standing: checker.kept)
        let actions = gate.start(inputs: inputs, at: moment)
        carryOut(actions)
        checker.check(actions, after: nil, at: now)
    }

    private mutating func carryOut(_ actions: [GateAction]) {
        for action in actions {
            switch action {
            case .assert(let line, let limit):
                for (name, lane) in config.lanes {
                    booms[name]?.assert(lane.outputs, line, until: now + limit, isPulsed: isPulsed)
                }
            case .rest(let line):
                for (name, lane) in config.lanes { booms[name]?.rest(lane.outputs, line) }
            case .store(let number, _):
                store(number)
            case .raiseAlarm(_, let code, _):
                alarmsEver.insert(code)
            case .record(let draft):
                if draft.kind == .passage, let text = draft.facts["release_ms"],
                    let span = Double(text)
                {
                    arrivalToRelease.append(span)
                }
            case .tell(let lane, .opening):
                release(lane)
            case .keepPicture(let order):
                let hash = String(repeating: "0", count: 64)
                post(
                    .pictured(
                        PictureReport(
                            name: order.name,
                            outcome: .kept(sceneHash: hash, plateHash: nil, byteCount: 1))),
                    after: .milliseconds(30))
            case .keep, .look, .erasePictures, .makeRoom, .tell, .signal,
                .clearAlarm:
                break
            }
        }
    }

    mutating func post(_ event: GateEvent, after span: Duration) {
        let at = now + span
        let index = pending.firstIndex { $0.at > at } ?? pending.endIndex
        pending.insert((at, event), at: index)
    }

    private mutating func store(_ number: IntentNumber) {
        if random.chance(troubles.deadDisk) {
            if random.chance(0.5) {
                post(.storageFailed(number, reason: "no space"), after: .milliseconds(3))
            }
            return
        }
        let isSlow = random.chance(troubles.slowDisk)
        post(.stored(number), after: random.milliseconds(isSlow ? 40...1500 : 2...12))
    }

    // MARK: Inputs

    mutating func set(_ line: LineName, _ active: Bool) {
        guard var state = lines[line] else { return }
        let wanted = now < state.stuckUntil ? state.stuckAt ?? active : active
        let last = state.edges.last?.active ?? state.raw
        guard wanted != last else { return }
        var at = now
        if random.chance(troubles.bounce) {
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                state.edges.append((at, wanted))
                at = at + random.milliseconds(0.05...1)
                state.edges.append((at, !wanted))
                at = at + random.milliseconds(0.05...1)
            }
        }
        state.edges.append((at, wanted))
        lines[line] = state
    }

    private mutating func settleLines() {
        for name in lineNames {
            guard var line = lines[name], !line.edges.isEmpty || line.debounce.deadline != nil
            else {
                continue
            }
            var changes: [InputDebounce.Change] = []
            while let edge = line.edges.first, edge.at <= now {
                line.edges.removeFirst()
                line.raw = edge.active
                changes += line.debounce.edge(active: edge.active, at: edge.at)
            }
            if let due = line.debounce.deadline, due <= now {
                changes += line.debounce.advance(to: now)
            }
            let isFailed = line.isFailed
            lines[name] = line
            for change in changes where !isFailed { send(.input(name, active: change.active)) }
        }
    }
}

/// A boom that takes three seconds from end to end.
struct Boom {
    var position = 0.0
    var velocity = 0.0
    /// Single-pulse booms come down by themselves.
    let closesItself: Bool
    private var raiseUntil = Instant(nanoseconds: .min)
    private var lowerUntil = Instant(nanoseconds: .min)
    private var isHeld = false
    private var upSince: Instant?
    var isBroken = false
    /// Time that it has moved down onto a vehicle.
    var onVehicle = Duration.zero

    init(closesItself: Bool) { self.closesItself = closesItself }

    mutating func assert(
        _ outputs: BarrierConfig.Outputs, _ line: LineName, until: Instant, isPulsed: Bool
    ) {
        isHeld = !isPulsed
        if line == outputs.raise {
            raiseUntil = until
            velocity = 1
        } else if line == outputs.lower {
            lowerUntil = until
            velocity = -1
        } else if line == outputs.stop {
            velocity = 0
        }
    }

    mutating func rest(_ outputs: BarrierConfig.Outputs, _ line: LineName) {
        if line == outputs.raise { raiseUntil = Instant(nanoseconds: .min) }
        if line == outputs.lower { lowerUntil = Instant(nanoseconds: .min) }
    }

    mutating func rest() {
        raiseUntil = Instant(nanoseconds: .min)
        lowerUntil = Instant(nanoseconds: .min)
    }

    mutating func move(_ span: Duration, at now: Instant, isOccupied: Bool, isTrulyUnder: Bool) {
        if isHeld { velocity = raiseUntil > now ? 1 : lowerUntil > now ? -1 : 0 }
        if closesItself {
            upSince = position >= 1 ? upSince ?? now : nil
            if let since = upSince, now - since > .seconds(12), !isOccupied { velocity = -1 }
            if velocity < 0, isOccupied { velocity = 1 }
        }
        guard !isBroken else { return }
        let before = position
        position = min(max(position + velocity * span.milliseconds / 3000, 0), 1)
        let isPressing = position < before && isTrulyUnder
        onVehicle = isPressing ? onVehicle + span : .zero
        if position == 0 || position == 1 { velocity = 0 }
    }
}
