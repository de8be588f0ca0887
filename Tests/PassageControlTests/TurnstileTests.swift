import GateTypes
import PassageControl
import Testing

/// One person, one warrant: releases, ends and who else comes through.
@Suite struct TurnstileTests {
    @Test(arguments: [Turnstile.Way.entry, .exit])
    func releasesOneWayForOnePersonAndLocksBehindThem(way: Turnstile.Way) {
        var bench = TurnstileBench()
        let drive: Turnstile.Drive = way == .entry ? .entry : .exit
        #expect(bench.ask(way).first == .assert(drive, atMost: .milliseconds(5500)))
        bench.wait(.seconds(1))
        bench.walk(way)
        #expect(bench.rests(drive) == [bench.elapsed])
        #expect(bench.ends == [1: [.passed]])
        bench.wait(.seconds(1))
        #expect(bench.turnstile.state == .locked)
        #expect(bench.asserts(way == .entry ? .exit : .entry).isEmpty)
    }

    @Test func aReleaseThatNobodyUsesEndsInTime() {
        var bench = TurnstileBench()
        bench.ask(.entry)
        bench.wait(.milliseconds(4999))
        #expect(bench.rests(.entry).isEmpty && bench.ends.isEmpty)
        bench.wait(.milliseconds(1))
        #expect(bench.ends == [1: [.unused]])
        bench.wait(.seconds(1))
        #expect(bench.turnstile.state == .locked)
    }

    @Test func bothWaysAskedAtOnceAreServedOneAfterTheOtherFirstAskedFirst() {
        var bench = TurnstileBench()
        bench.ask(.exit, 1)
        bench.ask(.entry, 2)
        #expect(bench.asserts(.exit).count == 1 && bench.asserts(.entry).isEmpty)
        bench.walk(.exit)
        let locked = bench.elapsed
        bench.wait(.seconds(1))
        #expect(bench.asserts(.entry) == [locked + .milliseconds(400)])
        bench.walk(.entry)
        #expect(bench.ends == [1: [.passed], 2: [.passed]])
    }

    @Test func theNextReleaseKeepsTheDeadTimeAfterTheOppositeOne() {
        var bench = TurnstileBench { $0.deadTime = .seconds(1) }
        bench.ask(.exit, 1)
        bench.ask(.entry, 2)
        bench.walk(.exit)
        let rested = bench.elapsed
        bench.wait(.seconds(2))
        #expect(bench.asserts(.entry) == [rested + .seconds(1)])
    }

    @Test func whoWaitsTooLongIsToldAndNeverReleased() {
        var bench = TurnstileBench { $0.queue = .seconds(3) }
        bench.ask(.exit, 1)
        bench.ask(.entry, 2)
        bench.wait(.seconds(10))
        #expect(bench.ends == [1: [.unused], 2: [.lapsed]])
        #expect(bench.asserts(.entry).isEmpty)
    }

    @Test func aWarrantThatEndsBeforeTheQueueDoesLapsesThen() {
        var bench = TurnstileBench()
        bench.ask(.exit, 1)
        let until = bench.now + .milliseconds(440)
        bench.give(.ask(PersonWarrant(2, by: .policy, until: until), .entry))
        bench.wait(.milliseconds(439))
        #expect(bench.ends.isEmpty)
        bench.wait(.milliseconds(1))
        #expect(bench.ends == [2: [.lapsed]])
    }

    @Test func aWarrantThatIsTakenBackWaitsNoLongerAndOneThatIsReleasedStays() {
        var bench = TurnstileBench()
        bench.ask(.exit, 1)
        bench.ask(.entry, 2)
        bench.give(.takeBack(1))
        bench.give(.takeBack(2))
        #expect(bench.ends == [2: [.interrupted]] && bench.isReleased(.exit))
        bench.walk(.exit)
        bench.wait(.seconds(2))
        #expect(bench.ends == [1: [.passed], 2: [.interrupted]])
        #expect(bench.asserts(.entry).isEmpty)
    }

