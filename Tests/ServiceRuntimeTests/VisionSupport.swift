import Dispatch
import EventLoop
import Foundation
import GateTypes
import Imaging
import ServiceRuntime
import Synchronization
import VisionLink

struct ScriptedFrame: VisionFrame {
    var camera: CameraName
    var sequence: UInt64
    var time: Instant
    var isSimulated = true
    var reading: VisionReading

    func ownedPicture() -> Picture? { Picture(Self.image) }

    private static let image = RGBImage(
        size: PixelSize(width: 1280, height: 960),
        pixels: [UInt8](repeating: 120, count: 1280 * 960 * 3))
}

/// A camera whose frames the test shows; the reader finds in each what was put there.
final class ScriptedFeed: CameraFeed {
    private struct State {
        var frame: ScriptedFrame?
        var counts = FeedCounts()
        var isStopped = false
    }

    let order: CameraOrder
    private let sink: FeedSink
    private let state = Mutex(State())

    init(_ order: CameraOrder, _ sink: FeedSink) {
        self.order = order
        self.sink = sink
        sink.health(nil)
    }

    func show(_ reading: VisionReading) {
        state.withLock { state in
            if state.frame != nil { state.counts.dropped += 1 }
            state.counts.seen += 1
            state.frame = ScriptedFrame(
                camera: order.name, sequence: state.counts.seen, time: .now(), reading: reading)
        }
        sink.ready()
    }

    func goBlind(_ reason: String?) { sink.health(reason) }

    func takeFrame() -> (any VisionFrame)? {
        state.withLock { state in
            defer { state.frame = nil }
            return state.frame
        }
    }

    var counts: FeedCounts { state.withLock { $0.counts } }
    var isStopped: Bool { state.withLock { $0.isStopped } }
    func stop() { state.withLock { $0.isStopped = true } }
}

/// Says what the frame holds; it may be made to hang.
final class ScriptedReader: FrameReader, Sendable {
    final class Gate: Sendable {
        private let isShut = Mutex(false)
        private let open = DispatchSemaphore(value: 0)

        func shut() { isShut.withLock { $0 = true } }

        func release() {
            isShut.withLock { $0 = false }
            open.signal()
        }

        func pass() { if isShut.withLock({ $0 }) { open.wait() } }
    }

    private let gate: Gate

    init(_ gate: Gate) { self.gate = gate }

    func read(_ job: FrameDesk.Job) -> VisionReading {
        gate.pass()
        return (job.frame as? ScriptedFrame)?.reading ?? .damaged
    }
}

/// The eyes with scripted cameras, on a given loop.
final class EyesRig {
    let notifier: TestNotifier
    let log = TestLog()
    let gate = ScriptedReader.Gate()
    private(set) var feeds: [CameraName: ScriptedFeed] = [:]
    private(set) var service: VisionService?

    init(
        loop: EventLoop, path: String, watchdog: Duration? = nil,
        jobLimit: Duration = VisionService.jobLimit, evidence: String? = nil,
        gallery: FaceGallery? = nil
    ) throws {
        notifier = TestNotifier(watchdog: watchdog)
        let (log, gate) = (log, gate)
        var parts = VisionParts(
            makeFeed: { [weak self] order, sink in
                let feed = ScriptedFeed(order, sink)
                self?.feeds[order.name] = feed
                return feed
            },
            makeReader: { _ in ScriptedReader(gate) }, recognisers: 1, notifier: notifier,
            log: { log.write($0, $1) }, program: "test eyes")
        parts.evidence = evidence
        parts.gallery = gallery
        let made = try VisionService(loop: loop, path: path, parts: parts, jobLimit: jobLimit)
        service = made
        made.start()
    }

    func end() {
        service?.stop()
        service = nil
        gate.release()
    }
}

extension PlateReading {
    /// A reading that the recogniser is sure of.
    static func sure(_ text: String, _ type: PlateType = .yellow) -> PlateReading {
        let corner = PixelPoint(x: 960, y: 800)
        return PlateReading(
            text: text, type: type, confidence: 0.999,
            corners: Quadrilateral(
                topLeft: corner, topRight: PixelPoint(x: 1160, y: 800),
                bottomRight: PixelPoint(x: 1160, y: 860),
                bottomLeft: PixelPoint(x: 960, y: 860)),
            places: text.map { CharacterPosterior([.init($0, 0.9995)]) })
    }
}
