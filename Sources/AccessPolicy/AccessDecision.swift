import GateTypes

/// Why a vehicle is not let in, from the mildest to the gravest.
package enum RefusalReason: String, Hashable, Sendable, Comparable, CaseIterable {
    case unreadable
    /// No plate reads so (only when a text is asked about by hand).
    case notAPlate = "not_a_plate"
    case unlisted
    /// The nearest listed plate is not probable enough for the lane's false-accept rate.
    case uncertain
    case noRuleForLane = "no_rule_for_lane"
    case outsideSchedule = "outside_schedule"
    case notYetValid = "not_yet_valid"
    case expired
    /// The grant is limited in time, and the clock is not known to be right.
    case clockUntrusted = "clock_untrusted"
    /// Whether a living person stands there was not judged.
    case livenessNotJudged = "liveness_not_judged"
    /// Two listed plates, or two enrolled people, are within reach of this reading.
    case ambiguous
    /// The consent to use this face does not stand.
    case noConsent = "no_consent"
    /// The face is not that of the badge's holder.
    case faceMismatch = "face_mismatch"
    /// A photograph, a screen, or a challenge that was not met.
    case notLive = "not_live"
    /// The site is closed to all but some groups.
    case lockdown
    case denied

    private static let order = Dictionary(
        uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })

    package static func < (a: Self, b: Self) -> Bool { (order[a] ?? 0) < (order[b] ?? 0) }
}

/// What policy says about one vehicle at one lane and moment, and why.
package struct AccessDecision: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case admitted
        /// Never empty; the gravest first.
        case refused([RefusalReason])
    }

    package var outcome: Outcome
    /// The listed plate that the decision rests on, else what was read; empty when nothing was.
    package var plate: String
    package var group: String?
    /// Where the deciding rule stands, e.g. "policy.yaml:12:5".
    package var rulePlace: String?
    /// Where the vehicle stands in the roster.
    package var rosterPlace: String?
    /// The other listed plate of an ambiguity.
    package var otherPlate: String?
    /// Probability of the listed plate given the readings, 0...1; 1 when asked about by text.
    package var probability: Double

    package var isAdmitted: Bool { outcome == .admitted }

    package var reasons: [RefusalReason] {
        switch outcome {
        case .admitted: []
        case .refused(let reasons): reasons
        }
    }

    package var gravest: RefusalReason? { reasons.first }

    static func refused(
        _ reasons: [RefusalReason], plate: String, probability: Double = 0
    ) -> AccessDecision {
        AccessDecision(
            outcome: .refused(reasons.sorted(by: >)), plate: plate, probability: probability)
    }
}
