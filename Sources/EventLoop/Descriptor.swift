import Glibc

/// A file descriptor that is closed when its last owner lets go.
package final class Descriptor: Sendable {
    package let raw: Int32
    /// What it stands for, for error messages.
    package let path: String

    package init(owning raw: Int32, path: String) {
        self.raw = raw
        self.path = path
    }

    deinit { close(raw) }

    /// Reads into `buffer`; 0 at the end, nil when nothing is there yet.
    package func read(into buffer: inout [UInt8]) throws(SystemError) -> Int? {
        let raw = raw
        return try nonblockingCall("read", path) {
            unsafe buffer.withUnsafeMutableBytes {
                unsafe Glibc.read(raw, $0.baseAddress, $0.count)
            }
        }
    }

    /// Opens a file; `O_CLOEXEC` is always added.
    package static func open(
        _ path: String, _ flags: Int32, mode: mode_t = 0o640
    ) throws(SystemError) -> Descriptor {
        let raw = try systemCall("open", path) { unsafe Glibc.open(path, flags | O_CLOEXEC, mode) }
        return Descriptor(owning: raw, path: path)
    }
}
