import CPixels

/// A projective map of the plane: 3 × 3, row by row.
///
/// Points are in pixels, where pixel (0, 0) covers 0...1 and has its centre at (0.5, 0.5).
package struct Homography: Equatable, Sendable {
    /// Nine numbers.
    package let elements: [Double]

    package init(_ elements: [Double]) {
        precondition(elements.count == 9)
        self.elements = elements
    }

    /// The map of a rectangle (0, 0)...(width, height) onto four corners, clockwise from its top
    /// left; an error when they are no convex quadrilateral that goes clockwise.
    package init(
        from rectangle: PixelSize, to corners: [SIMD2<Double>]
    ) throws(ImageError) {
        precondition(corners.count == 4 && rectangle.width > 0 && rectangle.height > 0)
        for i in 0..<4 {
            let (a, b, c) = (corners[i], corners[(i + 1) % 4], corners[(i + 2) % 4])
            let (p, q) = (b - a, c - b)
            guard p.x * q.y - p.y * q.x > 1e-6 else {
                throw ImageError(
                    kind: .degenerate,
                    problem:
                        "the corners \(corners.map { "(\($0.x), \($0.y))" }.joined(separator: " "))"
                        + " are no convex quadrilateral, clockwise",
                    remedy: "give the corners clockwise from the top left")
            }
        }
        // Heckbert's closed form for the unit square, then the rectangle's size taken out.
        let (p0, p1, p2, p3) = (corners[0], corners[1], corners[2], corners[3])
        let (d1, d2, sum) = (p1 - p2, p3 - p2, p0 - p1 + p2 - p3)
        let denominator = d1.x * d2.y - d2.x * d1.y
        let g = (sum.x * d2.y - d2.x * sum.y) / denominator
        let h = (d1.x * sum.y - sum.x * d1.y) / denominator
        let (w, v) = (Double(rectangle.width), Double(rectangle.height))
        self.init([
            (p1.x - p0.x + g * p1.x) / w, (p3.x - p0.x + h * p3.x) / v, p0.x,
            (p1.y - p0.y + g * p1.y) / w, (p3.y - p0.y + h * p3.y) / v, p0.y,
            g / w, h / v, 1,
        ])
    }

    package func apply(_ point: SIMD2<Double>) -> SIMD2<Double> {
        let m = elements
        let w = m[6] * point.x + m[7] * point.y + m[8]
        return SIMD2(
            (m[0] * point.x + m[1] * point.y + m[2]) / w,
            (m[3] * point.x + m[4] * point.y + m[5]) / w)
    }

    /// How many source pixels one step of the target covers, at most, in a target of this size.
    func stretch(over target: PixelSize) -> Double {
        var most = 0.0
        let (w, h) = (Double(target.width), Double(target.height))
        for corner in [
            SIMD2(0.5, 0.5), SIMD2(w - 0.5, 0.5), SIMD2(0.5, h - 0.5), SIMD2(w - 0.5, h - 0.5),
        ] {
            let centre = apply(corner)
            for step in [SIMD2(0.5, 0.0), SIMD2(0.0, 0.5)] {
                let d = apply(corner + step) - apply(corner - step)
                let length = (d.x * d.x + d.y * d.y).squareRoot()
                if length.isFinite && centre.x.isFinite { most = max(most, length) }
            }
        }
        return most
    }
}

extension Raster {
    /// The part of the picture inside four corners, straightened: bilinear, its edges repeated
    /// where the corners lie outside, averaged where it shrinks.
    package func rectified(
        corners: [SIMD2<Double>], to target: PixelSize
    ) throws(ImageError) -> Self {
        warped(by: try Homography(from: target, to: corners), to: target)
    }

    /// A picture of `target` size whose pixels are fetched through `map`, from target to source.
    package func warped(by map: Homography, to target: PixelSize) -> Self {
        precondition(target.width > 0 && target.height > 0)
        // As many samples a side as source pixels under a target pixel; eight are enough.
        let stretch = min(8, map.stretch(over: target))
        let samples = stretch < 1.5 ? 1 : Int32(stretch.rounded(.up))
        return unsafe Self(size: target) { buffer in
            unsafe px_warp(
                pixels, Int32(width), Int32(height), Int32(Self.channels), map.elements,
                samples, buffer.baseAddress,
                Int32(target.width), Int32(target.height))
        }
    }
}
