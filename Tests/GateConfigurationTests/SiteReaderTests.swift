import GateConfiguration
import GateTypes
import Testing

/// Lockdown, desk, shared roads, feedback: what is read, and what is told.
@Suite struct SiteReaderTests {
    static func site() -> SampleSite {
        var site = SampleSite()
        site.gatehouse.replace(
            "lanes:\n",
            with: """
                  lock: { chip: board, line: 40, input: normally-open }
                  desk-1: { chip: board, line: 41, input: normally-open }
                  desk-2: { chip: board, line: 42, input: normally-closed }
                  a-button: { chip: board, line: 43, input: normally-open }
                  a-off: { chip: board, line: 44, input: normally-closed }
                  a-raise-on: { chip: board, line: 45, input: normally-open }
                lanes:

                """)
        site.gatehouse.replace(
            "line: 7, output: relay,", with: "line: 7, feedback: a-raise-on, output: relay,")
        site.gatehouse.replace(
            "up: a-up, down: a-down }",
            with:
                "up: a-up, down: a-down, detached: a-off, button: a-button }\n    interlock: bridge"
        )
        site.gatehouse.replace(
            "safety: b-safety }", with: "safety: b-safety }\n    interlock: bridge")
        site.gatehouse += """
            lockdown: { input: lock, except: [lorries] }
            desk:
              desk-1: { open: a }
              desk-2: { emergency: release }

            """
        return site
    }

    @Test func everyPartIsRead() throws {
        let (read, report) = Self.site().read()
        #expect(report.errors == [])
        let config = try #require(read)
        #expect(config.lockdown?.input == "lock" && config.lockdown?.except == ["lorries"])
        #expect(config.desk == ["desk-1": .open("a"), "desk-2": .emergencyRelease])
        #expect(config.lanes["a"]?.inputs.button == "a-button")
        #expect(config.lanes["a"]?.inputs.detached == "a-off")
        #expect(
            config.lanes["a"]?.interlock == "bridge" && config.lanes["b"]?.interlock == "bridge")
        #expect(config.outputs["a-raise"]?.feedback == "a-raise-on")
    }

    static let mistakes: [(String, String, String, String)] = [
        ("except: [lorries]", "except: [lorrys]", "lorrys", "did you mean 'lorries'?"),
        ("input: lock,", "input: desk-1,", "desk-1: { open", "serves"),
        ("input: lock,", "swich: lock,", "swich", "no key 'swich'"),
        ("desk-1: { open: a }", "desk-1: { open: c }", "desk-1: { open", "no lane 'c'"),
        ("desk-1: { open: a }", "desk-1: { open: a, close: a }", "desk-1: { open", "several"),
        ("desk-1: { open: a }", "desk-1: { emergency: now }", "now", "must be one of"),
        ("desk-1: { open: a }", "dsk-1: { open: a }", "dsk-1: {", "did you mean 'desk-1'?"),
        ("desk-1: { open: a }", "a-raise: { open: a }", "a-raise: { open", "needs an input"),
        (
            "line: 42, input: normally-closed", "line: 42, input: normally-open", "desk-2: { chip",
            "not normally-closed"
        ),
        (
            "b-safety }\n    interlock: bridge", "b-safety }", "interlock: bridge",
            "no other barrier"
        ),
        (
            "feedback: a-raise-on", "feedback: a-raise-of", "a-raise: {",
            "did you mean 'a-raise-on'?"
        ),
        ("feedback: a-raise-on", "feedback: a-lower", "a-raise: {", "needs an input"),
        ("longest: 1s, fail", "longest: 1s, feedback: a-raise-on, fail", "dog: {", "too fast"),
        ("button: a-button", "button: a-up", "button: a-up", "serves"),
    ]

    @Test(arguments: mistakes)
    func mistakeIsToldAtItsPlace(old: String, new: String, at: String, says: String) throws {
        var site = Self.site()
        try #require(site.gatehouse.contains(old))
        site.gatehouse.replace(old, with: new, maxReplacements: 1)
        let (config, report) = site.read()
        #expect(config == nil)
        let range = try #require(site.gatehouse.ranges(of: at).last)
        let line = site.gatehouse[..<range.lowerBound].count { $0 == "\n" } + 1
        let found = report.errors.filter { $0.description.contains(says) }
        #expect(!found.isEmpty, "told: \(report.errors)")
        #expect(found.contains { $0.place.line == line }, "\(line): \(found)")
    }
}
