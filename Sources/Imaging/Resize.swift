import CPixels
import CYuv

extension RGBImage {
    /// Brightness by the full-range BT.601 weights, as JPEG stores it.
    package func gray() -> GrayImage {
        unsafe GrayImage(size: size) { buffer in
            _ = unsafe RAWToJ400(
                pixels, Int32(width * 3), buffer.baseAddress, Int32(width), Int32(width),
                Int32(height))
        }
    }
}

extension GrayImage {
    /// The same brightness in all three channels.
    package func rgb() -> RGBImage {
        unsafe RGBImage(size: size) { buffer in
            unsafe MergeRGBPlane(
                pixels, Int32(width), pixels, Int32(width), pixels, Int32(width),
                buffer.baseAddress, Int32(width * 3), Int32(width), Int32(height))
        }
    }
}

extension Raster {
    /// The picture at another size: averaged when smaller, bilinear when larger.
    package func resized(to target: PixelSize) -> Self {
        precondition(target.width > 0 && target.height > 0)
        if target == size { return self }
        if Self.channels == 1 { return Self(size: target, pixels: scaled(pixels, to: target)) }
        // Plane by plane: libyuv's interleaved scaler does not average when it shrinks by three.
        var planes = [[UInt8]](repeating: [UInt8](repeating: 0, count: size.area), count: 3)
        var (red, green, blue) = (planes[0], planes[1], planes[2])
        unsafe SplitRGBPlane(
            pixels, Int32(width * 3), &red, Int32(width), &green, Int32(width), &blue,
            Int32(width), Int32(width), Int32(height))
        planes = [red, green, blue].map { scaled($0, to: target) }
        return unsafe Self(size: target) { buffer in
            let stride = Int32(target.width)
            unsafe MergeRGBPlane(
                planes[0], stride, planes[1], stride, planes[2], stride, buffer.baseAddress,
                stride * 3, stride, Int32(target.height))
        }
    }

    private func scaled(_ plane: [UInt8], to target: PixelSize) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: target.area) { buffer, initialized in
            unsafe ScalePlane(
                plane, Int32(width), Int32(width), Int32(height), buffer.baseAddress,
                Int32(target.width), Int32(target.width), Int32(target.height), kFilterBox)
            initialized = target.area
        }
    }

    /// Writes `pixel * scale + offset` for every byte of the picture; `floats` must be as long.
    package func write(
        to floats: inout MutableSpan<Float>, scale: Float = 1 / 255, offset: Float = 0
    ) {
        precondition(floats.count == pixels.count)
        unsafe floats.withUnsafeMutableBufferPointer {
            unsafe px_to_float(pixels, pixels.count, scale, offset, $0.baseAddress)
        }
    }

    /// Mean and standard deviation over all channels, in steps of 0 to 255.
    package func statistics() -> (mean: Double, deviation: Double) {
        var (sum, squares): (UInt64, UInt64) = (0, 0)
        unsafe px_sums(pixels, pixels.count, &sum, &squares)
        let count = Double(pixels.count)
        let mean = Double(sum) / count
        return (mean, max(0, Double(squares) / count - mean * mean).squareRoot())
    }

    /// Mean absolute difference from a picture of the same size, in steps of 0 to 255.
    package func difference(from other: Self) -> Double {
        precondition(size == other.size)
        return Double(unsafe px_difference(pixels, other.pixels, pixels.count))
            / Double(pixels.count)
    }
}

extension RGBImage {
    /// Writes `pixel * scale + offset` with three of each, one a channel; `floats` must be as long.
    package func write(to floats: inout MutableSpan<Float>, scale: [Float], offset: [Float]) {
        precondition(floats.count == pixels.count && scale.count == 3 && offset.count == 3)
        unsafe floats.withUnsafeMutableBufferPointer {
            unsafe px_rgb_to_float(pixels, size.area, scale, offset, $0.baseAddress)
        }
    }

    /// The picture as a mirror shows it.
    package func mirrored() -> RGBImage {
        unsafe RGBImage(size: size) { buffer in
            let stride = Int32(width * 3)
            unsafe RGB24Mirror(
                pixels, stride, buffer.baseAddress, stride, Int32(width), Int32(height))
        }
    }

    /// Lays another picture over this one, as far as it lies inside.
    package mutating func paste(_ other: RGBImage, x: Int, y: Int) {
        let place = PixelRect(x: x, y: y, width: other.width, height: other.height)
        guard let part = place.clamped(to: size) else { return }
        let count = part.width * 3
        for row in part.y..<part.y + part.height {
            let from = ((row - y) * other.width + part.x - x) * 3
            let to = (row * width + part.x) * 3
            pixels.replaceSubrange(to..<to + count, with: other.pixels[from..<from + count])
        }
    }
}

/// Many rows of numbers against one, at the speed of memory.
package enum DotProducts {
    /// For each row of `rows` (rows × `vector.count`) the sum of its products with `vector`.
    package static func of(rows: [Float], with vector: [Float]) -> [Float] {
        unsafe rows.withUnsafeBufferPointer { rows in
            unsafe vector.withUnsafeBufferPointer { unsafe of(rows: rows, with: $0) }
        }
    }

    /// The same of memory that the caller keeps in place.
    package static func of(
        rows: UnsafeBufferPointer<Float>, with vector: UnsafeBufferPointer<Float>
    ) -> [Float] {
        guard !vector.isEmpty else { return [] }
        precondition(rows.count % vector.count == 0)
        let count = rows.count / vector.count
        return unsafe [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            unsafe px_dot_rows(
                rows.baseAddress, count, vector.count, vector.baseAddress, buffer.baseAddress)
            initialized = count
        }
    }
}
