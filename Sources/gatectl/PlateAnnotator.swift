import GateTypes
import Imaging
import PlateRecognition

/// Writes pictures with the plates drawn in: corners, characters, text, confidence and width.
struct PlateAnnotator {
    let folder: AnnotationFolder

    func write(
        _ picture: Picture, plates: [RecognisedPlate], named file: String
    ) throws(ImageError) {
        var image = try picture.rgb().image
        let dot = max(1, image.width / 640)
        for plate in plates { Self.draw(plate, into: &image, dot: dot) }
        try folder.write(image, of: file)
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
