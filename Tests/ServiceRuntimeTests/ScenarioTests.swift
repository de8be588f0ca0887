import Foundation
import GateConfiguration
import GateEngine
import GateSimulation
import GateTypes
import ServiceRuntime
import Testing

/// Every scenario of the product, and the reference site's week.
@Suite struct ScenarioTests {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    static let folder = root + "/config/scenarios"
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
        .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()

    static func simulation(
        _ name: String, seed: UInt64, days: Int? = nil
    ) throws -> SiteSimulation {
        let file = try ScenarioFile.load("\(folder)/\(name).yaml", program: root)
        var scenario = file.scenario
        if let days { scenario.length = .seconds(days * 86_400) }
        return SiteSimulation(
            config: file.config, scenario: scenario, start: file.start, seed: seed)
    }

    private static func told(_ simulation: SiteSimulation) -> Comment {
        let report = simulation.report
        let unmet = report.expected.filter { !$0.isMet }.map { "\($0)" }
        let story = report.violations.first.map { simulation.story(of: $0) } ?? ""
        return Comment(
            rawValue: (report.violations.map(\.description) + unmet + [story])
                .joined(separator: "\n"))
    }

    @Test func thereAreADozenScenarios() {
        #expect(Self.names.count >= 13)
    }

    @Test(arguments: names, [1, 2, 3] as [UInt64])
    func everyScenarioKeepsEveryRuleAndMeetsItsExpectations(name: String, seed: UInt64) throws {
        var simulation = try Self.simulation(name, seed: seed)
        simulation.run()
        #expect(simulation.report.isGood, Self.told(simulation))
        #expect(simulation.report.checks > 500)
    }

    @Test func aWeekOfTheReferenceSiteKeepsEveryRule() throws {
        var simulation = try Self.simulation("reference", seed: 7, days: 7)
        simulation.run()
        let report = simulation.report
        #expect(report.violations.isEmpty, Self.told(simulation))
        #expect(report.passageCount > 7 * 1_300)
        #expect(report.outcomes["passed"] ?? 0 > 7 * 1_200)
        #expect(report.faults.count >= 8)
        #expect(report.judged > 100)
    }

    @Test func theSameSeedGivesTheSameRunAndAnotherSeedAnother() throws {
        func run(_ seed: UInt64) throws -> [EntryDraft] {
            var simulation = try Self.simulation("reference", seed: seed)
            var entries: [EntryDraft] = []
            simulation.onEntry = { entries.append($0) }
            simulation.run()
            return entries
        }
        let first = try run(4)
        #expect(try run(4) == first)
        #expect(try run(5) != first)
    }

    /// A class or a code that the engine writes and nobody could expect would be refused.
    @Test(arguments: [
        (#"incident\(\s*"([a-z_]+)"#, RecordWords.incidents),
        (#"(?:raiseAlarm\(\s*|let code = )"([a-z_]*[a-z])"#, RecordWords.alarms),
    ])
    func everyWordOfTheEngineCanBeExpected(pattern: String, words: [String]) throws {
        let expression = try Regex(pattern, as: (Substring, Substring).self)
        let folder = "\(Self.root)/Sources/GateEngine"
        let text = try FileManager.default.contentsOfDirectory(atPath: folder)
            .map { try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }.joined()
        let used = Set(text.matches(of: expression).map { String($0.output.1) })
        #expect(used.count > 5 && used.isSubset(of: words), "\(used.subtracting(words))")
    }

    @Test(arguments: [
        ("lenght: 5m\n", "the scenario has no key 'lenght'; did you mean 'length'?"),
        (
            "timeline:\n  - { at: 1s, lane: lane9, vehicle: lorry }\n",
            "the site has no barrier 'lane9'; did you mean 'lane1'?"
        ),
        (
            "timeline:\n  - { at: 1s, lane: lane1, vehicle: lory }\n",
            "must be one of car, van, lorry, trailer, motorcycle; did you mean 'lorry'?"
        ),
        (
            "timeline:\n  - { at: 20m, lane: lane1, vehicle: car }\n",
            "the act is at 20m, after the end at 10m; make length: longer, or let it happen sooner"
        ),
        (
            "timeline:\n  - { at: 1s, lane: lane1, vehicle: car, badge: denied }\n",
            "'badge' says nothing about a vehicle; remove it"
        ),
        (
            "timeline:\n  - { at: 1s, fault: dead, line: lane1-safty }\n",
            "the site has no line 'lane1-safty'; did you mean 'lane1-safety'?"
        ),
        ("timeline:\n  - { at: 1s, lane: lane1 }\n", "an act has one of vehicle, person, bicycle"),
        ("traffic: { by_hour: [1, 2] }\n", "'by_hour' has 2 weights, must have 24"),
        ("faults: { stuk: 2 }\n", "faults has no key 'stuk'; did you mean 'stuck'?"),
        ("expect: { passed: many }\n", "'passed' is 'many'; write a number"),
        (
            "expect: { tailgatet: none }\n",
            "nothing that can be expected is called 'tailgatet'; did you mean 'tailgated'?"
        ),
    ])
    func mistakesAreToldWithTheirPlace(text: String, message: String) throws {
        let path = NSTemporaryDirectory() + "scenario-\(UUID().uuidString).yaml"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let head = """
            name: Test
            site: \(Self.root)/config/reference-site
            start: 2026-03-02 06:00
            length: 10m

            """
        try (head + text).write(toFile: path, atomically: true, encoding: .utf8)
        let problems = #expect(throws: ScenarioProblems.self) {
            try ScenarioFile.load(path, program: Self.root)
        }
        let first = problems?.messages.first ?? ""
        #expect(first.hasPrefix("\(path):"))
        #expect(first.contains(": error: "))
        #expect(first.contains(message), "\(first)")
    }
}
