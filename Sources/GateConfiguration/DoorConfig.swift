import GateTypes

/// One door for people, bicycles and e-bikes.
package struct DoorConfig: Hashable, Sendable {
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
}
