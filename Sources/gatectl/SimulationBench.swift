import Foundation
import GateSimulation
import GateTypes
import ServiceRuntime

/// The reference site in virtual time: what an event costs the engine, and how long a year takes.
enum SimulationBench {
    private static let seed: UInt64 = 1
    private static let timedDays = 3

    /// - Parameter days: how long the long run is.
    /// - Returns: its report, and false when a rule was broken.
    static func run(program: String, days: Int) throws -> (lines: [String], isGood: Bool) {
        let file = try ScenarioFile.load("reference", program: program)
        func simulation(_ days: Int) -> SiteSimulation {
            var scenario = file.scenario
            scenario.length = .seconds(days * 86_400)
            return SiteSimulation(
                config: file.config, scenario: scenario, start: file.start, seed: seed)
        }
        var timed = simulation(timedDays)
        timed.isTimed = true
        timed.run()
        var stage = StageTimes("engine: event to actions, reference site")
        stage.milliseconds = timed.spans.map { Double($0) / 1e6 }
        var long = simulation(days)
        let begun = ContinuousClock.now
        long.run()
        let seconds = (ContinuousClock.now - begun).milliseconds / 1000
        let isGood = timed.report.violations.isEmpty && long.report.violations.isEmpty
        return (
            [stage.description]
                + long.report.lines { file.config.lanes[$0] != nil ? "barrier" : "people" }
                + ["\(days) days of the reference site took \(String(format: "%.1f", seconds)) s"],
            isGood
        )
    }
}
