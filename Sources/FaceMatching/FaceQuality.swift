import GateTypes
import Glibc
import Imaging

/// How fit a face is for comparison, and what would make it better.
package struct FaceQuality: Hashable, Sendable {
    /// Each 0 (useless) to 1 (as good as it gets).
    package var size: Double
    package var sharpness: Double
    package var exposure: Double
    package var pose: Double
    /// Low when the lower half looks like no skin: a mask, a scarf, a hand.
    package var openness: Double
    /// Turn of the head, about -1 (far to the picture's left) to 1; 0 looks straight on.
    package var yaw: Double
    /// Mean brightness of the face, 0...255.
    package var brightness: Double

    /// How far the embedder trusts its own answer, 0...1; nil where it does not tell.
    package var trust: Double?

    /// One figure, 0...1: the embedder's own word; where it has none, the geometric mean of what can be
    /// seen from outside, so that one bad part cannot hide behind good ones.
    ///
    /// Beside the word of the network that is to recognise the face the rest foretells nothing of whether
    /// it will (models/face-embedder.md); what is bad is told by `hint` all the same.
    package var overall: Double {
        if let trust { return trust }
        let parts = [size, sharpness, exposure, pose, openness].map { log(max($0, 1e-3)) }
        return exp(parts.reduce(0, +) / Double(parts.count))
    }

    /// Faces below it are not compared.
    package static let least = 0.45

    /// What the person should do, by the worst part; nil when the face is good enough.
    package var hint: FaceHint? {
        overall < Self.least || worst.value < 0.15 ? worst.hint : nil
    }

    /// What would better the worst part, good enough or not.
    package var weakest: FaceHint { worst.hint }

    private var worst: (hint: FaceHint, value: Double) {
        var worst = (hint: FaceHint.stepCloser, value: size)
        let others: [(FaceHint, Double)] = [
            // Of two that are equally bad the light comes first: without it nothing looks sharp.
            (brightness < 128 ? .tooDark : .tooBright, exposure), (.holdStill, sharpness),
            (.lookAtTheCamera, pose), (.uncoverTheFace, openness),
        ]
        for (hint, value) in others where value < worst.value { worst = (hint, value) }
        return worst
    }

    package var isUsable: Bool { hint == nil }

    /// The worst of it is that mouth and chin look like no skin, as under a mask.
    ///
    /// Judged by colour alone: a mask of the skin's colour is not seen, and some beards and shadows
    /// are taken for one.
    package var isCovered: Bool { hint == .uncoverTheFace }

    /// The same face, whatever covers it.
    package var uncovered: FaceQuality {
        var quality = self
        quality.openness = 1
        return quality
    }

    /// Judges a face by its points and by how it looks straightened (`straight`, whose points lie at
    /// `targets`); both come from the same picture.
    package init(_ face: DetectedFace, straight: RGBImage, targets: FaceLandmarks) {
        let landmarks = face.landmarks
        size = Self.ramp(
            min(face.box.shortSide, 2.2 * landmarks.eyeDistance), from: 20, to: 96)
        let angles = HeadPose(landmarks)
        yaw = angles.yaw
        pose = Self.ramp(angles.deviation, from: 0.5, to: 0.12)
        var gray = straight.gray()
        defer { gray.wipe() }
        let looks = FaceLooks(gray, targets)
        brightness = looks.mean
        // A face enlarged for the embedder is soft however sharp the lens is.
        sharpness = Self.ramp(looks.sharpness, from: 0.02, to: 0.12)
        exposure = min(
            Self.ramp(looks.mean, from: 15, to: 60), Self.ramp(looks.mean, from: 250, to: 205),
            Self.ramp(looks.deviation, from: 4, to: 22),
            Self.ramp(looks.clipped, from: 0.7, to: 0.2)
        )
        openness = Self.ramp(FaceLooks.strangeness(straight, targets), from: 34, to: 14)
    }

    /// 0 at `from` or beyond, 1 at `to` or beyond, straight between; no number at all is 0.
    static func ramp(_ value: Double, from low: Double, to high: Double) -> Double {
        let share = (value - low) / (high - low)
        return share.isFinite ? min(max(share, 0), 1) : 0
    }
}

/// Where a head looks, from the five points.
struct HeadPose {
    /// The nose's place between the eyes, in eye distances off the middle: right is positive.
    let yaw: Double
    /// The nose's place between eyes and mouth, off the usual one.
    let pitch: Double
    /// Tilt of the eyes' line, radians.
    let roll: Double

    init(_ points: FaceLandmarks) {
        let across = SIMD2(
            points.eyeRight.x - points.eyeLeft.x, points.eyeRight.y - points.eyeLeft.y)
        let eyes = max((across.x * across.x + across.y * across.y).squareRoot(), 1e-6)
        let axis = across / eyes
        let middle = SIMD2(
            (points.eyeLeft.x + points.eyeRight.x) / 2, (points.eyeLeft.y + points.eyeRight.y) / 2)
        let mouth = SIMD2(
            (points.mouthLeft.x + points.mouthRight.x) / 2,
            (points.mouthLeft.y + points.mouthRight.y) / 2)
        let nose = SIMD2(points.nose.x, points.nose.y)
        func along(_ v: SIMD2<Double>) -> Double { v.x * axis.x + v.y * axis.y }
        func below(_ v: SIMD2<Double>) -> Double { v.y * axis.x - v.x * axis.y }
        // A turned head's mouth moves too, half as far as the nose.
        yaw = (along(nose - middle) - along(mouth - middle) / 2) / eyes
        let depth = below(mouth - middle)
        pitch = depth > 0.1 * eyes ? below(nose - middle) / depth - 0.5 : 1
        roll = atan2(across.y, across.x)
    }

