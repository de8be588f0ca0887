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
/// cell's middle: `1 × height/cell × width/cell × 9`. One instance serves one thread.
package final class PlateLocaliser {
    private let network: Network
    private let cell: Int
    private let unit: Double
    private let stride: Int
    private let longSide: Int
    private let threshold: Double
    /// From this probability on a place is read in any case; below it only when nothing was read.
    package let sure: Double
    /// Limits the work behind the localiser on a picture that is full of plate-like things.
    private let most: Int

    /// Metadata of the file: `cell`, `unit`, `stride`, `long_side` (pixels), `threshold`, `sure`,
    /// `most`.
    package init(path: String) throws(NetworkError) {
        network = try Network(path: path)
        cell = max(1, Int(try network.number("cell")))
        unit = try network.number("unit")
        stride = max(cell, Int(try network.number("stride")))
        longSide = max(stride, Int(try network.number("long_side")))
        threshold = min(max(try network.number("threshold"), 1e-6), 1 - 1e-6)
        sure = max(threshold, try network.number("sure"))
        most = max(1, Int(try network.number("most")))
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
