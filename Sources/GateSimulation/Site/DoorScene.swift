import GateConfiguration
import GateTypes

/// One door as it is in the world: strike, leaf, motor, the spot before it, and who comes.
struct DoorScene {
    enum Role: Int, CaseIterable { case contact, exit, presence, obstacle }

    private enum Step {
        case arrive(Int), badge(Int), press(Int), giveUp(Int), pull(Int), go(Int), follow(Int)
        case sense(Role, Bool)
        case wide
        case shut(Int)
        case leave(Int)
        case followed(isSeparate: Bool)
    }

    private enum Leaf { case shut, moving, wide }

    private struct Visitor {
        let number: Int
        let walker: Walker
        /// Shown a badge, or pressed the button, and waiting.
        var isAsking = false
        var isGoing = false
        var attempts = 0
    }

    private static let never = Instant(nanoseconds: .max)
    private static let patience = Duration.seconds(14)
    private static let queueLargest = 40

    private let hasOpener: Bool
    private let isForBicycles: Bool
    private var queue: [Visitor] = []
    private var lastNumber = 0
    private var steps = EventHeap<Step>()
    private var isStruck = false
    private var isMotorOn = false
    private var leaf = Leaf.shut
    /// Counts closings that were begun; an older one does not shut the leaf.
    private var closing = 0
    private var inDoorway = 0
    private var onSpot = 0
    private var isHeld = false
    /// Since the leaf opened: who rode in behind another, and who was let in and went away. A gate cannot tell
    /// a follower from one whom it let in.
    private var followers = 0
    private var unused = 0
    private var random: SeededRandom
    private(set) var outputs: [SceneOutput] = []
    private(set) var due = Instant(nanoseconds: .max)

    init(_ config: DoorConfig, seed: UInt64) {
        hasOpener = config.outputs.opener != nil
        isForBicycles = config.traveller == .bicycle
        random = SeededRandom(seed: seed)
    }

    mutating func takeOutputs() -> [SceneOutput] {
        defer { outputs.removeAll(keepingCapacity: true) }
        return outputs
    }

    var isAtRest: Bool { queue.isEmpty && leaf == .shut }
    var isClear: Bool { inDoorway == 0 }

    // MARK: What comes from outside

    mutating func add(_ walker: Walker, at now: Instant) {
        guard queue.count < Self.queueLargest else { return }
        lastNumber += 1
        var walker = walker
        walker.isCyclist = isForBicycles && walker.way != .exitButton
        queue.append(Visitor(number: lastNumber, walker: walker))
        if queue.count == 1 { steps.add(.arrive(lastNumber), at: now) }
        schedule()
    }

    mutating func setContact(_ drive: PersonRules.Drive, _ isOn: Bool, at now: Instant) {
        if drive == .strike { isStruck = isOn } else { isMotorOn = isOn }
        if isStruck, isMotorOn || !hasOpener { serve(at: now) }
        if drive == .opener, isOn, isStruck || leaf != .shut { openByMotor(at: now) }
        if drive == .opener, !isOn, leaf != .shut { beginClosing(at: now) }
        schedule()
    }

    private func index(_ number: Int) -> Int? { queue.firstIndex { $0.number == number } }

    private func milliseconds(_ range: ClosedRange<Int>, _ random: inout SeededRandom) -> Duration {
        .milliseconds(Int.random(in: range, using: &random))
    }

    // MARK: Leaf

    private mutating func openByMotor(at now: Instant) {
        closing += 1
        if leaf == .shut {
            leaf = .moving
            sense(.contact, true)
        }
        steps.add(.wide, at: now + .milliseconds(1_600))
    }

    private mutating func beginClosing(at now: Instant) {
        closing += 1
        steps.add(.shut(closing), at: now + .milliseconds(hasOpener ? 2_600 : 2_000))
    }

    private mutating func shut(_ number: Int, at now: Instant) {
        guard number == closing, leaf != .shut, !isHeld else { return }
        guard inDoorway == 0, !isMotorOn else { return beginClosing(at: now) }
        leaf = .shut
        sense(.contact, false)
        for place in 0..<followers {
            outputs.append(.fact(.followed(isSeparate: place >= unused)))
        }
        (followers, unused) = (0, 0)
        // Whoever let the leaf fall shut asks again.
        for visitor in queue where visitor.isGoing { again(visitor.number, at: now) }
    }

    private mutating func sense(_ role: Role, _ isOn: Bool) {
        outputs.append(.sense(role.rawValue, isOn))
    }

    private mutating func change(_ role: Role, by step: Int) {
        let before = role == .presence ? onSpot : inDoorway
        if role == .presence { onSpot += step } else { inDoorway += step }
        let after = before + step
        if (before > 0) != (after > 0) { sense(role, after > 0) }
    }

    // MARK: Who comes

    private mutating func arrive(_ number: Int, at now: Instant) {
        guard let place = index(number) else { return }
        let walker = queue[place].walker
        if walker.isCyclist { change(.presence, by: 1) }
        if walker.manner == .forces {
            steps.add(.pull(number), at: now + .seconds(2))
            queue[place].isGoing = true
        } else if walker.way == .exitButton {
            steps.add(.press(number), at: now + milliseconds(500...1_500, &random))
        } else {
            steps.add(.badge(number), at: now + milliseconds(700...1_800, &random))
        }
    }

    private mutating func serve(at now: Instant) {
        guard let place = queue.firstIndex(where: \.isAsking) else { return }
        queue[place].isAsking = false
        let (number, manner) = (queue[place].number, queue[place].walker.manner)
        if manner == .leaves { return steps.add(.giveUp(number), at: now + .seconds(2)) }
        queue[place].isGoing = true
        let span: Duration =
            manner == .hesitates
            ? milliseconds(2_000...4_000, &random) : milliseconds(300...900, &random)
        if hasOpener {
            steps.add(.go(number), at: now + span + .milliseconds(leaf == .wide ? 0 : 1_700))
        } else {
            steps.add(.pull(number), at: now + span)
        }
    }

