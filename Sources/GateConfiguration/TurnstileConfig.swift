import GateTypes

/// One pedestrian channel with a turnstile.
package struct TurnstileConfig: Hashable, Sendable {
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
}
