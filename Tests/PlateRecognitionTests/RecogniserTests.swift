import Foundation
import GateTypes
import Imaging
import Inference
import Testing

@testable import PlateRecognition

@Suite struct RecogniserTests {
    let recogniser: PlateRecogniser

    init() throws { recogniser = try PlateRecogniser(models: Models.folder) }

    private func noise(_ width: Int, _ height: Int) -> RGBImage {
        var state: UInt64 = 7
        let pixels = (0..<width * height * 3).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 40)
        }
        return RGBImage(size: PixelSize(width: width, height: height), pixels: pixels)
    }

    @Test(arguments: [(1, 1), (3, 900), (900, 3), (64, 64), (1921, 1079), (33, 31)])
    func nothingIsReadInNoiseAndPlainPicturesOfAnySize(width: Int, height: Int) throws {
        let size = PixelSize(width: width, height: height)
        for image in [noise(width, height), RGBImage(size: size, filledWith: 128)] {
            let picture = Picture(image)
            #expect(try recogniser.read(picture).allSatisfy { $0.reading.text.isEmpty })
            #expect(try recogniser.readCrop(picture).allSatisfy { $0.reading.text.isEmpty })
        }
    }

    @Test func whatIsNoPictureIsToldWithItsProblem() throws {
        let bad: [[UInt8]] = [[], [1, 2, 3], [0xFF, 0xD8, 0xFF], Array("GIF89a".utf8)]
        for bytes in bad {
            #expect(throws: ImageError.self) { try recogniser.read(fileBytes: bytes) }
        }
        let whole = try JPEG.encode(noise(320, 200), quality: 80)
        for length in stride(from: 2, to: whole.count, by: whole.count / 9) {
            do {
                _ = try recogniser.read(fileBytes: Array(whole[..<length]))
            } catch {
                #expect(!error.problem.isEmpty && !error.remedy.isEmpty)
            }
        }
    }

    /// A fifth of the plate's height, most of the upper row's: the localiser errs so at the back of lorries.
    @Test(arguments: [
        ("V25-0", "苏H857VQ", [80.2, 895.6, 353.9, 920.6, 361.6, 1071.0, 90.6, 1041.1]),
        ("V26-0", "皖J2F1V8", [91.9, 903.1, 386.8, 915.9, 394.1, 1065.4, 102.3, 1050.0]),
    ])
    func aPlateOfTwoRowsIsReadThoughItsUpperEdgeIsTakenTooLow(
        picture: String, text: String, corners: [Double]
    ) throws {
        let file = URL(filePath: Models.folder)
            .deletingLastPathComponent().appending(path: "config/demo/scenes/\(picture).jpg")
        let image = try Picture(fileBytes: Array(Data(contentsOf: file))).rgb().image
        let at = { (k: Int) in PixelPoint(x: corners[2 * k], y: corners[2 * k + 1]) }
        let lower = { (top: PixelPoint, bottom: PixelPoint) in
            PixelPoint(x: top.x + 0.2 * (bottom.x - top.x), y: top.y + 0.2 * (bottom.y - top.y))
        }
        let seen = Quadrilateral(
            topLeft: lower(at(0), at(3)), topRight: lower(at(1), at(2)), bottomRight: at(2),
            bottomLeft: at(3))
        let reader = try PlateReader(path: "\(Models.folder)/\(ModelFolder.reader)")
        #expect(try reader.read(image, corners: seen)?.reading.text == text)
    }

    @Test func ofTwoResultsOnOnePlaceTheSurerStays() {
        let plate = { (text: String, confidence: Double, left: Double) in
            RecognisedPlate(
                reading: PlateReading(
                    text: text, type: .blue, confidence: confidence,
                    corners: square(left, 10, 100, 30), places: []))
        }
        let kept = PlateRecogniser.distinct([
            plate("A", 0.4, 0), plate("B", 0.9, 10), plate("C", 0.2, 300),
        ])
        #expect(kept.map(\.reading.text) == ["B", "C"])
    }

    @Test func whatIsLookedAtLiesInsideThePicture() throws {
        let size = PixelSize(width: 200, height: 100)
        let around = { (quad: Quadrilateral) in
            PlateRecogniser.surroundings(of: quad, with: quad.bounds, in: size)
        }
        let part = try #require(
            around(square(-50, 80, 400, 90)))
        #expect(part.x >= 0 && part.y >= 0 && part.x + part.width <= 200)
        #expect(part.y + part.height <= 100)
        #expect(around(square(500, 10, 60, 20)) == nil)
        #expect(around(square(1e300, 0, 60, 20)) == nil)
    }

    @Test func aRegionIsAPolygonAndNoneIsThePicture() {
        let region = [
            PixelPoint(x: 0, y: 0), PixelPoint(x: 10, y: 0), PixelPoint(x: 0, y: 10),
        ]
        #expect(Quadrilateral.contains(PixelPoint(x: 2, y: 2), polygon: region))
        #expect(!Quadrilateral.contains(PixelPoint(x: 8, y: 8), polygon: region))
        #expect(Quadrilateral.contains(PixelPoint(x: 8, y: 8), polygon: []))
    }
}

