import Glibc

/// Whole messages over a nonblocking stream socket, with bounds both ways.
///
/// It belongs to its loop's thread. After `onEnd` nothing more is called, and the socket is closed.
package final class MessageStream {
    /// How messages are told apart.
    package enum Framing: Sendable {
        /// One message a line, ended by a line feed, for people and scripts.
        case lines
        /// Four bytes of length, most significant first, then the message.
        case lengths
    }

    /// What a peer may cost us.
    package struct Limits: Sendable {
        /// Longest message that is received, in bytes.
        package var message: Int
        /// Most bytes that wait for a slow peer.
        package var waiting: Int

        package init(message: Int, waiting: Int) {
            self.message = message
            self.waiting = waiting
        }
    }

    /// Why a stream ended.
    package enum End: Hashable, Sendable, CustomStringConvertible {
        case closedByPeer
        case messageTooLong(limit: Int)
        /// The peer does not read; more than the limit waits for it.
        case peerTooSlow(limit: Int)
        case failed(SystemError)

        package var description: String {
            switch self {
            case .closedByPeer: "closed by the other side"
            case .messageTooLong(let limit): "a message longer than \(limit) bytes"
            case .peerTooSlow(let limit): "more than \(limit) bytes wait for the other side to read"
            case .failed(let error): error.description
            }
        }
    }

    private static let bytesPerTurn = 65_536

    private let loop: EventLoop
    private let socket: Descriptor
    private let framing: Framing
    private let limits: Limits
    private let priority: EventLoop.Priority
    private var source: EventSource?
    private var received: [UInt8] = []
    private var waiting: [UInt8] = []
    private var closesWhenSent = false
    /// Why nothing can be sent any more, while what the peer has said before is still read.
    private var sendFailure: SystemError?
    private var onMessage: (([UInt8]) -> Void)?
    private var onEnd: ((End) -> Void)?

    package init(
        loop: EventLoop, socket: Descriptor, framing: Framing, limits: Limits,
        priority: EventLoop.Priority = .normal
    ) {
        self.loop = loop
        self.socket = socket
        self.framing = framing
        self.limits = limits
        self.priority = priority
    }

    deinit { source?.cancel() }

    package var isOpen: Bool { source != nil }

    /// Begins to receive; each message comes without its framing.
    package func start(
        onMessage: @escaping ([UInt8]) -> Void, onEnd: @escaping (End) -> Void
    ) throws(SystemError) {
        self.onMessage = onMessage
        self.onEnd = onEnd
        source = try loop.watch(socket, priority: priority) { [weak self] in self?.serve($0) }
    }

    /// Queues a message; false when the stream is over, ends by it, or only reads what is left.
    @discardableResult
    package func send(_ message: [UInt8]) -> Bool {
        guard isOpen, !closesWhenSent, sendFailure == nil else { return false }
        switch framing {
        case .lines: waiting += message + [0x0A]
        case .lengths:
            waiting += (0..<4).map { UInt8(truncatingIfNeeded: message.count >> (24 - 8 * $0)) }
            waiting += message
        }
        flush()
        guard waiting.count <= limits.waiting else {
            finish(.peerTooSlow(limit: limits.waiting))
            return false
        }
        return isOpen && sendFailure == nil
    }

    /// Closes without calling `onEnd`.
    package func close() {
        source?.cancel()
        source = nil
        onMessage = nil
        onEnd = nil
        _ = shutdown(socket.raw, Int32(SHUT_RDWR))
    }

    /// Closes as soon as what waits has gone out.
    package func closeWhenSent() {
        closesWhenSent = true
        if waiting.isEmpty { close() }
    }

    private func finish(_ end: End) {
        let tell = onEnd
        close()
        tell?(end)
    }

    private func serve(_ readiness: EventLoop.Readiness) {
        if readiness.contains(.writable) { flush() }
        if isOpen, !readiness.isDisjoint(with: [.readable, .failed]) { receive() }
    }

    private func receive() {
        var buffer = [UInt8](repeating: 0, count: Self.bytesPerTurn)
        do {
            guard let count = try socket.read(into: &buffer) else { return }
            guard count > 0 else {
                return finish(sendFailure.map { .failed($0) } ?? .closedByPeer)
            }
            received += buffer.prefix(count)
            deliver()
        } catch {
            finish(.failed(sendFailure ?? error))
        }
    }

    private func deliver() {
        var start = 0
        while isOpen {
            switch nextMessage(from: start) {
            case .message(let range, let next):
                start = next
                onMessage?(Array(received[range]))
            case .incomplete:
                received.removeFirst(start)
                return
            case .tooLong:
                return finish(.messageTooLong(limit: limits.message))
            }
        }
    }

    private enum Found {
        case message(Range<Int>, next: Int)
        case incomplete
        case tooLong
    }

    private func nextMessage(from start: Int) -> Found {
        switch framing {
        case .lines:
            guard let end = received[start...].firstIndex(of: 0x0A) else {
                return received.count - start > limits.message ? .tooLong : .incomplete
            }
            return end - start > limits.message ? .tooLong : .message(start..<end, next: end + 1)
        case .lengths:
            guard received.count - start >= 4 else { return .incomplete }
            let length = received[start..<(start + 4)].reduce(0) { $0 << 8 | Int($1) }
            guard length <= limits.message else { return .tooLong }
            let end = start + 4 + length
            return end > received.count ? .incomplete : .message((start + 4)..<end, next: end)
        }
    }

    private func flush() {
        do {
            while !waiting.isEmpty, let sent = try socket.send(waiting[...]) {
                waiting.removeFirst(sent)
            }
            if waiting.isEmpty && closesWhenSent { return close() }
            try source?.want(waiting.isEmpty ? .readable : [.readable, .writable])
        } catch {
            guard [EPIPE, ECONNRESET].contains(error.code), !closesWhenSent else {
                return finish(.failed(error))
            }
            readOnly(after: error)
        }
    }

    /// The peer has gone; what it said before that, often the reason, may wait to be read.
    private func readOnly(after error: SystemError) {
        sendFailure = error
        waiting = []
        do {
            try source?.want(.readable)
        } catch {
            finish(.failed(error))
        }
    }
}
