import CLinux
import Glibc

extension Accounts {
    /// Runs `body` with the effective user, group and groups of another account, for root to see what
    /// that account may read. The process must do nothing else meanwhile.
    ///
    /// Of the whole process, and with all groups: who judges files by `geteuid` is to judge so, too.
    ///
    /// - Throws: when there is no such account, or the system refuses.
    package static func acting<Result>(
        as name: String, _ body: () -> Result
    ) throws(SystemError) -> Result {
        guard let (user, group) = numbers(ofUser: name) else {
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
}