@Suite struct ModelTests {
    @Test func aMissingFolderIsNamed() {
        let error = #expect(throws: NetworkError.self) {
            try PlateRecogniser(models: "/nowhere/models")
        }
        #expect(error?.path.hasPrefix("/nowhere/models/") == true)
    }

    @Test func theLocaliserIsNoReader() throws {
        let error = #expect(throws: NetworkError.self) {
            try PlateReader(path: "\(Models.folder)/\(ModelFolder.localiser)")
        }
        #expect(error?.description.contains("metadata") == true)
    }

    @Test func everyTypeThatIsReadHasAForm() throws {
        let model = try Models.readerModel()
        for type in PlateType.allCases where type != .other {
            #expect(model.forms.contains { $0.type == type })
        }
        #expect(!model.forms.contains { $0.type == .other })
    }

    @Test func confidenceGrowsWithEveryPieceOfEvidence() throws {
        let calibration = try Models.readerModel().calibration
        let base = [-2.0, -1, -0.5, -0.5, 0, 0.6, -0.4]
        for i in base.indices {
            var more = base
            more[i] += 0.3
            #expect(calibration.confidence(more) >= calibration.confidence(base))
        }
        #expect(calibration.confidence([-1e9, -1e9, -1e9, -1e9, 0, 0, -5]) >= 0)
        #expect(PlateReader.smallness(400) == 0 && PlateReader.smallness(0) < -4)
    }

    @Test func theBendOfTheConfidenceNeverFalls() throws {
        let line = try #require(RisingLine(knots: [-2, 0, 4], values: [-1, 0, 8]))
        let found = [-5, -2, -1, 0, 1, 4, 6].map { line(Double($0)) }
        #expect(found == [-4, -1, -0.5, 0, 2, 8, 10])
        let refused: [([Double], [Double])] = [
            ([0, 0], [0, 1]), ([0, 1], [1, 0]), ([0], [0]), ([0, 1], [0]), ([0, .nan], [0, 1]),
        ]
        for (knots, values) in refused {
            #expect(RisingLine(knots: knots, values: values) == nil)
        }
    }
}

@Suite struct StripTests {
    @Test func aStripShowsThePlateUpright() throws {
        let cutter = StripCutter(model: try Models.readerModel())
        // Left half dark, right half light, turned by a right angle in the picture.
        var image = RGBImage(size: PixelSize(width: 60, height: 240), filledWith: 20)
        for y in 120..<240 {
            for x in 0..<180 { image.pixels[y * 180 + x] = 220 }
        }
        let turned = Quadrilateral(
            topLeft: PixelPoint(x: 50, y: 20), topRight: PixelPoint(x: 50, y: 220),
            bottomRight: PixelPoint(x: 10, y: 220), bottomLeft: PixelPoint(x: 10, y: 20))
        let strip = try cutter.strip(of: image, corners: turned, isDouble: false)
        #expect(strip.size == PixelSize(width: 144, height: 36))
        #expect(strip.pixels[18 * 144 * 3 + 20 * 3] == 20)
        #expect(strip.pixels[18 * 144 * 3 + 120 * 3] == 220)
    }

    @Test func cornersInsideOutAreRefusedNotDrawn() throws {
        let cutter = StripCutter(model: try Models.readerModel())
        let image = RGBImage(size: PixelSize(width: 60, height: 24), filledWith: 20)
        let plate = square(5, 5, 50, 14)
        let crossed = Quadrilateral(
            topLeft: plate.topRight, topRight: plate.topLeft, bottomRight: plate.bottomRight,
            bottomLeft: plate.bottomLeft)
        #expect(throws: ImageError.self) {
            try cutter.strip(of: image, corners: crossed, isDouble: false)
        }
    }

    @Test func theShapeTellsTheRowsToTry() {
        #expect(PlateReader.rowCounts(square(0, 0, 440, 140)) == [false])
        #expect(PlateReader.rowCounts(square(0, 0, 440, 220)) == [false, true])
        #expect(PlateReader.rowCounts(square(0, 0, 200, 220)) == [true])
    }

    @Test func charactersThatStandAsideMoveTheCorners() throws {
        let model = try Models.readerModel()
        var sketch = try AnswerSketch(model)
        sketch.write("皖A12B45", type: .blue)
        let reading = try #require(
            PlateDecoder(model: model).decode([sketch.answer], isDouble: false))
        // The sketch begins its text at column 3: left of where a well cut strip has it.
        let seen = square(100, 100, 440, 140)
        let refined = try #require(
            CornerRefinement(model: model).corners(of: reading, seenAt: seen))
        let first = (reading.boxes[0].middle / 144 * 1.1 - 0.05) * 440 + 100
        let expected = first - reading.form.middles[0] * refined.widthPixels
        #expect(abs(refined.topLeft.x - expected) < 12)
        #expect(refined.topLeft.x < seen.topLeft.x + 30)
        #expect(abs(refined.topLeft.y - refined.topRight.y) < 1)
    }
}
