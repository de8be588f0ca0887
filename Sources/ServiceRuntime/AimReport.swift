import GateTypes
import Glibc
import Imaging
import PlateRecognition

/// How well a camera is aimed, measured on one plate as it stands in the picture.
package struct AimReport: Hashable, Sendable {
    /// The limits, each with its reason.
    package enum Limits {
        /// The upper edge's slope. The reader straightens plates, but each degree costs rows of
        /// pixels: at 10 degrees the ends of a plate differ by half its height.
        static let tiltDegrees = 10.0
        /// Seen from the side or from above. At 40 degrees strokes keep three quarters of their
        /// width; a camera that is wanted to last should stay below 30.
        static let obliqueDegrees = 40.0
        /// A stroke's edge climbs over this share of the contrast within one stroke's width. Of 24
        /// rendered plates of some 190 px, blurred step by step, all were read at 0.8 and more, nine
        /// in ten at 0.5, and one in three at 0.35.
        static let sharpness = 0.5
        /// Share of pixels at the sensor's end. White characters cover a fifth to a quarter of a
        /// plate; where more is white, the ground or a glare on it is white too.
        static let blownShare = 0.30
        /// Grey level of the brightest twentieth: below it a plate has few levels left above noise.
        static let bright = 70.0
        /// Grey levels between the darkest and the brightest twentieth of the pixels.
        static let contrast = 45.0
    }

    /// What is to be changed.
    package enum Problem: String, Hashable, Sendable, CaseIterable {
        case tooFar = "too_far"
        case blownOut = "blown_out"
        case tooDark = "too_dark"
        case flat, blurred, tilted
        case tooOblique = "too_oblique"
    }

    package let widthPixels: Double
    /// The narrowest plate that the camera's configuration wants.
    package let narrowestPixels: Double
    /// How far the plate's edges are from level, clockwise positive.
    package let tiltDegrees: Double
    /// How far from straight on, by the plate's proportions; nil when its type is not known.
    package let obliqueDegrees: Double?
    /// Share of the contrast that an edge climbs within a stroke's width.
    package let sharpness: Double
    /// Grey levels 0...255 of the darkest and the brightest twentieth.
    package let dark: Double
    package let bright: Double
    package let blownShare: Double
    package let problems: [Problem]

    /// Measures one plate of a picture; nil when it lies outside of the picture.
    package init?(
        _ reading: PlateReading, in picture: Picture, narrowestPixels: Double
    ) throws(ImageError) {
        let corners = reading.corners
        guard let pixels = try PlatePixels(corners, in: picture) else { return nil }
        widthPixels = corners.widthPixels
        self.narrowestPixels = narrowestPixels
        tiltDegrees = Self.tilt(corners)
        obliqueDegrees = Self.oblique(corners, as: reading.type)
        dark = pixels.level(at: 0.05)
        bright = pixels.level(at: 0.95)
        blownShare = pixels.share(from: 250)
        // A stroke is 10 mm wide on a plate of 440 mm (GA 36).
        let stroke = max(corners.widthPixels * 10 / 440, 1)
        sharpness = pixels.step(at: 0.98) * stroke / max(bright - dark, 1)
        var found: [Problem] = []
        if widthPixels < narrowestPixels { found.append(.tooFar) }
        if blownShare > Limits.blownShare { found.append(.blownOut) }
        if bright < Limits.bright {
            found.append(.tooDark)
        } else if bright - dark < Limits.contrast {
            found.append(.flat)
        } else if sharpness < Limits.sharpness {
            found.append(.blurred)
        }
        if abs(tiltDegrees) > Limits.tiltDegrees { found.append(.tilted) }
        if obliqueDegrees ?? 0 > Limits.obliqueDegrees { found.append(.tooOblique) }
        problems = found
    }

    /// One sentence: what to change, or that it is well.
    package var advice: String {
        guard !problems.isEmpty else {
            return "well aimed: the plate is \(Self.whole(widthPixels)) px wide, "
                + "\(Self.whole(narrowestPixels)) are wanted at least"
        }
        return problems.map(text).joined(separator: "; ")
    }

    private func text(_ problem: Problem) -> String {
        switch problem {
        case .tooFar:
            "too far: the plate is \(Self.whole(widthPixels)) px wide, wanted are "
                + "\(Self.whole(narrowestPixels)) or more; zoom in or move the camera nearer"
        case .blownOut:
            "blown out: \(Self.whole(blownShare * 100)) % of the plate is white; shorten the "
                + "exposure or dim the lamp"
        case .tooDark:
            "too dark: the plate's brightest parts are at \(Self.whole(bright)) of 255; add light "
                + "or lengthen the exposure"
        case .flat:
            "too pale: only \(Self.whole(bright - dark)) grey levels from dark to bright; keep "
                + "sun and lamp out of the lens, and clean it"
        case .blurred:
            "blurred: edges are wider than strokes; focus on the stopping place, or shorten "
                + "the exposure if vehicles still move there"
        case .tilted:
            "tilted: the plate slopes by \(Self.whole(abs(tiltDegrees))) degrees; turn the camera "
                + "\(tiltDegrees > 0 ? "clockwise" : "counterclockwise") about its lens"
        case .tooOblique:
            "too oblique: the plate is seen \(Self.whole(obliqueDegrees ?? 0)) degrees from "
                + "straight on; move the camera closer to the lane's axis"
        }
    }

    private static func whole(_ value: Double) -> Int { Int(value.rounded()) }

    // MARK: Geometry

    private static func tilt(_ corners: Quadrilateral) -> Double {
        let x =
            corners.topRight.x - corners.topLeft.x + corners.bottomRight.x - corners.bottomLeft.x
        let y =
            corners.topRight.y - corners.topLeft.y + corners.bottomRight.y - corners.bottomLeft.y
        return atan2(y, x) * 180 / .pi
    }

    /// The side that is too short for the plate's proportions is seen under an angle.
    private static func oblique(_ corners: Quadrilateral, as type: PlateType) -> Double? {
        let nominal: Double
        switch type {
        case .blue, .yellow, .white, .black: nominal = 440.0 / 140
        case .green, .yellowGreen: nominal = 480.0 / 140
        case .yellowDouble: nominal = 440.0 / 220
        case .other: return nil
        }
        let width =
            length(corners.topLeft, corners.topRight)
            + length(corners.bottomLeft, corners.bottomRight)
        let height =
            length(corners.topLeft, corners.bottomLeft)
            + length(corners.topRight, corners.bottomRight)
        guard width > 0, height > 0 else { return nil }
        let aspect = width / height
        return acos(min(aspect, nominal) / max(aspect, nominal)) * 180 / .pi
    }

    private static func length(_ a: PixelPoint, _ b: PixelPoint) -> Double {
        ((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)).squareRoot()
    }
}

