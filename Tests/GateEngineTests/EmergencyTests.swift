import GateConfiguration
import GateEngine
import GateTypes
import Testing

@Suite struct EmergencyTests {
    @Test func onFireEveryBoomRisesBeforeAnythingIsWritten() {
        var options = Site.Options()
        options.laneCount = 3
        options.exemptLanes = ["lane3"]
        var bench = GateBench(options)
        let actions = bench.input("fire", true)
        #expect(actions.asserts("lane1-raise") == 1)
        #expect(actions.asserts("lane2-raise") == 1)
        #expect(actions.asserts("lane3-raise") == 0)  // Configured out with a reason.
        let lastMove = actions.lastIndex { if case .assert = $0 { true } else { false } } ?? -1
        let kept = actions.firstIndex { if case .keep = $0 { true } else { false } } ?? -1
        let firstRecord = actions.firstIndex { if case .record = $0 { true } else { false } } ?? -1
        #expect(lastMove < kept && kept < firstRecord)
    }

    @Test func aFailedFireInputReadsAsAlarm() {
        var bench = GateBench()
        let actions = bench.send(.inputFailed("fire", reason: "chip gone"))
        #expect(actions.asserts("lane1-raise") == 1)
        #expect(actions.alarms("fire_input_failed") == 1)
    }

    @Test func anEmergencyOutlivesARestartAndIsResumedBeforeAnythingElse() {
        var bench = GateBench()
        bench.input("fire", true)
        bench.input("fire", false)
        let restarted = GateBench(standing: bench.gate.standing)
        guard case .assert("lane1-raise", _)? = restarted.actions.first else {
            Issue.record("the first action is \(String(describing: restarted.actions.first))")
            return
        }
        #expect(restarted.gate.standing.emergency == "fire alarm")
    }

    @Test func aFireInputThatIsActiveAtTheStartIsAnEmergency() {
        let bench = GateBench(inputs: ["fire": true])
        #expect(bench.actions.asserts("lane1-raise") == 1)
        #expect(bench.gate.standing.emergency != nil)
    }

    @Test func theResetNeedsANameAndAQuietFireInput() {
        var bench = GateBench()
        bench.input("fire", true)
        bench.command(.emergencyReset)
        #expect(bench.gate.standing.emergency != nil)
        let refused = bench.actions.records(.emergency).last?.facts
        #expect(refused?["what"] == "reset_refused")
        bench.input("fire", false)
        bench.wait(.seconds(60))
        #expect(bench.gate.standing.emergency != nil)
        let reset = bench.command(.emergencyReset, by: "E021")
        #expect(bench.gate.standing.emergency == nil)
        #expect(reset.records(.emergency).first?.personal[.person] == "E021")
    }

    @Test func whoReleasedTheLanesIsAPersonalFieldAndNoFact() {
        var bench = GateBench()
        bench.command(.emergencyRelease, by: "E021")
        let resumed = GateBench(standing: bench.gate.standing)
        bench.command(.emergencyReset, by: "E022")
        let told = bench.actions.records(.emergency) + resumed.actions.records(.emergency)
        #expect(told.map { $0.facts["what"] } == ["begun", "reset", "resumed"])
        #expect(told.allSatisfy { $0.facts["reason"] == "released_by_name" })
        #expect(told.map { $0.personal[.person] } == ["E021", "E022", "E021"])
        // What people read says it all the same.
        #expect(resumed.gate.standing.emergency == "released by E021")
    }

    @Test func afterTheResetNothingClosesWithoutANameEvenOverARestart() {
        var bench = GateBench()
        bench.command(.emergencyRelease)
        bench.rise()
        bench.command(.emergencyReset)
        #expect(bench.gate.standing.closedByNameOnly == ["lane1"])
        var again = GateBench(
            standing: bench.gate.standing, inputs: ["lane1-down": false, "lane1-up": true])
        again.input("lane1-approach", true)
        again.wait(.milliseconds(100))
        again.see(Site.listed[0])
        again.store()
        again.driveThrough()
        again.wait(.seconds(300))
        #expect(again.actions.asserts("lane1-lower") == 0)
        again.command(.close(Site.lane))
        #expect(again.actions.asserts("lane1-lower") == 1)
        again.wait(.milliseconds(600))
        again.input("lane1-up", false)
        let closed = again.input("lane1-down", true)
        #expect(closed.contains(.keep(StandingState())))
    }

    @Test func aRestartMovesNothingUntilAFreshDecision() {
        for inputs in [
            ["lane1-down": false], ["lane1-down": false, "lane1-up": true],
            ["lane1-approach": true], ["lane1-safety": true],
        ] {
            var bench = GateBench(inputs: inputs)
            bench.wait(.seconds(500))
            #expect(bench.actions.asserts("lane1-raise") == 0)
            #expect(bench.actions.asserts("lane1-lower") == 0)
        }
    }

    @Test func grantsAreSuspendedInAnEmergency() {
        var bench = GateBench()
        bench.input("fire", true)
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        #expect(bench.see(Site.listed[0]).stores.isEmpty)
    }
}

/// What only a named person ends outlives a restart and a new configuration.
@Suite struct LastingFaultTests {
    static func faulty() -> GateBench {
        var bench = GateBench()
        bench.send(.outputFailed("lane1-raise", reason: "chip gone"))
        return bench
    }

