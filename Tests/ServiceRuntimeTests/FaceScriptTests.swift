import AccessPolicy
import Dispatch
import Foundation
import GateSimulation
import GateTypes
import Testing
import VisionLink

@testable import ServiceRuntime

/// The demonstration's people: who stands where, under which consent.
@Suite struct FaceScriptTests {
    static let header = "camera\tstart_s\tseconds\tperson\tkind\n"

    static func script(_ rows: String...) throws -> FaceScript {
        try FaceScript(
            header
                + rows.map {
                    $0.split(separator: " ", omittingEmptySubsequences: false)
                        .joined(separator: "\t")
                }.joined(separator: "\n"))
    }

    @Test func eachKindShowsWhatTheEyesWouldFind() throws {
        let script = try Self.script(
            "a 1 2 E001 enrolled", "a 4 2  stranger", "a 7 2 E002 photograph", "a 10 2 E003 pair",
            "a 13 2 E004 withdrawn", "a 16 2 E005 masked")
        func at(_ second: Double) -> FaceFinding { script.finding("a", at: .seconds(second)) }
        #expect(at(0).face == nil && at(0).faceCount == 0)
        #expect(at(1.05).face?.hint == .stepCloser)
        #expect(at(2).face?.candidates.first?.person == "E001")
        #expect(at(2).galleryCount == 4 && at(2).face?.infrared == .passed)
        #expect(at(5).face?.candidates.contains { $0.falseMatchRate < 0.01 } == false)
        #expect(at(8).face?.infrared == .failed)
        #expect(at(11).faceCount == 2)
        #expect(at(14).face?.candidates.contains { $0.person == "E004" } == false)
        #expect(at(17).face?.hint == .uncoverTheFace && at(17).face?.candidates.isEmpty == true)
        #expect(at(2 + script.period).face?.candidates.first?.person == "E001")
        #expect(script.finding("b", at: .seconds(2)).face == nil)
    }

    /// What a challenge says of whoever the script has before camera a from a second on, at 15
    /// frames a second.
    private static func verdict(
        _ script: FaceScript, from milliseconds: Int, seed: UInt64
    ) -> LivenessVerdict {
        let begin = Instant(nanoseconds: 0)
        var challenge = HeadTurnChallenge(
            seed: seed, at: begin + .milliseconds(milliseconds), limit: .seconds(3))
        var asked: FaceScript.Asked?
        for frame in 0..<60 {
            let elapsed = Duration.milliseconds(milliseconds + 66 * frame)
            let turn = challenge.asked.flatMap { SceneState.Turn(rawValue: $0.rawValue) }
            if asked?.turn != turn { asked = turn.map { .init(turn: $0, since: elapsed) } }
            guard let face = script.finding("a", at: elapsed, asked: asked).face else { break }
            challenge.add(
                yaw: face.yaw, isThePerson: face.candidates.first?.person == "E001",
                at: begin + elapsed)
        }
        return challenge.verdict
    }

    @Test(arguments: [UInt64](1...8))
    func theLivingTurnAsTheyAreAskedAndAPhotographDoesNot(seed: UInt64) throws {
        let script = try Self.script("a 1 3 E001 enrolled", "a 6 4.2 E001 photograph")
        #expect(Self.verdict(script, from: 1_300, seed: seed) == .passed)
        #expect(Self.verdict(script, from: 6_300, seed: seed) == .failed)
    }

    @Test func whoStandsBeforeASimulatedCameraFollowsTheDisplay() throws {
        let folder = try ScratchFolder()
        var scene = SceneState(start: .now(), time: .now())
        scene.asked = ["a": .right, "b": .left]
        try scene.write(to: folder.file("scene"))
        let ready = DispatchSemaphore(value: 0)
        let order = CameraOrder(
            name: "a", source: .scene, widthPixels: 640, heightPixels: 480, rate: 50,
            format: "mjpeg")
        let feed = SimulatedFaceFeed(
            order, try Self.script("a 0 600 E001 enrolled"), scene: folder.file("scene"),
            FeedSink(ready: { ready.signal() }, health: { _ in }))
        defer { feed.stop() }
        var yaw = 0.0
        while yaw == 0, ready.wait(timeout: .now() + 60) == .success {
            yaw = (feed.takeFrame() as? SimulatedFaceFrame)?.finding.face?.yaw ?? 0
        }
        #expect(yaw < -0.2)
    }

    /// So many of the enrolled pass unrecognised as the card of the committed embedder says.
    @Test func theErrorRateIsThatOfTheCard() throws {
        let rows = (0..<50).map { "a\t\(3 * $0 + 1)\t2\tE001\tenrolled" }.joined(separator: "\n")
        let script = try FaceScript("# a word\n# not_recognised 0.3\n" + Self.header + rows)
        let known = (0..<50).count {
            let face = script.finding("a", at: .seconds(3 * $0 + 2)).face
            return (face?.candidates.first?.falseMatchRate ?? 1) < 0.001
        }
        #expect(known == 35)
        #expect(try Self.script("a 1 2 E001 enrolled").notRecognised == 0)
        #expect(throws: DemoError.self) { try FaceScript("# not_recognised x\n" + Self.header) }

        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let demo = try #require(
            try FaceScript.load(scenes: root.appending(path: "config/demo/scenes").path))
        let card = try String(
            contentsOf: root.appending(path: "models/face-embedder.md"), encoding: .utf8)
        let row = try #require(card.split(separator: "\n").first { $0.hasPrefix("| **this one**") })
        let percent = String(format: "/ %.1f /", demo.notRecognised * 100)
        // Else config/demo/scenes/faces.tsv is to be changed.
        #expect(row.contains(percent), "\(row) lacks \(percent)")
    }

    @Test func theirConsentsAreThoseOfTheRegister() throws {
        let script = try Self.script("a 1 2 E001 enrolled", "a 4 2 E002 withdrawn")
        let register = script.register
        let now = Moment(instant: .init(nanoseconds: 0), wall: WallTime(milliseconds: 1))
        #expect(register.standing(at: now).map(\.person) == ["E001"])
        #expect(register.uncleared.isEmpty && register.consents.count == 2)
        let told = script.finding("a", at: .seconds(2)).face?.candidates.first?.consent
        #expect(told == register.standing(of: "E001", at: now)?.identifier)
    }

    @Test(arguments: ["", "camera\n", header + "a\tb\t1\tE1\tenrolled", header + "a\t1\t1\tE1\tx"])
    func whatIsNoScriptIsTold(text: String) {
        #expect(throws: DemoError.self) { try FaceScript(text) }
    }
}
