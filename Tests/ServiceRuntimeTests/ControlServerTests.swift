import EventLoop
import Foundation
import GateConfiguration
import GateTypes
import Testing

@testable import ServiceRuntime

/// A server whose visitors have the right that the test says.
final class ServerRig {
    let loop: EventLoop
    let folder: ScratchFolder
    private(set) var server: ControlServer?
    private(set) var handled: [ControlRequest.Kind] = []
    /// Of whoever comes next.
    var right: ControlPeer.Right

    init(_ right: ControlPeer.Right) throws {
        self.right = right
        loop = try EventLoop()
        folder = try ScratchFolder()
        server = try ControlServer(
            loop: loop, path: folder.file("control.sock"),
            judge: { [weak self] _ in
                ControlPeer(right: self?.right ?? .none, account: "e017", isShared: false)
            },
            handler: { [weak self] request, client in
                self?.handled.append(request.request)
                client.send(.done("done"))
            })
    }

    /// Somebody who stays as long as they are held.
    final class Visitor {
        let stream: MessageStream
        /// The first one.
        private(set) var reply: ControlReply?
        private(set) var isOver = false

        init(_ request: ControlRequest, loop: EventLoop, socket: String) throws {
            stream = MessageStream(
                loop: loop, socket: try UnixSocket.connect(to: socket), framing: .lines,
                limits: .init(message: 100_000, waiting: 100_000))
            try stream.start(
                onMessage: { [weak self] in self?.reply = self?.reply ?? ControlCoding.reply($0) },
                onEnd: { [weak self] _ in self?.isOver = true })
            stream.send(ControlCoding.encode(request))
            try loop.run { reply != nil || isOver }
        }
    }

    func enter(_ request: ControlRequest = ControlRequest(.status)) throws -> Visitor {
        try Visitor(request, loop: loop, socket: folder.file("control.sock"))
    }

    /// The first reply to a request, and whether the server then ended the connection.
    func ask(_ request: ControlRequest) throws -> (reply: ControlReply?, isOver: Bool) {
        let visitor = try enter(request)
        // Another visitor's answer shows that this one's end has been dealt with, too.
        if server?.refusedCount ?? 0 > 0 { try loop.run { visitor.isOver } }
        return (visitor.reply, visitor.isOver)
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

    @Test func whoOnlyLooksLeavesPlacesForThoseWhoMayAct() throws {
        let rig = try ServerRig(.view)
        var staying: [ServerRig.Visitor] = []
        for _ in 0..<(ControlLimits.clients - ControlLimits.reservedForOperators) {
            let visitor = try rig.enter()
            #expect(visitor.reply?.ok == true)
            staying.append(visitor)
        }
        let late = try rig.enter().reply
        #expect(late?.ok == false)
        #expect(late?.text?.contains("kept for those who may act") == true)

        rig.right = .operate
        for _ in 0..<ControlLimits.reservedForOperators {
            let visitor = try rig.enter()
            #expect(visitor.reply?.ok == true)
            staying.append(visitor)
        }
        #expect(try rig.enter().reply?.text?.contains("16 clients are connected") == true)
        // Who may not look at all hears that, and not that trying again would help.
        rig.right = .none
        #expect(try rig.enter().reply?.text?.contains("may not look") == true)
        #expect(staying.allSatisfy { $0.stream.isOpen })
    }

    @Test func anAccountIsLookedUpOnceInSomeSecondsAndAnewUnderOtherGroups() throws {
        var lookedUp = 0
        let memory = PeerMemory { peer, _ in
            lookedUp += 1
            return ControlPeer(
                right: peer.group == 7 ? .operate : .view, account: "e017", isShared: false)
        }
        func right(_ process: Int32, _ group: UInt32, _ control: ControlConfig, _ seconds: Int)
            -> ControlPeer.Right
        {
            let peer = PeerCredentials(
                process: process, user: 1017, group: group, supplementaryGroups: [])
            return memory.judged(
                peer, control, at: Instant(nanoseconds: 0) + .seconds(seconds)
            ).right
        }
        let control = ControlConfig()
        for process: Int32 in 1...100 { #expect(right(process, 7, control, 1) == .operate) }
        #expect(lookedUp == 1)
        #expect(right(1, 8, control, 1) == .view && lookedUp == 2)
        #expect(right(1, 7, control, 6) == .operate && lookedUp == 3)
        var other = control
        other.operators = "guards"
        _ = right(1, 7, other, 6)
        #expect(lookedUp == 4)
    }
}
