import CYuv

/// How the bytes of a picture are laid out.
package enum PixelFormat: String, Sendable, CaseIterable {
    /// A JPEG picture (a camera's MJPEG frame).
    case jpeg
    /// Two pixels in four bytes: Y0 U Y1 V, limited-range BT.601.
    case yuyv
    /// A plane of Y, then one of U and V by turns at half size, limited-range BT.601.
    case nv12
    /// One byte of brightness a pixel.
    case gray
    /// Red, green, blue.
    case rgb
}

/// Bytes that stay in place while somebody holds them: an array, or a buffer lent by a camera.
package protocol PixelBytes: AnyObject, Sendable {
    func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result
}

/// Bytes of one's own.
package final class OwnedBytes: PixelBytes {
    private let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = self.bytes
        return try body(bytes.span)
    }
}

/// A picture as a file or camera gives it; decoded on demand, whole and small or a part at full
/// size, so that a reader pays for what it looks at.
package struct Picture: Sendable {
    package let format: PixelFormat
    package let size: PixelSize
    /// Bytes from one row to the next; of no meaning for JPEG.
    package let rowBytes: Int
    package let bytes: any PixelBytes

    /// A picture in memory; throws when the bytes are too few for its size.
    package init(
        format: PixelFormat, size: PixelSize, rowBytes: Int, bytes: any PixelBytes
    ) throws(ImageError) {
        guard size.width > 0, size.height > 0, size.width <= ImageLimits.pixels / size.height
        else { throw .tooLarge(size.width, size.height) }
        let least: Int
        let rows: Int
        switch format {
        case .jpeg: (least, rows) = (0, 0)
        case .yuyv: (least, rows) = ((size.width + 1) / 2 * 4, size.height)
        case .nv12: (least, rows) = ((size.width + 1) / 2 * 2, size.height + (size.height + 1) / 2)
        case .gray: (least, rows) = (size.width, size.height)
        case .rgb: (least, rows) = (size.width * 3, size.height)
        }
        let count = bytes.withBytes { $0.count }
        guard rowBytes >= least, rowBytes < 1 << 24, count >= rowBytes * rows else {
            throw ImageError(
                kind: .damaged,
                problem: "\(count) bytes, \(rowBytes) a row, are too few for \(size) \(format)",
                remedy: "drop this frame")
        }
        self.format = format
        self.size = size
        self.rowBytes = rowBytes
        self.bytes = bytes
    }

    /// A JPEG picture in memory, of the size its header tells.
    package init(jpeg bytes: [UInt8]) throws(ImageError) {
        let size = try JPEG.size(bytes.span)
        try self.init(format: .jpeg, size: size, rowBytes: 0, bytes: OwnedBytes(bytes))
    }

    /// A file in memory: JPEG stays as it is, PNG is decoded at once.
    package init(fileBytes bytes: [UInt8]) throws(ImageError) {
        guard !bytes.isEmpty else {
            throw ImageError(kind: .empty, problem: "the file is empty", remedy: "give a picture")
        }
        if bytes.starts(with: PNG.signature) {
            self.init(try PNG.decode(bytes.span, as: RGBImage.self).image)
        } else if bytes.starts(with: [0xFF, 0xD8]) {
            try self.init(jpeg: bytes)
        } else {
            throw ImageError(
                kind: .notAPicture, problem: "neither JPEG nor PNG", remedy: "give a JPEG or PNG")
        }
    }

    /// A JPEG or PNG file, told apart by content.
    package init(path: String) throws(ImageError) {
        do throws(ImageError) {
            try self.init(fileBytes: try ImageFile.bytes(of: path))
        } catch {
            throw error.located(in: path)
        }
    }

    /// A decoded picture.
    package init(_ image: some Raster) {
        format = type(of: image).channels == 1 ? .gray : .rgb
        size = image.size
        rowBytes = image.width * type(of: image).channels
        bytes = OwnedBytes(image.pixels)
    }

    /// The same picture with bytes of its own, so that a camera's buffer need not be kept.
    package func owned() -> Picture {
        if bytes is OwnedBytes { return self }
        let copy = bytes.withBytes { span in
            unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
        }
        return Picture(self, bytes: OwnedBytes(copy))
    }

    private init(_ other: Picture, bytes: any PixelBytes) {
        (format, size, rowBytes) = (other.format, other.size, other.rowBytes)
        self.bytes = bytes
    }

    /// The picture as gray or RGB at a scale, or a part of it; `part` is in pixels of the scaled
    /// picture.
    package func decode<Image: Raster>(
        as type: Image.Type = Image.self, scale: DecodeScale = .full, part: PixelRect? = nil
    ) throws(ImageError) -> Decoded<Image> {
        try bytes.withBytes { bytes throws(ImageError) in
            if format == .jpeg {
                return try JPEG.decode(bytes, as: type, scale: scale, part: part)
            }
            let target = scale.applied(to: size)
            let part = part ?? PixelRect(target)
            try part.check(inside: target)
            guard scale != .full else {
                return Decoded(convert(bytes, part))
            }
            let whole: Image = convert(bytes, PixelRect(size))
            return Decoded(try whole.resized(to: target).cropped(to: part))
        }
    }

    package func gray(
        scale: DecodeScale = .full, part: PixelRect? = nil
    ) throws(ImageError) -> Decoded<GrayImage> {
        try decode(scale: scale, part: part)
    }

    package func rgb(
        scale: DecodeScale = .full, part: PixelRect? = nil
    ) throws(ImageError) -> Decoded<RGBImage> {
        try decode(scale: scale, part: part)
    }

    // MARK: - Raw formats

    /// Converts a part that lies inside the picture; pairs of pixels share colours, so it is
    /// converted from an even column and row, and cut.
    private func convert<Image: Raster>(_ bytes: Span<UInt8>, _ part: PixelRect) -> Image {
        let even = PixelRect(
            x: part.x & ~1, y: part.y & ~1, width: part.width + (part.x & 1),
            height: part.height + (part.y & 1))
        let image = unsafe Image(size: even.size) { out in
            unsafe bytes.withUnsafeBufferPointer { source in
                guard let start = source.baseAddress, let to = out.baseAddress else {
                    return
                }
                if Image.channels == 1 {
                    unsafe writeGray(start, even, to)
                } else {
                    unsafe writeRGB(start, even, to)
                }
            }
        }
        let inner = PixelRect(
            x: part.x & 1, y: part.y & 1, width: part.width, height: part.height)
        return (try? image.cropped(to: inner)) ?? image
    }

    private func writeGray(
        _ start: UnsafePointer<UInt8>, _ part: PixelRect, _ out: UnsafeMutablePointer<UInt8>
    ) {
        let (stride, width, height) = (Int32(rowBytes), Int32(part.width), Int32(part.height))
        switch format {
        case .jpeg: break
        case .yuyv:
            unsafe YUY2ToY(
                start + part.y * rowBytes + part.x * 2, stride, out, width, width, height)
        case .nv12, .gray:
            unsafe CopyPlane(start + part.y * rowBytes + part.x, stride, out, width, width, height)
        case .rgb:
            unsafe RAWToJ400(
                start + part.y * rowBytes + part.x * 3, stride, out, width, width, height)
        }
    }

    private func writeRGB(
        _ start: UnsafePointer<UInt8>, _ part: PixelRect, _ out: UnsafeMutablePointer<UInt8>
    ) {
        let (stride, width, height) = (Int32(rowBytes), Int32(part.width), Int32(part.height))
        switch format {
        case .jpeg: break
        case .yuyv:
            let half = (part.width + 1) / 2
            var planes = [UInt8](repeating: 0, count: (part.width + 2 * half) * part.height)
            unsafe planes.withUnsafeMutableBufferPointer { planes in
                guard let y = planes.baseAddress else { return }
                let u = unsafe y + part.size.area
                let v = unsafe u + half * part.height
                unsafe YUY2ToI422(
                    start + part.y * rowBytes + part.x * 2, stride, y, width, u, Int32(half), v,
                    Int32(half), width, height)
                unsafe I422ToRAW(
                    y, width, u, Int32(half), v, Int32(half), out, width * 3, width, height)
            }
        case .nv12:
            let colors = unsafe start + size.height * rowBytes
            unsafe NV12ToRAW(
                start + part.y * rowBytes + part.x, stride,
                colors + part.y / 2 * rowBytes + part.x, stride, out, width * 3, width, height)
        case .gray:
            let from = unsafe start + part.y * rowBytes + part.x
            unsafe MergeRGBPlane(
                from, stride, from, stride, from, stride, out, width * 3, width, height)
        case .rgb:
            unsafe CopyPlane(
                start + part.y * rowBytes + part.x * 3, stride, out, width * 3, width * 3, height)
        }
    }
}
