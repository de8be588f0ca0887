import ArgumentParser
import Foundation
import GateTypes
import Imaging
import PlateRecognition

/// Writes pictures with the plates drawn in: corners, characters, text, confidence and width.
struct PlateAnnotator {
    let folder: String

    init(folder: String) throws {
        self.folder = folder
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw ValidationError(
                "cannot make the folder \(folder): \(error.localizedDescription); "
                    + "name one that you may write to")
        }
    }

    func write(
        _ picture: Picture, plates: [RecognisedPlate], named file: String
    ) throws(ImageError) {
        var image = try picture.rgb().image
        let dot = max(1, image.width / 640)
        for plate in plates { Self.draw(plate, into: &image, dot: dot) }
        try ImageFile.write(image, to: "\(folder)/\(Self.name(for: file))")
    }

    /// The path in one name, so that pictures of two folders do not overwrite each other.
    static func name(for file: String) -> String {
        let parts = file.split(separator: "/").filter { $0 != "." && $0 != ".." }.suffix(2)
        let stem = parts.joined(separator: "-")
        return (stem.lastIndex(of: ".").map { String(stem[..<$0]) } ?? stem) + ".jpg"
    }

    static func draw(_ plate: RecognisedPlate, into image: inout RGBImage, dot: Int) {
        let reading = plate.reading
        let colour: Color = reading.text.isEmpty ? .red : .green
        for box in plate.characterBoxes {
            image.drawPolygon(points(box), color: .yellow, thickness: max(1, dot / 2))
        }
        image.drawPolygon(points(reading.corners), color: colour, thickness: dot)
        let caption =
            reading.text.isEmpty
            ? "not read"
            : "\(reading.text) \(reading.type.rawValue) \(Int(reading.confidence * 100))%"
        let label = "\(caption) \(Int(reading.corners.widthPixels))px"
        let size = RGBImage.textSize(label, dot: dot)
        let bounds = reading.corners.bounds
        let left = clamped(bounds.left, to: image.width - size.width - 2 * dot)
        // Above the plate where there is room, else below it.
        let above = bounds.top - Double(size.height + 4 * dot)
        let top = clamped(
            above >= 0 ? above : bounds.bottom + Double(3 * dot),
            to: image.height - size.height - 2 * dot)
        image.drawText(label, x: left, y: top, color: .white, background: .black, dot: dot)
    }

    private static func clamped(_ value: Double, to limit: Int) -> Int {
        Int(min(max(value, 2), Double(max(limit, 2))))
    }

    private static func points(_ quad: Quadrilateral) -> [SIMD2<Double>] {
        quad.corners.map { SIMD2($0.x, $0.y) }
    }
}
