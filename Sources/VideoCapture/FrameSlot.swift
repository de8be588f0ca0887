import Synchronization

/// Room for one frame: the newest replaces an unread one, so load never builds a queue.
final class FrameSlot: Sendable {
    private let content = Mutex<Frame?>(nil)

    /// Puts the newest frame in; true when it replaced one that nobody had taken.
    func put(_ frame: Frame) -> Bool {
        // The old frame goes out of the lock first: letting go of it gives a buffer back.
        let old = content.withLock { content in
            let old = content
            content = frame
            return old
        }
        return old != nil
    }

    func take() -> Frame? {
        content.withLock { content in
            defer { content = nil }
            return content
        }
    }
}
