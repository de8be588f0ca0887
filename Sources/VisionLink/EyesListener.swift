import EventLoop
import GateEngine
import GateTypes

/// The controller's end: listens for the eyes and talks with one of them at a time.
///
/// Whatever the eyes send or fail to send costs at most their connection; they come back by
/// themselves. It belongs to the loop's thread.
package final class EyesListener {
    /// What happens on the link.
    package enum Event: Sendable {
        /// The eyes have greeted in our version; they know nothing of us yet.
        case connected(program: String)
        case report(EyesReport)
        case lost(reason: String)
    }

    private let loop: EventLoop
    private let socket: Descriptor
    private var source: EventSource?
    private let accepts: (PeerCredentials) -> Bool
    private let silence: Duration
    private let handler: (Event) -> Void
    private var stream: MessageStream?
    private var hasGreeted = false
    private var silenceTimer: LoopTimer?
    /// Messages that broke the protocol.
    package private(set) var malformedCount = 0
    /// Connections of processes that may not be the eyes, or came while the eyes were there.
    package private(set) var refusedCount = 0

    /// Listens at `path`, a socket in the runtime directory.
    ///
    /// - Parameter accepts: whether this process may be the eyes.
    package init(
        loop: EventLoop, path: String, silence: Duration = LinkLimits.silence,
        accepts: @escaping (PeerCredentials) -> Bool, handler: @escaping (Event) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.accepts = accepts
        self.silence = silence
        self.handler = handler
        // Any user may connect; who may stay is decided by the peer's credentials.
        socket = try UnixSocket.listen(at: path, mode: 0o666)
        silenceTimer = loop.makeTimer { [weak self] in self?.giveUp() }
        source = try loop.watch(socket) { [weak self] _ in self?.acceptNext() }
    }

    deinit { source?.cancel() }

    /// True while eyes that greeted in our version are connected.
    package var isConnected: Bool { hasGreeted }

    /// Sends an order; nothing happens while the eyes are away, they are told anew when they come.
    package func send(_ order: EyesOrder) {
        guard hasGreeted else { return }
        sendNow(order)
    }

    private func sendNow(_ order: EyesOrder) {
        do {
            stream?.send(try LinkCoding.encode(order))
        } catch {
            lose("an order could not be sent: \(error)")
        }
    }

    private func acceptNext() {
        // A failed accept concerns one visitor only.
        guard let visitor = try? UnixSocket.accept(on: socket) else { return }
        guard stream == nil, let peer = try? UnixSocket.peer(of: visitor), accepts(peer) else {
            refusedCount += 1
            return
        }
        let stream = MessageStream(
            loop: loop, socket: visitor, framing: .lengths, limits: LinkLimits.stream)
        do {
            try stream.start(
                onMessage: { [weak self] in self?.receive($0) },
                onEnd: { [weak self] in self?.ended($0) })
        } catch {
            return
        }
        self.stream = stream
        silenceTimer?.set(loop.now + silence)
        sendNow(.greet(version: linkVersion))
    }

    private func receive(_ bytes: [UInt8]) {
        do {
            let report = try LinkCoding.report(bytes)
            silenceTimer?.set(loop.now + silence)
            switch (report, hasGreeted) {
            case (.greet(let version, let program), false):
                guard version == linkVersion else {
                    throw LinkError(
                        "eyes of protocol \(version), this is \(linkVersion); "
                            + "install both programs from one release")
                }
                hasGreeted = true
                handler(.connected(program: program))
            case (_, false), (.greet, true): throw LinkError("a greeting out of place")
            case (_, true): handler(.report(report))
            }
        } catch {
            malformedCount += 1
            lose("\(error)")
        }
    }

    private func ended(_ end: MessageStream.End) {
        if case .messageTooLong = end { malformedCount += 1 }
        lose("\(end)")
    }

    private func giveUp() { lose("no sign of life for \(silence)") }

    private func lose(_ reason: String) {
        stream?.close()
        stream = nil
        silenceTimer?.set(nil)
        guard hasGreeted else { return }
        hasGreeted = false
        handler(.lost(reason: reason))
    }
}
