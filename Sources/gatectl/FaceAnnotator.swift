import FaceMatching
import GateTypes
import Imaging

/// Writes pictures with the faces drawn in: box, five points, quality and what would better it.
struct FaceAnnotator {
    let folder: AnnotationFolder

    func write(_ picture: Picture, faces: [ReadFace], named file: String) throws(ImageError) {
        var image = try picture.rgb().image
        let dot = max(1, image.width / 640)
        for face in faces { Self.draw(face, into: &image, dot: dot) }
        try folder.write(image, of: file)
    }

    static func draw(_ face: ReadFace, into image: inout RGBImage, dot: Int) {
        let box = face.face.box
        let colour: Color = face.quality.isUsable ? .green : .red
        let corners = [
            SIMD2(box.x, box.y), SIMD2(box.x + box.width, box.y),
            SIMD2(box.x + box.width, box.y + box.height), SIMD2(box.x, box.y + box.height),
        ]
        image.drawPolygon(corners, color: colour, thickness: dot)
        for point in face.face.landmarks.points {
            let place = SIMD2(point.x, point.y)
            image.drawLine(from: place, to: place, color: .yellow, thickness: max(2, 2 * dot))
        }
        let hint = face.quality.hint.map { " \($0.rawValue.replacing("_", with: " "))" } ?? ""
        let label = "\(Int(face.quality.overall * 100))%\(hint) \(Int(min(box.width, 1e6)))px"
        let size = RGBImage.textSize(label, dot: dot)
        let left = min(max(box.x, 2), Double(max(image.width - size.width - 2 * dot, 2)))
        let above = box.y - Double(size.height + 3 * dot)
        let top = above >= 0 ? above : box.y + box.height + Double(2 * dot)
        image.drawText(
            label, x: Int(left), y: Int(min(max(top, 0), Double(image.height))), color: .white,
            background: .black, dot: dot)
    }
}
