import AccessPolicy
import GateConfiguration
import GateTypes
import Testing

enum Zones {
    static let shanghai = TimeZoneTable(
        name: "Asia/Shanghai", transitions: [.init(fromSeconds: 0, offsetSeconds: 28_800)])
    /// Summer time began 2026-03-29 01:00 UTC and ended 2026-10-25 01:00 UTC.
    static let berlin = TimeZoneTable(
        name: "Europe/Berlin",
        transitions: [
            .init(fromSeconds: 0, offsetSeconds: 3600),
            .init(fromSeconds: 1_774_746_000, offsetSeconds: 7200),
            .init(fromSeconds: 1_792_890_000, offsetSeconds: 3600),
        ])
}

/// 2026-01-01 00:00 UTC, a Thursday.
private let newYear: Int64 = 1_767_225_600

private func moment(_ utcSeconds: Int64, trusted: Bool = true) -> Moment {
    Moment(
        instant: Instant(nanoseconds: 0), wall: WallTime(milliseconds: utcSeconds * 1000),
        wallIsTrusted: trusted)
}

@Suite struct RuleTests {
    static let day = Schedule(
        windows: [.init(days: [1, 2, 3, 4, 5], fromMinute: 360, untilMinute: 1320)],
        holidays: ["2026-01-02"])
    /// Friday 22:00 to Saturday 06:00, as the reader splits it.
    static let night = Schedule(windows: [
        .init(days: [5], fromMinute: 1320, untilMinute: 1440),
        .init(days: [6], fromMinute: 0, untilMinute: 360),
    ])

    static func policy(
        rules: [PolicyConfig.Rule], vehicles: [Roster.Vehicle], zone: TimeZoneTable = Zones.shanghai
    ) -> VehiclePolicy {
        var policy = PolicyConfig()
        policy.groups = Set(vehicles.map(\.group))
        policy.schedules = ["day": day, "night": night]
        policy.rules = rules
        var roster = Roster()
        roster.vehicles = vehicles
        return VehiclePolicy(policy, roster: roster, zone: zone)
    }

    // Local times of Shanghai are UTC + 8 h.
    @Test(arguments: [
        ("Thursday 05:59 is before the day", 5 * 3600 + 59 * 60, false),
        ("Thursday 06:00 begins it", 6 * 3600, true),
        ("Thursday 21:59 is in it", 21 * 3600 + 59 * 60, true),
        ("Thursday 22:00 has ended it", 22 * 3600, false),
        ("Friday 12:00 is a holiday", 36 * 3600, false),
        ("Saturday 12:00 is no weekday", 60 * 3600, false),
        ("Monday 12:00 is one", 108 * 3600, true),
    ])
    func aWeeklyScheduleHoldsInLocalTime(what: String, local: Int, expected: Bool) {
        let time = moment(newYear - 28_800 + Int64(local))
        #expect(Self.day.holds(at: LocalTime(time.wall, in: Zones.shanghai)) == expected, "\(what)")
    }

    @Test(arguments: [
        (45, false), (46, true), (47, true), (48, true), (53, true), (54, false),
    ])
    func aSpanOverMidnightIsTwoWindows(hours: Int, expected: Bool) {
        let time = moment(newYear - 28_800 + Int64(hours) * 3600)
        #expect(Self.night.holds(at: LocalTime(time.wall, in: Zones.shanghai)) == expected)
    }

    @Test func summerTimeChangesFollowTheZonesTable() {
        func local(_ seconds: Int64) -> LocalTime {
            LocalTime(WallTime(milliseconds: seconds * 1000), in: Zones.berlin)
        }
        // Sunday 29 March: 01:59:59 is followed by 03:00.
        #expect(local(1_774_745_999).minute == 119)
        #expect(local(1_774_746_000).minute == 180)
        #expect(local(1_774_746_000).date == "2026-03-29")
        #expect(local(1_774_746_000).weekday == 7)
        // Sunday 25 October: 02:59:59 summer time is followed by 02:00.
        #expect(local(1_792_889_999).minute == 179)
        #expect(local(1_792_890_000).minute == 120)
        #expect(local(1_792_890_000 + 21 * 3600 + 3599).date == "2026-10-25")
        #expect(local(1_792_890_000 + 22 * 3600).date == "2026-10-26")
    }

    @Test(arguments: [
        (0, "1970-01-01", 4), (951_782_400, "2000-02-29", 2), (1_709_164_800, "2024-02-29", 4),
        (4_107_542_400, "2100-03-01", 1), (-1, "1969-12-31", 3), (1_767_225_599, "2025-12-31", 3),
    ])
    func datesFollowTheGregorianCalendar(seconds: Int, date: String, weekday: Int) {
        let utc = TimeZoneTable(name: "UTC", transitions: [])
        let local = LocalTime(WallTime(milliseconds: Int64(seconds) * 1000), in: utc)
        #expect(local.date == date)
        #expect(local.weekday == weekday)
    }

    @Test(arguments: [
        ("2025-12-31T23:59", -1, RefusalReason.notYetValid as RefusalReason?),
        ("first minute of the first day", 0, nil),
        ("last second of the last day", 2 * 86_400 - 1, nil),
        ("the day after", 2 * 86_400, .expired),
    ])
    func validityIncludesBothLocalDates(what: String, offset: Int, expected: RefusalReason?) {
        let policy = Self.policy(
            rules: [.init(.allow, group: "lorries", place: "policy.yaml:9:5")],
            vehicles: [
                .init(
                    plate: "苏E12345", group: "lorries", validFrom: "2026-01-01",
                    validUntil: "2026-01-02", place: "vehicles.csv:2")
            ])
        let now = moment(newYear - 28_800 + Int64(offset))
        let decision = policy.explain(plate: "苏E·12345", at: "lane1", now: now)
        #expect(decision.gravest == expected, "\(what)")
        #expect(decision.rulePlace == "policy.yaml:9:5")
        #expect(decision.rosterPlace == "vehicles.csv:2")
    }

