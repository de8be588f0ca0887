import GateEngine
import GateTypes
import Testing

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

    @Test func whoComesInPlaceOfAnotherIsReadAnew() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        bench.store()
        bench.rise()
        bench.input("lane1-approach", false)  // It backs away.
        bench.wait(.seconds(4))
        bench.input("lane1-approach", true)
        #expect(bench.actions.incidents("turned_back") == 1)
        bench.wait(.milliseconds(100))
        #expect(bench.see("粤B99999").stores.isEmpty)
        bench.driveThrough()
        #expect(bench.actions.incidents("tailgated") == 1)
        bench.wait(.seconds(2))
        let outcomes = bench.actions.records(.passage).compactMap { $0.facts["outcome"] }
        #expect(outcomes == ["turned_back", "tailgated"])
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

    @Test func thePlateOfTheVehicleAheadDoesNotOpenForWhoFollows() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        bench.store()
        bench.rise()
        bench.input("lane1-safety", true)
        bench.input("lane1-photocell", true)
        bench.input("lane1-approach", false)
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(200))
        #expect(bench.see(Self.plate).stores.isEmpty)
        #expect(bench.see(Site.listed[1]).stores.count == 1)
    }

    @Test func bumperToBumperTheCameraTellsThatTheNextVehicleStandsThere() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        bench.store()
        bench.rise()
        bench.input("lane1-safety", true)
        bench.input("lane1-photocell", true)
        bench.wait(.seconds(2))
        bench.input("lane1-photocell", false)
        bench.input("lane1-safety", false)  // The approach loop never cleared.
        bench.wait(.seconds(2))
        #expect(bench.actions.asserts("lane1-lower") == 0)
        let next = bench.see("苏A99B99")
        #expect(next.asserts("lane1-lower") == 1)
        #expect(next.records(.passage).first?.facts["outcome"] == "passed")
        #expect(bench.status()?.isVehicleWaiting == true)
    }

    /// The follower needs no pause to be seen: its plate was read while the first was under the boom.
    @Test func whoFollowsBumperToBumperIsToldByItsPlate() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        bench.store()
        bench.rise()
        bench.input("lane1-safety", true)
        bench.input("lane1-photocell", true)
        bench.wait(.seconds(2))
        bench.see("苏A99B99")  // On the approach loop, close behind.
        bench.input("lane1-photocell", false)
        bench.input("lane1-safety", false)
        bench.wait(.milliseconds(400))
        let before = bench.actions.incidents("tailgated")
        bench.input("lane1-safety", true)
        bench.input("lane1-photocell", true)
        #expect(before == 0 && bench.actions.incidents("tailgated") == 1)
        bench.input("lane1-approach", false)
        bench.wait(.seconds(2))
        bench.input("lane1-photocell", false)
        bench.input("lane1-safety", false)
        bench.wait(.seconds(12))
        let outcomes = bench.actions.records(.passage).compactMap { $0.facts["outcome"] }
        #expect(outcomes == ["passed", "tailgated"])
    }

    /// What stands nearest cannot be read: the plate behind it must not open.
    @Test func thePlateOfWhoWaitsBehindDoesNotOpenForAnUnreadableOne() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        var unread = Reader.reading("", width: 170)
        unread.places = []
        let behind = Reader.reading(Self.plate, width: 100)
        bench.send(
            .plates(
                Reader.observation(
                    [unread, behind], frame: bench.now - .milliseconds(40), read: bench.now)))
        #expect(bench.actions.stores.isEmpty)
        // Side by side they are pieces of one picture: the larger one that can be read counts.
        let near = Reader.reading(Self.plate, width: 165)
        bench.send(
            .plates(
                Reader.observation(
                    [unread, near], frame: bench.now - .milliseconds(20), read: bench.now)))
        #expect(bench.actions.stores.count == 1)
    }

    /// A plate like its own, read as it goes back, makes no follower of who withdraws.
    @Test func whoGoesBackAloneIsNoFollower() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        bench.store()
        bench.rise()
        bench.input("lane1-safety", true)
        bench.wait(.seconds(2))
        bench.see(Self.plate)
        bench.input("lane1-safety", false)
        bench.wait(.seconds(1))
        bench.input("lane1-approach", false)
        bench.wait(.seconds(3))
        let outcomes = bench.actions.records(.passage).compactMap { $0.facts["outcome"] }
        #expect(outcomes == ["turned_back"])
        #expect(bench.actions.incidents("tailgated") == 0)
    }

    @Test func aTailgaterIsAnIncidentAndAPassageOfItsOwn() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        bench.store()
        bench.rise()
        bench.driveThrough()
        bench.wait(.milliseconds(500))
        bench.driveThrough()
        bench.wait(.seconds(3))
        #expect(bench.actions.incidents("tailgated") == 1)
        let outcomes = bench.actions.records(.passage).map { $0.facts["outcome"] }
        #expect(outcomes == ["passed", "tailgated"])
    }

    @Test func aDriverWhoTurnsBackIsRecordedSo() {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        bench.store()
        bench.rise()
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
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        bench.store()
        bench.rise()
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

    /// Somebody let in goes away, and over the boom comes one whom the loops cannot tell from them.
    private static func between(_ plate: String? = nil, stays: Duration) -> GateBench {
        var bench = GateBench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        bench.see(Self.plate)
        bench.store()
        bench.rise()
        bench.input("lane1-approach", false)
        bench.wait(.seconds(4))
        bench.input("lane1-safety", true)
        bench.input("lane1-photocell", true)
        bench.wait(.milliseconds(300))
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(300))
        if let plate { bench.see(plate) }
        bench.input("lane1-photocell", false)
        bench.input("lane1-safety", false)
        bench.wait(stays)
        bench.input("lane1-approach", false)
        bench.wait(.seconds(60))
        return bench
    }

    @Test func whoComesFromTheFarSideBehindOneThatWentAwayIsNotThatOne() {
        let bench = Self.between(stays: .milliseconds(900))
        #expect(bench.actions.incidents("wrong_way") == 1)
        #expect(
            bench.actions.records(.passage).map { $0.facts["outcome"] }
                == ["turned_back", "wrong_way"])
    }

    @Test func aVehicleThatWasReadOrStoodBehindAShortOneDidNotComeFromTheFarSide() {
        let read = Self.between("苏E00007", stays: .milliseconds(900))
        #expect(read.actions.incidents("wrong_way") == 0)
        #expect(
            read.actions.records(.passage).map { $0.facts["outcome"] } == ["refused", "passed"])
        let waited = Self.between(stays: .seconds(20))
        #expect(waited.actions.incidents("wrong_way") == 0)
    }

    @Test func aHighLorryThatTheLoopLosesBetweenItsAxlesIsOnePassage() {
        var bench = GateBench()
        bench.letIn(Site.listed[0])
        for (line, isActive) in [
            ("safety", true), ("photocell", true), ("approach", false), ("safety", false),
            ("approach", true), ("safety", true), ("approach", false), ("photocell", false),
            ("safety", false),
        ] {
            bench.input("lane1-\(line)", isActive)
            bench.wait(.milliseconds(700))
        }
        bench.wait(.seconds(300))
        #expect(bench.actions.records(.passage).map { $0.facts["outcome"] } == ["passed"])
        #expect(bench.actions.incidents("tailgated") + bench.actions.incidents("unreadable") == 0)
    }

    @Test func theEyesLookHarderWhileSomebodyWaits() {
        var bench = GateBench()
        #expect(bench.actions.contains(.look("lane1", .idle)))
        #expect(bench.input("lane1-approach", true).contains(.look("lane1", .waiting)))
        #expect(bench.input("lane1-approach", false).contains(.look("lane1", .idle)))
    }
}
