import GateTypes
import Imaging

/// A face of ellipses, near enough to one for the networks; no photograph is in the repository.
package struct DrawnFace: Sendable {
    package var x: Double
    package var y: Double
    /// Half of the face's width, in pixels.
    package var reach: Double
    /// To the picture's right, in shares of `reach` at the eyes; 0 looks straight on.
    package var turn: Double
    package var hasMask: Bool

    package init(
        x: Double, y: Double, reach: Double, turn: Double = 0, hasMask: Bool = false
    ) {
        self.x = x
        self.y = y
        self.reach = reach
        self.turn = turn
        self.hasMask = hasMask
    }

    /// Twice as large, then halved, so that edges are smooth.
    package static func picture(
        _ faces: [DrawnFace], size: PixelSize = PixelSize(width: 640, height: 480)
    ) -> RGBImage {
        let large = PixelSize(width: size.width * 2, height: size.height * 2)
        var image = RGBImage(size: large, filledWith: 150)
        for face in faces { face.draw(into: &image) }
        return image.resized(to: size)
    }

    private func draw(into image: inout RGBImage) {
        let skin = Color(red: 215, green: 170, blue: 140)
        let dark = Color(red: 70, green: 50, blue: 40)
        ellipse(0, -0.25, 1.12, 1.25, Color(red: 50, green: 35, blue: 30), &image)
        ellipse(0, 1.6, 0.55, 0.9, Color(red: 195, green: 150, blue: 120), &image)
        ellipse(0, 0.1, 0.95, 1.28, skin, &image)
        ellipse(-0.35, 0, 0.4, 0.9, Color(red: 226, green: 182, blue: 150), &image)
        for side in [turn - 0.4, turn + 0.4] {
            ellipse(side, -0.35, 0.26, 0.05, dark, &image)
            ellipse(side, -0.1, 0.2, 0.11, Color(red: 245, green: 240, blue: 235), &image)
            ellipse(side, -0.1, 0.1, 0.11, dark, &image)
            ellipse(side, -0.1, 0.04, 0.05, .black, &image)
        }
        // What stands farther out moves farther.
        let nose = 1.5 * turn
        ellipse(nose, 0.25, 0.13, 0.28, Color(red: 195, green: 148, blue: 118), &image)
        for side in [nose - 0.09, nose + 0.09] {
            ellipse(side, 0.42, 0.05, 0.04, Color(red: 130, green: 90, blue: 70), &image)
        }
        let mouth = 1.1 * turn
        ellipse(mouth, 0.75, 0.36, 0.13, Color(red: 175, green: 85, blue: 90), &image)
        ellipse(mouth, 0.75, 0.36, 0.02, Color(red: 110, green: 50, blue: 60), &image)
        if hasMask {
            ellipse(0, 0.75, 0.8, 0.62, Color(red: 120, green: 190, blue: 220), &image)
        }
    }

    /// In shares of the face's half width, from its middle.
    private func ellipse(
        _ dx: Double, _ dy: Double, _ width: Double, _ height: Double, _ color: Color,
        _ image: inout RGBImage
    ) {
        let (cx, cy) = (2 * (x + dx * reach), 2 * (y + dy * reach))
        let (a, b) = (max(2 * width * reach, 0.5), max(2 * height * reach, 0.5))
        for row in max(0, Int(cy - b))...max(0, min(image.height - 1, Int(cy + b) + 1)) {
            let share = (Double(row) + 0.5 - cy) / b
            guard abs(share) < 1 else { continue }
            let half = a * (1 - share * share).squareRoot()
            let (left, right) = (max(0, Int(cx - half)), min(image.width, Int(cx + half) + 1))
            guard left < right else { continue }
            image.fill(
                PixelRect(x: left, y: row, width: right - left, height: 1), with: color)
        }
    }
}
