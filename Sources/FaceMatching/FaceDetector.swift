import GateTypes
import Glibc
import Imaging
import Inference

/// Finds every face of a picture with its five points.
///
/// The network sees RGB in -1...1, both sides multiples of 32, and answers on three grids of 8, 16 and
/// 32 pixels with 15 numbers a cell: logit, offset of the box's middle, logarithms of its sides in
/// cells, and the offsets of the five points. One instance serves one thread.
package final class FaceDetector {
    /// Channels of one cell.
    private static let channels = 15
    /// Sides of the network's input are multiples of this.
    private static let unit = 32
    private static let strides = [8, 16, 32]
    /// Limits the work on a picture full of face-like things.
    private static let candidatesLargest = 1_000
    private static let facesLargest = 300
    /// Around the picture and beyond its sides.
    private static let gray: UInt8 = 128

    private let network: Network
    private let longSide: Double
    private let border: Double
    /// Enlarging shows nothing new; tiny pictures are, so that a face covers some cells.
    private let enlargementLargest: Double
    private let shortSideLeast: Double
    /// What is a face by the detector's word alone, and what is worth a second look.
    private let threshold: Double
    private let candidate: Double
    private let suppress: Double
    private let inside: Double

    /// Metadata of the file: `threshold`, `candidate` (not above it), `suppress`, `inside`, `side` (pixels), `border` (share of the
    /// picture's longer side), `least` (pixels of the shorter side up to which a picture is enlarged)
    /// and `enlarge` (by how much at most).
    package init(path: String) throws(NetworkError) {
        network = try Network(path: path)
        longSide = try network.number("side", in: 32...4_096, default: 640)
        border = try network.number("border", in: 0...1, default: 0)
        enlargementLargest = try network.number("enlarge", in: 1...8, default: 2)
        shortSideLeast = try network.number("least", in: 1...1_024, default: 160)
        threshold = try network.number("threshold", in: 1e-6...0.999_999)
        candidate = try network.number("candidate", in: 1e-6...threshold, default: threshold)
        suppress = try network.number("suppress", in: 0...1, default: 0.4)
        inside = try network.number("inside", in: 0...1, default: 0.7)
        let names = network.outputs.map(\.name)
        guard network.inputs.count == 1, network.inputs[0].shape.count == 4,
            network.inputs[0].shape[3] == 3,
            Self.strides.allSatisfy({ names.contains("stride\($0)") })
        else {
            throw network.malformed(
                "is no face detector: it needs one RGB input and the outputs stride8, stride16 and "
                    + "stride32")
        }
    }

    /// How a picture lies in the network's input.
    struct Layout: Equatable {
        /// The picture's size there, and the size of the whole input.
        let scaled: PixelSize
        let canvas: PixelSize
        /// The border around the picture, in its own pixels.
        let border: Double
        /// Pixels of the input for each pixel of the picture.
        let factor: PixelPoint
    }

    func layout(of size: PixelSize) -> Layout {
        let border = (border * Double(max(size.width, size.height))).rounded()
        let full = [size.width, size.height].map { Double($0) + 2 * border }
        let (long, short) = (max(full[0], full[1]), min(full[0], full[1]))
        let scale = min(
            longSide / long, enlargementLargest, max(1, shortSideLeast / short))
        let sides = full.map { max(1, ($0 * scale).rounded()) }
        let padded = sides.map { (Int($0) + Self.unit - 1) / Self.unit * Self.unit }
        let factor = PixelPoint(x: sides[0] / full[0], y: sides[1] / full[1])
        return Layout(
            scaled: PixelSize(
                width: max(1, Int((Double(size.width) * factor.x).rounded())),
                height: max(1, Int((Double(size.height) * factor.y).rounded()))),
            canvas: PixelSize(width: padded[0], height: padded[1]), border: border,
            factor: factor)
    }

    /// The decoding scale that still has at least as many pixels as the network will see.
    package func decodeScale(for size: PixelSize) -> DecodeScale {
        let target = layout(of: size).scaled
        return DecodeScale.allCases.last {
            let scaled = $0.applied(to: size)
            return scaled.width >= target.width && scaled.height >= target.height
        } ?? .full
    }

    /// The faces of a picture, surest first.
    ///
    /// - Parameters:
    ///   - fullSize: the size that boxes and points refer to; the picture may be a smaller decoding
    ///     of it.
    ///   - withDoubtful: also what only a second look can tell.
    package func detect(
        in image: RGBImage, fullSize: PixelSize, withDoubtful: Bool = false
    ) throws(NetworkError) -> [DetectedFace] {
        let least = withDoubtful ? candidate : threshold
        let layout = layout(of: fullSize)
        let (size, canvas) = (layout.scaled, layout.canvas)
        let plan = try network.plan(batch: 1, height: canvas.height, width: canvas.width)
        var input = RGBImage(size: canvas, filledWith: Self.gray)
        input.paste(
            image.resized(to: size), x: Int((layout.border * layout.factor.x).rounded()),
            y: Int((layout.border * layout.factor.y).rounded()))
        plan.withInput { input.write(to: &$0, scale: 1 / 127.5, offset: -1) }
        defer { plan.wipe() }
        try plan.run()
        var found: [Candidate] = []
        for stride in Self.strides {
            let index = try plan.outputIndex("stride\(stride)")
            let grid = PixelSize(width: canvas.width / stride, height: canvas.height / stride)
            plan.withOutput(index) {
                collect($0, grid: grid, stride: stride, from: least, into: &found)
            }
        }
        return surest(found, layout)
    }

    /// One cell that says face, in pixels of the network's input.
    private struct Candidate {
        let logit: Float
        let box: FaceBox
        let points: [PixelPoint]
    }

    private func collect(
        _ output: Span<Float>, grid: PixelSize, stride: Int, from least: Double,
        into found: inout [Candidate]
    ) {
        guard output.count == grid.area * Self.channels else { return }
        // Comparing logits spares a sigmoid for each of thousands of cells.
        let limit = Float(log(least / (1 - least)))
        let s = Double(stride)
        for cell in 0..<grid.area where output[cell * Self.channels] > limit {
            let at = cell * Self.channels
            let (column, row) = (Double(cell % grid.width) + 0.5, Double(cell / grid.width) + 0.5)
            var values: [Double] = []
            for channel in 0..<Self.channels { values.append(Double(output[at + channel])) }
            // A network gone wild must not make boxes of any size.
            let (width, height) = (
                exp(min(max(values[3], -4), 5)) * s, exp(min(max(values[4], -4), 5)) * s
            )
            let box = FaceBox(
                x: (column + values[1]) * s - width / 2, y: (row + values[2]) * s - height / 2,
                width: width, height: height)
            let points = (0..<5).map {
                PixelPoint(
                    x: (column + values[5 + 2 * $0]) * s, y: (row + values[6 + 2 * $0]) * s)
            }
            found.append(Candidate(logit: output[at], box: box, points: points))
        }
    }

    /// Of faces, surest first, those that are not the same face as a surer one.
    func apart(_ faces: [DetectedFace]) -> [DetectedFace] {
        var kept: [DetectedFace] = []
        for face in faces where !kept.contains(where: { isSameFace($0.box, face.box) }) {
            kept.append(face)
        }
        return kept
    }

    /// Boxes of one face overlap; and a part of a face lies within the box of the whole.
    private func isSameFace(_ a: FaceBox, _ b: FaceBox) -> Bool {
        a.overlap(with: b) > suppress || a.sharedPart(with: b) > inside
    }

    private func surest(_ found: [Candidate], _ layout: Layout) -> [DetectedFace] {
        let sorted = found.sorted { $0.logit > $1.logit }
        var kept: [Candidate] = []
        for candidate in sorted.prefix(Self.candidatesLargest)
        where kept.count < Self.facesLargest && candidate.box.width > 0
            && candidate.box.height > 0
            && !kept.contains(where: { isSameFace($0.box, candidate.box) })
        {
            kept.append(candidate)
        }
        return kept.compactMap { candidate in
            let outside = { (point: PixelPoint) in
                PixelPoint(
                    x: point.x / layout.factor.x - layout.border,
                    y: point.y / layout.factor.y - layout.border)
            }
            guard let landmarks = FaceLandmarks(candidate.points.map(outside)) else { return nil }
            let corner = outside(PixelPoint(x: candidate.box.x, y: candidate.box.y))
            let box = FaceBox(
                x: corner.x, y: corner.y, width: candidate.box.width / layout.factor.x,
                height: candidate.box.height / layout.factor.y)
            guard landmarks.isFinite, box.area.isFinite, box.x.isFinite, box.y.isFinite else {
                return nil
            }
            return DetectedFace(
                box: box, landmarks: landmarks,
                probability: 1 / (1 + exp(-Double(candidate.logit))))
        }
    }
}
