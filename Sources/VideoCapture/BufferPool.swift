import CLinux
import CV4L2
import EventLoop
import Glibc
import Imaging
import Synchronization

/// The mapped buffers of one opening of a device: lent to readers, queued again when they let go.
///
/// Buffers still lent when the device is closed stay mapped until the last reader lets go; the
/// driver has been told to give them up, so the device can be opened again meanwhile.
@safe final class BufferPool: @unchecked Sendable {
    private struct State {
        var isOpen = true
        var queuedCount = 0
        var problem: SystemError?
    }

    private let device: V4L2Device
    private let wake: Descriptor
    private let maps: [UnsafeMutableRawBufferPointer]
    private let state = Mutex(State())

    /// Maps and queues `count` buffers, or as many as the driver gives.
    init(device: V4L2Device, count: Int, wake: Descriptor) throws(SystemError) {
        self.device = device
        self.wake = wake
        var maps: [UnsafeMutableRawBufferPointer] = unsafe []
        do throws(SystemError) {
            let given = try device.requestBuffers(count)
            guard given >= 2 else { throw SystemError("VIDIOC_REQBUFS", code: ENOMEM) }
            for index in 0..<given { unsafe maps.append(try unsafe device.map(index)) }
            for index in 0..<given { try device.queue(index) }
        } catch {
            unsafe Self.unmap(maps)
            throw error
        }
        unsafe self.maps = maps
        let queued = unsafe maps.count
        state.withLock { $0.queuedCount = queued }
    }

    deinit {
        unsafe Self.unmap(maps)
    }

    private static func unmap(_ maps: [UnsafeMutableRawBufferPointer]) {
        for index in unsafe maps.indices {
            let map = unsafe maps[index]
            unsafe munmap(map.baseAddress, map.count)
        }
    }

    /// How many buffers the driver has; none means that only a reader can go on.
    var queuedCount: Int { state.withLock { $0.queuedCount } }

    /// The oldest filled buffer, lent until the result is let go; nil when none is filled.
    func dequeue() throws(SystemError) -> (frame: v4_frame, bytes: LentBuffer)? {
        if let problem = state.withLock({ $0.problem }) { throw problem }
        guard let frame = try device.dequeue() else { return nil }
        let index = Int(frame.index)
        guard unsafe index < maps.count else { throw SystemError("VIDIOC_DQBUF", code: EINVAL) }
        state.withLock { $0.queuedCount -= 1 }
        let room = unsafe maps[index].count
        let start = min(Int(frame.offset), room)
        // The driver's count includes what lies before the picture.
        let end = min(max(start, Int(frame.bytes)), room)
        return (frame, LentBuffer(pool: self, index: index, range: start..<end))
    }

    fileprivate func bytes(_ index: Int, _ range: Range<Int>) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: maps[index][range])
    }

    fileprivate func giveBack(_ index: Int) {
        state.withLock { state in
            guard state.isOpen else { return }
            do throws(SystemError) {
                try device.queue(index)
                state.queuedCount += 1
            } catch {
                state.problem = error
            }
        }
        // The capture thread may wait for this buffer alone.
        _ = try? nonblockingCall("eventfd_write") { eventfd_write(wake.raw, 1) }
    }

    /// Stops the stream and gives all buffers up; those lent can still be read.
    func close() {
        let wasOpen = state.withLock { state in
            defer { state.isOpen = false }
            return state.isOpen
        }
        guard wasOpen else { return }
        try? device.stream(false)
        _ = try? device.requestBuffers(0)
    }
}

/// A driver's buffer in a reader's hands; it goes back when nobody holds it any more.
final class LentBuffer: PixelBytes {
    private let pool: BufferPool
    private let index: Int
    private let range: Range<Int>

    fileprivate init(pool: BufferPool, index: Int, range: Range<Int>) {
        self.pool = pool
        self.index = index
        self.range = range
    }

    deinit { pool.giveBack(index) }

    func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = unsafe pool.bytes(index, range).assumingMemoryBound(to: UInt8.self)
        return try body(unsafe bytes.span)
    }
}

/// The first bytes of a buffer, where the picture is shorter than what the driver gave.
final class LeadingBytes: PixelBytes {
    private let whole: any PixelBytes
    private let count: Int

    init(_ whole: any PixelBytes, count: Int) {
        self.whole = whole
        self.count = count
    }

    func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try whole.withBytes { bytes throws(Failure) in
            let part = bytes.extracting(first: min(count, bytes.count))
            return try body(part)
        }
    }
}
