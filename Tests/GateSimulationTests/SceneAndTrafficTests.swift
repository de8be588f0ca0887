import Foundation
import GateConfiguration
import GateSimulation
import GateTypes
import Testing

@Suite struct SceneAndTrafficTests {
    @Test func sceneSurvivesTheWayThroughItsFile() throws {
        var scene = SceneState(
            start: Instant(nanoseconds: 5), time: Instant(nanoseconds: 9_000_000_007))
        scene.totals.passed = 3
        scene.lanes["lane1"] = .init(
            opening: 0.25,
            vehicles: [
                .init(vehicle: VehicleNumber(17), distance: 1.5),
                .init(vehicle: VehicleNumber(18), distance: -0.25),
            ])
        scene.lanes["lane2"] = .init(opening: 0, vehicles: [])
        scene.asked = ["face-in": .left, "face-out": .right]
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("scene-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent(SceneState.fileName).path
        try scene.write(to: path)
        #expect(SceneState.read(from: path) == scene)
        #expect(SceneState.read(from: path + "-none") == nil)
    }

    @Test(arguments: [
        "", "x", "gatehouse-scene-1 1 2", "gatehouse-scene-1 1 2 3 4 5 6 x\n",
        "gatehouse-scene-1 1 2 0 0 0 0 0\nlane1 5 6",
        "gatehouse-scene-1 1 2 0 0 0 0 0\nlane1 5 6 x",
        "gatehouse-scene-1 1 2 0 0 0 0 0\n? face-in", "gatehouse-scene-1 1 2 0 0 0 0 0\n? a up",
    ])
    func damagedSceneIsNoScene(text: String) {
        #expect(SceneState(text: text) == nil)
    }

    @Test func trafficSurvivesTheWayThroughItsText() throws {
        var high = VehiclePlan(VehicleNumber(2), .stall(.milliseconds(1500)), length: 12.5)
        high.isHigh = true
        let plan = TrafficPlan([
            .init(after: .seconds(3), lane: "lane1", vehicle: VehiclePlan(VehicleNumber(1))),
            .init(after: .seconds(4), lane: "lane2", vehicle: high),
            .init(
                after: .seconds(5), lane: "lane1", vehicle: VehiclePlan(VehicleNumber(3), .force)),
            .init(
                after: .seconds(6), lane: "lane1",
                vehicle: VehiclePlan(VehicleNumber(4), .turnBack, patience: .seconds(2))),
            .init(
                after: .seconds(7), lane: "lane1", vehicle: VehiclePlan(VehicleNumber(5), .tailgate)
            ),
        ])
        #expect(try TrafficPlan(text: plan.text) == plan)
    }

    @Test(arguments: [
        ("nothing\n", 1, "unknown header"),
        ("\(TrafficPlan.header)\n1,lane1,1,through,460,300\n", 2, "6 fields"),
        ("\(TrafficPlan.header)\n\n# note\n1,lane1,1,fly,460,300,1\n", 4, "behaviour 'fly'"),
        ("\(TrafficPlan.header)\n1,lane1,0,through,460,300,1\n", 2, "'0' in field 3"),
        ("\(TrafficPlan.header)\n1,lane1,1,stall:x,460,300,1\n", 2, "behaviour 'stall:x'"),
        ("\(TrafficPlan.header)\n-1,lane1,1,through,460,300,1\n", 2, "'-1' in field 1"),
    ])
    func badTrafficNamesItsLine(text: String, line: Int, problem: String) {
        #expect {
            try TrafficPlan(text: text)
        } throws: { error in
            guard let error = error as? TrafficError else { return false }
            return error.line == line && error.problem.contains(problem) && !error.hint.isEmpty
        }
    }

    @Test func worldOfAServiceReadsItsTrafficAndResumes() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("world-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var config = SimulatedLane.config()
        config.storage.runtimeDirectory = folder.path
        let plan = TrafficPlan([
            .init(after: .zero, lane: "lane1", vehicle: VehiclePlan(VehicleNumber(7)))
        ])
        try Data(plan.text.utf8).write(to: folder.appendingPathComponent("traffic.csv"))
        let start = Instant(nanoseconds: 1_000_000_000_000)
        let world = try SimulatedWorld.open(
            config: config, configDirectory: folder.path, at: start)
        world.advance(to: start + .seconds(8))
        let path = folder.appendingPathComponent(SceneState.fileName).path
        #expect(SceneState.read(from: path)?.lanes["lane1"]?.vehicles.first?.vehicle.value == 7)

        let next = try SimulatedWorld.open(
            config: config, configDirectory: folder.path, at: start + .seconds(20))
        #expect(next.start == start)
        let late = try SimulatedWorld.open(
            config: config, configDirectory: folder.path, at: start + .seconds(200))
        #expect(late.start == start + .seconds(200))

        try Data("at,lane\n".utf8).write(to: folder.appendingPathComponent("traffic.csv"))
        #expect(throws: TrafficFileError.self) {
            try SimulatedWorld.open(config: config, configDirectory: folder.path, at: start)
        }
    }
}
