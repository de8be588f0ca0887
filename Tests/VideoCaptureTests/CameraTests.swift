import Dispatch
import EventLoop
import Foundation
import GateTypes
import Glibc
import Imaging
import Synchronization
import Testing
import VideoCapture

/// What a camera told, and a bell for each frame and event.
private final class Listener: Sendable {
    private let told = Mutex<[CameraEvent]>([])
    private let bell = DispatchSemaphore(value: 0)

    var events: [CameraEvent] { told.withLock { $0 } }

    func onFrame() { bell.signal() }

    func onEvent(_ event: CameraEvent) {
        told.withLock { $0.append(event) }
        bell.signal()
    }

    /// Waits until the condition holds; false when nothing came for 20 seconds.
    func wait(until condition: () -> Bool) -> Bool {
        while !condition() {
            if bell.wait(timeout: .now() + 20) == .timedOut { return false }
        }
        return true
    }
}

/// A source that plays a script: each opening is one list of what comes.
private struct ScriptedSource: FrameSource {
    enum Step: Sendable {
        case frame(UInt32)
        case corrupt(UInt32)
        case fail(CameraFault.Kind)
    }

    var openings: [[Step]]
    var steps: [Step] = []
    let closed: Counter
    var device: String { "script" }
    var isStarved: Bool { false }

    mutating func open(tell: (CameraEvent) -> Void) throws(CameraFault) -> CameraMode {
        guard !openings.isEmpty else { throw failure(.absent) }
        steps = openings.removeFirst()
        return CameraMode(
            size: .init(width: 2, height: 1), rate: nil, format: .gray, native: "GREY",
            device: "script")
    }

    mutating func receive(
        until deadline: Instant, wake: Descriptor
    ) throws(CameraFault) -> [Reception] {
        guard !steps.isEmpty else {
            // Nothing comes any more: waits to be woken, as a device does.
            var entry = pollfd(fd: wake.raw, events: Int16(POLLIN), revents: 0)
            poll(&entry, 1, 10_000)
            return []
        }
        switch steps.removeFirst() {
        case .frame(let number):
            let image = GrayImage(size: .init(width: 2, height: 1), filledWith: UInt8(number))
            return [
                .frame(
                    Frame(
                        picture: Picture(image), captured: .now(), isDriverTime: true,
                        sequence: number))
            ]
        case .corrupt(let number): return [.corrupt("torn", sequence: number)]
        case .fail(let kind): throw failure(kind)
        }
    }

    mutating func close() { closed.add() }

    private func failure(_ kind: CameraFault.Kind) -> CameraFault {
        CameraFault(kind, device: "script", problem: "scripted", remedy: "none")
    }
}

private final class Counter: Sendable {
    private let value = Mutex(0)
    var count: Int { value.withLock { $0 } }
    func add() { value.withLock { $0 += 1 } }
}

@Suite struct CameraTests {
    private func makeCamera(
        _ openings: [[ScriptedSource.Step]], _ listener: Listener, _ closed: Counter = Counter()
    ) throws -> CapturingCamera {
        var limits = CaptureWatch.Limits()
        limits.pauseFirst = .milliseconds(1)
        limits.pauseLongest = .milliseconds(2)
        limits.proofTime = .zero
        return CapturingCamera(
            name: "test", source: ScriptedSource(openings: openings, closed: closed),
            settings: .init(size: .init(width: 2, height: 1), rate: 25, format: .gray),
            limits: limits, wake: try CapturingCamera.makeWake("test"),
            onFrame: { listener.onFrame() }, onEvent: { listener.onEvent($0) })
    }

    @Test func theNewestFrameWinsAndLossesAreCounted() throws {
        let listener = Listener()
        let camera = try makeCamera(
            [[.frame(1), .frame(2), .frame(5), .corrupt(6), .frame(7)]], listener)
        try camera.start()
        try camera.start()
        #expect(listener.wait { camera.health.frameCount == 4 })
        let frame = try #require(camera.takeFrame())
        #expect(frame.sequence == 7)
        #expect(try frame.picture.gray().image.pixels == [7, 7])
        #expect(camera.takeFrame() == nil)
        let health = camera.health
        guard case .streaming(let mode) = health.state else {
            Issue.record("\(health.state)")
            return
        }
        #expect(mode.native == "GREY")
        #expect(health.replacedCount == 3)
        #expect(health.lostCount == 2)
        #expect(health.corruptCount == 1)
        #expect(health.lastCorruption == "torn")
        camera.stop()
        camera.stop()
        #expect(camera.health.state == .stopped)
    }

    @Test func aLostCameraIsOpenedFromZeroAndToldOnce() throws {
        let listener = Listener()
        let closed = Counter()
        let camera = try makeCamera(
            [
                [.frame(1), .fail(.gone)], [.fail(.gone)], [.fail(.gone)], [.fail(.io)],
                [.frame(1), .fail(.gone)],
            ], listener, closed)
        try camera.start()
        #expect(listener.wait { listener.events.count >= 5 })
        #expect(camera.takeFrame() == nil, "a frame from before the fault is no news")
        camera.stop()
        let kinds = listener.events.map { event in
            switch event {
            case .opened: "opened"
            case .controlRefused: "control"
            case .failed(let fault): fault.kind.rawValue
            case .recovered(_, let attempts): "recovered after \(attempts)"
            }
        }
        #expect(kinds.prefix(5) == ["opened", "gone", "io", "recovered after 4", "gone"])
        #expect(closed.count >= 5)
    }

