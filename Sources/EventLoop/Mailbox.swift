import CLinux
import Glibc
import Synchronization

/// A bounded queue from any thread into a loop; the handler runs on the loop's thread.
package final class Mailbox<Message: Sendable>: Sendable {
    private struct Contents {
        var messages: [Message] = []
        var refused = 0
    }

    package let limit: Int
    private let contents = Mutex(Contents())
    private let wake: Descriptor

    fileprivate init(limit: Int) throws(SystemError) {
        self.limit = limit
        wake = Descriptor(
            owning: try systemCall("eventfd") {
                eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
            }, path: "eventfd")
    }

    /// Queues a message; false when the box is full, and the message is lost and counted.
    @discardableResult
    package func post(_ message: Message) -> Bool {
        let accepted = contents.withLock { contents in
            guard contents.messages.count < limit else {
                contents.refused += 1
                return false
            }
            contents.messages.append(message)
            return true
        }
        if accepted { ring() }
        return accepted
    }

    /// How many messages found the box full.
    package var refused: Int { contents.withLock { $0.refused } }

    private func ring() {
        // EAGAIN means that the counter stands at its limit, so the loop wakes anyway.
        _ = try? nonblockingCall("eventfd_write") { eventfd_write(wake.raw, 1) }
    }

    /// At most this many in a turn, so that a burst does not hold up the other sources.
    private static var batch: Int { 32 }

    fileprivate func take() -> [Message] {
        var count = [UInt8](repeating: 0, count: 8)
        _ = try? wake.read(into: &count)
        let (taken, isMore) = contents.withLock { contents in
            let taken = Array(contents.messages.prefix(Self.batch))
            contents.messages.removeFirst(taken.count)
            return (taken, !contents.messages.isEmpty)
        }
        if isMore { ring() }
        return taken
    }

    fileprivate func attach(
        to loop: EventLoop, _ priority: EventLoop.Priority, _ handler: @escaping (Message) -> Void
    ) throws(SystemError) {
        try loop.watch(wake, priority: priority) { [self] _ in
            for message in take() { handler(message) }
        }
    }
}

extension EventLoop {
    /// A way into this loop for other threads; messages come in the order of their posting.
    package func makeMailbox<Message: Sendable>(
        limit: Int, priority: Priority = .normal, handler: @escaping (Message) -> Void
    ) throws(SystemError) -> Mailbox<Message> {
        let box = try Mailbox<Message>(limit: limit)
        try box.attach(to: self, priority, handler)
        return box
    }

    /// A mailbox for plain closures, which run on the loop's thread.
    package func makeClosureMailbox(limit: Int) throws(SystemError) -> Mailbox<@Sendable () -> Void>
    {
        try makeMailbox(limit: limit) { $0() }
    }
}
