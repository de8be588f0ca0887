import GateConfiguration
import GateEngine
import GateTypes

/// The turnstiles and doors of the simulated world, with people and cyclists who come by themselves.
struct PeopleModel {
    private enum Scene {
        case turnstile(TurnstileScene)
        case door(DoorScene)
    }

    private struct Relay {
        var model = RelayModel()
        let lane: Int
        let drive: PersonRules.Drive
        let restsEnergised: Bool
    }

    private struct Lane {
        let name: LaneName
        var scene: Scene
        /// By the place of the sensor in its scene.
        let lines: [LineName?]
        let isForBicycles: Bool
        let hasExitButton: Bool
        var nextVisit: Instant
    }

    /// From one visitor of a lane to the next.
    private static let visits = 5_000...16_000

    private var lanes: [Lane] = []
    private var relays: [LineName: Relay] = [:]
    private var cast: Cast
    private var random: SeededRandom
    private let until: Instant
    private(set) var sensed: [LineName: Bool] = [:]
    private var badges: [BadgeReading] = []

    /// - Parameter until: nobody comes after this.
    init(config: GateConfig, seed: UInt64, from start: Instant, until: Instant) {
        cast = Cast(config)
        random = SeededRandom(seed: seed)
        self.until = until
        for name in (Array(config.turnstiles.keys) + Array(config.doors.keys)).sorted() {
            let scene: Scene
            var lines: [LineName?] = []
            // Who stands before a face camera is told by a script of its own.
            if config.faces[name] != nil { continue }
            if let lane = config.turnstiles[name] {
                scene = .turnstile(TurnstileScene(lane, seed: random.next()))
                lines = [lane.inputs.outer, lane.inputs.inner, lane.inputs.gate]
            } else if let lane = config.doors[name] {
                scene = .door(DoorScene(lane, seed: random.next()))
                lines = [
                    lane.inputs.contact, lane.inputs.exit, lane.inputs.presence,
                    lane.inputs.obstacle,
                ]
            } else {
                continue
            }
            for (drive, line) in PersonRules(name, config).outputs {
                relays[line] = Relay(
                    lane: lanes.count, drive: drive,
                    restsEnergised: config.outputs[line]?.rest == .energised)
            }
            lanes.append(
                Lane(
                    name: name, scene: scene, lines: lines,
                    isForBicycles: config.doors[name]?.traveller == .bicycle,
                    hasExitButton: config.doors[name]?.inputs.exit != nil,
                    nextVisit: start + .milliseconds(Int.random(in: 500...9_000, using: &random))))
        }
    }

    func owns(_ line: LineName) -> Bool { relays[line] != nil }

    mutating func setCoil(_ line: LineName, isOn: Bool, at now: Instant) {
        relays[line]?.model.setCoil(isOn, at: now)
    }

    mutating func takeBadges() -> [BadgeReading] {
        defer { badges = [] }
        return badges
    }

    /// When something happens here by itself next.
    var next: Instant? {
        var first: Instant?
        func consider(_ time: Instant) { first = min(first ?? time, time) }
        for lane in lanes {
            if lane.nextVisit < until { consider(lane.nextVisit) }
            switch lane.scene {
            case .turnstile(let scene): consider(scene.due)
            case .door(let scene): consider(scene.due)
            }
        }
        return first.flatMap { $0 == Instant(nanoseconds: .max) ? nil : $0 }
    }

    /// A contact follows its coil soon.
    var isSettling: Bool { relays.values.contains { $0.model.isSettling } }

    mutating func step(to now: Instant) {
        for line in relays.keys.sorted() {
            guard var relay = relays[line] else { continue }
            let before = relay.model.isClosed
            relay.model.step(to: now)
            relays[line] = relay
            if relay.model.isClosed != before {
                contactMoved(relay.lane, relay.drive, relay.model.isClosed, at: now)
            }
        }
        for index in lanes.indices {
            if lanes[index].nextVisit <= now, lanes[index].nextVisit < until {
                visit(index, at: now)
            }
            switch lanes[index].scene {
            case .turnstile(var scene):
                if scene.due <= now { scene.update(to: now) }
                lanes[index].scene = .turnstile(scene)
            case .door(var scene):
                if scene.due <= now { scene.update(to: now) }
                lanes[index].scene = .door(scene)
            }
            drain(index, at: now)
        }
    }

    private mutating func contactMoved(
        _ index: Int, _ drive: PersonRules.Drive, _ isOn: Bool, at now: Instant
    ) {
        switch lanes[index].scene {
        case .turnstile(var scene):
            scene.setContact(drive, isOn, at: now)
            lanes[index].scene = .turnstile(scene)
        case .door(var scene):
            scene.setContact(drive, isOn, at: now)
            lanes[index].scene = .door(scene)
        }
    }

    private mutating func visit(_ index: Int, at now: Instant) {
        lanes[index].nextVisit = now + .milliseconds(Int.random(in: Self.visits, using: &random))
        let isStranger = random.next() % 20 == 0
        let (badge, isListed) = cast.badge(isStranger ? .unknown : .listed)
        var walker = Walker(.enters, badge: badge, isListed: isListed)
        let isOutward = random.next() % 3 == 0
        let chance = random.next() % 25
        switch lanes[index].scene {
        case .turnstile(var scene):
            if isOutward { walker.way = .leaves }
            if chance == 0 { walker.manner = .followed }
            if chance == 1 { walker.manner = .stepsBack }
            scene.add(walker, at: now)
            lanes[index].scene = .turnstile(scene)
        case .door(var scene):
            let hasButton = lanes[index].hasExitButton
            if isOutward, hasButton, !lanes[index].isForBicycles { walker.way = .exitButton }
            if chance == 0 { walker.manner = .followed }
            scene.add(walker, at: now)
            lanes[index].scene = .door(scene)
        }
    }

    private mutating func drain(_ index: Int, at now: Instant) {
        let outputs: [SceneOutput]
        switch lanes[index].scene {
        case .turnstile(var scene):
            outputs = scene.takeOutputs()
            scene.settled()
            lanes[index].scene = .turnstile(scene)
        case .door(var scene):
            outputs = scene.takeOutputs()
            scene.settled()
            lanes[index].scene = .door(scene)
        }
        for output in outputs {
            switch output {
            case .sense(let role, let isOn):
                if let line = lanes[index].lines[role] { sensed[line] = isOn }
            case .badge(let shown):
                badges.append(shown.reading(at: lanes[index].name, now))
            case .count, .fact: break
            }
        }
    }
}

extension BadgeShown {
    /// As a reader tells it; labelled as simulated.
    func reading(at lane: LaneName, _ now: Instant) -> BadgeReading {
        let side: BadgeReading.Side =
            switch way {
            case .enters, .exitButton: .outside
            case .leaves: .inside
            case .gate: .gate
            }
        return BadgeReading(
            lane: lane, side: side, badge: badge, readTime: now, isSimulated: true)
    }
}