    @Test func nobodyIsReleasedAgainstSomebodyWhoIsInThePassage() {
        var bench = TurnstileBench()
        bench.reads(.inner, true)
        bench.ask(.entry)
        bench.wait(.seconds(2))
        #expect(bench.asserts(.entry).isEmpty)
        bench.reads(.inner, false)
        bench.wait(.seconds(2))
        #expect(bench.asserts(.entry).count == 1)
    }

    @Test func whoStandsInTheFirstBeamAlreadyIsReleased() {
        var bench = TurnstileBench()
        bench.reads(.outer, true)
        bench.ask(.entry)
        #expect(bench.asserts(.entry).count == 1)
        bench.reads(.inner, true)
        bench.reads(.outer, false)
        bench.reads(.inner, false)
        #expect(bench.ends == [1: [.passed]])
    }

    @Test func aFastPersonWhomBothBeamsLoseForAMomentIsOnePassage() {
        var bench = TurnstileBench()
        bench.ask(.entry)
        bench.reads(.outer, true)
        bench.wait(.milliseconds(100))
        bench.reads(.outer, false)
        bench.wait(.milliseconds(800))
        bench.reads(.inner, true)
        bench.reads(.inner, false)
        #expect(bench.ends == [1: [.passed]])
    }

    @Test func aReleaseIsNotEndedByNameOntoSomebodyInThePassage() {
        var bench = TurnstileBench()
        bench.ask(.entry)
        bench.reads(.outer, true)
        #expect(bench.give(.lock) == [.note(.lockRefused(.busy))])
        #expect(bench.rests(.entry).isEmpty)
    }

    /// In by a release, and out at the same time over the arms: the beams show one from inside who went back.
    private static func crossing() -> TurnstileBench {
        var bench = TurnstileBench()
        bench.ask(.entry)
        for (sensor, isCovered) in [
            (Turnstile.Sensor.inner, true), (.outer, true), (.inner, false), (.inner, true),
            (.outer, false), (.inner, false),
        ] {
            bench.wait(.milliseconds(200))
            bench.reads(sensor, isCovered)
        }
        return bench
    }

    @Test func whoMayHaveGoneTheOtherWayPastAReleasedPersonIsTold() {
        var bench = Self.crossing()
        #expect(bench.ends.isEmpty)
        bench.wait(.seconds(5))
        #expect(bench.ends == [1: [.wrongWay]])
        var passing = Self.crossing()
        passing.walk(.entry)
        #expect(passing.ends == [1: [.passed]])
    }

    @Test func whoTurnsBackIsRecordedWhenTheReleaseEnds() {
        var bench = TurnstileBench()
        bench.ask(.entry)
        bench.reads(.outer, true)
        bench.reads(.inner, true)
        bench.reads(.inner, false)
        bench.reads(.outer, false)
        #expect(bench.ends.isEmpty)  // They may come again.
        bench.wait(.seconds(5))
        #expect(bench.ends == [1: [.turnedBack]])
    }

    @Test func whoGoesTheOtherWayThroughAReleaseEndsIt() {
        var bench = TurnstileBench()
        bench.ask(.entry)
        bench.walk(.exit)
        #expect(bench.ends == [1: [.wrongWay]])
        #expect(bench.rests(.entry) == [bench.elapsed])
    }

    @Test func whoGoesThroughWithoutAReleaseIsForced() {
        var bench = TurnstileBench()
        bench.walk(.entry)
        bench.walk(.exit)
        #expect(bench.notes == [.forced(.entry), .forced(.exit)])
    }

