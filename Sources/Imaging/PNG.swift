import CPng

/// PNG by libpng; transparent parts come out on white.
package enum PNG {
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// The size that the header tells, and whether the picture has colours.
    package static func measure(
        _ bytes: Span<UInt8>
    ) throws(ImageError) -> (size: PixelSize, hasColor: Bool) {
        var report = cp_report()
        let status = unsafe bytes.withUnsafeBufferPointer {
            unsafe cp_measure($0.baseAddress, $0.count, &report)
        }
        guard status == 0 else { throw damaged(report) }
        let (width, height) = (Int(report.width), Int(report.height))
        guard width > 0, height > 0, width <= ImageLimits.pixels / height else {
            throw .tooLarge(width, height)
        }
        return (PixelSize(width: width, height: height), report.color != 0)
    }

    /// Decodes as RGB, or as gray by the luma that JPEG uses.
    package static func decode<Image: Raster>(
        _ bytes: Span<UInt8>, as type: Image.Type = Image.self
    ) throws(ImageError) -> Decoded<Image> {
        let (size, hasColor) = try measure(bytes)
        if Image.channels == 1 && hasColor {
            // libpng would weigh the colours otherwise.
            let color = try decode(bytes, as: RGBImage.self)
            return Decoded(
                Image(size: size, pixels: color.image.gray().pixels),
                warningCount: color.warningCount, firstWarning: color.firstWarning)
        }
        var report = cp_report()
        let image = unsafe try Image(size: size) { buffer throws(ImageError) in
            let status = unsafe bytes.withUnsafeBufferPointer {
                unsafe cp_decode(
                    $0.baseAddress, $0.count, Int32(Image.channels), Int32(size.width),
                    Int32(size.height), buffer.baseAddress, &report)
            }
            guard status == 0 else { throw damaged(report) }
        }
        let warning = text(of: report.message)
        return Decoded(
            image, warningCount: warning.isEmpty ? 0 : 1,
            firstWarning: warning.isEmpty ? nil : warning)
    }

    package static func decode<Image: Raster>(
        _ bytes: [UInt8], as type: Image.Type = Image.self
    ) throws(ImageError) -> Decoded<Image> {
        try decode(bytes.span, as: type)
    }

    package static func encode(_ image: some Raster) throws(ImageError) -> [UInt8] {
        var report = cp_report()
        // What zlib and the chunks of 8 KiB cost noise at worst, so that one pass is enough.
        let raw = (image.width * type(of: image).channels + 1) * image.height
        var count = raw + raw / 256 + 4096
        var failed = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            failed =
                unsafe cp_encode(
                    image.pixels, Int32(clamping: image.width), Int32(clamping: image.height),
                    Int32(type(of: image).channels), buffer.baseAddress, &count, &report) != 0
            initialized = failed ? 0 : count
        }
        guard !failed else {
            throw ImageError(
                kind: .unsupported,
                problem: "PNG cannot hold \(image.size): \(text(of: report.message))",
                remedy: "encode a smaller picture")
        }
        return bytes
    }

    private static func damaged(_ report: cp_report) -> ImageError {
        ImageError(
            kind: .damaged, problem: "PNG: \(text(of: report.message))",
            remedy: "fetch or take the picture again")
    }
}
