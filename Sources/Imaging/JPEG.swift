import CJpeg

/// Division of both sides while decoding; the smaller ones cost less.
package enum DecodeScale: Int, CaseIterable, Sendable {
    case full = 1
    case half = 2
    case quarter = 4
    case eighth = 8

    /// The size of a picture after division, rounded up.
    package func applied(to size: PixelSize) -> PixelSize {
        PixelSize(
            width: (size.width + rawValue - 1) / rawValue,
            height: (size.height + rawValue - 1) / rawValue)
    }
}

/// JPEG by libjpeg-turbo. Colours are full range (JFIF); CMYK becomes RGB; the EXIF orientation is
/// not applied: rows come as they lie in the file.
package enum JPEG {
    /// The size that the header tells.
    package static func size(_ bytes: Span<UInt8>) throws(ImageError) -> PixelSize {
        let size = try measure(bytes, .full)
        return PixelSize(width: Int(size.width), height: Int(size.height))
    }

    /// Decodes as gray or RGB at a scale; `part` is in pixels of the scaled picture.
    package static func decode<Image: Raster>(
        _ bytes: Span<UInt8>, as type: Image.Type = Image.self, scale: DecodeScale = .full,
        part: PixelRect? = nil
    ) throws(ImageError) -> Decoded<Image> {
        var size = try measure(bytes, scale)
        let scaled = PixelSize(width: Int(size.scaled_width), height: Int(size.scaled_height))
        let part = part ?? PixelRect(scaled)
        try part.check(inside: scaled)
        var report = cj_report()
        let image = unsafe try Image(size: part.size) { buffer throws(ImageError) in
            let status = unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe cj_decode(
                    bytes.baseAddress, bytes.count, Int32(scale.rawValue), &size,
                    Int32(Image.channels), Int32(part.x), Int32(part.y), Int32(part.width),
                    Int32(part.height), buffer.baseAddress, &report)
            }
            guard status == 0 else { throw damaged(report, of: part.height) }
        }
        return Decoded(
            image, warningCount: report.warnings,
            firstWarning: report.warnings > 0 ? text(of: report.warning) : nil)
    }

    package static func decode<Image: Raster>(
        _ bytes: [UInt8], as type: Image.Type = Image.self, scale: DecodeScale = .full,
        part: PixelRect? = nil
    ) throws(ImageError) -> Decoded<Image> {
        try decode(bytes.span, as: type, scale: scale, part: part)
    }

    /// Encodes at a quality of 1 to 100.
    package static func encode(
        _ image: some Raster, quality: Int = 85
    ) throws(ImageError) -> [UInt8] {
        var report = cj_report()
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        defer { unsafe cj_free(bytes) }
        let status = unsafe cj_encode(
            image.pixels, Int32(clamping: image.width), Int32(clamping: image.height),
            Int32(type(of: image).channels), Int32(min(100, max(1, quality))), &bytes, &count,
            &report)
        guard status == 0 else {
            throw ImageError(
                kind: .unsupported,
                problem: "JPEG cannot hold \(image.size): \(text(of: report.error))",
                remedy: "encode a smaller picture")
        }
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    }

    private static func measure(
        _ bytes: Span<UInt8>, _ scale: DecodeScale
    ) throws(ImageError) -> cj_size {
        guard bytes.count > 0 else {
            throw ImageError(kind: .empty, problem: "no bytes", remedy: "give a JPEG picture")
        }
        guard bytes.count >= 2, bytes[0] == 0xFF, bytes[1] == 0xD8 else {
            throw ImageError(
                kind: .notAPicture, problem: "not a JPEG picture", remedy: "give a JPEG picture")
        }
        var size = cj_size()
        var report = cj_report()
        let status = unsafe bytes.withUnsafeBufferPointer {
            unsafe cj_measure($0.baseAddress, $0.count, Int32(scale.rawValue), &size, &report)
        }
        guard status == 0 else { throw damaged(report, of: nil) }
        guard Int(size.width) * Int(size.height) <= ImageLimits.pixels else {
            throw .tooLarge(Int(size.width), Int(size.height))
        }
        return size
    }

    private static func damaged(_ report: cj_report, of rows: Int?) -> ImageError {
        let place = rows.map { "row \(report.row) of \($0)" } ?? "header"
        return ImageError(
            kind: .damaged, problem: "JPEG \(place): \(text(of: report.error))",
            remedy: "fetch or take the picture again")
    }
}

/// The text in a C array of characters.
func text<Characters>(of characters: Characters) -> String {
    unsafe withUnsafeBytes(of: characters) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
