import GateTypes

/// What the lines have to tell, in the order in which it happened.
package enum LineReport: Hashable, Sendable {
    /// A settled change; `edge` is the kernel's time of its first edge, `settled` when it counted.
    case input(LineName, active: Bool, edge: Instant, settled: Instant)
    /// The line cannot be trusted and reads as active until `inputRecovered`.
    case inputFailed(LineName, reason: String)
    case inputRecovered(LineName, active: Bool)
    /// A pulse began on a line of which each one counts, by the kernel's time.
    case pulse(LineName, at: Instant)
    /// The kernel's queue of such a line was full: pulses may be missing.
    case pulsesLost(LineName)
    /// The line was driven to rest as far as it could be; its true state is not known.
    case outputFailed(LineName, reason: String)
    /// The output answers again, at rest.
    case outputRecovered(LineName)
    /// Edges that must have been there and were not told, since the last such report.
    case edgesLost(LineName, count: Int)
}

/// Limits of this module, in one place.
package enum LineLimits {
    /// Edges of one line in one turn; what is left waits for the next turn.
    package static let edgesPerTurn = 32
    /// Edges of one line that the kernel keeps; whoever finds so many may have missed others.
    package static let kernelQueue = 16
    /// More edges than this in a second, and the input is called faulty.
    package static let edgesPerSecond = 200
    /// A faulty input is trusted again after this long with hardly an edge.
    package static let quietTime = Duration.seconds(5)
    /// How often levels are read without an edge, and silent or faulty lines are looked at.
    package static let auditInterval = Duration.seconds(1)
    /// A relay and its auxiliary contact take no longer to move.
    package static let feedbackTime = Duration.milliseconds(200)
    /// First pause before a lost line is requested again; doubles up to the longest.
    package static let reopenPause = Duration.seconds(1)
    package static let reopenPauseLongest = Duration.seconds(30)
    /// An output that failed is requested again, at rest, after this at first.
    package static let restRetry = Duration.milliseconds(100)
}
