import CLinux
import GateTypes
import Glibc

/// One thread's loop over descriptors, timers, signals and mailboxes.
///
/// Everything here belongs to the thread that created it; other threads reach it through a
/// `Mailbox`. Handlers never block. Urgent sources are asked again before every other handler,
/// so that a burst elsewhere does not delay them by more than one handler.
package final class EventLoop {
    /// The order in which sources that are ready together get their turn.
    package enum Priority: Int, Comparable, Sendable {
        /// Drained first in each turn, and between all other handlers.
        case urgent
        case normal
        /// After everything else, e.g. displays.
        case background

        package static func < (a: Priority, b: Priority) -> Bool { a.rawValue < b.rawValue }
    }

    /// What a descriptor is ready for.
    package struct Readiness: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let readable = Readiness(rawValue: EPOLLIN.rawValue)
        package static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
        /// The other side is gone or the device failed: read what is left, then cancel the source.
        package static let failed = Readiness(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
    }

    private static let urgentNumber: UInt64 = 0
    private static let timerNumber: UInt64 = 1

    private let poll: PollSet
    private let urgentPoll: PollSet
    private let timer: Descriptor
    private var armedFor: Instant?
    private var armed: [LoopTimer] = []
    private var sources: [UInt64: EventSource] = [:]
    private var nextNumber: UInt64 = 2
    private var isStopped = false
    /// How often the loop has woken and gone round.
    package private(set) var turns: UInt64 = 0
    /// Longest time from waking to waiting again.
    package private(set) var turnMaximum = Duration.zero

    package init() throws(SystemError) {
        poll = try PollSet()
        urgentPoll = try PollSet()
        timer = Descriptor(
            owning: try systemCall("timerfd_create") {
                timerfd_create(CLOCK_MONOTONIC, Int32(TFD_NONBLOCK) | Int32(TFD_CLOEXEC))
            }, path: "timerfd")
        try poll.apply(.add, urgentPoll.descriptor.raw, number: Self.urgentNumber, .readable)
        try poll.apply(.add, timer.raw, number: Self.timerNumber, .readable)
    }

    package var now: Instant { .now() }

    // MARK: Sources

    /// Calls `handler` whenever the descriptor is ready; the loop keeps it until it is cancelled.
    ///
    /// Readiness is level-triggered: what a handler leaves unread calls it again next turn.
    @discardableResult
    package func watch(
        _ descriptor: Descriptor, _ interest: Readiness = .readable,
        priority: Priority = .normal, handler: @escaping (Readiness) -> Void
    ) throws(SystemError) -> EventSource {
        let source = EventSource(
            loop: self, number: nextNumber, descriptor: descriptor, priority: priority,
            interest: interest, handler: handler)
        nextNumber += 1
        try set(of: source).apply(.add, descriptor.raw, number: source.number, interest)
        sources[source.number] = source
        return source
    }

    func change(_ source: EventSource, to interest: Readiness) throws(SystemError) {
        try set(of: source)
            .apply(.modify, source.descriptor.raw, number: source.number, interest)
    }

    func remove(_ source: EventSource) {
        guard sources.removeValue(forKey: source.number) != nil else { return }
        // Fails only when the kernel has dropped the descriptor by itself already.
        try? set(of: source).apply(.remove, source.descriptor.raw, number: source.number, [])
    }

    private func set(of source: EventSource) -> PollSet {
        source.priority == .urgent ? urgentPoll : poll
    }

    // MARK: Timers

    /// A timer of this loop, at rest until it is set.
    package func makeTimer(_ handler: @escaping () -> Void) -> LoopTimer {
        LoopTimer(loop: self, handler: handler)
    }

    func arm(_ timer: LoopTimer) {
        armed.removeAll { $0 === timer }
        guard let deadline = timer.deadline else { return }
        let place = armed.firstIndex { ($0.deadline ?? .init(nanoseconds: .max)) > deadline }
        armed.insert(timer, at: place ?? armed.endIndex)
    }

    private func runDueTimers() {
        let now = now
        while let first = armed.first, let deadline = first.deadline, deadline <= now {
            armed.removeFirst()
            first.fire()
            drainUrgent()
        }
    }

    private func armClock() throws(SystemError) {
        let nearest = armed.first?.deadline
        guard nearest != armedFor else { return }
        var specification = itimerspec()
        if let nearest {
            // Zero would disarm; a deadline in the past fires at once.
            let nanoseconds = max(nearest.nanoseconds, 1)
            specification.it_value.tv_sec = Int(nanoseconds / 1_000_000_000)
            specification.it_value.tv_nsec = Int(nanoseconds % 1_000_000_000)
        }
        try systemCall("timerfd_settime") {
            unsafe timerfd_settime(timer.raw, Int32(TFD_TIMER_ABSTIME), &specification, nil)
        }
        armedFor = nearest
    }

    // MARK: Turning

    /// Turns until `stop` is called.
    package func run() throws(SystemError) {
        isStopped = false
        while !isStopped { try turn() }
    }

    /// Lets `run` return after the present turn.
    package func stop() { isStopped = true }

    /// Turns until the condition holds, looking after each turn.
    package func run(until condition: () -> Bool) throws(SystemError) {
        isStopped = false
        while !isStopped && !condition() { try turn() }
    }

    /// Waits for something to happen and handles it, urgent sources and due timers first.
    package func turn() throws(SystemError) {
        try armClock()
        let ready = try poll.wait(milliseconds: -1)
        let woken = now
        turns += 1
        drainUrgent()
        runDueTimers()
        var others: [(source: EventSource, readiness: Readiness)] = []
        for event in ready {
            if event.number == Self.timerNumber {
                acknowledgeTimer()
            } else if let source = sources[event.number] {
                others.append((source, event.readiness))
            }
        }
        for (source, readiness) in others.sorted(by: { $0.source.priority < $1.source.priority }) {
            drainUrgent()
            source.fire(readiness)
        }
        turnMaximum = max(turnMaximum, now - woken)
    }

    /// One round of the urgent sources that are ready now, without waiting.
    private func drainUrgent() {
        // A failure here would also be one of the outer poll, which throws.
        guard let ready = try? urgentPoll.wait(milliseconds: 0) else { return }
        for event in ready { sources[event.number]?.fire(event.readiness) }
    }

    private func acknowledgeTimer() {
        var count = [UInt8](repeating: 0, count: 8)
        // Nothing to read means that it was set anew in between.
        _ = try? timer.read(into: &count)
        armedFor = nil
    }
}

