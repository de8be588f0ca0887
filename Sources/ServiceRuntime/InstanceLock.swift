import CLinux
import EventLoop
import Glibc

/// Why the service cannot use a directory or is not alone; one sentence with its remedy.
package struct StartError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Holds the state directory for one process; the kernel frees it when the process ends.
package final class InstanceLock {
    private let file: Descriptor

    /// - Throws: `StartError` when the directory is missing or unwritable, or another has the lock.
    package init(stateDirectory: String) throws(StartError) {
        let path = stateDirectory + "/lock"
        do throws(SystemError) {
            file = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o640)
        } catch {
            throw StartError(
                "the state directory '\(stateDirectory)' cannot be used (\(error)); create it and "
                    + "make it writable for the gate's user")
        }
        guard flock(file.raw, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(path).map { ", process \($0)" } ?? ""
            throw StartError(
                "another gatehoused\(holder) already uses the state directory "
                    + "'\(stateDirectory)'; stop it first, or name another directory")
        }
        let text = Array("\(getpid())\n".utf8)
        // The number only serves the message above; a full disk may lose it.
        _ = ftruncate(file.raw, 0)
        _ = unsafe text.withUnsafeBytes { unsafe pwrite(file.raw, $0.baseAddress, $0.count, 0) }
    }

    private static func holder(_ path: String) -> Int? {
        var buffer = [UInt8](repeating: 0, count: 16)
        guard let file = try? Descriptor.open(path, O_RDONLY),
            let count = try? file.read(into: &buffer)
        else { return nil }
        return Int(String(decoding: buffer.prefix(count).filter { $0 > 32 }, as: UTF8.self))
    }
}
