/// Settles one input asymmetrically: active acts soon, also while it bounces; clear has to hold.
///
/// - Active: `activeAfter` after the first active edge, whether or not the contact still bounces.
///   Only one lone pulse, followed by a clear of the same length, is dropped as a disturbance; a
///   second pulse within that clear acts at once.
/// - Clear: when the input has been clear without a break for `clearAfter`.
///
/// Edges carry their own times, so a late call gives the same changes as a punctual one.
package struct InputDebounce: Hashable, Sendable {
    /// One settled change and the moment at which it became settled.
    package struct Change: Hashable, Sendable {
        package let active: Bool
        package let at: Instant

        package init(active: Bool, at: Instant) {
            self.active = active
            self.at = at
        }
    }

    private enum Phase: Hashable, Sendable {
        case clear
        /// Active edges have come since `first`; `isBouncing` after the second of them.
        case rising(first: Instant, isBouncing: Bool)
        /// A lone pulse has ended; the next active edge before `until` acts at once.
        case disturbed(until: Instant)
        case active
        /// The raw input is clear since `since`, not yet long enough.
        case falling(since: Instant)
    }

    package let activeAfter: Duration
    package let clearAfter: Duration
    private var phase: Phase
    private var isRawActive: Bool
    /// The raw input went clear last at this time.
    private var clearSince: Instant
    private var latest: Instant
    /// Pairs of equal edges: the kernel's queue overflowed and edges between them were lost.
    package private(set) var lostEdgeCount = 0
    /// Lone pulses that were dropped.
    package private(set) var disturbanceCount = 0

    /// An input that reads `active` from `start` on.
    package init(activeAfter: Duration, clearAfter: Duration, active: Bool, at start: Instant) {
        self.activeAfter = activeAfter
        self.clearAfter = clearAfter
        phase = active ? .active : .clear
        isRawActive = active
        clearSince = start
        latest = start
    }

    /// What the rest of the program may believe.
    package var isActive: Bool {
        switch phase {
        case .clear, .rising, .disturbed: false
        case .active, .falling: true
        }
    }

    /// When `advance` is due; nil while only an edge can change anything.
    package var deadline: Instant? {
        switch phase {
        case .clear, .active: nil
        case .rising(let first, _): first + activeAfter
        case .disturbed(let until): until
        case .falling(let since): since + clearAfter
        }
    }

    /// Takes in one edge; an edge that claims to be older than the last counts as simultaneous.
    ///
    /// Of two equal clear edges the active one between them was lost: it counts as a pulse.
    package mutating func edge(active: Bool, at time: Instant) -> [Change] {
        let time = max(time, latest)
        var changes = advance(to: time)
        if active == isRawActive { lostEdgeCount += 1 }
        if active || !isRawActive { changes += rise(at: time) }
        if !active { fall(at: time) }
        isRawActive = active
        return changes
    }

    /// Lets time pass; returns what became settled by then, in order.
    package mutating func advance(to time: Instant) -> [Change] {
        latest = max(time, latest)
        var changes: [Change] = []
        while let due = deadline, due <= latest {
            changes += expire(at: due)
        }
        return changes
    }

    private mutating func rise(at time: Instant) -> [Change] {
        switch phase {
        case .clear where activeAfter <= .zero, .disturbed:
            phase = .active
            return [Change(active: true, at: time)]
        case .clear:
            phase = .rising(first: time, isBouncing: false)
        case .rising(let first, _):
            phase = .rising(first: first, isBouncing: true)
        case .falling:
            phase = .active
        case .active:
            break
        }
        return []
    }

    private mutating func fall(at time: Instant) {
        clearSince = time
        switch phase {
        case .active: phase = .falling(since: time)
        case .clear, .rising, .disturbed, .falling: break
        }
    }

    private mutating func expire(at due: Instant) -> [Change] {
        switch phase {
        case .rising(_, let isBouncing):
            guard isRawActive || isBouncing else {
                phase = .disturbed(until: clearSince + activeAfter)
                return []
            }
            phase = isRawActive ? .active : .falling(since: due)
            return [Change(active: true, at: due)]
        case .disturbed:
            disturbanceCount += 1
            phase = .clear
            return []
        case .falling:
            phase = .clear
            return [Change(active: false, at: due)]
        case .clear, .active:
            return []
        }
    }
}
