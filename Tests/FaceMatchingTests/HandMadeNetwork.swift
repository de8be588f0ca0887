import Foundation
import GateTypes
import Imaging

@testable import FaceMatching
@testable import Inference

/// Networks written by hand, whose answers can be foretold; no trained weights are needed.
enum HandMadeNetwork {
    /// Writes a network file as training/export/README.md describes it.
    static func write(_ text: String, _ floats: [Float], to path: String) throws {
        var body = Data()
        let bytes = Data(text.utf8)
        func add(_ value: UInt32) {
            withUnsafeBytes(of: value.littleEndian) { body.append(contentsOf: $0) }
        }
        add(UInt32(bytes.count))
        add(UInt32(floats.count))
        body.append(bytes)
        body.append(Data(count: (16 - (16 + body.count) % 16) % 16))
        floats.withUnsafeBytes { body.append(contentsOf: $0) }
        var file = Data("GHNETWK\n".utf8)
        let checksum = body.withUnsafeBytes { crc32($0) }
        for value in [1, checksum] {
            withUnsafeBytes(of: value.littleEndian) { file.append(contentsOf: $0) }
        }
        try (file + body).write(to: URL(filePath: path))
    }

    /// A detector that takes a bright cell of `stride` pixels for the middle of a face 4 cells wide.
    static func detector(
        to path: String, side: Int = 640, border: Double = 0, gain: Float = 40,
        threshold: Double = 0.5, candidate: Double? = nil
    ) throws {
        var text = """
            meta threshold \(threshold)
            meta candidate \(candidate ?? threshold)
            meta suppress 0.4
            meta side \(side)
            meta border \(border)
            input x 1x64x64x3

            """
        var floats: [Float] = []
        for stride in [8, 16, 32] {
            let count = stride * stride * 3
            let weights = floats.count
            // Only the finest grid looks: the mean of a cell, -1 black to 1 white.
            for channel in 0..<15 {
                let looks = channel == 0 && stride == 8
                floats += [Float](repeating: looks ? gain / Float(count) : 0, count: count)
            }
            let bias = floats.count
            var biases = [Float](repeating: 0, count: 15)
            biases[0] = stride == 8 ? -0.7 * gain : -20
            biases[3] = log(4)
            biases[4] = log(4)
            let points: [(Float, Float)] = [
                (-0.9, -0.8), (0.9, -0.8), (0, 0.1), (-0.7, 1), (0.7, 1),
            ]
            for (k, point) in points.enumerated() {
                biases[5 + 2 * k] = point.0
                biases[6 + 2 * k] = point.1
            }
            floats += biases
            text +=
                "conv x stride\(stride) kernel=\(stride)x\(stride) stride=\(stride)x\(stride) "
                + "channels=3x15 weights=\(weights) bias=\(bias)\n"
        }
        text += [8, 16, 32].map { "output stride\($0)" }.joined(separator: "\n") + "\n"
        try write(text, floats, to: path)
    }

    /// A second look that leaves the points where they are but for `shift` half sides, sees a box half
    /// as wide as its input, and takes for a face what is brighter than gray.
    static func secondLook(
        to path: String, shift: Float = 0, weights: (detector: Double, second: Double) = (0, 1)
    ) throws {
        let pixels = 80 * 80 * 3
        let targets: [(Float, Float)] = [(28, 34), (52, 34), (40, 46), (30, 58), (50, 58)]
        let places = targets.map { "\($0.0),\($0.1)" }.joined(separator: " ")
        let text = """
            meta points \(places)
            meta detector \(weights.detector)
            meta second \(weights.second)
            meta bias 0
            input x 1x80x80x3
            conv x p kernel=80x80 stride=80x80 channels=3x10 weights=0 bias=\(pixels * 10)
            reshape p points dims=0x-1
            conv x b kernel=80x80 stride=80x80 channels=3x4 weights=0 bias=\(pixels * 11 + 11)
            reshape b box dims=0x-1
            conv x f kernel=80x80 stride=80x80 channels=3x1 weights=\(pixels * 10 + 10) \
            bias=\(pixels * 11 + 10)
            reshape f face dims=0x-1
            output points
            output box
            output face

            """
        var floats = [Float](repeating: 0, count: pixels * 10)
        for target in targets { floats += [target.0 / 40 - 1 + shift, target.1 / 40 - 1] }
        floats += [Float](repeating: 40 / Float(pixels), count: pixels) + [0]
        // A box half as wide as the input, about its middle.
        floats += [0, 0, log(0.5), log(0.5)]
        try write(text, floats, to: path)
    }

