import GateTypes

/// What the contact of a door or side gate shows of its leaf.
enum LeafWatch: Hashable, Sendable {
    case closed
    case open(heldFrom: Instant)
    case heldOpen

    enum Change: Hashable, Sendable { case opened, heldOpen, closed }

    /// Compares the contact with what is known; nil when nothing has changed.
    ///
    /// - Parameter isFree: in an emergency it may stand open; the time counts from the end of that.
    mutating func follow(
        isOpen: Bool, longest: Duration, isFree: Bool = false, at now: Instant
    ) -> Change? {
        switch (self, isOpen) {
        case (.open, true) where isFree:
            self = .open(heldFrom: now + longest)
            return nil
        case (.closed, true):
            self = .open(heldFrom: now + longest)
            return .opened
        case (.open(let heldFrom), true) where now >= heldFrom:
            self = .heldOpen
            return .heldOpen
        case (.open, false), (.heldOpen, false):
            self = .closed
            return .closed
        case (.closed, false), (.open, true), (.heldOpen, true):
            return nil
        }
    }

    var deadline: Instant? {
        switch self {
        case .open(let heldFrom): heldFrom
        case .closed, .heldOpen: nil
        }
    }
}
