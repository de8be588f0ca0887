import Foundation
import Imaging
import Testing

/// Pictures made by rule, so that their pixels are known.
enum Made {
    /// Smooth slopes with a disc, so that JPEG keeps it nearly.
    static func rgb(_ width: Int, _ height: Int) -> RGBImage {
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                let inside = (x - width / 3) * (x - width / 3) + (y - height / 2) * (y - height / 2)
                let lit = inside < height * height / 16
                pixels += [
                    UInt8(x * 200 / width + 20), UInt8(y * 200 / height + 20), lit ? 220 : 60,
                ]
            }
        }
        return RGBImage(size: .init(width: width, height: height), pixels: pixels)
    }

    static func jpeg(_ width: Int = 200, _ height: Int = 120) throws -> [UInt8] {
        try JPEG.encode(rgb(width, height), quality: 92)
    }
}

@Suite struct JPEGTests {
    @Test func whatWasEncodedComesBackNearly() throws {
        let image = Made.rgb(200, 120)
        let decoded: Decoded<RGBImage> = try JPEG.decode(Made.jpeg())
        #expect(decoded.warningCount == 0)
        #expect(decoded.image.size == image.size)
        #expect(decoded.image.difference(from: image) < 3)
        let gray: Decoded<GrayImage> = try JPEG.decode(Made.jpeg())
        #expect(gray.image.difference(from: image.gray()) < 2)
    }

    @Test(arguments: DecodeScale.allCases)
    func scaledDecodingAverages(scale: DecodeScale) throws {
        let bytes = try Made.jpeg(201, 123)
        let whole: Decoded<GrayImage> = try JPEG.decode(bytes)
        let small: Decoded<GrayImage> = try JPEG.decode(bytes, scale: scale)
        let expected = scale.applied(to: whole.image.size)
        #expect(small.image.size == expected)
        #expect(small.image.difference(from: whole.image.resized(to: expected)) < 6)
    }

    @Test(arguments: [
        PixelRect(x: 0, y: 0, width: 200, height: 120),
        PixelRect(x: 57, y: 33, width: 61, height: 29),
        PixelRect(x: 199, y: 119, width: 1, height: 1),
        PixelRect(x: 3, y: 100, width: 150, height: 20),
        PixelRect(x: 130, y: 0, width: 70, height: 1),
    ])
    func aPartEqualsThePartOfTheWhole(part: PixelRect) throws {
        for scale in [DecodeScale.full, .half] {
            let size = scale.applied(to: PixelSize(width: 200, height: 120))
            guard let part = part.clamped(to: size) else { continue }
            let bytes = try Made.jpeg()
            let whole: Decoded<RGBImage> = try JPEG.decode(bytes, scale: scale)
            let cut: Decoded<RGBImage> = try JPEG.decode(bytes, scale: scale, part: part)
            #expect(try cut.image.difference(from: whole.image.cropped(to: part)) < 0.5)
        }
    }

    @Test func aPartOutsideIsRefused() throws {
        let bytes = try Made.jpeg()
        for part in [
            PixelRect(x: -1, y: 0, width: 5, height: 5), PixelRect(x: 0, y: 0, width: 0, height: 5),
            PixelRect(x: 196, y: 0, width: 5, height: 5),
            PixelRect(x: .max, y: .max, width: .max, height: .max),
        ] {
            let error = #expect(throws: ImageError.self) {
                _ = try JPEG.decode(bytes, as: GrayImage.self, part: part)
            }
            #expect(error?.kind == .outOfBounds)
        }
    }

    @Test func aTornPictureIsDecodedAndCounted() throws {
        let bytes = try Made.jpeg(640, 480)
        let torn = Array(bytes.prefix(bytes.count / 2))
        let decoded: Decoded<GrayImage> = try JPEG.decode(torn)
        #expect(decoded.warningCount > 0)
        #expect(decoded.firstWarning?.isEmpty == false)
        let whole: Decoded<GrayImage> = try JPEG.decode(bytes)
        let top = PixelRect(x: 0, y: 0, width: 640, height: 100)
        #expect(try decoded.image.cropped(to: top) == whole.image.cropped(to: top))
    }

    @Test func everyPrefixIsAPictureOrAnError() throws {
        let bytes = try Made.jpeg(48, 40)
        for count in 0..<bytes.count {
            do throws(ImageError) {
                let decoded: Decoded<RGBImage> = try JPEG.decode(Array(bytes.prefix(count)))
                #expect(decoded.warningCount > 0 || count > bytes.count - 20, "\(count)")
            } catch {
                #expect([.damaged, .notAPicture, .empty].contains(error.kind))
            }
        }
    }

    @Test func noChangedByteStopsTheProcess() throws {
        let bytes = try Made.jpeg(48, 40)
        for place in bytes.indices {
            for flip in [UInt8(0xFF), 0x01] {
                var changed = bytes
                changed[place] ^= flip
                _ = try? JPEG.decode(changed, as: RGBImage.self).image
                _ = try? JPEG.decode(
                    changed, as: GrayImage.self,
                    part: PixelRect(x: 20, y: 20, width: 20, height: 10)
                ).image
            }
        }
    }

    @Test func hugeSizesAreRefusedBeforeMemoryIsAsked() throws {
        var bytes = try Made.jpeg()
        let frame = try #require(
            bytes.indices.dropLast(9).first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
        for (width, height) in [(10_000, 10_000), (65_500, 65_500)] {
            bytes.replaceSubrange(
                frame + 5..<frame + 9,
                with: [height >> 8, height & 255, width >> 8, width & 255].map { UInt8($0) })
            let error = #expect(throws: ImageError.self) { try Picture(jpeg: bytes) }
            #expect(error?.kind == .tooLarge)
            #expect(error?.problem.contains("\(width)x\(height)") == true)
        }
    }

    @Test func onePixelIsEnough() throws {
        let dot = GrayImage(size: .init(width: 1, height: 1), filledWith: 200)
        let decoded: Decoded<GrayImage> = try JPEG.decode(JPEG.encode(dot))
        #expect(abs(Int(decoded.image.pixels[0]) - 200) < 3)
        #expect(
            dot.resized(to: .init(width: 9, height: 4)).pixels == [UInt8](repeating: 200, count: 36)
        )
    }

    @Test func fourColorsOfPrintBecomeRed() throws {
        let path = "\((#filePath as NSString).deletingLastPathComponent)/Golden/cmyk-red.jpg"
        let decoded = try Picture(path: path).rgb().image
        let middle = decoded.pixels.suffix(3).map(Int.init)
        #expect(middle[0] > 180 && middle[1] < 80 && middle[2] < 80, "\(middle)")
        #expect(try Picture(path: path).gray().image.size == decoded.size)
    }
}

