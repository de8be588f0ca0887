import Foundation
import Testing

/// `gatectl camera aim` and `gatectl roster lint` as they are run.
@Suite(.enabled(if: Gatectl.isBuilt, "gatectl is not built: swift build -c release"))
struct SetupCommandTests {
    private static let scenes = "config/demo/scenes"

    @Test func aimReadsAPictureAndWritesItMeasured() throws {
        let site = try CheckCommandTests.Site()
        let file = site.folder + "/aim.jpg"
        let result = try Gatectl.run([
            "camera", "aim", "lane1", "--config", site.folder, "--picture",
            "\(Self.scenes)/V02-2.jpg", "--output", file, "--format", "tsv",
        ])
        let rows = result.output.split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        let row = Dictionary(
            zip(try #require(rows.first), try #require(rows.last)),
            uniquingKeysWith: { first, _ in first })
        #expect(row["lane"] == "lane1" && row["picture"] == file)
        // Not the false find beside it.
        #expect(row["text"] == "皖E64400")
        #expect(Double(row["width"] ?? "") ?? 0 > 40)
        #expect(try Data(contentsOf: URL(filePath: file)).starts(with: [0xFF, 0xD8]))
        #expect(result.status == (row["problems"] == "" ? 0 : 1))
    }

    @Test func aimOpensTheLanesOwnCamera() throws {
        let site = try CheckCommandTests.Site()
        let text = try String(contentsOfFile: "\(site.folder)/gatehouse.yaml", encoding: .utf8)
        let device = try #require(
            text.split(separator: "\n").first { $0.contains("device: /dev/v4l") }?
                .split(separator: "device: ").last?.split(separator: ",").first)
        let scenes = Gatectl.root.appending(path: Self.scenes).path
        try site.replace("device: \(device)", "replay: \(scenes)", in: "gatehouse.yaml")
        let result = try Gatectl.run([
            "camera", "aim", "lane1", "--config", site.folder, "--output",
            site.folder + "/aim.jpg",
        ])
        #expect(result.status < 2, "\(result.errors)")
        #expect(result.output.contains("lane1: "), "\(result.output)")
        #expect(FileManager.default.fileExists(atPath: site.folder + "/aim.jpg"))
    }

    @Test func aimSaysWhatItCannotDo() throws {
        let site = try CheckCommandTests.Site()
        let aim = { (more: [String]) in
            try Gatectl.run(
                ["camera", "aim", "--config", site.folder, "--output", site.folder + "/x.jpg"]
                    + more)
        }
        let lane = try aim(["lan1"])
        #expect(lane.status == 64 && lane.errors.contains("did you mean 'lane1'?"))
        // No such device here: the answer says so, and what to do if the eyes hold it.
        let device = try aim(["lane1"])
        #expect(device.status == 1 && device.errors.contains("--picture"), "\(device.errors)")
        let picture = try aim(["lane1", "--picture", "/nowhere/x.jpg"])
        #expect(picture.status == 1 && picture.errors.contains("/nowhere/x.jpg"))
    }

    @Test func aimNeverWritesOverThePictureThatItJudges() throws {
        let site = try CheckCommandTests.Site()
        let file = site.folder + "/gate.jpg"
        let scene = try Data(
            contentsOf: Gatectl.root.appending(path: "\(Self.scenes)/V02-2.jpg"))
        try scene.write(to: URL(filePath: file))
        let result = try Gatectl.run([
            "camera", "aim", "lane1", "--config", site.folder, "--picture", file, "--output",
            site.folder + "/roster/../gate.jpg",
        ])
        #expect(result.status == 64 && result.errors.contains("--output"), "\(result.errors)")
        #expect(try Data(contentsOf: URL(filePath: file)) == scene)
    }

    @Test func lintNamesTwinsAndExitsWithOne() throws {
        let site = try CheckCommandTests.Site()
        let clean = try Gatectl.run(["roster", "lint", site.folder])
        #expect(clean.status == 0, "\(clean.errors)")
        #expect(clean.output.contains("0 pairs too close"))
        try site.replace(
            "沪A12345,", "苏B10848,staff,,,\n苏B1084B,staff,,,\n苏B1D848,staff,,,\n沪A12345,",
            in: "roster/vehicles.csv")
        let result = try Gatectl.run(["roster", "lint", site.folder])
        #expect(result.status == 1 && result.errors == "")
        #expect(result.output.contains("苏B10848 and 苏B1084B: 8 and B at place 7 look alike"))
        #expect(result.output.contains("苏B10848 and 苏B1D848: 0 and D at place 4 look alike"))
        #expect(result.output.contains("2 pairs too close"))
        #expect(result.output.contains("plates can be taken for a listed one"))
        let tsv = try Gatectl.run(["roster", "lint", site.folder, "--format", "tsv"])
        #expect(
            tsv.output == "plate\tother\tplace\n苏B10848\t苏B1084B\t7\n苏B10848\t苏B1D848\t4\n")
        let json = try Gatectl.run(["roster", "lint", site.folder, "--format", "json"])
        #expect(json.output.split(separator: "\n").count == 3)
        #expect(json.output.contains("\"ambiguous_plates\":3"))
    }

    @Test func lintOfABrokenConfigurationExitsWith78() throws {
        let site = try CheckCommandTests.Site()
        try site.replace("沪A12345,", "沪AI2345,", in: "roster/vehicles.csv")
        let result = try Gatectl.run(["roster", "lint", site.folder])
        #expect(result.status == 78 && result.errors.contains("沪AI2345"))
    }
}
