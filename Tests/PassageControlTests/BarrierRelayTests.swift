import GateTypes
import PassageControl
import Testing

/// Rule 2: opposite relays, dead time, bounded assertions, single-pulse wiring.
@Suite struct BarrierRelayTests {
    @Test func keepsTheDeadTimeBetweenRaiseAndLower() {
        var bench = Bench(drives: Bench.allDrives.merging([.raise: .seconds(9)]) { $1 }) {
            $0.deadTime = .seconds(1)
            $0.clearance = .zero
        }
        bench.open()
        let rested = bench.said.last { $0.effect == .rest(.raise) }?.at
        bench.give(.close)
        bench.wait(.seconds(3))
        #expect(bench.asserts(.lower) == [(rested ?? .zero) + .seconds(1)])
    }

    @Test func aGrantWhileLoweringReversesAfterTheDeadTime() {
        var bench = Bench()
        bench.openAndLower()
        let effects = bench.give(.open(.policy))
        #expect(effects.first == .rest(.lower))
        #expect(bench.asserts(.raise).count == 1)
        bench.wait(.milliseconds(200))
        #expect(bench.asserts(.raise).count == 2)
    }

    @Test func anUpperLimitThatStillReadsDoesNotCutTheReversalShort() {
        var bench = Bench()
        bench.openAndLower()
        bench.give(.open(.policy))  // The boom has left; its switch has not told yet.
        bench.wait(.milliseconds(200))
        #expect(!bench.said.suffix(3).contains { $0.effect == .rest(.raise) })
        bench.reads(.up, false)
        bench.wait(.milliseconds(400))
        bench.reads(.up, true)
        bench.wait(.milliseconds(100))
        #expect(bench.barrier.state.isOpen)
    }

    @Test func everyAssertionIsBoundedByTheOutputAndTheMotor() {
        var bench = Bench(drives: [.raise: .seconds(60), .lower: .seconds(60), .stop: .seconds(60)])
        bench.openAndLower()
        bench.reads(.safety, true)
        bench.wait(.seconds(10))
        for said in bench.said {
            if case .assert(let drive, let limit) = said.effect {
                #expect(limit > .zero && limit <= .seconds(drive == .stop ? 1 : 4))
            }
        }
    }

    @Test func noUpperLimitWithinTheMotorsTimeStopsAndFaults() {
        var bench = Bench()
        bench.give(.open(.policy))
        bench.wait(.seconds(4))
        #expect(bench.barrier.faults == [.noUpperLimit])
        #expect(bench.said.contains { $0.effect == .assert(.stop, atMost: .milliseconds(500)) })
        bench.give(.open(.policy))
        bench.wait(.seconds(60))
        #expect(bench.asserts(.raise).count == 1)
        bench.give(.open(.named))  // One retry by hand.
        bench.wait(.seconds(60))
        #expect(bench.asserts(.raise).count == 2)
        #expect(bench.barrier.faults == [.noUpperLimit])
    }

    @Test func noLowerLimitWithinTheMotorsTimeStopsAndFaults() {
        var bench = Bench()
        bench.openAndLower()
        bench.wait(.milliseconds(400))
        bench.reads(.up, false)
        bench.wait(.seconds(4))
        #expect(bench.barrier.faults == [.noLowerLimit])
        #expect(bench.said.last { $0.effect == .assert(.stop, atMost: .milliseconds(500)) } != nil)
        bench.wait(.seconds(60))
        #expect(bench.asserts(.lower).count == 1)
        #expect(bench.asserts(.raise).count == 1)
    }

    @Test func theStopRelayLetsGoBeforeAReversedBoomRises() {
        var bench = Bench()
        bench.openAndLower()
        bench.reads(.up, false)
        bench.wait(.milliseconds(700))
        let stopped = bench.elapsed
        let limits = bench.reads(.safety, true).compactMap { effect -> Duration? in
            if case .assert(.stop, let limit) = effect { limit } else { nil }
        }
        bench.wait(.milliseconds(200))
        #expect(limits == [.milliseconds(175)])
        #expect(bench.asserts(.raise).last == stopped + .milliseconds(200))
    }

