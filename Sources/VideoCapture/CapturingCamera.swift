import CLinux
import Dispatch
import EventLoop
import GateTypes
import Glibc
import Synchronization

/// Where frames come from; used by one thread.
package protocol FrameSource: Sendable {
    /// The device or folder, for messages.
    var device: String { get }
    /// Opens it from zero.
    mutating func open(tell: (CameraEvent) -> Void) throws(CameraFault) -> CameraMode
    /// What is there; waits until something is, `wake` becomes readable, or the time has come.
    mutating func receive(
        until deadline: Instant, wake: Descriptor
    ) throws(CameraFault) -> [Reception]
    /// True while the reader holds every buffer.
    var isStarved: Bool { get }
    mutating func close()
}

package enum Reception {
    case frame(Frame)
    /// A damaged frame, why, and its place in the driver's count.
    case corrupt(String, sequence: UInt32)
}

/// A camera over any source: one thread that opens, receives, and opens again after faults.
package final class CapturingCamera: Camera {
    private struct Shared {
        var health = CameraHealth()
        var isStarted = false
        var isStopping = false
    }

    package let name: String
    private let source: any FrameSource
    private let settings: CameraSettings
    private let limits: CaptureWatch.Limits
    private let onFrame: @Sendable () -> Void
    private let onEvent: @Sendable (CameraEvent) -> Void
    private let slot = FrameSlot()
    private let shared = Mutex(Shared())
    private let wake: Descriptor
    private let ended = DispatchSemaphore(value: 0)

    /// A camera over a source of one's own; `wake` comes from `makeWake` and may be shared with it.
    package init(
        name: String, source: any FrameSource, settings: CameraSettings,
        limits: CaptureWatch.Limits = .init(), wake: Descriptor,
        onFrame: @escaping @Sendable () -> Void,
        onEvent: @escaping @Sendable (CameraEvent) -> Void
    ) {
        self.name = name
        self.source = source
        self.settings = settings
        self.limits = limits
        self.wake = wake
        self.onFrame = onFrame
        self.onEvent = onEvent
    }

    /// What wakes the capture thread: the end, or a buffer given back.
    package static func makeWake(_ name: String) throws(CameraFault) -> Descriptor {
        do throws(SystemError) {
            return Descriptor(
                owning: try systemCall("eventfd") {
                    eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
                }, path: "eventfd")
        } catch {
            throw CameraFault(
                .io, device: name, problem: "\(error)", remedy: "raise the limit of open files")
        }
    }

    package var health: CameraHealth { shared.withLock { $0.health } }

    package func takeFrame() -> Frame? { slot.take() }

    package func start() throws(CameraFault) {
        let isFirst = shared.withLock { shared in
            defer { shared.isStarted = true }
            return !shared.isStarted
        }
        guard isFirst else { return }
        do throws(SystemError) {
            try WorkerThread.start("cam-\(name)") { [self] in
                run()
                ended.signal()
            }
        } catch {
            throw CameraFault(
                .io, device: name, problem: "\(error)", remedy: "raise the limit of threads")
        }
    }

    package func stop() {
        let isRunning = shared.withLock { shared in
            defer { shared.isStopping = true }
            return shared.isStarted && !shared.isStopping
        }
        guard isRunning else { return }
        _ = try? nonblockingCall("eventfd_write") { eventfd_write(wake.raw, 1) }
        ended.wait()
    }

    private var isStopping: Bool { shared.withLock { $0.isStopping } }

    // MARK: - The capture thread

    private func run() {
        var source = source
        var watch = CaptureWatch(limits: limits)
        var lastMode: CameraMode?
        shared.withLock { $0.health.state = .opening }
        while !isStopping {
            do throws(CameraFault) {
                let mode = try source.open(tell: onEvent)
                watch.opened(at: .now())
                try stream(&source, &watch, mode, told: &lastMode)
                source.close()
            } catch {
                source.close()
                // An unread frame is old by the time it could be of use, and holds the device.
                _ = slot.take()
                let now = Instant.now()
                let (pause, event) = watch.failed(error, at: now)
                shared.withLock { shared in
                    let since =
                        if case .faulted(_, let first) = shared.health.state { first } else { now }
                    shared.health.state = .faulted(error, since: since)
                    shared.health.reopeningCount += 1
                }
                if let event { onEvent(event) }
                sleep(until: now + pause)
            }
        }
        _ = slot.take()
        shared.withLock { $0.health.state = .stopped }
    }

    /// Receives until the camera is stopped or a fault ends it.
    private func stream(
        _ source: inout any FrameSource, _ watch: inout CaptureWatch, _ mode: CameraMode,
        told lastMode: inout CameraMode?
    ) throws(CameraFault) {
        var sequence: UInt32?
        while !isStopping {
            let deadline = watch.deadline ?? .now() + limits.silence
            let received = try source.receive(until: deadline, wake: wake)
            drainWake()
            let now = Instant.now()
            for reception in received {
                switch reception {
                case .frame(let frame):
                    if mode != lastMode {
                        onEvent(.opened(mode, differences: mode.differences(from: settings)))
                        lastMode = mode
                        watch.forgetTold()
                    }
                    if let event = watch.frame(at: now) { onEvent(event) }
                    deliver(frame, after: sequence, mode)
                    sequence = frame.sequence
                case .corrupt(let reason, let number):
                    watch.corrupt()
                    shared.withLock { shared in
                        shared.health.corruptCount += 1
                        shared.health.lastCorruption = reason
                        shared.health.count(number, after: sequence)
                    }
                    sequence = number
                }
            }
            if source.isStarved { watch.starved(at: now) }
            if let fault = watch.check(at: now, device: source.device) { throw fault }
        }
    }

    private func deliver(_ frame: Frame, after sequence: UInt32?, _ mode: CameraMode) {
        let isReplacing = slot.put(frame)
        shared.withLock { shared in
            // Only a frame ends a fault: an opened device may still give nothing.
            shared.health.state = .streaming(mode)
            shared.health.frameCount += 1
            shared.health.lastFrame = frame.captured
            if isReplacing { shared.health.replacedCount += 1 }
            shared.health.count(frame.sequence, after: sequence)
        }
        onFrame()
    }

    private func drainWake() {
        var count = [UInt8](repeating: 0, count: 8)
        _ = try? wake.read(into: &count)
    }

    private func sleep(until deadline: Instant) {
        while !isStopping && .now() < deadline {
            // A failing poll must not spin either.
            if (try? Polling.wait(for: [wake.raw], until: deadline)) == nil { usleep(100_000) }
            drainWake()
        }
    }
}

extension CameraHealth {
    /// Counts the frames between two of the driver's numbers as lost.
    fileprivate mutating func count(_ sequence: UInt32, after last: UInt32?) {
        guard let last else { return }
        // A count that went backwards is a driver's new start, not a loss.
        let gap = sequence &- last
        if gap > 1 && gap < 1 << 16 { lostCount += Int(gap) - 1 }
    }
}
