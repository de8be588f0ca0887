import EventLoop
import GateConfiguration
import GateTypes
import Glibc
import Testing

@testable import LineControl

/// Thousands of edges a second, edges out of order and with equal times, chips that vanish.
@Suite struct StormTests {
    /// A storm that never ends on one line; the other one is heard, and the loop is not kept busy.
    @Test func aStormOnOneLineLeavesTheLoopFreeForTheOthers() throws {
        let loop = try EventLoop()
        var ends: [Int32] = [-1, -1]
        try systemCall("pipe") { pipe(&ends) }
        for end in ends { try systemCall("fcntl") { fcntl(end, F_SETFL, O_NONBLOCK) } }
        let reader = Descriptor(owning: ends[0], path: "pipe")
        let writer = Descriptor(owning: ends[1], path: "pipe")
        var fire = InputConfig.contact(.normallyClosed)
        fire.activeAfter = .milliseconds(5)
        let bench = Bench(
            inputs: ["storm": .contact(.normallyOpen), "fire": fire], levels: ["fire": true],
            descriptors: ["storm": reader], now: loop.now)
        var reports: [LineReport] = []
        let watch = try bench.bank.attach(to: loop) { reports.append($0) }
        // Always readable: every turn finds more edges.
        _ = write(writer.raw, String(repeating: "x", count: 4000), 4000)
        let storm = try bench.input("storm")
        for index in 0..<20_000 {
            storm.waiting.append(
                LineEdge(instant: loop.now + .microseconds(100 * index), isHigh: index % 2 == 0))
        }
        let begun = loop.now
        try bench.input("fire").edge(false, at: begun)
        try loop.run {
            reports.contains { if case .inputFailed("storm", _) = $0 { true } else { false } }
                || loop.now - begun > .seconds(5)
        }
        #expect(bench.bank.watched.map(\.line) == ["fire"])
        #expect(bench.bank.inputStates["storm"] == true)
        let turns = loop.turns
        let muted = loop.now
        try loop.run { loop.now - muted > .milliseconds(300) }
        #expect(loop.turns - turns < 100, "a faulty line does not wake the loop")
        let told = reports.contains {
            if case .input("fire", true, _, _) = $0 { true } else { false }
        }
        #expect(told, "the fire input was heard in the storm")
        withExtendedLifetime(watch) {}
    }

    /// Both lines change at the same nanosecond: each is told once, in the order of their names.
    @Test func equalTimestampsLoseNothing() throws {
        let bench = Bench(inputs: [
            "a": .contact(.normallyOpen), "b": .contact(.normallyOpen),
        ])
        try bench.input("b").edge(true, at: at(5))
        try bench.input("a").edge(true, at: at(5))
        #expect(
            bench.bank.poll(at: at(50)) == [
                .input("a", active: true, edge: at(5), settled: at(15)),
                .input("b", active: true, edge: at(5), settled: at(15)),
            ])
    }

    /// A pulse whose two edges carry one time is a pulse of no length, and no loss.
    @Test func edgesOfOneLineWithOneTimeKeepTheirOrder() throws {
        let bench = Bench(inputs: ["a": .contact(.normallyOpen)])
        for (isHigh, time) in [(true, 5), (false, 5), (true, 5), (false, 900)] as [(Bool, Int64)] {
            try bench.input("a").edge(isHigh, at: at(time))
        }
        let reports = bench.bank.poll(at: at(2000))
        #expect(
            reports == [
                .input("a", active: true, edge: at(5), settled: at(15)),
                .input("a", active: false, edge: at(900), settled: at(1200)),
            ])
    }

    /// Whatever order the edges of three lines come in, what is settled follows their times.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func shuffledEdgesSettleAsOrderedOnesDo(seed: UInt64) throws {
        var random = SeededNumbers(state: seed)
        let lines: [LineName] = ["a", "b", "c"]
        var edges: [(LineName, Bool, Int64)] = []
        for line in lines {
            var clock: Int64 = 0
            for index in 0..<8 {
                clock += Int64.random(in: 20...900, using: &random)
                edges.append((line, index % 2 == 0, clock))
            }
        }
        func settle(_ order: [(LineName, Bool, Int64)]) throws -> [LineReport] {
            let bench = Bench(inputs: [
                "a": .contact(.normallyOpen), "b": .contact(.normallyOpen),
                "c": .contact(.normallyOpen),
            ])
            for (line, isHigh, time) in order {
                try bench.input(line).edge(isHigh, at: at(time))
            }
            return bench.bank.poll(at: at(20_000))
                .filter { if case .input = $0 { true } else { false } }
        }
        let ordered = try settle(edges.sorted { $0.2 < $1.2 })
        // Lines are mixed at random; the kernel keeps the order within each of them.
        var queues = Dictionary(grouping: edges, by: \.0)
        var mixed: [(LineName, Bool, Int64)] = []
        while let line = queues.keys.sorted().randomElement(using: &random) {
            if let first = queues[line]?.first { mixed.append(first) }
            queues[line]?.removeFirst()
            if queues[line]?.isEmpty != false { queues[line] = nil }
        }
        #expect(try settle(mixed) == ordered, "seed \(seed)")
        #expect(ordered.count > 3)
    }

    /// The whole chip goes: every line of it fails once, outputs let go, and all come back.
    @Test func aChipThatVanishesFailsEveryLineOfItAndComesBack() throws {
        let bench = Bench(
            inputs: ["a": .contact(.normallyClosed), "b": .contact(.normallyClosed)],
            outputs: ["raise": .relay()], levels: ["a": true, "b": true])
        let gone = LineError.failed("x", operation: "read", reason: "No such device")
        try bench.bank.assert("raise", atMost: .seconds(2), at: at(0))
        for line in ["a", "b", "raise"] as [LineName] { bench.chip.refusals[line] = gone }
        for line in ["a", "b"] as [LineName] { try bench.input(line).error = gone }
        try bench.output("raise").error = gone
        var reports = bench.bank.poll(at: at(1000))
        reports += bench.bank.poll(at: at(2000))
        let failed = reports.compactMap { report -> LineName? in
            switch report {
            case .inputFailed(let line, _), .outputFailed(let line, _): line
            case .input, .inputRecovered, .outputRecovered, .edgesLost, .pulse, .pulsesLost: nil
            }
        }
        #expect(failed.sorted() == ["a", "b", "raise"])
        #expect(bench.bank.inputStates == ["a": true, "b": true])
        bench.chip.refusals = [:]
        for step in 3...80 { reports += bench.bank.poll(at: at(Int64(step) * 1000)) }
        #expect(reports.contains(.inputRecovered("a", active: false)))
        #expect(reports.contains(.inputRecovered("b", active: false)))
        #expect(reports.contains(.outputRecovered("raise")))
        #expect(try bench.output("raise").values.first == false, "it comes back at rest")
    }
}

/// The same seed gives the same order everywhere.
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
