import Foundation
import GateTypes
import Imaging
import Testing

@testable import PlateRecognition

/// Whatever a file holds, reading it ends with plates that the grammar allows or with an error that
/// says what to do; nothing traps. Each case is told by its seed and number.
@Suite struct FuzzTests {
    /// SplitMix64.
    struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    struct Tally {
        var readCount = 0
        var plateCount = 0
        var errorKinds: [String] = []
    }

    private static let root = URL(filePath: Models.folder).deletingLastPathComponent().path

    /// A rendered scene, made small so that some hundred readings take seconds.
    static func scene() throws -> RGBImage {
        let whole = try Picture(path: "\(root)/config/demo/scenes/V02-2.jpg").rgb(scale: .half)
        return whole.image
    }

    /// The part of the scene around its plate.
    static func crop(_ recogniser: PlateRecogniser, _ scene: RGBImage) throws -> RGBImage {
        let plates = try recogniser.read(Picture(scene))
        let box = try #require(plates.first).reading.corners.bounds
        let part = PixelRect(
            x: Int(box.left), y: Int(box.top), width: Int(box.right - box.left),
            height: Int(box.bottom - box.top))
        return try scene.cropped(to: part)
    }

    static func read(
        _ bytes: [UInt8], crop: Bool, _ recogniser: PlateRecogniser, _ tally: inout Tally,
        _ name: String
    ) {
        do throws(ImageError) {
            let picture = try Picture(fileBytes: bytes)
            let plates = try crop ? recogniser.readCrop(picture) : recogniser.read(picture)
            tally.readCount += 1
            tally.plateCount += plates.count
            for plate in plates { check(plate.reading, name) }
        } catch {
            tally.errorKinds.append("\(error.kind)")
            #expect(!error.problem.isEmpty && !error.remedy.isEmpty, "\(name): \(error)")
        }
    }

    private static func check(_ reading: PlateReading, _ name: String) {
        let isGrammatical = !PlateGrammar.types(of: reading.text).isEmpty
        #expect(reading.text.isEmpty || isGrammatical, "\(name): \(reading.text)")
        #expect((0...1).contains(reading.confidence), "\(name): \(reading.confidence)")
        #expect(
            reading.corners.corners.allSatisfy { abs($0.x) < 1e6 && abs($0.y) < 1e6 },
            "\(name): \(reading.corners)")
        #expect(reading.places.count == reading.text.count, "\(name)")
    }

    // MARK: Damaged files

    /// One to eight of: changed bytes (in the header or anywhere), a cut, a part doubled or taken
    /// out, a marker where none belongs.
    static func damaged(_ good: [UInt8], _ random: inout Random) -> [UInt8] {
        var bytes = good
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            guard bytes.count > 16 else { break }
            let isHeader = Bool.random(using: &random)
            let at = Int.random(
                in: 2..<(isHeader ? min(700, bytes.count) : bytes.count), using: &random)
            let length = min(Int.random(in: 1...64, using: &random), bytes.count - at)
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 3: bytes.insert(contentsOf: bytes[at..<at + length], at: at)
            case 4: bytes.removeSubrange(at..<at + length)
            default:
                let marker = UInt8.random(in: 0xC0...0xFE, using: &random)
                bytes.insert(contentsOf: [0xFF, marker], at: at)
            }
        }
        if Int.random(in: 0..<5, using: &random) == 0 {
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
        }
        return bytes
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func damagedFilesAreReadOrRefusedAndNeverTrap(seed: UInt64) throws {
        let recogniser = try PlateRecogniser(models: Models.folder)
        let scene = try Self.scene()
        let crop = try Self.crop(recogniser, scene)
        let originals = [
            (try JPEG.encode(scene, quality: 60), false, 40), (try PNG.encode(crop), true, 40),
            (try JPEG.encode(crop), true, 80), (try PNG.encode(crop), false, 20),
        ]
        var random = Random(state: seed)
        var tally = Tally()
        for (number, (good, isCrop, count)) in originals.enumerated() {
            for step in 0..<count {
                let bytes = Self.damaged(good, &random)
                Self.read(
                    bytes, crop: isCrop, recogniser, &tally, "seed \(seed), \(number), \(step)")
            }
        }
        // Both ways out were taken.
        #expect(tally.readCount > 20 && tally.plateCount > 5, "\(tally)")
        #expect(Set(tally.errorKinds).contains("damaged"), "\(tally.errorKinds)")
    }

    // MARK: Odd sizes

    static let sizes: [(Int, Int)] = [
        (1, 1), (1, 2), (2, 1), (3, 3), (7, 5), (8, 8), (17, 1), (1, 17), (94, 24), (24, 94),
        (12_000, 1), (1, 12_000), (12_000, 3), (3, 12_000), (12_000, 40), (40, 12_000),
        (12_000, 700), (640, 2), (2, 640), (1920, 9), (65_000, 1), (1, 65_000), (333, 777),
    ]

    /// Noise in small blocks, so that both networks find something to think about.
    static func noise(_ width: Int, _ height: Int, _ random: inout Random) -> RGBImage {
        var pixels = [UInt8](repeating: 0, count: width * height * 3)
        var value = random.next()
        for index in pixels.indices {
            if index % 8 == 0 { value = random.next() }
            pixels[index] = UInt8(truncatingIfNeeded: value >> UInt64(index % 8 * 8))
        }
        return RGBImage(size: PixelSize(width: width, height: height), pixels: pixels)
    }

    @Test func oddSizesAreReadOrRefusedInEachFormat() throws {
        let recogniser = try PlateRecogniser(models: Models.folder)
        var random = Random(state: 7)
        var tally = Tally()
        for (width, height) in Self.sizes {
            let image = Self.noise(width, height, &random)
            var files = [try PNG.encode(image)]
            if let jpeg = try? JPEG.encode(image) { files.append(jpeg) }
            for (number, bytes) in files.enumerated() {
                for crop in [false, true] {
                    Self.read(
                        bytes, crop: crop, recogniser, &tally,
                        "\(width)x\(height), file \(number), crop \(crop)")
                }
            }
        }
        #expect(tally.readCount > Self.sizes.count, "\(tally)")
    }

    @Test func aPlateStretchedIntoAStripIsReadOrNotAndNeverTraps() throws {
        let recogniser = try PlateRecogniser(models: Models.folder)
        let crop = try Self.crop(recogniser, try Self.scene())
        var tally = Tally()
        for (width, height) in [(1, 40), (40, 1), (6000, 20), (12_000, 24), (20, 6000), (94, 24)] {
            let strip = crop.resized(to: PixelSize(width: width, height: height))
            let bytes = try JPEG.encode(strip)
            for isCrop in [false, true] {
                Self.read(bytes, crop: isCrop, recogniser, &tally, "\(width)x\(height)")
            }
        }
        #expect(tally.readCount == 12, "\(tally)")
    }
}
