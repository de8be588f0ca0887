import CLinux
import EventLoop
import FoundationEssentials
import GateTypes
import Glibc

/// Keeps the standing state over restarts, in a file that is whole at every moment.
///
/// Two files of one block are made at the start; a new state is written into the spare one, forced
/// to the disk, and the two change names. So even a full disk takes a new state.
package struct StandingStateFile: Sendable {
    private static let blockBytes = 4096
    /// Stands in for a state that cannot be read: what may have been an emergency is one.
    package static let unreadable = "the stored state cannot be read"

    private let directory: String
    var path: String { directory + "/standing.json" }
    private var spare: String { directory + "/standing.spare" }

    package init(directory: String) { self.directory = directory }

    /// The state that was kept last; that of a first start when there is no file.
    ///
    /// A damaged file is an emergency until a named person resets it, since it may have been one.
    package func load() -> StandingState {
        do throws(SystemError) {
            let file = try Descriptor.open(path, O_RDONLY)
            var bytes = [UInt8](repeating: 0, count: Self.blockBytes + 1)
            let count = try file.read(into: &bytes) ?? 0
            let state = try? JSONDecoder().decode(
                StandingState.self, from: Data(bytes.prefix(count)))
            return state ?? StandingState(emergency: Self.unreadable)
        } catch {
            return StandingState(emergency: error.code == ENOENT ? nil : Self.unreadable)
        }
    }

    /// Makes the state durable; blocks until the disk has it.
    package func save(_ state: StandingState) throws(SystemError) {
        guard let json = try? JSONEncoder().encode(state), json.count <= Self.blockBytes else {
            throw SystemError("encode", path, code: EMSGSIZE)
        }
        let padding = [UInt8](repeating: 0x20, count: Self.blockBytes - json.count)
        try write(Array(json) + padding, to: spare)
        try exchange()
        let folder = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY)
        try systemCall("fsync", directory) { fsync(folder.raw) }
    }

    /// Makes both files, so that later states need no new space on the disk.
    package func prepare() throws(SystemError) {
        let state = load()
        try save(state)
        try save(state)
    }

    private func write(_ bytes: [UInt8], to path: String) throws(SystemError) {
        let file = try Descriptor.open(path, O_WRONLY | O_CREAT, mode: 0o640)
        let written = try systemCall("write", path) {
            unsafe bytes.withUnsafeBytes { unsafe pwrite(file.raw, $0.baseAddress, $0.count, 0) }
        }
        guard written == bytes.count else { throw SystemError("write", path, code: ENOSPC) }
        try systemCall("ftruncate", path) { ftruncate(file.raw, bytes.count) }
        try systemCall("fsync", path) { fsync(file.raw) }
    }

    private func exchange() throws(SystemError) {
        let result = unsafe renameat2(
            AT_FDCWD, spare, AT_FDCWD, path, UInt32(clinux_rename_exchange))
        if result == 0 { return }
        // No file there yet, or a file system that cannot exchange names.
        try systemCall("rename", path) { unsafe rename(spare, path) }
    }
}
