import GateTypes
import PassageControl
import Testing

/// Releases, the leaf, people and bicycles.
@Suite struct DoorTests {
    @Test func releasesTheStrikeUntilTheLeafOpens() {
        var bench = DoorBench()
        #expect(bench.ask().first == .assert(.strike, atMost: .seconds(5)))
        bench.wait(.seconds(2))
        bench.reads(.contact, true)
        #expect(bench.rests(.strike) == [bench.elapsed])  // It locks when the leaf falls shut.
        #expect(bench.ends == [1: [.passed]])
        bench.wait(.seconds(3))
        #expect(bench.reads(.contact, false).contains(.note(.closed)))
        #expect(bench.door.state == .working(.secured))
    }

    @Test func aReleaseThatNobodyUsesEndsInTime() {
        var bench = DoorBench()
        bench.ask()
        bench.wait(.milliseconds(4999))
        #expect(bench.isReleased(.strike))
        bench.wait(.milliseconds(1))
        #expect(!bench.isReleased(.strike))
        #expect(bench.ends == [1: [.unused]])
    }

    @Test func theStrikeIsNeverAssertedBeyondItsLongest() {
        var bench = DoorBench(drives: [.strike: .seconds(2)])
        #expect(bench.ask().first == .assert(.strike, atMost: .seconds(2)))
        bench.wait(.seconds(2))
        #expect(bench.ends == [1: [.unused]])
    }

    @Test func aLeafThatOpensWithoutAReleaseIsForced() {
        var bench = DoorBench()
        bench.reads(.contact, true)
        #expect(bench.notes == [.forced])
    }

    @Test func inAnEmergencyADoorMayStandOpenAndTheTimeCountsFromTheReset() {
        var bench = DoorBench(drives: DoorBench.motor, fitted: Self.motorDoor)
        bench.give(.emergencyRelease)
        bench.reads(.contact, true)
        bench.wait(.seconds(600))
        #expect(!bench.notes.contains(.heldOpen))
        bench.give(.emergencyReset)
        bench.wait(.milliseconds(29_900))
        #expect(!bench.notes.contains(.heldOpen))
        bench.wait(.milliseconds(200))
        #expect(bench.notes.count { $0 == .heldOpen } == 1)
    }

    @Test func aLeafHeldOpenIsToldOnce() {
        var bench = DoorBench()
        bench.ask()
        bench.reads(.contact, true)
        bench.wait(.milliseconds(29_999))
        #expect(!bench.notes.contains(.heldOpen))
        bench.wait(.seconds(100))
        #expect(bench.notes.count { $0 == .heldOpen } == 1)
        #expect(bench.reads(.contact, false).contains(.note(.closed)))
    }

    @Test func aLeafThatNeverOpensIsAnAlarmUntilItDoes() {
        var bench = DoorBench()
        for number in 1...2 {
            bench.ask(UInt64(number))
            bench.wait(.seconds(6))
        }
        #expect(!bench.notes.contains(.neverOpens))
        bench.ask(3)
        bench.wait(.seconds(6))
        #expect(bench.notes.count { $0 == .neverOpens } == 1)
        bench.ask(4)
        #expect(bench.reads(.contact, true).contains(.note(.opensAgain)))
    }

    @Test func withoutAContactNobodyKnowsWhetherSomebodyPassed() {
        var bench = DoorBench(fitted: [])
        bench.ask()
        bench.wait(.seconds(6))
        #expect(bench.ends == [1: [.unobserved]])
    }

    @Test func theExitButtonReleasesAlsoInAFault() {
        var bench = DoorBench(fitted: DoorBench.bicycles)
        bench.give(.sensorFailed(.presence))
        bench.reads(.exit, true)
        #expect(bench.asserts(.strike).count == 1)
        #expect(bench.notes.contains(.released(.exitButton)))
        bench.reads(.contact, true)
        #expect(bench.ends == [0: [.passed]])
        bench.reads(.exit, false)
    }

