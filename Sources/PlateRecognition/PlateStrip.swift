import GateTypes
import Imaging

/// Cuts what the reader sees out of a picture: the plate straightened, or the two rows of a double
/// plate side by side.
struct StripCutter {
    let model: ReaderModel

    /// The strip as RGB; throws when the corners are no convex quadrilateral.
    func strip(
        of image: RGBImage, corners: Quadrilateral, isDouble: Bool
    ) throws(ImageError) -> RGBImage {
        let plate = try Homography(
            from: PixelSize(width: 1, height: 1),
            to: corners.corners.map { SIMD2($0.x, $0.y) }
        ).elements
        var pixels = [UInt8](repeating: 0, count: model.width * model.height * 3)
        for band in isDouble ? model.double : model.single {
            let size = PixelSize(width: band.columns, height: model.height)
            let part = image.warped(by: Self.map(plate, band, size), to: size)
            let bytes = band.columns * 3
            for row in 0..<size.height {
                let target = (row * model.width + band.firstColumn) * 3
                pixels.replaceSubrange(
                    target..<target + bytes, with: part.pixels[row * bytes..<(row + 1) * bytes])
            }
        }
        return RGBImage(
            size: PixelSize(width: model.width, height: model.height), pixels: pixels)
    }

    /// From pixels of a band to pixels of the picture. Training places pixel centres at whole
    /// numbers on both sides, `Homography` at halves: hence the shifts.
    private static func map(
        _ plate: [Double], _ band: StripBand, _ size: PixelSize
    ) -> Homography {
        let sx = (band.right - band.left) / Double(size.width)
        let sy = (band.bottom - band.top) / Double(size.height)
        let (tx, ty) = (band.left - sx / 2, band.top - sy / 2)
        var rows: [[Double]] = []
        for r in 0..<3 {
            let (a, b, c) = (plate[r * 3], plate[r * 3 + 1], plate[r * 3 + 2])
            rows.append([a * sx, b * sy, a * tx + b * ty + c])
        }
        for c in 0..<3 {
            rows[0][c] += 0.5 * rows[2][c]
            rows[1][c] += 0.5 * rows[2][c]
        }
        return Homography(rows.flatMap { $0 })
    }

    /// Four planes: light with mean 0 and deviation 1, two of colour, and the place along x.
    func write(_ strip: RGBImage, to floats: inout MutableSpan<Float>) {
        let count = model.width * model.height
        guard floats.count == count * 4, strip.pixels.count == count * 3 else { return }
        var (sum, squares): (Float, Float) = (0, 0)
        for i in 0..<count {
            let red = Float(strip.pixels[i * 3])
            let green = Float(strip.pixels[i * 3 + 1])
            let blue = Float(strip.pixels[i * 3 + 2])
            let light = 0.299 * red + 0.587 * green + 0.114 * blue
            sum += light
            squares += light * light / Float(count)
            floats[i * 4] = light
            floats[i * 4 + 1] = (blue - light) * model.tone
            floats[i * 4 + 2] = (red - light) * model.tone
            floats[i * 4 + 3] = Float(i % model.width) / Float(model.width - 1) * 2 - 1
        }
        let mean = sum / Float(count)
        let deviation = max(0, squares - mean * mean).squareRoot() + model.lightFloor
        for i in 0..<count { floats[i * 4] = (floats[i * 4] - mean) / deviation }
    }

    /// Fractions of the plate that a place of the strip shows.
    func place(x: Double, y: Double, isDouble: Bool, character: Int) -> PixelPoint {
        // The first two characters of a double plate stand in its upper row.
        let bands = isDouble ? model.double : model.single
        let band = bands[isDouble && character >= 2 ? bands.count - 1 : 0]
        let u = (x - Double(band.firstColumn)) / Double(band.columns)
        return PixelPoint(
            x: band.left + u * (band.right - band.left), y: band.top + y * (band.bottom - band.top))
    }
}
