import EventJournal
import EventLoop
import GateTypes
import Glibc

/// Limits of the pictures on disk, in one place.
package struct EvidenceLimits: Sendable {
    /// Bytes and passages that may lie there; a site of 300 vehicles a day keeps some 5 GB for 30 days.
    package var bytes: Int64 = 16 << 30
    package var count = 100_000
    /// Bytes of one file; a camera's frame is a tenth of it.
    package var fileBytes = 8 << 20
    /// Bytes that stay free on the disk for what decides; at most a twentieth of a small disk.
    package var reserve: Int64 = 512 << 20
    /// Pictures erased in one go, so that one to be kept need not wait long.
    package var eraseBatch = 500

    package init() {}

    func reserve(of space: DiskSpace) -> Int64 { min(reserve, space.total / 20) }
}

/// The room on a disk, in bytes.
package struct DiskSpace: Hashable, Sendable {
    package var free: Int64
    package var total: Int64

    package init(free: Int64, total: Int64) {
        self.free = free
        self.total = total
    }

    /// Asks the file system on which a folder lies.
    package static func of(_ folder: String) throws(SystemError) -> DiskSpace {
        var status = statvfs()
        try systemCall("statvfs", folder) { unsafe statvfs(folder, &status) }
        let block = Int64(clamping: status.f_frsize)
        return DiskSpace(
            free: Int64(clamping: status.f_bavail) &* block,
            total: Int64(clamping: status.f_blocks) &* block)
    }
}

