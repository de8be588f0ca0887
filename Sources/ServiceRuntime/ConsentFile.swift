import AccessPolicy
import EventLoop
import FoundationEssentials
import GateTypes
import Glibc

/// Keeps the register of consents over restarts, in a file that is whole at every moment.
package struct ConsentFile: Sendable {
    private static let bytesLargest = 64 << 20

    private let directory: String
    package var path: String { directory + "/consents.json" }

    package init(directory: String) { self.directory = directory }

    /// The register as it was kept last, an empty one where there is no file.
    ///
    /// A damaged file is told and answers with nobody: without its register no consent stands.
    package func load() -> Result<ConsentRegister, StartError> {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            return errno == ENOENT
                ? .success(ConsentRegister())
                : .failure(StartError("the consents in \(path) cannot be read; check its rights"))
        }
        guard status.st_size <= Self.bytesLargest,
            let bytes = try? Data(contentsOf: URL(filePath: path)),
            let register = try? JSONDecoder().decode(ConsentRegister.self, from: bytes)
        else {
            return .failure(
                StartError(
                    "the consents in \(path) are damaged, so that none stands; bring the file back "
                        + "from a backup, or remove it and record them anew"))
        }
        return .success(register)
    }

    /// Makes the register durable; blocks until the disk has it.
    package func save(_ register: ConsentRegister) throws(SystemError) {
        guard let json = try? JSONEncoder().encode(register) else {
            throw SystemError("encode", path, code: EINVAL)
        }
        let spare = path + ".new"
        let bytes = Array(json)
        let file = try Descriptor.open(spare, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        var done = 0
        while done < bytes.count {
            let from = done
            done += try systemCall("write", spare) {
                unsafe bytes.withUnsafeBytes {
                    unsafe write(file.raw, $0.baseAddress?.advanced(by: from), $0.count - from)
                }
            }
        }
        try systemCall("fsync", spare) { fsync(file.raw) }
        try systemCall("rename", path) { unsafe rename(spare, path) }
        let folder = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY)
        try systemCall("fsync", directory) { fsync(folder.raw) }
    }
}
