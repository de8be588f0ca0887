import GateTypes

/// Does its work again and again, an interval after the last time ended, until it is let go.
package final class RepeatingTimer {
    private let loop: EventLoop
    private let interval: Duration
    private let work: () -> Void
    private var timer: LoopTimer?

    /// - Parameter first: how long until the first time; the interval when nil.
    package init(
        loop: EventLoop, every interval: Duration, first: Duration? = nil,
        work: @escaping () -> Void
    ) {
        self.loop = loop
        self.interval = interval
        self.work = work
        timer = loop.makeTimer { [weak self] in self?.fire() }
        timer?.set(loop.now + (first ?? interval))
    }

    deinit { timer?.set(nil) }

    package func stop() { timer?.set(nil) }

    private func fire() {
        timer?.set(loop.now + interval)
        work()
    }
}
