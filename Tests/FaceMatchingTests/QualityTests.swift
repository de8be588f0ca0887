import GateTypes
import Glibc
import Imaging
import Testing

@testable import FaceMatching

/// What makes a face unfit, and what the person is told.
@Suite struct QualityTests {
    static let size = PixelSize(width: 112, height: 112)
    static let targets = FaceLandmarks(AlignmentTests.targets)

    /// A drawn face: skin, eyes, brows, nose, mouth; bright from the left.
    static func face(
        light: Double = 1, contrast: Double = 1, mask: Bool = false, blur: Bool = false
    ) -> RGBImage {
        var image = RGBImage(size: size, filledWith: 120)
        func fill(
            _ x: Int, _ y: Int, _ w: Int, _ h: Int, _ red: Double, _ green: Double, _ blue: Double
        ) {
            let tone = { (value: Double) in
                UInt8(min(max((128 + (value - 128) * contrast) * light, 0), 255))
            }
            image.fill(
                PixelRect(x: x, y: y, width: w, height: h),
                with: Color(red: tone(red), green: tone(green), blue: tone(blue)))
        }
        fill(0, 0, 112, 112, 90, 100, 110)
        fill(16, 10, 80, 102, 205, 160, 135)
        fill(16, 10, 24, 102, 222, 178, 150)
        for x in [30, 65] {
            fill(x, 40, 18, 4, 60, 40, 35)
            fill(x, 48, 17, 7, 245, 240, 235)
            fill(x + 6, 48, 6, 7, 40, 25, 20)
        }
        fill(52, 52, 8, 22, 190, 145, 120)
        fill(48, 72, 17, 3, 120, 80, 70)
        fill(42, 90, 29, 5, 165, 70, 75)
        if mask { fill(16, 68, 80, 44, 90, 160, 225) }
        if blur {
            image = image.resized(to: PixelSize(width: 10, height: 10)).resized(to: size)
        }
        return image
    }

    static func quality(
        _ image: RGBImage, points: FaceLandmarks? = nil, width: Double = 120
    ) throws -> FaceQuality {
        let targets = try #require(targets)
        let landmarks = points ?? targets
        let grown = try #require(
            FaceLandmarks(
                landmarks.points.map {
                    PixelPoint(x: $0.x * width / 80, y: $0.y * width / 80)
                }))
        let face = DetectedFace(
            box: FaceBox(x: 0, y: 0, width: width, height: width * 1.2), landmarks: grown,
            probability: 0.9)
        return FaceQuality(face, straight: image, targets: targets)
    }

    @Test func aGoodFaceHasNoHint() throws {
        let good = try Self.quality(Self.face())
        #expect(good.hint == nil && good.overall > 0.6, "\(good)")
    }

    @Test func eachFaultIsToldByItsOwnHintAndLowersTheFigure() throws {
        let good = try Self.quality(Self.face()).overall
        let cases: [(FaceHint, FaceQuality)] = [
            (.stepCloser, try Self.quality(Self.face(), width: 22)),
            (.tooDark, try Self.quality(Self.face(light: 0.06))),
            (.tooBright, try Self.quality(Self.face(light: 6))),
            (.holdStill, try Self.quality(Self.face(blur: true))),
            (.uncoverTheFace, try Self.quality(Self.face(mask: true))),
        ]
        for (hint, quality) in cases {
            #expect(quality.hint == hint, "\(hint): \(quality)")
            #expect(quality.overall < good)
        }
    }

    @Test func aTurnedHeadIsTold() throws {
        var points = try #require(Self.targets)
        points.nose.x += 16
        let turned = try Self.quality(Self.face(), points: points)
        #expect(turned.hint == .lookAtTheCamera && turned.yaw > 0.2)
        points.nose.x -= 32
        #expect(try Self.quality(Self.face(), points: points).yaw < -0.2)
        #expect(abs(try Self.quality(Self.face()).yaw) < 0.05)
    }

    @Test func anUpsideDownFaceIsNotLookingAtTheCamera() throws {
        let points = try #require(
            FaceLandmarks(AlignmentTests.moved(by: .pi, scale: 1, x: 112, y: 112)))
        let quality = try Self.quality(Self.face(), points: points)
        #expect(quality.pose < 0.2)
    }

    @Test func rampsAreBoundedWhateverComes() {
        for value in [-1e300, -1, 0, 0.5, 1, 1e300, .nan, .infinity, -.infinity] {
            #expect((0...1).contains(FaceQuality.ramp(value, from: 0, to: 1)))
            #expect((0...1).contains(FaceQuality.ramp(value, from: 1, to: 0)))
        }
    }
}
