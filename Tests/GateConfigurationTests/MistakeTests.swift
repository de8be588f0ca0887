import GateConfiguration
import Testing

/// One mistake, one error, at its place, with what would be right.
@Suite struct MistakeTests {
    static let siteAndDevices: [Mistake] = [
        Mistake("language: zh", "langauge: zh", at: "langauge", "did you mean 'language'?"),
        Mistake("language: zh", "language: de", at: "de }", "'de'", "zh, en"),
        Mistake("Asia/Shanghai", "Asia/Shangai", at: "Asia/Shangai", "'Asia/Shanghai'"),
        Mistake("name: Test site, ", "", at: "{ time", "no 'name'"),
        Mistake("name: Test site, ", "name: , ", at: ", time", "'name' is empty"),
        Mistake("path: /dev/gpiochip0, ", "", at: "{ native", "no 'path'", "simulated"),
        Mistake("native: true", "native: perhaps", at: "perhaps", "true, false"),
        Mistake("native: true", "simulated: true", at: "path: /dev/gpiochip0", "simulated"),
        Mistake(
            "chips:\n", "chips:\n  two: { path: /dev/gpiochip0 }\n", at: "/dev/gpiochip0, native",
            "again", "gatehouse.yaml:3:16"),
        Mistake("device: /dev/video0, ", "", at: "{ size: 1920", "no source"),
        Mistake("device: /dev/video0", "scene: yes, replay: films", at: "{ scene: yes", "several"),
        Mistake("/dev/video0", "video0", at: "video0", "/dev/"),
        Mistake("scene: true", "device: /dev/video0", at: "/dev/video0", "another camera"),
        Mistake("1920x1080", "1920*1080", at: "1920*", "1920x1080"),
        Mistake("1920x1080", "99999x1080", at: "99999", "7680x4320"),
        Mistake("rate: 15", "rate: 15Hz", at: "15Hz", "must be a number"),
        Mistake("rate: 15", "rate: 500", at: "500", "between 1 and 240"),
        Mistake("rate: 15", "format: h264", at: "h264", "mjpeg"),
        Mistake("rate: 15", "controls: { focus: near }", at: "near", "whole number"),
        Mistake("rate: 15", "controls: { 'a b': 1 }", at: "'a b'", "v4l2-ctl"),
        Mistake("[[0, 0], [1, 0], [1, 1]]", "[[0, 0], [1, 0]]", at: "[[", "between 3"),
        Mistake(
            "[[0, 0], [1, 0], [1, 1]]", "[[0, 0], [1, 0], [1, 2]]", at: "2]]", "between 0 and 1"),
        Mistake("[[0, 0], [1, 0], [1, 1]]", "[[0, 0], [1, 0], [1]]", at: "[1]", "two numbers"),
        Mistake(
            "[[0, 0], [1, 0], [1, 1]]", "[[0, 0], [1, 1], [1, 0], [0, 1]]", at: "[[",
            "crosses itself"),
        Mistake(
            "[[0, 0], [1, 0], [1, 1]]", "[[0, 0], [1, 0], [0.5, 0]]", at: "[[", "crosses itself"),
        Mistake("fire: { input: fire }\n", "fire: fire\n", at: "fire\nheart", "must be a mapping"),
    ]

