import CLinux
import EventLoop
import Glibc

/// Why the service cannot start; one sentence with its remedy.
package struct StartError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Holds the state directory for one process; the kernel frees it when the process ends.
///
/// The lock is on the directory itself, so that it needs no right to write and no free block.
package final class InstanceLock {
    private let directory: Descriptor

    /// - Throws: `StartError` when the directory is missing or another process has the lock.
    package init(stateDirectory: String) throws(StartError) {
        do throws(SystemError) {
            directory = try Descriptor.open(stateDirectory, O_RDONLY | O_DIRECTORY)
        } catch {
            throw StartError(
                "the state directory cannot be used (\(error)); create it for the gate's user, or "
                    + "name another as 'storage: state' in gatehouse.yaml")
        }
        guard flock(directory.raw, LOCK_EX | LOCK_NB) == 0 else {
            throw StartError(
                "another gatehoused already uses the state directory '\(stateDirectory)'; stop "
                    + "that one first, or name another directory")
        }
    }
}

/// Directories that the services make for themselves where no service manager has.
package enum Directories {
    /// Makes the directory and its parents unless they are there.
    package static func make(_ path: String, mode: mode_t = 0o755) throws(SystemError) {
        var part = ""
        for name in path.split(separator: "/") {
            part += (path.hasPrefix("/") || !part.isEmpty ? "/" : "") + name
            if unsafe mkdir(part, mode) != 0 && errno != EEXIST {
                let code = errno
                // A parent on a read-only file system may well be there.
                if unsafe access(part, F_OK) != 0 { throw SystemError("mkdir", part, code: code) }
            }
        }
    }

    /// Why files cannot be written there; nil when they can.
    package static func obstacle(toWritingIn path: String) -> SystemError? {
        unsafe access(path, W_OK | X_OK) == 0 ? nil : SystemError("write in", path, code: errno)
    }
}
