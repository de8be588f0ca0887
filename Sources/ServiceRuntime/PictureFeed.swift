import EventLoop
import GateTypes
import Imaging
import PlateRecognition
import VideoCapture
import VisionLink

/// A frame of a real, replayed or simulated camera.
struct PictureFrame: VisionFrame {
    let camera: CameraName
    let sequence: UInt64
    let time: Instant
    let isSimulated: Bool
    let picture: Picture

    func ownedPicture() -> Picture? { picture.owned() }
}

/// A camera of `VideoCapture` as the eyes use it.
final class PictureFeed: CameraFeed {
    /// Makes a camera with its two callbacks.
    typealias Make = (
        _ onFrame: @escaping @Sendable () -> Void,
        _ onEvent: @escaping @Sendable (CameraEvent) -> Void
    ) throws(CameraFault) -> any Camera

    private let name: CameraName
    private let isSimulated: Bool
    private let camera: (any Camera)?

    /// - Parameter tell: what is worth a line in the log.
    init(
        _ name: CameraName, isSimulated: Bool, sink: FeedSink,
        tell: @escaping @Sendable (String) -> Void, make: Make
    ) {
        self.name = name
        self.isSimulated = isSimulated
        var made: (any Camera)?
        do throws(CameraFault) {
            let camera = try make(sink.ready) { Self.heard($0, sink, tell) }
            try camera.start()
            made = camera
        } catch {
            sink.health(error.description)
        }
        camera = made
    }

    private static func heard(
        _ event: CameraEvent, _ sink: FeedSink, _ tell: @Sendable (String) -> Void
    ) {
        switch event {
        case .opened(let mode, let differences):
            tell(
                "gives \(mode)"
                    + (differences.isEmpty ? "" : "; " + differences.joined(separator: ", ")))
            sink.health(nil)
        case .controlRefused(let control, let reason):
            tell("control '\(control)' is not set: \(reason)")
        case .failed(let fault): sink.health(fault.description)
        case .recovered: sink.health(nil)
        }
    }

    func takeFrame() -> (any VisionFrame)? {
        guard let frame = camera?.takeFrame() else { return nil }
        return PictureFrame(
            camera: name, sequence: UInt64(frame.sequence), time: frame.captured,
            isSimulated: isSimulated, picture: frame.picture)
    }

    var counts: FeedCounts {
        guard let health = camera?.health else { return FeedCounts() }
        return FeedCounts(
            seen: UInt64(health.frameCount),
            dropped: UInt64(health.replacedCount + health.lostCount),
            damaged: UInt64(health.corruptCount))
    }

    func stop() {
        guard let camera else { return }
        // A driver may take its time; the loop does not wait for it.
        try? WorkerThread.start("closing-\(name)") { camera.stop() }
    }
}

/// Reads plates with the networks, on one thread.
final class PlateFrameReader: FrameReader {
    private let recogniser: PlateRecogniser
    private var changes = ChangeWatch()

    init(models: String?) throws {
        recogniser = try PlateRecogniser(models: models ?? ModelFolder.find())
    }

    func read(_ job: FrameDesk.Job) -> VisionReading {
        guard let frame = job.frame as? PictureFrame else { return .damaged }
        let begun = Instant.now()
        do throws(ImageError) {
            if job.attention == .idle, try !changes.isWorthReading(frame) { return .unchanged }
            let looked = Instant.now()
            let size = frame.picture.size
            let region = job.camera.region.map {
                PixelPoint(x: $0.x * Double(size.width), y: $0.y * Double(size.height))
            }
            let plates = try recogniser.read(frame.picture, region: region).map(\.reading)
            return .plates(
                plates,
                stages: [
                    StageTime("look", looked - begun), StageTime("recognise", .now() - looked),
                ])
        } catch {
            return .damaged
        }
    }
}
