import GateConfiguration
import GateTypes
import Testing

@testable import LineControl

/// Lines of which each pulse counts.
@Suite struct PulseTests {
    private func makeBank(
        refusals: [LineName: LineError] = [:]
    ) -> (FakeChip, LineBank) {
        let chip = FakeChip()
        var config = GateConfig(
            site: Site(name: "Bench", timeZone: TimeZoneTable(name: "UTC", transitions: [])))
        config.pulses = [
            "d0": PulseInputConfig(chip: "board", address: .offset(0)),
            "d1": PulseInputConfig(chip: "board", address: .offset(1)),
        ]
        chip.levels = ["d0": true, "d1": true]
        chip.refusals = refusals
        return (chip, LineBank(config: config, chips: ["board": chip], at: at(0)))
    }

    private func pulse(_ input: FakeChip.Input?, at time: Instant) {
        input?.edge(false, at: time)
        input?.level = true
    }

    @Test func onlyFallingEdgesAreAskedFor() {
        let (chip, _) = makeBank()
        #expect(chip.inputRequests.map(\.edges) == [.falling, .falling])
    }

    @Test func pulsesOfAllLinesComeInTheOrderOfTheirKernelTimes() {
        let (chip, bank) = makeBank()
        for (line, time) in [("d1", 4), ("d1", 6), ("d0", 3), ("d0", 5)] as [(LineName, Int64)] {
            pulse(chip.inputs[line], at: at(time))
        }
        #expect(
            bank.poll(at: at(10)) == [
                .pulse("d0", at: at(3)), .pulse("d1", at: at(4)), .pulse("d0", at: at(5)),
                .pulse("d1", at: at(6)),
            ])
    }

    @Test func aFullQueueIsToldBeforeItsPulses() {
        let (chip, bank) = makeBank()
        for index in 0..<LineLimits.kernelQueue {
            pulse(chip.inputs["d0"], at: at(Int64(index)))
        }
        let reports = bank.poll(at: at(100))
        #expect(reports.first == .pulsesLost("d0"))
        #expect(reports.count == LineLimits.kernelQueue + 1)
    }

    @Test func aStormMakesTheLineFaultyAndUnwatchedUntilItIsQuiet() {
        let (chip, bank) = makeBank()
        var reports: [LineReport] = []
        for index in 0..<2000 {
            let time = at(0) + .microseconds(250 * Int64(index))
            pulse(chip.inputs["d0"], at: time)
            reports += bank.poll(at: time)
        }
        let faults = reports.filter { if case .inputFailed("d0", _) = $0 { true } else { false } }
        #expect(faults.count == 1)
        #expect(reports.count <= LineLimits.edgesPerSecond + 3, "then nothing more is told")
        #expect(bank.watched.map(\.line) == ["d1"])
        for second in 1...90 { reports += bank.poll(at: at(Int64(1000 * second))) }
        #expect(reports.last == .inputRecovered("d0", active: false))
        #expect(bank.watched.map(\.line) == ["d0", "d1"])
    }

    @Test func aLineThatStaysLowIsToldOnceAndAgainWhenItIsHigh() {
        let (chip, bank) = makeBank()
        chip.inputs["d1"]?.level = false
        var reports = (1...10).flatMap { bank.poll(at: at(Int64(1000 * $0))) }
        #expect(reports.count == 1)
        guard case .inputFailed("d1", let reason)? = reports.first else {
            Issue.record("\(reports)")
            return
        }
        #expect(reason.contains("short circuit"))
        chip.inputs["d1"]?.level = true
        reports = (11...14).flatMap { bank.poll(at: at(Int64(1000 * $0))) }
        #expect(reports == [.inputRecovered("d1", active: false)])
    }

    @Test func aVanishedLineFailsAndComesBack() {
        let (chip, bank) = makeBank()
        let gone = LineError.failed("d0", operation: "read", reason: "No such device")
        chip.inputs["d0"]?.error = gone
        chip.refusals["d0"] = gone
        #expect(bank.poll(at: at(10)) == [.inputFailed("d0", reason: gone.description)])
        chip.refusals = [:]
        let reports = (1...5).flatMap { bank.poll(at: at(Int64($0) * 1000)) }
        #expect(reports == [.inputRecovered("d0", active: false)])
    }

    @Test func aLineThatIsBusyAtFirstIsToldAndTriedAgain() {
        let busy = LineError.busy("d0", consumer: "gpiomon")
        let (_, bank) = makeBank(refusals: ["d0": busy])
        #expect(bank.openingErrors == [busy])
        #expect(bank.poll(at: at(1)) == [.inputFailed("d0", reason: busy.description)])
    }
}
