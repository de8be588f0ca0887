import GateTypes
import Imaging

/// Corrects a plate's corners by where its characters were found: the form says where they stand.
struct CornerRefinement {
    let model: ReaderModel

    /// The corners, in the picture's pixels, that put the characters of a reading where its form has
    /// them; nil when no convex quadrilateral does. `seen` are the corners that the strip was cut by.
    func corners(of reading: StripReading, seenAt seen: Quadrilateral) -> Quadrilateral? {
        let form = reading.form
        let boxes = reading.boxes.suffix(form.middles.count)
        let bands = reading.isDouble ? model.double : model.single
        guard let band = bands.last, boxes.count == form.middles.count else { return nil }
        let height = band.bottom - band.top
        let along = boxes.map { box in
            band.left + (box.middle - Double(band.firstColumn)) / Double(band.columns)
                * (band.right - band.left)
        }
        let middles = form.middles
        let across = Line(middles, along)
        let upper = Line(middles, boxes.map { band.top + $0.top * height })
        let lower = Line(middles, boxes.map { band.top + $0.bottom * height })
        // A slope beyond what corner errors make comes from characters that were misplaced.
        let slope = min(max(across.slope, 0.7), 1.25)
        let (top, bottom) = form.extent
        let place = { (u: Double, v: Double) in
            let (a, b) = (upper.at(u), lower.at(u))
            return SIMD2(across.start + slope * u, a + (v - top) / (bottom - top) * (b - a))
        }
        let unit = PixelSize(width: 1, height: 1)
        let corners = seen.corners.map { SIMD2($0.x, $0.y) }
        guard let map = try? Homography(from: unit, to: corners) else { return nil }
        let points = [place(0, 0), place(1, 0), place(1, 1), place(0, 1)].map { map.apply($0) }
            .map { PixelPoint(x: $0.x, y: $0.y) }
        let quad = Quadrilateral(
            topLeft: points[0], topRight: points[1], bottomRight: points[2], bottomLeft: points[3])
        return quad.isReasonable ? quad : nil
    }

    /// The straight line through points with the least squared error.
    private struct Line {
        let slope: Double
        let start: Double

        init(_ xs: [Double], _ ys: [Double]) {
            let count = Double(max(xs.count, 1))
            let (x, y) = (xs.reduce(0, +) / count, ys.reduce(0, +) / count)
            let spread = xs.reduce(0) { $0 + ($1 - x) * ($1 - x) }
            let common = zip(xs, ys).reduce(0) { $0 + ($1.0 - x) * ($1.1 - y) }
            slope = spread > 0 ? common / spread : 0
            start = y - slope * x
        }

        func at(_ x: Double) -> Double { start + slope * x }
    }
}
