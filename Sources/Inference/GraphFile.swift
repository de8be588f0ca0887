import Glibc

/// The limits of a network file; they keep a damaged one from asking for the whole memory.
enum GraphLimits {
    static let fileBytes = 256 << 20
    static let textBytes = 1 << 20
    static let steps = 4096
    static let rank = 4
    static let dimension = 1 << 20
    static let tensorFloats = 1 << 26
    static let networkFloats = 1 << 28
    static let plans = 3
}

/// A network file in memory: its graph text, and its weights with room for the engine's overreads.
///
/// Layout, little-endian: 8 bytes `GHNETWK\n`, u32 version, u32 CRC-32 of all that follows, u32
/// bytes of text, u32 count of floats, the text, zeros up to a multiple of 16, the floats.
@safe final class GraphFile {
    static let magic = Array("GHNETWK\n".utf8)
    static let version: UInt32 = 1
    private static let headerBytes = 24

    let text: String
    let floatCount: Int
    private let storage: UnsafeMutableRawBufferPointer
    private let blobStart: Int

    init(path: String) throws(GraphProblem) {
        unsafe storage = try unsafe Self.read(path)
        let bytes = unsafe UnsafeRawBufferPointer(storage)
        do throws(GraphProblem) {
            let textBytes = try unsafe Self.checkHeader(bytes)
            floatCount = Int(unsafe Self.word(bytes, at: 20))
            blobStart = (Self.headerBytes + textBytes + 15) & ~15
            try unsafe Self.checkContent(bytes, expected: blobStart + floatCount * 4)
            let range = Self.headerBytes..<Self.headerBytes + textBytes
            guard let decoded = unsafe String(validating: bytes[range], as: UTF8.self) else {
                throw GraphProblem(
                    kind: .malformed, line: nil, problem: "the graph text is not UTF-8")
            }
            text = decoded
        } catch {
            unsafe storage.deallocate()
            throw error
        }
    }

    deinit { unsafe storage.deallocate() }

    /// The weights; the caller has checked the range against `floatCount`.
    func floats(_ range: Range<Int>) -> UnsafeBufferPointer<Float> {
        let part = blobStart + range.lowerBound * 4..<blobStart + range.upperBound * 4
        return unsafe UnsafeRawBufferPointer(storage)[part].assumingMemoryBound(to: Float.self)
    }

    private static func checkHeader(_ bytes: UnsafeRawBufferPointer) throws(GraphProblem) -> Int {
        guard unsafe bytes.prefix(8).elementsEqual(magic.prefix(bytes.count)), bytes.count > 0
        else {
            throw GraphProblem(
                kind: .notANetwork, line: nil, problem: "not a network file",
                remedy: "give a file written by training/export/export.py")
        }
        guard bytes.count >= headerBytes else { throw truncated(bytes.count, of: headerBytes) }
        let version = unsafe word(bytes, at: 8)
        guard version == self.version else {
            throw GraphProblem(
                kind: .otherVersion, line: nil,
                problem: "the file has version \(version), this program reads \(self.version)",
                remedy: "use the models that came with this program, or export the network again")
        }
        let textBytes = Int(unsafe word(bytes, at: 16))
        guard textBytes <= GraphLimits.textBytes else {
            throw GraphProblem(
                kind: .damaged, line: nil, problem: "the header claims \(textBytes) bytes of text")
        }
        return textBytes
    }

    private static func checkContent(
        _ bytes: UnsafeRawBufferPointer, expected: Int
    ) throws(GraphProblem) {
        guard bytes.count >= expected else { throw truncated(bytes.count, of: expected) }
        guard bytes.count == expected else {
            throw GraphProblem(
                kind: .damaged, line: nil,
                problem: "\(bytes.count - expected) bytes too many at the end",
                remedy: "fetch the file again")
        }
        guard unsafe crc32(UnsafeRawBufferPointer(rebasing: bytes[16...])) == word(bytes, at: 12)
        else {
            throw GraphProblem(
                kind: .damaged, line: nil, problem: "the checksum does not match the content",
                remedy: "fetch the file again")
        }
    }

    private static func truncated(_ count: Int, of expected: Int) -> GraphProblem {
        GraphProblem(
            kind: .truncated, line: nil, problem: "truncated: \(count) of \(expected) bytes",
            remedy: "fetch the file again")
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
        UInt32(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// Reads the whole file: a mapped one would kill the process when somebody shortens it.
    private static func read(_ path: String) throws(GraphProblem) -> UnsafeMutableRawBufferPointer {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable("open", errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw unreadable("fstat", errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw GraphProblem(
                kind: .unreadable, line: nil, problem: "not a regular file",
                remedy: "name a network file")
        }
        let size = Int(status.st_size)
        guard size <= GraphLimits.fileBytes else {
            throw GraphProblem(
                kind: .notANetwork, line: nil,
                problem: "\(size) bytes, more than the limit of \(GraphLimits.fileBytes)",
                remedy: "name a network file")
        }
        // 64 spare bytes: kernels may read a little past the end of a tensor.
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: size + 64, alignment: 64)
        var done = 0
        while done < size {
            let count = unsafe Glibc.read(
                descriptor, buffer.baseAddress?.advanced(by: done), size - done)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let code = count < 0 ? errno : EIO
                unsafe buffer.deallocate()
                throw unreadable("read", code)
            }
            done += count
        }
        return unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<size])
    }

    private static func unreadable(_ call: String, _ code: Int32) -> GraphProblem {
        GraphProblem(
            kind: .unreadable, line: nil,
            problem: "\(call): \(unsafe String(cString: strerror(code)))",
            remedy: "check the path and the permissions")
    }
}

/// CRC-32 as in zlib and PNG, four bytes a step.
func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var tables = [[UInt32]](repeating: [UInt32](repeating: 0, count: 256), count: 4)
    for i in 0..<256 {
        var value = UInt32(i)
        for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
        tables[0][i] = value
    }
    for i in 0..<256 {
        for k in 1..<4 {
            let before = tables[k - 1][i]
            tables[k][i] = (before >> 8) ^ tables[0][Int(before & 255)]
        }
    }
    let (t0, t1, t2, t3) = (tables[0], tables[1], tables[2], tables[3])
    var crc = ~UInt32(0)
    var i = 0
    while i + 4 <= bytes.count {
        crc ^= UInt32(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: i, as: UInt32.self))
        crc =
            t3[Int(crc & 255)] ^ t2[Int(crc >> 8 & 255)] ^ t1[Int(crc >> 16 & 255)]
            ^ t0[Int(crc >> 24)]
        i += 4
    }
    while i < bytes.count {
        crc = (crc >> 8) ^ t0[Int((crc ^ UInt32(unsafe bytes[i])) & 255)]
        i += 1
    }
    return ~crc
}
