import EventLoop
import GateConfiguration
import Glibc

/// Who asks on the control socket, and what they may do.
package struct ControlPeer: Hashable, Sendable {
    package enum Right: Hashable, Sendable, Comparable { case none, view, operate }

    package let right: Right
    /// The account's name as the record gets it.
    package let account: String
    /// A shared account, whose user must be named beside it.
    package let isShared: Bool

    package init(right: Right, account: String, isShared: Bool) {
        self.right = right
        self.account = account
        self.isShared = isShared
    }

    /// Judges a peer by the groups of `control:`; root and the gate's own user may act.
    package init(_ peer: PeerCredentials, _ control: ControlConfig) {
        let isIn = { (name: String) in
            Accounts.number(ofGroup: name).map(peer.isMember(of:)) ?? false
        }
        account = Accounts.name(ofUser: peer.user) ?? "user \(peer.user)"
        isShared = peer.user == 0
        if peer.user == 0 || peer.user == geteuid() || isIn(control.operators) {
            right = .operate
        } else {
            right = isIn(control.viewers) ? .view : .none
        }
    }

    /// The operator's name for the record, or why it cannot be taken.
    package func operatorName(as name: String?) -> Result<String, StartError> {
        switch (name, isShared) {
        case (nil, false): .success(account)
        case (nil, true): .success("unidentified (\(account))")
        case (let name?, true): .success("\(name) (\(account))")
        case (_?, false):
            .failure(StartError("'\(account)' is on record by its own name; leave out --as"))
        }
    }
}

/// The control socket: lines of JSON, peers judged by their credentials.
package final class ControlServer {
    /// One connected client.
    package final class Client {
        fileprivate let stream: MessageStream
        package let peer: ControlPeer
        package fileprivate(set) var isWatching = false

        fileprivate init(stream: MessageStream, peer: ControlPeer) {
            self.stream = stream
            self.peer = peer
        }

        /// False when the client is gone or too slow.
        @discardableResult
        package func send(_ reply: ControlReply) -> Bool {
            stream.send(ControlCoding.encode(reply))
        }
    }

    private let loop: EventLoop
    private let socket: Descriptor
    private var source: EventSource?
    private let judge: (PeerCredentials) -> ControlPeer
    private let handler: (ControlRequest, Client) -> Void
    private var clients: [Client] = []
    package private(set) var refusedCount = 0

    package init(
        loop: EventLoop, path: String, judge: @escaping (PeerCredentials) -> ControlPeer,
        handler: @escaping (ControlRequest, Client) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.judge = judge
        self.handler = handler
        // Any user may connect; what they may do is decided by the peer's credentials.
        socket = try UnixSocket.listen(at: path, mode: 0o666)
        source = try loop.watch(socket, priority: .background) { [weak self] _ in self?.acceptNext()
        }
    }

    deinit { source?.cancel() }

    package var hasWatchers: Bool { clients.contains { $0.isWatching } }

    /// Sends one line to every client that watches.
    package func broadcast(_ reply: ControlReply) {
        let watchers = clients.filter(\.isWatching)
        guard !watchers.isEmpty else { return }
        let bytes = ControlCoding.encode(reply)
        for client in watchers { client.stream.send(bytes) }
    }

    package func watch(_ client: Client) { client.isWatching = true }

    private func acceptNext() {
        // A failed accept concerns one visitor only.
        guard let visitor = try? UnixSocket.accept(on: socket),
            let credentials = try? UnixSocket.peer(of: visitor)
        else { return }
        let stream = MessageStream(
            loop: loop, socket: visitor, framing: .lines,
            limits: .init(message: ControlLimits.requestBytes, waiting: ControlLimits.replyBytes),
            priority: .background)
        let client = Client(stream: stream, peer: judge(credentials))
        do {
            try stream.start(
                onMessage: { [weak self, weak client] bytes in
                    if let client { self?.receive(bytes, from: client) }
                },
                onEnd: { [weak self, weak client] _ in
                    self?.clients.removeAll { $0 === client }
                })
        } catch {
            return
        }
        if let reason = obstacle(to: client.peer) {
            dismiss(client, reason)
        } else {
            clients.append(client)
        }
    }

    /// Why a visitor cannot stay; the right comes first, since it does not change by waiting.
    private func obstacle(to peer: ControlPeer) -> String? {
        switch peer.right {
        case .none:
            return "'\(peer.account)' may not look at this gate; "
                + "ask for membership of the group 'control: viewers' or 'operators'"
        case .view where clients.count >= ControlLimits.clients - ControlLimits.reservedForOperators:
            return "\(clients.count) clients are connected already, and the other places are kept "
                + "for those who may act; try again"
        case .operate where clients.count >= ControlLimits.clients:
            return "\(clients.count) clients are connected already; try again"
        case .view, .operate: return nil
        }
    }

    private func dismiss(_ client: Client, _ reason: String) {
        refusedCount += 1
        client.send(.refused(reason))
        client.stream.closeWhenSent()
    }

    private func receive(_ bytes: [UInt8], from client: Client) {
        switch ControlCoding.request(bytes) {
        case .failure(let error): client.send(.refused(error.description))
        case .success(let request) where request.request.mayChange && client.peer.right < .operate:
            client.send(
                .refused(
                    "'\(client.peer.account)' may look and not act; "
                        + "ask for membership of the group 'control: operators'"))
        case .success(let request): handler(request, client)
        }
    }
}