/// Pictures of passages as files: `FOLDER/2026-11-26/231120.123-17-scene.jpg` and `-plate.jpg`.
///
/// Each file is whole at every moment. What does not bear the name of a picture is left alone. It
/// belongs to one thread, and blocks for the disk.
package struct EvidenceStore {
    private struct Entry {
        let name: PictureName
        var byteCount: Int64
    }

    private enum Part: String, CaseIterable { case scene, plate }

    private let folder: String
    private let limits: EvidenceLimits
    private let space: @Sendable (String) throws(SystemError) -> DiskSpace
    /// Oldest first.
    private var entries: [Entry] = []
    package private(set) var byteCount: Int64 = 0

    package var count: Int { entries.count }

    /// Takes stock of a folder, which is made unless it is there.
    ///
    /// - Parameter space: the room on its disk; tests tell what they like.
    package init(
        folder: String, limits: EvidenceLimits = EvidenceLimits(),
        space: @escaping @Sendable (String) throws(SystemError) -> DiskSpace = DiskSpace.of
    ) throws(SystemError) {
        self.folder = folder
        self.limits = limits
        self.space = space
        try Self.make(folder)
        if let obstacle = Directories.obstacle(toWritingIn: folder) { throw obstacle }
        try takeStock()
    }

    // MARK: Keeping

    /// Writes scene and plate, in place of an earlier picture of the same passage.
    ///
    /// - Returns: pictures that had to go for it, and the outcome.
    package mutating func keep(
        _ name: PictureName, scene: [UInt8], plate: [UInt8]?
    ) -> (erasures: [PictureErasure], result: Result<PictureReport.Outcome, SystemError>) {
        let bytes = Int64(scene.count + (plate?.count ?? 0))
        var erasures: [PictureErasure] = []
        do throws(SystemError) {
            guard scene.count <= limits.fileBytes, plate?.count ?? 0 <= limits.fileBytes else {
                throw SystemError("write", path(name, .scene), code: EFBIG)
            }
            try makeRoom(for: bytes, &erasures)
            try Self.make(folder + "/" + name.folder)
            try replace(path(name, .scene), with: scene)
            // A plate of an earlier frame does not belong to this scene.
            if let plate {
                try replace(path(name, .plate), with: plate)
            } else {
                try remove(path(name, .plate))
            }
            note(name, bytes)
            return (
                erasures,
                .success(
                    .kept(
                        sceneHash: ChainEncoding.hash(ofContent: scene).description,
                        plateHash: plate.map { ChainEncoding.hash(ofContent: $0).description },
                        byteCount: Int(bytes)))
            )
        } catch {
            return (erasures, .failure(error))
        }
    }

    /// Makes a folder that the group may read whatever the service's mask is.
    private static func make(_ folder: String) throws(SystemError) {
        if unsafe access(folder, F_OK) == 0 { return }
        try Directories.make(folder, mode: 0o750)
        try systemCall("chmod", folder) { unsafe chmod(folder, 0o750) }
    }

    private func path(_ name: PictureName, _ part: Part) -> String {
        "\(folder)/\(name.text)-\(part.rawValue).jpg"
    }

    private mutating func makeRoom(
        for bytes: Int64, _ erasures: inout [PictureErasure]
    ) throws(SystemError) {
        let tooMany = entries.count + 1 - limits.count
        let tooLarge = byteCount + bytes - limits.bytes
        if tooMany > 0 || tooLarge > 0 {
            erasures += [try erase(.limit, count: max(tooMany, 0), bytes: tooLarge)].compactMap {
                $0
            }
        }
        if let erasure = try makeRoom(for: bytes) { erasures.append(erasure) }
        let now = try space(folder)
        guard now.free - bytes >= limits.reserve(of: now) else {
            throw SystemError("write", folder, code: ENOSPC)
        }
    }

    /// Erases the oldest pictures while less than the reserve, and room for `bytes`, is free.
    package mutating func makeRoom(for bytes: Int64 = 0) throws(SystemError) -> PictureErasure? {
        let now = try space(folder)
        let missing = limits.reserve(of: now) + bytes - now.free
        return missing > 0 ? try erase(.diskFull, count: 0, bytes: missing) : nil
    }

    /// Through a file beside it, forced to the disk: its hash will be on record.
    private func replace(_ path: String, with bytes: [UInt8]) throws(SystemError) {
        let draft = path + Self.draftSuffix
        try remove(draft)
        do throws(SystemError) {
            let file = try Descriptor.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
            try systemCall("fchmod", draft) { fchmod(file.raw, 0o640) }
            var done = 0
            while done < bytes.count {
                done += try systemCall("write", draft) {
                    unsafe bytes.withUnsafeBytes {
                        unsafe write(
                            file.raw, $0.baseAddress?.advanced(by: done), bytes.count - done)
                    }
                }
            }
            try systemCall("fsync", draft) { fsync(file.raw) }
            try systemCall("rename", path) { unsafe rename(draft, path) }
        } catch {
            try? remove(draft)
            throw error
        }
    }

    private func remove(_ path: String) throws(SystemError) {
        do {
            try systemCall("unlink", path) { unsafe unlink(path) }
        } catch {
            if error.code != ENOENT { throw error }
        }
    }

    private mutating func note(_ name: PictureName, _ bytes: Int64) {
        byteCount += bytes
        if let index = entries.lastIndex(where: { $0.name <= name }) {
            guard entries[index].name != name else {
                byteCount -= entries[index].byteCount
                entries[index].byteCount = bytes
                return
            }
            entries.insert(Entry(name: name, byteCount: bytes), at: index + 1)
        } else {
            entries.insert(Entry(name: name, byteCount: bytes), at: 0)
        }
    }

    // MARK: Erasing

    /// Erases pictures of passages that arrived before `moment`; nil when there are none.
    ///
    /// At most a batch; call again until it answers nil.
    package mutating func erase(before moment: WallTime) throws(SystemError) -> PictureErasure? {
        let old = entries.prefix(limits.eraseBatch).prefix { $0.name.arrival < moment }
        return try erase(.expiry, count: old.count, bytes: 0)
    }

    /// Erases the pictures of these passages on request; nil when none of them is kept.
    package mutating func erase(_ names: Set<PictureName>) throws(SystemError) -> PictureErasure? {
        var erasure: PictureErasure?
        for entry in entries where names.contains(entry.name) {
            for part in Part.allCases { try remove(path(entry.name, part)) }
            erasure = PictureErasure(
                reason: .request, count: (erasure?.count ?? 0) + 1,
                byteCount: (erasure?.byteCount ?? 0) + entry.byteCount, newest: entry.name)
        }
        entries.removeAll { names.contains($0.name) }
        byteCount -= erasure?.byteCount ?? 0
        return erasure
    }

    /// Erases at least so many of the oldest and so many bytes; nil when there are none.
    private mutating func erase(
        _ reason: PictureErasure.Reason, count: Int, bytes: Int64
    ) throws(SystemError) -> PictureErasure? {
        var erasure: PictureErasure?
        while let oldest = entries.first,
            erasure?.count ?? 0 < count || erasure?.byteCount ?? 0 < bytes,
            erasure?.count ?? 0 < limits.eraseBatch
        {
            for part in Part.allCases { try remove(path(oldest.name, part)) }
            entries.removeFirst()
            byteCount -= oldest.byteCount
            erasure = PictureErasure(
                reason: reason, count: (erasure?.count ?? 0) + 1,
                byteCount: (erasure?.byteCount ?? 0) + oldest.byteCount, newest: oldest.name)
            if entries.first?.name.folder != oldest.name.folder {
                // Stays when something else lies in it.
                _ = unsafe rmdir(folder + "/" + oldest.name.folder)
            }
        }
        return erasure
    }

    // MARK: Taking stock

    private static let draftSuffix = ".part"

    private mutating func takeStock() throws(SystemError) {
        var found: [PictureName: Int64] = [:]
        for day in try Self.names(in: folder) where CivilDate.day(of: day) != nil {
            for file in try Self.names(in: folder + "/" + day) {
                let path = "\(folder)/\(day)/\(file)"
                if file.hasSuffix(".jpg" + Self.draftSuffix) {
                    try remove(path)
                    continue
                }
                guard let name = Self.name(of: file, in: day) else { continue }
                var status = stat()
                guard unsafe lstat(path, &status) == 0 else { continue }
                found[name, default: 0] += Int64(status.st_size)
            }
        }
        entries = found.map { Entry(name: $0.key, byteCount: $0.value) }
            .sorted { $0.name < $1.name }
        byteCount = entries.reduce(0) { $0 + $1.byteCount }
    }

    private static func name(of file: String, in day: String) -> PictureName? {
        for part in Part.allCases {
            let ending = "-\(part.rawValue).jpg"
            if file.hasSuffix(ending) {
                return PictureName(folder: day, stem: file.dropLast(ending.count))
            }
        }
        return nil
    }

    private static func names(in folder: String) throws(SystemError) -> [String] {
        guard let directory = unsafe opendir(folder) else {
            // A file that bears the name of a day is none of ours.
            if errno == ENOTDIR { return [] }
            throw SystemError("opendir", folder, code: errno)
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names
    }
}
