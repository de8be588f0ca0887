import GateTypes

/// What does not change about one vehicle.
final class VehicleBody: Sendable {
    let user: RoadUser
    let length: Double
    /// A body that the safety loop loses between the axles.
    let isHigh: Bool
    /// What loop and beam find of it, in metres behind the front: near and far end of each part.
    let parts: [(near: Double, far: Double)]
    let loopParts: [(near: Double, far: Double)]
    /// Positions of the front at which something changes, ascending.
    let marks: [Double]

    init(_ user: RoadUser, isHigh: Bool) {
        self.user = user
        self.isHigh = isHigh
        var parts: [(near: Double, far: Double)] = []
        var from = 0.0
        for part in user.kind.parts {
            parts.append((from, from + part.length))
            from += part.length + part.gap
        }
        length = from
        // A high body: the loop finds its axles only.
        let loopParts = isHigh ? [(0.0, 2.5), (from - 2.5, from)] : parts
        self.parts = parts
        self.loopParts = loopParts
        var marks: [Double] = [LaneGeometry.exit + from, 0, from, LaneGeometry.turnedAway - 3]
        let loops = [LaneGeometry.approachLoop, LaneGeometry.safetyLoop]
        for part in loopParts {
            for loop in loops {
                marks += [loop.lowerBound + part.near, loop.upperBound + part.far]
            }
        }
        for part in parts { marks += [part.near, part.far] }
        self.marks = marks.sorted()
    }
}

/// One vehicle on a lane, moving at a constant speed between two decisions.
struct RoadVehicle {
    enum Phase: Hashable {
        case approaching
        case waiting(since: Instant)
        case driving
        case stalled(until: Instant)
        case reversing
        /// From the far side: on the way to the boom, before it, and through.
        case farApproaching, farWaiting(since: Instant), farDriving
    }

    /// Where the far side's drivers stop, by their nose.
    static let farStop = 2.6
    static let farEntry = 14.0

    let body: VehicleBody
    let manner: DriverManner
    let length: Double
    let cruise: Double
    let patience: Duration
    let reaction: Duration
    var phase: Phase
    var front: Double
    var speed = 0.0
    private var at: Instant
    /// It was let in, and has not gone yet.
    var mayGo = false
    var goAt: Instant?
    var hasStalled = false
    var wasUnder = false
    var isHit = false
    /// The approach loop cleared before it came; or the safety loop did, and its plate was read.
    var isTold = false
    var wasRead = false
    var wasOnLoop = false
    var wasOnSafety = false
    /// It saw the boom up after it had been let in.
    var hasSeenOpen = false

    init(_ user: RoadUser, behind rear: Double?, at now: Instant, _ random: inout SeededRandom) {
        cruise = Double.random(in: user.kind.speeds, using: &random)
        let isHigh = Double.random(in: 0..<1, using: &random) < user.kind.highShare
        body = VehicleBody(user, isHigh: isHigh)
        manner = user.manner
        length = body.length
        patience =
            user.manner == .turnsBack
            ? .milliseconds(Int.random(in: 3_000...9_000, using: &random))
            : user.manner == .refuses
                ? .seconds(50)
                : .seconds(Int.random(in: 150...400, using: &random))
        reaction = .milliseconds(
            user.manner == .sleeps ? 20_000 : Int.random(in: 500...1_500, using: &random))
        at = now
        if user.manner == .wrongWay {
            phase = .farApproaching
            front = Self.farEntry + body.length
        } else {
            phase = .approaching
            front = min(LaneGeometry.entry, (rear ?? 100) - 3)
        }
    }

    var user: RoadUser { body.user }
    var rear: Double { front - length }
    var isFar: Bool { manner == .wrongWay }
    var isUnderBoom: Bool { front >= 0 && rear <= 0 }
    /// Where its nose is, for a driver from the far side.
    var nose: Double { isFar ? rear : front }

    mutating func advance(to now: Instant) {
        front += speed * Double((now - at).nanoseconds) * 1e-9
        at = now
    }

    func covers(_ range: ClosedRange<Double>, byLoop: Bool) -> Bool {
        (byLoop ? body.loopParts : body.parts).contains {
            front >= range.lowerBound + $0.near && front <= range.upperBound + $0.far
        }
    }

    /// Where this phase lets the front go at most; nil is through.
    var target: Double? {
        switch phase {
        case .approaching: LaneGeometry.stopLine
        case .driving:
            switch manner {
            case .stalls where !hasStalled: LaneGeometry.stallPoint
            case .nosesIn: LaneGeometry.safetyLoop.lowerBound + 0.5
            case .through, .sleeps, .refuses, .turnsBack, .stalls, .tailgates, .forces, .wrongWay:
                nil
            }
        case .waiting, .stalled, .reversing, .farApproaching, .farWaiting, .farDriving: nil
        }
    }

    /// The speed that this phase asks for on a free lane.
    var wish: Double {
        switch phase {
        case .approaching, .driving: target.map { front >= $0 - 1e-6 } ?? false ? 0 : cruise
        case .waiting, .stalled, .farWaiting: 0
        case .reversing: isFar ? cruise / 2 : -cruise / 2
        case .farApproaching: rear <= Self.farStop ? 0 : -cruise
        case .farDriving: -cruise
        }
    }

    var isGone: Bool {
        switch phase {
        case .approaching, .waiting, .driving, .stalled: rear > LaneGeometry.exit
        case .reversing:
            isFar ? rear > Self.farEntry : front < LaneGeometry.turnedAway - 3
        case .farApproaching, .farWaiting: false
        case .farDriving: front < LaneGeometry.turnedAway - 3
        }
    }

    /// The next time at which its moving or waiting changes anything; `gap` is to the one ahead.
    func next(aheadRear: Double?, aheadSpeed: Double) -> Instant? {
        var wait: Instant?
        switch phase {
        case .waiting(let since), .farWaiting(let since):
            wait = min(goAt ?? Instant(nanoseconds: .max), since + patience)
        case .stalled(let until): wait = until
        case .approaching, .driving, .reversing, .farApproaching, .farDriving: break
        }
        var seconds = Double.infinity
        if speed > 0 {
            var way = body.marks.first { $0 > front }.map { $0 - front } ?? 1_000
            if let target, target > front { way = min(way, target - front) }
            if isFar { way = min(way, Self.farEntry + length - front + 0.1) }
            seconds = max(way, 0) / speed
        } else if speed < 0 {
            var way = body.marks.last { $0 < front }.map { front - $0 } ?? 1_000
            if phase == .farApproaching { way = min(way, rear - Self.farStop) }
            seconds = max(way, 0) / -speed
        }
        if let aheadRear, speed > aheadSpeed {
            let gap = aheadRear - front
            if gap > 1e-6 { seconds = min(seconds, gap / (speed - aheadSpeed)) }
        }
        guard seconds.isFinite else { return wait }
        let due = at + .nanoseconds(Int64(seconds * 1e9) + 1_000)
        return wait.map { min($0, due) } ?? due
    }
}