    @Test func nothingIsLockedOntoAPersonInThePassage() {
        var bench = TurnstileBench()
        bench.ask(.entry)
        bench.wait(.seconds(4))
        bench.reads(.outer, true)
        bench.wait(.seconds(20))
        #expect(bench.rests(.entry).isEmpty)
        #expect(bench.isReleased(.entry))
        let times = bench.asserts(.entry)
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 < .milliseconds(5500) })
        bench.reads(.inner, true)
        bench.reads(.outer, false)
        bench.reads(.inner, false)
        #expect(bench.ends == [1: [.passed]])
    }

    @Test func aPulsedTurnstileIsNotPulsedAgainForOnePerson() {
        var bench = TurnstileBench(drives: [.entry: .milliseconds(500), .exit: .milliseconds(500)])
        bench.ask(.entry)
        bench.wait(.seconds(4))
        bench.reads(.outer, true)
        bench.wait(.seconds(20))
        #expect(bench.asserts(.entry).count == 1)
    }

    // MARK: Followers

    @Test func aSecondPersonBehindTheFirstIsNoticed() {
        var bench = TurnstileBench()
        bench.ask(.entry)
        bench.walk(.entry)
        bench.walk(.entry)
        let warrant = PersonWarrant(1, by: .policy)
        #expect(bench.notes.contains(.followed(warrant, .sensors)))
        #expect(!bench.notes.contains(.forced(.entry)))
    }

    @Test func aSecondPersonCloseBehindTheFirstIsNoticed() {
        var bench = TurnstileBench()
        bench.ask(.entry)
        bench.reads(.outer, true)
        bench.reads(.inner, true)
        bench.reads(.outer, false)
        bench.reads(.outer, true)
        bench.reads(.inner, false)
        bench.reads(.inner, true)
        bench.reads(.outer, false)
        bench.reads(.inner, false)
        #expect(bench.notes.contains(.followed(PersonWarrant(1, by: .policy), .sensorsAgain)))
        #expect(bench.ends == [1: [.passed]])
    }

    @Test func aBagBehindThePersonIsNotASecondOne() {
        var bench = TurnstileBench()
        bench.ask(.entry)
        bench.reads(.outer, true)
        bench.reads(.inner, true)
        bench.reads(.outer, false)
        bench.reads(.outer, true)
        bench.reads(.outer, false)
        bench.reads(.inner, false)
        #expect(!bench.notes.contains { if case .followed = $0 { true } else { false } })
    }

    @Test func theCamerasCountTellsAFollowerOnceAlsoWhenTheSensorsTellToo() {
        var bench = TurnstileBench()
        bench.ask(.entry)
        bench.give(.counted(1))
        bench.give(.counted(2))
        bench.give(.counted(2))
        bench.walk(.entry)
        bench.walk(.entry)
        let followed = bench.notes.filter { if case .followed = $0 { true } else { false } }
        #expect(followed == [.followed(PersonWarrant(1, by: .policy), .camera)])
        bench.wait(.milliseconds(100))
        bench.walk(.entry)
        #expect(bench.notes.count { if case .followed = $0 { true } else { false } } >= 1)
    }

    // MARK: Side gate

    @Test func theSideGateIsReleasedOpenedAndToldWhenItIsHeldOpen() {
        var bench = TurnstileBench()
        bench.ask(.gate)
        bench.wait(.seconds(1))
        bench.reads(.gate, true)
        #expect(bench.ends == [1: [.passed]])
        #expect(bench.rests(.gate) == [bench.elapsed])
        bench.wait(.seconds(29))
        #expect(!bench.notes.contains(.gateHeldOpen))
        bench.wait(.seconds(1))
        #expect(bench.notes.contains(.gateHeldOpen))
        bench.ask(.entry, 2)  // The turnstile beside it goes on.
        bench.walk(.entry)
        bench.reads(.gate, false)
        #expect(bench.notes.last == .gateClosed)
        #expect(bench.ends[2] == [.passed])
    }

    @Test func aSideGateOpenedWithoutAReleaseIsForced() {
        var bench = TurnstileBench()
        bench.reads(.gate, true)
        #expect(bench.notes == [.forced(.gate)])
    }
}
