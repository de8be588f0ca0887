import CLinux
import Glibc

/// An epoll instance over numbered descriptors; all of its unsafe types stay in this file.
struct PollSet {
    struct Event {
        let number: UInt64
        let readiness: EventLoop.Readiness
    }

    enum Change {
        case add, modify, remove

        var operation: Int32 {
            switch self {
            case .add: EPOLL_CTL_ADD
            case .modify: EPOLL_CTL_MOD
            case .remove: EPOLL_CTL_DEL
            }
        }
    }

    private static let eventsPerRound = 64

    let descriptor: Descriptor

    init() throws(SystemError) {
        descriptor = Descriptor(
            owning: try systemCall("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) },
            path: "epoll")
    }

    func apply(
        _ change: Change, _ raw: Int32, number: UInt64, _ interest: EventLoop.Readiness
    ) throws(SystemError) {
        var event = unsafe epoll_event()
        unsafe event.events = interest.rawValue
        unsafe event.data.u64 = number
        let set = descriptor.raw
        try systemCall("epoll_ctl") { unsafe epoll_ctl(set, change.operation, raw, &event) }
    }

    /// The descriptors that are ready; waits for the first as long as told, -1 without end.
    func wait(milliseconds: Int32) throws(SystemError) -> [Event] {
        let set = descriptor.raw
        var events: [Event] = []
        try unsafe withUnsafeTemporaryAllocation(
            of: epoll_event.self, capacity: Self.eventsPerRound
        ) { buffer throws(SystemError) in
            let count = try systemCall("epoll_wait") {
                unsafe epoll_wait(set, buffer.baseAddress, Int32(buffer.count), milliseconds)
            }
            for index in 0..<Int(count) {
                let event = unsafe buffer[index]
                unsafe events.append(
                    Event(
                        number: event.data.u64,
                        readiness: EventLoop.Readiness(rawValue: event.events)))
            }
        }
        return events
    }
}
