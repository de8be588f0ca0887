import GateEngine
import GateTypes
import Testing

/// Vehicles that go through while no opening is under way.
@Suite struct UnaskedPassageTests {
    @Test func aVehicleThroughTheClosedBoomIsForced() {
        var bench = GateBench()
        bench.driveThrough()
        #expect(bench.actions.incidents("forced") == 1)
        #expect(bench.actions.records(.passage).first?.facts["outcome"] == "forced")
    }

    /// A refused vehicle is under the closed boom, and a listed one stands behind it.
    private static func forcing(clears: Bool) -> GateBench {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see("苏E00007")
        bench.input("lane1-safety", true)
        bench.input("lane1-photocell", true)
        bench.wait(.seconds(1))
        bench.see(Site.listed[0])
        bench.input("lane1-photocell", false)
        bench.see(Site.listed[0])
        #expect(bench.actions.stores.isEmpty)
        if clears {
            bench.input("lane1-approach", false)
            bench.input("lane1-approach", true)
        }
        bench.input("lane1-safety", false)
        for _ in 0..<2 {
            bench.wait(.milliseconds(100))
            bench.see(Site.listed[0])
        }
        return bench
    }

    @Test(arguments: [true, false])
    func thePlateBehindOneWhoForcesTheBoomLetsNobodyInBeforeThatOneIsThrough(clears: Bool) {
        let bench = Self.forcing(clears: clears)
        #expect(bench.actions.incidents("forced") == 1)
        let passage = bench.actions.records(.passage).first
        #expect(passage?.facts["outcome"] == "forced")
        #expect(passage?.personal[.plate] == "苏E00007")
        #expect(bench.actions.stores.first?.personal[.plate] == Site.listed[0])
    }

    @Test func whoWasRefusedAndDrivesUnderABoomLeftUpIsOnRecord() {
        var bench = GateBench()
        bench.command(.emergencyRelease)
        bench.rise()
        bench.command(.emergencyReset)
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see("苏E00007")
        bench.driveThrough()
        #expect(bench.actions.incidents("forced") == 1)
        let passage = bench.actions.records(.passage).last
        #expect(passage?.facts["outcome"] == "forced")
        #expect(passage?.personal[.plate] == "苏E00007")
    }

    @Test func whoDrivesThroughInAnEmergencyIsCountedAndNotAccused() {
        var bench = GateBench()
        bench.command(.emergencyRelease)
        bench.rise()
        bench.driveThrough()
        #expect(bench.actions.incidents("forced") == 0)
        let passage = bench.actions.records(.passage).last?.facts
        #expect(passage?["outcome"] == "passed" && passage?["emergency"] == "true")
    }

    @Test func whoWasLetInBeforeTheFireIsOnePassage() {
        var bench = GateBench()
        bench.letIn(Site.listed[0])
        bench.input("lane1-safety", true)
        bench.input("lane1-approach", false)
        bench.input("fire", true)
        bench.input("lane1-safety", false)
        bench.wait(.seconds(300))
        #expect(bench.actions.records(.passage).map { $0.facts["outcome"] } == ["passed"])
    }

    @Test func aLaneWithAFaultIsWorkedByHandAndWhoeverPassesThenIsThePersonsPassage() {
        var bench = GateBench()
        bench.command(.open(Site.lane), by: "E017")
        bench.store()
        bench.wait(.seconds(30))  // The boom never reaches its upper end.
        bench.command(.open(Site.lane), by: "E021")
        bench.store()
        bench.rise()
        bench.driveThrough()
        #expect(bench.actions.incidents("forced") == 0)
        let passage = bench.actions.records(.passage).last
        #expect(passage?.facts["outcome"] == "passed")
        #expect(passage?.personal[.person] == "E021")
    }
}
