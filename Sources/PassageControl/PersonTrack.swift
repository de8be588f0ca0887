import GateTypes

/// Follows people through a turnstile by the order in which its two sensors change.
///
/// Inwards: outer, both, inner, clear. The sensors may be two beams across the passage or the two
/// switches of a rotor; a person whom neither covers for a moment is still the same one.
package struct PersonTrack: Hashable, Sendable {
    package enum Side: String, Hashable, Sendable, CaseIterable {
        case outer, inner

        var opposite: Side { self == .outer ? .inner : .outer }
    }

    package enum Sighting: Hashable, Sendable {
        /// Right through, having come in from that side; a second one was close behind if `doubled`.
        case through(from: Side, doubled: Bool)
        /// Out again where they came in.
        case turnedBack(Side, hasSeenBoth: Bool)
    }

    enum Phase: Hashable, Sendable {
        case free
        case within(Within)
        /// Neither sensor is covered, and the person may still be between them.
        case between(Side, until: Instant)
        /// A sensor failed, or somebody stood there at the start: nobody knows who came from where.
        case unknown
    }

    struct Within: Hashable, Sendable {
        /// The sensor behind the first person, left and taken again: rear and front, or front alone.
        enum Rear: Hashable, Sendable { case taken, left, again, frontLeft }

        let from: Side
        var hasSeenBoth = false
        var rear = Rear.taken
        var doubled = false
    }

    var phase = Phase.free
    private var covered: CaseSet<Side> = []
    private let gap: Duration

    /// - Parameter gap: longest time between the two sensors of one person whom both have lost.
    package init(covered: CaseSet<Side>, gap: Duration) {
        self.gap = gap
        self.covered = covered
        if !covered.isEmpty { phase = .unknown }
    }

    /// From which side somebody is in the passage; nil when it is clear or nobody knows.
    package var from: Side? {
        switch phase {
        case .free, .unknown: nil
        case .within(let within): within.from
        case .between(let side, _): side
        }
    }

    package var isClear: Bool { phase == .free }

    var deadline: Instant? {
        if case .between(_, let until) = phase { until } else { nil }
    }

    /// Compares the sensors with what they read before.
    mutating func follow(_ now: CaseSet<Side>, isReliable: Bool, at instant: Instant) -> [Sighting]
    {
        var sightings: [Sighting] = []
        if case .between(let side, let until) = phase, instant >= until {
            sightings.append(.turnedBack(side, hasSeenBoth: false))
            phase = .free
        }
        let before = covered
        covered = now
        guard isReliable else {
            phase = .unknown
            return sightings
        }
        if case .unknown = phase {
            if now.isEmpty { phase = .free }
            return sightings
        }
        for side in [Side.outer, .inner] where now.contains(side) != before.contains(side) {
            sightings += changed(side, now, at: instant)
        }
        return sightings
    }

    private mutating func changed(
        _ side: Side, _ covered: CaseSet<Side>, at instant: Instant
    ) -> [Sighting] {
        switch phase {
        case .free:
            phase = .within(Within(from: side))
        case .between(let from, _):
            var within = Within(from: from)
            if side != from {
                within.hasSeenBoth = true
                within.rear = .left
            }
            phase = .within(within)
        case .within(let within) where covered.isEmpty:
            phase = .free
            if side != within.from {
                return [.through(from: within.from, doubled: within.doubled)]
            }
            guard within.hasSeenBoth else {
                phase = .between(within.from, until: instant + gap)
                return []
            }
            return [.turnedBack(within.from, hasSeenBoth: true)]
        case .within(var within):
            within.take(side, isCovered: covered.contains(side))
            phase = .within(within)
        case .unknown:
            break
        }
        return []
    }
}

extension PersonTrack.Within {
    /// One sensor changes while the passage stays covered.
    fileprivate mutating func take(_ side: PersonTrack.Side, isCovered: Bool) {
        if side != from { hasSeenBoth = true }
        switch (rear, side == from, isCovered) {
        case (.taken, true, false): rear = .left
        case (.left, true, true): rear = .again
        case (.again, true, false): rear = .left
        case (.again, false, false): rear = .frontLeft
        case (.frontLeft, false, true):
            // The first has gone out in front, and another one reaches the front.
            doubled = true
            rear = .taken
        case (.taken, true, true), (.taken, false, _), (.left, true, false), (.left, false, _),
            (.again, true, true), (.again, false, true), (.frontLeft, true, _),
            (.frontLeft, false, false):
            break
        }
    }
}