@Suite struct PNGTests {
    @Test func whatWasEncodedComesBackExactly() throws {
        let image = Made.rgb(61, 47)
        #expect(try PNG.decode(PNG.encode(image), as: RGBImage.self).image == image)
        let gray = image.gray()
        #expect(try PNG.decode(PNG.encode(gray), as: GrayImage.self).image == gray)
        #expect(try PNG.decode(PNG.encode(image), as: GrayImage.self).image == gray)
        #expect(try PNG.decode(PNG.encode(gray), as: RGBImage.self).image == gray.rgb())
    }

    @Test func noPrefixOrChangedByteStopsTheProcess() throws {
        let bytes = try PNG.encode(Made.rgb(31, 17))
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 0x55
            _ = try? PNG.decode(changed, as: RGBImage.self)
            // Without the closing chunk alone, all pixels are there.
            guard place < bytes.count - 12 else { continue }
            #expect(throws: ImageError.self) {
                _ = try PNG.decode(Array(bytes.prefix(place)), as: RGBImage.self)
            }
        }
    }

    @Test func hugeSizesAreRefused() throws {
        // A header that claims 100 megapixels, with the checksum that belongs to it.
        var bytes = PNG_HEADER
        bytes += [0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10, 8, 2, 0, 0, 0]
        bytes += [0x2F, 0x8E, 0xBF, 0x0B]
        #expect(throws: ImageError.self) { try Picture(fileBytes: bytes) }
    }
}

private let PNG_HEADER: [UInt8] = [
    0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52,
]

@Suite struct FileTests {
    /// A folder that is removed again.
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("gatehouse-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    @Test(arguments: ["a.jpg", "a.JPEG", "a.png"])
    func filesAreToldApartByContent(name: String) throws {
        try inFolder { folder in
            let image = Made.rgb(40, 30)
            try ImageFile.write(image, to: "\(folder)/\(name)")
            let renamed = "\(folder)/renamed.bin"
            try FileManager.default.moveItem(atPath: "\(folder)/\(name)", toPath: renamed)
            #expect(try Picture(path: renamed).rgb().image.difference(from: image) < 4)
        }
    }

    @Test func badFilesAreNamed() throws {
        try inFolder { folder in
            let cases: [(String, [UInt8], ImageError.Kind)] = [
                ("empty.jpg", [], .empty), ("text.jpg", Array("hello".utf8), .notAPicture),
                ("torn.jpg", Array(try Made.jpeg().prefix(30)), .damaged),
                ("torn.png", Array(try PNG.encode(Made.rgb(9, 9)).prefix(60)), .damaged),
            ]
            for (name, bytes, kind) in cases {
                let path = "\(folder)/\(name)"
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                let error = #expect(throws: ImageError.self) { try Picture(path: path).rgb() }
                #expect(error?.kind == kind, "\(name): \(String(describing: error))")
                #expect(error?.description.hasPrefix(path) == true)
            }
            #expect(throws: ImageError.self) { try Picture(path: "\(folder)/missing.jpg") }
            #expect(throws: ImageError.self) { try Picture(path: folder) }
            let blocked = "\(folder)/no/such/folder.png"
            let error = #expect(throws: ImageError.self) {
                try ImageFile.write(Made.rgb(4, 4), to: blocked)
            }
            #expect(error?.description.hasPrefix("\(blocked): open: No such file") == true)
        }
    }
}
