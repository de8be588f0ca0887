import Foundation
import GateTypes
import Imaging
import PlateRecognition
import ServiceRuntime
import Testing

/// What an installer is told about a camera, on plates drawn for the purpose.
@Suite struct AimReportTests {
    /// A plate of white stripes on a dark ground, 440:140 as seen from straight on.
    struct Drawing {
        var width = 160.0
        var aspect = 440.0 / 140
        var tiltDegrees = 0.0
        var ground: UInt8 = 60
        var strokes: UInt8 = 220
        /// Sides by which the picture is made small and large again.
        var blur = 1

        var corners: Quadrilateral {
            let angle = tiltDegrees * .pi / 180
            let (along, down) = (
                PixelPoint(x: cos(angle) * width, y: sin(angle) * width),
                PixelPoint(x: -sin(angle) * width / aspect, y: cos(angle) * width / aspect)
            )
            let start = PixelPoint(x: 120, y: 120)
            return Quadrilateral(
                topLeft: start, topRight: PixelPoint(x: start.x + along.x, y: start.y + along.y),
                bottomRight: PixelPoint(
                    x: start.x + along.x + down.x, y: start.y + along.y + down.y),
                bottomLeft: PixelPoint(x: start.x + down.x, y: start.y + down.y))
        }

        /// Stripes of 24 pixels, whose edges are as sharp as pixels allow before any blur.
        func picture() -> Picture {
            var image = RGBImage(
                size: PixelSize(width: 640, height: 480),
                pixels: [UInt8](repeating: ground, count: 640 * 480 * 3))
            let white = Color(red: strokes, green: strokes, blue: strokes)
            for x in stride(from: 0, to: 640, by: 48) {
                image.fill(PixelRect(x: x, y: 0, width: 24, height: 480), with: white)
            }
            if blur > 1 {
                let small = PixelSize(width: 640 / blur, height: 480 / blur)
                image = image.resized(to: small).resized(to: image.size)
            }
            return Picture(image)
        }

        func report(type: PlateType = .blue, wanted: Double = 80) throws -> AimReport? {
            let reading = PlateReading(
                text: "", type: type, confidence: 0.9, corners: corners, places: [])
            return try AimReport(reading, in: picture(), narrowestPixels: wanted)
        }
    }

    @Test func aGoodViewIsWell() throws {
        let report = try #require(try Drawing().report())
        #expect(report.problems.isEmpty, "\(report)")
        #expect(abs(report.widthPixels - 160) < 0.01 && abs(report.tiltDegrees) < 0.01)
        #expect(report.obliqueDegrees ?? 90 < 1)
        #expect(report.advice.hasPrefix("well aimed: the plate is 160 px wide"))
    }

    static let faults: [(AimReport.Problem, String, Drawing)] = [
        (.tooFar, "60 px wide, wanted are 80", Drawing(width: 60)),
        (.blownOut, "of the plate is white", Drawing(ground: 254, strokes: 120)),
        (.tooDark, "add light", Drawing(ground: 10, strokes: 55)),
        (.flat, "grey levels", Drawing(ground: 120, strokes: 150)),
        (.blurred, "focus", Drawing(blur: 8)),
        (.tilted, "slopes by 14 degrees; turn the camera clockwise", Drawing(tiltDegrees: 14)),
        (.tilted, "turn the camera counterclockwise", Drawing(tiltDegrees: -14)),
        (.tooOblique, "straight on", Drawing(aspect: 440.0 / 140 * 0.7)),
        (.tooOblique, "straight on", Drawing(aspect: 440.0 / 140 / 0.7)),
    ]

    @Test(arguments: faults)
    func whatIsWrongIsNamedWithItsRemedy(
        problem: AimReport.Problem, says: String, drawing: Drawing
    ) throws {
        let report = try #require(try drawing.report())
        #expect(report.problems == [problem], "\(report)")
        #expect(report.advice.contains(says), "\(report.advice)")
    }

    @Test func severalFaultsAreOneSentence() throws {
        let report = try #require(try Drawing(width: 70, tiltDegrees: 20).report())
        #expect(report.problems == [.tooFar, .tilted])
        #expect(report.advice.contains("; tilted"))
    }

    @Test func theProportionsAreThoseOfTheType() throws {
        let double = Drawing(aspect: 2)
        #expect(try double.report(type: .yellowDouble)?.obliqueDegrees ?? 90 < 1)
        #expect(try double.report(type: .blue)?.problems == [.tooOblique])
        // A plate that could not be read has no known proportions.
        #expect(try double.report(type: .other)?.obliqueDegrees == nil)
    }

    @Test func aPlateOutsideOfThePictureIsNotMeasured() throws {
        let far = PixelPoint(x: 5000, y: 5000)
        let reading = PlateReading(
            text: "", type: .blue, confidence: 0.9,
            corners: Quadrilateral(
                topLeft: far, topRight: far, bottomRight: far, bottomLeft: far), places: [])
        #expect(try AimReport(reading, in: Drawing().picture(), narrowestPixels: 80) == nil)
    }
}
