import CV4L2
import EventLoop
import GateTypes
import Glibc
import Imaging

/// Frames of a V4L2 device.
struct V4L2Source: FrameSource, Sendable {
    /// One stays with the slot and one or two with readers; the driver needs two to go on.
    private static let bufferCount = 6

    /// What one opening holds.
    private struct Opened: Sendable {
        let device: V4L2Device
        let pool: BufferPool
        let mode: v4_mode
        let format: PixelFormat?
        let converter: FrameConverter?
    }

    let path: String
    let settings: CameraSettings
    let wake: Descriptor
    private var opened: Opened?
    private var refusedControls: [String: String] = [:]

    init(path: String, settings: CameraSettings, wake: Descriptor) {
        self.path = path
        self.settings = settings
        self.wake = wake
    }

    var device: String { path }
    var isStarved: Bool { opened.map { $0.pool.queuedCount == 0 } ?? false }

    mutating func open(tell: (CameraEvent) -> Void) throws(CameraFault) -> CameraMode {
        do throws(SystemError) {
            let device = try V4L2Device(path: path)
            guard device.captures else {
                throw SystemError("VIDIOC_QUERYCAP", path, code: ENOTTY)
            }
            let mode = try negotiate(device)
            let rate = device.setRate(settings.rate)
            setControls(device, tell)
            let pool = try BufferPool(device: device, count: Self.bufferCount, wake: wake)
            let format = Fourcc.format(of: mode.fourcc)
            let converter =
                format == nil ? FrameConverter(device: device, mode: mode) : nil
            opened = Opened(
                device: device, pool: pool, mode: mode, format: format, converter: converter)
            try device.stream(true)
            return CameraMode(
                size: PixelSize(width: Int(mode.width), height: Int(mode.height)), rate: rate,
                format: format ?? .rgb, native: Fourcc.text(mode.fourcc), device: device.card)
        } catch {
            throw fault(error)
        }
    }

    mutating func close() {
        opened?.pool.close()
        opened = nil
    }

    mutating func receive(
        until deadline: Instant, wake: Descriptor
    ) throws(CameraFault) -> [Reception] {
        guard let opened else { return [] }
        do throws(SystemError) {
            // Without a buffer in the queue the driver answers POLLERR at once, again and again.
            let isStarved = opened.pool.queuedCount == 0
            let descriptors = [wake.raw] + (isStarved ? [] : [opened.device.descriptor.raw])
            let flags = try Polling.wait(for: descriptors, until: deadline)
            guard !isStarved, flags[1] != 0 else { return [] }
            var received: [Reception] = []
            while received.count < Self.bufferCount, let (frame, bytes) = try opened.pool.dequeue()
            {
                received.append(take(frame, bytes, opened))
            }
            // Nothing to fetch, and yet an error: it would come back at once.
            if received.isEmpty && flags[1] & Int32(POLLERR | POLLHUP | POLLNVAL) != 0 {
                throw SystemError("poll", path, code: EIO)
            }
            return received
        } catch {
            throw fault(error)
        }
    }

    // MARK: - Opening

    private func negotiate(_ device: V4L2Device) throws(SystemError) -> v4_mode {
        let listed = try device.formats()
        let preferred = [settings.format, .jpeg, .yuyv, .nv12, .gray]
            .flatMap { Fourcc.codes(of: $0) }
        let known = preferred.filter { listed.contains($0) }
        // The driver may bend the format; the first that it keeps is taken.
        for fourcc in known + listed.filter({ !known.contains($0) }) {
            let mode = try device.setMode(wanted(fourcc))
            let isKnown = Fourcc.format(of: mode.fourcc) != nil
            guard mode.planes == 1, isKnown || !device.isMulti, mode.width > 0, mode.height > 0
            else { continue }
            return mode
        }
        throw SystemError("VIDIOC_S_FMT", path, code: EINVAL)
    }

    private func wanted(_ fourcc: UInt32) -> v4_mode {
        v4_mode(
            fourcc: fourcc, width: Int32(clamping: settings.size.width),
            height: Int32(clamping: settings.size.height), row_bytes: 0, frame_bytes: 0, planes: 1)
    }

    /// Sets all controls: ways of working first (manual exposure before its time), and what was
    /// refused once more at the end, for one control can lock another.
    private mutating func setControls(_ device: V4L2Device, _ tell: (CameraEvent) -> Void) {
        guard !settings.controls.isEmpty else { return }
        let known = device.controls()
        var reasons: [String: String] = [:]
        let names = settings.controls.keys.sorted()
        let modes = names.filter { known[$0]?.isMode == true }
        for name in modes + names.filter({ !modes.contains($0) }) + names {
            guard let value = settings.controls[name] else { continue }
            guard let control = known[name] else {
                reasons[name] = "the camera has no such control"
                continue
            }
            do throws(SystemError) {
                try device.setControl(control.id, value)
                reasons[name] = nil
            } catch {
                reasons[name] = "\(value): \(SystemError(error.call, code: error.code))"
            }
        }
        for (name, reason) in reasons.sorted(by: { $0.key < $1.key })
        where refusedControls[name] != reason {
            tell(.controlRefused(name: name, reason: reason))
        }
        refusedControls = reasons
    }

