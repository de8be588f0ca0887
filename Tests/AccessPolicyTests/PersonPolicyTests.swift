import AccessPolicy
import GateConfiguration
import GateTypes
import Testing

/// Badges, their holders, and the rules that vehicles have too.
@Suite struct PersonPolicyTests {
    static let policy: PersonPolicy = {
        var config = PolicyConfig()
        config.groups = ["staff", "blocked"]
        config.schedules["day"] = RuleTests.day
        config.rules = [
            .init(.allow, group: "staff", lanes: ["t1"], place: "policy.yaml:3:5"),
            .init(
                .allow, group: "cleaners", lanes: ["t1"], during: "day", place: "policy.yaml:4:5"),
            .init(.deny, group: "blocked", place: "policy.yaml:5:5"),
        ]
        var roster = Roster()
        roster.people = [
            .init(person: "E001", group: "staff", place: "people.csv:2:1"),
            .init(person: "E002", group: "blocked"),
            .init(person: "E003", group: "cleaners"),
            .init(person: "E004", group: "staff", validUntil: "2025-12-31"),
        ]
        roster.badges = [
            .init(badge: "1", person: "E001", place: "badges.csv:2:1"),
            .init(badge: "2", person: "E002"), .init(badge: "3", person: "E003"),
            .init(badge: "4", person: "E004"),
            .init(badge: "5", person: "E001", validFrom: "2026-02-01"),
            .init(badge: "6", person: "E999"),
        ]
        return PersonPolicy(config, roster: roster, zone: Zones.shanghai)
    }()

    /// 2026-01-01, a Thursday, at this hour in Shanghai.
    static func at(_ hour: Int64, trusted: Bool = true) -> Moment {
        Moment(
            instant: Instant(nanoseconds: 0),
            wall: WallTime(milliseconds: (1_767_225_600 + (hour - 8) * 3_600) * 1000),
            wallIsTrusted: trusted)
    }

    @Test func aListedBadgeOfAnAllowedPersonIsAdmittedWithItsRule() {
        let decision = Self.policy.decide(badge: "0001", at: "t1", now: Self.at(9))
        #expect(decision.isAdmitted && decision.badge == "1")
        #expect(decision.person == "E001" && decision.group == "staff")
        #expect(decision.rulePlace == "policy.yaml:3:5")
        #expect(decision.rosterPlace == "badges.csv:2:1")
    }

    @Test(
        arguments: [
            ("7", "t1", 9, [RefusalReason.unlisted]), ("x", "t1", 9, [.unlisted]),
            ("", "t1", 9, [.unlisted]), ("6", "t1", 9, [.unlisted]),
            ("1", "t2", 9, [.noRuleForLane]),
            ("2", "t1", 9, [.denied]), ("3", "t1", 23, [.outsideSchedule]),
            ("4", "t1", 9, [.expired]), ("5", "t1", 9, [.notYetValid]),
        ] as [(String, LaneName, Int64, [RefusalReason])])
    func everythingElseIsRefusedWithItsReason(
        badge: String, lane: LaneName, hour: Int64, reasons: [RefusalReason]
    ) {
        let decision = Self.policy.decide(badge: badge, at: lane, now: Self.at(hour))
        #expect(decision.outcome == .refused(reasons))
    }

    @Test(arguments: [("1", true), ("3", false), ("4", false), ("5", false), ("2", false)])
    func whileTheClockIsInDoubtOnlyUnlimitedGrantsHold(badge: String, isAdmitted: Bool) {
        let decision = Self.policy.decide(badge: badge, at: "t1", now: Self.at(9, trusted: false))
        #expect(decision.isAdmitted == isAdmitted)
    }
}
