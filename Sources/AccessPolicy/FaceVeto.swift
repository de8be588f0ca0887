import GateTypes

/// Everything that has to hold before a face opens anything; one missing part outweighs all others.
package struct FaceVeto: Hashable, Sendable {
    /// Which sources of liveness a lane asks; an empty set judges nothing.
    package enum Source: String, Hashable, Sendable, CaseIterable { case challenge, infrared }

    package var isQualityGood: Bool
    package var isConsentStanding: Bool
    package var isAdmittedByPolicy: Bool
    /// What each source that the lane asks has said.
    package var liveness: [Source: LivenessVerdict]
    /// The site has accepted by name that faces open without judged liveness.
    package var isUnjudgedAccepted: Bool

    package init(
        isQualityGood: Bool, isConsentStanding: Bool, isAdmittedByPolicy: Bool,
        liveness: [Source: LivenessVerdict], isUnjudgedAccepted: Bool
    ) {
        self.isQualityGood = isQualityGood
        self.isConsentStanding = isConsentStanding
        self.isAdmittedByPolicy = isAdmittedByPolicy
        self.liveness = liveness
        self.isUnjudgedAccepted = isUnjudgedAccepted
    }

    /// The liveness of all sources together: the worst of them; nothing asked is not judged.
    package var judged: LivenessVerdict {
        let verdicts = Set(liveness.values)
        if verdicts.contains(.failed) { return .failed }
        if verdicts.contains(.pending) { return .pending }
        if verdicts.contains(.notJudged) { return .notJudged }
        return verdicts.isEmpty ? .notJudged : .passed
    }

    /// Why the face may not open; nil when it may.
    package var objection: RefusalReason? {
        guard isAdmittedByPolicy else { return .noRuleForLane }
        guard isConsentStanding else { return .noConsent }
        guard isQualityGood else { return .unreadable }
        switch judged {
        case .failed: return .notLive
        case .pending: return .livenessNotJudged
        case .notJudged:
            // A source that the lane asks and that is silent is missing, whatever was accepted.
            return isUnjudgedAccepted && liveness.isEmpty ? nil : .livenessNotJudged
        case .passed: return nil
        }
    }
}
