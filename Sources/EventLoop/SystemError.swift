import Glibc

/// A system call that failed: the call, what it was about, and `errno`.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    package let call: String
    /// The file, socket or object concerned; empty when the call says it all.
    package let path: String
    /// The value of `errno`.
    package let code: Int32

    package init(_ call: String, _ path: String = "", code: Int32) {
        self.call = call
        self.path = path
        self.code = code
    }

    package var description: String {
        let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return path.isEmpty ? "\(call): \(reason)" : "\(call) \(path): \(reason)"
    }
}

/// Runs a system call, again while a signal interrupts it; -1 becomes a `SystemError`.
@discardableResult
package func systemCall<Result: SignedInteger>(
    _ call: String, _ path: String = "", _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        if result != -1 { return result }
        let code = errno
        if code != EINTR { throw SystemError(call, path, code: code) }
    }
}

/// Like `systemCall` for a nonblocking descriptor: nil when the call would have to wait.
package func nonblockingCall<Result: SignedInteger>(
    _ call: String, _ path: String = "", _ body: () -> Result
) throws(SystemError) -> Result? {
    do {
        return try systemCall(call, path, body)
    } catch {
        if error.code == EAGAIN || error.code == EWOULDBLOCK { return nil }
        throw error
    }
}
