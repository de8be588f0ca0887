import GRDB

/// Why face templates cannot be read or written; the description is one sentence with its remedy.
package enum FaceStoreError: Error, Hashable, Sendable, CustomStringConvertible {
    case folderMissing(path: String)
    case keyMissing(path: String)
    case keyUnusable(path: String, detail: String)
    case wrongKey(path: String)
    case damaged(path: String, detail: String)
    case newer(path: String, found: Int, known: Int)
    case unusable(path: String, detail: String)
    case diskFull(path: String)
    case full(limit: Int)
    case consentEnded(person: String, consent: String)
    case consentUnknown(consent: String, detail: String)

    package var description: String {
        switch self {
        case .folderMissing(let path):
            "face templates: there is no folder '\(path)'; start gatehouse-vision once, or name "
                + "another with --faces"
        case .keyMissing(let path):
            "face templates: the site key '\(path)' is missing, and templates are there that only "
                + "it opens; bring it back, or remove the database and enrol everybody again"
        case .keyUnusable(let path, let detail):
            "face templates: the site key '\(path)' \(detail)"
        case .wrongKey(let path):
            "face templates '\(path)' were written under another site key; bring that key back, or "
                + "remove the database and enrol everybody again"
        case .damaged(let path, let detail):
            "face templates '\(path)' are damaged (\(detail)); remove the file with its -wal and "
                + "-shm, and enrol everybody again"
        case .newer(let path, let found, let known):
            "face templates '\(path)' have format \(found) and this Gatehouse knows up to \(known); "
                + "install the newer Gatehouse that wrote them"
        case .unusable(let path, let detail):
            "face templates '\(path)' cannot be opened (\(detail)); run as the eyes' user or root"
        case .diskFull(let path):
            "face templates '\(path)' cannot grow, the disk is full; free space on its file system"
        case .full(let limit):
            "face templates: \(limit) are stored, more would make comparing slow; remove some"
        case .consentEnded(let person, let consent):
            "face templates: the consent \(consent) of \(person) has ended meanwhile, and nothing "
                + "was stored; grant a new one (gatectl consent grant \(person)), then enrol again"
        case .consentUnknown(let consent, let detail):
            "face templates: whether the consent \(consent) stands is not known (\(detail)), and "
                + "nothing was stored; see 'gatectl status', then enrol again"
        }
    }

    /// Reads what GRDB threw.
    static func of(_ error: any Error, path: String) -> FaceStoreError {
        if let error = error as? FaceStoreError { return error }
        guard let error = error as? DatabaseError else {
            return .unusable(path: path, detail: "\(error)")
        }
        let detail = error.message ?? "code \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_FORMAT:
            return .damaged(path: path, detail: detail)
        case .SQLITE_FULL: return .diskFull(path: path)
        default: return .unusable(path: path, detail: detail)
        }
    }
}
