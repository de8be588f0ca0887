import Foundation
import Synchronization

/// One of the two real programs, running for a demonstration.
package final class DemoProcess {
    package let name: String
    private let process = Process()
    private let log: String
    /// Highest resident memory in KiB as last seen (VmHWM).
    package private(set) var memoryKiB = 0

    /// Starts a program that lies beside the running one; what it says goes to a log file.
    package init(
        _ name: String, beside program: String, arguments: [String], logs: String
    ) throws(DemoError) {
        self.name = name
        log = logs + "/" + name + ".log"
        let path = (program as NSString).deletingLastPathComponent + "/" + name
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw DemoError("\(path) is not there; build all programs (swift build -c release)")
        }
        guard FileManager.default.createFile(atPath: log, contents: nil),
            let output = FileHandle(forWritingAtPath: log)
        else { throw DemoError("\(log) cannot be written; set TMPDIR to a writable folder") }
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        do {
            try process.run()
        } catch {
            throw DemoError("\(path) cannot be started: \(error)")
        }
    }

    package var isRunning: Bool { process.isRunning }

    /// What it wrote last, for whoever wants to know why it ended.
    package var lastWords: String {
        let text = String(
            decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
        return text.split(separator: "\n").suffix(4).joined(separator: "\n")
    }

    /// Looks at its memory; the value stays when it has ended.
    package func measure() {
        guard
            let status = FileManager.default.contents(
                atPath: "/proc/\(process.processIdentifier)/status")
        else { return }
        memoryKiB = Self.memoryKiB(String(decoding: status, as: UTF8.self)) ?? memoryKiB
    }

    /// `VmHWM` of a /proc status file.
    static func memoryKiB(_ status: String) -> Int? {
        status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }?
            .split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }

    /// Asks it to end, and ends it when it does not; true when it ended in order.
    package func stop() -> Bool {
        guard process.isRunning else { return false }
        process.terminate()
        let deadline = Date(timeIntervalSinceNow: 8)
        while process.isRunning, Date() < deadline { usleep(20_000) }
        if process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            return false
        }
        return process.terminationReason == .exit && process.terminationStatus == 0
    }
}
