import Glibc

/// Why a file is not read: what is wrong with it, and the remedy.
package struct FileProblem: Error, Hashable, Sendable {
    package let problem: String
    package let hint: String
}

/// Who may have written a configuration file.
package enum FileTrust: Hashable, Sendable {
    /// Files of root, of this user, or of the group `gatehouse-editors`; nobody else's. A group that
    /// may write is root's, the editors', or the user's own at the user's own file: the controller's
    /// group is that of the viewers, too, and who may only look must not write policy.
    case owners(user: UInt32, group: UInt32, editors: UInt32?)
    /// Whatever can be read; for demonstrations and tests.
    case anyone

    package static let editorsGroup = "gatehouse-editors"

    /// The rule for the running process.
    package static var system: FileTrust {
        .owners(user: geteuid(), group: getegid(), editors: groupNumber(editorsGroup))
    }

    private static func groupNumber(_ name: String) -> UInt32? {
        unsafe getgrnam(name).map { unsafe $0.pointee.gr_gid }
    }

    /// What is wrong with a file of this owner, group and mode; nil when it may be trusted.
    package func objection(owner: UInt32, group: UInt32, mode: UInt32) -> FileProblem? {
        guard case .owners(let user, let ownGroup, let editors) = self else { return nil }
        let isEditors = editors != nil && group == editors
        if mode & 0o002 != 0 {
            return FileProblem(problem: "may be written by everybody", hint: "chmod o-w it")
        }
        if owner != 0, owner != user, !isEditors {
            return FileProblem(
                problem: "belongs to user \(owner)",
                hint: "chown it to root, or chgrp it to \(Self.editorsGroup)")
        }
        let isOwn = owner == user && group == ownGroup
        if mode & 0o020 != 0, group != 0, !isOwn, !isEditors {
            return FileProblem(
                problem: "may be written by group \(group)",
                hint: "chmod g-w it, or chgrp it to \(Self.editorsGroup)")
        }
        return nil
    }
}

/// Reads whole files with a limit on their size.
package enum FileAccess {
    /// - Throws: `FileProblem` when the file is missing, unreadable, too large, not a plain file,
    ///   or not to be trusted.
    package static func read(_ path: String, atMost limit: Int, trust: FileTrust)
        throws(FileProblem) -> [UInt8]
    {
        // O_NONBLOCK: opening a named pipe must not wait for its writer.
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw openProblem(errno) }
        defer { close(file) }
        var facts = stat()
        guard unsafe fstat(file, &facts) == 0 else { throw systemProblem("fstat", errno) }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw FileProblem(problem: "is not a plain file", hint: "put a text file there")
        }
        if let objection = trust.objection(
            owner: facts.st_uid, group: facts.st_gid, mode: facts.st_mode)
        {
            throw objection
        }
        guard facts.st_size <= limit else {
            throw FileProblem(
                problem: "has \(facts.st_size) bytes, at most \(limit)",
                hint: "remove what does not belong there")
        }
        return try contents(of: file, limit: limit)
    }

    /// What is wrong with a folder; nil when it is there and may be trusted.
    package static func objectionToFolder(_ path: String, trust: FileTrust) -> FileProblem? {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else { return openProblem(errno) }
        guard facts.st_mode & S_IFMT == S_IFDIR else {
            return FileProblem(problem: "is not a folder", hint: "name the configuration's folder")
        }
        return trust.objection(owner: facts.st_uid, group: facts.st_gid, mode: facts.st_mode)
    }

    private static func contents(of file: Int32, limit: Int) throws(FileProblem) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= limit {
            let count = unsafe Glibc.read(file, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw systemProblem("read", errno)
            }
            bytes += chunk.prefix(count)
        }
        throw FileProblem(
            problem: "grew while it was read", hint: "try again when nobody writes to it")
    }

    private static func openProblem(_ number: Int32) -> FileProblem {
        switch number {
        case ENOENT, ENOTDIR:
            FileProblem(
                problem: "is not there",
                hint: "copy it from the sample config/reference-vehicle-gate")
        case EACCES, EPERM:
            FileProblem(
                problem: "may not be read by this user",
                hint: "let the user or group of this process read it")
        default: systemProblem("open", number)
        }
    }

    private static func systemProblem(_ call: String, _ number: Int32) -> FileProblem {
        let text = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
        return FileProblem(problem: "cannot be read: \(call): \(text)", hint: "check the disk")
    }
}
