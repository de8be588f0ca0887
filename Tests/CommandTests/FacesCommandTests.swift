import Foundation
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
        try withFolder { folder in
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
