import FaceMatching
import FaceStorage
import Foundation
import GateTypes
import Testing

/// `gatectl faces` as a user runs it.
@Suite(.enabled(if: Gatectl.isBuilt, "gatectl is not built: swift build -c release"))
struct FacesCommandTests {
    static let hasNetworks = ["face-detector.ghn", "face-embedder.ghn"].allSatisfy {
        FileManager.default.fileExists(atPath: Gatectl.root.appending(path: "models/\($0)").path)
    }

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "gatehouse-faces-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    static let model = FaceModel(name: "test", identifier: String(repeating: "a", count: 64))

    static let enrolled = WallTime(milliseconds: 1_790_000_000_000)

    /// A folder in which E001 and the others are enrolled, with three templates each.
    private func withStore(
        people: Int, model: FaceModel = model, dimension: Int = 32, _ body: (String) throws -> Void
    ) throws {
        try withFolder { folder in
            let store = try #require(try FaceStore.open(folder, making: true))
            for number in 1...people {
                let templates = try (0..<3).map { photo in
                    let values = (0..<dimension).map {
                        Float(sin(1.37 * Double($0 * number) + 0.05 * Double(photo)))
                    }
                    return FaceStore.NewTemplate(
                        embedding: try #require(FaceEmbedding(normalising: values)), quality: 0.9)
                }
                try store.enrol(
                    templates,
                    as: TemplateBinding(
                        person: String(format: "E%03d", number), model: model,
                        consent: "C\(number)-7"),
                    twinNote: number == 1 ? "twins" : nil,
                    at: Self.enrolled, consent: { .stands })
            }
            store.close()
            try body(folder)
        }
    }

    private static func rows(_ output: String) -> [[String]] {
        output.split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }

    @Test func withoutNetworksTheFileThatIsMissingIsNamed() throws {
        try withFolder { folder in
            let result = try Gatectl.run(["faces", "read", "--models", folder, "README.md"])
            #expect(result.status != 0)
            #expect(result.errors.contains("face-detector.ghn"))
            #expect(result.errors.contains("--models or GATEHOUSE_MODELS"))
        }
    }

    @Test func whereNobodyIsEnrolledTheFolderIsNamed() throws {
        try withFolder { folder in
            let result = try Gatectl.run(["faces", "show", "E017", "--faces", folder])
            #expect(result.status != 0)
            #expect(result.errors.contains(folder) && result.errors.contains("--faces"))
        }
    }

    @Test func consentsAndAuditsNeedARunningGate() throws {
        try withStore(people: 1) { folder in
            for words in [
                ["consent", "grant", "E017", "--text", "1"], ["consent", "withdraw", "E017"],
                ["consent", "show"], ["faces", "audit", "--faces", folder],
                ["faces", "enrol", "E017", "x.jpg"],
            ] {
                let result = try Gatectl.run(words + ["--socket", "\(folder)/none.sock"])
                #expect(result.status != 0, "\(words)")
                #expect(result.errors.contains("no gate answers there"), "\(result.errors)")
            }
        }
    }

    @Test(arguments: ["soon", "2027-02-30", "90d"])
    func anEndThatIsNoTimeIsRefusedBeforeTheGateIsAsked(until: String) throws {
        let words = ["consent", "grant", "E017", "--text", "1", "--until", until]
        let result = try Gatectl.run(words + ["--socket", "/nonexistent/none.sock"])
        #expect(result.status == 64 && result.errors.contains("--until is '\(until)'"))
    }

    @Test func anAuditOfAFolderThatIsNotThereProvesNothing() throws {
        let result = try Gatectl.run(["faces", "audit", "--faces", "/nowhere/faces"])
        #expect(result.status == 1 && result.output == "")
        #expect(result.errors.contains("there is no folder '/nowhere/faces'; name it with --faces"))
    }

    @Test func anAuditOfAFolderWithoutADatabaseProvesNothing() throws {
        try withFolder { folder in
            let result = try Gatectl.run(["faces", "audit", "--faces", folder])
            #expect(result.status == 1 && result.output == "")
            #expect(result.errors.contains("no database of templates (faces.db) in '\(folder)'"))
        }
    }

    @Test(arguments: ["", " \t"])
    func aTwinIsAcceptedWithAReasonOnly(note: String) throws {
        let words = ["faces", "enrol", "E017", "x.jpg", "--twin", note]
        let result = try Gatectl.run(words + ["--socket", "/nonexistent/none.sock"])
        #expect(result.status == 64 && result.errors.contains("--twin takes a note"))
    }

    // MARK: What is stored

    @Test func showTellsEachTemplateAndNothingOfTheFace() throws {
        try withStore(people: 2) { folder in
            let result = try Gatectl.run(["faces", "show", "E001", "--faces", folder])
            #expect(result.status == 0 && result.errors == "")
            let rows = Self.rows(result.output)
            #expect(rows.count == 4 && rows.allSatisfy { $0.count == 7 })
            #expect(
                rows[1] == [
                    "1", "2026-09-21T14:13:20Z", "0.90", "C1-7", "test", Self.model.identifier,
                    "twins",
                ])
        }
    }

