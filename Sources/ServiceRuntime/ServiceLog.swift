import EventLoop
import Glibc

/// Standard output and error, unbuffered.
package enum Output {
    /// Writes the whole text; false when the other end is gone or full.
    @discardableResult
    package static func write(_ text: String, to descriptor: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = try? systemCall("write") {
                unsafe rest.withUnsafeBytes {
                    unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
                }
            }
            guard let count, count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

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
        worker.submit { Output.write(line, to: STDERR_FILENO) }
    }

    /// Writes a line as it is, e.g. an error that begins with its file and line.
    package func writePlain(_ line: String) {
        worker.submit { Output.write(line + "\n", to: STDERR_FILENO) }
    }

    /// Writes what is queued; to be called last.
    package func finish() { worker.finish(within: .seconds(1)) }
}