    static let points =
        "38.2946,51.6963 73.5318,51.5014 56.0252,71.7366 41.5493,92.3655 70.7299,92.2041"

    /// An embedder that describes a face by random sums over sixteen parts of it.
    static func embedder(
        to path: String, seed: UInt64 = 1, isMirrored: Bool = false, meta: String = "",
        tellsTrust: Bool = false, wideMeta: String? = nil,
        change: (inout [Float]) -> Void = { _ in }
    ) throws {
        // A second input, which sees the face by its own points; both answers are added.
        let wide = """
            input wide 1x112x112x3
            conv wide w kernel=28x28 stride=28x28 channels=3x8 weights=0 bias=\(28 * 28 * 3 * 8)
            add parts w both

            """
        let text = """
            meta name hand-made
            meta mean 127.5 127.5 127.5
            meta scale 0.0078125 0.0078125 0.0078125
            meta points \(points)
            meta mirror \(isMirrored ? "yes" : "no")
            \(meta)
            \(wideMeta ?? "")
            input x 1x112x112x3
            conv x parts kernel=28x28 stride=28x28 channels=3x8 weights=0 bias=\(28 * 28 * 3 * 8)
            \(wideMeta == nil ? "" : wide)
            reshape \(wideMeta == nil ? "parts" : "both") e dims=0x-1
            output e

            """
        // Trust grows with brightness: the sigmoid of the picture's mean, -1...1, four times.
        let (start, pixels) = (18_824, 37_632)  // 28 * 28 * 3 * 8 + 8, and 112 * 112 * 3.
        let trust = """
            conv x q kernel=112x112 stride=112x112 channels=3x1 weights=\(start) \
            bias=\(start + pixels)
            sigmoid q quality
            output quality

            """
        var random = Seeded(seed)
        var floats = (0..<28 * 28 * 3 * 8).map { _ in random.next() / 16 }
        floats += [Float](repeating: 0, count: 8)
        change(&floats)
        if tellsTrust {
            floats += [Float](repeating: 4 / Float(pixels), count: pixels)
            floats.append(0)
        }
        let all = text + (tellsTrust ? trust : "")
        let lines = all.split(separator: "\n", omittingEmptySubsequences: true)
        try write(lines.joined(separator: "\n") + "\n", floats, to: path)
    }
}

/// Numbers from -1 to 1 that are the same for the same seed.
struct Seeded {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func bits() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func next() -> Float { Float(Int64(bits() >> 40)) / Float(1 << 23) - 1 }

    /// A direction of length one.
    mutating func direction(_ count: Int) -> FaceEmbedding {
        let values = (0..<count).map { _ in next() }
        return FaceEmbedding(normalising: values) ?? direction(count)
    }

    /// A direction near another one.
    mutating func near(_ other: FaceEmbedding, noise: Float) -> FaceEmbedding {
        let values = other.values.map { $0 + noise * next() / Float(other.count).squareRoot() }
        return FaceEmbedding(normalising: values) ?? other
    }
}

/// A folder that goes away with its owner.
final class Folder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory
            .appending(path: "gatehouse-faces-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Both networks, hand-made.
    static func models(side: Int = 640, border: Double = 0, isMirrored: Bool = false) throws
        -> Folder
    {
        let folder = try Folder()
        try HandMadeNetwork.detector(
            to: "\(folder.path)/\(FaceModels.detector)", side: side, border: border)
        try HandMadeNetwork.embedder(
            to: "\(folder.path)/\(FaceModels.embedder)", isMirrored: isMirrored)
        return folder
    }
}

extension RGBImage {
    /// Gray, with bright squares where the hand-made detector shall see faces.
    static func spots(_ size: PixelSize, _ places: [(x: Int, y: Int)], side: Int = 8) -> RGBImage {
        var image = RGBImage(size: size, filledWith: 90)
        for place in places {
            image.fill(
                PixelRect(x: place.x, y: place.y, width: side, height: side), with: .white)
        }
        return image
    }

    var picture: Picture { Picture(self) }
}
