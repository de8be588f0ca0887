import GateTypes

/// The soonest of several moments.
package struct Soonest {
    private let now: Instant
    package private(set) var moment: Instant?

    /// - Parameter now: what lies before or at it is not considered.
    package init(after now: Instant = Instant(nanoseconds: .min)) { self.now = now }

    package mutating func consider(_ candidate: Instant?) {
        guard let candidate, candidate > now else { return }
        if let known = moment, known <= candidate { return }
        moment = candidate
    }
}