    @Test func aHeldExitButtonReleasesOnce() {
        var bench = DoorBench()
        bench.reads(.exit, true)
        bench.wait(.seconds(100))
        #expect(bench.asserts(.strike).count == 1)
        #expect(bench.ends == [0: [.unused]])
    }

    @Test func aFailedExitButtonReleasesNobody() {
        var bench = DoorBench()
        bench.give(.sensorFailed(.exit))
        bench.reads(.exit, true)
        bench.wait(.seconds(10))
        #expect(bench.asserts(.strike).isEmpty)
    }

    // MARK: Bicycles

    @Test func aBicycleWithACredentialOpensWhenItIsThere() {
        var bench = DoorBench(fitted: DoorBench.bicycles)
        bench.ask(1, .bicycle)
        #expect(bench.asserts(.strike).isEmpty)
        bench.wait(.seconds(2))
        bench.reads(.presence, true)
        #expect(bench.asserts(.strike).count == 1)
        bench.reads(.contact, true)
        #expect(bench.ends.isEmpty)
        bench.reads(.presence, false)
        #expect(bench.ends == [1: [.passed]])
    }

    @Test func aCredentialWithoutABicycleLapses() {
        var bench = DoorBench(fitted: DoorBench.bicycles)
        bench.ask(1, .bicycle)
        bench.wait(.seconds(11))
        bench.reads(.presence, true)
        #expect(bench.ends == [1: [.lapsed]])
        #expect(bench.asserts(.strike).isEmpty)
    }

    @Test func aWarrantThatEndsBeforeTheQueueDoesLapsesThen() {
        var bench = DoorBench(fitted: DoorBench.bicycles)
        let until = bench.now + .milliseconds(440)
        bench.give(.ask(PersonWarrant(1, by: .policy, until: until), .bicycle))
        bench.wait(.milliseconds(439))
        #expect(bench.ends.isEmpty)
        bench.wait(.milliseconds(1))
        #expect(bench.ends == [1: [.lapsed]])
    }

    @Test func aWarrantThatIsTakenBackWaitsNoLongerAndOneThatIsReleasedStays() {
        var bench = DoorBench(fitted: DoorBench.bicycles)
        bench.ask(1, .bicycle)
        bench.ask(2)
        bench.give(.takeBack(1))
        bench.give(.takeBack(2))
        #expect(bench.ends == [1: [.interrupted]] && bench.isReleased(.strike))
        bench.reads(.contact, true)
        bench.reads(.contact, false)
        bench.reads(.presence, true)
        #expect(bench.ends == [1: [.interrupted], 2: [.passed]])
        #expect(bench.asserts(.strike).count == 1)
    }

    @Test func aSecondBicycleOnOneCredentialIsCounted() {
        var bench = DoorBench(fitted: DoorBench.bicycles)
        bench.reads(.presence, true)
        bench.ask(1, .bicycle)
        bench.reads(.contact, true)
        bench.reads(.presence, false)
        bench.wait(.seconds(1))
        bench.reads(.presence, true)
        bench.reads(.presence, false)
        #expect(bench.notes.contains(.followed(.warrant(PersonWarrant(1, by: .policy)))))
        #expect(bench.followers == 1)
    }

    @Test func aSecondBicycleWithItsOwnCredentialIsNoFollower() {
        var bench = DoorBench(fitted: DoorBench.bicycles)
        bench.reads(.presence, true)
        bench.ask(1, .bicycle)
        bench.reads(.contact, true)
        bench.reads(.presence, false)
        bench.ask(2, .bicycle)
        bench.wait(.seconds(1))
        bench.reads(.presence, true)
        bench.reads(.presence, false)
        #expect(bench.ends == [1: [.passed], 2: [.passed]])
        #expect(bench.followers == 0)
        #expect(bench.asserts(.strike).count == 1)
    }

