import ConfigurationFiles
import GateConfiguration
import Testing

@Suite struct TimeZoneTests {
    static let isInstalled =
        FileAccess.objectionToFolder("\(TimeZoneFile.folder)/Asia", trust: .anyone) == nil

    func table(_ name: String) -> TimeZoneTable? {
        guard case .table(let table) = TimeZoneFile.source().find(name) else { return nil }
        return table
    }

    func offset(_ table: TimeZoneTable?, _ seconds: Int64) -> Int64? {
        let rows = table?.transitions ?? []
        return (rows.last { $0.fromSeconds <= seconds } ?? rows.first)?.offsetSeconds
    }

    @Test(
        .enabled(if: isInstalled, "the time zone tables (tzdata) are not installed"),
        arguments: [
            ("Asia/Shanghai", 0, 28_800), ("Asia/Shanghai", 1_790_000_000, 28_800),
            ("Asia/Shanghai", 4_000_000_000, 28_800),
            // Summer time in China, 1986 to 1991.
            ("Asia/Shanghai", 584_000_000, 32_400),
            // 2026-01-15, 2026-07-15, then July and January 2090: by the rule, not by the list.
            ("Europe/London", 1_768_435_200, 0), ("Europe/London", 1_784_073_600, 3_600),
            ("Europe/London", 3_803_760_000, 3_600), ("Europe/London", 3_787_862_400, 0),
            // South of the equator summer spans the new year.
            ("Australia/Sydney", 1_768_435_200, 39_600),
            ("Australia/Sydney", 1_784_073_600, 36_000),
            ("America/St_Johns", 1_768_435_200, -12_600), ("Asia/Kathmandu", 1_768_435_200, 20_700),
            ("Europe/Dublin", 1_784_073_600, 3_600), ("Europe/Dublin", 3_787_862_400, 0),
        ] as [(String, Int64, Int64)])
    func zoneHasItsOffset(name: String, seconds: Int64, expected: Int64) {
        #expect(offset(table(name), seconds) == expected)
    }

    @Test(.enabled(if: isInstalled, "the time zone tables (tzdata) are not installed"))
    func changesFallOnTheLastSundayAtOneUTC() {
        let changes = table("Europe/London")?.transitions.map(\.fromSeconds) ?? []
        // 2026-03-29T01:00Z, 2026-10-25T01:00Z, 2050-03-27T01:00Z.
        for second in [1_774_746_000, 1_792_890_000, 2_531_955_600] as [Int64] {
            #expect(changes.contains(second))
        }
        #expect(changes == changes.sorted() && Set(changes).count == changes.count)
    }

    @Test func utcNeedsNoFile() {
        #expect(offset(table("UTC"), 1_790_000_000) == 0)
    }

    @Test(arguments: [
        "Asia/Shangai", "../../etc/passwd", "/etc/passwd", "zone.tab", "Asia", "", "a\u{0}b",
        "right/Asia/Shanghai",
    ])
    func whatIsNoZoneIsRefused(name: String) {
        #expect(table(name) == nil)
    }

    @Test(arguments: [
        "CST-8", "<+0545>-5:45", "GMT0BST,M3.5.0/1,M10.5.0", "IST-1GMT0,M10.5.0,M3.5.0/1",
        "EST5EDT,J60/2:30,300/-1",
    ])
    func ruleIsRead(text: String) {
        #expect(PosixZone(text) != nil)
    }

    @Test(arguments: [
        "", "C-8", "CST", "CST-8x", "GMT0BST", "GMT0BST,M3.5.0/1", "GMT0BST,M13.5.0,M10.5.0",
        "GMT0BST,M0.5.0,M10.5.0", "<+05-5", "CST-999999999999999999999", "A0B,J0,J1",
    ])
    func whatIsNoRuleIsRefused(text: String) {
        #expect(PosixZone(text) == nil)
    }

    @Test(.enabled(if: isInstalled, "the time zone tables (tzdata) are not installed"))
    func damagedTableTrapsNothing() throws {
        let whole = try FileAccess.read(
            "\(TimeZoneFile.folder)/Europe/London", atMost: 1 << 20, trust: .anyone)
        #expect(TimeZoneFile.parse(whole) != nil)
        for length in stride(from: 0, to: whole.count - 40, by: 7) {
            #expect(TimeZoneFile.parse(Array(whole.prefix(length))) == nil)
        }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var bytes = whole
            for _ in 0..<4 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255)
            }
            _ = TimeZoneFile.parse(bytes)
        }
    }
}
