import ConfigurationFiles
import Foundation
import GateConfiguration
import GateSimulation
import GateTypes

/// Everything that is wrong with a scenario, one line a problem, each with its place.
package struct ScenarioProblems: Error, CustomStringConvertible {
    package let messages: [String]
    package var description: String { messages.joined(separator: "\n") }
}

/// A scenario with its site, ready to run.
package struct ScenarioFile: Sendable {
    package let path: String
    package let scenario: Scenario
    package let config: GateConfig
    package let start: WallTime

    /// Scenarios beside or above the program, or installed.
    private static let installed = "/usr/share/gatehouse/scenarios"

    /// Reads a file, or a name under `config/scenarios`.
    ///
    /// - Parameter program: the running program's path, from which the folder is looked for.
    /// - Throws: `ScenarioProblems` with every error of the file and of its site.
    package static func load(
        _ name: String, program: String
    ) throws(ScenarioProblems) -> ScenarioFile {
        let path = try find(name, program: program)
        var report = ConfigReport()
        guard let root = ConfigurationDirectory.readYAML(path, .anyone, &report) else {
            throw problems(report)
        }
        let (scenario, told) = ScenarioReader.read(root, report: report)
        guard let scenario else { throw problems(told) }
        return try complete(scenario, path: path)
    }

    private static func complete(
        _ scenario: Scenario, path: String
    ) throws(ScenarioProblems) -> ScenarioFile {
        var report = ConfigReport()
        let folder = (path as NSString).deletingLastPathComponent
        let site =
            scenario.site.hasPrefix("/")
            ? scenario.site : (folder.isEmpty ? "." : folder) + "/" + scenario.site
        let config: GateConfig
        do {
            config = try ConfigurationDirectory.load(
                (site as NSString).standardizingPath, trust: .anyone
            ).config
        } catch {
            report.error(
                scenario.sitePlace, "the site '\(scenario.site)' has errors",
                hint: "gatectl check tells all of them")
            throw ScenarioProblems(
                messages: problems(report).messages + error.errors.prefix(10).map(\.description))
        }
        var start = WallTime(milliseconds: 0)
        switch MomentText.parse(scenario.startText, in: config.site.timeZone) {
        case .success(let wall): start = wall
        case .failure(let problem):
            report.error(
                scenario.startPlace,
                "'start' is '\(scenario.startText.shortened)', \(problem.text)",
                hint: "write a local date and time, e.g. 2026-03-02 06:00")
        }
        scenario.check(against: config, &report)
        guard !report.hasErrors else { throw problems(report) }
        return ScenarioFile(path: path, scenario: scenario, config: config, start: start)
    }

    private static func problems(_ report: ConfigReport) -> ScenarioProblems {
        ScenarioProblems(messages: report.errors.map(\.description))
    }

    // MARK: Where

    /// Folders that may hold scenarios, the nearest first.
    package static func folders(_ program: String) -> [String] {
        var places: [String] = []
        var above = (program as NSString).deletingLastPathComponent
        while above.count > 1 {
            places.append(above + "/config/scenarios")
            above = (above as NSString).deletingLastPathComponent
        }
        return places + [installed]
    }

    /// Scenarios of the nearest folder that has any, by name.
    package static func names(program: String) -> [String] {
        for folder in folders(program) {
            let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            let names = files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
            if !names.isEmpty { return names.sorted() }
        }
        return []
    }

    private static func find(
        _ name: String, program: String
    ) throws(ScenarioProblems) -> String {
        let files = FileManager.default
        if name.contains("/") || name.hasSuffix(".yaml") || name.hasSuffix(".yml") { return name }
        for folder in folders(program) {
            let path = "\(folder)/\(name).yaml"
            if files.isReadableFile(atPath: path) { return path }
        }
        if files.isReadableFile(atPath: name) { return name }
        throw ScenarioProblems(
            messages: [
                "\(name.shortened):1:1: error: there is no such scenario; "
                    + Suggestion.hint(
                        for: name, among: names(program: program), none: "name a file")
            ])
    }
}
