import Dispatch
import EventLoop
import GateTypes
import Synchronization
import VisionLink

/// Where cameras say that a frame waits, and recogniser threads take the newest.
///
/// The frame stays in its camera's slot until a recogniser takes it, so that load never builds a
/// queue and no driver's buffer is kept. Lanes go first where somebody has come and was not looked
/// at yet, then those where somebody waits, then whoever has waited longest.
package final class FrameDesk: Sendable {
    /// What a camera is for. Each has recognisers of its own: a crowd before the turnstiles must not
    /// keep a lorry waiting, and no thread holds networks that it does not need.
    package enum Purpose: Sendable, CaseIterable { case plates, faces }

    /// One thread that reads.
    package struct Recogniser: Hashable, Sendable {
        package let purpose: Purpose
        package let number: Int

        package init(_ purpose: Purpose, _ number: Int) {
            self.purpose = purpose
            self.number = number
        }
    }

    /// A frame taken by a recogniser.
    package struct Job: Sendable {
        package let frame: any VisionFrame
        package let camera: CameraOrder
        package let attention: ReaderAttention
        /// Whom a badge has named before this camera.
        package let named: String?
    }

    /// Between the readings of a lane at rest; a face has half a second for all.
    package static let idleInterval = Duration.milliseconds(200)
    package static let idleIntervalOfFaces = Duration.milliseconds(100)
    /// An idle lane that has been held back for this long goes like one where somebody waits, and
    /// one where somebody came this long ago like any other.
    package static let patience = Duration.seconds(1)

    private struct Slot {
        var order: CameraOrder
        var feed: any CameraFeed
        var attention = ReaderAttention.idle
        /// Since when somebody waits of whom no frame was taken; nil once one was.
        var cameAt: Instant?
        var named: String?
        /// Since when an untaken frame waits; nil when none does.
        var readySince: Instant?
        var lastTaken: Instant?
        /// A camera is read by one thread at a time, so that its frames stay in order.
        var isBeingRead = false

        var purpose: Purpose { order.purpose }
    }

    private struct State {
        var slots: [CameraName: Slot] = [:]
        var running: [Recogniser: Instant] = [:]
        var read: UInt64 = 0
        var damaged: UInt64 = 0
        var isPaused = true
        var isClosed = false
    }

    private let state = Mutex(State())
    private let plates = DispatchSemaphore(value: 0)
    private let faces = DispatchSemaphore(value: 0)

    private func wake(_ purpose: Purpose) -> DispatchSemaphore {
        switch purpose {
        case .plates: plates
        case .faces: faces
        }
    }

    package init() {}

    // MARK: The loop's side

    /// Adds a camera, or puts another in its place; it keeps how hard it is looked at.
    package func add(_ order: CameraOrder, _ feed: any CameraFeed) {
        state.withLock { state in
            var slot = Slot(order: order, feed: feed)
            slot.attention = state.slots[order.name]?.attention ?? .idle
            slot.cameAt = state.slots[order.name]?.cameAt
            slot.named = state.slots[order.name]?.named
            state.slots[order.name] = slot
        }
    }

    package func remove(_ camera: CameraName) {
        state.withLock { $0.slots[camera] = nil }
    }

    package func setAttention(_ attention: ReaderAttention, of camera: CameraName) {
        let purpose: Purpose? = state.withLock { state in
            guard var slot = state.slots[camera], slot.attention != attention else { return nil }
            slot.attention = attention
            slot.cameAt = attention == .waiting ? .now() : nil
            // An idle lane's frame may have been held back for long; its wait begins now.
            if slot.readySince != nil { slot.readySince = .now() }
            state.slots[camera] = slot
            return slot.purpose
        }
        // The frame that waits may be wanted now.
        if let purpose { wake(purpose).signal() }
    }

    /// Whom a badge has named before a camera; nil when nobody is waited for.
    package func expect(_ person: String?, at camera: CameraName) {
        state.withLock { $0.slots[camera]?.named = person }
    }

    /// Lets frames go that wait to be read, so that nothing is looked at that came before.
    package func dropWaiting(_ purpose: Purpose) {
        state.withLock { state in
            for (name, slot) in state.slots where slot.purpose == purpose {
                state.slots[name]?.readySince = nil
                _ = slot.feed.takeFrame()
            }
        }
    }

    /// While paused nothing is read: nobody is there to be told.
    package func pause(_ isPaused: Bool) {
        state.withLock { state in
            state.isPaused = isPaused
            for name in state.slots.keys { state.slots[name]?.readySince = nil }
        }
    }

    /// Frames read, and frames that proved damaged only when they were read.
    package var counts: (read: UInt64, damaged: UInt64) {
        state.withLock { ($0.read, $0.damaged) }
    }

    /// The age of the oldest frame that was accepted and is not finished.
    package func oldestJob(at now: Instant) -> Duration {
        state.withLock { state in
            // An idle lane's frame is held back on purpose.
            let waiting = state.slots.values.filter { $0.attention == .waiting }
            let since = waiting.compactMap(\.readySince) + state.running.values
            return since.min().map { now - $0 } ?? .zero
        }
    }

    // MARK: The cameras' side

    /// Says that a new frame waits in the camera's slot.
    package func ready(_ camera: CameraName) {
        let purpose: Purpose? = state.withLock { state in
            guard !state.isPaused, var slot = state.slots[camera] else { return nil }
            slot.readySince = slot.readySince ?? .now()
            state.slots[camera] = slot
            return slot.purpose
        }
        if let purpose { wake(purpose).signal() }
    }

    // MARK: The recognisers' side

    /// Waits for the next frame worth reading; nil when the desk is closed.
    package func take(_ recogniser: Recogniser) -> Job? {
        let wake = wake(recogniser.purpose)
        while true {
            wake.wait()
            let (job, isClosed) = state.withLock { state in
                (state.isClosed ? nil : Self.next(&state, recogniser, at: .now()), state.isClosed)
            }
            if isClosed {
                wake.signal()
                return nil
            }
            if let job { return job }
        }
    }

    private static func next(
        _ state: inout State, _ recogniser: Recogniser, at now: Instant
    ) -> Job? {
        while let slot = first(in: state, recogniser.purpose, at: now) {
            let name = slot.order.name
            state.slots[name]?.readySince = nil
            guard !state.isPaused, let frame = slot.feed.takeFrame() else { continue }
            state.slots[name]?.lastTaken = now
            state.slots[name]?.isBeingRead = true
            if let came = slot.cameAt, frame.time >= came { state.slots[name]?.cameAt = nil }
            state.running[recogniser] = now
            return Job(
                frame: frame, camera: slot.order, attention: slot.attention, named: slot.named)
        }
        return nil
    }

    private static func first(in state: State, _ purpose: Purpose, at now: Instant) -> Slot? {
        let ready = state.slots.values.filter { slot in
            guard slot.purpose == purpose, slot.readySince != nil, !slot.isBeingRead,
                slot.attention != .off
            else { return false }
            guard slot.attention == .idle, let last = slot.lastTaken else { return true }
            return now - last >= (purpose == .plates ? idleInterval : idleIntervalOfFaces)
        }
        return ready.min { a, b in
            let (aRank, bRank) = (rank(a, at: now), rank(b, at: now))
            if aRank != bRank { return aRank < bRank }
            return (a.readySince ?? now) < (b.readySince ?? now)
        }
    }

    /// Whose turn it is: the lower goes first.
    private static func rank(_ slot: Slot, at now: Instant) -> Int {
        // A camera whose clock lags must not go first for ever.
        if let came = slot.cameAt, now - came < patience { return 0 }
        let isHeldBack = now - (slot.readySince ?? now) >= patience
        return slot.attention == .waiting || isHeldBack ? 1 : 2
    }

    /// Tells that a job has ended, whatever came of it.
    package func finish(_ job: Job, _ recogniser: Recogniser, reading: VisionReading) {
        state.withLock { state in
            state.running[recogniser] = nil
            state.slots[job.camera.name]?.isBeingRead = false
            switch reading {
            case .plates, .faces, .infrared: state.read += 1
            case .unchanged: break
            case .damaged: state.damaged += 1
            }
        }
        // A frame may have come while this camera was being read.
        wake(recogniser.purpose).signal()
    }

    /// Ends all recognisers.
    package func close() {
        state.withLock { $0.isClosed = true }
        for purpose in Purpose.allCases { wake(purpose).signal() }
    }
}

extension CameraOrder {
    package var purpose: FrameDesk.Purpose { faces == nil ? .plates : .faces }
}
