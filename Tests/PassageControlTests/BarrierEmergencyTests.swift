import GateTypes
import PassageControl
import Testing

/// Rule 3: an emergency holds, and nothing closes after it without a name.
@Suite struct BarrierEmergencyTests {
    @Test func aLoweringBoomStopsFirstAndRisesAfterTheDeadTime() {
        var bench = Bench()
        bench.openAndLower()
        let effects = bench.give(.emergencyRelease)
        #expect(effects.first == .rest(.lower))
        #expect(!effects.contains { if case .assert(.raise, _) = $0 { true } else { false } })
        let stopped = bench.elapsed
        bench.wait(.milliseconds(200))
        #expect(bench.asserts(.raise).last == stopped + .milliseconds(200))
    }

    @Test func aBoomAtRestRisesAtOnce() {
        var bench = Bench()
        let effects = bench.give(.emergencyRelease)
        #expect(effects.contains(.assert(.raise, atMost: .seconds(1))))
    }

    @Test func theReleaseIsRenewedBeforeItsLimitUntilTheReset() {
        var bench = Bench()
        bench.give(.emergencyRelease)
        bench.wait(.seconds(1))
        bench.reads(.down, false)
        bench.reads(.up, true)
        bench.wait(.seconds(600))
        let times = bench.asserts(.raise)
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 < .seconds(1) })
        #expect((times.last ?? .zero) > .seconds(599))
        #expect(bench.give(.emergencyReset).contains(.rest(.raise)))
        let count = bench.asserts(.raise).count
        bench.wait(.seconds(600))
        #expect(bench.asserts(.raise).count == count)
    }

    /// A false alarm: reset before the boom is up. It is not left half way, and nobody forced it.
    @Test func aResetDuringTheRiseLetsItEnd() {
        var bench = Bench()
        bench.give(.emergencyRelease)
        bench.reads(.down, false)
        bench.wait(.seconds(1))
        #expect(!bench.give(.emergencyReset).contains(.rest(.raise)))
        #expect(bench.barrier.faults.isEmpty && bench.barrier.isBusy)
        bench.wait(.milliseconds(500))
        let arrived = bench.reads(.up, true)
        #expect(arrived.contains(.rest(.raise)))
        #expect(!arrived.contains(.note(.movedUncommanded)))
        #expect(bench.barrier.position == .up && bench.barrier.closesByNameOnly)
        #expect(bench.barrier.acceptsPolicy)
    }

    @Test func withoutSwitchesTheNextOpeningAfterAnEarlyResetRaises() {
        var bench = Bench(fitted: [.approach, .safety, .photocell])
        bench.give(.emergencyRelease)
        bench.give(.emergencyReset)
        bench.wait(.seconds(60))
        #expect(bench.barrier.position == nil)
        let count = bench.asserts(.raise).count
        bench.give(.open(.policy))
        #expect(bench.asserts(.raise).count == count + 1)
    }

    @Test func afterTheResetNothingClosesWithoutANamedCommandAndClearPresence() {
        var bench = Bench()
        bench.give(.emergencyRelease)
        bench.reads(.down, false)
        bench.reads(.up, true)
        bench.wait(.seconds(10))
        bench.give(.emergencyReset)
        bench.give(.open(.policy))
        bench.driveThrough()
        bench.wait(.seconds(300))
        #expect(bench.asserts(.lower).isEmpty)
        bench.reads(.safety, true)
        bench.give(.close)
        #expect(bench.asserts(.lower).isEmpty)
        bench.reads(.safety, false)
        bench.wait(.milliseconds(1500))
        #expect(bench.asserts(.lower).count == 1)
        #expect(bench.barrier.closesByNameOnly)
        bench.wait(.milliseconds(400))
        bench.reads(.up, false)
        bench.wait(.seconds(2))
        bench.reads(.down, true)
        bench.wait(.seconds(1))
        #expect(!bench.barrier.closesByNameOnly)
    }

    @Test func commandsAndGrantsDoNotLowerInAnEmergency() {
        var bench = Bench()
        bench.give(.emergencyRelease)
        bench.wait(.seconds(5))
        #expect(bench.give(.close).contains(.note(.closeRefused(.emergency))))
        bench.give(.open(.policy))
        bench.give(.clearFault)
        bench.wait(.seconds(100))
        #expect(bench.asserts(.lower).isEmpty)
        #expect(bench.barrier.state.isEmergency)
    }

    @Test func faultsInAnEmergencyAreToldAndTheReleaseStands() {
        var bench = Bench()
        bench.give(.emergencyRelease)
        bench.wait(.seconds(5))
        #expect(bench.barrier.faults.contains(.noUpperLimit))
        bench.give(.sensorFailed(.safety))
        let count = bench.asserts(.raise).count
        bench.wait(.seconds(5))
        #expect(bench.asserts(.raise).count > count)
        bench.give(.emergencyReset)
        #expect(bench.barrier.faults == [.noUpperLimit, .sensorFailed(.safety)])
    }

    @Test func aBoomFlaggedOverARestartStillClosesByNameOnly() {
        var bench = Bench(active: [.up], closesByNameOnly: true)
        bench.give(.open(.policy))
        bench.driveThrough()
        bench.wait(.seconds(100))
        #expect(bench.asserts(.lower).isEmpty)
        bench.give(.close)
        #expect(bench.asserts(.lower).count == 1)
    }

    @Test func fireStopsABoomThatGoesDownAfterItsPulseHasEnded() {
        var bench = Bench()
        bench.openAndLower()
        bench.wait(.seconds(2))
        #expect(
            bench.give(.emergencyRelease).contains(.assert(.stop, atMost: .milliseconds(175))))
    }

    @Test func fireStopsABoomWhoseLowerRelayIsLost() {
        var bench = Bench()
        bench.openAndLower()
        bench.wait(.milliseconds(300))
        bench.give(.driveFailed(.lower))
        #expect(
            bench.give(.emergencyRelease).contains(.assert(.stop, atMost: .milliseconds(175))))
    }
}
