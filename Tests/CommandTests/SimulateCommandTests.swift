import Foundation
import Testing

/// `gatectl simulate` as a trainer uses it.
@Suite(.enabled(if: Gatectl.isBuilt)) struct SimulateCommandTests {
    @Test func aScenarioPrintsItsJournalAndAReport() throws {
        let result = try Gatectl.run(["simulate", "tailgater"])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("tailgated"))
        #expect(result.output.contains("passages (as the gate recorded them)"))
        #expect(result.output.contains("violations: 0"))
        #expect(!result.output.contains("\u{1B}"))
    }

    @Test func machinesGetLinesOfJSON() throws {
        let result = try Gatectl.run(["simulate", "tailgater", "--format", "json"])
        let lines = result.output.split(separator: "\n")
        #expect(lines.count > 3)
        for line in lines {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            #expect(object is [String: Any])
        }
        #expect(lines.last?.contains("\"violations\":[]") == true)
    }

    @Test func anUnmetExpectationExitsWithOne() throws {
        let path = try Self.write("expect: { passed: 3 }\n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let result = try Gatectl.run(["simulate", path])
        #expect(result.status == 1)
        #expect(result.output.contains("passed: at least 3, came 0  NOT MET"))
    }

    @Test func errorsOfTheFileExitWith65AndTellTheirPlace() throws {
        let path = try Self.write("lenght: 1m\n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let result = try Gatectl.run(["simulate", path])
        #expect(result.status == 65)
        #expect(result.errors.contains("\(path):5:1: error: the scenario has no key 'lenght'"))
        #expect(result.output.isEmpty)
    }

    @Test func wrongUsageExitsWith64AndAnUnknownNameIsSuggestedAnother() throws {
        #expect(try Gatectl.run(["simulate", "tailgater", "--days", "0"]).status == 64)
        #expect(try Gatectl.run(["simulate", "tailgater", "--format", "xml"]).status == 64)
        let unknown = try Gatectl.run(["simulate", "tailgator"])
        #expect(unknown.status == 65)
        #expect(unknown.errors.contains("did you mean 'tailgater'?"))
    }

    @Test func withoutAnArgumentItListsTheScenarios() throws {
        let result = try Gatectl.run(["simulate"])
        #expect(result.status == 0)
        for name in ["reference", "lorry-convoy", "fire-at-shift-change"] {
            #expect(result.output.contains(name))
        }
    }

    /// A program of its own, far from every checkout, whether or not scenarios are installed.
    @Test(
        .disabled(
            if: FileManager.default.fileExists(atPath: "/usr/share/gatehouse/scenarios"),
            "scenarios are installed here"))
    func whereThereIsNoScenarioItIsToldWhereOneWasLookedFor() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "gatehouse-lonely-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let program = folder.appending(path: "gatectl")
        try FileManager.default.copyItem(at: Gatectl.program, to: program)
        let result = try Gatectl.run(["simulate"], program: program)
        #expect(result.status == 1 && result.output == "")
        #expect(result.errors.contains("\(folder.lastPathComponent)/config/scenarios"))
        #expect(result.errors.contains("/usr/share/gatehouse/scenarios"))
    }

    private static func write(_ text: String) throws -> String {
        let path = NSTemporaryDirectory() + "scenario-\(UUID().uuidString).yaml"
        let head = """
            name: Test
            site: \(Gatectl.root.path)/config/reference-site
            start: 2026-03-02 06:00
            length: 10m

            """
        try (head + text).write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
