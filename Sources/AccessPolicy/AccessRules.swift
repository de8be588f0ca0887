import GateConfiguration
import GateTypes

/// What groups, dates and schedules say about rows of the roster; a deny overrides every allow.
struct AccessRules: Hashable, Sendable {
    typealias Hit<Row> = (rule: PolicyConfig.Rule, row: Row)

    /// In a lockdown only these groups pass; nil when there is none.
    var onlyGroups: Set<String>?
    private let policy: PolicyConfig
    private let zone: TimeZoneTable

    init(_ policy: PolicyConfig, zone: TimeZoneTable) {
        self.policy = policy
        self.zone = zone
    }

    /// A deny that holds, or may hold while the clock is in doubt.
    func denial<Row: RosterRow>(of rows: [Row], at lane: LaneName, now: Moment) -> Hit<Row>? {
        let local = LocalTime(now.wall, in: zone)
        for row in rows {
            for rule in rules(.deny, row, lane) {
                guard now.wallIsTrusted else { return (rule, row) }
                if validity(from: row.validFrom, until: row.validUntil, at: local) == nil,
                    holds(rule, at: local)
                {
                    return (rule, row)
                }
            }
        }
        return nil
    }

    /// The allowing rule with no reason against it, or every reason, the gravest first, with the
    /// rule that came nearest.
    func admission<Row: RosterRow>(
        of rows: [Row], at lane: LaneName, now: Moment
    ) -> (reasons: [RefusalReason], hit: Hit<Row>?) {
        let local = LocalTime(now.wall, in: zone)
        var reasons: Set<RefusalReason> = []
        var nearest: Hit<Row>?
        let open = rows.filter { onlyGroups?.contains($0.group) ?? true }
        if open.isEmpty, !rows.isEmpty { return ([.lockdown], nil) }
        for row in open {
            let allowing = rules(.allow, row, lane)
            if allowing.isEmpty { reasons.insert(.noRuleForLane) }
            for rule in allowing {
                let isLimited =
                    row.validFrom != nil || row.validUntil != nil || rule.during != nil
                var against: Set<RefusalReason> = []
                if isLimited, !now.wallIsTrusted {
                    against.insert(.clockUntrusted)
                } else {
                    if let reason = validity(
                        from: row.validFrom, until: row.validUntil, at: local)
                    {
                        against.insert(reason)
                    }
                    if !holds(rule, at: local) { against.insert(.outsideSchedule) }
                }
                if against.isEmpty { return ([], (rule, row)) }
                nearest = nearest ?? (rule, row)
                reasons.formUnion(against)
            }
        }
        return (reasons.sorted(by: >), nearest)
    }

    /// Both dates are included; nil when they hold on this day.
    func validity(from: String?, until: String?, now: Moment) -> RefusalReason? {
        guard from != nil || until != nil else { return nil }
        guard now.wallIsTrusted else { return .clockUntrusted }
        return validity(from: from, until: until, at: LocalTime(now.wall, in: zone))
    }

    private func validity(from: String?, until: String?, at local: LocalTime) -> RefusalReason? {
        if let from, local.date < from { return .notYetValid }
        if let until, local.date > until { return .expired }
        return nil
    }

    private func rules(
        _ effect: PolicyConfig.Rule.Effect, _ row: some RosterRow, _ lane: LaneName
    ) -> [PolicyConfig.Rule] {
        policy.rules.filter {
            $0.effect == effect && $0.group == row.group
                && ($0.lanes.isEmpty || $0.lanes.contains(lane))
        }
    }

    private func holds(_ rule: PolicyConfig.Rule, at local: LocalTime) -> Bool {
        guard let name = rule.during else { return true }
        // A schedule that does not exist is refused by the reader; here it never allows.
        return policy.schedules[name]?.holds(at: local) ?? (rule.effect == .deny)
    }
}
