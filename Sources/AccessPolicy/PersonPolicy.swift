import GateConfiguration
import GateTypes

/// Who may pass which person lane when, by badge or by face.
package struct PersonPolicy: Hashable, Sendable {
    private var rules: AccessRules
    private let people: [String: [Roster.Person]]
    private let badges: [String: Roster.Badge]

    package init(_ policy: PolicyConfig, roster: Roster, zone: TimeZoneTable) {
        rules = AccessRules(policy, zone: zone)
        people = Dictionary(grouping: roster.people, by: \.person)
        badges = Dictionary(roster.badges.map { ($0.badge, $0) }) { first, _ in first }
    }

    /// Closes to all but these groups, or to nobody with nil.
    package mutating func lockDown(exceptFor groups: Set<String>?) { rules.onlyGroups = groups }

    /// Decides on a badge as a reader tells it; nothing is guessed from a number that is not listed.
    package func decide(badge text: String, at lane: LaneName, now: Moment) -> PersonDecision {
        guard let number = Roster.Badge.normalised(text), let badge = badges[number] else {
            return PersonDecision(outcome: .refused([.unlisted]), badge: text)
        }
        var decision = PersonDecision(outcome: .admitted, badge: number)
        decision.rosterPlace = badge.place
        return judge(badge.person, badge, decision, at: lane, now: now)
    }

    /// Decides on a person whose face was recognised, or of whom `explain` asks.
    package func decide(person: String, at lane: LaneName, now: Moment) -> PersonDecision {
        var decision = PersonDecision(outcome: .admitted, badge: nil)
        decision.rosterPlace = people[person]?.first?.place
        return judge(person, nil, decision, at: lane, now: now)
    }

    private func judge(
        _ person: String, _ badge: Roster.Badge?, _ decision: PersonDecision, at lane: LaneName,
        now: Moment
    ) -> PersonDecision {
        var decision = decision
        decision.person = person
        let rows = people[person] ?? []
        if let denial = rules.denial(of: rows, at: lane, now: now) {
            decision.outcome = .refused([.denied])
            decision.group = denial.row.group
            decision.rulePlace = denial.rule.place
            return decision
        }
        var (reasons, hit) = rules.admission(of: rows, at: lane, now: now)
        if rows.isEmpty { reasons = [.unlisted] }
        if let badge,
            let reason = rules.validity(from: badge.validFrom, until: badge.validUntil, now: now)
        {
            reasons = Set(reasons + [reason]).sorted(by: >)
        }
        if !reasons.isEmpty { decision.outcome = .refused(reasons) }
        decision.group = (hit?.row ?? rows.first)?.group
        decision.rulePlace = hit?.rule.place
        return decision
    }
}

/// What policy says about one person at one lane and moment, and why.
package struct PersonDecision: Hashable, Sendable {
    package var outcome: AccessDecision.Outcome
    /// The listed number, else as the reader told it; nil when a face was recognised.
    package var badge: String?
    /// Whose badge it is; nil when it is not listed.
    package var person: String?
    package var group: String?
    package var rulePlace: String?
    package var rosterPlace: String?

    package init(outcome: AccessDecision.Outcome, badge: String?) {
        self.outcome = outcome
        self.badge = badge
    }

    package var isAdmitted: Bool { outcome == .admitted }

    package var reasons: [RefusalReason] {
        switch outcome {
        case .admitted: []
        case .refused(let reasons): reasons
        }
    }
}
