import GateTypes

/// An upright rectangle around a face, in pixels of the full-resolution picture.
package struct FaceBox: Hashable, Sendable, Codable {
    package var x: Double
    package var y: Double
    package var width: Double
    package var height: Double

    package init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// The mean of several; the weights' sum is one.
    init(weighing boxes: [(box: FaceBox, weight: Double)]) {
        func mean(_ part: KeyPath<FaceBox, Double>) -> Double {
            boxes.reduce(0) { $0 + $1.weight * $1.box[keyPath: part] }
        }
        self.init(x: mean(\.x), y: mean(\.y), width: mean(\.width), height: mean(\.height))
    }

    package var centre: PixelPoint { PixelPoint(x: x + width / 2, y: y + height / 2) }
    package var area: Double { width * height }
    package var shortSide: Double { min(width, height) }

    /// Shared area over joint area, 0...1.
    package func overlap(with other: FaceBox) -> Double {
        let common = commonArea(with: other)
        let joint = area + other.area - common
        return joint > 0 ? common / joint : 0
    }

    /// The common area over that of the smaller one, 0...1.
    package func sharedPart(with other: FaceBox) -> Double {
        let smaller = min(area, other.area)
        return smaller > 0 ? commonArea(with: other) / smaller : 0
    }

    private func commonArea(with other: FaceBox) -> Double {
        let across = min(x + width, other.x + other.width) - max(x, other.x)
        let down = min(y + height, other.y + other.height) - max(y, other.y)
        return across > 0 && down > 0 ? across * down : 0
    }
}

/// The five points of a face, in pixels; left and right as they lie in the picture.
package struct FaceLandmarks: Hashable, Sendable, Codable {
    package var eyeLeft: PixelPoint
    package var eyeRight: PixelPoint
    package var nose: PixelPoint
    package var mouthLeft: PixelPoint
    package var mouthRight: PixelPoint

    package init(
        eyeLeft: PixelPoint, eyeRight: PixelPoint, nose: PixelPoint, mouthLeft: PixelPoint,
        mouthRight: PixelPoint
    ) {
        self.eyeLeft = eyeLeft
        self.eyeRight = eyeRight
        self.nose = nose
        self.mouthLeft = mouthLeft
        self.mouthRight = mouthRight
    }

    /// Five points in the order of the properties; nil for any other number.
    package init?(_ points: [PixelPoint]) {
        guard points.count == 5 else { return nil }
        self.init(
            eyeLeft: points[0], eyeRight: points[1], nose: points[2], mouthLeft: points[3],
            mouthRight: points[4])
    }

    package var points: [PixelPoint] { [eyeLeft, eyeRight, nose, mouthLeft, mouthRight] }

    /// Distance of the eyes, in pixels.
    package var eyeDistance: Double {
        let (dx, dy) = (eyeRight.x - eyeLeft.x, eyeRight.y - eyeLeft.y)
        return (dx * dx + dy * dy).squareRoot()
    }

    package func shifted(by offset: PixelPoint) -> FaceLandmarks {
        let moved = points.map { PixelPoint(x: $0.x + offset.x, y: $0.y + offset.y) }
        return FaceLandmarks(moved) ?? self
    }

    package func scaled(by factor: Double) -> FaceLandmarks {
        let moved = points.map { PixelPoint(x: $0.x * factor, y: $0.y * factor) }
        return factor == 1 ? self : FaceLandmarks(moved) ?? self
    }

    package var isFinite: Bool { points.allSatisfy { $0.x.isFinite && $0.y.isFinite } }
}

/// One face as the detector found it, in pixels of the full-resolution picture.
package struct DetectedFace: Hashable, Sendable {
    package var box: FaceBox
    package var landmarks: FaceLandmarks
    /// That it is a face, 0...1: by the detector, and by a second look where there was one.
    package var probability: Double

    package init(box: FaceBox, landmarks: FaceLandmarks, probability: Double) {
        self.box = box
        self.landmarks = landmarks
        self.probability = probability
    }

    /// The same face in a picture that is larger or smaller by a factor.
    package func scaled(by factor: Double) -> DetectedFace {
        DetectedFace(
            box: FaceBox(
                x: box.x * factor, y: box.y * factor, width: box.width * factor,
                height: box.height * factor),
            landmarks: landmarks.scaled(by: factor), probability: probability)
    }
}
