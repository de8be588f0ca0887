/// Whether a camera's JPEG is whole, judged without decoding it.
package enum JPEGFrame {
    /// The count of bytes up to the end marker, or nil when the frame is torn.
    ///
    /// Drivers give buffers that are longer than the picture; behind its end lie zeros at most.
    package static func length(_ bytes: Span<UInt8>) -> Int? {
        guard bytes.count >= 4, bytes[0] == 0xFF, bytes[1] == 0xD8 else { return nil }
        var end = bytes.count
        while end > 4 && bytes[end - 1] == 0 { end -= 1 }
        // Some cameras pad with a few bytes of their own.
        let earliest = max(4, end - 64)
        while end >= earliest {
            if bytes[end - 2] == 0xFF && bytes[end - 1] == 0xD9 { return end }
            end -= 1
        }
        return nil
    }
}
