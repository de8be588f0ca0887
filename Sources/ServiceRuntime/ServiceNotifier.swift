import CSystemd
import EventLoop
import GateTypes

/// What a service manager is told; nothing happens where there is none.
package protocol ServiceNotifier: AnyObject {
    /// How long the manager waits for `feedWatchdog` before it restarts us; nil without watchdog.
    var watchdogInterval: Duration? { get }
    func ready(status: String)
    func reloading()
    func stopping()
    func status(_ text: String)
    func feedWatchdog()
}

/// systemd by way of `NOTIFY_SOCKET` (sd_notify(3)).
package final class SystemdNotifier: ServiceNotifier {
    package let watchdogInterval: Duration?

    package init() {
        var microseconds: UInt64 = 0
        let isEnabled = unsafe sd_watchdog_enabled(0, &microseconds) > 0
        watchdogInterval =
            isEnabled ? .microseconds(Int64(min(microseconds, UInt64(Int64.max / 1000)))) : nil
    }

    package func ready(status: String) { tell("READY=1\nSTATUS=\(oneLine(status))") }

    package func reloading() {
        // Type=notify-reload wants the time, to tell this reload from an earlier one.
        tell("RELOADING=1\nMONOTONIC_USEC=\(Instant.now().nanoseconds / 1000)")
    }

    package func stopping() { tell("STOPPING=1") }

    package func status(_ text: String) { tell("STATUS=\(oneLine(text))") }

    package func feedWatchdog() { tell("WATCHDOG=1") }

    private func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }

    private func tell(_ text: String) {
        // Without a manager, or with one that is gone, there is nobody to complain to.
        _ = unsafe sd_notify(0, text)
    }
}
