import ConfigurationFiles
import Foundation
import GateConfiguration
import GateTypes
import Testing

/// A configuration folder of its own for one test, removed with it.
final class TemporarySite {
    static let sample = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../config/reference-vehicle-gate").standardizedFileURL
    static let files = ["gatehouse.yaml", "policy.yaml", "roster/vehicles.csv"]

    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "gatehouse-site-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "roster"), withIntermediateDirectories: true)
        for file in Self.files {
            try write(Data(contentsOf: Self.sample.appending(path: file)), file)
        }
        for path in ["", "roster"] + Self.files {
            let mode = path.contains(".") ? 0o644 : 0o755
            try setMode(mode, path)
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func write(_ data: Data, _ file: String) throws {
        try data.write(to: folder.appending(path: file))
    }

    func text(_ file: String) throws -> String {
        try String(contentsOf: folder.appending(path: file), encoding: .utf8)
    }

    func replace(_ old: String, _ new: String, in file: String) throws {
        let text = try text(file)
        try #require(text.contains(old))
        try write(Data(text.replacingOccurrences(of: old, with: new).utf8), file)
    }

    func setMode(_ mode: Int, _ file: String) throws {
        try FileManager.default.setAttributes(
            [.posixPermissions: mode], ofItemAtPath: folder.appending(path: file).path)
    }

    /// Errors with their file names relative to the folder.
    func errors(trust: FileTrust = .anyone) -> [String] {
        do {
            _ = try ConfigurationDirectory.load(folder.path, trust: trust)
            return []
        } catch {
            return error.errors.map {
                $0.description.replacingOccurrences(of: "\(folder.path)/", with: "")
            }
        }
    }
}

@Suite struct DirectoryTests {
    @Test func peopleSampleLoadsWithoutErrorAndWarning() throws {
        let path = TemporarySite.sample.appending(path: "../reference-people-gate")
            .standardizedFileURL
        let loaded = try ConfigurationDirectory.load(path.path, trust: .anyone)
        #expect(loaded.warnings == [])
        let config = loaded.config
        #expect(config.laneNames == ["people", "bikes", "store", "vault"])
        #expect(config.turnstiles["people"]?.timing == TurnstileConfig.Timing())
        #expect(config.doors["bikes"]?.timing == DoorConfig.Timing())
        #expect(config.roster.people.count == 3 && config.roster.badges.count == 4)
    }

    @Test func referenceSampleLoadsWithoutErrorAndWarning() throws {
        let loaded = try ConfigurationDirectory.load(TemporarySite.sample.path, trust: .anyone)
        #expect(loaded.warnings == [])
        let config = loaded.config
        #expect(config.lanes.count == 5 && config.cameras.count == 5)
        #expect(config.lanes["lane1"]?.timing == BarrierConfig.Timing())
        #expect(config.lanes["lane1"]?.falseAcceptRate == 2e-4)
        #expect(config.site.language == .zh && config.site.timeZone.name == "Asia/Shanghai")
        #expect(config.heartbeat == "watchdog" && config.fire == "fire")
        #expect(config.cameras["lane1"]?.controls["focus_absolute"] == 30)
        #expect(config.outputs["lane1-raise"]?.address == .offset(1))
        let vehicles = config.roster.vehicles
        #expect(vehicles.map(\.plate).contains("苏E5D20挂"))
        #expect(vehicles.first?.note == "steel, coils")
        #expect(vehicles.first { $0.plate == "浙F8M219" }?.validFrom == "2026-03-01")
        #expect(vehicles.last?.note == "left without paying; \"see E004\"")
    }

    @Test func threeDuplicateKeysInTwoFilesAreToldInOneRun() throws {
        let site = try TemporarySite()
        try site.replace("  language: zh", "  name: Other\n  language: zh", in: "gatehouse.yaml")
        try site.replace(
            "fire: { input: fire }", "fire: { input: fire, input: fire }", in: "gatehouse.yaml")
        try site.replace(
            "- { deny: blocked }", "- { deny: blocked, deny: staff }", in: "policy.yaml")
        let errors = site.errors()
        #expect(errors.count == 3, "\(errors)")
        for (error, (file, key)) in zip(
            errors,
            [
                ("gatehouse.yaml:", "'name'"), ("gatehouse.yaml:", "'input'"),
                ("policy.yaml:", "'deny'"),
            ])
        {
            #expect(error.hasPrefix(file) && error.contains(key) && error.contains("twice"))
        }
    }

