import EventLoop
import GateSimulation
import GateTypes
import Glibc
import Imaging
import Synchronization
import VisionLink

/// One frame of a simulated face camera: what would have been found in it, in place of a picture.
struct SimulatedFaceFrame: VisionFrame {
    let camera: CameraName
    let sequence: UInt64
    let time: Instant
    let finding: FaceFinding
    var isSimulated: Bool { true }

    func ownedPicture() -> Picture? { nil }
}

/// A face camera of the demonstration; it plays its part of the script again and again.
final class SimulatedFaceFeed: CameraFeed {
    private struct State {
        var sequence: UInt64 = 0
        var time: Instant?
        var asked: FaceScript.Asked?
        var dropped: UInt64 = 0
        var isStopped = false
    }

    private let camera: CameraName
    private let script: FaceScript
    private let scene: String
    private let begun = Instant.now()
    private let state = Mutex(State())

    /// - Parameter scene: the file in which the controller's simulation tells what displays ask.
    init(_ order: CameraOrder, _ script: FaceScript, scene: String, _ sink: FeedSink) {
        camera = order.name
        self.script = script
        self.scene = scene
        let pause = UInt32(1e6 / max(order.rate, 1))
        do {
            try WorkerThread.start("faces") { [weak self] in
                while self?.tick() == true {
                    sink.ready()
                    usleep(pause)
                }
            }
            sink.health(nil)
        } catch {
            sink.health("\(error)")
        }
    }

    /// The next frame; false once the camera has been let go.
    private func tick() -> Bool {
        let now = Instant.now()
        // Read here and not when a frame is taken: the desk is locked meanwhile.
        let turn =
            script.isAnybody(before: camera, at: now - begun)
            ? SceneState.read(from: scene)?.asked[camera] : nil
        return state.withLock { state in
            if state.time != nil { state.dropped += 1 }
            if state.asked?.turn != turn {
                state.asked = turn.map { .init(turn: $0, since: now - begun) }
            }
            state.sequence += 1
            state.time = now
            return !state.isStopped
        }
    }

    func takeFrame() -> (any VisionFrame)? {
        let (sequence, taken, asked) = state.withLock { state in
            defer { state.time = nil }
            return (state.sequence, state.time, state.asked)
        }
        return taken.map {
            SimulatedFaceFrame(
                camera: camera, sequence: sequence, time: $0,
                finding: script.finding(camera, at: $0 - begun, asked: asked))
        }
    }

    var counts: FeedCounts {
        state.withLock { FeedCounts(seen: $0.sequence, dropped: $0.dropped) }
    }

    func stop() { state.withLock { $0.isStopped = true } }
}
