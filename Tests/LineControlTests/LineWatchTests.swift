import EventLoop
import GateConfiguration
import GateTypes
import Glibc
import Testing

@testable import LineControl

/// A bank on a real event loop.
@Suite struct LineWatchTests {
    /// Both ends of a pipe; the reading end stands for a line's descriptor.
    private func makePipe() throws -> (reader: Descriptor, writer: Descriptor) {
        var ends: [Int32] = [-1, -1]
        try systemCall("pipe") { pipe(&ends) }
        try systemCall("fcntl") { fcntl(ends[0], F_SETFL, O_NONBLOCK) }
        return (
            Descriptor(owning: ends[0], path: "pipe"), Descriptor(owning: ends[1], path: "pipe")
        )
    }

    /// Turns until the condition holds; a broken loop ends after a long while and fails the test.
    private func turn(_ loop: EventLoop, until condition: @escaping () -> Bool) throws -> Bool {
        var isOver = false
        let timer = loop.makeTimer { isOver = true }
        timer.set(loop.now + .seconds(30))
        try loop.run { isOver || condition() }
        return condition()
    }

    @Test func loopBringsAnOutputToRestThoughNobodyCallsAgain() throws {
        let loop = try EventLoop()
        let bench = Bench(outputs: ["raise": .relay()], now: loop.now)
        let watch = try bench.bank.attach(to: loop) { _ in }
        let output = try bench.output("raise")
        let begin = loop.now
        try bench.bank.assert("raise", atMost: .milliseconds(40), at: begin)
        #expect(output.values == [false, true])
        #expect(try turn(loop) { output.values.last == false })
        #expect(loop.now - begin >= .milliseconds(40), "not before its limit either")
        withExtendedLifetime(watch) {}
    }

    @Test func edgeWakesTheLoopAndSettlesByItsTimer() throws {
        let loop = try EventLoop()
        let (reader, writer) = try makePipe()
        let bench = Bench(
            inputs: ["a": .contact(.normallyOpen)], descriptors: ["a": reader], now: loop.now)
        var reports: [LineReport] = []
        let watch = try bench.bank.attach(to: loop) { reports.append($0) }
        let edge = loop.now
        try bench.input("a").edge(true, at: edge)
        let byte: [UInt8] = [1]
        try systemCall("write") { write(writer.raw, byte, 1) }
        #expect(try turn(loop) { !reports.isEmpty })
        #expect(
            reports == [.input("a", active: true, edge: edge, settled: edge + .milliseconds(10))])
        withExtendedLifetime(watch) {}
    }

    @Test func vanishedDescriptorFailsTheLineAtOnceAndIsLetGo() throws {
        let loop = try EventLoop()
        var ends: (reader: Descriptor, writer: Descriptor)? = try makePipe()
        let bench = Bench(
            inputs: ["a": .contact(.normallyOpen)],
            descriptors: ["a": try #require(ends?.reader)], now: loop.now)
        var reports: [LineReport] = []
        let watch = try bench.bank.attach(to: loop) { reports.append($0) }
        let gone = LineError.failed("a", operation: "read", reason: "No such device")
        bench.chip.refusals["a"] = gone
        try bench.input("a").error = gone
        // The end of the pipe: the loop sees a hang-up.
        ends = nil
        #expect(try turn(loop) { !reports.isEmpty })
        #expect(reports == [.inputFailed("a", reason: gone.description)])
        #expect(bench.bank.watched.isEmpty)
        withExtendedLifetime(watch) {}
    }
}
