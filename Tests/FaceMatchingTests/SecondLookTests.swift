import GateTypes
import Imaging
import Inference
import Testing

@testable import FaceMatching

/// The second look adds faces that the detector doubted, drops what is none, and moves the points.
@Suite struct SecondLookTests {
    private let size = PixelSize(width: 320, height: 240)

    /// A bright face on a bright ground, and one on black, which the second look takes for none.
    private var image: RGBImage {
        var image = RGBImage(size: size, filledWith: 0)
        image.fill(PixelRect(x: 160, y: 0, width: 160, height: 240), with: .white)
        image.fill(PixelRect(x: 80, y: 80, width: 8, height: 8), with: .white)
        return image
    }

    private func reader(
        candidate: Double, shift: Float = 0, weights: (Double, Double) = (0, 1)
    ) throws -> (Folder, FaceReader) {
        let folder = try Folder.models()
        try HandMadeNetwork.detector(
            to: "\(folder.path)/\(FaceModels.detector)", candidate: candidate)
        try HandMadeNetwork.secondLook(
            to: "\(folder.path)/\(FaceModels.points)", shift: shift, weights: weights)
        return (folder, try FaceReader(models: folder.path))
    }

    @Test func whatIsNoneOnASecondLookIsDropped() throws {
        let (alone, both) = (try Folder.models(), try reader(candidate: 0.5))
        let first = try FaceReader(models: alone.path).detect(in: image.picture).faces
        #expect(first.contains { abs($0.box.centre.x - 84) < 8 })
        let second = try both.1.detect(in: image.picture).faces
        #expect(!second.isEmpty && second.allSatisfy { $0.box.centre.x > 150 })
    }

    @Test func whatTheDetectorDoubtedIsFoundWhenTheSecondLookIsSure() throws {
        // Light gray: below one half by the detector, above its limit for a second look.
        let gray = RGBImage(size: size, filledWith: 213)
        let alone = try Folder.models()
        #expect(try FaceReader(models: alone.path).detect(in: gray.picture).faces.isEmpty)
        let (_, sure) = try reader(candidate: 0.05)
        #expect(try !sure.detect(in: gray.picture).faces.isEmpty)
        let (_, doubting) = try reader(candidate: 0.05, weights: (1, 0))
        #expect(try doubting.detect(in: gray.picture).faces.isEmpty)
    }

    @Test func thePointsAreThoseSeenFromNear() throws {
        let (_, still) = try reader(candidate: 0.5)
        let (_, moving) = try reader(candidate: 0.5, shift: 0.05)
        let (a, b) = (
            try still.detect(in: image.picture).faces, try moving.detect(in: image.picture).faces
        )
        let (before, after) = (try #require(a.first), try #require(b.first))
        // A look sees the box about the points of the look before, as large as that looks.
        #expect(abs(before.box.width - before.box.height) < 1e-6)
        #expect(abs(before.box.width - after.box.width) < 0.01 * before.box.width)
        #expect(after.box.centre.x > before.box.centre.x)
        #expect(after.landmarks.nose.x > before.landmarks.nose.x + 0.5)
        #expect(abs(after.landmarks.nose.y - before.landmarks.nose.y) < 0.5)
    }

    @Test func theBoxIsTheMeanOfTheDetectorsAndBothLooks() throws {
        let (alone, both) = (try Folder.models(), try reader(candidate: 0.5))
        let found = try FaceReader(models: alone.path).detect(in: image.picture).faces
        let seen = try #require(try both.1.detect(in: image.picture).faces.first)
        let detected = try #require(found.min { away($0, seen) < away($1, seen) })
        // The hand-made look takes a face for half as wide as what it sees: 40 pixels.
        let targets = [(28.0, 34.0), (52, 34), (40, 46), (30, 58), (50, 58)]
            .map { PixelPoint(x: $0.0, y: $0.1) }
        let alignment = try #require(
            FaceAlignment(from: detected.landmarks.points, to: targets))
        let near = 40 / alignment.scale
        let wanted = detected.box.width / 4 + near * 3 / 4
        #expect(abs(near - detected.box.width) > 2)
        #expect(abs(seen.box.width - wanted) < 0.02 * wanted, "\(seen.box.width), \(wanted)")
    }

    private func away(_ a: DetectedFace, _ b: DetectedFace) -> Double {
        abs(a.box.centre.x - b.box.centre.x) + abs(a.box.centre.y - b.box.centre.y)
    }

    @Test func aNetworkOfAnotherKindIsRefusedWithItsPath() throws {
        let folder = try Folder.models()
        let path = "\(folder.path)/\(FaceModels.points)"
        try HandMadeNetwork.embedder(to: path)
        let error = #expect(throws: NetworkError.self) { try FaceReader(models: folder.path) }
        #expect(error?.path == path)
    }
}
