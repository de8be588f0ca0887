import GateTypes
import Glibc
import Imaging
import Inference

/// The second look at a face.
///
/// The detector's points are near; straightened by them, the face is looked at again: the points are
/// found to a pixel, its box is drawn anew, and whether it is a face at all is judged again. An embedder
/// loses a quarter of its people by points that are a tenth off, and a detector takes hands for faces.
final class FacePoints {
    /// The logit that it is a face: a weighted sum of the detector's and of the looks' mean.
    private struct Judgement {
        let detector: Double
        let secondLook: Double
        let bias: Double
    }

    /// Each look makes the next one's start better; the third would change nothing.
    private static let looks = 2
    /// A point that moves further than this share of the eyes' distance was no face's.
    private static let moveLargest = 0.6

    private let network: Network
    private let inputSize: PixelSize
    private let targets: [PixelPoint]
    private let judgement: Judgement

    /// Metadata of the file: `points` (`x,y` five times), where a face lies in the input; `detector`,
    /// `second` and `bias`, how the logits of the detector and of the looks (their mean) make one. Outputs: `points` (x and y five times),
    /// `box` (its middle, and the logarithms of its sides in sides of the input) and `face` (a logit); what
    /// is a place is in half sides of the input from its middle.
    init(path: String) throws(NetworkError) {
        network = try Network(path: path)
        let shape = network.inputs.first?.shape ?? []
        let sizes = Dictionary(
            network.outputs.map { ($0.name, $0.shape.reduce(1, *)) }, uniquingKeysWith: { $1 })
        guard network.inputs.count == 1, shape.count == 4, shape[3] == 3,
            sizes == ["points": 10, "box": 4, "face": 1]
        else {
            throw network.malformed(
                "is no second look at faces: it needs an RGB input and the outputs points (ten), "
                    + "box (four) and face (one)")
        }
        let weights = 0.0...100
        judgement = Judgement(
            detector: try network.number("detector", in: weights),
            secondLook: try network.number("second", in: weights),
            bias: try network.number("bias", in: -100...100))
        inputSize = PixelSize(width: shape[2], height: shape[1])
        let places = try network.numbers("points", count: 10)
        targets = (0..<5).map { PixelPoint(x: places[2 * $0], y: places[2 * $0 + 1]) }
    }

    /// The face as it is seen from near: points, box, and the probability by all looks. Half a face
    /// becomes the whole one beside it, so that what is the same face is told apart only afterwards.
    func look(again face: DetectedFace, in image: RGBImage) throws(NetworkError) -> DetectedFace {
        var seen = face
        seen.probability = 0
        guard let first = try answer(to: face.landmarks, in: image),
            let second = try answer(to: first.points, in: image)
        else { return seen }
        let own = min(max(face.probability, 1e-9), 1 - 1e-9)
        let logit =
            judgement.detector * log(own / (1 - own))
            + judgement.secondLook * (first.logit + second.logit) / 2 + judgement.bias
        // The detector and both looks draw the box, and err elsewhere; the last look saw best.
        let box = FaceBox(weighing: [(face.box, 0.25), (first.box, 0.25), (second.box, 0.5)])
        return DetectedFace(
            box: box, landmarks: second.points, probability: 1 / (1 + exp(-logit)))
    }

    /// The points of a face as they are seen from near; those given where they are no face's.
    func refined(
        _ landmarks: FaceLandmarks, in image: RGBImage
    ) throws(NetworkError) -> FaceLandmarks {
        var found = landmarks
        for _ in 0..<Self.looks {
            guard let next = try answer(to: found, in: image)?.points, isNear(next, landmarks)
            else { break }
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

    private struct Answer {
        let points: FaceLandmarks
        let box: FaceBox
        let logit: Double
    }

    /// Nil when the points span no face, or the network's answer is no number.
    private func answer(
        to landmarks: FaceLandmarks, in image: RGBImage
    ) throws(NetworkError) -> Answer? {
        guard let alignment = FaceAlignment(from: landmarks.points, to: targets) else { return nil }
        var straight = alignment.straighten(image, to: inputSize)
        defer { straight.wipe() }
        let plan = try network.plan()
        let step = Float(1 / 127.5)
        plan.withInput {
            straight.write(to: &$0, scale: [step, step, step], offset: [-1, -1, -1])
        }
        defer { plan.wipe() }
        try plan.run()
        let (width, height) = (Double(inputSize.width), Double(inputSize.height))
        func place(_ values: [Float], at index: Int) -> PixelPoint {
            alignment.unapply(
                PixelPoint(
                    x: (Double(values[index]) + 1) * width / 2,
                    y: (Double(values[index + 1]) + 1) * height / 2))
        }
        let values = plan.output(try plan.outputIndex("points"))
        let sides = plan.output(try plan.outputIndex("box"))
        let logit = Double(plan.output(try plan.outputIndex("face"))[0])
        guard let points = FaceLandmarks((0..<5).map { place(values, at: 2 * $0) }),
            points.isFinite, logit.isFinite, sides.allSatisfy(\.isFinite)
        else { return nil }
        let middle = place(sides, at: 0)
        // Sides that no face has are a network gone wild.
        let factors = sides[2...].map { exp(min(max(Double($0), -3), 2)) / alignment.scale }
        let box = FaceBox(
            x: middle.x - factors[0] * width / 2, y: middle.y - factors[1] * height / 2,
            width: factors[0] * width, height: factors[1] * height)
        return Answer(points: points, box: box, logit: logit)
    }
}
