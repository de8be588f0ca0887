import EventLoop
import GateTypes

/// When a stream counts as stalled, how long to pause, and what to tell: all by values.
///
/// The states: closed (after a fault, with its pause), open and unproved (no frame yet, or too few to
/// trust), proved. A fault is told when it is another than the last one told; recovery is told when
/// frames have come for `proofTime`.
package struct CaptureWatch {
    /// The limits of one camera.
    package struct Limits: Sendable {
        /// The longest silence of a stream.
        package var silence = Duration.seconds(2)
        /// The longest wait for the first frame; cameras warm up.
        package var firstFrame = Duration.seconds(5)
        /// How long frames must come before the camera counts as recovered.
        package var proofTime = Duration.seconds(1)
        package var pauseFirst = Duration.milliseconds(250)
        package var pauseLongest = Duration.seconds(5)

        package init() {}
    }

    private struct Trouble {
        let since: Instant
        var told: CameraFault.Kind?
        var attempts = 1
    }

    private let limits: Limits
    private var backoff: Backoff
    private var openedAt: Instant?
    private var goodSince: Instant?
    private var lastSign: Instant?
    private var corruptInARow = 0
    private var trouble: Trouble?

    package init(limits: Limits = Limits()) {
        self.limits = limits
        backoff = Backoff(first: limits.pauseFirst, longest: limits.pauseLongest)
    }

    package mutating func opened(at now: Instant) {
        openedAt = now
        goodSince = nil
        lastSign = nil
        corruptInARow = 0
    }

    /// A good frame came; an event when the camera has recovered by it.
    package mutating func frame(at now: Instant) -> CameraEvent? {
        let since = goodSince ?? now
        goodSince = since
        lastSign = now
        corruptInARow = 0
        guard now - since >= limits.proofTime else { return nil }
        backoff.reset()
        guard let past = trouble else { return nil }
        trouble = nil
        return .recovered(after: now - past.since, attempts: past.attempts)
    }

    /// It was told that the camera delivers, so the next fault is told even if it is the same.
    package mutating func forgetTold() { trouble?.told = nil }

    package mutating func corrupt() { corruptInARow += 1 }

    /// The reader holds all buffers: the camera cannot deliver, and is not to blame.
    package mutating func starved(at now: Instant) { lastSign = now }

    /// When `check` should be called at the latest.
    package var deadline: Instant? {
        if let lastSign { return lastSign + limits.silence }
        return openedAt.map { $0 + limits.firstFrame }
    }

    /// The fault of a stream that brought nothing usable for too long.
    package func check(at now: Instant, device: String) -> CameraFault? {
        guard let deadline, now >= deadline else { return nil }
        if corruptInARow > 0 {
            return CameraFault(
                .corrupt, device: device, problem: "\(corruptInARow) damaged frames in a row",
                remedy: "check the cable, the USB port and its bandwidth")
        }
        return CameraFault(
            .stalled, device: device, problem: "the stream stands still",
            remedy: "check the camera and its cable; it is opened again")
    }

    /// A fault ended the stream or hindered its opening: how long to pause, and what to tell.
    package mutating func failed(_ fault: CameraFault, at now: Instant) -> (Duration, CameraEvent?)
    {
        openedAt = nil
        goodSince = nil
        lastSign = nil
        let pause = backoff.pause()
        guard var past = trouble else {
            trouble = Trouble(since: now, told: fault.kind)
            return (pause, .failed(fault))
        }
        past.attempts += 1
        let isNew = past.told != fault.kind
        past.told = fault.kind
        trouble = past
        return (pause, isNew ? .failed(fault) : nil)
    }
}
