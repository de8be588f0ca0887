import GateTypes

/// Holds what the gate told against what really happened: rules 1, 6 and 7 as the world sees them.
struct WorldRules {
    /// Something that the gate has to tell within a while.
    private struct Expected {
        let fact: WorldFact
        let at: Instant
        let due: Instant
        let classes: Set<String>
    }

    /// Records come when a passage ends, at the latest by its timeout.
    private static let patience = Duration.seconds(200)
    private static let before = Duration.seconds(240)
    /// So long after a fault a lane may be excused for not seeing.
    static let excuse = Duration.seconds(600)
    private static let keptLargest = 24

    let lane: LaneName
    private var expected: [Expected] = []
    private var told: [(word: String, at: Instant)] = []
    private var excusedUntil = Instant(nanoseconds: .min)
    private(set) var next = Instant(nanoseconds: .max)
    private(set) var excusedCount = 0
    private(set) var judgedCount = 0

    init(lane: LaneName) { self.lane = lane }

    /// A fault, an alarm, an emergency or a dead controller: who sees little has to tell less.
    mutating func excuse(at now: Instant, for time: Duration = Self.excuse) {
        excusedUntil = max(excusedUntil, now + time)
    }

    mutating func tell(_ word: String, at now: Instant) {
        told.append((word, now))
        if told.count > Self.keptLargest { told.removeFirst() }
    }

    mutating func happened(_ fact: WorldFact, at now: Instant) {
        let classes: Set<String>
        switch fact {
        case .passedUnasked(true), .brokeThrough, .wrongWay:
            classes = ["tailgated", "forced", "wrong_way", "presence_contradicts"]
        case .turnedBack: classes = ["turned_back", "timed_out", "interrupted"]
        case .forcedDoor: classes = ["forced", "wrong_way", "tailgated"]
        case .followed(true): classes = ["tailgated", "forced"]
        case .passed, .passedUnasked(false), .wentAway, .struck, .struckBlindly, .opposed,
            .followed(false):
            return
        }
        expected.append(Expected(fact: fact, at: now, due: now + Self.patience, classes: classes))
        next = min(next, now + Self.patience)
    }

    /// Facts that nobody told in time.
    mutating func overdue(at now: Instant) -> [(fact: WorldFact, at: Instant)] {
        guard now >= next else { return [] }
        var missed: [(fact: WorldFact, at: Instant)] = []
        for item in expected where now >= item.due {
            judgedCount += 1
            let isTold = told.contains {
                item.classes.contains($0.word) && $0.at >= item.at - Self.before
            }
            if isTold { continue }
            if excusedUntil >= item.at {
                excusedCount += 1
            } else {
                missed.append((item.fact, item.at))
            }
        }
        expected.removeAll { now >= $0.due }
        next = expected.map(\.due).min() ?? Instant(nanoseconds: .max)
        return missed
    }
}
