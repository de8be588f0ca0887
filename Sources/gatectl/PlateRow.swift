import Foundation
import GateTypes
import PlateRecognition

/// One row of `plates read`; no plate means that the picture shows none.
struct PlateRow {
    let file: String
    let plate: RecognisedPlate?
    let milliseconds: Double

    static func header(alternatives: Bool) -> String {
        let columns =
            ["file", "text", "type", "confidence"]
            + (1...4).flatMap { ["x\($0)", "y\($0)"] } + ["ms"]
            + (alternatives ? ["alternatives"] : [])
        return columns.joined(separator: "\t")
    }

    func tsv(alternatives: Bool) -> String {
        var cells = [file.replacing("\t", with: " ").replacing("\n", with: " ")]
        if let plate {
            let reading = plate.reading
            cells += [
                reading.text, reading.type.rawValue, Self.decimal(reading.confidence, places: 4),
            ]
            cells += reading.corners.corners.flatMap {
                [Self.decimal($0.x, places: 1), Self.decimal($0.y, places: 1)]
            }
        } else {
            cells += Array(repeating: "", count: 11)
        }
        cells.append(Self.decimal(milliseconds, places: 2))
        if alternatives {
            cells.append(
                (plate?.alternatives ?? []).map {
                    "\($0.text)=\(Self.decimal($0.probability, places: 4))"
                }.joined(separator: " "))
        }
        return cells.joined(separator: "\t")
    }

    func json(alternatives: Bool) -> String {
        var object: [String: Any] = ["file": file, "ms": rounded(milliseconds, 100)]
        object["text"] = plate?.reading.text ?? ""
        if let plate {
            object["type"] = plate.reading.type.rawValue
            object["confidence"] = rounded(plate.reading.confidence, 10_000)
            object["corners"] = plate.reading.corners.corners.map {
                [rounded($0.x, 10), rounded($0.y, 10)]
            }
            if alternatives {
                object["alternatives"] = plate.alternatives.map {
                    ["text": $0.text, "type": $0.type.rawValue, "probability": $0.probability]
                        as [String: Any]
                }
            }
        }
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        let data = try? JSONSerialization.data(withJSONObject: object, options: options)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private func rounded(_ value: Double, _ steps: Double) -> Double {
        (value * steps).rounded() / steps
    }

    static func decimal(_ value: Double, places: Int) -> String {
        String(format: "%.\(places)f", value)
    }
}
