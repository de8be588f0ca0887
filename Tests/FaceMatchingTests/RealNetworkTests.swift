import Foundation
import GateTypes
import Imaging
import TestPictures
import Testing

@testable import FaceMatching

/// Where the committed networks lie, if they are there.
private enum Committed {
    static let models = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "models").path
    static let areThere = [FaceModels.detector, FaceModels.embedder].allSatisfy {
        FileManager.default.fileExists(atPath: "\(models)/\($0)")
    }
}

/// The committed networks on pictures that are drawn here, and everything bad that a camera hands us.
@Suite(.enabled(if: Committed.areThere, "no face networks in models/"))
struct RealNetworkTests {
    static let one = DrawnFace(x: 320, y: 230, reach: 70)

    static func read(_ image: RGBImage) throws -> [ReadFace] {
        try FaceReader(models: Committed.models).read(image.picture)
    }

    static func changed(_ image: RGBImage, _ change: (UInt8) -> Double) -> RGBImage {
        var changed = image
        for index in changed.pixels.indices {
            changed.pixels[index] = UInt8(min(max(change(changed.pixels[index]), 0), 255))
        }
        return changed
    }

    @Test func aFaceIsFoundWhereItIsAndIsFitForComparison() throws {
        let faces = try Self.read(DrawnFace.picture([Self.one]))
        let face = try #require(faces.first)
        #expect(faces.count == 1)
        let place = FaceBox(x: 255, y: 150, width: 130, height: 175)
        #expect(face.face.box.overlap(with: place) > 0.6, "\(face.face.box)")
        let eyes = face.face.landmarks
        #expect(abs(eyes.eyeLeft.x - 292) < 10 && abs(eyes.eyeRight.x - 348) < 10, "\(eyes)")
        #expect(abs(eyes.eyeLeft.y - 223) < 10 && abs(face.quality.yaw) < 0.15)
        #expect(face.quality.hint == nil, "\(face.quality)")
        #expect(face.embedding != nil)
    }

    @Test func thePictureOfAPersonIsNearerToThemselvesThanToAnother() throws {
        let first = try #require(try Self.read(DrawnFace.picture([Self.one])).first?.embedding)
        let again = DrawnFace(x: 300, y: 240, reach: 76)
        let second = try #require(try Self.read(DrawnFace.picture([again])).first?.embedding)
        var other = Self.one
        other.hasMask = true
        let third = try #require(try Self.read(DrawnFace.picture([other])).first?.embedding)
        let (near, far) = (first.similarity(to: second), first.similarity(to: third))
        #expect(try #require(near) > (try #require(far)) + 0.1)
    }

    @Test func tenFacesAreToldApartTheLargestFirst() throws {
        var ten: [DrawnFace] = []
        for index in 0..<10 {
            let (column, row) = (Double(index % 5), Double(index / 5))
            ten.append(
                DrawnFace(x: 70 + 125 * column, y: 120 + 230 * row, reach: 34 + Double(index)))
        }
        let faces = try Self.read(DrawnFace.picture(ten))
        #expect((8...10).contains(faces.count), "\(faces.count)")
        let sizes: [Double] = faces.map { $0.face.box.area }
        #expect(sizes == sizes.sorted(by: >))
        #expect(faces.allSatisfy { $0.embedding != nil })
        var enrolment = Enrolment(gallery: try Gallery([], dimension: 128), threshold: 0.45)
        guard case .severalFaces? = try enrolment.add("ten", faces: faces) else {
            Issue.record("ten people enrolled one")
            return
        }
    }

