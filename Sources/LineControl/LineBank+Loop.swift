import EventLoop
import GateTypes

extension LineBank {
    /// Polls the bank on an event loop, first in each turn, and tells what happened.
    ///
    /// The watch lasts as long as the returned object is kept.
    package func attach(
        to loop: EventLoop, handler: @escaping (LineReport) -> Void
    ) throws(SystemError) -> LineWatch {
        let watch = LineWatch(bank: self, loop: loop, handler: handler)
        try watch.follow()
        return watch
    }
}

/// A bank on an event loop.
package final class LineWatch {
    private let bank: LineBank
    private let loop: EventLoop
    private let handler: (LineReport) -> Void
    private var timer: LoopTimer?
    private var sources: [LineName: (port: any InputPort, source: EventSource)] = [:]

    init(bank: LineBank, loop: EventLoop, handler: @escaping (LineReport) -> Void) {
        self.bank = bank
        self.loop = loop
        self.handler = handler
        timer = loop.makeTimer { [weak self] in self?.turn() }
        bank.deadlineChanged = { [weak self] in self?.setTimer() }
        bank.linesChanged = { [weak self] in try? self?.follow() }
    }

    deinit {
        for (_, source) in sources.values { source.cancel() }
        timer?.set(nil)
    }

    private func turn() {
        for report in bank.poll(at: loop.now) { handler(report) }
        // A descriptor that cannot be watched is still read by each audit.
        try? follow()
    }

    /// Watches what is open and trusted, and nothing else: a flapping line must not wake the loop.
    func follow() throws(SystemError) {
        setTimer()
        let watched = bank.watched
        var stale = sources
        for (line, port) in watched where stale[line]?.port === port { stale[line] = nil }
        for (line, old) in stale {
            old.source.cancel()
            sources[line] = nil
        }
        for (line, port) in watched where sources[line] == nil {
            guard let descriptor = port.descriptor else { continue }
            let source = try loop.watch(descriptor, priority: .urgent) { [weak self] readiness in
                if readiness.contains(.failed) { self?.bank.suspectFailure() }
                self?.turn()
            }
            sources[line] = (port, source)
        }
    }

    private func setTimer() { timer?.set(bank.nextDeadline) }
}
