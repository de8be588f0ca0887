import CLinux
import Glibc

extension Accounts {
    /// Runs `body` with the effective user, group and groups of another account, for root to see what
    /// that account may read. The process must do nothing else meanwhile.
    ///
    /// - Throws: when there is no such account, or the system refuses; what `body` throws comes back
    ///   as its result.
    package static func acting<Result>(
        as name: String, _ body: () -> Result
    ) throws(SystemError) -> Result {
        guard let user = number(ofUser: name), let group = mainGroup(ofUser: name) else {
            throw SystemError("getpwnam", name, code: ENOENT)
        }
        let count = try systemCall("getgroups") { getgroups(0, nil) }
        var groups = [gid_t](repeating: 0, count: Int(count))
        try systemCall("getgroups") { unsafe getgroups(count, &groups) }
        let (ownUser, ownGroup) = (geteuid(), getegid())
        defer {
            seteuid(ownUser)
            setegid(ownGroup)
            unsafe setgroups(groups.count, groups)
        }
        try systemCall("initgroups", name) { unsafe initgroups(name, group) }
        try systemCall("setegid", name) { setegid(group) }
        try systemCall("seteuid", name) { seteuid(user) }
        return body()
    }

    private static func mainGroup(ofUser name: String) -> UInt32? {
        var text = [CChar](repeating: 0, count: entryBytes)
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        unsafe getpwnam_r(name, &entry, &text, text.count, &found)
        return unsafe found == nil ? nil : entry.pw_gid
    }
}
