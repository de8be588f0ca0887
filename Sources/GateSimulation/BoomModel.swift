import GateTypes

/// A relay whose contact follows its coil a little later, or not at all.
package struct RelayModel: Hashable, Sendable {
    package enum Fault: Hashable, Sendable {
        /// The contact never closes.
        case noAnswer
        /// Once closed, the contact stays so.
        case welded
    }

    static let contactDelay = Duration.milliseconds(8)

    package private(set) var isCoilOn = false
    package private(set) var isClosed = false
    package var fault: Fault?
    private var follows: Instant?

    /// True while the contact has not yet followed.
    var isSettling: Bool { follows != nil }

    mutating func setCoil(_ isOn: Bool, at now: Instant) {
        guard isOn != isCoilOn else { return }
        isCoilOn = isOn
        follows = now + Self.contactDelay
    }

    mutating func step(to now: Instant) {
        guard let due = follows, now >= due else { return }
        follows = nil
        switch fault {
        case nil: isClosed = isCoilOn
        case .noAnswer: isClosed = false
        case .welded: isClosed = isClosed || isCoilOn
        }
    }
}

/// A boom with its motor controller, limit switches at both ends.
package struct BoomModel: Hashable, Sendable {
    /// What a command contact does to the motor controller.
    package enum Wiring: Hashable, Sendable {
        /// The boom moves while the contact is closed.
        case held
        /// A closing contact starts a run to the end; the stop contact or the opposite ends it.
        case latched
        /// One contact: each closing moves the boom on; its controller lowers it by itself later.
        case singlePulse
    }

    package enum Motion: Hashable, Sendable { case still, rising, lowering }

    /// A single-pulse controller lowers the boom after this long with nothing in its way.
    private static let autoLower = Duration.seconds(5)

    package let wiring: Wiring
    /// Time from end to end.
    package let travel: Duration
    /// 0 is down, 1 is up.
    package private(set) var opening = 0.0
    package private(set) var motion = Motion.still
    /// Both command contacts were closed at once; a motor may not survive that.
    package private(set) var wasOpposed = false
    private var clearFor = Duration.zero
    private var wasRaised = false
    private var wasLowered = false

    package init(wiring: Wiring, travel: Duration) {
        self.wiring = wiring
        self.travel = travel
    }

    /// It will move though no command comes.
    var isWaiting: Bool { wiring == .singlePulse && isUp }
    package var isUp: Bool { opening >= 0.98 }
    package var isDown: Bool { opening <= 0.02 }

    /// `isOccupied` is what the controller's own photocell sees.
    mutating func step(
        by span: Duration, raise: Bool, lower: Bool, stop: Bool, isOccupied: Bool
    ) {
        if raise && lower { wasOpposed = true }
        clearFor = isUp && !isOccupied ? clearFor + span : .zero
        command(raise: raise, lower: lower, stop: stop, isOccupied: isOccupied)
        let way = span.milliseconds / max(travel.milliseconds, 1)
        switch motion {
        case .still: break
        case .rising: opening = min(1, opening + way)
        case .lowering: opening = max(0, opening - way)
        }
        if (motion == .rising && opening == 1) || (motion == .lowering && opening == 0) {
            motion = .still
        }
        wasRaised = raise
        wasLowered = lower
    }

    private mutating func command(raise: Bool, lower: Bool, stop: Bool, isOccupied: Bool) {
        switch wiring {
        case .held:
            motion = stop || raise == lower ? .still : raise ? .rising : .lowering
        case .latched:
            if raise && !wasRaised { motion = .rising }
            if lower && !wasLowered { motion = .lowering }
            if stop || (raise && lower) { motion = .still }
        case .singlePulse:
            if raise && !wasRaised {
                motion = motion == .rising || isUp ? .lowering : .rising
            } else if clearFor >= Self.autoLower {
                motion = .lowering
            }
            if isOccupied && motion == .lowering { motion = .rising }
            if stop { motion = .still }
        }
        if (motion == .rising && opening == 1) || (motion == .lowering && opening == 0) {
            motion = .still
        }
    }
}