    /// Stopped for good at the end of the motor's time, with 400 ms of the pulse to go.
    private static func stopped() -> Bench {
        var bench = Bench()
        bench.openAndLower()
        bench.wait(.milliseconds(400))
        bench.reads(.up, false)
        bench.wait(.milliseconds(3_700))
        return bench
    }

    @Test(arguments: [Barrier.Event.open(.named), .emergencyRelease])
    func aRiseSoonAfterAStopWaitsForItsContact(event: Barrier.Event) {
        var bench = Self.stopped()
        let effects = bench.give(event)
        #expect(effects.contains(.rest(.stop)))
        #expect(bench.asserts(.raise).count == 1)
        bench.wait(.milliseconds(24))
        #expect(bench.asserts(.raise).count == 1)
        bench.wait(.milliseconds(1))
        #expect(bench.asserts(.raise).last == bench.elapsed)
    }

    @Test(arguments: [Barrier.Event.open(.named), .emergencyRelease])
    func aLostStopRelayIsWaitedForUntilItsOwnLimit(event: Barrier.Event) {
        var bench = Self.stopped()
        let pulse = bench.asserts(.stop).last ?? .zero
        bench.give(.driveFailed(.stop))
        bench.give(event)
        bench.wait(.seconds(1))
        #expect(bench.asserts(.raise).dropFirst().first == pulse + .milliseconds(525))
    }

    @Test func anOpeningSoonAfterAStopWaitsForItsContact() {
        var bench = Self.stopped()
        bench.give(.clearFault)
        #expect(bench.give(.open(.policy)).contains(.rest(.stop)))
        #expect(bench.asserts(.raise).count == 1)
        bench.wait(.milliseconds(25))
        #expect(bench.asserts(.raise).last == bench.elapsed)
    }

    @Test func aRiseByNameInAFaultKeepsTheDeadTime() {
        var bench = Bench()
        bench.openAndLower()
        bench.wait(.milliseconds(300))
        bench.give(.sensorFailed(.up))
        bench.give(.open(.named))
        bench.wait(.milliseconds(199))
        #expect(bench.asserts(.raise).count == 1)
        bench.wait(.milliseconds(26))  // The stop relay rests then, and its contact opens.
        #expect(bench.asserts(.raise).count == 2)
    }

    @Test func anOpeningRightAfterTheBoomIsDownKeepsTheDeadTime() {
        var bench = Bench()
        bench.openAndLower()
        bench.wait(.milliseconds(600))
        bench.reads(.up, false)
        bench.reads(.down, true)
        #expect(bench.barrier.state == .resting(.down))
        bench.give(.open(.policy))
        bench.wait(.milliseconds(199))
        #expect(bench.asserts(.raise).count == 1)
        bench.wait(.milliseconds(1))
        #expect(bench.asserts(.raise).count == 2)
    }

    @Test func aLostRaiseRelayIsNotDrivenByAReversal() {
        var bench = Bench()
        bench.openAndLower()
        bench.wait(.milliseconds(300))
        bench.reads(.safety, true)
        bench.give(.driveFailed(.raise))
        bench.wait(.seconds(5))
        #expect(bench.asserts(.raise).count == 1)
    }

    @Test func aBoomWithOneRelayIsNotLoweredByName() {
        var bench = Bench(drives: [.raise: .seconds(1)], active: [.up])
        bench.wait(.seconds(10))
        #expect(bench.give(.close) == [.note(.closeRefused(.noLowerRelay))])
        #expect(bench.barrier.state == .resting(.up))
    }

    @Test func aCloseSoonAfterAStopIsRefused() {
        var bench = Self.stopped()
        bench.give(.clearFault)
        #expect(bench.give(.close) == [.note(.closeRefused(.deadTime))])
        bench.wait(.milliseconds(500))
        bench.give(.close)
        #expect(bench.asserts(.lower).last == bench.elapsed)
    }

    @Test func aBoomThatLeavesItsUpperEndByItselfIsAFault() {
        var bench = Bench()
        bench.open()
        bench.reads(.up, false)
        #expect(bench.barrier.faults == [.boomMoved])
        bench.wait(.seconds(60))
        #expect(bench.asserts(.lower).isEmpty)
    }

