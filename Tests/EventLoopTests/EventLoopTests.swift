import EventLoop
import Foundation
import GateTypes
import Testing

/// A pipe whose ends close with the test.
struct Pipe {
    let reading: Descriptor
    let writing: Descriptor

    init() throws {
        var ends: [Int32] = [0, 0]
        try systemCall("pipe") { pipe(&ends) }
        for end in ends { try systemCall("fcntl") { fcntl(end, F_SETFL, O_NONBLOCK) } }
        reading = Descriptor(owning: ends[0], path: "pipe")
        writing = Descriptor(owning: ends[1], path: "pipe")
    }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(writing.raw, $0.baseAddress, $0.count) }
    }

    func readAll() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = try reading.read(into: &buffer) ?? 0
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}

@Suite struct EventLoopTests {
    @Test func urgentSourcesGoFirstWhateverTheOrderOfWatching() throws {
        let loop = try EventLoop()
        let pipes = try (0..<3).map { _ in try Pipe() }
        let priorities: [EventLoop.Priority] = [.background, .normal, .urgent]
        var order: [EventLoop.Priority] = []
        for (pipe, priority) in zip(pipes, priorities) {
            try loop.watch(pipe.reading, priority: priority) { _ in
                _ = try? pipe.readAll()
                order.append(priority)
            }
            pipe.write("x")
        }
        try loop.run { order.count == 3 }
        #expect(order == [.urgent, .normal, .background])
    }

    @Test func urgentSourceThatBecomesReadyInsideATurnGoesBeforeTheNextHandler() throws {
        let loop = try EventLoop()
        let (edge, first, second) = (try Pipe(), try Pipe(), try Pipe())
        var order: [String] = []
        try loop.watch(edge.reading, priority: .urgent) { _ in
            order.append("edge " + ((try? edge.readAll()) ?? ""))
        }
        for pipe in [first, second] {
            try loop.watch(pipe.reading) { _ in
                _ = try? pipe.readAll()
                order.append("other")
                edge.write("\(order.count)")
            }
            pipe.write("x")
        }
        try loop.run { order.count == 4 }
        #expect(order == ["other", "edge 1", "other", "edge 3"])
    }

    @Test func cancelledSourceIsNotCalledEvenInTheSameTurn() throws {
        let loop = try EventLoop()
        let (first, second) = (try Pipe(), try Pipe())
        var calls = 0
        var sources: [EventSource] = []
        for pipe in [first, second] {
            sources.append(
                try loop.watch(pipe.reading) { _ in
                    calls += 1
                    sources.forEach { $0.cancel() }
                })
            pipe.write("x")
        }
        try loop.turn()
        #expect(calls == 1)
    }

    @Test func timersFireInTheOrderOfTheirDeadlinesAndOnlyWhenDue() throws {
        let loop = try EventLoop()
        var fired: [Int] = []
        let start = loop.now
        let timers = (0..<3).map { number in
            loop.makeTimer {
                #expect(loop.now >= start + .milliseconds(5 * (3 - number)))
                fired.append(number)
            }
        }
        for (number, timer) in timers.enumerated() {
            timer.set(start + .milliseconds(5 * (3 - number)))
        }
        try loop.run { fired.count == 3 }
        #expect(fired == [2, 1, 0])
    }

    @Test func timerMovedOrDisarmedKeepsToItsLastDeadline() throws {
        let loop = try EventLoop()
        var fired: [String] = []
        let disarmed = loop.makeTimer { fired.append("disarmed") }
        let moved = loop.makeTimer { fired.append("moved") }
        let past = loop.makeTimer { fired.append("past") }
        let start = loop.now
        disarmed.set(start + .milliseconds(2))
        moved.set(start + .seconds(3_600))
        moved.set(start + .milliseconds(8))
        past.set(start - .seconds(1))
        disarmed.set(nil)
        try loop.run { fired.count == 2 }
        #expect(fired == ["past", "moved"])
    }

    @Test func timerThatSetsItselfAnewRunsAgain() throws {
        let loop = try EventLoop()
        var count = 0
        var timer: LoopTimer?
        timer = loop.makeTimer {
            count += 1
            timer?.set(loop.now + .milliseconds(1))
        }
        timer?.set(loop.now)
        try loop.run { count == 5 }
        #expect(count == 5)
    }

    @Test func messagesOfOtherThreadsArriveInOrderOnTheLoop() throws {
        let loop = try EventLoop()
        var seen: [Int] = []
        let box = try loop.makeMailbox(limit: 500) { (number: Int) in seen.append(number) }
        let thread = Thread { for number in 0..<200 { box.post(number) } }
        thread.start()
        try loop.run { seen.count == 200 }
        #expect(seen == Array(0..<200))
    }

    @Test func fullMailboxRefusesAndCountsInsteadOfGrowing() throws {
        let loop = try EventLoop()
        var seen: [Int] = []
        let box = try loop.makeMailbox(limit: 3) { (number: Int) in seen.append(number) }
        #expect((0..<5).map { box.post($0) } == [true, true, true, false, false])
        #expect(box.refused == 2)
        try loop.run { seen.count == 3 }
        #expect(box.post(9))
    }

    @Test func signalBecomesACallOnTheLoop() throws {
        let loop = try EventLoop()
        var seen: [Int32] = []
        try loop.watchSignals([SIGUSR2]) { seen.append($0) }
        pthread_kill(pthread_self(), SIGUSR2)
        try loop.run { !seen.isEmpty }
        #expect(seen == [SIGUSR2])
    }

    @Test func failedSystemCallTellsCallPathAndReason() {
        let error = #expect(throws: SystemError.self) {
            try Descriptor.open("/nowhere/at-all", O_RDONLY)
        }
        #expect(error?.description == "open /nowhere/at-all: No such file or directory")
        #expect(error?.code == ENOENT)
    }
}
