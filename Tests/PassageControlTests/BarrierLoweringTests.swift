import GateTypes
import PassageControl
import Testing

/// Rule 1: never down onto anything, and up again at once.
@Suite struct BarrierLoweringTests {
    @Test func lowersOnlyWhenTheClearanceTimeIsOverAfterAPassage() {
        var bench = Bench()
        bench.open()
        bench.driveThrough()
        bench.wait(.milliseconds(1499))
        #expect(bench.asserts(.lower).isEmpty)
        bench.wait(.milliseconds(1))
        #expect(bench.asserts(.lower) == [bench.elapsed])
        bench.wait(.seconds(2))
        bench.reads(.up, false)
        #expect(bench.reads(.down, true).contains(.note(.closed)))
        #expect(bench.barrier.state == .resting(.down))
    }

    @Test(arguments: [BarrierSensor.safety, .photocell])
    func aNamedCloseDoesNotLowerOntoPresence(sensor: BarrierSensor) {
        var bench = Bench(active: [.up, sensor])
        #expect(bench.give(.close) == [.note(.closeRefused(.occupied))])
        bench.open()
        bench.give(.close)
        bench.wait(.seconds(60))
        #expect(bench.asserts(.lower).isEmpty)
    }

    @Test(arguments: [BarrierSensor.safety, .photocell])
    func aNamedCloseWaitsForTheClearanceTime(sensor: BarrierSensor) {
        var bench = Bench(active: [.up, sensor])
        bench.wait(.seconds(5))
        bench.reads(sensor, false)
        bench.wait(.milliseconds(1000))
        #expect(bench.give(.close) == [.note(.closeRefused(.notClearLongEnough))])
        bench.wait(.milliseconds(500))
        bench.give(.close)
        #expect(bench.asserts(.lower) == [bench.elapsed])
    }

    @Test(arguments: [BarrierSensor.safety, .photocell])
    func presenceStopsALoweringBoomAtOnceAndRaisesItAfterTheDeadTime(sensor: BarrierSensor) {
        var bench = Bench()
        bench.openAndLower()
        bench.wait(.milliseconds(700))
        bench.reads(.up, false)
        let effects = bench.reads(sensor, true)
        #expect(effects.contains(.rest(.lower)))
        #expect(effects.contains(.assert(.stop, atMost: .milliseconds(175))))
        #expect(effects.contains(.note(.reversed)))
        let stopped = bench.elapsed
        bench.wait(.milliseconds(199))
        #expect(bench.asserts(.raise).count == 1)
        bench.wait(.milliseconds(1))
        #expect(bench.asserts(.raise).last == stopped + .milliseconds(200))
    }

    @Test func presenceReversesAlsoWhenTheLowerPulseHasEnded() {
        var bench = Bench()
        bench.openAndLower()
        bench.reads(.up, false)
        bench.wait(.milliseconds(2500))
        bench.reads(.safety, true)
        bench.wait(.milliseconds(200))
        #expect(bench.asserts(.raise).last == bench.elapsed)
    }

    @Test(arguments: [BarrierSensor.safety, .photocell])
    func aFailedPresenceSensorReversesALoweringBoomAndKeepsItUp(sensor: BarrierSensor) {
        var bench = Bench()
        bench.openAndLower()
        bench.wait(.milliseconds(500))
        bench.reads(.up, false)
        let effects = bench.give(.sensorFailed(sensor))
        #expect(effects.contains(.rest(.lower)))
        #expect(effects.contains(.note(.faulted(.sensorFailed(sensor)))))
        bench.wait(.milliseconds(200))
        #expect(bench.asserts(.raise).count == 2)
        bench.wait(.seconds(200))
        #expect(bench.asserts(.lower).count == 1)
        bench.give(.close)
        #expect(bench.asserts(.lower).count == 1)
    }

    @Test func aLoopThatLosesWhatThePhotocellSawKeepsTheBoomUp() {
        var bench = Bench()
        bench.open()
        bench.driveThrough(loop: false)
        bench.wait(.seconds(60))
        #expect(bench.asserts(.lower).isEmpty)
        #expect(bench.barrier.faults == [.presenceContradicts])
        #expect(!bench.barrier.acceptsPolicy)
    }

    @Test func aPhotocellBlindToWhatTheLoopSawKeepsTheBoomUp() {
        var bench = Bench()
        bench.open()
        bench.driveThrough(beam: false)
        bench.wait(.seconds(60))
        #expect(bench.asserts(.lower).isEmpty)
        #expect(bench.barrier.faults == [.presenceContradicts])
    }

    @Test func aCameraThatStillSeesThePassedVehicleStopsTheBoom() {
        var bench = Bench()
        bench.openAndLower()
        bench.wait(.milliseconds(700))
        bench.reads(.up, false)
        let effects = bench.give(.contradicted)
        #expect(effects.contains(.rest(.lower)))
        bench.wait(.milliseconds(200))
        #expect(bench.asserts(.raise).count == 2)
        #expect(bench.barrier.faults == [.presenceContradicts])

        var waiting = Bench()
        waiting.open()
        waiting.driveThrough()
        waiting.give(.contradicted)
        waiting.wait(.seconds(60))
        #expect(waiting.asserts(.lower).isEmpty)
    }

    @Test func aContradictionEndsByANamedPersonOnly() {
        var bench = Bench()
        bench.open()
        bench.driveThrough(loop: false)
        bench.wait(.seconds(60))
        #expect(bench.give(.close) == [.note(.closeRefused(.faulty))])
        bench.give(.clearFault)
        #expect(bench.barrier.state == .resting(.up))
        bench.wait(.seconds(60))
        #expect(bench.asserts(.lower).isEmpty)
        bench.give(.close)
        #expect(bench.asserts(.lower).count == 1)
    }

    @Test func closesBehindAVehicleThatNeverDrives() {
        var bench = Bench()
        bench.reads(.approach, true)
        bench.open()
        bench.wait(.seconds(26))
        #expect(bench.asserts(.lower).isEmpty)
        bench.wait(.seconds(2))
        #expect(bench.asserts(.lower).count == 1)
        #expect(bench.notes.contains(.waitedInVain))
    }

    @Test func staysUpWhileAVehicleStandsUnderItHoweverLong() {
        var bench = Bench()
        bench.open()
        bench.reads(.approach, true)
        bench.reads(.safety, true)
        bench.reads(.photocell, true)
        bench.reads(.approach, false)
        bench.wait(.seconds(500))
        bench.reads(.photocell, false)
        bench.wait(.seconds(50))
        #expect(bench.asserts(.lower).isEmpty)
    }

    @Test func aNamedCloseAtTheMomentASensorCountsAsStuckDoesNotLower() {
        var bench = Bench(active: [.up])
        bench.reads(.approach, true)
        bench.skip(.seconds(600))
        bench.give(.close)
        #expect(bench.asserts(.lower).isEmpty)
    }

    @Test func aBoomFoundHalfWayIsMovedByAFreshDecisionOnly() {
        var bench = Bench(active: [])
        #expect(bench.barrier.state == .resting(.between))
        bench.wait(.seconds(3_600))
        #expect(bench.said.isEmpty)
        bench.give(.close)
        #expect(bench.asserts(.lower).count == 1)
    }
}
