import GateTypes
import Imaging
import VisionLink

/// One frame of one camera on its way to a recogniser.
package protocol VisionFrame: Sendable {
    var camera: CameraName { get }
    /// The camera's own count; gaps are frames that the driver dropped.
    var sequence: UInt64 { get }
    /// The driver's time.
    var time: Instant { get }
    var isSimulated: Bool { get }
    /// The picture with bytes of its own, to be kept as evidence; nil when there is none.
    func ownedPicture() -> Picture?
}

/// What a camera tells of itself; to be called from any thread.
package struct FeedSink: Sendable {
    /// A new frame waits in the camera's slot.
    package let ready: @Sendable () -> Void
    /// Nil: the camera sees; else the reason why not, told once for each change.
    package let health: @Sendable (String?) -> Void

    package init(
        ready: @escaping @Sendable () -> Void, health: @escaping @Sendable (String?) -> Void
    ) {
        self.ready = ready
        self.health = health
    }
}

/// What a camera has counted since it was started.
package struct FeedCounts: Hashable, Sendable {
    package var seen: UInt64
    /// Replaced unread, or lost before they reached us.
    package var dropped: UInt64
    /// Torn or empty, which stops nothing.
    package var damaged: UInt64

    package init(seen: UInt64 = 0, dropped: UInt64 = 0, damaged: UInt64 = 0) {
        self.seen = seen
        self.dropped = dropped
        self.damaged = damaged
    }
}

/// A camera with one slot, whose newest frame replaces an unread one; it reopens by itself.
package protocol CameraFeed: AnyObject, Sendable {
    /// The newest frame that nobody has taken; never waits.
    func takeFrame() -> (any VisionFrame)?
    var counts: FeedCounts { get }
    /// Ends the delivery and lets the device go.
    func stop()
}

/// What a recogniser says about one frame.
package enum VisionReading: Sendable {
    /// Plates whose centre is in the camera's region; an empty list says that it looked.
    case plates([PlateReading], stages: [StageTime])
    /// Faces of the least size in the region, the largest described; an empty one says that it
    /// looked.
    case faces(FaceFinding, stages: [StageTime])
    /// An infrared partner looked; it tells nothing by itself.
    case infrared
    /// Nothing has changed since the last frame that was read.
    case unchanged
    /// Not a picture; counted, and nothing else happens.
    case damaged
}

/// What one frame of a face camera shows.
package struct FaceFinding: Hashable, Sendable {
    package var faceCount: Int
    package var face: FaceSighting?
    package var galleryCount: Int
    package var proof = FaceProof.notAsked

    package init(faceCount: Int = 0, face: FaceSighting? = nil, galleryCount: Int = 0) {
        self.faceCount = faceCount
        self.face = face
        self.galleryCount = galleryCount
    }
}

/// Reads plates or faces on one thread; each recogniser thread has its own.
package protocol FrameReader: AnyObject {
    /// - Parameter job: an idle lane may be looked at for change only.
    func read(_ job: FrameDesk.Job) -> VisionReading
}

/// How hard a frame is to be looked at.
package enum ReaderAttention: Sendable { case off, idle, waiting }

/// What a `VisionService` is built of; programs and tests choose the parts.
package struct VisionParts {
    /// Starts a camera. What cannot be opened is told through the sink, and tried again.
    package var makeFeed: (CameraOrder, FeedSink) -> any CameraFeed
    /// Makes the reader of one thread, on that thread.
    package var makeReader: @Sendable (FrameDesk.Purpose) throws -> any FrameReader
    /// Threads that read plates, and as many that read faces.
    package var recognisers: Int
    package var notifier: any ServiceNotifier
    package var log: @Sendable (ServiceLog.Level, String) -> Void
    package var program: String
    /// The user who may be the controller, beside our own and root.
    package var controllerUser = "gatehouse"
    /// The folder for pictures of passages; without one none are kept, and that is told.
    package var evidence: String?
    /// The gallery of faces; nil where there is none.
    package var gallery: FaceGallery?

    package init(
        makeFeed: @escaping (CameraOrder, FeedSink) -> any CameraFeed,
        makeReader: @escaping @Sendable (FrameDesk.Purpose) throws -> any FrameReader,
        recognisers: Int, notifier: any ServiceNotifier,
        log: @escaping @Sendable (ServiceLog.Level, String) -> Void, program: String
    ) {
        self.makeFeed = makeFeed
        self.makeReader = makeReader
        self.recognisers = recognisers
        self.notifier = notifier
        self.log = log
        self.program = program
    }
}
