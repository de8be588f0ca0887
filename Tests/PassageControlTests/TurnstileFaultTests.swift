import GateTypes
import PassageControl
import Testing

/// Rules 3 and 7: emergencies, and what is out of order.
@Suite struct TurnstileFaultTests {
    @Test func inAnEmergencyTheSideGateMayStandOpen() {
        var bench = TurnstileBench()
        bench.give(.emergencyRelease)
        bench.reads(.gate, true)
        bench.wait(.seconds(600))
        #expect(!bench.notes.contains(.gateHeldOpen))
        bench.give(.emergencyReset)
        bench.wait(.seconds(31))
        #expect(bench.notes.count { $0 == .gateHeldOpen } == 1)
    }

    @Test func anEmergencyReleasesBothWaysAndDropsTheArmsAtOnce() {
        var bench = TurnstileBench()
        let effects = bench.give(.emergencyRelease)
        #expect(
            Array(effects.prefix(4)) == [
                .assert(.entry, atMost: .seconds(6)), .assert(.exit, atMost: .seconds(6)),
                .assert(.gate, atMost: .seconds(6)), .assert(.arm, atMost: .seconds(4)),
            ])
    }

    @Test func theReleaseIsRenewedBeforeItsLimitUntilTheReset() {
        var bench = TurnstileBench()
        bench.ask(.entry, 7)
        bench.give(.emergencyRelease)
        #expect(bench.ends == [7: [.interrupted]])
        bench.wait(.seconds(600))
        for drive in Turnstile.Drive.allCases {
            let times = bench.asserts(drive)
            #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 < .seconds(4) })
            #expect((times.last ?? .zero) > .seconds(597))
        }
        bench.give(.emergencyReset)
        for drive in Turnstile.Drive.allCases { #expect(bench.rests(drive).count == 1) }
        let count = bench.said.count
        bench.wait(.seconds(600))
        #expect(bench.turnstile.state == .locked)
        #expect(bench.said.count == count)
    }

    @Test func afterTheResetNothingLocksOntoAPerson() {
        var bench = TurnstileBench()
        bench.give(.emergencyRelease)
        bench.reads(.inner, true)
        bench.give(.emergencyReset)
        #expect(bench.give(.lock) == [.note(.lockRefused(.busy))])
        bench.wait(.seconds(10))
        #expect(bench.rests(.exit).isEmpty)
        bench.reads(.inner, false)
        #expect(bench.rests(.exit).count == 1)
    }

    @Test func aSensorThatCannotTellIsOverruledByNameAfterTheReset() {
        var bench = TurnstileBench()
        bench.give(.emergencyRelease)
        bench.give(.sensorFailed(.outer))
        #expect(bench.give(.lock) == [.note(.lockRefused(.emergency))])
        bench.give(.emergencyReset)
        bench.wait(.seconds(10))
        #expect(bench.rests(.exit).isEmpty)
        bench.give(.lock)
        #expect(bench.rests(.exit).count == 1)
        #expect(bench.turnstile.faults == [.sensorFailed(.outer)])
    }

    @Test func aSecondEmergencyBeforeAllIsClearHoldsAgain() {
        var bench = TurnstileBench()
        bench.give(.emergencyRelease)
        bench.reads(.inner, true)
        bench.give(.emergencyReset)
        bench.give(.emergencyRelease)
        bench.reads(.inner, false)
        bench.wait(.seconds(100))
        #expect(bench.rests(.entry).isEmpty)
    }

    @Test func inAnEmergencyWarrantsAreRefusedAndPeopleAreCounted() {
        var bench = TurnstileBench()
        bench.give(.emergencyRelease)
        bench.ask(.entry, 1)
        bench.ask(.exit, 2, by: .named)
        #expect(bench.ends == [1: [.refused(.emergency)], 2: [.refused(.emergency)]])
        bench.walk(.exit)
        #expect(bench.notes.last == .passedFreely(.exit))
    }

    @Test(arguments: Turnstile.Sensor.allCases)
    func aFailedSensorLeavesTheChannelToTheGuardUntilItIsBack(sensor: Turnstile.Sensor) {
        var bench = TurnstileBench()
        bench.give(.sensorFailed(sensor))
        #expect(bench.turnstile.faults == [.sensorFailed(sensor)])
        #expect(!bench.turnstile.acceptsPolicy)
        bench.ask(.entry, 1)
        #expect(bench.ends == [1: [.refused(.faulty)]])
        bench.ask(.entry, 2, by: .named)
        #expect(bench.asserts(.entry).count == 1)
        bench.wait(.seconds(6))
        #expect(bench.ends[2] == [.unused])
        bench.reads(sensor, false)
        bench.wait(.seconds(1))
        #expect(bench.turnstile.state == .locked)
    }

    @Test func aPassageSensorThatIsActiveForTooLongIsStuck() {
        var bench = TurnstileBench()
        bench.reads(.outer, true)
        bench.wait(.seconds(59))
        #expect(bench.turnstile.faults.isEmpty)
        bench.wait(.seconds(1))
        #expect(bench.turnstile.faults == [.stuck(.outer)])
        bench.reads(.outer, false)
        #expect(bench.notes.contains(.recovered(.stuck(.outer))))
    }

    @Test func aReleaseUnderAStuckSensorEnds() {
        var bench = TurnstileBench()
        bench.ask(.entry)
        bench.reads(.outer, true)
        bench.wait(.seconds(70))
        #expect(bench.rests(.entry).count == 1)
        #expect(bench.ends.count == 1)
    }

    @Test(arguments: [Turnstile.Sensor.outer, .inner])
    func aSensorThatNeverSeesAnybodyIsFoundOut(dead: Turnstile.Sensor) {
        var bench = TurnstileBench()
        let living: Turnstile.Sensor = dead == .outer ? .inner : .outer
        for number in 1...3 {
            #expect(bench.turnstile.faults.isEmpty)
            bench.ask(.entry, UInt64(number))
            bench.reads(living, true)
            bench.wait(.milliseconds(500))
            bench.reads(living, false)
            bench.wait(.seconds(7))
        }
        #expect(bench.turnstile.faults == [.silent(dead)])
        bench.reads(dead, true)
        bench.reads(dead, false)
        #expect(bench.turnstile.faults.isEmpty)
    }

    @Test func aFaultDoesNotLockOntoWhoeverIsPassing() {
        var bench = TurnstileBench()
        bench.ask(.entry)
        bench.reads(.outer, true)
        bench.give(.sensorFailed(.inner))
        #expect(bench.rests(.entry).isEmpty)
        bench.wait(.seconds(5))
        #expect(bench.rests(.entry).count == 1)
        #expect(bench.ends.count == 1)
    }

    @Test func aFailedOutputIsAFaultUntilANamedPersonClearsIt() {
        var bench = TurnstileBench()
        bench.ask(.entry)
        bench.give(.driveFailed(.entry))
        #expect(bench.ends == [1: [.interrupted]])
        #expect(bench.turnstile.faults == [.driveFailed(.entry)])
        bench.ask(.entry, 2, by: .named)
        #expect(bench.ends[2] == [.refused(.faulty)])
        bench.ask(.exit, 3, by: .named)
        bench.wait(.milliseconds(6300))  // A lost relay may hold on until its own limit.
        #expect(bench.asserts(.exit).count == 1)
        bench.wait(.seconds(10))
        bench.give(.clearFault)
        bench.wait(.seconds(1))
        #expect(bench.turnstile.state == .locked)
    }

    @Test func whoStoodThereAtTheStartIsNobodysPassage() {
        var bench = TurnstileBench(active: [.inner])
        bench.reads(.inner, false)
        #expect(bench.notes.isEmpty)
        bench.wait(.seconds(1))
        bench.ask(.entry)
        bench.walk(.entry)
        #expect(bench.ends == [1: [.passed]])
    }

    @Test func aNamedLockEndsAReleaseThatNobodyUses() {
        var bench = TurnstileBench()
        bench.ask(.entry, 1)
        bench.ask(.exit, 2)
        bench.give(.lock)
        #expect(bench.ends[1] == [.interrupted])
        bench.give(.lock)
        #expect(bench.ends[2] == [.interrupted])
    }

    @Test func moreThanTheQueueHoldsAreToldSo() {
        var bench = TurnstileBench()
        for number in 0...UInt64(Turnstile.queueLargest + 1) { bench.ask(.entry, number) }
        #expect(bench.ends.values.filter { $0 == [.refused(.busy)] }.count == 1)
    }
}
