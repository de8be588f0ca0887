import Foundation
import Imaging
import TestPictures
import Testing

/// `gatectl faces enrol --camera` beside a running gate, before a camera that plays drawn pictures.
@Suite(.enabled(if: EnrolmentSite.canRun, "no programs or no networks"), .timeLimit(.minutes(3)))
struct FacesEnrolCameraTests {
    static let twoPeople = [
        DrawnFace(x: 200, y: 230, reach: 70), DrawnFace(x: 450, y: 240, reach: 60),
    ]

    static func person(turn: Double = 0) -> [DrawnFace] {
        [DrawnFace(x: 320, y: 230, reach: 90, turn: turn)]
    }

    @Test func threeViewsOfOnePersonBeforeTheCameraEnrolThem() throws {
        let site = try EnrolmentSite()
        try site.show([[], Self.twoPeople, Self.person()])
        try site.show(unreadable: Self.person())
        try site.show([Self.person(turn: 0.2), Self.person(turn: -0.16)])
        let result = try site.enrol("E017")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.hasPrefix("E017: 3 templates under consent "))
        let rows = try site.templates(of: "E017")
        #expect(rows.count == 3 && rows.allSatisfy { Double($0[2]) ?? 0 >= 0.55 }, "\(rows)")
    }

    /// Nobody, two people, one view of the person, and a frame that is damaged, again and again.
    @Test func whenTimeRunsOutWhatIsMissingIsToldAndNobodyIsEnrolled() throws {
        let site = try EnrolmentSite()
        try site.show([[], Self.twoPeople, Self.person()])
        try site.show(unreadable: Self.person())
        let result = try site.enrol("E017", ["--seconds", "5"])
        #expect(result.status == 1 && result.output == "", "\(result.errors)")
        let told = result.errors.split(separator: "\n")
        for part in [
            "no face is seen", "several faces are seen", "turn your head", "cannot be read",
        ] {
            #expect(told.contains { $0.contains(part) }, "\(told)")
        }
        #expect(told.last?.contains("E017 is not enrolled: 1 of 3 pictures within 5 s") == true)
        #expect(try site.templates(of: "E017").isEmpty)
    }

    @Test func aCameraThatCannotBeOpenedIsToldWithoutAnOptionThatIsNotThere() throws {
        let site = try EnrolmentSite()
        let result = try site.enrol("E017")
        #expect(result.status == 1 && result.errors.contains("camera 'face'"), "\(result.errors)")
        #expect(result.errors.contains("no JPEG files") && !result.errors.contains("--picture"))
    }

    @Test func whoHasNotConsentedIsNotLookedAt() throws {
        let site = try EnrolmentSite()
        try site.show([Self.person()])
        let result = try site.enrol("E099")
        #expect(result.status != 0 && result.errors.contains("no consent of E099 stands"))
        #expect(!result.errors.contains("pictures are wanted"))
    }
}

/// A gate on simulated lines with one camera, and the consent of E017.
private final class EnrolmentSite {
    private static let daemon = Gatectl.program.deletingLastPathComponent()
        .appending(path: "gatehoused")
    static let canRun =
        Gatectl.isBuilt && FacesCommandTests.hasNetworks
        && FileManager.default.isExecutableFile(atPath: daemon.path)

    /// Short enough for a socket.
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "gh-\(UUID().uuidString.prefix(8))").path
    private let gate = Process()
    private var shownCount = 0
    private var config: String { "\(folder)/config" }
    private var templates: String { "\(folder)/faces" }

    init() throws {
        for part in ["config/roster", "frames", "faces"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(part)", withIntermediateDirectories: true)
        }
        try write("gatehouse.yaml", site)
        try write("policy.yaml", "groups: [staff]\nrules:\n  - { allow: staff }\n")
        try write("roster/vehicles.csv", "plate,group,valid_from,valid_until,note\n")
        try write(
            "roster/people.csv", "person,group,valid_from,valid_until,note\nE017,staff,,,\n")
        gate.executableURL = Self.daemon
        gate.arguments = ["--config", config]
        gate.standardOutput = FileHandle.nullDevice
        gate.standardError = FileHandle.nullDevice
        try gate.run()
        while try Gatectl.run(["status", "--config", config]).status != 0 {
            try #require(gate.isRunning, "gatehoused has ended")
            usleep(20_000)
        }
        let consent = try Gatectl.run(
            ["consent", "grant", "E017", "--text", "1", "--config", config])
        try #require(consent.status == 0, "\(consent.errors)")
    }

    deinit {
        if gate.isRunning { kill(gate.processIdentifier, SIGKILL) }
        gate.waitUntilExit()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func write(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(config)/\(name)", atomically: false, encoding: .utf8)
    }

    private var site: String {
        """
        site: { name: Enrolment test, time_zone: UTC, language: en }
        chips: { model: { simulated: true } }
        storage: { state: \(folder)/state, runtime: \(folder)/run }
        cameras:
          face: { replay: \(folder)/frames, size: 640x480, rate: 5 }
        lines:
          fire:     { chip: model, line: 0, input: normally-closed }
          leaf:     { chip: model, line: 1, input: normally-closed }
          watchdog: { chip: model, line: 100, output: relay, rest: de-energised, longest: 1s, fail: secured }
          strike:   { chip: model, line: 101, output: relay, rest: de-energised, longest: 5s, fail: secured }
        lanes:
          office: { kind: door, outputs: { strike: strike }, inputs: { contact: leaf }, escape: no }
        fire: { input: fire }
        heartbeat: { output: watchdog }

        """
    }

    /// Adds a frame for each group of people.
    func show(_ frames: [[DrawnFace]]) throws {
        for people in frames { try add(try JPEG.encode(DrawnFace.picture(people))) }
    }

    /// Adds a frame whose scan names a table that is not there: its header alone can be read.
    func show(unreadable people: [DrawnFace]) throws {
        var bytes = try JPEG.encode(DrawnFace.picture(people))
        let scan = try #require(
            bytes.indices.dropLast(7).first { bytes[$0...].starts(with: [0xFF, 0xDA]) })
        bytes[scan + 6] = 0x33
        try add(bytes)
    }

    private func add(_ bytes: [UInt8]) throws {
        shownCount += 1
        try Data(bytes).write(to: URL(filePath: "\(folder)/frames/\(shownCount).jpg"))
    }

    func enrol(_ person: String, _ others: [String] = []) throws -> Gatectl.Result {
        let words = ["faces", "enrol", person, "--camera", "face", "--faces", templates]
        return try Gatectl.run(words + ["--config", config] + others)
    }

    /// The rows of `faces show`; none of somebody who is not enrolled.
    func templates(of person: String) throws -> [[String]] {
        let result = try Gatectl.run(["faces", "show", person, "--faces", templates])
        return result.output.split(separator: "\n").dropFirst().map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }
}