    struct Case: Sendable {
        var name: String
        var rules: [PolicyConfig.Rule]
        var trusted = true
        var expected: [RefusalReason]
    }

    @Test(arguments: [
        Case(name: "allowed", rules: [.init(.allow, group: "lorries")], expected: []),
        Case(
            name: "deny overrides whatever the order",
            rules: [.init(.deny, group: "lorries"), .init(.allow, group: "lorries")],
            expected: [.denied]),
        Case(
            name: "deny overrides whatever the order, reversed",
            rules: [.init(.allow, group: "lorries"), .init(.deny, group: "lorries")],
            expected: [.denied]),
        Case(
            name: "a deny for another lane is not this lane's",
            rules: [
                .init(.allow, group: "lorries"), .init(.deny, group: "lorries", lanes: ["lane2"]),
            ],
            expected: []),
        Case(
            name: "no rule for this lane",
            rules: [.init(.allow, group: "lorries", lanes: ["lane2"])], expected: [.noRuleForLane]),
        Case(
            name: "a rule for another group", rules: [.init(.allow, group: "vans")],
            expected: [.noRuleForLane]),
        Case(
            name: "outside its schedule", rules: [.init(.allow, group: "lorries", during: "day")],
            expected: [.outsideSchedule]),
        Case(
            name: "one of two rules suffices",
            rules: [
                .init(.allow, group: "lorries", during: "day"), .init(.allow, group: "lorries"),
            ],
            expected: []),
        Case(
            name: "a deny outside its schedule does not hold",
            rules: [
                .init(.deny, group: "lorries", during: "day"), .init(.allow, group: "lorries"),
            ],
            expected: []),
        Case(
            name: "with an untrusted clock it does",
            rules: [
                .init(.deny, group: "lorries", during: "day"), .init(.allow, group: "lorries"),
            ],
            trusted: false, expected: [.denied]),
        Case(
            name: "time-limited grants do not hold with an untrusted clock",
            rules: [.init(.allow, group: "lorries", during: "night")], trusted: false,
            expected: [.clockUntrusted]),
        Case(
            name: "unlimited grants do", rules: [.init(.allow, group: "lorries")], trusted: false,
            expected: []),
        Case(
            name: "an unknown schedule never allows",
            rules: [.init(.allow, group: "lorries", during: "nosuch")],
            expected: [.outsideSchedule]),
    ])
    func rulesDecide(testCase: Case) {
        let policy = Self.policy(
            rules: testCase.rules, vehicles: [.init(plate: "苏E12345", group: "lorries")])
        // Thursday 23:00 local.
        let now = moment(newYear - 28_800 + 23 * 3600, trusted: testCase.trusted)
        let decision = policy.explain(plate: "苏E12345", at: "lane1", now: now)
        #expect(decision.reasons == testCase.expected, "\(testCase.name)")
    }

    @Test func aVehicleInTwoGroupsMayPassByEitherAndIsDeniedByEither() {
        let rows: [Roster.Vehicle] = [
            .init(plate: "苏E12345", group: "vans", validUntil: "2020-01-01"),
            .init(plate: "苏E12345", group: "lorries"),
        ]
        let allowed = Self.policy(
            rules: [.init(.allow, group: "vans"), .init(.allow, group: "lorries")], vehicles: rows)
        #expect(allowed.explain(plate: "苏E12345", at: "lane1", now: moment(newYear)).isAdmitted)
        let denied = Self.policy(
            rules: [.init(.allow, group: "vans"), .init(.deny, group: "lorries")], vehicles: rows)
        #expect(
            denied.explain(plate: "苏E12345", at: "lane1", now: moment(newYear)).gravest == .denied)
        let expired = Self.policy(rules: [.init(.allow, group: "vans")], vehicles: rows)
        let reasons = expired.explain(plate: "苏E12345", at: "lane1", now: moment(newYear)).reasons
        #expect(reasons == [.expired, .noRuleForLane])  // The gravest first.
    }

    @Test(arguments: ["", "HELLO", "苏E1234", "苏EI2345", "13800138000", "苏E12345 "])
    func explainTellsTextsThatNoPlateCanShow(text: String) {
        let policy = Self.policy(
            rules: [.init(.allow, group: "lorries")],
            vehicles: [.init(plate: "苏E12345", group: "lorries")])
        let decision = policy.explain(plate: text, at: "lane1", now: moment(newYear))
        #expect(decision.gravest == (text == "苏E12345 " ? nil : .notAPlate))
        #expect(
            policy.explain(plate: "沪B99999", at: "lane1", now: moment(newYear)).gravest == .unlisted
        )
    }

    @Test func aLogarithmAndItsReverseAgree() {
        // Through the public face: a lone frame keeps its posteriors.
        var evidence = PlateEvidence()
        evidence.add(Readings.reading("苏E12345", doubts: [6: [("5", 0.7), ("6", 0.2)]]))
        let logs = evidence.logPosteriors()
        let five = Alphabet.index(of: "5") ?? 0
        let six = Alphabet.index(of: "6") ?? 0
        let difference = logs[6 * Alphabet.count + five] - logs[6 * Alphabet.count + six]
        #expect(abs(difference - 1.252_762_968_495_368) < 1e-12)  // ln 3.5
    }
}
