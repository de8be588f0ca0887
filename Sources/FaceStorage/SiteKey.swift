import Crypto
import Foundation
import Glibc

/// The key that wraps every template's own key.
///
/// It comes from a systemd credential (bound to the machine's TPM where `systemd-creds` did so), or
/// from a file that nobody but its owner reads.
package struct SiteKey: Sendable {
    package static let fileName = "site.key"
    /// The name of the credential: `LoadCredentialEncrypted=gatehouse-face-key`.
    package static let credentialName = "gatehouse-face-key"
    private static let byteCount = 32

    let key: SymmetricKey

    init(key: SymmetricKey) { self.key = key }

    /// Where the key of a folder is looked for: the credential where there is one, else the file.
    package static func path(for folder: String) -> String {
        if let directory = unsafe getenv("CREDENTIALS_DIRECTORY") {
            let path = unsafe String(cString: directory) + "/" + credentialName
            if unsafe access(path, F_OK) == 0 { return path }
        }
        return folder + "/" + fileName
    }

    /// Reads a key; nil when there is none.
    ///
    /// - Throws: when the file is open to others, or holds no key.
    package static func load(_ path: String) throws(FaceStoreError) -> SiteKey? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw .keyUnusable(path: path, detail: "cannot be read; run as the eyes' user or root")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw .keyUnusable(path: path, detail: "is open to others; chmod 0600 it")
        }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw .keyUnusable(path: path, detail: "cannot be read; run as the eyes' user or root")
        }
        guard bytes.count == byteCount else {
            throw .keyUnusable(
                path: path,
                detail: "has \(bytes.count) bytes, not \(byteCount); bring the right one back")
        }
        return SiteKey(key: SymmetricKey(data: bytes))
    }

    /// Makes a new key in a file of its owner's alone.
    package static func create(_ path: String) throws(FaceStoreError) -> SiteKey {
        let key = SymmetricKey(size: .bits256)
        let bytes = unsafe key.withUnsafeBytes { unsafe Array($0) }
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw .keyUnusable(path: path, detail: "cannot be made; run as the eyes' user or root")
        }
        defer { close(file) }
        let count = unsafe bytes.withUnsafeBytes { unsafe write(file, $0.baseAddress, $0.count) }
        guard count == bytes.count, fsync(file) == 0 else {
            throw .keyUnusable(path: path, detail: "cannot be written; free the disk, remove it")
        }
        return SiteKey(key: key)
    }
}