    @Test func removingDestroysOnePersonsTemplatesAndNobodyElses() throws {
        try withStore(people: 2) { folder in
            let result = try Gatectl.run(["faces", "remove", "E001", "--faces", folder])
            #expect(result.status == 0 && result.errors == "")
            #expect(result.output == "E001: 3 templates destroyed\n")
            let again = try Gatectl.run(["faces", "remove", "E001", "--faces", folder])
            #expect(again.status != 0 && again.errors.contains("E001 is not enrolled"))
            #expect(try Gatectl.run(["faces", "show", "E002", "--faces", folder]).status == 0)
        }
    }

    @Test func whoIsRemovedHasNoPartInTheCalibrationAnyMore() throws {
        try withStore(people: 16) { folder in
            let store = try #require(try FaceStore.open(folder))
            let site = try #require(
                SiteCalibration.measure(
                    try store.templates(of: Self.model), model: Self.model, at: Self.enrolled))
            store.close()
            try site.save(in: folder)
            let result = try Gatectl.run(["faces", "remove", "E001", "--faces", folder])
            #expect(result.status == 0 && result.output.contains("anew on 15 people"))
            let left = try #require(SiteCalibration.load(folder, for: Self.model))
            #expect(left.peopleCount == 15 && left.templates.count == 45)
            let last = try Gatectl.run(["faces", "remove", "E002", "--faces", folder])
            #expect(last.status == 0 && last.errors.contains("calibration is removed"))
            #expect(SiteCalibration.load(folder, for: Self.model) == nil)
        }
    }

    @Test(.enabled(if: hasNetworks, "no face networks in models/"))
    func listTellsWhoIsDueAfterAnotherEmbedder() throws {
        try withStore(people: 2) { folder in
            let result = try Gatectl.run(["faces", "list", "--faces", folder])
            #expect(result.status == 0 && result.errors == "")
            let rows = Self.rows(result.output)
            #expect(rows.map(\.first) == ["person", "E001", "E002"])
            #expect(
                rows[1] == [
                    "E001", "3", "0.90", "2026-09-21T14:13:20Z", "C1-7", "test",
                    "another embedder", "twins",
                ])
        }
    }

    @Test(.enabled(if: hasNetworks, "no face networks in models/"))
    func calibratingWritesATableUnlessItOnlyTells() throws {
        let path = Gatectl.root.appending(path: "models/face-embedder.ghn").path
        let embedder = try FaceEmbedder(path: path)
        let (model, dimension) = (embedder.model, embedder.dimension)
        try withStore(people: 16, model: model, dimension: dimension) { folder in
            let words = ["faces", "calibrate", "--faces", folder, "--model", path]
            let dry = try Gatectl.run(words + ["--dry-run"])
            #expect(dry.status == 0 && dry.output.hasPrefix("similarity\tfalse_match_rate\n"))
            #expect(dry.output.contains("16 people, 120 pairs of people"))
            #expect(SiteCalibration.load(folder, for: model) == nil)
            #expect(try Gatectl.run(words).output == dry.output)
            #expect(SiteCalibration.load(folder, for: model)?.peopleCount == 16)
        }
        try withStore(people: 14, model: model, dimension: dimension) { folder in
            let few = try Gatectl.run(["faces", "calibrate", "--faces", folder, "--model", path])
            #expect(few.status != 0 && few.errors.contains("14 people enrolled"))
        }
    }

    // MARK: Pictures

    @Test(.enabled(if: hasNetworks, "no face networks in models/"))
    func picturesWithoutAFaceHaveOneEmptyRowAndBadFilesAreTold() throws {
        try withFolder { folder in
            try Data("no picture\n".utf8).write(to: URL(filePath: "\(folder)/bad.jpg"))
            let scene = Gatectl.root.appending(path: "config/demo/scenes/V02-2.jpg").path
            try FileManager.default.copyItem(atPath: scene, toPath: "\(folder)/gate.jpg")
            let result = try Gatectl.run(["faces", "read", "--annotate", "\(folder)/out", folder])
            #expect(result.status == 1 && result.errors.contains("bad.jpg"))
            let rows = result.output.split(separator: "\n").map {
                $0.split(separator: "\t", omittingEmptySubsequences: false)
            }
            #expect(
                rows.first?.joined(separator: " ")
                    == "file x y width height quality live embedding ms")
            #expect(rows.allSatisfy { $0.count == 9 })
            #expect(rows.dropFirst().contains { $0[0].hasSuffix("gate.jpg") })
            #expect(!rows.contains { $0[0].hasSuffix("bad.jpg") })
        }
    }
}