    /// Opens the leaf by hand, as far as the strike lets it.
    private mutating func pull(_ number: Int, at now: Instant) {
        guard let place = index(number) else { return }
        let isForced = queue[place].walker.manner == .forces && !isStruck
        guard isStruck || isForced || leaf != .shut else { return again(number, at: now) }
        if leaf == .shut {
            sense(.contact, true)
            if isForced { outputs.append(.fact(.forcedDoor)) }
        }
        leaf = .wide
        closing += 1
        steps.add(.go(number), at: now + .milliseconds(500))
    }

    private mutating func go(_ number: Int, at now: Instant) {
        guard let place = index(number) else { return }
        let walker = queue[place].walker
        guard leaf == .wide else {
            if leaf == .moving { return steps.add(.go(number), at: now + .milliseconds(400)) }
            return again(number, at: now)
        }
        closing += 1
        let pace = walker.isCyclist ? 1.2 : 1.0
        func after(_ metres: Double) -> Duration { .nanoseconds(Int64(metres / pace * 1e9)) }
        let length = walker.isCyclist ? 1.8 : 0.4
        let through = after(1.0 + length)
        steps.add(.sense(.obstacle, true), at: now + after(0.6))
        steps.add(.sense(.obstacle, false), at: now + after(1.0 + length))
        if walker.isCyclist { steps.add(.sense(.presence, false), at: now + after(0.8 + length)) }
        var end = now + through
        if walker.manner == .followed {
            if walker.isCyclist {
                steps.add(.sense(.presence, true), at: now + after(1.5 + length))
                steps.add(.sense(.presence, false), at: now + after(2.5 + 2 * length))
            }
            end = now + after(3.0 + 2 * length)
            steps.add(.sense(.obstacle, true), at: now + after(2.2 + length))
            steps.add(.sense(.obstacle, false), at: end)
            steps.add(.followed(isSeparate: walker.isCyclist), at: end)
        }
        if walker.manner == .holds {
            isHeld = true
            end = end + .seconds(45)
        }
        steps.add(.leave(number), at: end)
    }

    private mutating func again(_ number: Int, at now: Instant) {
        guard let place = index(number) else { return }
        queue[place].isGoing = false
        queue[place].isAsking = false
        queue[place].attempts += 1
        if queue[place].attempts > 2 || queue[place].walker.manner == .forces {
            steps.add(.giveUp(number), at: now + .seconds(1))
        } else if queue[place].walker.way == .exitButton {
            steps.add(.press(number), at: now + .seconds(1))
        } else {
            steps.add(.badge(number), at: now + .seconds(2))
        }
    }

    private mutating func ask(_ number: Int, at now: Instant) {
        guard let place = index(number) else { return }
        queue[place].isAsking = true
        steps.add(.giveUp(number), at: now + Self.patience)
        if isStruck, leaf == .wide || !hasOpener { serve(at: now) }
        // The motor holds the door for the one ahead: who has a badge of this site rides on.
        if leaf == .wide, hasOpener, queue[place].walker.isListed {
            steps.add(.follow(number), at: now + .milliseconds(700))
        }
    }

    private mutating func giveUp(_ number: Int, at now: Instant) {
        guard let place = index(number), !queue[place].isGoing,
            queue[place].isAsking || queue[place].walker.manner == .leaves
                || queue[place].attempts > 2 || queue[place].walker.manner == .forces
        else { return }
        if queue[place].walker.isCyclist { change(.presence, by: -1) }
        outputs.append(.fact(.wentAway))
        let walker = queue[place].walker
        if leaf != .shut, walker.isListed, walker.manner != .forces { unused += 1 }
        remove(place, at: now)
    }

    private mutating func remove(_ place: Int, at now: Instant) {
        queue.remove(at: place)
        if !queue.isEmpty, place == 0 {
            steps.add(.arrive(queue[0].number), at: now + .milliseconds(400))
        }
    }

    private mutating func carryOut(_ step: Step, at now: Instant) {
        switch step {
        case .arrive(let number): arrive(number, at: now)
        case .badge(let number):
            guard let place = index(number) else { return }
            let walker = queue[place].walker
            outputs.append(
                .badge(
                    BadgeShown(way: walker.way, badge: walker.badge, damage: walker.damage)))
            ask(number, at: now)
        case .press(let number):
            sense(.exit, true)
            steps.add(.sense(.exit, false), at: now + .milliseconds(400))
            ask(number, at: now)
        case .giveUp(let number): giveUp(number, at: now)
        case .pull(let number): pull(number, at: now)
        case .go(let number): go(number, at: now)
        case .follow(let number):
            guard let place = index(number), queue[place].isAsking, leaf == .wide else { return }
            queue[place].isAsking = false
            queue[place].isGoing = true
            go(number, at: now)
        case .sense(let role, let isOn):
            switch role {
            case .presence, .obstacle: change(role, by: isOn ? 1 : -1)
            case .exit, .contact: sense(role, isOn)
            }
        case .wide: if leaf == .moving { leaf = .wide }
        case .shut(let number): shut(number, at: now)
        case .leave(let number):
            guard let place = index(number) else { return }
            isHeld = false
            let manner = queue[place].walker.manner
            if manner != .forces { outputs.append(.fact(.passed)) }
            remove(place, at: now)
            if !isMotorOn { beginClosing(at: now) }
        case .followed(let isSeparate):
            if isSeparate {
                followers += 1
            } else {
                outputs.append(.fact(.followed(isSeparate: false)))
            }
        }
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
