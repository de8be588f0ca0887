import EventLoop
import GateTypes
import Glibc

/// The other end of the control socket, as `gatectl` uses it.
package final class ControlClient {
    private let path: String
    private let loop: EventLoop
    private let stream: MessageStream
    private var replies: [ControlReply] = []
    private var failure: String?

    /// - Throws: `StartError` when no gate answers at `path` or it may not be asked.
    package init(path: String) throws(StartError) {
        self.path = path
        do throws(SystemError) {
            loop = try EventLoop()
            stream = MessageStream(
                loop: loop, socket: try UnixSocket.connect(to: path), framing: .lines,
                limits: .init(
                    message: ControlLimits.replyBytes, waiting: ControlLimits.requestBytes))
            try stream.start(
                onMessage: { [weak self] in self?.received($0) },
                onEnd: { [weak self] in self?.failure = "the gate ended the connection: \($0)" })
        } catch {
            throw StartError(
                "no gate answers there (\(error)); start gatehoused, or name the directory of "
                    + "its configuration with --config")
        }
    }

    private func received(_ bytes: [UInt8]) {
        guard let reply = ControlCoding.reply(bytes) else {
            failure = "\(path) sent what is no reply; gatectl and gatehoused differ in version"
            return
        }
        replies.append(reply)
    }

    /// Sends one request and waits for its reply.
    package func ask(_ request: ControlRequest, within limit: Duration) throws(StartError)
        -> ControlReply
    {
        guard let reply = try next(after: request, within: limit) else {
            throw StartError("the gate has not answered within \(limit); see 'gatectl status'")
        }
        return reply
    }

    /// Follows the gate until `handler` returns false or the process is interrupted.
    package func watch(_ handler: @escaping (ControlReply) -> Bool) throws(StartError) {
        var isOver = false
        do throws(SystemError) {
            try loop.watchSignals([SIGINT, SIGTERM]) { _ in isOver = true }
        } catch {
            throw StartError("\(error)")
        }
        stream.send(ControlCoding.encode(ControlRequest(.watch)))
        while !isOver {
            try run { isOver || failure != nil || !replies.isEmpty }
            while !isOver, !replies.isEmpty {
                let reply = replies.removeFirst()
                guard reply.ok else { throw StartError(reply.text ?? "the gate refuses") }
                isOver = !handler(reply)
            }
            if let failure, !isOver { throw StartError(failure) }
        }
    }

    private func next(
        after request: ControlRequest, within limit: Duration
    ) throws(StartError) -> ControlReply? {
        stream.send(ControlCoding.encode(request))
        var isLate = false
        let timer = loop.makeTimer { isLate = true }
        timer.set(loop.now + limit)
        try run { isLate || failure != nil || !replies.isEmpty }
        timer.set(nil)
        if replies.isEmpty, let failure { throw StartError(failure) }
        return replies.isEmpty ? nil : replies.removeFirst()
    }

    private func run(until condition: () -> Bool) throws(StartError) {
        do throws(SystemError) {
            try loop.run(until: condition)
        } catch {
            throw StartError("\(error)")
        }
    }
}