    @Test func stoppingBeforeStartingIsHarmless() throws {
        let camera = try makeCamera([], Listener())
        camera.stop()
        #expect(camera.health.state == .stopped)
    }
}

@Suite struct ReplayTests {
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("gatehouse-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    private func replay(_ path: String, _ listener: Listener) throws -> CapturingCamera {
        try CapturingCamera.replay(
            name: "replay", path: path,
            settings: .init(size: .init(width: 32, height: 24), rate: 500, format: .jpeg),
            onFrame: { listener.onFrame() }, onEvent: { listener.onEvent($0) })
    }

    private func picture(_ value: UInt8) throws -> [UInt8] {
        try JPEG.encode(GrayImage(size: .init(width: 32, height: 24), filledWith: value))
    }

    @Test func tornAndForeignFilesAreCountedAndStopNothing() throws {
        try inFolder { folder in
            let good = try picture(100)
            let files: [(String, [UInt8])] = [
                ("a.jpg", good), ("b.jpg", Array(good.prefix(good.count / 2))), ("c.jpg", []),
                ("d.jpg", Array("no picture".utf8)), ("e.jpeg", good), ("notes.txt", [1, 2]),
            ]
            for (name, bytes) in files {
                try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            let listener = Listener()
            let camera = try replay(folder, listener)
            try camera.start()
            #expect(listener.wait { camera.health.frameCount >= 7 })
            let frame = try #require(camera.takeFrame())
            #expect(try abs(frame.picture.gray().image.statistics().mean - 100) < 3)
            camera.stop()
            let health = camera.health
            // Three rounds of five files, of which three are bad.
            #expect(health.corruptCount >= 9)
            #expect(health.reopeningCount == 0)
            #expect(listener.events.count == 1)
        }
    }

    @Test func aListIsPlayedInItsOrder() throws {
        try inFolder { folder in
            for value in [10, 90, 170] {
                try Data(picture(UInt8(value))).write(
                    to: URL(fileURLWithPath: "\(folder)/\(value).jpg"))
            }
            let list = "\(folder)/list.txt"
            try "# order\n170.jpg\n10.jpg\n\(folder)/90.jpg\n".write(
                toFile: list, atomically: true, encoding: .utf8)
            let seen = Mutex<[UInt32: Double]>([:])
            let listener = Listener()
            let camera = try replay(list, listener)
            try camera.start()
            #expect(
                listener.wait {
                    if let frame = camera.takeFrame(),
                        let mean = try? frame.picture.gray().image.statistics().mean
                    {
                        seen.withLock { $0[frame.sequence] = mean }
                    }
                    return seen.withLock { $0.count } >= 6
                })
            camera.stop()
            for (sequence, mean) in seen.withLock({ $0 }) {
                #expect(abs(mean - [170, 10, 90][Int(sequence - 1) % 3]) < 3)
            }
        }
    }

    @Test func aMissingFolderIsToldOnceAndPlayedWhenItComes() throws {
        try inFolder { folder in
            let later = "\(folder)/later"
            let listener = Listener()
            let camera = try replay(later, listener)
            try camera.start()
            #expect(listener.wait { !listener.events.isEmpty })
            guard case .failed(let fault)? = listener.events.first else {
                Issue.record("\(listener.events)")
                return
            }
            #expect(fault.kind == .absent && fault.description.contains(later))
            try FileManager.default.createDirectory(
                atPath: later, withIntermediateDirectories: true)
            try Data(picture(50)).write(to: URL(fileURLWithPath: "\(later)/a.jpg"))
            #expect(
                listener.wait {
                    listener.events.contains { event in
                        if case .recovered = event { true } else { false }
                    }
                })
            camera.stop()
            #expect(listener.events.count == 3)
        }
    }
}

@Suite struct DeviceTests {
    @Test(arguments: [
        ("/dev/no-such-camera", CameraFault.Kind.absent), ("/dev/null", .unsupported),
    ])
    func whatIsNoCameraIsTold(path: String, kind: CameraFault.Kind) throws {
        let listener = Listener()
        let camera = try CapturingCamera.device(
            name: "none", path: path,
            settings: .init(size: .init(width: 640, height: 480), rate: 25, format: .jpeg),
            onFrame: { listener.onFrame() }, onEvent: { listener.onEvent($0) })
        try camera.start()
        #expect(listener.wait { !listener.events.isEmpty })
        camera.stop()
        guard case .failed(let fault)? = listener.events.first else {
            Issue.record("\(listener.events)")
            return
        }
        #expect(fault.kind == kind)
        #expect(fault.description.hasPrefix(path))
        #expect(listener.events.count == 1)
    }
}