/// A descriptor under watch.
package final class EventSource {
    private weak var loop: EventLoop?
    let number: UInt64
    let descriptor: Descriptor
    let priority: EventLoop.Priority
    private var interest: EventLoop.Readiness
    private var handler: ((EventLoop.Readiness) -> Void)?

    init(
        loop: EventLoop, number: UInt64, descriptor: Descriptor, priority: EventLoop.Priority,
        interest: EventLoop.Readiness, handler: @escaping (EventLoop.Readiness) -> Void
    ) {
        self.loop = loop
        self.number = number
        self.descriptor = descriptor
        self.priority = priority
        self.interest = interest
        self.handler = handler
    }

    func fire(_ readiness: EventLoop.Readiness) { handler?(readiness) }

    /// Asks for other readiness from the next turn on.
    package func want(_ interest: EventLoop.Readiness) throws(SystemError) {
        guard interest != self.interest, handler != nil else { return }
        try loop?.change(self, to: interest)
        self.interest = interest
    }

    /// Ends the watch; the handler is not called again, not even in the present turn.
    package func cancel() {
        handler = nil
        loop?.remove(self)
    }
}

/// Calls its handler once at each deadline it is set to.
package final class LoopTimer {
    private weak var loop: EventLoop?
    private let handler: () -> Void
    package private(set) var deadline: Instant?

    init(loop: EventLoop, handler: @escaping () -> Void) {
        self.loop = loop
        self.handler = handler
    }

    /// Sets or moves the deadline; nil disarms.
    package func set(_ deadline: Instant?) {
        guard deadline != self.deadline else { return }
        self.deadline = deadline
        loop?.arm(self)
    }

    func fire() {
        deadline = nil
        handler()
    }
}
