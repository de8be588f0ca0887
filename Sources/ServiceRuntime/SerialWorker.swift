import Dispatch
import EventLoop
import GateTypes
import Synchronization

/// One thread with a bounded queue, for what may block: disk, log, parsing of files.
package final class SerialWorker: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isEnding = false
        var refused = 0
    }

    /// What the thread and the worker share; the thread may outlive the worker.
    private final class Queue: Sendable {
        let state = Mutex(State())
        let wake = DispatchSemaphore(value: 0)
        let ended = DispatchGroup()
    }

    private let queue = Queue()
    private let limit: Int

    /// - Parameter name: shown by `top -H`.
    package init(name: String, limit: Int) throws(SystemError) {
        self.limit = limit
        queue.ended.enter()
        try WorkerThread.start(name) { [queue] in
            Self.run(queue)
            queue.ended.leave()
        }
    }

    deinit { end() }

    /// Queues a job; false when the queue is full or the worker has ended.
    @discardableResult
    package func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        let isAccepted = queue.state.withLock { state in
            guard !state.isEnding, state.jobs.count < limit else {
                state.refused += 1
                return false
            }
            state.jobs.append(job)
            return true
        }
        if isAccepted { queue.wake.signal() }
        return isAccepted
    }

    /// Finishes what is queued; false when that takes longer than `limit`.
    @discardableResult
    package func finish(within limit: Duration) -> Bool {
        end()
        let nanoseconds = Int(clamping: limit.nanoseconds)
        return queue.ended.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .success
    }

    package var refused: Int { queue.state.withLock { $0.refused } }

    private func end() {
        queue.state.withLock { $0.isEnding = true }
        queue.wake.signal()
    }

    private static func run(_ queue: Queue) {
        while true {
            queue.wake.wait()
            let (job, isOver) = queue.state.withLock { state in
                let job = state.jobs.isEmpty ? nil : state.jobs.removeFirst()
                return (job, state.isEnding && job == nil)
            }
            job?()
            if isOver { return }
        }
    }
}