/// The grey pixels within a plate's outline, and the steps between neighbours in a row.
private struct PlatePixels {
    private var levels = [Int](repeating: 0, count: 256)
    private var steps = [Int](repeating: 0, count: 256)

    init?(_ corners: Quadrilateral, in picture: Picture) throws(ImageError) {
        let box = corners.bounds
        let bounded = { (value: Double) in Int(min(max(value, -1e6), 1e6)) }
        let (left, top) = (bounded(box.left), bounded(box.top))
        let part = PixelRect(
            x: left, y: top, width: bounded(box.right) - left + 1,
            height: bounded(box.bottom) - top + 1
        ).clamped(to: picture.size)
        guard let part, part.width > 1 else { return nil }
        let image = try picture.gray(part: part).image
        // The plate's rim is not its face.
        let inner = corners.corners.map { corner in
            PixelPoint(
                x: corner.x + (corners.centre.x - corner.x) * 0.08 - Double(part.x),
                y: corner.y + (corners.centre.y - corner.y) * 0.08 - Double(part.y))
        }
        for y in 0..<image.height {
            for x in 0..<image.width - 1 {
                let point = PixelPoint(x: Double(x) + 0.5, y: Double(y) + 0.5)
                guard Quadrilateral.contains(point, polygon: inner) else { continue }
                let at = y * image.width + x
                levels[Int(image.pixels[at])] += 1
                steps[abs(Int(image.pixels[at + 1]) - Int(image.pixels[at]))] += 1
            }
        }
        guard levels.contains(where: { $0 > 0 }) else { return nil }
    }

    func level(at share: Double) -> Double { Self.quantile(levels, share) }
    func step(at share: Double) -> Double { Self.quantile(steps, share) }

    func share(from level: Int) -> Double {
        Double(levels[level...].reduce(0, +)) / Double(levels.reduce(0, +))
    }

    private static func quantile(_ counts: [Int], _ share: Double) -> Double {
        let wanted = share * Double(counts.reduce(0, +))
        var sum = 0.0
        for (value, count) in counts.enumerated() {
            sum += Double(count)
            if sum >= wanted { return Double(value) }
        }
        return 255
    }
}