    // MARK: - Frames

    private func take(_ frame: v4_frame, _ bytes: LentBuffer, _ opened: Opened) -> Reception {
        if frame.is_error != 0 {
            return .corrupt("the driver marked it as damaged", sequence: frame.sequence)
        }
        let size = PixelSize(width: Int(opened.mode.width), height: Int(opened.mode.height))
        let picture: Picture
        if let converter = opened.converter {
            switch converter.convert(bytes) {
            case .success(let image): picture = Picture(image)
            case .failure(let damaged): return .corrupt(damaged.reason, sequence: frame.sequence)
            }
        } else {
            let format = opened.format ?? .gray
            var content: any PixelBytes = bytes
            if format == .jpeg {
                let length = bytes.withBytes { bytes in JPEGFrame.length(bytes) }
                guard let length else {
                    return .corrupt("a JPEG without an end", sequence: frame.sequence)
                }
                content = LeadingBytes(bytes, count: length)
            }
            do throws(ImageError) {
                picture = try Picture(
                    format: format, size: size, rowBytes: Int(opened.mode.row_bytes),
                    bytes: content)
            } catch {
                return .corrupt(error.problem, sequence: frame.sequence)
            }
        }
        let now = Instant.now()
        let told = Instant(nanoseconds: frame.nanoseconds)
        // Drivers that reckon the time from the rate run ahead by up to a frame; a time further off is
        // not of this clock.
        let isDriverTime =
            frame.is_monotonic != 0 && told - now < .milliseconds(200)
            && now - told < .seconds(10)
        return .frame(
            Frame(
                picture: picture, captured: isDriverTime ? min(told, now) : now,
                isDriverTime: isDriverTime,
                sequence: frame.sequence))
    }

    private func fault(_ error: SystemError) -> CameraFault {
        let (kind, remedy): (CameraFault.Kind, String) =
            switch error.code {
            case ENOENT, ENXIO: (.absent, "plug the camera in, or correct the path")
            case ENODEV: (.gone, "plug the camera in again")
            case EACCES, EPERM: (.refused, "put the user into the device's group (video)")
            case EBUSY: (.busy, "end the other program that uses the camera")
            case ENOTTY, EINVAL: (.unsupported, "name a capture device that streams pictures")
            default: (.io, "check the camera and its cable; it is opened again")
            }
        // The device is named once.
        let problem = SystemError(error.call, code: error.code)
        return CameraFault(kind, device: path, problem: "\(problem)", remedy: remedy)
    }
}

/// V4L2's four letters of a format.
enum Fourcc {
    private static let table: [(letters: String, format: PixelFormat)] = [
        ("MJPG", .jpeg), ("JPEG", .jpeg), ("YUYV", .yuyv), ("NV12", .nv12), ("GREY", .gray),
        ("RGB3", .rgb),
    ]

    static func code(_ letters: String) -> UInt32 {
        letters.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    static func codes(of format: PixelFormat) -> [UInt32] {
        table.filter { $0.format == format }.map { code($0.letters) }
    }

    static func format(of fourcc: UInt32) -> PixelFormat? {
        table.first { code($0.letters) == fourcc }?.format
    }

    static func text(_ fourcc: UInt32) -> String {
        String(
            (0..<4).map { place in
                let byte = UInt8(truncatingIfNeeded: fourcc >> (8 * UInt32(place)))
                return (33...126).contains(byte) ? Character(Unicode.Scalar(byte)) : "?"
            })
    }
}

extension CapturingCamera {
    /// A V4L2 camera; name it by `/dev/v4l/by-path/...`, which stays the same over restarts.
    ///
    /// Both callbacks come from the capture thread and must return at once: `onFrame` when a new
    /// frame is in the slot, `onEvent` with what is to be logged.
    package static func device(
        name: String, path: String, settings: CameraSettings,
        onFrame: @escaping @Sendable () -> Void,
        onEvent: @escaping @Sendable (CameraEvent) -> Void
    ) throws(CameraFault) -> CapturingCamera {
        let wake = try makeWake(name)
        return CapturingCamera(
            name: name, source: V4L2Source(path: path, settings: settings, wake: wake),
            settings: settings, wake: wake, onFrame: onFrame, onEvent: onEvent)
    }
}
