import GateConfiguration
import GateTypes

/// One turnstile as it is in the world: released ways, two beams, a side gate, and the people.
struct TurnstileScene {
    /// In the order of `inputs` of the site: outer, inner, gate.
    enum Role: Int, CaseIterable { case outer, inner, gate }

    private enum Step {
        case badge(WalkerWay)
        case setOff(WalkerWay)
        case giveUp(WalkerWay)
        case cover(Role, Bool)
        case count(Int)
        case fact(WorldFact)
        case done(WalkerWay)
    }

    private static let never = Instant(nanoseconds: .max)
    /// Metres between the beams, and of a body in them.
    private static let beamGap = 0.3
    private static let body = 0.4
    /// Between two people who follow each other.
    private static let followGap = 0.35
    /// Nobody waits longer for a release after showing a badge.
    private static let patience = Duration.seconds(9)
    private static let queueLargest = 40

    private var queues: [WalkerWay: [Walker]] = [.enters: [], .leaves: [], .gate: []]
    /// Who at the head of each queue has shown a badge and waits.
    private var asking: Set<WalkerWay> = []
    private var attempt: [WalkerWay: Int] = [:]
    private var isInPassage = false
    /// Nobody comes against who has just stepped out, face to face in one beam.
    private var leftBy: WalkerWay?
    private var facedUntil = Instant(nanoseconds: .min)
    private static let faced = Duration.milliseconds(500)
    private var steps = EventHeap<Step>()
    private var released: [PersonRules.Drive: Bool] = [:]
    private var armsAreDown = false
    private var covered = [0, 0, 0]
    private var random: SeededRandom
    private let hasGate: Bool
    private(set) var outputs: [SceneOutput] = []
    private(set) var due = Instant(nanoseconds: .max)

    init(_ config: TurnstileConfig, seed: UInt64) {
        hasGate = config.outputs.gate != nil
        random = SeededRandom(seed: seed)
    }

    mutating func takeOutputs() -> [SceneOutput] {
        defer { outputs.removeAll(keepingCapacity: true) }
        return outputs
    }

    var isAtRest: Bool { covered == [0, 0, 0] && queues.values.allSatisfy(\.isEmpty) }
    var isClear: Bool { covered == [0, 0, 0] }

    // MARK: What comes from outside

    mutating func add(_ walker: Walker, at now: Instant) {
        var walker = walker
        if walker.way == .exitButton || walker.way == .gate && !hasGate { walker.way = .leaves }
        guard let count = queues[walker.way]?.count, count < Self.queueLargest else { return }
        queues[walker.way]?.append(walker)
        if count == 0 { begin(walker.way, at: now) }
        schedule()
    }

    mutating func setContact(_ drive: PersonRules.Drive, _ isOn: Bool, at now: Instant) {
        if drive == .arm { armsAreDown = isOn } else { released[drive] = isOn }
        for way in [WalkerWay.enters, .leaves, .gate] where asking.contains(way) && isFree(way) {
            setOff(way, at: now)
        }
        schedule()
    }

    private func isFree(_ way: WalkerWay) -> Bool {
        if armsAreDown { return true }
        return switch way {
        case .enters: released[.entry] ?? false
        case .leaves, .exitButton: released[.exit] ?? false
        case .gate: released[.gate] ?? false
        }
    }

    private func milliseconds(_ range: ClosedRange<Int>, _ random: inout SeededRandom) -> Duration {
        .milliseconds(Int.random(in: range, using: &random))
    }

    // MARK: One after the other

    /// The head of a queue steps up.
    private mutating func begin(_ way: WalkerWay, at now: Instant) {
        guard let walker = queues[way]?.first else { return }
        attempt[way] = 0
        let span = milliseconds(600...1_600, &random)
        if walker.manner == .forces {
            steps.add(.setOff(way), at: now + span)
        } else {
            steps.add(.badge(way), at: now + span)
        }
    }

    private mutating func setOff(_ way: WalkerWay, at now: Instant) {
        guard let walker = queues[way]?.first else { return }
        asking.remove(way)
        let span: Duration =
            walker.manner == .hesitates
            ? milliseconds(2_500...7_000, &random) : milliseconds(300...1_100, &random)
        if walker.manner == .leaves {
            steps.add(.giveUp(way), at: now + span)
        } else {
            steps.add(.setOff(way), at: now + span)
        }
    }

