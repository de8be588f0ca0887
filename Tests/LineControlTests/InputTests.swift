import GateConfiguration
import GateTypes
import Testing

@testable import LineControl

@Suite struct InputTests {
    /// Logical high means that current flows: the contact is closed.
    @Test(arguments: [
        (InputConfig.Contact.normallyClosed, true, false),
        (.normallyClosed, false, true),  // A broken wire.
        (.normallyOpen, true, true),
        (.normallyOpen, false, false),
    ])
    func contactDecidesWhatAClosedCircuitMeans(
        contact: InputConfig.Contact, isHigh: Bool, active: Bool
    ) {
        let bench = Bench(inputs: ["loop": .contact(contact)], levels: ["loop": isHigh])
        #expect(bench.bank.inputStates == ["loop": active])
    }

    @Test(arguments: [true, false], InputConfig.Bias.allTested)
    func wiringIsPassedToTheRequest(isActiveLow: Bool, bias: InputConfig.Bias) {
        var config = InputConfig.contact(.normallyOpen)
        config.isActiveLow = isActiveLow
        config.bias = bias
        config.address = .name("GPIO17")
        let bench = Bench(inputs: ["loop": config])
        #expect(
            bench.chip.inputRequests == [
                InputRequest(
                    line: "loop", address: .name("GPIO17"), isActiveLow: isActiveLow, bias: bias)
            ])
    }

    /// Edges of a loop detector's relay as they were recorded at 0.1 ms: milliseconds and level.
    @Test func bouncingContactSettlesOnceAndSoon() throws {
        let bench = Bench(inputs: ["loop": .contact(.normallyOpen)])
        let recorded: [(Double, Bool)] = [
            (0, true), (0.4, false), (0.9, true), (1.1, false), (2.6, true), (3.0, false),
            (3.1, true), (1000, false), (1000.7, true), (1001.9, false), (1002.2, true),
            (1002.4, false),
        ]
        var reports: [LineReport] = []
        for (milliseconds, isHigh) in recorded {
            let time = at(0) + .nanoseconds(Int64(milliseconds * 1e6))
            try bench.input("loop").edge(isHigh, at: time)
            reports += bench.bank.poll(at: time)
        }
        reports += bench.bank.poll(at: at(2000))
        let cleared = at(0) + .microseconds(1_002_400)
        #expect(
            reports == [
                .input("loop", active: true, edge: at(0), settled: at(10)),
                .input(
                    "loop", active: false, edge: cleared, settled: cleared + .milliseconds(300)),
            ])
    }

    @Test func shortPulseIsDropped() throws {
        let bench = Bench(inputs: ["loop": .contact(.normallyOpen)])
        try bench.input("loop").edge(true, at: at(100))
        try bench.input("loop").edge(false, at: at(103))
        #expect(bench.bank.poll(at: at(900)) == [])
    }

    @Test func alarmActsWithinTwentyMillisecondsWhileItChatters() throws {
        let bench = Bench(
            inputs: ["fire": .contact(.normallyClosed)], levels: ["fire": true])
        for index in 0..<40 {
            try bench.input("fire").edge(index % 2 == 1, at: at(Int64(index)))
        }
        #expect(
            bench.bank.poll(at: at(40)).first
                == .input("fire", active: true, edge: at(0), settled: at(10)))
    }

    @Test func edgesOfAllLinesComeInTheOrderOfTheirKernelTimes() throws {
        let bench = Bench(inputs: [
            "a": .contact(.normallyOpen), "b": .contact(.normallyOpen),
            "c": .contact(.normallyOpen),
        ])
        try bench.input("a").edge(true, at: at(7))
        try bench.input("b").edge(true, at: at(3))
        try bench.input("c").edge(true, at: at(5))
        let order = bench.bank.poll(at: at(50)).map { report -> LineName? in
            if case .input(let line, true, _, _) = report { line } else { nil }
        }
        #expect(order == ["b", "c", "a"])
    }

    @Test func edgeThatComesLateDoesNotActBeforeAnEarlierOne() throws {
        let bench = Bench(inputs: ["a": .contact(.normallyOpen)])
        try bench.input("a").edge(true, at: at(10))
        #expect(bench.bank.poll(at: at(25)).count == 1)
        try bench.input("a").edge(false, at: at(8))
        #expect(
            bench.bank.poll(at: at(400))
                == [.input("a", active: false, edge: at(25), settled: at(325))])
    }

    @Test func nextDeadlineIsWhenAChangeSettles() throws {
        let bench = Bench(inputs: ["a": .contact(.normallyOpen)])
        try bench.input("a").edge(true, at: at(100))
        #expect(bench.bank.poll(at: at(101)) == [])
        #expect(bench.bank.nextDeadline == at(110))
        #expect(bench.bank.inputStates == ["a": false])
        #expect(bench.bank.poll(at: at(110)).count == 1)
        #expect(bench.bank.inputStates == ["a": true])
    }

    // MARK: Lost edges

    @Test func twoEqualEdgesShowALostOne() throws {
        let bench = Bench(inputs: ["a": .contact(.normallyOpen)])
        try bench.input("a").edge(true, at: at(100))
        try bench.input("a").edge(true, at: at(200))
        let reports = bench.bank.poll(at: at(1000))
        #expect(
            reports == [
                .input("a", active: true, edge: at(100), settled: at(110)),
                .edgesLost("a", count: 1),
            ])
    }

    @Test func lostOccupiedPulseRestartsTheClearHold() throws {
        let bench = Bench(inputs: ["a": .contact(.normallyOpen)], levels: ["a": true])
        try bench.input("a").edge(false, at: at(100))
        try bench.input("a").edge(false, at: at(350))
        #expect(bench.bank.poll(at: at(500)) == [])
        #expect(
            bench.bank.poll(at: at(700))
                == [.input("a", active: false, edge: at(350), settled: at(650))])
    }

    @Test func levelWithoutItsEdgeActsAndIsTold() throws {
        let bench = Bench(inputs: ["a": .contact(.normallyOpen)])
        try bench.input("a").level = true
        var reports = bench.bank.poll(at: at(1000))
        reports += bench.bank.poll(at: at(1010))
        reports += bench.bank.poll(at: at(2000))
        #expect(
            reports == [
                .input("a", active: true, edge: at(1000), settled: at(1010)),
                .edgesLost("a", count: 1),
            ])
    }

    @Test func levelReadAheadOfItsEdgeIsNoLoss() throws {
        let bench = Bench(inputs: ["a": .contact(.normallyOpen)])
        try bench.input("a").edge(true, at: at(100))
        // The falling edge is on its way, the level already shows it.
        try bench.input("a").level = false
        var reports = bench.bank.poll(at: at(150))
        try bench.input("a").edge(false, at: at(149))
        reports += bench.bank.poll(at: at(151))
        reports += bench.bank.poll(at: at(3000))
        #expect(!reports.contains(.edgesLost("a", count: 1)))
        #expect(bench.bank.inputStates == ["a": false])
    }

    @Test func edgeQueuedBeforeTheFirstReadingIsNoLoss() throws {
        let bench = Bench(inputs: ["a": .contact(.normallyOpen)], levels: ["a": true])
        try bench.input("a").edge(true, at: at(0))
        #expect(bench.bank.poll(at: at(1500)) == [])
    }

    // MARK: Faults

    @Test func flappingInputIsFaultyActiveAndUnwatchedUntilItIsQuiet() throws {
        let bench = Bench(inputs: ["a": .contact(.normallyOpen), "b": .contact(.normallyOpen)])
        var reports: [LineReport] = []
        for index in 0..<1200 {
            let time = at(0) + .microseconds(500 * Int64(index))
            try bench.input("a").edge(index % 2 == 0, at: time)
            reports += bench.bank.poll(at: time)
        }
        let faults = reports.filter { if case .inputFailed = $0 { true } else { false } }
        #expect(faults.count == 1)
        #expect(bench.bank.inputStates["a"] == true)
        #expect(bench.bank.watched.map(\.line) == ["b"])
        #expect(reports.last == faults.last, "nothing of a faulty line is told any more")

        for second in 1...60 { reports += bench.bank.poll(at: at(Int64(1000 * second))) }
        #expect(reports.last == .inputRecovered("a", active: false))
        #expect(bench.bank.watched.map(\.line) == ["a", "b"])
    }

    @Test func oneTurnTakesABoundedNumberOfEdges() throws {
        let bench = Bench(inputs: ["a": .contact(.normallyOpen)])
        for index in 0..<500 {
            try bench.input("a").edge(index % 2 == 0, at: at(Int64(index)))
        }
        _ = bench.bank.poll(at: at(501))
        let left = try bench.input("a").waiting.count
        #expect(left == 500 - LineLimits.edgesPerTurn)
    }

    @Test func vanishedLineFailsIsActiveAndComesBack() throws {
        let bench = Bench(
            inputs: ["a": .contact(.normallyClosed)], levels: ["a": true])
        let gone = LineError.failed("a", operation: "read", reason: "No such device")
        try bench.input("a").error = gone
        bench.chip.refusals["a"] = gone
        #expect(
            bench.bank.poll(at: at(10)) == [.inputFailed("a", reason: gone.description)])
        #expect(bench.bank.inputStates == ["a": true])
        #expect(bench.chip.resets == 1)
        for second in 1...8 { #expect(bench.bank.poll(at: at(Int64(second) * 1000)) == []) }
        let tries = bench.chip.inputRequests.count
        #expect(tries <= 5, "the pauses between tries grow")

        bench.chip.refusals = [:]
        let reports = (9...40).flatMap { bench.bank.poll(at: at(Int64($0) * 1000)) }
        #expect(reports == [.inputRecovered("a", active: false)])
    }

    @Test func busyLineNamesItsHolderAndDoesNotStopTheOthers() {
        let busy = LineError.busy("a", consumer: "gpiomon")
        let bench = Bench(
            inputs: ["a": .contact(.normallyOpen), "b": .contact(.normallyOpen)],
            refusals: ["a": busy])
        #expect(bench.bank.openingErrors == [busy])
        #expect(bench.bank.inputStates == ["a": true, "b": false])
        #expect(bench.bank.poll(at: at(1)) == [.inputFailed("a", reason: busy.description)])
        #expect(busy.description.contains("'gpiomon'"))
    }
}

extension InputConfig.Bias {
    static let allTested: [InputConfig.Bias] = [.asIs, .up, .down, .off]
}
