import EventLoop
import GateTypes

/// Toggles the heartbeat output while the loop turns; the external watchdog relay needs the change.
///
/// A loop that hangs leaves the output at one level, and a dead process at its rest: both end the
/// power of the motion relays.
final class Heartbeat {
    /// Ten changes a second, 5 Hz.
    static let interval = Duration.milliseconds(100)

    private let toggle: (Bool) -> Void
    private var isHigh = false
    private var timer: RepeatingTimer?

    init(loop: EventLoop, toggle: @escaping (Bool) -> Void) {
        self.toggle = toggle
        timer = RepeatingTimer(loop: loop, every: Self.interval, first: .zero) { [weak self] in
            self?.beat()
        }
    }

    func stop() { timer?.stop() }

    private func beat() {
        isHigh.toggle()
        toggle(isHigh)
    }
}
