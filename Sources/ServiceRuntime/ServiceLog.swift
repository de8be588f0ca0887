import EventLoop
import Glibc

/// The service's log on standard error: one line an event, written beside the loop.
package final class ServiceLog: Sendable {
    /// Syslog's levels, as far as they are used.
    package enum Level: Int, Sendable {
        case error = 3
        case warning = 4
        case notice = 5
        case info = 6
    }

    private let worker: SerialWorker
    private let program: String
    /// systemd reads the level from a prefix.
    private let isJournal: Bool

    package init(program: String) throws(SystemError) {
        worker = try SerialWorker(name: "log", limit: 1000)
        self.program = program
        isJournal = unsafe getenv("JOURNAL_STREAM") != nil
    }

    package func write(_ level: Level, _ text: String) {
        let line = isJournal ? "<\(level.rawValue)>\(text)\n" : "\(program): \(text)\n"
        worker.submit { fputs(line, stderr) }
    }

    /// Writes what is queued; to be called last.
    package func finish() { worker.finish(within: .seconds(1)) }
}
