import Foundation
import Testing

/// `gatectl plates read` on good and bad files.
@Suite(.enabled(if: Gatectl.isBuilt, "gatectl is not built: swift build -c release"))
struct PlatesCommandTests {
    private static let scene = "config/demo/scenes/V02-2.jpg"

    /// Writes files into a folder that is removed afterwards.
    private func withFolder(
        _ files: [String: Data], _ body: (String) throws -> Void
    ) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "gatehouse-plates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, data) in files { try data.write(to: folder.appending(path: name)) }
        try body(folder.path)
    }

    /// A picture whose header claims 10,000 x 10,000 pixels.
    private func huge(_ jpeg: Data) -> Data {
        var bytes = [UInt8](jpeg)
        var at = 2
        while at + 9 < bytes.count, bytes[at] == 0xFF {
            if bytes[at + 1] == 0xC0 || bytes[at + 1] == 0xC2 {
                bytes.replaceSubrange(at + 5..<at + 9, with: [0x27, 0x10, 0x27, 0x10])
                break
            }
            at += 2 + Int(bytes[at + 2]) << 8 + Int(bytes[at + 3])
        }
        return Data(bytes)
    }

    @Test func badFilesAreToldAndTheOthersAreRead() throws {
        let good = try Data(contentsOf: Gatectl.root.appending(path: Self.scene))
        let files = [
            "a-empty.jpg": Data(), "b-header.jpg": good.prefix(200),
            "c-torn.jpg": good.prefix(70_000),
            "d-huge.jpg": huge(good), "e-text.jpg": Data("not a picture\n".utf8),
            "f-good.jpg": good,
        ]
        try withFolder(files) { folder in
            let result = try Gatectl.run(["plates", "read", folder])
            #expect(result.status == 1)
            let told = result.errors.split(separator: "\n")
            for bad in ["a-empty", "b-header", "d-huge", "e-text"] {
                #expect(told.contains { $0.contains("\(bad).jpg") }, "\(bad): \(result.errors)")
            }
            #expect(!result.errors.contains("f-good.jpg"))
            #expect(result.errors.contains("c-torn.jpg: torn ("), "\(result.errors)")
            let rows = result.output.split(separator: "\n").map {
                $0.split(separator: "\t", omittingEmptySubsequences: false)
            }
            #expect(rows.contains { $0[0].hasSuffix("f-good.jpg") && $0[1] == "皖E64400" })
            // Torn in the middle: what is left is read, with or without a plate.
            #expect(rows.contains { $0[0].hasSuffix("c-torn.jpg") })
        }
    }

    @Test func goodFilesEndWithZeroAndJSONHasARowAPlate() throws {
        let result = try Gatectl.run(["plates", "read", "--format", "json", Self.scene])
        #expect(result.status == 0 && result.errors == "")
        let row =
            try JSONSerialization.jsonObject(
                with: Data(result.output.split(separator: "\n")[0].utf8)) as? [String: Any]
        #expect(row?["text"] as? String == "皖E64400")
    }

    @Test func annotatedPicturesAreWrittenBesideNothingElse() throws {
        try withFolder([:]) { folder in
            let result = try Gatectl.run(["plates", "read", "--annotate", folder, Self.scene])
            #expect(result.status == 0)
            let written = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(written.count == 1 && written[0].contains("V02-2"))
        }
    }

    @Test func annotatedPicturesNeverGoOverThePicturesThatWereRead() throws {
        let good = try Data(contentsOf: Gatectl.root.appending(path: Self.scene))
        try withFolder(["gate.jpg": good]) { folder in
            let url = URL(filePath: folder)
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/link.jpg", withDestinationPath: "\(folder)/gate.jpg")
            for file in ["gate.jpg", "./gate.jpg", "link.jpg"] {
                let result = try Gatectl.run(
                    ["plates", "read", "--annotate", ".", file], in: url)
                #expect(result.status == 1, "\(file)")
                #expect(
                    result.errors.contains(file) && result.errors.contains("with --annotate"),
                    "\(result.errors)")
                #expect(try Data(contentsOf: url.appending(path: "gate.jpg")) == good)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
        }
    }

    @Test func twoPicturesOfOneNameAreBothAnnotated() throws {
        let scene = Gatectl.root.appending(path: Self.scene)
        try withFolder([:]) { folder in
            var files: [String] = []
            for lane in ["lane1", "lane2"] {
                let day = "\(folder)/\(lane)/monday"
                try FileManager.default.createDirectory(
                    atPath: day, withIntermediateDirectories: true)
                files.append("\(day)/1.jpg")
                try FileManager.default.copyItem(atPath: scene.path, toPath: "\(day)/1.jpg")
            }
            let result = try Gatectl.run(["plates", "read", "--annotate", "\(folder)/out"] + files)
            #expect(result.status == 0, "\(result.errors)")
            let written = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/out")
            #expect(written.sorted() == ["monday-1-2.jpg", "monday-1.jpg"])
        }
    }

    @Test func aLinkToAFolderIsWalkedAndAnEmptyFolderIsTold() throws {
        try withFolder([:]) { folder in
            try FileManager.default.createDirectory(
                atPath: "\(folder)/there/below", withIntermediateDirectories: true)
            let link = "\(folder)/link"
            try FileManager.default.createSymbolicLink(
                atPath: link, withDestinationPath: "\(folder)/there")
            let empty = try Gatectl.run(["plates", "read", link])
            #expect(empty.status == 0 && empty.output.split(separator: "\n").count == 1)
            #expect(empty.errors.contains("\(link): there is no picture in this folder"))
            try FileManager.default.copyItem(
                at: Gatectl.root.appending(path: Self.scene),
                to: URL(filePath: "\(folder)/there/below/gate.JPG"))
            let full = try Gatectl.run(["plates", "read", link])
            #expect(full.status == 0 && full.errors == "")
            #expect(full.output.contains("\(link)/below/gate.JPG\t皖E64400"))
        }
    }

    @Test(.disabled(if: geteuid() == 0, "root may read every folder"))
    func aFolderThatMayNotBeReadIsToldAndEndsWithOne() throws {
        try withFolder([:]) { folder in
            let locked = "\(folder)/locked"
            try FileManager.default.createDirectory(
                atPath: locked, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0])
            let result = try Gatectl.run(["plates", "read", folder])
            #expect(result.status == 1)
            #expect(result.errors.contains("\(locked)/: the folder cannot be read"))
        }
    }

    /// What `plates decide` says: cells by column, a dictionary a row.
    private func decisions(_ arguments: String...) throws -> [[String: String]] {
        let result = try Gatectl.run(
            ["plates", "decide", "--config", "config/demo", "--lane", "lane1"] + arguments)
        #expect(result.status == 0 && result.errors == "")
        let rows = result.output.split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        return rows.dropFirst().map {
            Dictionary(zip(rows[0], $0), uniquingKeysWith: { first, _ in first })
        }
    }

    @Test func whoWouldBeLetInIsToldWithTheReason() throws {
        let stranger = "config/demo/scenes/V05-2.jpg"
        let told = try decisions(Self.scene, stranger)
        #expect(told.map { $0["outcome"] } == ["admitted", "refused"])
        #expect(told.map { $0["plate"] } == ["皖E64400", "苏K99B4学"])
        #expect(told.map { $0["reasons"] } == ["", "unlisted"])
        #expect(told.first?["group"] == "lorries")
    }

    @Test func theFramesOfAFolderAreOneVehicle() throws {
        let scenes = ["V02-1.jpg", "V02-2.jpg", "V02-3.jpg"]
        let frames = try scenes.map {
            ($0, try Data(contentsOf: Gatectl.root.appending(path: "config/demo/scenes/\($0)")))
        }
        try withFolder(Dictionary(uniqueKeysWithValues: frames)) { folder in
            let told = try decisions("--sequences", folder)
            #expect(told.count == 1)
            #expect(told.first?["text"] == "皖E64400" && told.first?["outcome"] == "admitted")
            #expect((Int(told.first?["frames"] ?? "") ?? 0) >= 2)
        }
    }

    @Test func missingFilesAndModelsAreNamed() throws {
        let file = try Gatectl.run(["plates", "read", "/nowhere/x.jpg"])
        #expect(file.status == 1 && file.errors.contains("/nowhere/x.jpg"))
        let models = try Gatectl.run(["plates", "read", "--models", "/nowhere", Self.scene])
        #expect(models.status != 0 && models.errors.contains("/nowhere"))
        #expect(models.errors.contains("--models or GATEHOUSE_MODELS"))
    }
}
