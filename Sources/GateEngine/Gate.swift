import GateConfiguration
import GateTypes

/// The whole gate as a value: events in, actions out, no clock, no I/O.
package struct Gate: Sendable {
    package let config: GateConfig
    package private(set) var standing: StandingState

    /// A gate at rest; an emergency in `standing` is resumed by the first `start`.
    package init(config: GateConfig, standing: StandingState = StandingState()) {
        self.config = config
        self.standing = standing
    }

    /// The first call, with the settled state of every input at that moment.
    package mutating func start(inputs: [LineName: Bool], at now: Moment) -> [GateAction] {
        []
    }

    /// Applies one event; the actions are to be carried out in order.
    package mutating func handle(_ event: GateEvent, at now: Moment) -> [GateAction] {
        []
    }

    /// When `tick` is due at the latest; nil when only events matter.
    package var nextDeadline: Instant? { nil }

    /// True while something moves or is about to: a reload waits.
    package var isMoving: Bool { false }
}