    static let lines: [Mistake] = [
        Mistake(
            "line: 3,", "line: 4,", at: "4, input: normally-closed }", "'a-safety'", "same line"),
        Mistake("line: 3,", "line: 99999,", at: "99999", "between 0 and 4095"),
        Mistake("line: 3,", "line: -3,", at: "-3", "gpioinfo"),
        Mistake(
            "{ chip: board, line: 3", "{ chip: bored, line: 3", at: "bored", "did you mean 'board'?"
        ),
        Mistake("{ chip: board, line: 3", "{ line: 3", at: "{ line: 3", "no 'chip'"),
        Mistake("clear_after: 200ms", "clear_after: 200", at: "200 }", "no unit"),
        Mistake("clear_after: 200ms", "clear_after: 200msec", at: "200msec", "'msec' is no unit"),
        Mistake("clear_after: 200ms", "clear_after: soon", at: "soon", "must be a duration"),
        Mistake("clear_after: 200ms", "active_after: 50ms", at: "50ms", "between 1ms and 20ms"),
        Mistake("clear_after: 200ms", "rest: energised", at: "rest: energised }", "is an input"),
        Mistake(
            "input: normally-closed, clear_after: 200ms", "input: normaly-closed",
            at: "normaly-closed",
            "did you mean 'normally-closed'?"),
        Mistake(
            "input: normally-closed, clear_after: 200ms", "clear_after: 200ms", at: "a-safety: ",
            "no 'input' or 'output'"),
        Mistake(
            "input: normally-closed, clear_after: 200ms", "input: normally-open", at: "a-safety: ",
            "not normally-closed", "accept_unsupervised"),
        Mistake(
            "a-beam: { chip: board, line: 4, input: normally-closed",
            "a-beam: { chip: board, line: 4, input: normally-open", at: "a-beam: ",
            "not normally-closed"),
        Mistake(
            "line: 0, input: normally-closed", "line: 0, input: normally-open", at: "fire: { chip",
            "fire alarm", "not normally-closed"),
        Mistake(
            "line: 7, output: relay, rest: de-energised,", "line: 7, output: relay,",
            at: "{ chip: board, line: 7", "no 'rest'"),
        Mistake(
            "line: 8, output: relay, rest: de-energised, longest: 2s, fail: secured",
            "line: 8, output: relay, rest: de-energised, longest: 2s",
            at: "{ chip: board, line: 8", "no 'fail'"),
        Mistake(
            "line: 8, output: relay, rest: de-energised, longest: 2s,",
            "line: 8, output: relay, rest: de-energised,",
            at: "{ chip: board, line: 8", "no 'longest'"),
        Mistake(
            "line: 8, output: relay, rest: de-energised, longest: 2s,",
            "line: 8, output: relay, rest: de-energised, longest: 2m,",
            at: "a-lower: { chip", "at most 60s"),
        Mistake("line: 8, output: relay,", "line: 8, output: strike,", at: "strike", "'relay'"),
        Mistake("fail: released", "fail: open", at: "open }", "released, secured"),
        Mistake(
            "line: 1, output: relay, rest: de-energised", "line: 1, output: relay, rest: energised",
            at: "dog }", "rests energised"),
        Mistake("heartbeat: { output: dog }\n", "", at: "site: {", "no 'heartbeat'"),
        Mistake(
            "heartbeat: { output: dog }", "heartbeat: { output: dog, none: spare }", at: "none",
            "both"),
    ]

