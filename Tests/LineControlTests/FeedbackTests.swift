import GateConfiguration
import GateTypes
import Testing

@testable import LineControl

/// Outputs with an auxiliary contact: what the relay was told against what it does.
@Suite struct FeedbackTests {
    private static func bench(rest: OutputConfig.Rest = .deEnergised) -> Bench {
        var raise = OutputConfig.relay(rest: rest, longest: .seconds(5))
        raise.feedback = "raise-on"
        var input = InputConfig.contact(.normallyOpen)
        input.clearAfter = .milliseconds(50)
        return Bench(
            inputs: ["raise-on": input],
            outputs: ["raise": raise, "lower": .relay(longest: .seconds(5))],
            lanes: [
                "lane": BarrierConfig(
                    direction: .in, camera: nil, outputs: .init(raise: "raise", lower: "lower"),
                    inputs: .init(safety: "raise-on"))
            ],
            levels: ["raise-on": rest == .energised])
    }

    /// Lets the bank look as often as it wants to, until the moment.
    private static func run(_ bench: Bench, from start: Int64, to end: Int64) -> [LineReport] {
        stride(from: start, through: end, by: 10).flatMap { bench.bank.poll(at: at($0)) }
            .filter { if case .input = $0 { false } else { true } }
    }

    @Test(arguments: [OutputConfig.Rest.deEnergised, .energised])
    func aRelayThatObeysIsNoNews(rest: OutputConfig.Rest) throws {
        let bench = Self.bench(rest: rest)
        let on = rest == .deEnergised
        var reports = Self.run(bench, from: 0, to: 1000)
        try bench.bank.assert("raise", atMost: .seconds(2), at: at(1000))
        try bench.input("raise-on").edge(on, at: at(1030))
        reports += Self.run(bench, from: 1030, to: 2990)
        _ = bench.bank.poll(at: at(3000))
        try bench.input("raise-on").edge(!on, at: at(3030))
        reports += Self.run(bench, from: 3030, to: 6000)
        #expect(reports == [])
    }

    @Test func aRelayThatDoesNotAnswerIsAFailedOutputWithinItsTime() throws {
        let bench = Self.bench()
        _ = Self.run(bench, from: 0, to: 990)
        try bench.bank.assert("raise", atMost: .seconds(2), at: at(1000))
        #expect(Self.run(bench, from: 1000, to: 1240) == [])
        let reports = Self.run(bench, from: 1250, to: 1500)
        #expect(reports.count == 1)
        guard case .outputFailed("raise", let reason)? = reports.first else {
            Issue.record("\(reports)")
            return
        }
        #expect(reason.contains("did not answer") && reason.contains("raise-on"))
        // At rest again it agrees, and the next assertion is compared anew.
        #expect(Self.run(bench, from: 1510, to: 5000) == [.outputRecovered("raise")])
        try bench.bank.assert("raise", atMost: .seconds(2), at: at(5000))
        #expect(Self.run(bench, from: 5000, to: 5500).count == 1)
    }

    @Test func aWeldedRelayIsToldAndItsOppositeIsNotEnergised() throws {
        let bench = Self.bench()
        try bench.bank.assert("raise", atMost: .milliseconds(500), at: at(0))
        try bench.input("raise-on").edge(true, at: at(20))
        let reports = Self.run(bench, from: 20, to: 3000)
        #expect(reports.count == 1)
        guard case .outputFailed("raise", let reason)? = reports.first else {
            Issue.record("\(reports)")
            return
        }
        #expect(reason.contains("welded"))
        #expect(throws: LineError.excluded("lower", by: "raise")) {
            try bench.bank.assert("lower", atMost: .seconds(1), at: at(3000))
        }
        // It lets go after all, and the way down is free.
        try bench.input("raise-on").edge(false, at: at(3010))
        #expect(Self.run(bench, from: 3010, to: 4500) == [.outputRecovered("raise")])
        try bench.bank.assert("lower", atMost: .seconds(1), at: at(4500))
    }

    /// A relay that drops out while it should hold is noticed without any call.
    @Test func aRelayThatDropsOutIsNoticed() throws {
        let bench = Self.bench()
        try bench.bank.assert("raise", atMost: .seconds(5), at: at(0))
        try bench.input("raise-on").edge(true, at: at(20))
        #expect(Self.run(bench, from: 20, to: 1000) == [])
        try bench.input("raise-on").edge(false, at: at(1005))
        let reports = Self.run(bench, from: 1010, to: 2000)
        #expect(reports.count == 1)
    }

    @Test func aFeedbackThatHasFailedContradictsNothing() throws {
        let bench = Self.bench()
        let gone = LineError.failed("raise-on", operation: "read", reason: "No such device")
        bench.chip.refusals["raise-on"] = gone
        try bench.input("raise-on").error = gone
        try bench.bank.assert("raise", atMost: .seconds(5), at: at(0))
        let reports = Self.run(bench, from: 0, to: 4000)
        #expect(reports == [.inputFailed("raise-on", reason: gone.description)])
    }
}
