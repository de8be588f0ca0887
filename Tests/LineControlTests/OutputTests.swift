import GateConfiguration
import GateTypes
import Testing

@testable import LineControl

@Suite struct OutputTests {
    @Test(arguments: [(OutputConfig.Rest.deEnergised, false), (.energised, true)])
    func firstRequestCarriesTheRestValue(rest: OutputConfig.Rest, isHigh: Bool) throws {
        var config = OutputConfig.relay(rest: rest)
        config.isActiveLow = true
        let bench = Bench(outputs: ["raise": config])
        #expect(
            bench.chip.outputRequests == [
                OutputRequest(
                    line: "raise", address: .offset(0), isActiveLow: true, isHigh: isHigh)
            ])
        try bench.bank.assert("raise", atMost: .seconds(1), at: at(0))
        try bench.bank.rest("raise", at: at(10))
        let values = try bench.output("raise").values
        #expect(values == [isHigh, !isHigh, isHigh])
    }

    @Test func assertionEndsAtItsLimitThoughNobodyCallsAgain() throws {
        let bench = Bench(outputs: ["raise": .relay()])
        try bench.bank.assert("raise", atMost: .milliseconds(500), at: at(0))
        #expect(bench.bank.nextDeadline == at(500))
        _ = bench.bank.poll(at: at(499))
        #expect(bench.bank.assertedOutputs == ["raise"])
        _ = bench.bank.poll(at: at(500))
        let values = try bench.output("raise").values
        #expect(values == [false, true, false])
        #expect(bench.bank.assertedOutputs == [])
    }

    @Test func configuredLongestCutsALongerWish() throws {
        let bench = Bench(outputs: ["raise": .relay(longest: .milliseconds(800))])
        try bench.bank.assert("raise", atMost: .seconds(60), at: at(0))
        #expect(bench.bank.nextDeadline == at(800))
    }

    @Test func assertingAgainSetsANewEnd() throws {
        let bench = Bench(outputs: ["raise": .relay()])
        try bench.bank.assert("raise", atMost: .milliseconds(500), at: at(0))
        try bench.bank.assert("raise", atMost: .milliseconds(500), at: at(400))
        _ = bench.bank.poll(at: at(600))
        #expect(bench.bank.assertedOutputs == ["raise"])
        _ = bench.bank.poll(at: at(900))
        #expect(bench.bank.assertedOutputs == [])
    }

    @Test(arguments: [Duration.zero, .seconds(-1)])
    func assertionOfNoLengthRests(limit: Duration) throws {
        let bench = Bench(outputs: ["raise": .relay()])
        try bench.bank.assert("raise", atMost: limit, at: at(0))
        let values = try bench.output("raise").values
        #expect(values == [false, false])
    }

    private static let lane = BarrierConfig(
        direction: .in, camera: nil, outputs: .init(raise: "raise", lower: "lower"),
        inputs: .init(safety: "safety"))

    @Test(arguments: [("raise", "lower"), ("lower", "raise")] as [(LineName, LineName)])
    func oppositeOutputsAreNeverEnergisedTogether(first: LineName, second: LineName) throws {
        let bench = Bench(
            outputs: ["raise": .relay(), "lower": .relay()], lanes: ["lane1": Self.lane])
        try bench.bank.assert(first, atMost: .seconds(1), at: at(0))
        #expect(throws: LineError.excluded(second, by: first)) {
            try bench.bank.assert(second, atMost: .seconds(1), at: at(100))
        }
        try bench.bank.rest(first, at: at(200))
        try bench.bank.assert(second, atMost: .seconds(1), at: at(400))
        #expect(bench.bank.assertedOutputs == [second])
    }

    @Test func outputThatWouldNotRestExcludesItsOppositeUntilItDid() throws {
        let bench = Bench(
            outputs: ["raise": .relay(), "lower": .relay()], lanes: ["lane1": Self.lane])
        try bench.bank.assert("lower", atMost: .milliseconds(300), at: at(0))
        let gone = LineError.failed("lower", operation: "write", reason: "No such device")
        try bench.output("lower").error = gone
        bench.chip.refusals["lower"] = gone
        #expect(
            bench.bank.poll(at: at(300)) == [.outputFailed("lower", reason: gone.description)])
        #expect(throws: LineError.excluded("raise", by: "lower")) {
            try bench.bank.assert("raise", atMost: .seconds(1), at: at(350))
        }
        bench.chip.refusals = [:]
        #expect(bench.bank.poll(at: bench.bank.nextDeadline) == [.outputRecovered("lower")])
        try bench.bank.assert("raise", atMost: .seconds(1), at: at(2000))
    }

    @Test func failedWriteThrowsAndTheLineIsRequestedAgainAtRest() throws {
        let bench = Bench(outputs: ["raise": .relay()])
        let gone = LineError.failed("raise", operation: "write", reason: "Input/output error")
        try bench.output("raise").error = gone
        #expect(throws: gone) {
            try bench.bank.assert("raise", atMost: .seconds(1), at: at(0))
        }
        #expect(bench.bank.poll(at: bench.bank.nextDeadline) == [.outputRecovered("raise")])
        let values = try bench.output("raise").values
        #expect(values == [false])
        #expect(bench.bank.assertedOutputs == [])
    }

    @Test func unknownOutputIsRefused() {
        let bench = Bench()
        #expect(throws: LineError.unknown("raise")) {
            try bench.bank.assert("raise", atMost: .seconds(1), at: at(0))
        }
    }

    @Test func restAllRestsTheOthersWhenOneFails() throws {
        let bench = Bench(outputs: ["a": .relay(), "b": .relay(rest: .energised), "c": .relay()])
        for line in ["a", "b", "c"] as [LineName] {
            try bench.bank.assert(line, atMost: .seconds(1), at: at(0))
        }
        let failure = LineError.failed("a", operation: "write", reason: "Input/output error")
        try bench.output("a").error = failure
        #expect(bench.bank.restAll(at: at(10)) == [failure])
        let values = try [bench.output("b").values.last, bench.output("c").values.last]
        #expect(values == [true, false])
    }

    @Test func missingChipIsToldWithItsRemedy() {
        var config = OutputConfig.relay()
        config.chip = "nowhere"
        let bench = Bench(outputs: ["raise": config])
        #expect(bench.bank.openingErrors.count == 1)
        #expect(bench.bank.poll(at: at(1)).count == 1)
        let real = GpiodChip(name: "board", path: "/dev/no-such-chip")
        let request = OutputRequest(
            line: "raise", address: .offset(1), isActiveLow: false, isHigh: false)
        #expect(
            throws: LineError.chipMissing(
                chip: "board", path: "/dev/no-such-chip", reason: "No such file or directory")
        ) {
            try real.openOutput(request)
        }
    }
}

