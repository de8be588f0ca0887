import GateTypes
import PassageControl
import Testing

/// Rules 3 and 7, and the air lock.
@Suite struct DoorFaultTests {
    @Test func aDoorWhoseStrikeIsLostIsNotSecuredBeforeItsOwnLimit() {
        var bench = DoorBench(isInterlocked: true)
        bench.give(.partner(isSecured: true))
        bench.ask()
        bench.give(.driveFailed(.strike))
        #expect(!bench.door.isSecured(at: bench.now))
        bench.wait(.seconds(6))
        #expect(bench.door.isSecured(at: bench.now))
    }

    @Test func anEmergencyReleasesAtOnceAndIsRenewedUntilTheReset() {
        var bench = DoorBench(drives: DoorBench.motor, fitted: DoorTests.motorDoor)
        bench.ask(5)
        let effects = bench.give(.emergencyRelease)
        #expect(
            Array(effects.prefix(2)) == [
                .assert(.strike, atMost: .seconds(5)), .assert(.opener, atMost: .seconds(4)),
            ])
        #expect(bench.ends == [5: [.interrupted]])
        bench.wait(.seconds(600))
        for drive in Door.Drive.allCases {
            let times = bench.asserts(drive)
            #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 < .seconds(4) })
            #expect((times.last ?? .zero) > .seconds(597))
        }
        bench.give(.emergencyReset)
        #expect(bench.rests(.strike).count == 1)
        let count = bench.asserts(.strike).count
        bench.wait(.seconds(100))
        #expect(bench.asserts(.strike).count == count)
        #expect(bench.door.state == .working(.secured))
    }

    @Test func afterTheResetTheMotorWaitsForTheObstacle() {
        var bench = DoorBench(drives: DoorBench.motor, fitted: DoorTests.motorDoor)
        bench.give(.emergencyRelease)
        bench.reads(.contact, true)
        bench.reads(.obstacle, true)
        bench.give(.emergencyReset)
        bench.wait(.seconds(20))
        #expect(bench.rests(.opener).isEmpty)
        bench.reads(.obstacle, false)
        #expect(bench.rests(.opener).count == 1)
        bench.reads(.contact, false)
        #expect(bench.door.state == .working(.secured))
        #expect(!bench.notes.contains(.forced))
    }

    @Test func inAnEmergencyWarrantsAreRefusedAndNothingLocks() {
        var bench = DoorBench()
        bench.give(.emergencyRelease)
        bench.ask(1)
        bench.ask(2, .person, by: .named)
        #expect(bench.ends == [1: [.refused(.emergency)], 2: [.refused(.emergency)]])
        #expect(bench.give(.lock) == [.note(.lockRefused(.emergency))])
        bench.give(.sensorFailed(.contact))
        bench.wait(.seconds(100))
        #expect(bench.rests(.strike).isEmpty)
        #expect(bench.door.faults == [.sensorFailed(.contact)])
    }

    @Test(arguments: DoorBench.bicycles.sorted())
    func aFailedSensorLeavesTheDoorToTheGuardUntilItIsBack(sensor: Door.Sensor) {
        var bench = DoorBench(fitted: DoorBench.bicycles)
        bench.give(.sensorFailed(sensor))
        bench.ask(1)
        #expect(bench.ends == [1: [.refused(.faulty)]])
        bench.ask(2, .person, by: .named)
        #expect(bench.asserts(.strike).count == 1)
        bench.wait(.seconds(10))
        #expect(!bench.isReleased(.strike))
        bench.reads(sensor, false)
        #expect(bench.door.state == .working(.secured))
    }

    @Test func aFailedStrikeIsAFaultUntilANamedPersonClearsIt() {
        var bench = DoorBench()
        bench.ask(1)
        bench.give(.driveFailed(.strike))
        #expect(bench.ends == [1: [.interrupted]])
        bench.ask(2)
        bench.ask(3, .person, by: .named)
        #expect(bench.ends[3] == [.refused(.faulty)])
        bench.give(.clearFault)
        bench.ask(4)
        #expect(bench.asserts(.strike).count == 2)
    }

    @Test func aContactThatComesBackOpenIsNotForcedWhenTheLeafWasOpen() {
        var bench = DoorBench()
        bench.ask(1)
        bench.reads(.contact, true)
        bench.give(.sensorFailed(.contact))
        bench.wait(.seconds(5))
        bench.reads(.contact, true)
        #expect(!bench.notes.contains(.forced))
        bench.reads(.contact, false)
        #expect(bench.door.state == .working(.secured))
    }

    // MARK: Air lock

    @Test func aDoorOpensOnlyWhileTheOtherIsSecured() {
        var lock = AirLockBench()
        lock.ask(.outer, 1)
        lock.ask(.inner, 2)
        #expect(lock.outer.asserts(.strike).count == 1 && lock.inner.asserts(.strike).isEmpty)
        lock.reads(.outer, .contact, true)
        lock.wait(.seconds(3))
        #expect(lock.inner.asserts(.strike).isEmpty)
        lock.reads(.outer, .contact, false)
        #expect(lock.inner.asserts(.strike).count == 1)
    }

    @Test func whoWaitsForTheOtherDoorTooLongIsTold() {
        var lock = AirLockBench()
        lock.ask(.outer, 1)
        lock.reads(.outer, .contact, true)
        lock.ask(.inner, 2)
        lock.wait(.seconds(11))
        #expect(lock.inner.ends == [2: [.lapsed]])
    }

    @Test func aForcedDoorEndsTheReleaseOfTheOther() {
        var lock = AirLockBench()
        lock.ask(.outer, 1)
        lock.reads(.inner, .contact, true)
        #expect(lock.inner.notes.contains(.forced))
        #expect(lock.outer.rests(.strike).count == 1)
        #expect(lock.outer.ends == [1: [.interrupted]])
    }

    @Test func aDoorWhoseContactFailedCountsAsOpen() {
        var lock = AirLockBench()
        lock.give(.outer, .sensorFailed(.contact))
        lock.ask(.inner, 1)
        lock.wait(.seconds(5))
        #expect(lock.inner.asserts(.strike).isEmpty)
    }

    @Test func anEmergencyReleasesBoth() {
        var lock = AirLockBench()
        lock.ask(.outer, 1)
        lock.reads(.outer, .contact, true)
        lock.give(.outer, .emergencyRelease)
        lock.give(.inner, .emergencyRelease)
        #expect(lock.inner.asserts(.strike).count == 1)
        #expect(lock.outer.asserts(.strike).count == 2)
    }
}

/// Two doors of which each is told at once when the other one is secured, or is not.
struct AirLockBench {
    enum Side { case outer, inner }

    var outer = DoorBench(isInterlocked: true)
    var inner = DoorBench(isInterlocked: true)

    init() {
        tell()
    }

    mutating func give(_ side: Side, _ event: Door.Event) {
        switch side {
        case .outer: outer.give(event)
        case .inner: inner.give(event)
        }
        tell()
    }

    mutating func ask(_ side: Side, _ number: UInt64) {
        give(side, .ask(PersonWarrant(number, by: .policy), .person))
    }

    mutating func reads(_ side: Side, _ sensor: Door.Sensor, _ active: Bool) {
        give(side, .reads(sensor, active: active))
    }

    mutating func wait(_ span: Duration) {
        for _ in 0..<Int(span / .milliseconds(100)) {
            outer.wait(.milliseconds(100))
            tell()
            inner.wait(.milliseconds(100))
            tell()
        }
    }

    private mutating func tell() {
        inner.give(.partner(isSecured: outer.door.isSecured(at: outer.now)))
        outer.give(.partner(isSecured: inner.door.isSecured(at: inner.now)))
        inner.give(.partner(isSecured: outer.door.isSecured(at: outer.now)))
    }
}
