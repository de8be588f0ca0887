import FaceMatching
import Foundation
import GateTypes
import Imaging
import Inference

/// Times of face matching; its cost does not depend on who is seen, so that drawn frames do.
enum FaceBench {
    private static let frames = 60
    private static let templates = 10_000

    /// One line a stage; nothing where there are no face networks.
    static func run(models: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: "\(models)/\(FaceModels.detector)"),
            FileManager.default.fileExists(atPath: "\(models)/\(FaceModels.embedder)")
        else { return ["faces\tno face networks in \(models)"] }
        let before = Machine.memoryKiB("VmRSS")
        let reader = try FaceReader(models: models)
        var random = SystemRandomNumberGenerator()
        let size = PixelSize(width: 640, height: 480)
        var image = RGBImage(size: size)
        for index in image.pixels.indices {
            image.pixels[index] = UInt8(truncatingIfNeeded: (index / 97) & 127) + 60
        }
        let jpeg = try JPEG.encode(image)
        var decode = StageTimes("faces: decode 640 x 480")
        var detect = StageTimes("faces: decode and detect, 640 x 480")
        var match = StageTimes("faces: straighten, judge, embed one")
        var whole = StageTimes("faces: compute of a frame with a face")
        let face = DetectedFace(
            box: FaceBox(x: 260, y: 160, width: 110, height: 140),
            landmarks: FaceLandmarks(
                eyeLeft: PixelPoint(x: 292, y: 216), eyeRight: PixelPoint(x: 338, y: 215),
                nose: PixelPoint(x: 315, y: 242), mouthLeft: PixelPoint(x: 297, y: 269),
                mouthRight: PixelPoint(x: 334, y: 268)), probability: 1)
        for index in 0...frames {
            try whole.time {
                let found = try detect.time {
                    try reader.detect(in: try Picture(fileBytes: jpeg))
                }
                _ = try match.time { try reader.read(face, of: found) }
            }
            _ = try decode.time { try Picture(fileBytes: jpeg).rgb(scale: .full) }
            // The first lays the networks out; a gate does that once.
            if index == 0 {
                (decode, detect) = (decode.empty, detect.empty)
                (match, whole) = (match.empty, whole.empty)
            }
        }
        let gallery = try Gallery(
            try (0..<templates).map { number in
                FaceTemplate(
                    person: "E\(number / 3)",
                    embedding: try direction(reader.embedder.dimension, &random))
            }, dimension: reader.embedder.dimension)
        var compare = StageTimes("faces: compare with \(templates) templates")
        for _ in 0..<200 {
            let probe = try direction(reader.embedder.dimension, &random)
            _ = try compare.time { try gallery.nearest(to: probe) }
        }
        let grown = Double(Machine.memoryKiB("VmRSS") - before) / 1024
        return [decode, detect, match, whole, compare].map(\.description) + [
            String(
                format: "faces: memory, networks and %d templates\t%.0f MiB (VmRSS)", templates,
                grown)
        ]
    }

    private static func direction(
        _ count: Int, _ random: inout SystemRandomNumberGenerator
    ) throws -> FaceEmbedding {
        while true {
            let values = (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
            if let embedding = FaceEmbedding(normalising: values) { return embedding }
        }
    }
}
