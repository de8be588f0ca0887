import GateConfiguration
import GateTypes
import Testing

@Suite struct ValueTests {
    @Test(
        arguments: [
            ("200ms", .milliseconds(200)), ("1500ms", .milliseconds(1_500)), ("8s", .seconds(8)),
            ("1.5s", .milliseconds(1_500)), ("0.1s", .milliseconds(100)), ("2m", .seconds(120)),
            ("1h", .seconds(3_600)), ("90d", .seconds(90 * 86_400)), ("0s", .zero),
            ("2 s", .seconds(2)),
        ] as [(String, Duration)])
    func durationCarriesItsUnit(text: String, expected: Duration) {
        #expect(DurationText.parse(text) == .success(expected))
    }

    @Test(arguments: [
        "", "s", "5", "5 sec", "-5s", "5S", "1e400s", "99999999999999999999d", "5s5", ".", "..5s",
        "5ｓ",
        "٥s", "1.2.3s",
    ])
    func whatIsNoDurationIsRefused(text: String) {
        #expect(throws: ValueProblem.self) { try DurationText.parse(text).get() }
    }

    @Test(arguments: [
        ("2026-10-01", "2026-10-01"), ("2026/10/1", "2026-10-01"), ("2026-1-5", "2026-01-05"),
        ("2028-02-29", "2028-02-29"), ("2000-02-29", "2000-02-29"),
    ])
    func dateIsReadAsSpreadsheetsWriteIt(text: String, expected: String) {
        #expect(DateText.parse(text) == .success(expected))
    }

    @Test(arguments: [
        "", "2026-02-29", "2100-02-29", "2026-00-10", "2026-13-01", "2026-04-31", "26-01-01",
        "2026-01", "2026-1-1-1", "2026-1/1", "01/10/2026", "2026-001-01", "٢٠٢٦-01-01",
        "0000-01-01",
    ])
    func impossibleDateIsRefused(text: String) {
        #expect(throws: ValueProblem.self) { try DateText.parse(text).get() }
    }

    @Test func scheduleOverMidnightBecomesTwoWindows() {
        #expect(
            ScheduleText.parse("Fri,Sun 22:00-06:00")
                == .success([
                    .init(days: [5, 7], fromMinute: 1_320, untilMinute: 1_440),
                    .init(days: [6, 1], fromMinute: 0, untilMinute: 360),
                ]))
    }

    @Test(
        arguments: [
            ("Mon-Fri 06:00-22:00", [1, 2, 3, 4, 5], [360, 1_320]),
            ("sat-mon 6:00-7:30", [6, 7, 1], [360, 450]),
            ("daily 00:00-24:00", [1, 2, 3, 4, 5, 6, 7], [0, 1_440]),
            ("Mon, Wed 18:00-00:00", [1, 3], [1_080, 1_440]),
            ("Tue 07:00-12:00 13:00-19:00", [2], [420, 720, 780, 1_140]),
            ("Tue 07:00-12:00, 13:00-19:00", [2], [420, 720, 780, 1_140]),
            ("Mon-Mon 01:00-02:00", [1], [60, 120]),
        ] as [(String, Set<Int>, [Int])])
    func scheduleIsRead(text: String, days: Set<Int>, minutes: [Int]) throws {
        let windows = try ScheduleText.parse(text).get()
        #expect(windows.allSatisfy { $0.days == days })
        #expect(windows.flatMap { [$0.fromMinute, $0.untilMinute] } == minutes)
    }

    @Test(arguments: [
        "", ",", "Mon", "06:00-22:00", "Mon 6-22", "Mon 06:00", "Mon 06:00-06:00",
        "Mon 24:00-06:00",
        "Mon 06:60-07:00", "Mon-Tue-Wed 06:00-07:00", "Mo 06:00-07:00", "Mon, 06:00-07:00",
        "Mon 00:00-00:00", "Mon 06:00-07:00-08:00", "Mon -06:00-07:00",
    ])
    func whatIsNoScheduleIsRefused(text: String) {
        #expect(throws: ValueProblem.self) { try ScheduleText.parse(text).get() }
    }

    static let london = TimeZoneTable(
        name: "Europe/London",
        transitions: [
            .init(fromSeconds: 0, offsetSeconds: 0),
            .init(fromSeconds: 1_774_746_000, offsetSeconds: 3_600),
            .init(fromSeconds: 1_792_890_000, offsetSeconds: 0),
        ])

    @Test(
        arguments: [
            ("1970-01-01", 0), ("2026-01-15 12:00", 1_768_478_400),
            ("2026-07-15T12:00", 1_784_113_200),
            ("2026-07-15T12:00:30Z", 1_784_116_830), ("2026-03-29T00:59", 1_774_745_940),
            ("2026-03-29T02:00", 1_774_746_000),
            // Shown twice: the first of the two.
            ("2026-10-25T01:30", 1_792_888_200), ("2026-10-25T02:00", 1_792_893_600),
        ] as [(String, Int64)])
    func momentIsReadInLocalTime(text: String, seconds: Int64) {
        #expect(
            MomentText.parse(text, in: Self.london)
                == .success(WallTime(milliseconds: seconds * 1_000)))
    }

    @Test(arguments: [
        "", "now", "2026-07-15T", "2026-07-15T24:00", "2026-07-15T1:00", "2026-02-30T10:00",
        "2026-07-15T12:00:60", "2026-07-15T12:00+08", "2026-03-29T01:30",
    ])
    func whatIsNoMomentIsRefused(text: String) {
        #expect(throws: ValueProblem.self) { try MomentText.parse(text, in: Self.london).get() }
    }

    @Test(arguments: [
        ("clearence", "clearance"), ("langauge", "language"), ("lane11", "lane1"), ("FIRE", "fire"),
    ])
    func nearestWordIsSuggested(word: String, expected: String) {
        let candidates = ["clearance", "language", "lane1", "fire", "retention"]
        #expect(Suggestion.nearest(to: word, among: candidates) == expected)
    }

    @Test func farWordIsNotSuggested() {
        #expect(Suggestion.nearest(to: "colour", among: ["clearance", "fire"]) == nil)
        #expect(Suggestion.nearest(to: "", among: ["fire"]) == nil)
    }
}
