import Foundation
import GateTypes
import Testing

@testable import GateSimulation

/// The pictures that are committed with the demonstration.
private enum Demonstration {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("config/demo/scenes").path

    static func catalogue() throws -> SceneCatalogue { try SceneCatalogue(folder: folder) }
}

@Suite struct SceneCatalogueTests {
    @Test func everyPictureOfTheListIsThereAndEveryPictureIsListed() throws {
        let catalogue = try Demonstration.catalogue()
        let listed =
            catalogue.vehicles.flatMap(\.frames).map(\.file) + Array(catalogue.emptyFiles.values)
        let files = try FileManager.default.contentsOfDirectory(atPath: Demonstration.folder)
            .filter { $0.hasSuffix(".jpg") }
        #expect(listed.count == Set(listed).count)
        #expect(Set(listed) == Set(files))
    }

    @Test func allPicturesTogetherStayWithinTheirLimit() throws {
        let bytes = try FileManager.default.contentsOfDirectory(atPath: Demonstration.folder)
            .reduce(0) { sum, name in
                let path = Demonstration.folder + "/" + name
                let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
                return sum + (size ?? 0)
            }
        #expect(bytes <= 15_000_000)
    }

    @Test func everyTextIsAllowedByTheGrammarOfItsType() throws {
        for vehicle in try Demonstration.catalogue().vehicles {
            #expect(PlateGrammar.types(of: vehicle.text).contains(vehicle.type), "\(vehicle.name)")
        }
    }

    @Test func approachesBeginUnreadableAndEveryTypeComes() throws {
        let vehicles = try Demonstration.catalogue().vehicles
        for vehicle in vehicles {
            #expect(vehicle.frames.count == 4, "\(vehicle.name)")
            #expect(vehicle.frames.first?.isReadable == false, "\(vehicle.name)")
        }
        #expect(Set(vehicles.map(\.type)).union([.other]) == Set(PlateType.allCases))
        #expect(Set(vehicles.map(\.condition)).count == 5)
        #expect(vehicles.contains { !$0.isReadable })
        #expect(vehicles.contains { $0.isReadable && !$0.isReadableOnArrival })
    }

    @Test func cornersLieInThePictureAndTurnClockwise() throws {
        for frame in try Demonstration.catalogue().vehicles.flatMap(\.frames) {
            guard let corners = frame.corners else { continue }
            #expect(corners.corners.allSatisfy { (0..<1920).contains($0.x) }, "\(frame.file)")
            #expect(corners.corners.allSatisfy { (0..<1080).contains($0.y) }, "\(frame.file)")
            #expect(corners.topLeft.x < corners.topRight.x, "\(frame.file)")
            #expect(corners.topRight.y < corners.bottomRight.y, "\(frame.file)")
        }
    }

    @Test(arguments: [
        ("", "unknown header"), ("file\tvehicle\n", "unknown header"),
        (row(""), "10 cells"), (row("\t"), nil), (row("\tno", text: "苏A1234"), "no blue plate"),
        (row("\tno", type: "pink"), "unknown plate type 'pink'"),
        (row("\tno", file: "../x.jpg"), "is no picture of this folder"),
        (row("\tno", corners: "1,2;3"), "are no corners"),
    ])
    func badListsAreRefusedWithTheirPlace(text: String, problem: String?) {
        do throws(SceneError) {
            _ = try SceneCatalogue(text: text, path: "scenes.tsv")
            #expect(problem == nil)
        } catch {
            #expect(error.place.hasPrefix("scenes.tsv:"))
            #expect(error.problem.contains(problem ?? "no error expected"))
        }
    }

    private static func row(
        _ end: String, file: String = "a.jpg", text: String = "苏A12345", type: String = "blue",
        corners: String = ""
    ) -> String {
        let cells = [file, "V01", "0", "far", text, type, corners, "lane1", "day", "car"]
        return SceneCatalogue.header.joined(separator: "\t") + "\n"
            + cells.joined(separator: "\t") + end + "\n"
    }
}

@Suite struct SceneDistanceTests {
    private func state(_ vehicles: [(Int, Double)]) -> SceneState {
        var state = SceneState(start: Instant(nanoseconds: 0), time: Instant(nanoseconds: 1))
        state.lanes["lane1"] = .init(
            opening: 0,
            vehicles: vehicles.map { .init(vehicle: VehicleNumber($0.0), distance: $0.1) })
        return state
    }

