import GateEngine
import GateTypes
import Testing

/// From a vehicle's arrival to the record of its passage.
@Suite struct PassageTests {
    private static let plate = Site.listed[0]

    @Test func theRelayMovesOnlyAfterTheRecordIsStored() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        let decided = bench.see(Self.plate)
        #expect(decided.stores.map(\.kind) == [.grant])
        #expect(decided.stores.first?.personal == [.plate: Self.plate])
        #expect(decided.asserts("lane1-raise") == 0)
        #expect(bench.store().asserts("lane1-raise") == 1)
    }

    @Test func onePassageIsOneRecordWithItsTimes() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        bench.wait(.milliseconds(10))
        bench.store()
        bench.rise()
        bench.driveThrough()
        bench.wait(.seconds(2))
        let records = bench.actions.records(.passage)
        #expect(records.count == 1)
        let facts = records.first?.facts ?? [:]
        #expect(facts["outcome"] == "passed")
        #expect(facts["first_reading_ms"] == "100.0")
        #expect(facts["decision_ms"] == "100.0")
        #expect(facts["release_ms"] == "110.0")
        #expect(facts["frame_to_release_ms"] == "50.0")
        #expect(facts["passed_ms"] != nil && facts["cleared_ms"] != nil)
        #expect(facts["simulated"] == "true")
        #expect(records.first?.personal == [.plate: Self.plate])
        #expect(bench.status()?.lastOutcome == "passed")
        #expect(bench.status()?.arrivalToReleaseMilliseconds == 110)
    }

    @Test func anOpeningLaterThanItsDeadlineIsDroppedAndRecorded() {
        var bench = GateBench { $0.lanes[Site.lane]?.timing.storage = .seconds(5) }
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        bench.wait(.milliseconds(970))
        let late = bench.store()
        #expect(late.asserts("lane1-raise") == 0)
        #expect(late.incidents("late_opening_dropped") == 1)
        bench.see(Self.plate)  // Newer frames may still open.
        #expect(bench.store().asserts("lane1-raise") == 1)
    }

    @Test func aLateReadingIsDroppedWithoutAnIntent() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.seconds(3))
        let late = bench.see(Self.plate, age: .milliseconds(1001))
        #expect(late.stores.isEmpty)
        #expect(late.incidents("late_opening_dropped") == 1)
        #expect(
            bench.see(Self.plate, age: .milliseconds(1500)).incidents("late_opening_dropped") == 0)
    }

    @Test func framesFromBeforeTheArrivalDoNotOpen() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        #expect(bench.see(Self.plate, age: .milliseconds(1)).stores.isEmpty)
    }

    @Test func aVehicleThatLeftBeforeTheRecordWasStoredIsNotLetIn() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        bench.input("lane1-approach", false)
        #expect(bench.store().asserts("lane1-raise") == 0)
    }

    @Test func storageThatDoesNotAnswerFollowsTheLanesChoice() {
        for choice in [BarrierChoice.refuse, .open] {
            var options = Site.Options()
            options.onStorageFailure = choice == .open ? .open : .refuse
            var bench = GateBench(options)
            bench.input("lane1-approach", true)
            bench.wait(.milliseconds(100))
            bench.see(Self.plate)
            #expect(bench.wait(.milliseconds(49)).asserts("lane1-raise") == 0)
            let after = bench.wait(.milliseconds(1))
            #expect(after.alarms("storage") == 1)
            #expect(after.asserts("lane1-raise") == (choice == .open ? 1 : 0))
            let late = after.records(.grant).filter { $0.facts["late"] == "true" }
            #expect(late.count == (choice == .open ? 1 : 0))
            #expect(after.told(.storageFailed) == (choice == .refuse))
            #expect(bench.store().asserts("lane1-raise") == 0)  // Too late for this one.
        }
    }

    enum BarrierChoice { case refuse, open }

    @Test func theFallbackBeginsAfterASecondAndReadingGoesOn() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see("苏E99999")
        #expect(!bench.actions.told(.refused))
        let fallback = bench.wait(.milliseconds(900))
        #expect(fallback.told(.refused))
        #expect(fallback.records(.refusal).first?.facts["reasons"] == "unlisted")
        bench.wait(.seconds(2))
        bench.see(Self.plate)
        bench.see(Self.plate)
        #expect(bench.store().asserts("lane1-raise") == 1)
    }

    @Test func aVehicleWithoutAReadablePlateIsAPassageWithItsIncident() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        #expect(bench.wait(.seconds(1)).told(.unreadable))
        bench.wait(.seconds(5))
        let end = bench.input("lane1-approach", false)
        #expect(end.records(.passage).first?.facts["outcome"] == "unreadable")
        #expect(end.incidents("unreadable") == 1)
    }

    @Test func aDenyListedPlateIsRefusedAtOnceWithOneIncident() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        #expect(bench.see(Site.blocked).told(.denied))
        for _ in 0..<20 {
            bench.wait(.milliseconds(100))
            bench.see(Site.blocked)
        }
        #expect(bench.actions.incidents("refused_deny_listed") == 1)
        #expect(bench.actions.records(.refusal).count == 1)
        #expect(bench.actions.stores.isEmpty)
    }

    @Test func aTimeLimitedGrantAsksTheGuardWhileTheClockIsInDoubt() {
        var bench = GateBench {
            $0.roster.vehicles = [
                .init(plate: Self.plate, group: "lorries", validUntil: "2099-01-01")
            ]
        }
        bench.clockIsTrusted = false
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        #expect(bench.wait(.seconds(1)).told(.askGuard))
        #expect(bench.actions.stores.isEmpty)
        bench.clockIsTrusted = true
        #expect(bench.see(Self.plate).stores.count == 1)
    }

    @Test func withoutALoopAPlateOfTheLeastWidthIsTheArrival() {
        var options = Site.Options()
        options.hasApproach = false
        var bench = GateBench(options)
        #expect(bench.see(Self.plate, width: 79).stores.isEmpty)
        #expect(bench.status()?.isVehicleWaiting == false)
        bench.see(Self.plate, width: 80)
        #expect(bench.store().asserts("lane1-raise") == 1)
    }

    @Test func withoutALoopAVehicleIsGoneWhenItsPlateIs() {
        var options = Site.Options()
        options.hasApproach = false
        var bench = GateBench(options)
        bench.see("苏E99999")
        bench.wait(.seconds(4))
        #expect(bench.status()?.isVehicleWaiting == true)
        bench.wait(.seconds(2))
        #expect(bench.actions.records(.passage).first?.facts["outcome"] == "refused")
    }

    @Test func aDriverWhoTurnsBackIsRecordedSo() {
        var bench = GateBench()
        bench.letIn(Self.plate)
        bench.input("lane1-safety", true)
        bench.wait(.seconds(1))
        bench.input("lane1-safety", false)
        bench.input("lane1-approach", false)
        #expect(bench.actions.records(.passage).first?.facts["outcome"] == "turned_back")
        #expect(bench.actions.incidents("turned_back") == 1)
    }

    @Test func whoTwiceDoesNotUseTheOpeningIsTheGuards() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        for _ in 0..<3 {
            bench.wait(.milliseconds(100))
            bench.see(Self.plate)
            bench.store()
            bench.rise()
            bench.wait(.seconds(28))
            bench.input("lane1-up", false)
            bench.wait(.seconds(1))
            bench.input("lane1-down", true)
        }
        #expect(bench.actions.asserts("lane1-raise") == 2)
        #expect(bench.actions.told(.askGuard))
        let outcomes = bench.actions.records(.passage).map { $0.facts["outcome"] }
        #expect(outcomes == ["timed_out", "timed_out"])
    }

    @Test func whoComesToALaneOpenedByHandIsLetInByThatName() {
        var bench = GateBench()
        bench.command(.open(Site.lane), by: "E017")
        bench.store()
        bench.rise()
        bench.driveThrough()
        bench.wait(.seconds(2))
        let passage = bench.actions.records(.passage).first
        #expect(passage?.facts["outcome"] == "passed")
        #expect(passage?.personal[.person] == "E017")
        #expect(bench.actions.incidents("tailgated") == 0)
    }

    @Test func policyDoesNotOpenAgainBehindANamedClose() {
        var bench = GateBench()
        bench.letIn(Self.plate)
        bench.wait(.seconds(1))
        bench.command(.close(Site.lane))
        #expect(bench.actions.asserts("lane1-lower") == 1)
        bench.wait(.milliseconds(700))
        bench.input("lane1-up", false)
        bench.see(Self.plate)
        #expect(bench.unanswered.isEmpty)
        #expect(bench.actions.told(.askGuard))
    }

    @Test func aFaultBetweenDecisionAndRecordLetsNobodyIn() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        bench.send(.inputFailed("lane1-safety", reason: "chip gone"))
        let stored = bench.store()
        #expect(stored.asserts("lane1-raise") == 0)
        #expect(!stored.told(.opening))
        #expect(bench.status()?.admittedCount == 0)
    }

    @Test func theEyesLookHarderWhileSomebodyWaits() {
        var bench = GateBench()
        #expect(bench.actions.contains(.look("lane1", .idle)))
        #expect(bench.input("lane1-approach", true).contains(.look("lane1", .waiting)))
        #expect(bench.input("lane1-approach", false).contains(.look("lane1", .idle)))
    }
}
