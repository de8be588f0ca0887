import GateConfiguration
import GateEngine
import GateSimulation
import GateTypes
import LineControl
import Testing

@Suite struct SimulatedWorldTests {
    private static let car = VehicleNumber(1)

    private func arrival(
        _ behaviour: Behaviour = .through, number: Int = 1, after: Duration = .zero,
        patience: Duration = .seconds(15)
    ) -> TrafficPlan.Arrival {
        TrafficPlan.Arrival(
            after: after, lane: SimulatedLane.name,
            vehicle: VehiclePlan(VehicleNumber(number), behaviour, patience: patience))
    }

    @Test func vehicleWaitsForTheBoomAndPassesLoopBeamAndSafetyInOrder() throws {
        let lane = SimulatedLane(traffic: [arrival()])
        #expect(lane.run(until: "loop", is: true, within: .seconds(20)))
        lane.run(.seconds(5))
        #expect(lane.changes == ["loop+"], "it stands before the closed boom")
        try lane.assert("raise", .seconds(3))
        lane.run(.seconds(20))
        #expect(
            lane.changes == [
                "loop+", "down-", "up+", "safety+", "beam+", "loop-", "beam-", "safety-",
            ])
        #expect(
            lane.events == [
                .arrived(Self.car, "lane1"), .entered(Self.car, "lane1"),
                .passed(Self.car, "lane1"),
            ])
    }

    @Test func heldBoomStopsWhenTheAssertionEnds() throws {
        let lane = SimulatedLane()
        try lane.assert("raise", .milliseconds(1250))
        lane.run(.seconds(5))
        #expect(lane.boom.motion == .still)
        #expect((0.4...0.6).contains(lane.boom.opening))
    }

    @Test func latchedBoomRunsToItsEndAndStopsOnCommand() throws {
        let lane = SimulatedLane(SimulatedLane.config(hasStop: true))
        try lane.assert("raise", .milliseconds(300))
        lane.run(.seconds(5))
        #expect(lane.boom.isUp)
        try lane.assert("lower", .milliseconds(300))
        lane.run(.milliseconds(1000))
        try lane.assert("stop", .milliseconds(300))
        lane.run(.seconds(2))
        #expect(lane.boom.motion == .still)
        #expect(!lane.boom.isUp && !lane.boom.isDown)
    }

    @Test func singlePulseControllerLowersTheBoomByItself() throws {
        let lane = SimulatedLane(SimulatedLane.config(hasLower: false))
        try lane.assert("raise", .milliseconds(300))
        lane.run(.seconds(4))
        #expect(lane.boom.isUp)
        lane.run(.seconds(10))
        #expect(lane.boom.isDown)
    }

    @Test func loweringOntoAVehicleIsNoticed() throws {
        let lane = SimulatedLane(traffic: [arrival(.stall(.seconds(60)))])
        #expect(lane.run(until: "loop", is: true, within: .seconds(20)))
        try lane.assert("raise", .seconds(3))
        #expect(lane.run(until: "beam", is: true, within: .seconds(20)))
        lane.run(.seconds(5))
        try lane.assert("lower", .seconds(3))
        lane.run(.seconds(5))
        #expect(lane.events.contains(.struck(Self.car, "lane1")))
    }

    @Test func refusedDriverTurnsBack() {
        let lane = SimulatedLane(traffic: [arrival(patience: .seconds(5))])
        lane.run(.seconds(40))
        #expect(lane.changes == ["loop+", "loop-"])
        #expect(lane.events.last == .turnedBack(Self.car, "lane1"))
    }

    @Test func tailgaterFollowsUnderTheOpenBoom() throws {
        let lane = SimulatedLane(traffic: [
            arrival(), arrival(.tailgate, number: 2, after: .seconds(2)),
        ])
        #expect(lane.run(until: "loop", is: true, within: .seconds(20)))
        lane.run(.seconds(6))
        try lane.assert("raise", .seconds(3))
        lane.run(.seconds(30))
        #expect(lane.events.filter { if case .passed = $0 { true } else { false } }.count == 2)
    }

    @Test func secondDriverWaitsForAnOpeningOfHisOwn() throws {
        let lane = SimulatedLane(traffic: [arrival(), arrival(number: 2, after: .seconds(2))])
        #expect(lane.run(until: "loop", is: true, within: .seconds(20)))
        try lane.assert("raise", .seconds(3))
        #expect(lane.run(until: "beam", is: true, within: .seconds(20)))
        #expect(lane.run(until: "safety", is: false, within: .seconds(20)))
        try lane.assert("lower", .seconds(3))
        lane.run(.seconds(10))
        #expect(lane.events.filter { $0 == .entered(VehicleNumber(2), "lane1") }.isEmpty)
        #expect(lane.bank.inputStates["loop"] == true)
    }

    @Test func forcedPassageIsNoticed() {
        let lane = SimulatedLane(traffic: [arrival(.force)])
        lane.run(.seconds(30))
        #expect(lane.events.contains(.forced(Self.car, "lane1")))
    }

    // MARK: Faults

    @Test func relayThatDoesNotAnswerMovesNothing() throws {
        let lane = SimulatedLane()
        lane.world.set(.relay(.noAnswer), of: "raise", at: lane.now)
        lane.run(.milliseconds(100))
        try lane.assert("raise", .seconds(3))
        lane.run(.seconds(5))
        #expect(lane.boom.isDown)
    }

    @Test func weldedRelayDrivesOnAfterTheAssertion() throws {
        let lane = SimulatedLane()
        lane.world.set(.relay(.welded), of: "raise", at: lane.now)
        lane.run(.milliseconds(100))
        try lane.assert("raise", .milliseconds(500))
        lane.run(.seconds(5))
        #expect(lane.boom.isUp)
    }

    @Test(arguments: [(LineFault.stuckActive, true), (.stuckClear, false)])
    func stuckInputHidesTheVehicle(fault: LineFault, shown: Bool) {
        let lane = SimulatedLane(traffic: [arrival()])
        lane.world.set(fault, of: "loop", at: lane.now)
        lane.run(.seconds(20))
        #expect(lane.bank.inputStates["loop"] == shown)
    }

    @Test func vanishedInputReadsActiveAndComesBack() {
        let lane = SimulatedLane()
        lane.world.set(.gone, of: "safety", at: lane.now + .seconds(1))
        lane.world.set(nil, of: "safety", at: lane.now + .seconds(20))
        lane.run(.seconds(10))
        #expect(lane.bank.inputStates["safety"] == true)
        lane.run(.seconds(60))
        #expect(lane.reports.last == .inputRecovered("safety", active: false))
    }

    @Test func flappingInputIsDeclaredFaultyInTheSimulationToo() {
        let lane = SimulatedLane()
        lane.world.set(.flapping, of: "beam", at: lane.now + .seconds(1))
        lane.run(.seconds(5))
        let isFaulty = lane.reports.contains {
            if case .inputFailed("beam", _) = $0 { true } else { false }
        }
        #expect(isFaulty)
        #expect(lane.bank.inputStates["beam"] == true)
    }

    @Test func lateInputComesLate() {
        let lane = SimulatedLane(traffic: [arrival()])
        lane.world.set(.late(.seconds(4)), of: "loop", at: lane.now)
        lane.run(.seconds(30))
        let seen = lane.reports.compactMap { report -> Instant? in
            if case .input("loop", true, let edge, _) = report { edge } else { nil }
        }
        let arrived = lane.world.events.first { $0.event == .arrived(Self.car, "lane1") }
        #expect(seen.first.flatMap { at in arrived.map { at - $0.instant >= .seconds(3) } } == true)
    }

    @Test func brokenFireWireReadsAsAlarm() {
        let lane = SimulatedLane()
        lane.world.set("fire", active: true, at: lane.now + .seconds(1))
        lane.run(.seconds(2))
        #expect(lane.changes == ["fire+"])
    }

    @Test func endedHeartbeatTakesThePowerFromTheMotor() throws {
        let lane = SimulatedLane(SimulatedLane.config(hasHeartbeat: true))
        try lane.assert("heartbeat", .milliseconds(100))
        lane.run(.milliseconds(50))
        try lane.bank.rest("heartbeat", at: lane.now)
        try lane.assert("raise", .seconds(8))
        lane.run(.seconds(5))
        #expect(lane.boom.motion == .still)
        #expect(lane.boom.opening < 0.4)
    }

    // MARK: Determinism

    @Test(arguments: [1, 2, 3] as [UInt64])
    func sameSeedGivesTheSameDayHoweverOftenItIsPolled(seed: UInt64) throws {
        func day(pollEvery pause: Duration) throws -> ([String], [WorldEvent]) {
            let traffic = TrafficPlan.random(
                seed: seed, lanes: [SimulatedLane.name], perHour: 180, for: .seconds(200))
            let lane = SimulatedLane(traffic: traffic.arrivals, seed: seed)
            for _ in 0..<Int(200_000 / pause.milliseconds) { lane.run(pause) }
            return (lane.changes, lane.events)
        }
        let often = try day(pollEvery: .milliseconds(20))
        let seldom = try day(pollEvery: .milliseconds(5000))
        #expect(often.1 == seldom.1)
        #expect(often.0 == seldom.0)
        #expect(!often.1.isEmpty)
    }

    @Test func whoIsAskedToTurnSeesItAtOnceAndNobodyElseDoes() {
        var config = SimulatedLane.config()
        for (name, asks) in [("one", true), ("two", false)] {
            var faces = FaceLaneConfig()
            faces.entry = .init(camera: CameraName("in-\(name)"))
            faces.entry?.asksChallenge = asks
            faces.exit = .init(camera: CameraName("out-\(name)"))
            config.faces[LaneName(name)] = faces
        }
        let world = SimulatedWorld(config: config, start: Instant(nanoseconds: 0))
        var shown: [[CameraName: SceneState.Turn]] = []
        world.onScene = { shown.append($0.asked) }
        world.told("two", .turnLeft)
        let notices: [Notice] = [.turnLeft, .turnRight, .welcome, .ready]
        for notice in notices { world.told("one", notice) }
        #expect(shown == [["in-one": .left], ["in-one": .right], [:]])
    }

    @Test func resumedWorldLeavesOutWhoCameBefore() {
        let start = Instant(nanoseconds: 0)
        let config = SimulatedLane.config()
        let world = SimulatedWorld(
            config: config,
            traffic: TrafficPlan([arrival(), arrival(number: 2, after: .seconds(100))]),
            start: start, resume: start + .seconds(50))
        world.advance(to: start + .seconds(140))
        #expect(world.events.first?.event == .arrived(VehicleNumber(2), "lane1"))
        #expect(world.scene.start == start)
    }
}