    @Test(arguments: TemporarySite.files)
    func missingFileIsToldWithTheOthersErrors(file: String) throws {
        let site = try TemporarySite()
        let other = file == "policy.yaml" ? "gatehouse.yaml" : "policy.yaml"
        try FileManager.default.removeItem(at: site.folder.appending(path: file))
        try site.write(Data("unknown: 1\n".utf8), other)
        let errors = site.errors()
        #expect(errors.contains { $0.hasPrefix("\(file):1:1: error:") && $0.contains("not there") })
        #expect(
            errors.contains { $0.hasPrefix("\(other):1:1: error:") && $0.contains("'unknown'") })
    }

    @Test func missingFolderIsOneClearError() {
        #expect(throws: ConfigurationFailure.self) {
            try ConfigurationDirectory.load("/nowhere/gatehouse", trust: .anyone)
        }
    }

    @Test func rosterOfAWindowsSpreadsheetIsRead() throws {
        let site = try TemporarySite()
        let text =
            "plate,group,note\r\n沪A12345,lorries,\"a, \"\"b\"\"\r\nc\"\r\n京AD54321,staff,\r\n"
        try site.write(Data([0xEF, 0xBB, 0xBF]) + Data(text.utf8), "roster/vehicles.csv")
        let vehicles = try ConfigurationDirectory.load(site.folder.path, trust: .anyone)
            .config.roster.vehicles
        #expect(vehicles.map(\.plate) == ["沪A12345", "京AD54321"])
        #expect(vehicles.first?.note == "a, \"b\"\r\nc")
    }

    @Test func rosterInGB18030IsRead() throws {
        let site = try TemporarySite()
        let row = [0xBB, 0xA6] + Array("A12345,lorries\r\n".utf8)
        try site.write(Data(Array("plate,group\r\n".utf8) + row), "roster/vehicles.csv")
        let loaded = try ConfigurationDirectory.load(site.folder.path, trust: .anyone)
        #expect(loaded.config.roster.vehicles.map(\.plate) == ["沪A12345"])
    }

    @Test(arguments: TemporarySite.files)
    func bytesThatAreNoTextAreToldWithTheirLine(file: String) throws {
        let site = try TemporarySite()
        try site.write(Data(Array("a\n".utf8) + [0xFF, 0xFF]), file)
        #expect(
            site.errors().contains { $0.hasPrefix("\(file):2:1: error:") && $0.contains("UTF-8") })
    }

    @Test func oversizedFileIsRefusedBeforeItIsRead() throws {
        let site = try TemporarySite()
        try site.write(Data(count: ConfigurationDirectory.yamlSizeMaximum + 1), "policy.yaml")
        #expect(
            site.errors().contains { $0.hasPrefix("policy.yaml:1:1:") && $0.contains("at most") })
    }

    @Test func pipeInAFilesPlaceStopsNothing() throws {
        let site = try TemporarySite()
        let path = site.folder.appending(path: "policy.yaml").path
        try FileManager.default.removeItem(atPath: path)
        try #require(mkfifo(path, 0o644) == 0)
        #expect(site.errors().contains { $0.contains("not a plain file") })
    }

    @Test func rosterFileThatIsNotReadIsAWarning() throws {
        let site = try TemporarySite()
        try site.write(Data("visitor,host\n".utf8), "roster/visitors.csv")
        let loaded = try ConfigurationDirectory.load(site.folder.path, trust: .anyone)
        #expect(loaded.warnings.map(\.problem) == ["the file is ignored"])
    }

    @Test func peopleAndBadgesAreReadWhereTheyAre() throws {
        let site = try TemporarySite()
        let group = try #require(
            try ConfigurationDirectory.load(site.folder.path, trust: .anyone).config.policy.groups
                .min())
        try site.write(Data("person,group\nE017,\(group)\n".utf8), "roster/people.csv")
        try site.write(Data("badge,person\n0042,E017\n".utf8), "roster/badges.csv")
        let loaded = try ConfigurationDirectory.load(site.folder.path, trust: .anyone)
        #expect(loaded.config.roster.people.map(\.person) == ["E017"])
        #expect(loaded.config.roster.badges.map(\.badge) == ["42"])
        try site.write(Data("badge,person\n42,E018\n".utf8), "roster/badges.csv")
        #expect(
            site.errors().contains {
                $0.hasPrefix("badges.csv:2:4:") || $0.contains("badges.csv:2:4:")
            })
    }

    @Test func fileThatEverybodyMayWriteIsRefused() throws {
        let site = try TemporarySite()
        #expect(site.errors(trust: .system) == [])
        try site.setMode(0o666, "policy.yaml")
        let errors = site.errors(trust: .system)
        #expect(errors.count == 1)
        #expect(errors.first?.contains("policy.yaml:1:1") == true)
        #expect(errors.first?.contains("everybody") == true)
    }

    @Test(
        arguments: [
            // owner, group, mode -> trusted by user 900 of group 901, editors 902.
            (0, 0, 0o644, true), (900, 901, 0o600, true), (0, 902, 0o664, true),
            (1000, 902, 0o664, true), (1000, 1000, 0o644, false), (0, 0, 0o646, false),
            (0, 1000, 0o664, false), (0, 1000, 0o644, true), (900, 901, 0o664, true),
            (0, 901, 0o664, false), (0, 901, 0o644, true), (900, 1000, 0o664, false),
        ] as [(UInt32, UInt32, UInt32, Bool)])
    func onlyFilesOfRootTheUserAndTheEditorsAreTrusted(
        owner: UInt32, group: UInt32, mode: UInt32, isTrusted: Bool
    ) {
        let trust = FileTrust.owners(user: 900, group: 901, editors: 902)
        #expect((trust.objection(owner: owner, group: group, mode: mode) == nil) == isTrusted)
        #expect(FileTrust.anyone.objection(owner: owner, group: group, mode: mode) == nil)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func noMutationOfTheSampleTraps(seed: UInt64) throws {
        var random = Seeded(state: seed)
        var sources: [String: [UInt8]] = [:]
        for file in TemporarySite.files {
            sources[file] = Array(try Data(contentsOf: TemporarySite.sample.appending(path: file)))
        }
        for _ in 0..<25 {
            var mutated = sources
            let file = TemporarySite.files[Int(random.next() % 3)]
            mutated[file] = random.mutate(mutated[file] ?? [])
            let (config, report) = Self.read(mutated)
            #expect((config == nil) == report.hasErrors)
        }
    }

    private static func read(_ files: [String: [UInt8]]) -> (
        config: GateConfig?, report: ConfigReport
    ) {
        var report = ConfigReport()
        var sources = ConfigSources(gatehouse: nil, policy: nil, vehicles: nil)
        for (file, bytes) in files {
            guard case .text(let text) = TextDecoding.utf8OrGB18030(bytes) else {
                report.error(SourcePlace(file: file, line: 1, column: 1), "no text", hint: "")
                continue
            }
            switch file {
            case "gatehouse.yaml": sources.gatehouse = YAMLText.read(text, file: file, &report)
            case "policy.yaml": sources.policy = YAMLText.read(text, file: file, &report)
            default: sources.vehicles = CSVText.read(text, file: file, &report)
            }
        }
        return ConfigReader.read(sources, zones: TimeZoneFile.source(), report: report)
    }
}

/// SplitMix64, so that a failure can be run again by its seed.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        let pieces = [
            "{", "}", "[", "]", ": ", ",", "\n", "- ", "&a ", "*a", "\"", "'", "#", "|", "? ",
            "<<: ",
            "0", "-1", "9999999999999999999999", "1e999", "nan", "ms", "\t", "lane1", "site:",
            "\r\n",
            "沪", "true", "~", "%",
        ]
        for _ in 0..<Int(1 + next() % 6) {
            guard !bytes.isEmpty else { break }
            let at = Int(next() % UInt64(bytes.count))
            let length = min(Int(next() % 24), bytes.count - at)
            switch next() % 5 {
            case 0: bytes.removeSubrange(at..<at + length)
            case 1:
                bytes.insert(contentsOf: pieces[Int(next() % UInt64(pieces.count))].utf8, at: at)
            case 2: bytes[at] = UInt8(truncatingIfNeeded: next())
            case 3:
                bytes.insert(
                    contentsOf: bytes[at..<at + length], at: Int(next() % UInt64(bytes.count)))
            default:
                bytes.replaceSubrange(
                    at..<at + length, with: Array(pieces[Int(next() % UInt64(pieces.count))].utf8))
            }
        }
        return bytes
    }
}
