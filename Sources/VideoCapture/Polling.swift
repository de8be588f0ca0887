import EventLoop
import GateTypes
import Glibc

/// poll(2) over a few descriptors, until a time of the monotonic clock.
enum Polling {
    /// What poll says of each descriptor: empty flags where nothing is.
    static func wait(
        for descriptors: [Int32], until deadline: Instant
    ) throws(SystemError) -> [Int32] {
        var entries = descriptors.map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        let left = (deadline - .now()).nanoseconds
        // Rounded up: a wait that ends too early would turn in circles.
        let milliseconds = Int32(clamping: max(0, (left + 999_999) / 1_000_000))
        try systemCall("poll") { unsafe poll(&entries, nfds_t(entries.count), milliseconds) }
        return entries.map { Int32($0.revents) }
    }
}