    @Test func aBicycleThatStaysTurnedBackWhenTheLeafCloses() {
        var bench = DoorBench(fitted: DoorBench.bicycles)
        bench.reads(.presence, true)
        bench.ask(1, .bicycle)
        bench.reads(.contact, true)
        bench.wait(.seconds(6))
        bench.reads(.contact, false)
        #expect(bench.ends == [1: [.turnedBack]])
    }

    @Test func aSecondBicycleBehindAClosedLeafIsReleasedForTheRestOfItsTime() {
        var bench = DoorBench(fitted: DoorBench.bicycles)
        bench.reads(.presence, true)
        bench.ask(1, .bicycle)
        bench.reads(.contact, true)
        bench.ask(2, .bicycle)
        bench.reads(.presence, false)
        bench.reads(.presence, true)
        bench.wait(.seconds(2))
        bench.reads(.contact, false)
        #expect(bench.asserts(.strike).count == 2)
        bench.wait(.seconds(3))
        #expect(bench.ends == [1: [.passed], 2: [.unused]])
    }

    @Test func aWalkerWhoCrossesThePresenceSensorIsNoFollower() {
        var bench = DoorBench(fitted: DoorBench.bicycles)
        bench.ask(1)
        bench.reads(.presence, true)
        bench.reads(.contact, true)
        bench.reads(.presence, false)
        #expect(bench.ends == [1: [.passed]])
        #expect(bench.followers == 0)
    }

    // MARK: Motor

    static let motorDoor: Set<DoorBench.Sensor> = [.contact, .obstacle, .exit]

    @Test func theMotorOpensStaysAndLetsTheLeafClose() {
        var bench = DoorBench(drives: DoorBench.motor, fitted: Self.motorDoor)
        bench.ask()
        #expect(bench.asserts(.opener).count == 1)
        bench.wait(.seconds(1))
        bench.reads(.contact, true)
        bench.wait(.milliseconds(5999))
        #expect(bench.rests(.opener).isEmpty)
        let times = bench.asserts(.opener)
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 <= .seconds(2) })
        bench.wait(.milliseconds(1))
        #expect(bench.rests(.opener).count == 1)
        bench.wait(.seconds(3))
        bench.reads(.contact, false)
        #expect(bench.door.state == .working(.secured))
    }

    @Test func theMotorNeverClosesOnAnObstacle() {
        var bench = DoorBench(drives: DoorBench.motor, fitted: Self.motorDoor)
        bench.ask()
        bench.reads(.contact, true)
        bench.reads(.obstacle, true)
        bench.wait(.seconds(60))
        #expect(bench.rests(.opener).isEmpty)
        #expect(bench.give(.lock) == [.note(.lockRefused(.busy))])
        bench.reads(.obstacle, false)
        #expect(bench.rests(.opener).count == 1)
    }

    @Test func anObstacleOnTheWayOpensAgainAtOnce() {
        var bench = DoorBench(drives: DoorBench.motor, fitted: Self.motorDoor)
        bench.ask()
        bench.reads(.contact, true)
        bench.wait(.seconds(7))
        let effects = bench.reads(.obstacle, true)
        #expect(effects == [.assert(.opener, atMost: .seconds(4)), .note(.reopened)])
        bench.reads(.obstacle, false)
        bench.wait(.seconds(6))
        #expect(bench.rests(.opener).count == 2)
    }

    @Test func anObstacleSensorThatCannotTellHoldsTheLeafUntilANamedPersonCloses() {
        var bench = DoorBench(drives: DoorBench.motor, fitted: Self.motorDoor)
        bench.ask()
        bench.reads(.contact, true)
        bench.give(.sensorFailed(.obstacle))
        bench.wait(.seconds(100))
        #expect(bench.rests(.opener).isEmpty)
        bench.give(.lock)
        #expect(!bench.isReleased(.opener))
        bench.wait(.seconds(20))
        #expect(!bench.isReleased(.opener))
    }
}
