import FoundationEssentials
import GateConfiguration

/// A configuration without an error, and what is worth a look in it.
package struct LoadedConfiguration: Sendable {
    package let config: GateConfig
    package let warnings: [ConfigWarning]
}

/// Everything that is wrong with a configuration directory, sorted by place.
package struct ConfigurationFailure: Error, Sendable, CustomStringConvertible {
    package let errors: [ConfigError]
    package let warnings: [ConfigWarning]

    /// One line an error.
    package var description: String { errors.map(\.description).joined(separator: "\n") }
}

/// Loads the files of a site: `gatehouse.yaml`, `policy.yaml`, `roster/vehicles.csv` and, where there
/// are turnstiles or doors, `roster/people.csv` and `roster/badges.csv`.
///
/// The daemon, `gatectl check` and the demonstration all come through here.
package enum ConfigurationDirectory {
    package static let standardPath = "/etc/gatehouse"
    package static let yamlSizeMaximum = 1 << 20
    package static let rosterSizeMaximum = 16 << 20

    /// Reads and validates everything in one run; blocks on the disk.
    ///
    /// - Parameters:
    ///   - trust: whose files are accepted; the daemon never departs from `.system`.
    ///   - networks: looks at the networks of faces; nil leaves them to the eyes.
    /// - Throws: `ConfigurationFailure` with every error in every file.
    package static func load(
        _ path: String, trust: FileTrust = .system,
        zones: TimeZoneSource = TimeZoneFile.source(), networks: FaceNetworkSource? = nil
    ) throws(ConfigurationFailure) -> LoadedConfiguration {
        let directory = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        var report = ConfigReport()
        if let problem = FileAccess.objectionToFolder(directory, trust: trust) {
            report.error(
                SourcePlace(file: directory, line: 1, column: 1),
                "the folder '\(directory)' \(problem.problem)", hint: problem.hint)
            throw ConfigurationFailure(errors: report.errors, warnings: [])
        }
        var sources = ConfigSources(
            gatehouse: nil, policy: nil, vehicles: nil, directory: directory)
        sources.gatehouse = readYAML("\(directory)/gatehouse.yaml", trust, &report)
        sources.policy = readYAML("\(directory)/policy.yaml", trust, &report)
        readRoster("\(directory)/roster", trust, &sources, &report)
        let (config, told) = ConfigReader.read(
            sources, zones: zones, networks: networks, report: report)
        guard let config else {
            throw ConfigurationFailure(errors: told.errors, warnings: told.warnings)
        }
        return LoadedConfiguration(config: config, warnings: told.warnings)
    }

    /// The nodes of one YAML file; nil, and told, when it cannot be read.
    package static func readYAML(
        _ path: String, _ trust: FileTrust, _ report: inout ConfigReport
    ) -> SourceNode? {
        guard let bytes = readBytes(path, atMost: yamlSizeMaximum, trust, &report) else {
            return nil
        }
        switch TextDecoding.utf8(bytes) {
        case .text(let text): return YAMLText.read(text, file: path, &report)
        case .invalid(let offset):
            tellEncoding(path, bytes, offset, "save the file as UTF-8", &report)
            return nil
        }
    }

    private static func readRoster(
        _ folder: String, _ trust: FileTrust, _ sources: inout ConfigSources,
        _ report: inout ConfigReport
    ) {
        let path = "\(folder)/vehicles.csv"
        if let problem = FileAccess.objectionToFolder(folder, trust: trust) {
            report.error(
                SourcePlace(file: path, line: 1, column: 1),
                "the folder '\(folder)' \(problem.problem)", hint: problem.hint)
            return
        }
        let known = ["vehicles.csv", "people.csv", "badges.csv"]
        let there = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in there where name.lowercased().hasSuffix(".csv") && !known.contains(name) {
            report.warn(
                SourcePlace(file: "\(folder)/\(name)", line: 1, column: 1), "the file is ignored",
                hint: "this version reads \(known.joined(separator: ", "))")
        }
        sources.vehicles = readTable(path, trust, &report)
        if there.contains("people.csv") {
            sources.people = readTable("\(folder)/people.csv", trust, &report)
        }
        if there.contains("badges.csv") {
            sources.badges = readTable("\(folder)/badges.csv", trust, &report)
        }
    }

    private static func readTable(
        _ path: String, _ trust: FileTrust, _ report: inout ConfigReport
    ) -> SourceTable? {
        guard let bytes = readBytes(path, atMost: rosterSizeMaximum, trust, &report) else {
            return nil
        }
        switch TextDecoding.utf8OrGB18030(bytes) {
        case .text(let text): return CSVText.read(text, file: path, &report)
        case .invalid(let offset):
            tellEncoding(path, bytes, offset, "save the file as UTF-8 or GB 18030", &report)
            return nil
        }
    }

    private static func readBytes(
        _ path: String, atMost limit: Int, _ trust: FileTrust, _ report: inout ConfigReport
    ) -> [UInt8]? {
        do {
            return try FileAccess.read(path, atMost: limit, trust: trust)
        } catch {
            report.error(
                SourcePlace(file: path, line: 1, column: 1), "the file \(error.problem)",
                hint: error.hint)
            return nil
        }
    }

    private static func tellEncoding(
        _ path: String, _ bytes: [UInt8], _ offset: Int, _ hint: String,
        _ report: inout ConfigReport
    ) {
        let (line, column) = TextDecoding.position(of: offset, in: bytes)
        report.error(
            SourcePlace(file: path, line: line, column: column),
            "the file holds bytes that are no text", hint: hint)
    }
}
