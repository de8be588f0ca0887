import GateTypes
import Imaging
import Inference

/// The second look at a face's five points.
///
/// The detector's points are near; straightened by them, the face is looked at again, and the points
/// are found to a pixel. An embedder loses a quarter of its people by points that are a tenth off.
final class FacePoints {
    /// Each look makes the next one's start better; the third would change nothing.
    private static let looks = 2
    /// A point that moves further than this share of the eyes' distance was no face's.
    private static let moveLargest = 0.6

    private let network: Network
    private let inputSize: PixelSize
    private let targets: [PixelPoint]

    /// Metadata of the file: `points` (`x,y` five times), where a face lies in the input.
    init(path: String) throws(NetworkError) {
        network = try Network(path: path)
        let shape = network.inputs.first?.shape ?? []
        guard network.inputs.count == 1, shape.count == 4, shape[3] == 3,
            network.outputs.count == 1, network.outputs[0].shape.reduce(1, *) == 10
        else {
            throw network.malformed("does not find points: it needs an RGB input and ten outputs")
        }
        inputSize = PixelSize(width: shape[2], height: shape[1])
        let places = try network.numbers("points", count: 10)
        targets = (0..<5).map { PixelPoint(x: places[2 * $0], y: places[2 * $0 + 1]) }
    }

    /// The points as they are seen from near; those given where they are no face's.
    func refined(
        _ landmarks: FaceLandmarks, in image: RGBImage
    ) throws(NetworkError) -> FaceLandmarks {
        var found = landmarks
        for _ in 0..<Self.looks {
            guard let alignment = FaceAlignment(from: found.points, to: targets) else { break }
            var near = alignment.straighten(image, to: inputSize)
            defer { near.wipe() }
            let values = try answer(to: near)
            let (halfWidth, halfHeight) = (
                Double(inputSize.width) / 2, Double(inputSize.height) / 2
            )
            let seen = (0..<5).map {
                alignment.unapply(
                    PixelPoint(
                        x: (Double(values[2 * $0]) + 1) * halfWidth,
                        y: (Double(values[2 * $0 + 1]) + 1) * halfHeight))
            }
            guard let next = FaceLandmarks(seen), next.isFinite, isNear(next, landmarks) else {
                break
            }
            found = next
        }
        return found
    }

    private func isNear(_ a: FaceLandmarks, _ b: FaceLandmarks) -> Bool {
        let limit = Self.moveLargest * max(b.eyeDistance, 1)
        return zip(a.points, b.points).allSatisfy { p, q in
            ((p.x - q.x) * (p.x - q.x) + (p.y - q.y) * (p.y - q.y)).squareRoot() <= limit
        }
    }

    private func answer(to face: RGBImage) throws(NetworkError) -> [Float] {
        let plan = try network.plan()
        let step = Float(1 / 127.5)
        plan.withInput { face.write(to: &$0, scale: [step, step, step], offset: [-1, -1, -1]) }
        defer { plan.wipe() }
        try plan.run()
        return plan.output(0)
    }
}
