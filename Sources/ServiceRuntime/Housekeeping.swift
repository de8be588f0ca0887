import CLinux
import EventLoop
import GateTypes
import Glibc

/// What the controller does by the clock: watchdog, status, clock jumps, retention, live view.
final class Housekeeping {
    /// A wall clock that moves this far against the monotonic one has jumped.
    static let jump = Duration.seconds(1)
    private static let interval = Duration.seconds(1)
    private static let viewInterval = Duration.milliseconds(200)
    private static let expiryInterval = Duration.seconds(3600)

    private unowned let service: GateService
    private var timers: [RepeatingTimer] = []
    private var grace: LoopTimer?
    private var offset: Duration?
    private var toldStatus = ""
    private(set) var clockIsTrusted: Bool

    init(service: GateService) {
        self.service = service
        clockIsTrusted = service.clockIsKnown
        every(Self.interval) { $0.lookAtClock() }
        every(Self.interval) { $0.tellStatus() }
        every(Self.viewInterval) { $0.showWatchers() }
        every(Self.expiryInterval, first: .seconds(60)) { $0.expire() }
        if let watchdog = service.parts.notifier.watchdogInterval {
            every(max(watchdog / 3, .milliseconds(10)), first: .zero) {
                $0.service.parts.notifier.feedWatchdog()
            }
        }
        grace = service.loop.makeTimer { [weak service] in service?.endEyesGrace() }
        grace?.set(service.loop.now + GateService.eyesGrace)
    }

    private func every(
        _ interval: Duration, first: Duration? = nil, _ work: @escaping (Housekeeping) -> Void
    ) {
        timers.append(
            RepeatingTimer(loop: service.loop, every: interval, first: first) { [weak self] in
                if let self { work(self) }
            })
    }

    private func lookAtClock() {
        clockIsTrusted = service.clockIsKnown
        let now = service.moment()
        let current =
            Duration.milliseconds(now.wall.milliseconds)
            - .nanoseconds(now.instant.nanoseconds)
        defer { offset = current }
        guard let offset else { return }
        let moved = current - offset
        guard moved > Self.jump || moved < .zero - Self.jump else { return }
        service.record(.clockJump, ["by_ms": "\(Int64(moved.milliseconds))"])
        service.parts.log(.warning, "the wall clock jumped by \(moved)")
    }

    private func tellStatus() {
        let status = service.statusLine
        guard status != toldStatus else { return }
        toldStatus = status
        service.parts.notifier.status(status)
    }

    private func showWatchers() {
        guard let control = service.control, control.hasWatchers else { return }
        control.broadcast(.snapshot(service.snapshot()))
    }

    private func expire() {
        let kept = service.config.storage.passagesKept
        guard service.clockIsKnown else { return }
        let limit = WallTime.now().milliseconds - Int64(kept.milliseconds)
        // What could not be erased now is tried again in an hour; the journal tells of its health.
        service.journal?.expire(before: WallTime(milliseconds: limit)) { _ in }
    }
}

extension GateService {
    /// Whether schedules and retention may rest on the wall clock; a simulation trusts its machine's.
    var clockIsKnown: Bool {
        parts.clockIsTrusted() || config.chips.values.allSatisfy { $0.backing == .simulated }
    }
}

/// Whether a time service keeps the wall clock right.
package enum ClockTrust {
    /// systemd-timesyncd makes this file after its first answer since the boot.
    private static let timesyncd = "/run/systemd/timesync/synchronized"

    package static func isSynchronised() -> Bool {
        if unsafe access(timesyncd, F_OK) == 0 { return true }
        var state = timex()
        // A sandbox may forbid the question; then only the file counts.
        let answer = unsafe adjtimex(&state)
        return answer >= 0 && answer != TIME_ERROR
    }
}
