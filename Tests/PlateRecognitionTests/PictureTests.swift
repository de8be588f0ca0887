import Foundation
import GateTypes
import Imaging
import Testing

@testable import PlateRecognition

/// Plates whose text and corners are known, in pictures.
struct LabelledPlate {
    let file: String
    let text: String
    let corners: [PixelPoint]

    /// Mean distance from the labelled corners, in widths of the plate.
    func error(of found: Quadrilateral) -> Double {
        let distances = zip(corners, found.corners).map {
            (($0.x - $1.x) * ($0.x - $1.x) + ($0.y - $1.y) * ($0.y - $1.y)).squareRoot()
        }
        let width = max(abs(corners[1].x - corners[0].x), 1)
        return distances.reduce(0, +) / 4 / width
    }

    /// Rows of a table with a header; `columns` name file, text, corners and a filter.
    static func rows(
        of path: String, text: String, corners: String, where wanted: ([String: String]) -> Bool
    ) -> [LabelledPlate] {
        guard let table = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
        let lines = table.split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        guard let names = lines.first else { return [] }
        let folder = (path as NSString).deletingLastPathComponent
        return lines.dropFirst().compactMap { line in
            let row = Dictionary(zip(names, line), uniquingKeysWith: { first, _ in first })
            let points = (row[corners] ?? "").split(separator: ";").compactMap { pair in
                let numbers = pair.split(separator: ",").compactMap { Double($0) }
                return numbers.count == 2 ? PixelPoint(x: numbers[0], y: numbers[1]) : nil
            }
            guard wanted(row), points.count == 4, let file = row["file"], let text = row[text]
            else { return nil }
            return LabelledPlate(file: "\(folder)/\(file)", text: text, corners: points)
        }
    }
}

/// Our own rendered pictures, and photographs where the folder with them is at hand.
@Suite struct PictureTests {
    private static let root = URL(filePath: Models.folder).deletingLastPathComponent().path
    static let rendered = LabelledPlate.rows(
        of: "\(root)/config/demo/scenes/scenes.tsv", text: "text", corners: "corners",
        where: { $0["readable"] == "yes" && $0["stage"] == "standing" })
    /// Neither trained nor tuned on.
    static let photographed = LabelledPlate.rows(
        of: "\(root)/../shared/data/plates/manifest.tsv", text: "text", corners: "quad_or_bbox",
        where: {
            $0["kind"] == "scene" && $0["split"] == "dev" && $0["text"] != ""
                && $0["plate_type"] != "other"
        })

    private func count(_ plates: [LabelledPlate]) throws -> (exact: Int, errors: [Double]) {
        let recogniser = try PlateRecogniser(models: Models.folder)
        var exact = 0
        var errors: [Double] = []
        for plate in plates {
            let readings = try recogniser.read(Picture(path: plate.file)).map(\.reading)
            if readings.contains(where: { $0.text == plate.text }) { exact += 1 }
            let nearest = readings.map { plate.error(of: $0.corners) }.min()
            if let nearest, nearest < 0.5 { errors.append(nearest) }
        }
        return (exact, errors)
    }

    @Test func renderedPlatesAreReadWhereTheyStand() throws {
        let (exact, errors) = try count(Self.rendered)
        #expect(Self.rendered.count > 40)
        #expect(exact >= Self.rendered.count * 95 / 100, "\(exact) of \(Self.rendered.count)")
        #expect(errors.reduce(0, +) / Double(max(errors.count, 1)) < 0.05)
    }

    /// What stands beside a plate that was read is not passed over, wherever it stands.
    @Test func eachOfTwoPlatesInAPictureIsRead() throws {
        let pair = Self.rendered.prefix(2)
        let images = try pair.map { try Picture(path: $0.file).rgb().image }
        let (left, right) = (try #require(images.first), try #require(images.last))
        var pixels: [UInt8] = []
        for row in 0..<left.height {
            for image in [left, right] {
                let start = row * image.width * 3
                pixels += image.pixels[start..<start + image.width * 3]
            }
        }
        let size = PixelSize(width: left.width + right.width, height: left.height)
        let both = RGBImage(size: size, pixels: pixels)
        let recogniser = try PlateRecogniser(models: Models.folder)
        let jpeg = try Picture(jpeg: try JPEG.encode(both, quality: 90))
        for picture in [Picture(both), jpeg] {
            let texts = Set(try recogniser.read(picture).map(\.reading.text))
            #expect(texts.isSuperset(of: pair.map(\.text)), "\(texts)")
        }
    }

    @Test(.enabled(if: !photographed.isEmpty, "the folder of photographs is not at hand"))
    func photographedPlatesAreRead() throws {
        let (exact, errors) = try count(Self.photographed)
        #expect(
            exact >= Self.photographed.count * 95 / 100, "\(exact) of \(Self.photographed.count)")
        #expect(errors.count >= Self.photographed.count * 98 / 100)
    }

    @Test func fromNearCornersAreBetterThanFromAfar() throws {
        let localiser = try PlateLocaliser(path: "\(Models.folder)/\(ModelFolder.localiser)")
        var (afar, near) = (0.0, 0.0)
        for plate in Self.rendered {
            let picture = try Picture(path: plate.file)
            let image = try picture.rgb().image
            let found = try localiser.locate(in: image, fullSize: picture.size)
            guard
                let first = found.min(by: {
                    plate.error(of: $0.corners) < plate.error(of: $1.corners)
                }),
                plate.error(of: first.corners) < 0.5
            else { continue }
            let second = try #require(
                try localiser.examine(first, in: image, origin: PixelPoint(x: 0, y: 0)))
            afar += plate.error(of: first.corners)
            near += plate.error(of: second.corners)
        }
        #expect(afar > 0 && near < afar)
    }

    /// Nine pixels wide and as high as the picture: enlarged as a whole it would fill the memory.
    @Test func aSliverIsLookedAtInItsNeighbourhoodOnly() throws {
        let localiser = try PlateLocaliser(path: "\(Models.folder)/\(ModelFolder.localiser)")
        let image = RGBImage(size: PixelSize(width: 4_000, height: 3_000), filledWith: 90)
        let sliver = Quadrilateral(
            topLeft: PixelPoint(x: 1_000, y: 0), topRight: PixelPoint(x: 1_009, y: 0),
            bottomRight: PixelPoint(x: 1_009, y: 2_999), bottomLeft: PixelPoint(x: 1_000, y: 2_999))
        for left in [0.0, -990, 2_995, -9_000] {
            let place = LocatedPlate(
                corners: sliver.shifted(by: PixelPoint(x: left, y: 0)), probability: 0.9)
            let seen = try localiser.examine(place, in: image, origin: PixelPoint(x: 0, y: 0))
            #expect((seen?.probability ?? 0) < 0.5)
        }
    }
}
