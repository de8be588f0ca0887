import CLinux
import Glibc

/// Users and groups of this machine, by name and number.
package enum Accounts {
    /// Far more than any entry of the account files holds.
    private static let entryBytes = 65_536

    package static func number(ofUser name: String) -> UInt32? { numbers(ofUser: name)?.user }

    /// A user's own number and that of their first group.
    static func numbers(ofUser name: String) -> (user: UInt32, group: UInt32)? {
        var text = [CChar](repeating: 0, count: entryBytes)
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        unsafe getpwnam_r(name, &entry, &text, text.count, &found)
        return unsafe found == nil ? nil : (entry.pw_uid, entry.pw_gid)
    }

    package static func number(ofGroup name: String) -> UInt32? {
        var text = [CChar](repeating: 0, count: entryBytes)
        var entry = unsafe group()
        var found: UnsafeMutablePointer<group>?
        unsafe getgrnam_r(name, &entry, &text, text.count, &found)
        return unsafe found == nil ? nil : entry.gr_gid
    }

    package static func name(ofUser number: UInt32) -> String? {
        var text = [CChar](repeating: 0, count: entryBytes)
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        return unsafe text.withUnsafeMutableBufferPointer { text in
            guard let room = text.baseAddress else { return nil }
            unsafe getpwuid_r(number, &entry, room, text.count, &found)
            return unsafe found == nil ? nil : String(cString: entry.pw_name)
        }
    }
}

extension PeerCredentials {
    /// Our own user, root, or the user of this name.
    package func isUs(orUser name: String) -> Bool {
        user == 0 || user == geteuid() || user == Accounts.number(ofUser: name)
    }
}