    @Test func anEnrolmentOfTwoPeopleInOnePictureIsRefused() throws {
        let two = [DrawnFace(x: 200, y: 230, reach: 70), DrawnFace(x: 450, y: 240, reach: 60)]
        let faces = try Self.read(DrawnFace.picture(two))
        var enrolment = Enrolment(gallery: try Gallery([], dimension: 128), threshold: 0.45)
        #expect(
            try enrolment.add("two.jpg", faces: faces)
                == .severalFaces(picture: "two.jpg", count: 2))
        #expect(enrolment.templates == nil)
    }

    // MARK: Nothing to compare with

    @Test(arguments: ["black", "white", "gray", "noise", "stripes"])
    func whereNobodyIsNobodyIsFound(name: String) throws {
        let size = PixelSize(width: 640, height: 480)
        let tones: [String: UInt8] = ["white": 255, "gray": 128]
        var image = RGBImage(size: size, filledWith: tones[name] ?? 0)
        var random = Seeded(3)
        if name == "noise" {
            for index in image.pixels.indices {
                image.pixels[index] = UInt8(truncatingIfNeeded: random.bits() >> 33)
            }
        }
        if name == "stripes" {
            for row in stride(from: 0, to: 480, by: 16) {
                image.fill(PixelRect(x: 0, y: row, width: 640, height: 8), with: .white)
            }
        }
        #expect(try Self.read(image).isEmpty)
    }

    @Test func aFaceOfTwelvePixelsIsNobodys() throws {
        for face in try Self.read(
            DrawnFace.picture([DrawnFace(x: 320, y: 230, reach: 6)]))
        {
            #expect(!face.quality.isUsable, "\(face.quality)")
        }
    }

    static let unfit: [String] = [
        "half", "upside down", "over-exposed", "dark", "out of focus", "mask",
    ]

    @Test(arguments: unfit)
    func whatIsNotFitIsNotCompared(name: String) throws {
        let good = DrawnFace.picture([Self.one])
        var image = good
        var hint: FaceHint?
        switch name {
        case "half":
            image = try good.cropped(to: PixelRect(x: 320, y: 0, width: 320, height: 480))
        case "upside down": image.pixels = Self.turned(good)
        case "over-exposed": (image, hint) = (Self.changed(good) { Double($0) * 3 }, .tooBright)
        case "dark": (image, hint) = (Self.changed(good) { Double($0) * 0.06 }, .tooDark)
        case "out of focus":
            image = good.resized(to: PixelSize(width: 40, height: 30)).resized(to: good.size)
            hint = .holdStill
        default:
            var masked = Self.one
            masked.hasMask = true
            (image, hint) = (DrawnFace.picture([masked]), .uncoverTheFace)
        }
        var enrolment = Enrolment(gallery: try Gallery([], dimension: 128), threshold: 0.45)
        let faces = try Self.read(image)
        for face in faces {
            #expect(!face.quality.isUsable, "\(face.quality)")
            if let hint { #expect(face.quality.hint == hint, "\(face.quality)") }
        }
        #expect(try enrolment.add(name, faces: faces) != nil && enrolment.templates == nil)
    }

    /// Half a turn.
    private static func turned(_ image: RGBImage) -> [UInt8] {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(image.pixels.count)
        for pixel in stride(from: image.pixels.count - 3, through: 0, by: -3) {
            pixels += image.pixels[pixel..<pixel + 3]
        }
        return pixels
    }

    @Test func aDrawingOfLinesIsNobodys() throws {
        var image = RGBImage(size: PixelSize(width: 640, height: 480), filledWith: 255)
        func ring(_ x: Double, _ y: Double, _ radius: Double) {
            var corners: [SIMD2<Double>] = []
            for step in 0..<48 {
                let angle = Double(step) * .pi / 24
                corners.append(SIMD2(x + radius * cos(angle), y + radius * sin(angle)))
            }
            image.drawPolygon(corners, color: .black)
        }
        ring(320, 240, 90)
        ring(290, 215, 8)
        ring(350, 215, 8)
        image.fill(PixelRect(x: 285, y: 280, width: 70, height: 3), with: .black)
        for face in try Self.read(image) {
            #expect(!face.quality.isUsable, "\(face.quality)")
        }
    }
}
