import EventLoop
import GateTypes

/// The eyes' end: connects to the controller, again and again with growing pauses.
///
/// It belongs to the loop's thread.
package final class ControllerLink {
    /// What happens on the link.
    package enum Event: Sendable {
        case connected
        case order(EyesOrder)
        /// Also told when connecting fails, once for each reason.
        case lost(reason: String)
    }

    private let loop: EventLoop
    private let path: String
    private let program: String
    private let accepts: (PeerCredentials) -> Bool
    private let handler: (Event) -> Void
    private var backoff = Backoff(first: .milliseconds(100), longest: .seconds(2))
    private var stream: MessageStream?
    private var hasGreeted = false
    private var toldReason: String?
    private var timer: LoopTimer?
    package private(set) var malformedCount = 0

    /// - Parameter program: our version, told in the greeting.
    package init(
        loop: EventLoop, path: String, program: String,
        accepts: @escaping (PeerCredentials) -> Bool, handler: @escaping (Event) -> Void
    ) {
        self.loop = loop
        self.path = path
        self.program = program
        self.accepts = accepts
        self.handler = handler
        timer = loop.makeTimer { [weak self] in self?.connect() }
    }

    package var isConnected: Bool { hasGreeted }

    /// Begins to connect; each failure is followed by the next attempt.
    package func start() { timer?.set(loop.now) }

    /// Sends a report, or drops it while the controller is away: what is seen is perishable.
    package func send(_ report: EyesReport) {
        guard hasGreeted else { return }
        sendNow(report)
    }

    private func sendNow(_ report: EyesReport) {
        do {
            stream?.send(try LinkCoding.encode(report))
        } catch {
            malformedCount += 1
        }
    }

    private func connect() {
        do {
            let socket = try UnixSocket.connect(to: path)
            guard accepts(try UnixSocket.peer(of: socket)) else {
                return lose("\(path) belongs to a process that may not be the controller")
            }
            let stream = MessageStream(
                loop: loop, socket: socket, framing: .lengths, limits: LinkLimits.stream)
            try stream.start(
                onMessage: { [weak self] in self?.receive($0) },
                onEnd: { [weak self] in self?.lose("\($0)") })
            self.stream = stream
            sendNow(.greet(version: linkVersion, program: program))
        } catch {
            lose("\(error)")
        }
    }

    private func receive(_ bytes: [UInt8]) {
        do {
            let order = try LinkCoding.order(bytes)
            switch (order, hasGreeted) {
            case (.greet(let version), false):
                guard version == linkVersion else {
                    throw LinkError("controller of protocol \(version), this is \(linkVersion)")
                }
                hasGreeted = true
                backoff.reset()
                toldReason = nil
                handler(.connected)
            case (_, false), (.greet, true): throw LinkError("a greeting out of place")
            case (_, true): handler(.order(order))
            }
        } catch {
            malformedCount += 1
            lose("\(error)")
        }
    }

    private func lose(_ reason: String) {
        stream?.close()
        stream = nil
        timer?.set(loop.now + backoff.pause())
        hasGreeted = false
        guard reason != toldReason else { return }
        toldReason = reason
        handler(.lost(reason: reason))
    }
}
