import GateTypes

/// One pedestrian channel with a turnstile.
package struct TurnstileConfig: Hashable, Sendable {
    package struct Outputs: Hashable, Sendable {
        /// At least one of the two releases is there.
        package var entry: LineName?
        package var exit: LineName?
        /// The side gate for wheelchairs and luggage; its contact is there too then.
        package var gate: LineName?
        /// Drops the arms when asserted; it rests energised, so that a cut of power drops them too.
        package var arm: LineName?

        package init(
            entry: LineName? = nil, exit: LineName? = nil, gate: LineName? = nil,
            arm: LineName? = nil
        ) {
            self.entry = entry
            self.exit = exit
            self.gate = gate
            self.arm = arm
        }
    }

    package struct Inputs: Hashable, Sendable {
        package var outer: LineName
        package var inner: LineName
        package var gate: LineName?

        package init(outer: LineName, inner: LineName, gate: LineName? = nil) {
            self.outer = outer
            self.inner = inner
            self.gate = gate
        }
    }

    package struct Timing: Hashable, Sendable {
        /// An opening that comes later than this after the credential is dropped.
        package var deadline = Duration.milliseconds(500)
        /// A release that nobody uses ends after this.
        package var release = Duration.seconds(5)
        /// The mechanism needs so long to lock behind a person.
        package var relock = Duration.milliseconds(400)
        /// Between the releases of different ways.
        package var deadTime = Duration.milliseconds(200)
        /// Whoever cannot be released at once waits so long at most.
        package var queue = Duration.seconds(10)
        /// Longest time in which neither passage sensor sees a person who is in the passage.
        package var gap = Duration.milliseconds(1500)
        /// The side gate counts as held open after this.
        package var heldOpen = Duration.seconds(30)
        /// A passage sensor that is active for longer is stuck.
        package var stuck = Duration.seconds(60)
        /// Storage that has not answered within this counts as failed for this opening.
        package var storage = Duration.milliseconds(50)

        package init() {}
    }

    package var outputs: Outputs
    package var inputs: Inputs
    package var timing = Timing()
    package var onStorageFailure = BarrierConfig.StorageFailure.refuse
    /// Why this lane is not released on fire; nil (the default) means that it is.
    package var emergencyExemption: String?

    package init(outputs: Outputs, inputs: Inputs) {
        self.outputs = outputs
        self.inputs = inputs
    }
}
