import GateTypes
import Imaging
import Inference

/// A place where a plate seems to be; corners in pixels of the full-resolution picture.
package struct LocatedPlate: Hashable, Sendable {
    package var corners: Quadrilateral
    /// The localiser's own probability, 0...1; the reader decides whether it is a plate.
    package var probability: Double

    package init(corners: Quadrilateral, probability: Double) {
        self.corners = corners
        self.probability = probability
    }
}

/// Finds every plate of a picture and the four corners of each, at reduced scale.
///
/// The network sees RGB in -1...1, both sides multiples of its coarsest stride, and answers for each
/// cell with the logit that a plate's middle lies there and eight corner coordinates relative to the
/// cell's middle: `1 × height/cell × width/cell × 9`. What the whole picture shows is then looked
/// at again from near, each place at the same size: the corners' errors fall by a third, and most of
/// what is no plate drops out before the reader. One instance serves one thread.
package final class PlateLocaliser {
    private let network: Network
    private let cell: Int
    private let unit: Double
    private let stride: Int
    private let longSide: Int
    private let threshold: Double
    /// Below this probability a place is looked at only when nothing was read elsewhere; and one that
    /// was looked at is read, below the second, on the same condition.
    package let likely: Double
    package let nearLikely: Double
    /// From this probability on, seen from near, a plate that could not be read is told.
    package let sure: Double
    /// Below this probability, seen from near, a place is no plate.
    package let nearLeast: Double
    /// How wide a plate is from near, and the window around it, in the network's pixels.
    private let nearWidth: Double
    private let nearWindow: PixelSize
    /// Limits the work behind the localiser on a picture that is full of plate-like things.
    private let most: Int

    /// Metadata of the file: `cell`, `unit`, `stride`, `long_side` (pixels), `threshold`,
    /// `likely`, `most`, `near_width`, `near_window_width`, `near_window_height`, `near_least`,
    /// `near_likely`, `sure`.
    package init(path: String) throws(NetworkError) {
        network = try Network(path: path)
        cell = max(1, Int(try network.number("cell")))
        unit = try network.number("unit")
        stride = max(cell, Int(try network.number("stride")))
        longSide = max(stride, Int(try network.number("long_side")))
        threshold = min(max(try network.number("threshold"), 1e-6), 1 - 1e-6)
        sure = max(threshold, try network.number("sure"))
        most = max(1, Int(try network.number("most")))
        nearWidth = max(Double(stride), try network.number("near_width"))
        let step = stride
        let sides = [
            try network.number("near_window_width"), try network.number("near_window_height"),
        ].map { max(1, Int(min(max($0, 0), 1024)) / step) * step }
        nearWindow = PixelSize(width: sides[0], height: sides[1])
        nearLeast = try network.number("near_least")
        likely = max(threshold, try network.number("likely"))
        nearLikely = max(nearLeast, try network.number("near_likely"))
    }

    /// The network's input size for a picture: its longer side scaled to the network's, never
    /// enlarged more than by half, both sides whole multiples of the stride.
    package func inputSize(for size: PixelSize) -> PixelSize {
        let scale = min(Double(longSide) / Double(max(size.width, size.height)), 1.5)
        let rounded = { (side: Int) in
            max(1, Int((Double(side) * scale / Double(self.stride)).rounded())) * self.stride
        }
        return PixelSize(width: rounded(size.width), height: rounded(size.height))
    }

    /// The decoding scale that still has at least as many pixels as the network will see.
    package func decodeScale(for size: PixelSize) -> DecodeScale {
        let target = inputSize(for: size)
        return DecodeScale.allCases.last {
            let scaled = $0.applied(to: size)
            return scaled.width >= target.width && scaled.height >= target.height
        } ?? .full
    }

    /// Finds plates in a picture decoded at any scale; `fullSize` is the size the corners refer to.
    package func locate(
        in image: RGBImage, fullSize: PixelSize
    ) throws(NetworkError) -> [LocatedPlate] {
        let size = inputSize(for: fullSize)
        let plan = try network.plan(batch: 1, height: size.height, width: size.width)
        let scaled = image.resized(to: size)
        plan.withInput { scaled.write(to: &$0, scale: 1 / 127.5, offset: -1) }
        try plan.run()
        let grid = PixelSize(width: size.width / cell, height: size.height / cell)
        let factor = PixelPoint(
            x: Double(fullSize.width) / Double(size.width),
            y: Double(fullSize.height) / Double(size.height))
        return plan.withOutput { candidates(in: $0, grid: grid, factor: factor) }
    }

    /// The part of the full picture that `examine` looks at around some corners.
    package func neighbourhood(of corners: Quadrilateral) -> PixelPart {
        let unit = max(corners.widthPixels, 1) / nearWidth
        let (width, height) = (Double(nearWindow.width) * unit, Double(nearWindow.height) * unit)
        let centre = corners.centre
        return PixelPart(
            left: centre.x - width / 2, top: centre.y - height / 2, right: centre.x + width / 2,
            bottom: centre.y + height / 2)
    }

    /// Looks at one place again, enlarged or reduced to one size for all; `image` is a part of the
    /// full picture whose first pixel lies at `origin`, and holds the place's neighbourhood as far
    /// as the picture does.
    package func examine(
        _ place: LocatedPlate, in image: RGBImage, origin: PixelPoint
    ) throws(NetworkError) -> LocatedPlate? {
        let part = neighbourhood(of: place.corners)
        let unit = (part.right - part.left) / Double(nearWindow.width)
        // Never more than the neighbourhood is scaled: a sliver of a plate would be enlarged without end.
        let local = PixelRect(
            x: Int((part.left - origin.x).rounded(.down)),
            y: Int((part.top - origin.y).rounded(.down)),
            width: Int((part.right - part.left).rounded(.up)) + 1,
            height: Int((part.bottom - part.top).rounded(.up)) + 1
        ).clamped(to: image.size)
        guard let local, let image = try? image.cropped(to: local) else { return nil }
        let origin = PixelPoint(x: origin.x + Double(local.x), y: origin.y + Double(local.y))
        let scaled = image.resized(to: Self.scaled(image.size, by: 1 / unit))
        // A whole number of pixels beside the wanted place: it counts when corners are mapped back.
        let scale = PixelPoint(
            x: Double(scaled.width) / Double(image.width),
            y: Double(scaled.height) / Double(image.height))
        let (x, y) = (
            Int(((part.left - origin.x) * scale.x).rounded()),
            Int(((part.top - origin.y) * scale.y).rounded())
        )
        let plan = try network.plan(
            batch: 1, height: nearWindow.height, width: nearWindow.width)
        let window = scaled.window(x: x, y: y, size: nearWindow)
        plan.withInput { window.write(to: &$0, scale: 1 / 127.5, offset: -1) }
        try plan.run()
        let found: LocatedPlate? = plan.withOutput { nearest(in: $0) }
        guard let seen = found else { return nil }
        let outside = { (p: PixelPoint) in
            PixelPoint(
                x: (p.x + Double(x)) / scale.x + origin.x,
                y: (p.y + Double(y)) / scale.y + origin.y)
        }
        let corners = Quadrilateral(
            topLeft: outside(seen.corners.topLeft), topRight: outside(seen.corners.topRight),
            bottomRight: outside(seen.corners.bottomRight),
            bottomLeft: outside(seen.corners.bottomLeft))
        return corners.isReasonable
            ? LocatedPlate(corners: corners, probability: seen.probability) : nil
    }

    private static func scaled(_ size: PixelSize, by factor: Double) -> PixelSize {
        PixelSize(
            width: max(1, Int((Double(size.width) * factor).rounded())),
            height: max(1, Int((Double(size.height) * factor).rounded())))
    }

    /// The surest cell about the window's middle; its neighbours that are nearly as sure have a say
    /// in the corners. In pixels of the window.
    private func nearest(in output: Span<Float>) -> LocatedPlate? {
        let grid = PixelSize(width: nearWindow.width / cell, height: nearWindow.height / cell)
        guard output.count == grid.area * 9 else { return nil }
        let (centreX, centreY) = (Double(grid.width) / 2, Double(grid.height) / 2)
        let reach = 0.6 * nearWidth / Double(cell)
        let distance = { (index: Int, x: Double, y: Double) in
            let (dx, dy) = (
                Double(index % grid.width) + 0.5 - x, Double(index / grid.width) + 0.5 - y
            )
            return (dx * dx + dy * dy).squareRoot()
        }
        var best: Int?
        for index in 0..<grid.area where distance(index, centreX, centreY) < reach {
            if let known = best, output[index * 9] <= output[known * 9] { continue }
            best = index
        }
        guard let best else { return nil }
        let probability = Numerics.logistic(Double(output[best * 9]))
        let (x, y) = (Double(best % grid.width) + 0.5, Double(best / grid.width) + 0.5)
        var sums = [Double](repeating: 0, count: 8)
        var weights = 0.0
        for index in 0..<grid.area where distance(index, x, y) <= 1.6 {
            let weight = Numerics.logistic(Double(output[index * 9]))
            guard weight > 0.6 * probability || index == best else { continue }
            let quad = corners(
                output, at: index, grid: grid, factor: PixelPoint(x: 1, y: 1)
            ).corners
            for (k, point) in quad.enumerated() {
                sums[2 * k] += weight * point.x
                sums[2 * k + 1] += weight * point.y
            }
            weights += weight
        }
        guard weights > 0 else { return nil }
        let points = (0..<4).map {
            PixelPoint(x: sums[2 * $0] / weights, y: sums[2 * $0 + 1] / weights)
        }
        return LocatedPlate(
            corners: Quadrilateral(
                topLeft: points[0], topRight: points[1], bottomRight: points[2],
                bottomLeft: points[3]),
            probability: probability)
    }

    private func candidates(
        in output: Span<Float>, grid: PixelSize, factor: PixelPoint
    ) -> [LocatedPlate] {
        let channels = 9
        guard output.count == grid.area * channels else { return [] }
        // Comparing logits spares a sigmoid for each of thousands of cells.
        let limit = Float(Numerics.logit(threshold))
        var peaks: [(logit: Float, index: Int)] = []
        for index in 0..<grid.area where output[index * channels] > limit {
            peaks.append((output[index * channels], index))
        }
        peaks.sort { $0.logit > $1.logit }
        var found: [LocatedPlate] = []
        for peak in peaks.prefix(400) where found.count < most {
            let quad = corners(output, at: peak.index, grid: grid, factor: factor)
            guard quad.isReasonable, !found.contains(where: { $0.corners.isSamePlate(as: quad) })
            else { continue }
            found.append(
                LocatedPlate(
                    corners: quad, probability: Numerics.logistic(Double(peak.logit))))
        }
        return found
    }

    private func corners(
        _ output: Span<Float>, at index: Int, grid: PixelSize, factor: PixelPoint
    ) -> Quadrilateral {
        let x = (Double(index % grid.width) + 0.5) * Double(cell)
        let y = (Double(index / grid.width) + 0.5) * Double(cell)
        var points: [PixelPoint] = []
        for corner in 0..<4 {
            let at = index * 9 + 1 + corner * 2
            points.append(
                PixelPoint(
                    x: (x + Double(output[at]) * unit) * factor.x,
                    y: (y + Double(output[at + 1]) * unit) * factor.y))
        }
        return Quadrilateral(
            topLeft: points[0], topRight: points[1], bottomRight: points[2],
            bottomLeft: points[3])
    }
}
