import GateConfiguration
import GateTypes
import Testing

/// `readers:` and lines of pulses: what is read, and what is told.
@Suite struct ReaderTests {
    static let gatehouse =
        PersonLaneTests.gatehouse
        .replacing(
            "lanes:\n  people:",
            with: """
                  r-d0: { chip: board, line: 20, input: pulses, bias: up }
                  r-d1: { chip: board, line: 21, input: pulses, active_low: true }
                  r-led: { chip: board, line: 22, output: relay, rest: de-energised, longest: 10s, fail: secured }
                  r-beep: { chip: board, line: 23, output: relay, rest: de-energised, longest: 2s, fail: secured }
                lanes:
                  people:
                """
        ) + """
            readers:
              bikes-outside:
                lane: bikes
                side: outside
                data0: r-d0
                data1: r-d1
                formats: [wiegand-26, keypad-4]
                badge: number
                facility: [117, 118]
                led: r-led
                beeper: r-beep
                wrong: { attempts: 4, within: 5m, pause: 90s }

            """

    @Test func everyPartIsRead() throws {
        let (read, report) = PersonLaneTests.read(Self.gatehouse)
        #expect(report.errors == [])
        let config = try #require(read)
        let reader = try #require(config.readers["bikes-outside"])
        #expect(reader.lane == "bikes" && reader.side == .outside)
        #expect(reader.led == "r-led" && reader.beeper == "r-beep")
        var wiegand = ReaderConfig.Wiegand(
            data0: "r-d0", data1: "r-d1", formats: [.wiegand26, .keypad4], numbering: .number)
        wiegand.facilities = [117, 118]
        #expect(reader.wiring == .wiegand(wiegand))
        #expect(reader.attempts.largest == 4 && reader.attempts.within == .seconds(300))
        #expect(reader.attempts.pause == .seconds(90))
        #expect(config.pulses["r-d0"]?.bias == .up && config.pulses["r-d1"]?.isActiveLow == true)
        #expect(config.inputs["r-d0"] == nil)
    }

    static let mistakes: [(String, String, String, String)] = [
        ("lane: bikes\n", "lane: bike\n", "lane: bike\n", "did you mean 'bikes'?"),
        ("side: outside", "side: outsde", "outsde", "did you mean 'outside'?"),
        ("side: outside", "side: gate", "side: gate", "side gate of a door"),
        ("lane: bikes\n    side: outside", "lane: people\n    side: front", "front", "outside"),
        ("data0: r-d0", "data0: a-loop", "data0: a-loop", "needs an input: pulses"),
        ("data0: r-d0", "data0: r-d1", "data1: r-d1", "serves"),
        ("    data1: r-d1\n", "", "lane: bikes", "no 'data1'"),
        ("presence: a-loop", "presence: r-d0", "presence: r-d0", "needs an input"),
        ("[wiegand-26, keypad-4]", "[wiegand-27]", "wiegand-27", "did you mean 'wiegand-26'?"),
        (
            "[wiegand-26, keypad-4]", "[wiegand-37, wiegand-37-facility]", "wiegand-37-facility",
            "nobody could tell them apart"
        ),
        ("    formats: [wiegand-26, keypad-4]\n", "", "lane: bikes", "no 'formats'"),
        ("    facility: [117, 118]\n", "", "badge: number", "cards of every other site"),
        ("    badge: number\n", "", "lane: bikes", "no 'badge'"),
        ("facility: [117, 118]", "facility: [70000]", "70000", "between 0 and 65535"),
        ("facility: [117, 118]", "facility: [1.5]", "1.5", "must be whole"),
        ("attempts: 4", "attempts: 1", "attempts: 1", "between 2 and 20"),
        ("pause: 90s", "pause: 90", "pause: 90", "no unit"),
        ("led: r-led", "lamp: r-led", "lamp", "no key 'lamp'"),
        ("led: r-led", "led: r-d0", "led: r-d0", "needs an output"),
        ("native: true", "native: false", "r-d0: {", "is not native"),
        ("input: pulses, bias: up", "input: pulse", "r-d0: {", "did you mean 'pulses'?"),
        ("input: pulses, bias: up", "input: pulses, clear_after: 1s", "r-d0: {", "every pulse"),
    ]

    @Test(arguments: mistakes)
    func mistakeIsToldAtItsPlace(old: String, new: String, at: String, says: String) throws {
        let text = Self.gatehouse.replacing(old, with: new, maxReplacements: 1)
        try #require(text != Self.gatehouse, "the text to replace is not in the sample")
        let (config, report) = PersonLaneTests.read(text)
        #expect(config == nil)
        let range = try #require(text.ranges(of: at).last)
        let line = text[..<range.lowerBound].count { $0 == "\n" } + 1
        let found = report.errors.filter { $0.description.contains(says) }
        #expect(!found.isEmpty, "told: \(report.errors)")
        #expect(found.contains { $0.place.line == line }, "\(line): \(found)")
    }

    @Test func aReaderAtABarrierIsRefused() {
        var site = SampleSite()
        site.gatehouse.replace(
            "lanes:\n",
            with: """
                  d0: { chip: board, line: 30, input: pulses }
                  d1: { chip: board, line: 31, input: pulses }
                lanes:

                """)
        site.gatehouse += """
            readers:
              r: { lane: a, side: outside, data0: d0, data1: d1, formats: [wiegand-37], badge: whole }

            """
        let report = site.read().report
        #expect(report.errors.contains { $0.problem.contains("badges open none") })
    }

    @Test func formatsThatMayCarryTheSameNumberAreWarnedOf() {
        let text = Self.gatehouse.replacing(
            "[wiegand-26, keypad-4]", with: "[wiegand-26, wiegand-34]")
        let report = PersonLaneTests.read(text).report
        #expect(report.errors == [])
        #expect(report.warnings.contains { $0.description.contains("2 formats") })
    }

    @Test(arguments: [
        ("code:4711", "code:4711"), ("code:0815", "code:0815"), ("code:471", nil),
        ("code:1234567890123", nil), ("code:47a1", nil), ("4711", "4711"), ("00815", "815"),
    ])
    func aCodeIsNoBadgeNumber(text: String, normalised: String?) {
        #expect(Roster.Badge.normalised(text) == normalised)
    }
}
