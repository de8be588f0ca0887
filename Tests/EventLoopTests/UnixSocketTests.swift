import EventLoop
import Foundation
import Testing

/// A folder that goes away with the test; its path is short enough for a socket.
final class ScratchFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "gh-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

/// A listener, a client and the accepted end, all on one loop.
struct Connected {
    let loop: EventLoop
    let folder: ScratchFolder
    let client: Descriptor
    let server: Descriptor

    init() throws {
        loop = try EventLoop()
        folder = try ScratchFolder()
        let listener = try UnixSocket.listen(at: folder.file("s"), mode: 0o600)
        client = try UnixSocket.connect(to: folder.file("s"))
        server = try #require(try UnixSocket.accept(on: listener))
    }

    func stream(
        _ socket: Descriptor, _ framing: MessageStream.Framing = .lengths, message: Int = 1000,
        waiting: Int = 1_000_000
    ) -> MessageStream {
        MessageStream(
            loop: loop, socket: socket, framing: framing,
            limits: .init(message: message, waiting: waiting))
    }

    func write(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { Glibc.write(client.raw, $0.baseAddress, $0.count) }
    }
}

@Suite struct UnixSocketTests {
    @Test func peerIsTheProcessAtTheOtherEnd() throws {
        let pair = try Connected()
        let peer = try UnixSocket.peer(of: pair.server)
        #expect(peer.process == getpid() && peer.user == geteuid() && peer.group == getegid())
        #expect(peer.isMember(of: getegid()))
        #expect(!peer.isMember(of: 4_000_000_000))
    }

    @Test func socketLeftByADeadProcessIsReplacedAndALivingOneIsNot() throws {
        let folder = try ScratchFolder()
        var first: Descriptor? = try UnixSocket.listen(at: folder.file("s"), mode: 0o600)
        let error = #expect(throws: SystemError.self) {
            try UnixSocket.listen(at: folder.file("s"), mode: 0o600)
        }
        #expect(error?.code == EADDRINUSE)
        #expect(first != nil)
        first = nil
        let second = try UnixSocket.listen(at: folder.file("s"), mode: 0o600)
        #expect(second.raw >= 0)
    }

    @Test func pathTooLongForASocketIsAnErrorThatNamesIt() throws {
        let path = "/" + String(repeating: "x", count: 120)
        let error = #expect(throws: SystemError.self) { try UnixSocket.connect(to: path) }
        #expect(error?.code == ENAMETOOLONG && error?.path == path)
    }
}

@Suite struct MessageStreamTests {
    @Test(arguments: [MessageStream.Framing.lines, .lengths])
    func messagesArriveWholeAndInOrder(framing: MessageStream.Framing) throws {
        let pair = try Connected()
        let (client, server) = (
            pair.stream(pair.client, framing), pair.stream(pair.server, framing)
        )
        let sent = (0..<500).map { Array(repeating: UInt8(97 + $0 % 26), count: $0) }
        var received: [[UInt8]] = []
        try client.start(onMessage: { _ in }, onEnd: { _ in })
        try server.start(onMessage: { received.append($0) }, onEnd: { _ in })
        for message in sent { #expect(client.send(message)) }
        try pair.loop.run { received.count == sent.count }
        #expect(received == sent)
    }

    @Test func messageTornIntoBytesIsPutTogether() throws {
        let pair = try Connected()
        var received: [[UInt8]] = []
        let server = pair.stream(pair.server)
        try server.start(onMessage: { received.append($0) }, onEnd: { _ in })
        for byte: UInt8 in [0, 0, 0, 2, 7, 8] {
            #expect(received.isEmpty)
            pair.write([byte])
            try pair.loop.turn()
        }
        #expect(received == [[7, 8]])
    }

    @Test(arguments: [
        (MessageStream.Framing.lengths, [UInt8](repeating: 0xFF, count: 8)),
        (.lines, [UInt8](repeating: 65, count: 1001)),
    ])
    func messageBeyondTheLimitEndsTheStream(framing: MessageStream.Framing, bytes: [UInt8]) throws {
        let pair = try Connected()
        var end: MessageStream.End?
        let server = pair.stream(pair.server, framing)
        try server.start(onMessage: { _ in Issue.record("a message") }, onEnd: { end = $0 })
        pair.write(bytes)
        try pair.loop.run { end != nil }
        #expect(end == .messageTooLong(limit: 1000))
        #expect(!server.isOpen && !server.send([1]))
    }

    @Test func peerThatDoesNotReadIsCutOffAtTheLimit() throws {
        let pair = try Connected()
        var end: MessageStream.End?
        let server = pair.stream(pair.server, message: 100_000, waiting: 1_000_000)
        try server.start(onMessage: { _ in }, onEnd: { end = $0 })
        let message = [UInt8](repeating: 1, count: 100_000)
        var sent = 0
        while server.send(message) && sent < 100 { sent += 1 }
        #expect(end == .peerTooSlow(limit: 1_000_000))
        #expect(sent < 100)
    }

    @Test func closedPeerIsTold() throws {
        let pair = try Connected()
        var ends: [MessageStream.End] = []
        let server = pair.stream(pair.server)
        try server.start(onMessage: { _ in }, onEnd: { ends.append($0) })
        shutdown(pair.client.raw, Int32(SHUT_RDWR))
        try pair.loop.run { !ends.isEmpty }
        #expect(ends == [.closedByPeer])
    }

    @Test func whatThePeerSaidBeforeItWentIsReadThoughNothingCanBeSent() throws {
        let pair = try Connected()
        var received: [[UInt8]] = []
        var end: MessageStream.End?
        let server = pair.stream(pair.server)
        try server.start(onMessage: { received.append($0) }, onEnd: { end = $0 })
        pair.write([0, 0, 0, 2, 7, 8])
        shutdown(pair.client.raw, Int32(SHUT_RDWR))
        #expect(!server.send([9]) && !server.send([9]))
        #expect(end == nil)
        try pair.loop.run { end != nil }
        #expect(received == [[7, 8]])
        guard case .failed(let error)? = end else {
            Issue.record("the end does not tell why nothing could be sent")
            return
        }
        #expect(error.code == EPIPE)
        #expect(!server.isOpen)
    }

    @Test func closingAfterSendingDeliversWhatWaits() throws {
        let pair = try Connected()
        let (client, server) = (
            pair.stream(pair.client, message: 1_000_000),
            pair.stream(pair.server, message: 1_000_000)
        )
        var (received, isOver) = (0, false)
        try client.start(onMessage: { received = $0.count }, onEnd: { _ in isOver = true })
        try server.start(onMessage: { _ in }, onEnd: { _ in })
        #expect(server.send([UInt8](repeating: 5, count: 900_000)))
        server.closeWhenSent()
        try pair.loop.run { isOver }
        #expect(received == 900_000)
    }
}

@Suite struct AccountTests {
    @Test func accountsAreFoundByNameAndNumberAndUnknownOnesAreNot() {
        #expect(Accounts.number(ofUser: "root") == 0)
        #expect(Accounts.number(ofGroup: "root") == 0)
        #expect(Accounts.name(ofUser: 0) == "root")
        #expect(Accounts.number(ofUser: "no-such-user") == nil)
        #expect(Accounts.number(ofGroup: "no-such-group") == nil)
        #expect(Accounts.name(ofUser: 3_999_999_999) == nil)
    }
}
