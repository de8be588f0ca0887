import GateTypes
import Glibc
import Imaging
import Testing

@testable import FaceMatching

/// The similarity that straightens a face.
@Suite struct AlignmentTests {
    static let targets = [
        PixelPoint(x: 38.3, y: 51.7), PixelPoint(x: 73.5, y: 51.5), PixelPoint(x: 56, y: 71.7),
        PixelPoint(x: 41.5, y: 92.4), PixelPoint(x: 70.7, y: 92.2),
    ]

    /// Turned, scaled and shifted.
    static func moved(by angle: Double, scale: Double, x: Double, y: Double) -> [PixelPoint] {
        targets.map {
            PixelPoint(
                x: scale * (cos(angle) * $0.x - sin(angle) * $0.y) + x,
                y: scale * (sin(angle) * $0.x + cos(angle) * $0.y) + y)
        }
    }

    @Test(arguments: [(0.0, 1.0), (0.4, 2.5), (-2.8, 0.3), (3.1, 1.7)])
    func aMovedFaceComesBackExactly(angle: Double, scale: Double) throws {
        let points = Self.moved(by: angle, scale: scale, x: 300, y: -40)
        let alignment = try #require(FaceAlignment(from: points, to: Self.targets))
        #expect(alignment.residual < 1e-9)
        #expect(abs(alignment.scale - 1 / scale) < 1e-9)
        for (point, target) in zip(points, Self.targets) {
            let there = alignment.apply(point)
            #expect(abs(there.x - target.x) < 1e-6 && abs(there.y - target.y) < 1e-6)
            // The picture's map goes back, in its own way of counting pixels.
            let back = alignment.toPicture.apply(SIMD2(target.x + 0.5, target.y + 0.5))
            #expect(abs(back.x - point.x - 0.5) < 1e-6 && abs(back.y - point.y - 0.5) < 1e-6)
        }
    }

    @Test func aMirroredFaceIsNotMirroredBack() throws {
        let mirrored = Self.targets.map { PixelPoint(x: 112 - $0.x, y: $0.y) }
        let alignment = try #require(FaceAlignment(from: mirrored, to: Self.targets))
        #expect(alignment.residual > 0.2)
    }

    @Test func pointsThatAreNoFaceGiveNothing() {
        let one = [PixelPoint](repeating: PixelPoint(x: 5, y: 5), count: 5)
        #expect(FaceAlignment(from: one, to: Self.targets) == nil)
        let none = [PixelPoint](repeating: PixelPoint(x: .nan, y: 5), count: 5)
        #expect(FaceAlignment(from: none, to: Self.targets) == nil)
        let far = [PixelPoint](repeating: PixelPoint(x: .infinity, y: 5), count: 5)
        #expect(FaceAlignment(from: far, to: Self.targets) == nil)
        #expect(FaceAlignment(from: [], to: []) == nil)
    }

    @Test func aTurnedPictureStraightensIntoTheUprightOne() throws {
        let size = PixelSize(width: 112, height: 112)
        var upright = RGBImage(size: size, filledWith: 60)
        upright.fill(PixelRect(x: 30, y: 40, width: 20, height: 50), with: .white)
        // A quarter turn: row y becomes column 111 - y.
        var turned = RGBImage(size: size)
        for y in 0..<112 {
            for x in 0..<112 {
                for c in 0..<3 {
                    turned.pixels[(x * 112 + 111 - y) * 3 + c] =
                        upright.pixels[
                            (y * 112 + x) * 3 + c]
                }
            }
        }
        let points = Self.targets.map { PixelPoint(x: 111 - $0.y, y: $0.x) }
        let alignment = try #require(FaceAlignment(from: points, to: Self.targets))
        let back = alignment.straighten(turned, to: size)
        #expect(back.difference(from: upright) < 1)
    }
}
