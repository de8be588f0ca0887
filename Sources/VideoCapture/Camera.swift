import GateTypes
import Imaging

/// A source of frames with one slot: the newest replaces an unread one.
package protocol Camera: AnyObject, Sendable {
    var name: String { get }
    /// Begins to capture on a thread of its own; further calls do nothing.
    func start() throws(CameraFault)
    /// Ends capturing and returns when the device is let go. Not to be called from its callbacks.
    func stop()
    /// The newest frame that nobody has taken, if there is one; never waits.
    func takeFrame() -> Frame?
    /// Counters and state, from any thread.
    var health: CameraHealth { get }
}

/// One captured frame. Its bytes may lie in a buffer lent by the driver: let go of it soon, for a
/// camera has few. After an unplugging it can still be read.
package struct Frame: Sendable {
    package let picture: Picture
    /// When it was captured, by the driver's monotonic clock where it has one.
    package let captured: Instant
    /// False when the driver gave no usable time and `captured` is that of its delivery.
    package let isDriverTime: Bool
    /// The driver's count; a gap means frames that were lost before they reached us.
    package let sequence: UInt32

    package init(picture: Picture, captured: Instant, isDriverTime: Bool, sequence: UInt32) {
        self.picture = picture
        self.captured = captured
        self.isDriverTime = isDriverTime
        self.sequence = sequence
    }
}

/// What is asked of a camera.
package struct CameraSettings: Hashable, Sendable {
    package var size: PixelSize
    /// Frames a second.
    package var rate: Double
    /// The format to prefer; another is taken, and told, when the camera does not have it.
    package var format: PixelFormat
    /// V4L2 controls by their names as `v4l2-ctl --list-ctrls` writes them.
    package var controls: [String: Int64]

    package init(
        size: PixelSize, rate: Double, format: PixelFormat, controls: [String: Int64] = [:]
    ) {
        self.size = size
        self.rate = rate
        self.format = format
        self.controls = controls
    }
}

/// What a camera gives.
package struct CameraMode: Hashable, Sendable, CustomStringConvertible {
    package let size: PixelSize
    /// Frames a second; nil when the driver does not tell.
    package let rate: Double?
    package let format: PixelFormat
    /// The driver's four letters when they differ from `format`, for converted formats.
    package let native: String
    /// Driver and model, or the folder.
    package let device: String

    package init(
        size: PixelSize, rate: Double?, format: PixelFormat, native: String, device: String
    ) {
        self.size = size
        self.rate = rate
        self.format = format
        self.native = native
        self.device = device
    }

    package var description: String {
        "\(size) \(native)\(rate.map { " at \($0)/s" } ?? "") from \(device)"
    }

    /// In which points this is not what was asked for, as people read it; empty when it is.
    package func differences(from wanted: CameraSettings) -> [String] {
        var differences: [String] = []
        if size != wanted.size { differences.append("size \(size) instead of \(wanted.size)") }
        if format != wanted.format {
            differences.append("format \(native) instead of \(wanted.format.rawValue)")
        }
        if let rate, abs(rate - wanted.rate) > 0.01 * wanted.rate {
            differences.append("rate \(rate)/s instead of \(wanted.rate)/s")
        }
        return differences
    }
}

/// Why a camera does not deliver.
package struct CameraFault: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable {
        case absent, refused, busy, unsupported, gone, io, stalled, corrupt
    }

    package let kind: Kind
    /// The device or folder.
    package let device: String
    package let problem: String
    package let remedy: String

    package init(_ kind: Kind, device: String, problem: String, remedy: String) {
        self.kind = kind
        self.device = device
        self.problem = problem
        self.remedy = remedy
    }

    package var description: String { "\(device): \(problem); \(remedy)" }
}

/// What a camera tells whoever logs and raises alarms; each once, not at every attempt.
package enum CameraEvent: Equatable, Sendable {
    /// A first frame came in a mode not told before; `differences` from what was asked.
    case opened(CameraMode, differences: [String])
    /// A control could not be set.
    case controlRefused(name: String, reason: String)
    /// It does not deliver; told again only when the kind of fault changes or it had recovered.
    case failed(CameraFault)
    /// It delivers again.
    case recovered(after: Duration, attempts: Int)
}

/// Counters since the start, and what a camera does now.
package struct CameraHealth: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        case stopped
        case opening
        case streaming(CameraMode)
        case faulted(CameraFault, since: Instant)
    }

    package var state = State.stopped
    /// Good frames.
    package var frameCount = 0
    /// Good frames that a newer one replaced unread.
    package var replacedCount = 0
    /// Frames lost before they reached us, by gaps in the driver's count.
    package var lostCount = 0
    /// Torn and damaged frames.
    package var corruptCount = 0
    /// Why the last of them was not taken.
    package var lastCorruption: String?
    package var reopeningCount = 0
    package var lastFrame: Instant?

    package init() {}
}
