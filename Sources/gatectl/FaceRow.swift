import FaceMatching
import Foundation
import GateTypes

/// One row of `faces read`; no face means that the picture shows none.
struct FaceRow {
    let file: String
    let face: ReadFace?
    let milliseconds: Double

    static let header = "file\tx\ty\twidth\theight\tquality\tlive\tembedding\tms"

    var tsv: String {
        var cells = [file.replacing("\t", with: " ").replacing("\n", with: " ")]
        if let face {
            let box = face.face.box
            cells += [box.x, box.y, box.width, box.height].map { PlateRow.decimal($0, places: 1) }
            cells += [PlateRow.decimal(face.quality.overall, places: 4), "", embedding ?? ""]
        } else {
            cells += Array(repeating: "", count: 7)
        }
        cells.append(PlateRow.decimal(milliseconds, places: 2))
        return cells.joined(separator: "\t")
    }

    var json: String {
        var object: [String: Any] = ["file": file, "ms": rounded(milliseconds, 100)]
        if let face {
            let box = face.face.box
            object["box"] = [box.x, box.y, box.width, box.height].map { rounded($0, 10) }
            object["points"] = face.face.landmarks.points.map {
                [rounded($0.x, 10), rounded($0.y, 10)]
            }
            object["probability"] = rounded(face.face.probability, 10_000)
            object["quality"] = rounded(face.quality.overall, 10_000)
            object["hint"] = face.quality.hint?.rawValue ?? ""
            let parts = face.quality
            object["parts"] = [
                "size": rounded(parts.size, 1_000), "sharpness": rounded(parts.sharpness, 1_000),
                "exposure": rounded(parts.exposure, 1_000), "pose": rounded(parts.pose, 1_000),
                "openness": rounded(parts.openness, 1_000),
                "trust": rounded(parts.trust ?? 1, 1_000),
            ]
            object["embedding"] = embedding ?? ""
        }
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        let data = try? JSONSerialization.data(withJSONObject: object, options: options)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// Little-endian floats in base64.
    private var embedding: String? {
        face?.embedding.map { embedding in
            var bytes = Data()
            for value in embedding.values {
                var bits = value.bitPattern
                for _ in 0..<4 {
                    bytes.append(UInt8(truncatingIfNeeded: bits))
                    bits >>= 8
                }
            }
            return bytes.base64EncodedString()
        }
    }

    private func rounded(_ value: Double, _ steps: Double) -> Double {
        (value * steps).rounded() / steps
    }
}
