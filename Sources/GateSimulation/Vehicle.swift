import GateTypes

/// Which vehicle of the traffic plan; the eyes draw the same one.
package struct VehicleNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: Int

    package init(_ value: Int) { self.value = value }
    package static func < (a: Self, b: Self) -> Bool { a.value < b.value }
    package var description: String { "\(value)" }
}

/// What a driver does at the boom.
package enum Behaviour: Hashable, Sendable {
    /// Waits until the boom opens for this vehicle, and drives.
    case through
    /// Turns back after the patience has ended, whether or not the boom opens.
    case turnBack
    /// Follows the vehicle ahead under the open boom.
    case tailgate
    /// Stands still under the boom for a while on the way through.
    case stall(Duration)
    /// Drives on through a closed boom.
    case force
}

/// One vehicle as planned.
package struct VehiclePlan: Hashable, Sendable {
    package var number: VehicleNumber
    package var behaviour: Behaviour
    /// Metres.
    package var length: Double
    /// Metres a second on a free lane.
    package var speed: Double
    /// How long the driver waits before the closed boom before turning back.
    package var patience: Duration
    /// A body so high that the safety loop loses it between the axles.
    package var isHigh = false

    package init(
        _ number: VehicleNumber, _ behaviour: Behaviour = .through, length: Double = 4.6,
        speed: Double = 3, patience: Duration = .seconds(15)
    ) {
        self.number = number
        self.behaviour = behaviour
        self.length = length
        self.speed = speed
        self.patience = patience
    }
}

/// Metres along the lane; the boom is at 0, vehicles come from below and leave upwards.
package enum LaneGeometry {
    package static let entry = -18.0
    package static let stopLine = -1.5
    package static let approachLoop = -4.6 ... -1.2
    package static let safetyLoop = -0.9...1.1
    package static let photocell = 0.0
    /// Where a stalling vehicle stands, with its front here.
    package static let stallPoint = 1.5
    /// A vehicle whose rear is beyond this is gone.
    package static let exit = 8.0
    /// Who reverses is gone with the front below this.
    package static let turnedAway = -7.0
    package static let gapInQueue = 1.5
    /// Wide enough for the safety loop to fall between the two, debounced: closer than that, loops
    /// see one long vehicle.
    static let tailgateGap = 3.2
}

/// One vehicle on the lane, driven in small steps.
package struct Vehicle: Hashable, Sendable {
    package enum Phase: Hashable, Sendable {
        case approaching
        case waiting(since: Instant)
        case driving
        case stalled(until: Instant)
        case leaving
        case reversing
    }

    private static let acceleration = 1.5
    private static let braking = 2.5
    /// A boom that stays up this long before a waiting driver is an invitation.
    private static let invitation = Duration.milliseconds(1_500)
    private static let reaction = Duration.milliseconds(700)

    package let plan: VehiclePlan
    /// Front, in metres.
    package private(set) var front = LaneGeometry.entry
    package private(set) var phase = Phase.approaching
    private var speed = 0.0
    private var boomUpSince: Instant?
    /// The boom was seen down, or on its way, while this vehicle waited at the line.
    private var sawBoomClosed = false

    init(_ plan: VehiclePlan) {
        self.plan = plan
        speed = plan.speed
    }

    package var rear: Double { front - plan.length }

    package func covers(_ range: ClosedRange<Double>) -> Bool {
        rear <= range.upperBound && front >= range.lowerBound
    }

    /// What an inductive loop finds of it.
    func isFound(by loop: ClosedRange<Double>) -> Bool {
        guard plan.isHigh else { return covers(loop) }
        let ends = [rear...(rear + 2.5), (front - 2.5)...front]
        return ends.contains { $0.overlaps(loop) }
    }

    /// Moves on; `ahead` is the rear of the vehicle in front.
    mutating func step(by span: Duration, to now: Instant, boom: BoomModel, ahead: Double?) {
        decide(at: now, boom: boom)
        let seconds = span.milliseconds / 1000
        var target = 0.0
        switch phase {
        case .waiting, .stalled: break
        case .approaching: target = allowed(to: LaneGeometry.stopLine)
        case .driving:
            target = plan.speed
            if case .stall = plan.behaviour { target = allowed(to: LaneGeometry.stallPoint) }
        case .leaving: target = plan.speed
        case .reversing: target = -plan.speed / 2
        }
        if let ahead, target > 0 { target = min(target, allowed(to: ahead - queueGap)) }
        let change = Self.acceleration * seconds
        speed = target > speed ? min(target, speed + change) : target
        front += speed * seconds
    }

    private var queueGap: Double {
        plan.behaviour == .tailgate ? LaneGeometry.tailgateGap : LaneGeometry.gapInQueue
    }

    /// The highest speed that still stops at `point`.
    private func allowed(to point: Double) -> Double {
        let way = max(0, point - front)
        return min(plan.speed, (2 * Self.braking * way).squareRoot())
    }

    private mutating func decide(at now: Instant, boom: BoomModel) {
        if boom.isUp { boomUpSince = boomUpSince ?? now } else { boomUpSince = nil }
        switch phase {
        case .approaching:
            if plan.behaviour == .force || (plan.behaviour == .tailgate && boom.isUp) {
                if front >= LaneGeometry.approachLoop.lowerBound { phase = .driving }
            } else if front >= LaneGeometry.stopLine - 0.3 {
                phase = .waiting(since: now)
            }
        case .waiting(let since):
            sawBoomClosed = sawBoomClosed || !boom.isUp
            let isInvited = boomUpSince.map { up in
                now - max(up, since) >= (sawBoomClosed ? Self.reaction : Self.invitation)
            }
            if plan.behaviour == .turnBack {
                if now - since >= plan.patience { phase = .reversing }
            } else if isInvited ?? false {
                phase = .driving
            } else if boom.motion != .rising && !boom.isUp && now - since >= plan.patience {
                phase = .reversing
            }
        case .driving:
            if plan.behaviour != .force && !boom.isUp && boom.motion != .rising
                && front < LaneGeometry.safetyLoop.lowerBound
            {
                phase = .waiting(since: now)
            } else if case .stall(let span) = plan.behaviour,
                front >= LaneGeometry.stallPoint - 0.3
            {
                phase = .stalled(until: now + span)
            }
        case .stalled(let until):
            if now >= until { phase = .leaving }
        case .leaving, .reversing:
            break
        }
    }

    var isGone: Bool {
        rear > LaneGeometry.exit
            || (phase == .reversing && front < LaneGeometry.turnedAway)
    }
}