/// A bank takes a changed configuration without letting go of what stays.
@Suite struct ReconfigurationTests {
    private func config(
        inputs: [LineName: InputConfig], outputs: [LineName: OutputConfig]
    ) -> GateConfig {
        var config = GateConfig(
            site: Site(name: "Bench", timeZone: TimeZoneTable(name: "UTC", transitions: [])))
        config.inputs = inputs
        config.outputs = outputs
        return config
    }

    @Test func unchangedLinesAreNotRequestedAgain() throws {
        let bench = Bench(
            inputs: ["a": .contact(.normallyOpen), "b": .contact(.normallyOpen)],
            outputs: ["raise": .relay(), "lower": .relay()])
        try bench.input("a").edge(true, at: at(5))
        _ = bench.bank.poll(at: at(50))
        let changed = config(
            inputs: ["a": .contact(.normallyOpen), "c": .contact(.normallyClosed)],
            outputs: ["raise": .relay(), "lower": .relay(rest: .energised)])
        bench.bank.reconfigure(changed, chips: ["board": bench.chip], at: at(60))
        #expect(bench.chip.inputRequests.map(\.line) == ["a", "b", "c"])
        #expect(bench.chip.outputRequests.map(\.line).filter { $0 == "raise" }.count == 1)
        #expect(bench.chip.outputRequests.last?.isHigh == true)
        #expect(bench.bank.inputStates == ["a": true, "c": true])
        #expect(bench.bank.openingErrors == [])
    }

    @Test func anotherChipUnderTheSameNameIsOpenedAfresh() {
        let bench = Bench(inputs: ["a": .contact(.normallyOpen)])
        let other = FakeChip()
        bench.bank.reconfigure(
            config(inputs: ["a": .contact(.normallyOpen)], outputs: [:]), chips: ["board": other],
            at: at(60))
        #expect(other.inputRequests.count == 1)
    }
}