    /// Walks into the passage, if it is free at that moment.
    private mutating func walk(_ way: WalkerWay, at now: Instant) {
        guard let walker = queues[way]?.first else { return }
        guard isFree(way) || walker.manner == .forces else {
            // Too late: the way is locked again.
            return again(way, at: now)
        }
        guard !isInPassage, way == leftBy || now >= facedUntil else {
            return steps.add(.setOff(way), at: now + .milliseconds(400))
        }
        isInPassage = true
        let end = way == .gate ? throughGate(at: now) : throughBeams(walker, way, at: now)
        // On the release of one who went away nothing tells the two apart.
        let isUnasked = walker.manner == .forces && !isFree(way)
        if walker.manner != .stepsBack {
            steps.add(.fact(isUnasked ? .forcedDoor : .passed), at: end)
        }
        steps.add(.done(way), at: end)
    }

    private mutating func throughGate(at now: Instant) -> Instant {
        let end = now + milliseconds(3_000...6_000, &random)
        steps.add(.cover(.gate, true), at: now)
        steps.add(.cover(.gate, false), at: end)
        return end
    }

    private mutating func throughBeams(_ walker: Walker, _ way: WalkerWay, at now: Instant)
        -> Instant
    {
        let pace = Double.random(in: 0.8...1.4, using: &random)
        func after(_ metres: Double) -> Duration { .nanoseconds(Int64(metres / pace * 1e9)) }
        let (first, second): (Role, Role) = way == .enters ? (.outer, .inner) : (.inner, .outer)
        func cross(from start: Double, length: Double) {
            steps.add(.cover(first, true), at: now + after(start))
            steps.add(.cover(first, false), at: now + after(start + length))
            steps.add(.cover(second, true), at: now + after(start + Self.beamGap))
            steps.add(.cover(second, false), at: now + after(start + Self.beamGap + length))
        }
        if walker.manner == .stepsBack {
            steps.add(.cover(first, true), at: now)
            steps.add(.cover(first, false), at: now + .milliseconds(1_300))
            let end = now + .milliseconds(3_500)
            steps.add(.fact(.turnedBack), at: end)
            return end
        }
        cross(from: 0, length: Self.body)
        var length = Self.body
        if walker.manner == .carries {
            cross(from: Self.body + 0.15, length: 0.3)
            length = Self.body + 0.45
        }
        if walker.manner == .followed {
            let gap = Self.body + Self.followGap
            cross(from: gap, length: Self.body)
            length = gap + Self.body
            steps.add(.count(2), at: now + after(gap / 2 + 0.2))
            let isSeparate = Self.followGap / pace > 0.2
            steps.add(
                .fact(.followed(isSeparate: isSeparate)), at: now + after(length + Self.beamGap))
        }
        return now + after(length + Self.beamGap)
    }

    private mutating func again(_ way: WalkerWay, at now: Instant) {
        attempt[way, default: 0] += 1
        if attempt[way, default: 0] > 1 {
            steps.add(.giveUp(way), at: now + .milliseconds(500))
        } else {
            steps.add(.badge(way), at: now + milliseconds(900...2_000, &random))
        }
    }

    private mutating func carryOut(_ step: Step, at now: Instant) {
        switch step {
        case .badge(let way):
            guard let walker = queues[way]?.first else { return }
            asking.insert(way)
            outputs.append(
                .badge(BadgeShown(way: way, badge: walker.badge, damage: walker.damage)))
            let number = attempt[way] ?? 0
            if isFree(way), armsAreDown { setOff(way, at: now) }
            // Whoever is still asking then has not been released.
            let patience = Self.patience + .milliseconds(number)
            steps.add(.giveUp(way), at: now + patience)
        case .setOff(let way): walk(way, at: now)
        case .giveUp(let way):
            guard
                asking.contains(way) || queues[way]?.first?.manner == .leaves
                    || attempt[way, default: 0] > 1
            else { return }
            asking.remove(way)
            outputs.append(.fact(.wentAway))
            next(way, at: now)
        case .cover(let role, let isOn):
            let before = covered[role.rawValue]
            covered[role.rawValue] += isOn ? 1 : -1
            if (before > 0) != (covered[role.rawValue] > 0) {
                outputs.append(.sense(role.rawValue, isOn))
            }
        case .count(let persons): outputs.append(.count(persons))
        case .fact(let fact): outputs.append(.fact(fact))
        case .done(let way):
            isInPassage = false
            leftBy = way
            facedUntil = now + Self.faced
            next(way, at: now)
        }
    }

    private mutating func next(_ way: WalkerWay, at now: Instant) {
        if queues[way]?.isEmpty == false { queues[way]?.removeFirst() }
        attempt[way] = 0
        begin(way, at: now)
    }

    mutating func update(to now: Instant) {
        while let at = steps.first, at <= now, let step = steps.removeFirst() {
            carryOut(step.what, at: now)
        }
        schedule()
    }

    private mutating func schedule() {
        due = outputs.isEmpty ? steps.first ?? Self.never : Instant(nanoseconds: .min)
    }

    mutating func settled() { schedule() }
}
