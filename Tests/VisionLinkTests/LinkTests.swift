import EventLoop
import Foundation
import GateTypes
import Testing
import VisionLink

/// Both ends on one loop, with everything that they tell.
final class LinkPair {
    let loop: EventLoop
    let path: String
    let folder: String
    var listener: EyesListener?
    var link: ControllerLink?
    var atController: [EyesListener.Event] = []
    var atEyes: [ControllerLink.Event] = []

    init(
        silence: Duration = .seconds(60), controllerAccepts: Bool = true, eyesAccept: Bool = true
    ) throws {
        loop = try EventLoop()
        folder = NSTemporaryDirectory() + "gh-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/vision.sock"
        listener = try EyesListener(
            loop: loop, path: path, silence: silence, accepts: { _ in controllerAccepts },
            handler: { [weak self] in self?.atController.append($0) })
        link = ControllerLink(
            loop: loop, path: path, program: "test", accepts: { _ in eyesAccept },
            handler: { [weak self] in self?.atEyes.append($0) })
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var isJoined: Bool { listener?.isConnected == true && link?.isConnected == true }

    func losses() -> [String] {
        atController.compactMap { if case .lost(let reason) = $0 { reason } else { nil } }
    }

    /// A visitor that sends these bytes behind a length, or raw.
    func visit(_ bytes: [UInt8], framed: Bool = true) throws -> Descriptor {
        let socket = try UnixSocket.connect(to: path)
        let length = (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (24 - 8 * $0)) }
        let all = (framed ? length : []) + bytes
        _ = all.withUnsafeBytes { Glibc.write(socket.raw, $0.baseAddress, $0.count) }
        return socket
    }
}

@Suite struct LinkTests {
    @Test func reportsAndOrdersPassThroughWithTheFrameTimeUntouched() throws {
        let pair = try LinkPair()
        pair.link?.start()
        try pair.loop.run { pair.isJoined }
        let observation = PlateObservation.sample()
        pair.link?.send(.observation(observation, stages: []))
        pair.listener?.send(.attention(camera: "lane1", .waiting))
        try pair.loop.run { pair.atController.count == 2 && pair.atEyes.count == 2 }
        guard case .report(.observation(let received, _)) = pair.atController[1],
            case .order(.attention("lane1", .waiting)) = pair.atEyes[1]
        else {
            Issue.record("other messages: \(pair.atController) \(pair.atEyes)")
            return
        }
        #expect(received == observation)
    }

    @Test func eyesThatCameFirstConnectWhenTheControllerListens() throws {
        let pair = try LinkPair()
        pair.listener = nil
        try FileManager.default.removeItem(atPath: pair.path)
        pair.link?.start()
        try pair.loop.run { !pair.atEyes.isEmpty }
        guard case .lost(let reason) = pair.atEyes[0] else {
            Issue.record("\(pair.atEyes)")
            return
        }
        #expect(reason.contains("vision.sock: No such file"))
        let late = try EyesListener(
            loop: pair.loop, path: pair.path, accepts: { _ in true }, handler: { _ in })
        try pair.loop.run { late.isConnected && pair.link?.isConnected == true }
        #expect(late.isConnected)
    }

    @Test(arguments: [
        "{}", "{\"camera\":{\"_0\":\"x\"}}", "garbage",
        "{\"greet\":{\"version\":99,\"program\":\"x\"}}",
    ])
    func visitorThatBreaksTheProtocolIsCountedAndLeavesRoomForTheEyes(text: String) throws {
        let pair = try LinkPair()
        let visitor = try pair.visit(Array(text.utf8))
        try pair.loop.run { pair.listener?.malformedCount == 1 }
        pair.link?.start()
        try pair.loop.run { pair.isJoined }
        #expect(pair.losses().isEmpty && visitor.raw >= 0)
    }

    @Test func hugeLengthIsRefusedWithoutBeingAwaited() throws {
        let pair = try LinkPair()
        let visitor = try pair.visit([0x7F, 0xFF, 0xFF, 0xFF, 1], framed: false)
        try pair.loop.run { pair.listener?.malformedCount == 1 }
        #expect(visitor.raw >= 0)
    }

    @Test func eyesThatTurnMalformedAreLostAndComeBack() throws {
        let pair = try LinkPair()
        pair.link?.start()
        try pair.loop.run { pair.isJoined }
        pair.link?.send(.observation(.sample(confidence: 7), stages: []))
        try pair.loop.run { pair.losses().count == 1 }
        #expect(pair.losses()[0].contains("confidence"))
        try pair.loop.run { pair.isJoined }
        #expect(pair.listener?.malformedCount == 1)
    }

    @Test func silentEyesAreGivenUp() throws {
        let pair = try LinkPair(silence: .milliseconds(50))
        pair.link?.start()
        try pair.loop.run { pair.isJoined }
        try pair.loop.run { !pair.losses().isEmpty }
        #expect(pair.losses()[0].contains("no sign of life"))
    }

    @Test func secondEyesAreRefusedWhileTheFirstAreThere() throws {
        let pair = try LinkPair()
        pair.link?.start()
        try pair.loop.run { pair.isJoined }
        let second = ControllerLink(
            loop: pair.loop, path: pair.path, program: "second", accepts: { _ in true },
            handler: { _ in })
        second.start()
        try pair.loop.run { pair.listener?.refusedCount == 1 }
        #expect(pair.isJoined && !second.isConnected)
    }

    @Test func strangersAreRefusedAtBothEnds() throws {
        let controller = try LinkPair(controllerAccepts: false)
        controller.link?.start()
        try controller.loop.run { controller.listener?.refusedCount == 1 }
        #expect(controller.listener?.isConnected == false)
        let eyes = try LinkPair(eyesAccept: false)
        eyes.link?.start()
        try eyes.loop.run { !eyes.atEyes.isEmpty }
        #expect(eyes.link?.isConnected == false)
    }
}