    @Test func aFallingBoomOverAVehicleIsRaisedAgain() {
        var bench = Bench()
        bench.open()
        bench.reads(.safety, true)
        bench.reads(.up, false)
        bench.wait(.seconds(1))
        #expect(bench.asserts(.raise).count == 2)
        #expect(bench.barrier.faults == [.boomMoved])
    }

    @Test func bothLimitSwitchesAtOnceAreAFault() {
        var bench = Bench(active: [.up, .down])
        #expect(bench.barrier.faults == [.limitsContradict])
        bench.give(.open(.policy))
        #expect(bench.asserts(.raise).isEmpty)
        bench.reads(.up, false)
        #expect(bench.barrier.state == .resting(.down))
    }

    @Test func aLostLowerRelayDelaysTheRiseUntilItsOwnLimit() {
        var bench = Bench()
        bench.openAndLower()
        let lowered = bench.elapsed
        bench.wait(.milliseconds(300))
        bench.reads(.safety, true)
        bench.give(.driveFailed(.lower))
        bench.give(.emergencyRelease)
        bench.wait(.seconds(3))
        let rise = bench.asserts(.raise).last ?? .zero
        #expect(rise >= lowered + .milliseconds(300 + 200))
        #expect(bench.barrier.faults.contains(.driveFailed(.lower)))

        var lost = Bench()
        lost.openAndLower()
        let start = lost.elapsed
        lost.give(.driveFailed(.lower))
        lost.give(.emergencyRelease)
        lost.wait(.seconds(3))
        #expect(lost.asserts(.raise).dropFirst().first == start + .milliseconds(1_200))
    }

    @Test func aFailedOutputLeavesTheLaneToThePersonAtTheGate() {
        for drive in [Bench.Drive.raise, .lower, .stop] {
            var bench = Bench()
            bench.give(.driveFailed(drive))
            #expect(bench.barrier.faults == [.driveFailed(drive)])
            bench.give(.open(.policy))
            #expect(bench.asserts(.raise).isEmpty)
            bench.give(.clearFault)
            #expect(bench.barrier.state == .resting(.down))
        }
    }

    @Test func aSinglePulseBoomIsNeverLoweredAndPulsedFromBelowOnly() {
        let single: [Bench.Drive: Duration] = [.raise: .seconds(1)]
        var bench = Bench(drives: single)
        bench.open()
        bench.driveThrough()
        bench.wait(.seconds(100))
        #expect(bench.give(.close).isEmpty || bench.notes.contains(.closeRefused(.noLowerRelay)))
        #expect(bench.asserts(.lower).isEmpty)
        #expect(bench.asserts(.raise).count == 1)

        var halfWay = Bench(drives: single, active: [])
        #expect(!halfWay.barrier.acceptsPolicy)
        halfWay.give(.open(.policy))
        halfWay.give(.open(.named))
        #expect(halfWay.asserts(.raise).isEmpty)

        var up = Bench(drives: single, active: [.up])
        up.give(.emergencyRelease)
        up.wait(.seconds(30))
        #expect(up.asserts(.raise).isEmpty)
        up.reads(.up, false)  // Its own controller closes it.
        #expect(up.asserts(.raise).count == 1)
    }

    @Test func theLampIsGreenOnlyWhileOpenAndIsRenewed() {
        var bench = Bench(drives: Bench.allDrives.merging([.lamp: .seconds(4)]) { $1 })
        bench.give(.open(.policy))
        #expect(bench.asserts(.lamp).isEmpty)
        bench = Bench(drives: Bench.allDrives.merging([.lamp: .seconds(4)]) { $1 })
        bench.open()
        bench.reads(.safety, true)
        bench.wait(.seconds(20))
        let renewals = zip(bench.asserts(.lamp), bench.asserts(.lamp).dropFirst())
        #expect(bench.asserts(.lamp).count >= 5)
        #expect(renewals.allSatisfy { $1 - $0 < .seconds(4) })
        #expect(bench.give(.emergencyRelease).contains(.rest(.lamp)))
    }
}

extension Barrier.State {
    var isOpen: Bool { if case .open = self { true } else { false } }
    var isEmergency: Bool { if case .emergency = self { true } else { false } }
}
