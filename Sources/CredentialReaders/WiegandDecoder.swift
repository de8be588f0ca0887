import GateTypes

/// The two data lines of a Wiegand reader.
package enum WiegandLine: Int, Hashable, Sendable, Comparable {
    case data0, data1

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Why what a reader sent is not believed; nothing is guessed from it.
package enum ReaderDamage: String, Hashable, Sendable, CaseIterable {
    /// The kernel's queue was full while the frame came.
    case edgesLost = "edges_lost"
    /// Pulses on both lines at once.
    case bothLines = "both_lines"
    /// Two pulses closer than any reader sends them.
    case tooClose = "too_close"
    /// A gap in an otherwise even row, longer or shorter: a pulse is missing or too many.
    case gap
    /// So many bits are no format of this reader.
    case length
    case parity
    /// The second half of a key is not the first one inverted.
    case key
    /// Pulses too few for any frame.
    case noise
}

/// Limits of the Wiegand interface, in one place: pulses of 20 to 100 µs, 200 µs to 20 ms apart.
package enum WiegandLimits {
    /// Pulses closer than this are no bits.
    package static let closest = Duration.microseconds(100)
    /// Without a pulse for so long the frame is over.
    package static let frameEnd = Duration.milliseconds(30)
    /// A gap so many times longer or shorter than the ordinary one is none of a reader's.
    package static let gapFactor = 1.7
    /// So much later a pulse may be stamped by a busy kernel.
    package static let gapTolerance = Duration.microseconds(300)
    /// Fewer pulses than any frame has are noise.
    package static let shortest = 4
    /// Pulses of one frame that are kept; what is longer is no frame.
    package static let longest = 80
}

/// Gathers the pulses of both data lines into frames of bits.
///
/// Pure: pulses come with the kernel's times, in any order within a frame; time itself ends it.
package struct WiegandDecoder: Hashable, Sendable {
    /// One row of pulses that ended.
    package enum Frame: Hashable, Sendable {
        case bits([Bool], last: Instant)
        case damaged(ReaderDamage, last: Instant)
    }

    private struct Pulse: Hashable, Sendable {
        let at: Instant
        let line: WiegandLine
    }

    private var pulses: [Pulse] = []
    private var count = 0
    private var newest = Instant(nanoseconds: .min)
    /// When edges went missing last, of this frame or of one that may come.
    private var lostAt: Instant?

    package init() {}

    /// When the frame ends unless another pulse comes; nil while there is none.
    package var deadline: Instant? { count > 0 ? newest + WiegandLimits.frameEnd : nil }

    /// Takes one pulse; returns the frame that had ended before it.
    package mutating func pulse(_ line: WiegandLine, at instant: Instant) -> Frame? {
        let ended = advance(to: instant)
        // What was lost long before the first pulse was none of this frame.
        if count == 0, let lost = lostAt, instant - lost > WiegandLimits.frameEnd { lostAt = nil }
        count += 1
        newest = max(newest, instant)
        if pulses.count < WiegandLimits.longest { pulses.append(Pulse(at: instant, line: line)) }
        return ended
    }

    /// Pulses may be missing from the frame that has begun or comes right now.
    package mutating func lostEdges(at instant: Instant) { lostAt = instant }

    /// Lets time pass; returns the frame that ended.
    package mutating func advance(to now: Instant) -> Frame? {
        guard let deadline, now >= deadline else { return nil }
        defer {
            pulses = []
            count = 0
            newest = Instant(nanoseconds: .min)
            lostAt = nil
        }
        let row = pulses.sorted { ($0.at, $0.line) < ($1.at, $1.line) }
        if let damage = damage(of: row) { return .damaged(damage, last: newest) }
        return .bits(row.map { $0.line == .data1 }, last: newest)
    }

    private func damage(of row: [Pulse]) -> ReaderDamage? {
        if lostAt != nil { return .edgesLost }
        if count < WiegandLimits.shortest { return .noise }
        if count > row.count { return .length }
        var gaps: [Duration] = []
        for (earlier, later) in zip(row, row.dropFirst()) {
            let gap = later.at - earlier.at
            if gap < WiegandLimits.closest {
                return earlier.line == later.line ? .tooClose : .bothLines
            }
            gaps.append(gap)
        }
        let ordinary = gaps.sorted()[gaps.count / 2]
        let longest = max(
            ordinary * WiegandLimits.gapFactor, ordinary + WiegandLimits.gapTolerance)
        let shortest = min(
            ordinary / WiegandLimits.gapFactor, ordinary - WiegandLimits.gapTolerance)
        return gaps.contains { $0 > longest || $0 < shortest } ? .gap : nil
    }
}
