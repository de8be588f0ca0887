import CLinux
import Glibc

/// Files of the eyes belong to the eyes, also where root works on them.
///
/// The folder is theirs, and the eyes decode what strangers show them: a link that they laid there
/// must not lead root's hand. So root lays its rights down while it works in it.
enum FileOwner {
    /// - Throws: when the folder is none, others may write into it, or rights cannot be laid down.
    static func acting<Result>(
        in folder: String, _ body: () throws(FaceStoreError) -> Result
    ) throws(FaceStoreError) -> Result {
        var status = stat()
        guard unsafe lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .unusable(path: folder, detail: "it is no folder")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw .unusable(path: folder, detail: "others may write into the folder; chmod 0700 it")
        }
        guard geteuid() == 0, status.st_uid != 0 else { return try body() }
        // Of this thread alone, so that nothing else loses its rights meanwhile.
        let group = gid_t(bitPattern: setfsgid(status.st_gid))
        _ = setfsuid(status.st_uid)
        defer {
            _ = setfsuid(0)
            _ = setfsgid(group)
        }
        guard uid_t(bitPattern: setfsuid(.max)) == status.st_uid else {
            throw .unusable(path: folder, detail: "the rights of its owner cannot be taken on")
        }
        return try body()
    }

    /// The folder that a file lies in.
    static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