    /// 0 straight on; about 0.5 is a quarter turn.
    var deviation: Double {
        let turned = abs(yaw) * 1.4
        let nodding = abs(pitch) * 1.6
        // Straightening takes a tilt out; only an upside-down face stays unusual.
        let tilted = max(abs(roll) - 0.5, 0)
        return max(turned, nodding, tilted)
    }
}

/// What the straightened face looks like.
struct FaceLooks {
    let mean: Double
    let deviation: Double
    /// Share of pixels that are black or white through and through.
    let clipped: Double
    /// Mean step between neighbours two apart against the contrast of the whole.
    let sharpness: Double

    init(_ image: GrayImage, _ points: FaceLandmarks) {
        let part = Self.region(image.size, points)
        var face = (try? image.cropped(to: part)) ?? image
        defer { face.wipe() }
        (mean, deviation) = face.statistics()
        var ends = 0
        var steps = 0.0
        let (width, height) = (face.width, face.height)
        for y in 0..<height {
            for x in 0..<width {
                let value = Int(face.pixels[y * width + x])
                if value < 6 || value > 249 { ends += 1 }
                guard x > 0, y > 0, x < width - 1, y < height - 1 else { continue }
                let around =
                    Int(face.pixels[y * width + x - 1]) + Int(face.pixels[y * width + x + 1])
                    + Int(face.pixels[(y - 1) * width + x]) + Int(face.pixels[(y + 1) * width + x])
                steps += Double(abs(4 * value - around)) / 4
            }
        }
        clipped = Double(ends) / Double(max(face.size.area, 1))
        sharpness = steps / Double(max(face.size.area, 1)) / max(deviation, 8)
    }

    /// Around eyes and mouth, without hair and background.
    private static func region(_ size: PixelSize, _ points: FaceLandmarks) -> PixelRect {
        let eyes = points.eyeDistance
        let left = Int(max(points.eyeLeft.x - 0.4 * eyes, 0))
        let top = Int(max(points.eyeLeft.y - 0.4 * eyes, 0))
        let right = Int(points.eyeRight.x + 0.4 * eyes)
        let bottom = Int(points.mouthLeft.y + 0.3 * eyes)
        return PixelRect(x: left, y: top, width: max(right - left, 1), height: max(bottom - top, 1))
            .clamped(to: size) ?? PixelRect(size)
    }

    /// How far the colour of mouth and chin is from that of cheeks and nose bridge, in steps of
    /// 0...255: skin is alike above and below, a mask is not.
    static func strangeness(_ image: RGBImage, _ points: FaceLandmarks) -> Double {
        let eyes = points.eyeDistance
        func mean(_ x: Double, _ y: Double, _ w: Double, _ h: Double) -> SIMD3<Double>? {
            let rect = PixelRect(
                x: Int(x - w / 2), y: Int(y - h / 2), width: max(Int(w), 1), height: max(Int(h), 1))
            guard let part = rect.clamped(to: image.size), let cut = try? image.cropped(to: part)
            else { return nil }
            var sum = SIMD3<Double>.zero
            for at in stride(from: 0, to: cut.pixels.count, by: 3) {
                sum += SIMD3(
                    Double(cut.pixels[at]), Double(cut.pixels[at + 1]), Double(cut.pixels[at + 2]))
            }
            return sum / Double(cut.size.area)
        }
        let middle = (points.eyeLeft.x + points.eyeRight.x) / 2
        let bridge = points.eyeLeft.y + 0.15 * eyes
        let mouth = (points.mouthLeft.y + points.mouthRight.y) / 2
        let upper = mean(middle, bridge, 0.35 * eyes, 0.4 * eyes)
        let lower = [
            mean(middle - 0.55 * eyes, mouth - 0.15 * eyes, 0.3 * eyes, 0.4 * eyes),
            mean(middle + 0.55 * eyes, mouth - 0.15 * eyes, 0.3 * eyes, 0.4 * eyes),
            mean(middle, mouth + 0.35 * eyes, 0.5 * eyes, 0.2 * eyes),
        ].compactMap { $0 }
        guard let upper, !lower.isEmpty else { return 0 }
        // The least strange of three places: a beard or a shadow covers some, a mask covers all.
        return lower.map { chroma($0, from: upper) }.min() ?? 0
    }

    /// Distance of two colours with most of their brightness taken out.
    private static func chroma(_ a: SIMD3<Double>, from b: SIMD3<Double>) -> Double {
        func parts(_ c: SIMD3<Double>) -> SIMD3<Double> {
            let light = max((c.x + c.y + c.z) / 3, 1)
            return SIMD3(c.x - light, c.z - light, 0.25 * light)
        }
        let d = parts(a) - parts(b)
        return (d.x * d.x + d.y * d.y + d.z * d.z).squareRoot()
    }
}
