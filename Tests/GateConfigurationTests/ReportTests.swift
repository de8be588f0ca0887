import GateConfiguration
import Testing

/// Several problems at once, warnings, and what the configuration holds in the end.
@Suite struct ReportTests {
    @Test func everyErrorOfAllFilesIsToldInOneRunInTheirOrder() {
        var site = SampleSite()
        site.gatehouse.replace("clearance: 2s", with: "clearance: 0s")
        site.gatehouse.replace("language: zh", with: "langauge: zh")
        site.gatehouse.replace("safety: b-safety", with: "safety: a-safety")
        site.policy.replace("deny: blocked", with: "deny: bloked")
        site.vehicles.replace("沪A12345", with: "沪AI2345")
        let (config, report) = site.read()
        #expect(config == nil)
        #expect(
            report.errors.map(\.description) == [
                "gatehouse.yaml:1:52: error: site has no key 'langauge'; did you mean 'language'?",
                "gatehouse.yaml:28:26: error: 'clearance' is 0s, must be between 500ms and 10s; "
                    + "write a number and ms, s, m, h or d, e.g. 1500ms",
                "gatehouse.yaml:34:42: error: line 'a-safety' serves 'safety' of lane 'b' and "
                    + "'safety' of lane 'a'; the other is at gatehouse.yaml:27:41; "
                    + "each needs a line of its own",
                "policy.yaml:7:13: error: there is no group 'bloked'; did you mean 'blocked'?",
                "vehicles.csv:2:1: error: '沪AI2345' is no number plate; did you mean 沪A12345?",
            ])
    }

    @Test func brokenLineIsToldOnceAndNotAgainWhereItIsUsed() {
        var site = SampleSite()
        site.gatehouse.replace(
            "b-safety: { chip: board, line: 9, input: normally-closed }",
            with: "b-safety: { chip: bored, input: normally-close }")
        let errors = site.read().report.errors
        #expect(errors.count == 3 && Set(errors.map(\.place.line)) == [17], "\(errors)")
    }

    @Test func namesOfFilesThatCouldNotBeReadAreNotMissed() {
        var site = SampleSite()
        site.gatehouse = "a: 'b"
        #expect(site.read().report.errors.count == 1)
        site = SampleSite()
        site.policy = "a: 'b"
        #expect(site.read().report.errors.count == 1)
    }

    @Test(arguments: [
        ("fire: { input: fire }\n", "", "no fire input"),
        ("heartbeat: { output: dog }", "heartbeat: { none: bench trial }", "no watchdog relay"),
        (
            "line: 3, input: normally-closed",
            "line: 3, input: normally-open, accept_unsupervised: old loop", "unsupervised"
        ),
        (
            "line: 2, input: normally-open",
            "line: 2, input: normally-open, accept_unsupervised: x", "needs none"
        ),
        (", photocell: a-beam", "", "without a photocell"),
        ("gpiochip0, native: true", "gpiochip0", "expanders tell edges late"),
        (", up: a-up", "", "line 'a-up' is used by nothing"),
        ("camera: back\n", "camera: back\n    emergency: { exempt: leads to a wall }\n", "on fire"),
        (
            "outputs: { raise: a-raise, lower: a-lower }", "outputs: { raise: a-raise }",
            "never lowers"
        ),
        ("chips:\n", "chips:\n  spare: { simulated: true }\n", "simulated beside real"),
        ("lanes:\n", "control: { viewers: staff, operators: staff }\nlanes:\n", "may also open"),
    ])
    func doubtfulThingIsAWarning(old: String, new: String, says: String) throws {
        var site = SampleSite()
        site.gatehouse.replace(old, with: new)
        try #require(site != SampleSite())
        let (config, report) = site.read()
        #expect(report.errors == [] && config != nil)
        #expect(report.warnings.contains { $0.problem.contains(says) || $0.hint.contains(says) })
    }

    @Test func simulatedSiteNeedsNoHeartbeat() {
        var site = SampleSite()
        site.gatehouse.replace("path: /dev/gpiochip0, native: true", with: "simulated: true")
        site.gatehouse.replace("heartbeat: { output: dog }\n", with: "")
        let (config, report) = site.read()
        #expect(report.errors == [])
        #expect(config?.chips["board"] == Chip(backing: .simulated, isNative: false))
        #expect(config?.heartbeat == nil)
    }

    @Test func missingLineIsNotToldAgainAsAMissingPart() {
        var site = SampleSite()
        site.gatehouse.replace("lower: a-lower", with: "lower: a-lowr")
        site.gatehouse.replace("up: a-up", with: "up: a-upp")
        site.gatehouse.replace("photocell: a-beam", with: "photocell: a-bem")
        let report = site.read().report
        #expect(report.errors.count == 3)
        #expect(report.warnings.allSatisfy { $0.problem.contains("used by nothing") })
    }

    @Test func valuesOfTheSampleArrive() throws {
        var site = SampleSite()
        site.gatehouse.replace("scene: true", with: "replay: films/lane1")
        let config = try #require(site.read().config)
        #expect(config.cameras["back"]?.source == .replay(path: "site/films/lane1"))
        #expect(config.cameras["back"]?.rate == 15 && config.cameras["front"]?.rate == 25)
        #expect(config.cameras["front"]?.region.count == 3)
        #expect(config.lanes["a"]?.timing.clearance == .seconds(2))
        #expect(config.lanes["a"]?.timing.deadline == .seconds(1))
        #expect(config.outputs["b-raise"]?.address == .name("b-raise"))
        #expect(config.outputs["b-raise"]?.rest == .energised)
        #expect(config.inputs["a-safety"]?.clearAfter == .milliseconds(200))
        #expect(
            config.policy.schedules["day"]?.holidays == ["2026-10-01", "2026-10-02", "2026-10-03"])
        #expect(config.policy.rules.first?.lanes == ["a", "b"])
        #expect(config.policy.rules.last?.place == "policy.yaml:7:5")
        #expect(config.roster.vehicles.map(\.place) == ["vehicles.csv:2:1", "vehicles.csv:3:1"])
    }

    @Test func onePlateMayComeTwiceOnDifferentDays() {
        var site = SampleSite()
        site.vehicles += "沪C90A11,lorries,2026-03-01,2026-03-05,\n"
        site.vehicles += "沪C90A11,lorries,2026-05-01,2026-05-05,\n"
        #expect(site.read().config?.roster.vehicles.count == 4)
        site.vehicles += "沪C90A11,blocked,2026-05-05,,\n"
        #expect(site.read().report.errors.map(\.place.line) == [6])
    }

    @Test func sameRowTwiceIsAWarningOnly() {
        var site = SampleSite()
        site.vehicles += "沪A·12345,lorries,,,\n"
        let (config, report) = site.read()
        #expect(config?.roster.vehicles.count == 2)
        #expect(report.warnings.map(\.place.line) == [4])
    }
}
