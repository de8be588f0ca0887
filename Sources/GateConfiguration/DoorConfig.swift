import GateTypes

/// One door for people, bicycles and e-bikes.
package struct DoorConfig: Hashable, Sendable {
    /// Whom a credential at this door lets in; a bicycle's door opens only when the bicycle is there.
    package enum Traveller: String, Hashable, Sendable, CaseIterable { case person, bicycle }

    package struct Outputs: Hashable, Sendable {
        /// Asserted, it releases; a fail-safe one loses its power then.
        package var strike: LineName
        /// Asserted, the motor opens and holds; contact and obstacle sensor are there too then.
        package var opener: LineName?

        package init(strike: LineName, opener: LineName? = nil) {
            self.strike = strike
            self.opener = opener
        }
    }

    package struct Inputs: Hashable, Sendable {
        /// Active while the leaf is open.
        package var contact: LineName?
        package var exit: LineName?
        /// The spot in front of the door.
        package var presence: LineName?
        package var obstacle: LineName?

        package init(
            contact: LineName? = nil, exit: LineName? = nil, presence: LineName? = nil,
            obstacle: LineName? = nil
        ) {
            self.contact = contact
            self.exit = exit
            self.presence = presence
            self.obstacle = obstacle
        }
    }

    package struct Timing: Hashable, Sendable {
        /// An opening that comes later than this after the credential is dropped.
        package var deadline = Duration.milliseconds(500)
        /// A release that nobody uses ends after this.
        package var release = Duration.seconds(5)
        /// A motor holds the door open for so long behind each warrant.
        package var stay = Duration.seconds(6)
        /// Longest way of the motor from open to closed.
        package var motor = Duration.seconds(10)
        /// A bicycle's credential waits so long for the bicycle, and an air lock for the other door.
        package var queue = Duration.seconds(10)
        /// The door counts as held open after this.
        package var heldOpen = Duration.seconds(30)
        /// An exit button, presence or obstacle sensor that is active for longer is stuck.
        package var stuck = Duration.seconds(300)
        /// Storage that has not answered within this counts as failed for this opening.
        package var storage = Duration.milliseconds(50)

        package init() {}
    }

    package var outputs: Outputs
    package var inputs: Inputs
    package var traveller: Traveller
    /// People must get out through this door whatever fails.
    package var isEscape: Bool
    /// The other door of an air lock, which names this one.
    package var interlock: LaneName?
    package var timing = Timing()
    package var onStorageFailure = BarrierConfig.StorageFailure.refuse
    /// Why this door is not released on fire; nil (the default) means that it is.
    package var emergencyExemption: String?

    package init(
        outputs: Outputs, inputs: Inputs, traveller: Traveller = .person, isEscape: Bool = true
    ) {
        self.outputs = outputs
        self.inputs = inputs
        self.traveller = traveller
        self.isEscape = isEscape
    }
}
