import GateEngine
import GateTypes
import Testing

/// One vehicle told from the next, and from itself: who follows, withdraws, or comes from the far side.
@Suite struct FollowingPassageTests {
    private static let plate = Site.listed[0]

    @Test func whoComesInPlaceOfAnotherIsReadAnew() {
        var bench = GateBench()
        bench.letIn(Self.plate)
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

    @Test func thePlateOfTheVehicleAheadDoesNotOpenForWhoFollows() {
        var bench = GateBench()
        bench.letIn(Self.plate)
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
        bench.letIn(Self.plate)
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
        bench.letIn(Self.plate)
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
        bench.letIn(Self.plate)
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
        bench.letIn(Self.plate)
        bench.driveThrough()
        bench.wait(.milliseconds(500))
        bench.driveThrough()
        bench.wait(.seconds(3))
        #expect(bench.actions.incidents("tailgated") == 1)
        let outcomes = bench.actions.records(.passage).map { $0.facts["outcome"] }
        #expect(outcomes == ["passed", "tailgated"])
    }

    /// Somebody let in goes away, and over the boom comes one whom the loops cannot tell from them.
    private static func between(_ plate: String? = nil, stays: Duration) -> GateBench {
        var bench = GateBench()
        bench.letIn(Self.plate)
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
        bench.letIn(Self.plate)
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
}
