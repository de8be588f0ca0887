import Foundation
import GRDB

/// Why the journal could not be read or written; the description is one sentence with its remedy.
package enum JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    case directoryMissing(path: String)
    case absent(path: String)
    case unwritable(path: String)
    case unreadable(path: String)
    case diskFull(path: String)
    case damaged(path: String, detail: String)
    case foreign(path: String)
    case newer(path: String, found: Int, known: Int)
    case busy(path: String)
    case queueFull(limit: Int)
    case closed
    case failed(path: String, operation: String, detail: String)

    package var description: String {
        switch self {
        case .directoryMissing(let path):
            "journal: there is no state directory '\(path)'; create it or name another"
        case .absent(let path):
            "journal: there is no '\(path)'; name the state directory of a gate that has run"
        case .unwritable(let path):
            "journal '\(path)' cannot be written; make its directory and files writable for the "
                + "gate's user, on a file system that is not read-only"
        case .unreadable(let path):
            "journal '\(path)' cannot be opened for reading; run as the gate's user or root, "
                + "and copy a journal on a read-only medium first"
        case .diskFull(let path):
            "journal '\(path)' cannot grow, the disk is full; free space on its file system"
        case .damaged(let path, let detail):
            "journal '\(path)' is damaged (\(detail)); move it and its -wal and -shm files away, "
                + "keep them for inspection, and a new journal begins"
        case .foreign(let path):
            "'\(path)' is a database, but not a journal of Gatehouse; move it away"
        case .newer(let path, let found, let known):
            "journal '\(path)' has format \(found) and this Gatehouse knows up to \(known); "
                + "install the newer Gatehouse that wrote it"
        case .busy(let path):
            "journal '\(path)' is locked by another process; end it or try again"
        case .queueFull(let limit):
            "journal: \(limit) entries already wait for the disk; see why it is slow"
        case .closed:
            "journal: already closed; nothing more can be written"
        case .failed(let path, let operation, let detail):
            "journal '\(path)': \(operation) failed (\(detail)); see the system log of its disk"
        }
    }
}

extension JournalError {
    /// Reads what GRDB threw during `operation`.
    static func of(_ error: any Error, path: String, operation: String) -> JournalError {
        if let error = error as? JournalError { return error }
        guard let error = error as? DatabaseError else {
            return .failed(path: path, operation: operation, detail: "\(error)")
        }
        let detail = error.message ?? "code \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL: return .diskFull(path: path)
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: return .unwritable(path: path)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_CONSTRAINT,
            .SQLITE_MISMATCH:
            return .damaged(path: path, detail: detail)
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL: return .busy(path: path)
        case .SQLITE_CANTOPEN, .SQLITE_IOERR:
            if diskIsFull(at: path) { return .diskFull(path: path) }
            return error.resultCode == .SQLITE_CANTOPEN
                ? .unreadable(path: path)
                : .failed(path: path, operation: operation, detail: detail)
        default: return .failed(path: path, operation: operation, detail: detail)
        }
    }

    /// SQLite tells a full disk under its shared memory and log as an I/O error.
    private static func diskIsFull(at path: String) -> Bool {
        let directory = URL(filePath: path).deletingLastPathComponent().path
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: directory)
        guard let free = attributes?[.systemFreeSize] as? NSNumber else { return false }
        return free.int64Value < 128 * 1024
    }
}