    @Test(arguments: [
        (17.0, "V01-0.jpg"), (9.1, "V01-0.jpg"), (8.0, "V01-1.jpg"), (5.0, "V01-2.jpg"),
        (4.6, "V01-2.jpg"), (1.6, "V01-3.jpg"), (0.0, "V01-3.jpg"), (-1.0, "lane1.jpg"),
    ])
    func thePictureFitsTheDistance(distance: Double, file: String) throws {
        let catalogue = try Demonstration.catalogue()
        #expect(SceneDistance.file(of: "lane1", in: state([(1, distance)]), catalogue) == file)
    }

    @Test func whoeverIsNearestBeforeTheBoomIsShown() throws {
        let catalogue = try Demonstration.catalogue()
        let file = SceneDistance.file(
            of: "lane1", in: state([(1, -2), (102, 4.0), (3, 12)]), catalogue)
        #expect(file == "V02-2.jpg")
    }

    @Test func withoutASceneTheLaneIsEmpty() throws {
        let catalogue = try Demonstration.catalogue()
        #expect(SceneDistance.file(of: "lane1", in: nil, catalogue) == "lane1.jpg")
        #expect(SceneDistance.file(of: "lane9", in: nil, catalogue) == nil)
        #expect(SceneDistance.file(of: "lane1", in: state([(99, 3)]), catalogue) == "lane1.jpg")
    }

    @Test func theSceneCameraDeliversTheNewestFittingFrame() async throws {
        let path = FileManager.default.temporaryDirectory.path + "/scene-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try state([(1, 1.6)]).write(to: path)
        let (frames, arrivals) = AsyncStream.makeStream(of: Void.self)
        let camera = try SceneCamera(
            name: "lane1", folder: Demonstration.folder, scenePath: path, rate: 200,
            onFrame: { arrivals.yield() })
        try camera.start()
        defer { camera.stop() }
        for await _ in frames { break }
        let frame = try #require(camera.takeFrame())
        #expect(frame.picture.size.width == 1920 && frame.picture.size.height == 1080)
        let expected = FileManager.default.contents(atPath: Demonstration.folder + "/V01-3.jpg")
        #expect(frame.picture.bytes.withBytes { $0.count } == expected?.count)
        #expect(camera.picture(for: state([(2, 8)]))?.size == frame.picture.size)
    }

    @Test func aCameraOfAnUnknownLaneSaysWhatIsMissing() {
        #expect(throws: (any Error).self) {
            try SceneCamera(
                name: "lane9", folder: Demonstration.folder, scenePath: "/nowhere", rate: 25,
                onFrame: {})
        }
    }
}

@Suite struct DemoTrafficTests {
    @Test(arguments: [1, 7, 4242] as [UInt64])
    func thePlanFollowsFromItsSeed(seed: UInt64) throws {
        let catalogue = try Demonstration.catalogue()
        let plan = DemoTraffic.plan(seed: seed, catalogue, for: .seconds(52))
        #expect(plan == DemoTraffic.plan(seed: seed, catalogue, for: .seconds(52)))
        #expect(plan != DemoTraffic.plan(seed: seed + 1, catalogue, for: .seconds(52)))
        #expect((30...60).contains(plan.arrivals.count))
        let numbers = plan.arrivals.map(\.vehicle.number)
        #expect(numbers.count == Set(numbers).count)
        for arrival in plan.arrivals {
            #expect(catalogue.vehicle(arrival.vehicle.number)?.lane == arrival.lane)
        }
        #expect(try TrafficPlan(text: plan.text) == plan)
    }
}

@Suite struct SceneWitnessTests {
    @Test func theWitnessTellsWhoPassedAndWhoTurnedBack() {
        var witness = SceneWitness()
        func see(_ milliseconds: Int64, _ vehicles: [(Int, Double)]) {
            var state = SceneState(
                start: Instant(nanoseconds: 0),
                time: Instant(nanoseconds: milliseconds * 1_000_000))
            state.lanes["lane1"] = .init(
                opening: 0,
                vehicles: vehicles.map { .init(vehicle: VehicleNumber($0.0), distance: $0.1) })
            witness.see(state)
        }
        see(10, [(1, 12)])
        see(20, [(1, 4.5), (2, 11)])
        see(30, [(1, -0.5), (2, 4.6)])
        see(40, [(2, 6)])
        see(50, [])
        let sightings = witness.sightings
        #expect(sightings.map(\.vehicle.value) == [1, 2])
        #expect(sightings.map(\.hasPassed) == [true, false])
        #expect(sightings.map { $0.arrived?.nanoseconds } == [20_000_000, 30_000_000])
        #expect(sightings.map { $0.left?.nanoseconds } == [40_000_000, 50_000_000])
    }
}
