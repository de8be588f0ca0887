import Crypto
import FoundationEssentials
import GateTypes
import Imaging
import Inference

/// Which embedder made a template; templates of different ones are never compared.
package struct FaceModel: Hashable, Sendable, Codable {
    /// What the exporter calls it.
    package var name: String
    /// SHA-256 of the network file, 64 hexadecimal digits.
    package var identifier: String

    package init(name: String, identifier: String) {
        self.name = name
        self.identifier = identifier
    }
}

/// Turns a straightened face into a direction, so that pictures of one person lie close together.
///
/// One instance serves one thread.
package final class FaceEmbedder {
    package let model: FaceModel
    /// Numbers of one embedding.
    package let dimension: Int
    /// How often two different people reach a similarity, as measured when the network was made.
    package let calibration: FaceCalibration?
    /// What was measured with it, where its file says so.
    package let card: FaceCard?
    /// Where the five points of a face lie in the network's first input, in its pixels.
    package var points: [PixelPoint] { cuts[0].points }
    /// What the first input takes.
    package var inputSize: PixelSize { cuts[0].size }

    private static let trustName = "quality"
    private static let cutsMost = 4

    /// How one input of the network wants to see the face.
    private struct Cut {
        let points: [PixelPoint]
        let size: PixelSize
        let scale: [Float]
        let offset: [Float]

        /// - Parameter prefix: what stands before the keys of its metadata.
        init(_ network: Network, _ shape: [Int], prefix: String) throws(NetworkError) {
            guard shape.count == 4, shape[3] == 3, shape[1] >= 16, shape[2] >= 16 else {
                throw network.malformed("is no face embedder: an input is no RGB picture")
            }
            size = PixelSize(width: shape[2], height: shape[1])
            let places = try network.numbers(prefix + "points", count: 10)
            points = (0..<5).map { PixelPoint(x: places[2 * $0], y: places[2 * $0 + 1]) }
            guard FaceAlignment(from: points, to: points) != nil else {
                throw network.malformed("metadata '\(prefix)points' is no face")
            }
            let mean = try network.numbers(prefix + "mean", count: 3)
            let scale = try network.numbers(prefix + "scale", count: 3)
            self.scale = scale.map { Float($0) }
            offset = zip(mean, scale).map { Float(-$0 * $1) }
        }
    }

    private let network: Network
    private let outputName: String
    /// Whether it tells how far each answer is to be trusted.
    private let hasTrust: Bool
    private let cuts: [Cut]
    private let isMirrored: Bool

    /// Metadata of the file: `name`, `points` (`x,y` five times), `mean` and `scale` (three numbers
    /// each), `mirror` (yes or no), and, where they were measured, `fmr` (`similarity:rate` pairs) and
    /// `card` (see `FaceCard`). A second input, which sees the same face cut otherwise, has its
    /// own `INPUT.points`, `INPUT.mean` and `INPUT.scale`.
    package init(path: String) throws(NetworkError) {
        network = try Network(path: path)
        guard (1...Self.cutsMost).contains(network.inputs.count),
            let output = network.outputs.first(where: { $0.name != Self.trustName }),
            network.outputs.count <= 2
        else {
            throw network.malformed(
                "is no face embedder: it needs one to \(Self.cutsMost) RGB inputs and one output, "
                    + "beside '\(Self.trustName)' at most")
        }
        outputName = output.name
        hasTrust = network.outputs.contains {
            $0.name == Self.trustName && $0.shape.reduce(1, *) == 1
        }
        dimension = output.shape.reduce(1, *)
        guard (16...4_096).contains(dimension) else {
            throw network.malformed("gives \(dimension) numbers a face, not 16 to 4096")
        }
        var cuts: [Cut] = []
        for (place, input) in network.inputs.enumerated() {
            cuts.append(
                try Cut(network, input.shape, prefix: place == 0 ? "" : input.name + "."))
        }
        self.cuts = cuts
        isMirrored = network.metadata["mirror"].map { $0 == "yes" || $0 == "1" } ?? false
        if let table = network.metadata["fmr"] {
            guard let read = FaceCalibration(table: table) else {
                throw network.malformed("metadata 'fmr' is no table of similarity:rate")
            }
            calibration = read
        } else {
            calibration = nil
        }
        if network.metadata["card"] != nil {
            guard let read = FaceCard(try network.numbers("card", count: 3)) else {
                throw network.malformed("metadata 'card' is not two shares and a number of people")
            }
            card = read
        } else {
            card = nil
        }
        guard let bytes = try? Data(contentsOf: URL(filePath: path)) else {
            throw network.malformed("cannot be read a second time")
        }
        let digest = SHA256.hash(data: bytes).map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }
        model = FaceModel(name: try network.text("name"), identifier: digest.joined())
        try checkAnswers()
    }

    /// A network whose answers are no numbers, or the same for everything, matches anybody.
    private func checkAnswers() throws(NetworkError) {
        var seen: [FaceEmbedding] = []
        for pattern in 0..<2 {
            let images = cuts.map { cut in
                var image = RGBImage(size: cut.size, filledWith: 100)
                for index in image.pixels.indices {
                    image.pixels[index] = UInt8(
                        truncatingIfNeeded: (index / 7) &* (pattern * 94 + 3))
                }
                return image
            }
            guard let answer = try answer(to: images).embedding else {
                throw network.malformed(
                    "answers a test picture with numbers that are none: it is damaged or diverged")
            }
            seen.append(answer)
        }
        guard let likeness = seen[0].similarity(to: seen[1]), likeness < 0.999_999 else {
            throw network.malformed("answers every picture alike: it cannot tell people apart")
        }
    }

    /// The straightened face as each input of the network looks at it; nil when the points are no
    /// face's.
    package func straighten(_ image: RGBImage, _ landmarks: FaceLandmarks) -> [RGBImage]? {
        var faces: [RGBImage] = []
        for cut in cuts {
            guard let alignment = FaceAlignment(from: landmarks.points, to: cut.points) else {
                for index in faces.indices { faces[index].wipe() }
                return nil
            }
            faces.append(alignment.straighten(image, to: cut.size))
        }
        return faces
    }

    /// The embedding of a straightened face, as `straighten` gives it, and how far the network itself
    /// trusts it (0...1; nil where it does not tell).
    package func embed(
        _ face: [RGBImage]
    ) throws(FaceEmbeddingError) -> (embedding: FaceEmbedding, trust: Double?) {
        do throws(NetworkError) {
            let (one, trust) = try answer(to: face)
            guard let first = one else {
                throw network.malformed("answers with numbers that are none")
            }
            guard isMirrored else { return (first, trust) }
            var mirror = face.map { $0.mirrored() }
            defer { for index in mirror.indices { mirror[index].wipe() } }
            let (other, otherTrust) = try answer(to: mirror)
            guard let second = other, let both = FaceEmbedding(between: first, and: second)
            else { throw network.malformed("answers with numbers that are none") }
            return (both, trust.map { ($0 + (otherTrust ?? $0)) / 2 })
        } catch {
            throw FaceEmbeddingError(
                "the embedder fails on a face: \(error.problem)", remedy: error.remedy)
        }
    }

    private func answer(
        to face: [RGBImage]
    ) throws(NetworkError) -> (embedding: FaceEmbedding?, trust: Double?) {
        precondition(face.map(\.size) == cuts.map(\.size))
        let plan = try network.plan()
        defer { plan.wipe() }
        for (place, cut) in cuts.enumerated() {
            plan.withInput(place) {
                face[place].write(to: &$0, scale: cut.scale, offset: cut.offset)
            }
        }
        try plan.run()
        let embedding = plan.withOutput(try plan.outputIndex(outputName)) {
            FaceEmbedding(normalising: $0)
        }
        guard hasTrust, let told = plan.output(try plan.outputIndex(Self.trustName)).first else {
            return (embedding, nil)
        }
        // What is no number is no trust.
        return (embedding, told.isFinite ? min(max(Double(told), 0), 1) : 0)
    }
}
