import GateTypes

/// Asks a person to turn their head to both sides by a random order, and judges it from landmarks.
///
/// A photograph does not turn, and a recording turns by an order of its own.
package struct HeadTurnChallenge: Hashable, Sendable {
    /// A side as the person feels it; in the picture it is the other one.
    package enum Side: String, Hashable, Sendable, CaseIterable { case left, right }

    /// Beyond this a head is turned; within `straight` it looks at the camera.
    private static let turned = 0.2
    private static let straight = 0.1

    package let begun: Instant
    private let limit: Duration
    /// What is still to be done, the next first.
    private var left: [Side]
    /// A turn counts only when it begins straight on.
    private var isStraight = false
    package private(set) var verdict = LivenessVerdict.pending

    /// - Parameter seed: a number that nobody can foretell; it sets the order.
    package init(seed: UInt64, at begun: Instant, limit: Duration) {
        self.begun = begun
        self.limit = limit
        // SplitMix64: neighbouring seeds give orders that have nothing to do with each other.
        var bits = seed &+ 0x9E37_79B9_7F4A_7C15
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        bits ^= bits >> 31
        left = bits & 1 == 0 ? [.left, .right] : [.right, .left]
    }

    /// The side that is asked for now.
    package var asked: Side? { verdict == .pending ? left.first : nil }

    package var due: Instant { begun + limit }

    /// Takes the next frame; positive yaw is a turn towards the picture's right.
    ///
    /// - Parameter isThePerson: the frame was compared and shows the one who is to pass. Each turn
    ///   begins from such a frame: a photograph shown between somebody else's turns is none.
    package mutating func add(yaw: Double, isThePerson: Bool, at time: Instant) {
        timePassed(time)
        guard verdict == .pending, let side = left.first, yaw.isFinite else { return }
        let towards = side == .left ? yaw : -yaw
        if abs(yaw) <= Self.straight {
            isStraight = isThePerson
        } else if isStraight, towards <= -Self.turned {
            verdict = .failed
        } else if isStraight, towards >= Self.turned {
            isStraight = false
            left.removeFirst()
            if left.isEmpty { verdict = .passed }
        }
    }

    /// What is not done in time has failed.
    package mutating func timePassed(_ now: Instant) {
        if verdict == .pending, now >= due { verdict = .failed }
    }
}
