/// A point on the machine's monotonic clock (CLOCK_MONOTONIC), in nanoseconds since boot.
package struct Instant: Hashable, Comparable, Sendable, Codable {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Later by `span`; saturates instead of trapping.
    package static func + (instant: Instant, span: Duration) -> Instant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(span.nanoseconds)
        return Instant(nanoseconds: overflow ? (span < .zero ? .min : .max) : sum)
    }

    package static func - (instant: Instant, span: Duration) -> Instant {
        instant + (.zero - span)
    }

    /// The span from `b` to `a`; saturates instead of trapping.
    package static func - (a: Instant, b: Instant) -> Duration {
        let (span, overflow) = a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
        return .nanoseconds(overflow ? (a < b ? .min : .max) : span)
    }
}

extension Duration {
    /// Whole nanoseconds; saturates at about 292 years.
    package var nanoseconds: Int64 {
        let attoseconds = attoseconds
        // Up to eighteen seconds it is one division of a machine word; this is asked all the time.
        if attoseconds >> 64 == 0 {
            return Int64(UInt64(truncatingIfNeeded: attoseconds) / 1_000_000_000)
        }
        return Int64(clamping: attoseconds / 1_000_000_000)
    }

    /// Milliseconds with their fraction, for records and displays.
    package var milliseconds: Double { Double(nanoseconds) / 1e6 }
}

/// Wall time in UTC, in milliseconds since 1970; it serves schedules and the record only.
package struct WallTime: Hashable, Comparable, Sendable, Codable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package static func < (a: WallTime, b: WallTime) -> Bool { a.milliseconds < b.milliseconds }
}

/// One moment told by both clocks, as every event carries it into the core.
package struct Moment: Hashable, Sendable {
    package let instant: Instant
    package let wall: WallTime
    /// False while the wall clock is not known to be right (after boot without time synchronisation).
    package let wallIsTrusted: Bool

    package init(instant: Instant, wall: WallTime, wallIsTrusted: Bool = true) {
        self.instant = instant
        self.wall = wall
        self.wallIsTrusted = wallIsTrusted
    }
}
