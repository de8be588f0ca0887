import EventLoop
import Foundation
import GateTypes
import ServiceRuntime
import Testing

/// A server whose visitors have the right that the test says.
final class ServerRig {
    let loop: EventLoop
    let folder: ScratchFolder
    private(set) var server: ControlServer?
    private(set) var handled: [ControlRequest.Kind] = []

    init(_ right: ControlPeer.Right) throws {
        loop = try EventLoop()
        folder = try ScratchFolder()
        server = try ControlServer(
            loop: loop, path: folder.file("control.sock"),
            judge: { _ in ControlPeer(right: right, account: "e017", isShared: false) },
            handler: { [weak self] request, client in
                self?.handled.append(request.request)
                client.send(.done("done"))
            })
    }

    /// The first reply to a request, and whether the server then ended the connection.
    func ask(_ request: ControlRequest) throws -> (reply: ControlReply?, isOver: Bool) {
        let stream = MessageStream(
            loop: loop, socket: try UnixSocket.connect(to: folder.file("control.sock")),
            framing: .lines, limits: .init(message: 100_000, waiting: 100_000))
        var reply: ControlReply?
        var isOver = false
        try stream.start(
            onMessage: { reply = reply ?? ControlCoding.reply($0) }, onEnd: { _ in isOver = true })
        stream.send(ControlCoding.encode(request))
        try loop.run { reply != nil || isOver }
        // Another visitor's answer shows that this one's end has been dealt with, too.
        if server?.refusedCount ?? 0 > 0 { try loop.run { isOver } }
        return (reply, isOver)
    }
}

@Suite struct ControlServerTests {
    @Test func peerOfNoGroupIsToldWhyAndSentAway() throws {
        let rig = try ServerRig(.none)
        let (reply, isOver) = try rig.ask(ControlRequest(.status))
        #expect(reply?.ok == false && isOver)
        #expect(reply?.text?.contains("'e017' may not look at this gate") == true)
        #expect(rig.handled.isEmpty && rig.server?.refusedCount == 1)
    }

    @Test(arguments: ControlRequest.Kind.allCases)
    func viewerLooksAndDoesNotAct(kind: ControlRequest.Kind) throws {
        let rig = try ServerRig(.view)
        let (reply, isOver) = try rig.ask(ControlRequest(kind, lane: "lane1"))
        #expect(reply?.ok == !kind.mayChange && !isOver)
        #expect(rig.handled == (kind.mayChange ? [] : [kind]))
    }

    @Test(arguments: ControlRequest.Kind.allCases)
    func operatorActs(kind: ControlRequest.Kind) throws {
        let rig = try ServerRig(.operate)
        #expect(try rig.ask(ControlRequest(kind, lane: "lane1")).reply?.ok == true)
        #expect(rig.handled == [kind])
    }
}
