import CLinux
import Glibc

/// Who is at the other end of a Unix socket, as the kernel vouches for it.
package struct PeerCredentials: Hashable, Sendable {
    package var process: Int32
    package var user: UInt32
    package var group: UInt32
    package var supplementaryGroups: [UInt32]

    package init(process: Int32, user: UInt32, group: UInt32, supplementaryGroups: [UInt32]) {
        self.process = process
        self.user = user
        self.group = group
        self.supplementaryGroups = supplementaryGroups
    }

    package func isMember(of group: UInt32) -> Bool {
        self.group == group || supplementaryGroups.contains(group)
    }
}

/// Nonblocking stream sockets in the file system.
package enum UnixSocket {
    /// Connects; throws ENOENT or ECONNREFUSED while nobody listens.
    package static func connect(to path: String) throws(SystemError) -> Descriptor {
        let socket = try make(path)
        try unsafe withAddress(path, call: "connect") { address, length throws(SystemError) in
            try systemCall("connect", path) {
                unsafe Glibc.connect(socket.raw, address, length)
            }
        }
        return socket
    }

    /// Listens at `path`, in place of a socket that a dead process left there.
    ///
    /// - Throws: EADDRINUSE when a living process listens there.
    package static func listen(at path: String, mode: mode_t) throws(SystemError) -> Descriptor {
        if (try? connect(to: path)) != nil { throw SystemError("bind", path, code: EADDRINUSE) }
        if unsafe unlink(path) != 0 && errno != ENOENT {
            throw SystemError("unlink", path, code: errno)
        }
        let socket = try make(path)
        try unsafe withAddress(path, call: "bind") { address, length throws(SystemError) in
            try systemCall("bind", path) { unsafe bind(socket.raw, address, length) }
        }
        try systemCall("chmod", path) { unsafe chmod(path, mode) }
        try systemCall("listen", path) { Glibc.listen(socket.raw, 16) }
        return socket
    }

    /// The next connection that waits; nil when there is none.
    package static func accept(on listener: Descriptor) throws(SystemError) -> Descriptor? {
        guard
            let raw = try nonblockingCall(
                "accept", listener.path, { Glibc.accept(listener.raw, nil, nil) })
        else { return nil }
        let connection = Descriptor(owning: raw, path: listener.path)
        try systemCall("fcntl", listener.path) { fcntl(raw, F_SETFL, O_NONBLOCK) }
        try systemCall("fcntl", listener.path) { fcntl(raw, F_SETFD, FD_CLOEXEC) }
        return connection
    }

    /// The credentials of the process that connected or listened.
    package static func peer(of socket: Descriptor) throws(SystemError) -> PeerCredentials {
        var credentials = clinux_ucred()
        var length = socklen_t(MemoryLayout<clinux_ucred>.size)
        try systemCall("getsockopt SO_PEERCRED", socket.path) {
            unsafe getsockopt(
                socket.raw, SOL_SOCKET, Int32(clinux_so_peercred), &credentials, &length)
        }
        return PeerCredentials(
            process: credentials.pid, user: credentials.uid, group: credentials.gid,
            supplementaryGroups: try groups(of: socket))
    }

    private static func groups(of socket: Descriptor) throws(SystemError) -> [UInt32] {
        var groups = [UInt32](repeating: 0, count: 64)
        while true {
            var length = socklen_t(groups.count * MemoryLayout<UInt32>.size)
            do throws(SystemError) {
                try systemCall("getsockopt SO_PEERGROUPS", socket.path) {
                    unsafe getsockopt(
                        socket.raw, SOL_SOCKET, Int32(clinux_so_peergroups), &groups,
                        &length)
                }
                return Array(groups.prefix(Int(length) / MemoryLayout<UInt32>.size))
            } catch {
                // The kernel tells how many there are when they do not fit.
                let needed = Int(length) / MemoryLayout<UInt32>.size
                guard error.code == ERANGE, needed > groups.count else { throw error }
                groups = [UInt32](repeating: 0, count: needed)
            }
        }
    }

    private static func make(_ path: String) throws(SystemError) -> Descriptor {
        let kind =
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            | Int32(SOCK_CLOEXEC.rawValue)
        return Descriptor(
            owning: try systemCall("socket", path) { socket(AF_UNIX, kind, 0) }, path: path)
    }

    private static func withAddress(
        _ path: String, call: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> Void
    ) throws(SystemError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        // One byte is left for the closing zero.
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SystemError(call, path, code: ENAMETOOLONG)
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        try unsafe withUnsafePointer(to: &address) { pointer throws(SystemError) in
            let plain = unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
            try unsafe body(plain, length)
        }
    }
}

extension Descriptor {
    /// Sends what the socket takes now, without SIGPIPE; nil when it takes nothing.
    func send(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int? {
        let raw = raw
        return try nonblockingCall("send", path) {
            unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
        }
    }
}