    @Test func aRestartEndsNoFaultThatAPersonHasToEnd() {
        let bench = Self.faulty()
        let kept = bench.gate.standing
        #expect(kept.faults == [LastingFault(lane: "lane1", code: "output_failed_raise")])
        #expect(bench.actions.contains(.keep(kept)))
        var again = GateBench(standing: kept)
        #expect(again.gate.status.first?.state == "fault")
        #expect(again.actions.alarms("output_failed_raise") == 1)
        again.input("lane1-approach", true)
        again.wait(.milliseconds(100))
        again.see(Site.listed[0])
        again.store()
        #expect(again.actions.asserts("lane1-raise") == 0)
        let cleared = again.command(.clearFault(Site.lane), by: "E021")
        #expect(cleared.contains(.keep(StandingState())))
        #expect(GateBench(standing: again.gate.standing).gate.status.first?.state == "resting")
    }

    @Test func aFaultOfASensorThatIsInOrderAgainIsNotKept() {
        var bench = GateBench()
        bench.send(.inputFailed("lane1-safety", reason: "wire broken"))
        #expect(bench.gate.status.first?.state == "fault")
        #expect(bench.gate.standing.faults.isEmpty)
    }

    @Test func faultsOfALaneThatIsNoMoreAreForgotten() {
        let kept = StandingState(faults: [LastingFault(lane: "lane9", code: "boom_moved")])
        #expect(GateBench(standing: kept).gate.standing.faults.isEmpty)
    }
}

@Suite struct OperatorTests {
    @Test func aNamedOpeningIsOnRecordBeforeTheRelay() {
        var bench = GateBench()
        let asked = bench.command(.open(Site.lane), by: "E017")
        #expect(asked.stores.first?.kind == .override)
        #expect(asked.stores.first?.personal[.person] == "E017")
        #expect(asked.asserts("lane1-raise") == 0)
        #expect(bench.store().asserts("lane1-raise") == 1)
    }

    @Test func aNamelessPersonIsRecordedAsUnidentified() {
        var bench = GateBench()
        let asked = bench.command(.open(Site.lane), by: "")
        #expect(asked.stores.first?.personal[.person] == "unidentified")
    }

    @Test func commandsForLanesThatDoNotExistAreRecordedAndDoNothing() {
        var bench = GateBench()
        let asked = bench.command(.open("lane9"))
        #expect(asked.records(.override).first?.facts["refused"] == "no_such_lane")
        #expect(asked.stores.isEmpty)
    }

    @Test func aRefusedCloseIsRecordedWithItsReason() {
        var bench = GateBench(inputs: ["lane1-down": false, "lane1-safety": true])
        let asked = bench.command(.close(Site.lane))
        #expect(asked.records(.override).last?.facts["refused"] == "occupied")
    }

    @Test func aDegradedLaneAsksTheGuardAndOpensByHand() {
        var bench = GateBench()
        bench.send(.inputFailed("lane1-photocell", reason: "wire"))
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        #expect(bench.see(Site.listed[0]).stores.isEmpty)
        #expect(bench.actions.told(.askGuard))
        bench.command(.open(Site.lane))
        #expect(bench.store().asserts("lane1-raise") == 1)
    }

    @Test func aBlindCameraIsOneAlarmAndTheGuardIsAsked() {
        var bench = GateBench()
        for _ in 0..<5 { bench.send(.camera("lane1", .blind(reason: "unplugged"))) }
        #expect(bench.actions.alarms("camera_blind") == 1)
        #expect(bench.input("lane1-approach", true).told(.askGuard))
        #expect(
            bench.send(.camera("lane1", .seeing)).contains(
                .clearAlarm(Site.lane, code: "camera_blind")))
    }

    @Test func aPlateThatTheLoopDoesNotFeelIsAnAlarm() {
        var bench = GateBench()
        for _ in 0..<110 {
            bench.see(Site.listed[0])
            bench.wait(.milliseconds(100))
        }
        #expect(bench.actions.alarms("approach_unseen") == 1)
        #expect(bench.actions.stores.isEmpty)
    }

    @Test func explainNamesTheRule() {
        let bench = GateBench()
        let yes = bench.gate.explain(lane: Site.lane, plate: "苏E·12345", at: bench.moment)
        #expect(yes?.isAdmitted == true)
        #expect(yes?.rulePlace == "policy.yaml:3:5")
        let no = bench.gate.explain(lane: Site.lane, plate: Site.blocked, at: bench.moment)
        #expect(no?.gravest == .denied)
        #expect(bench.gate.explain(lane: "lane9", plate: "苏E12345", at: bench.moment) == nil)
    }

    @Test func eventsOutOfOrderCountAsSimultaneous() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        let past = Moment(instant: Instant(nanoseconds: 5), wall: WallTime(milliseconds: 5))
        _ = bench.gate.handle(.tick, at: past)
        _ = bench.gate.handle(.input("lane1-approach", active: false), at: past)
        #expect(
            bench.gate.nextDeadline == nil
                || bench.gate.nextDeadline ?? bench.now > bench.now - .seconds(1))
    }

    @Test func aLineThatNobodyKnowsChangesNothing() {
        var bench = GateBench()
        #expect(bench.input("nosuch", true).isEmpty)
        #expect(bench.send(.stored(IntentNumber(99))).isEmpty)
        #expect(bench.see(Site.listed[0], lane: "lane9").isEmpty)
    }
}
