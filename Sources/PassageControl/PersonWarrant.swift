import GateTypes

/// On whose word somebody may pass a person lane; the number finds the passage again.
package struct PersonWarrant: Hashable, Sendable {
    package enum Word: String, Hashable, Sendable { case policy, named }

    package let number: UInt64
    package let word: Word
    /// From then on it is not released any more; nil where only the machine's own queue ends it.
    package let until: Instant?

    package init(_ number: UInt64, by word: Word, until: Instant? = nil) {
        self.number = number
        self.word = word
        self.until = until
    }

    /// When it lapses that is asked now, in a queue in which nobody waits longer than `queue`.
    func lapse(askedAt now: Instant, queue: Duration) -> Instant {
        min(now + queue, until ?? now + queue)
    }

    /// How a warrant ended; each one ends exactly once.
    package enum End: Hashable, Sendable {
        case passed
        /// Released, and nobody came.
        case unused
        case turnedBack
        /// Somebody went the other way through the release.
        case wrongWay
        /// Released, and no sensor tells whether anybody came.
        case unobserved
        /// It had to wait for too long and was never released.
        case lapsed
        /// A fault, an emergency or a named person ended the release, or it was taken back before.
        case interrupted
        case refused(Refusal)
    }

    package enum Refusal: String, Hashable, Sendable {
        case busy, faulty, emergency, notFitted = "not_fitted"
    }
}

/// What has to happen before a released lane secures itself again.
package enum EmergencyHold: Hashable, Sendable {
    case untilReset
    /// The reset has been given by name; somebody may still be in the way.
    case untilClear
}

/// By what somebody was noticed who followed on another's warrant.
package enum FollowerEvidence: String, Hashable, Sendable {
    case sensors, camera
    /// One passage sensor was left and taken again while the other had not cleared.
    case sensorsAgain = "sensors_again"
}