    static let lanes: [Mistake] = [
        Mistake(
            "safety: b-safety", "safety: a-safety", at: "a-safety }", "'safety' of lane 'b'",
            "'safety' of lane 'a'", "gatehouse.yaml:27:41"),
        Mistake(
            "raise: b-raise, lower: b-lower }", "raise: b-raise, lower: a-raise }", at: "a-raise }",
            "lane 'a'"),
        Mistake(
            "raise: a-raise, lower: a-lower", "raise: a-raise, lower: a-raise", at: "a-raise }",
            "'lower' of lane 'a'", "'raise' of lane 'a'"),
        Mistake(
            "raise: b-raise, lower: b-lower }", "raise: b-safety }", at: "b-safety }\n    inputs",
            "needs an output"
        ),
        Mistake(
            "raise: b-raise, lower: b-lower }", "raise: b-rise, lower: b-lower }", at: "b-rise,",
            "did you mean 'b-raise'?"),
        Mistake(
            "outputs: { raise: b-raise, lower: b-lower }", "outputs: { raise: b-raise }",
            at: "outputs: { raise: b-raise }",
            "both limit switches"),
        Mistake(
            "{ raise: b-raise, lower: b-lower }", "{ lamp: b-raise }", at: "{ lamp", "no 'raise'"),
        Mistake(
            "    inputs: { photocell: b-beam, safety: b-safety }\n", "", at: "kind: barrier",
            "no 'inputs'"),
        Mistake("camera: back", "camera: front", at: "front", "camera of another lane"),
        Mistake("camera: back", "camera: bak", at: "bak\n", "did you mean 'back'?"),
        Mistake(
            "camera: back\n", "on_storage_failure: refuse\n", at: "kind: barrier",
            "neither an approach loop nor a camera"),
        Mistake("direction: out", "direction: up", at: "up\n    camera", "in, out, both"),
        Mistake("    direction: out\n", "", at: "kind: barrier", "no 'direction'"),
        Mistake(
            "b:\n    kind: barrier", "b:\n    kind: turnstile", at: "direction: out",
            "no key 'direction'"),
        Mistake("b:\n    kind: barrier", "b:\n    kind: barier", at: "barier", "'barrier'"),
        Mistake(
            "clearance: 2s", "clearance: 0s", at: "0s, motor",
            "'clearance' is 0s, must be between 500ms and 10s"),
        Mistake("clearance: 2s", "clearence: 2s", at: "clearence", "did you mean 'clearance'?"),
        Mistake("clearance: 2s", "storage: 900ms, deadline: 800ms", at: "900ms", "not shorter"),
        Mistake(
            "camera: back", "camera: back\n    on_storage_failure: wait", at: "wait", "refuse, open"
        ),
        Mistake("camera: back", "camera: back\n    fallback: none", at: "none\n", "'guard'"),
        Mistake(
            "camera: back", "camera: back\n    emergency: { exempt: yes }", at: "yes }", "no reason"
        ),
        Mistake("camera: back", "camera: back\n    false_accept_rate: 5%", at: "5%", "between"),
    ]

    static let rest: [Mistake] = [
        Mistake(
            "fire: { input: fire }", "retention: { passages: 3 months }", at: "3 months",
            "no unit of time"),
        Mistake(
            "fire: { input: fire }", "storage: { state: here }", at: "here }", "begin with '/'"),
        Mistake("fire: { input: fire }", "<<: { input: fire }", at: "<<", "merge keys"),
        Mistake("fire: { input: fire }", "fire: &f { input: fire }", at: "&f", "anchors"),
        Mistake("fire: { input: fire }", "fire: !!map2 { input: fire }", at: "!!map2", "tags"),
        Mistake(
            "fire: { input: fire }", "fire: { input: fire", at: ": { output: dog }", "not YAML",
            "bracket"),
        Mistake("fire: { input: fire }", "\tfire: { input: fire }", at: "\tfire", "tabs"),
    ]

    static let policies: [Mistake] = [
        Mistake(
            "deny: blocked", "deny: bloked", at: "bloked", "did you mean 'blocked'?",
            file: "policy.yaml"),
        Mistake(
            "deny: blocked", "denys: blocked", at: "denys", "did you mean 'deny'?",
            file: "policy.yaml"),
        Mistake("during: day", "during: night", at: "night", "known: day", file: "policy.yaml"),
        Mistake("[a, b]", "[a, c]", at: "c], during", "no lane 'c'", file: "policy.yaml"),
        Mistake(
            "allow: lorries", "allow: lorries, deny: blocked", at: "{ allow", "both",
            file: "policy.yaml"),
        Mistake(
            "Mon-Fri 06:00-22:00", "Mon-Fry 06:00-22:00", at: "Mon-Fry", "no day",
            file: "policy.yaml"),
        Mistake(
            "Mon-Fri 06:00-22:00", "Mon-Fri 06:00-25:00", at: "Mon-Fri", "no span",
            file: "policy.yaml"),
        Mistake(
            "Mon-Fri 06:00-22:00", "Mon-Fri 06:00-06:00", at: "Mon-Fri", "no span",
            file: "policy.yaml"),
        Mistake("Mon-Fri 06:00-22:00", "Mon-Fri", at: "Mon-Fri", "no times", file: "policy.yaml"),
        Mistake(
            "2026-10-01..2026-10-03", "2026-02-30", at: "2026-02-30", "no day of the calendar",
            file: "policy.yaml"),
        Mistake(
            "2026-10-01..2026-10-03", "2026-10-03..2026-10-01", at: "2026-10-03", "ends before",
            file: "policy.yaml"),
        Mistake(
            "[lorries, blocked]", "[lorries, blocked, lorries]", at: "lorries]", "twice",
            file: "policy.yaml"),
    ]

