import GateConfiguration
import GateTypes
import Testing

@testable import ServiceRuntime

/// Where a face alone opens by somebody's name, from the configuration to record and status.
@Suite struct FaceAcceptanceTests {
    private static func makeRig(_ faces: FaceLaneConfig) throws -> GateRig {
        let folder = try ScratchFolder()
        var config = GateConfig.site(in: folder)
        config.outputs["strike"] = OutputConfig(
            chip: "board", address: .name("strike"), rest: .deEnergised, longest: .seconds(5),
            failure: .released)
        config.inputs["leaf"] = InputConfig(
            chip: "board", address: .name("leaf"), contact: .normallyClosed)
        config.doors["office"] = DoorConfig(
            outputs: .init(strike: "strike"), inputs: .init(contact: "leaf"))
        config.cameras["face-in"] = CameraConfig(
            source: .scene, width: 640, height: 480, rate: 15, format: .mjpeg)
        config.faces["office"] = faces
        return try GateRig(folder: folder, config: config)
    }

    @Test(arguments: [true, false])
    func whoAcceptedAFaceAloneStandsInRecordAndStatus(isAccepted: Bool) throws {
        var faces = FaceLaneConfig()
        faces.entry = .init(camera: "face-in")
        if isAccepted {
            faces.use = .alone
            faces.alone = .init(acceptedBy: "E100", reason: "guard beside it")
        }
        let rig = try Self.makeRig(faces)
        let client = try TestClient(rig)
        let snapshot = try #require(try client.ask(ControlRequest(.status), rig).snapshot)
        let lane = try #require(snapshot.lanes.first { $0.name == "office" })
        #expect(lane.faceAlone == (isAccepted ? "E100: guard beside it" : nil))
        #expect(lane.judgesLiveness == (isAccepted ? false : nil))
        // A thread of its own writes the journal, in order: what stands there by then is all there is.
        rig.service.record(.service, ["event": "mark"])
        try rig.loop.run { rig.journal.entries.contains { $0.facts["event"] == "mark" } }
        let told = rig.journal.entries.filter { $0.facts["face_alone"] != nil }
        #expect(told.count == (isAccepted ? 1 : 0))
        #expect(told.allSatisfy { $0.kind == EntryKind.configuration.rawValue })
        #expect(told.allSatisfy { $0.lane == "office" })
        #expect(told.allSatisfy { $0.facts["face_alone"] == "guard beside it" })
        // Who it was is personal, and erasable.
        #expect(told.allSatisfy { $0.text(.person) == "E100" })
        #expect(told.allSatisfy { !$0.facts.values.contains("E100") })
    }
}
