import Glibc

/// Turns a file's bytes into text.
package enum TextDecoding {
    package enum Outcome: Equatable, Sendable {
        case text(String)
        /// The offset of the first byte that is no text.
        case invalid(byteOffset: Int)
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// UTF-8 with or without a byte order mark.
    package static func utf8(_ bytes: [UInt8]) -> Outcome {
        let start = bytes.starts(with: byteOrderMark) ? byteOrderMark.count : 0
        if let text = String(validating: bytes[start...], as: UTF8.self) { return .text(text) }
        return .invalid(byteOffset: invalidOffset(bytes))
    }

    /// UTF-8 where the bytes are valid as such, GB 18030 otherwise.
    ///
    /// Chinese text in GB 18030 is practically never valid UTF-8: each character would have to
    /// look like the lead byte and the tail of another.
    package static func utf8OrGB18030(_ bytes: [UInt8]) -> Outcome {
        let asUTF8 = utf8(bytes)
        if case .text = asUTF8 { return asUTF8 }
        if bytes.starts(with: byteOrderMark) { return asUTF8 }
        let asGB18030 = gb18030(bytes)
        // The file is of the encoding that reads further; the other fails at its first characters.
        if case .invalid(let ofUTF8) = asUTF8, case .invalid(let ofGB18030) = asGB18030 {
            return .invalid(byteOffset: max(ofUTF8, ofGB18030))
        }
        return asGB18030
    }

    /// By the C library's converter.
    static func gb18030(_ bytes: [UInt8]) -> Outcome {
        guard let converter = unsafe iconv_open("UTF-8", "GB18030"),
            unsafe converter != iconv_t(bitPattern: -1)
        else { return .invalid(byteOffset: invalidOffset(bytes)) }
        defer { _ = unsafe iconv_close(converter) }
        var input = bytes.map { CChar(bitPattern: $0) }
        // Two bytes become at most three, four at most four.
        var output = [CChar](repeating: 0, count: bytes.count * 3 + 16)
        var (unread, free) = (input.count, output.count)
        let result = unsafe input.withUnsafeMutableBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                var (from, to) = (source.baseAddress, target.baseAddress)
                return unsafe iconv(converter, &from, &unread, &to, &free)
            }
        }
        let written = output.prefix(output.count - free).map { UInt8(bitPattern: $0) }
        guard result != -1, let text = String(validating: written, as: UTF8.self) else {
            return .invalid(byteOffset: bytes.count - unread)
        }
        return .text(text)
    }

    /// Where the first sequence stands that is not UTF-8.
    private static func invalidOffset(_ bytes: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput, .error: return offset
            }
        }
    }

    /// Line and column (in bytes) of an offset, both from 1.
    package static func position(of offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        let before = bytes.prefix(offset)
        let line = before.reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return (line, before.count - start + 1)
    }
}