    static let rosters: [Mistake] = [
        Mistake("沪A12345", "沪AI2345", at: "沪AI2345", "did you mean 沪A12345?", file: "vehicles.csv"),
        Mistake("沪A12345", "沪A1234O", at: "沪A1234O", "did you mean 沪A12340?", file: "vehicles.csv"),
        Mistake("沪A12345", "沪A１２３４５", at: "沪A１", "did you mean 沪A12345?", file: "vehicles.csv"),
        Mistake("沪A12345", "沪A1234", at: "沪A1234", "6 characters", file: "vehicles.csv"),
        Mistake("沪A12345", "沪A1234?", at: "沪A1234?", "no '?'", file: "vehicles.csv"),
        Mistake("沪A12345", "", at: ",lorries", "no plate", file: "vehicles.csv"),
        Mistake(
            "沪A12345,lorries", "沪A12345,lories", at: "lories", "did you mean 'lorries'?",
            file: "vehicles.csv"),
        Mistake(
            "沪A12345,lorries", "沪B67890,lorries", at: "沪B67890", "listed twice",
            "vehicles.csv:2:1", file: "vehicles.csv"),
        Mistake("2026-01-01", "2026-13-01", at: "2026-13-01", "no day", file: "vehicles.csv"),
        Mistake(
            "2026-01-01", "01.01.2026", at: "01.01.2026", "such as 2026-10-01", file: "vehicles.csv"
        ),
        Mistake(
            "2026-12-31", "2025-12-31", at: "2025-12-31", "before 'valid_from'",
            file: "vehicles.csv"),
        Mistake(
            "left without", "left, without", at: "沪B67890", "6 cells", "quotes",
            file: "vehicles.csv"),
        Mistake(
            "valid_until", "valid_untill", at: "valid_untill", "'valid_until'", file: "vehicles.csv"
        ),
        Mistake("plate,group", "group,group", at: "group,valid", "twice", file: "vehicles.csv"),
        Mistake(
            "left without", "\"left without", at: "\"left", "never closed", file: "vehicles.csv"),
        Mistake("left without", "le\"ft without", at: "le\"ft", "middle", file: "vehicles.csv"),
    ]

    @Test func sampleHasNoErrorAndNoWarning() {
        let (config, report) = SampleSite().read()
        #expect(report.errors == [] && report.warnings == [])
        #expect(config != nil)
    }

    @Test(arguments: [siteAndDevices, lines, lanes, rest, policies, rosters].flatMap { $0 })
    func mistakeIsToldAtItsPlace(mistake: Mistake) throws {
        let site = mistake.site
        try #require(mistake.site != SampleSite(), "the text to replace is not in the sample")
        let (config, report) = site.read()
        #expect(config == nil)
        let place = site.place(of: mistake.at, in: mistake.file)
        let found = report.errors.contains { error in
            (mistake.at.contains("\n") || error.place == place)
                && mistake.says.allSatisfy(error.description.contains)
        }
        #expect(found, "expected at \(String(describing: place)); told: \(report.errors)")
    }
}
