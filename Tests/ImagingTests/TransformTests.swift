import Imaging
import Testing

@Suite struct RawFormatTests {
    /// 4 x 2 pixels: brightness counts up, colours are neutral.
    private static let luma: [UInt8] = [16, 40, 80, 120, 160, 200, 220, 235]

    @Test func brightnessOfEachFormatIsKept() throws {
        let size = PixelSize(width: 4, height: 2)
        let yuyv: [UInt8] = Self.luma.flatMap { (y: UInt8) -> [UInt8] in [y, 128] }
        let cases: [(PixelFormat, Int, [UInt8])] = [
            (.yuyv, 8, yuyv), (.nv12, 4, Self.luma + [128, 128, 128, 128]), (.gray, 4, Self.luma),
        ]
        for (format, rowBytes, bytes) in cases {
            let picture = try Picture(
                format: format, size: size, rowBytes: rowBytes, bytes: OwnedBytes(bytes))
            #expect(try picture.gray().image.pixels == Self.luma)
            let part = PixelRect(x: 1, y: 1, width: 3, height: 1)
            #expect(try picture.gray(part: part).image.pixels == [200, 220, 235])
            let rgb = try picture.rgb().image.pixels
            #expect(rgb[0] == rgb[1] && rgb[1] == rgb[2])
            #expect(rgb[23] > 225)
            #expect(try picture.rgb(part: part).image.pixels == Array(rgb[15..<24]))
            #expect(try picture.gray(scale: .half).image.size == PixelSize(width: 2, height: 1))
        }
    }

    @Test func rowsMayHaveGaps() throws {
        let bytes: [UInt8] = [1, 2, 99, 99, 3, 4, 99, 99]
        let picture = try Picture(
            format: .gray, size: .init(width: 2, height: 2), rowBytes: 4, bytes: OwnedBytes(bytes))
        #expect(try picture.gray().image.pixels == [1, 2, 3, 4])
    }

    @Test func colorsOfYUYVAreRight() throws {
        // Limited-range red: Y 81, U 90, V 240.
        let bytes: [UInt8] = [81, 90, 81, 240]
        let picture = try Picture(
            format: .yuyv, size: .init(width: 2, height: 1), rowBytes: 4, bytes: OwnedBytes(bytes))
        let rgb = try picture.rgb().image.pixels
        #expect(rgb[0] > 245 && rgb[1] < 10 && rgb[2] < 10)
    }

    @Test(arguments: PixelFormat.allCases.filter { $0 != .jpeg })
    func tooFewBytesAreRefused(format: PixelFormat) throws {
        let error = #expect(throws: ImageError.self) {
            try Picture(
                format: format, size: .init(width: 64, height: 48), rowBytes: 192,
                bytes: OwnedBytes([UInt8](repeating: 0, count: 192 * 48 - 1)))
        }
        #expect(error?.kind == .damaged)
        #expect(throws: ImageError.self) {
            try Picture(
                format: format, size: .init(width: 0, height: -3), rowBytes: 192,
                bytes: OwnedBytes([]))
        }
    }
}

@Suite struct TransformTests {
    @Test func shrinkingAverages() {
        // Stripes of one pixel: a filter that skips pixels would give black or white.
        let stripes = GrayImage(
            size: .init(width: 96, height: 96), pixels: (0..<96 * 96).map { $0 % 2 == 0 ? 0 : 255 })
        for width in [48, 32, 24] {
            let small = stripes.resized(to: .init(width: width, height: 96))
            #expect(abs(small.statistics().mean - 127.5) < 2)
            let color = stripes.rgb().resized(to: .init(width: width, height: 96))
            #expect(color.gray().difference(from: small) < 2)
        }
    }

    @Test func statisticsAreExact() {
        let image = GrayImage(
            size: .init(width: 100, height: 100), pixels: (0..<10_000).map { UInt8($0 % 2 * 10) })
        #expect(image.statistics().mean == 5)
        #expect(image.statistics().deviation == 5)
        let white = GrayImage(size: image.size, filledWith: 255)
        #expect(white.difference(from: image) == 250)
        #expect(white.statistics().deviation == 0)
    }

    @Test func aCornerMapGoesThroughItsCorners() throws {
        let corners: [SIMD2<Double>] = [.init(13, 20), .init(90, 31), .init(80, 77), .init(7, 60)]
        let map = try Homography(from: .init(width: 60, height: 20), to: corners)
        for (point, corner) in zip(
            [SIMD2(0.0, 0), .init(60, 0), .init(60, 20), .init(0, 20)], corners)
        {
            let d = map.apply(point) - corner
            #expect(abs(d.x) + abs(d.y) < 1e-9)
        }
    }

    @Test func rectifyingTheWholePictureChangesNothing() throws {
        let image = Made.rgb(60, 40)
        let corners: [SIMD2<Double>] = [.init(0, 0), .init(60, 0), .init(60, 40), .init(0, 40)]
        #expect(try image.rectified(corners: corners, to: image.size) == image)
        let gray = image.gray()
        #expect(try gray.rectified(corners: corners, to: image.size) == gray)
    }

    @Test func aTurnedPartIsStraightened() throws {
        let image = Made.rgb(60, 40).gray()
        // The same corners, read from the right side: a quarter turn.
        let corners: [SIMD2<Double>] = [.init(60, 0), .init(60, 40), .init(0, 40), .init(0, 0)]
        let turned = try image.rectified(corners: corners, to: .init(width: 40, height: 60))
        for (x, y) in [(0, 0), (17, 33), (39, 59)] {
            #expect(turned.pixels[y * 40 + x] == image.pixels[x * 60 + 59 - y])
        }
    }

    @Test func strongShrinkingAverages() throws {
        let stripes = GrayImage(
            size: .init(width: 96, height: 96), pixels: (0..<96 * 96).map { $0 % 2 == 0 ? 0 : 255 })
        let corners: [SIMD2<Double>] = [.init(0, 0), .init(96, 0), .init(96, 96), .init(0, 96)]
        let small = try stripes.rectified(corners: corners, to: .init(width: 24, height: 24))
        #expect(abs(small.statistics().mean - 127.5) < 3)
        #expect(small.statistics().deviation < 3)
    }

    @Test func cornersOutsideRepeatTheEdge() throws {
        let image = GrayImage(size: .init(width: 4, height: 4), filledWith: 70)
        let corners: [SIMD2<Double>] = [
            .init(-1e6, -1e6), .init(1e6, -1e6), .init(1e6, 1e6), .init(-1e6, 1e6),
        ]
        let warped = try image.rectified(corners: corners, to: .init(width: 8, height: 8))
        #expect(warped == GrayImage(size: .init(width: 8, height: 8), filledWith: 70))
        let nowhere = Homography([Double](repeating: .nan, count: 9))
        #expect(image.warped(by: nowhere, to: image.size) == image)
    }

    @Test(arguments: [
        [SIMD2(0.0, 0), .init(10, 0), .init(20, 0), .init(30, 0)],
        [SIMD2(0.0, 0), .init(0, 0), .init(0, 0), .init(0, 0)],
        [SIMD2(0.0, 0), .init(0, 10), .init(10, 10), .init(10, 0)],
        [SIMD2(0.0, 0), .init(10, 10), .init(10, 0), .init(0, 10)],
        [SIMD2(0.0, 0), .init(10, 0), .init(.nan, 10), .init(0, 10)],
    ])
    func cornersThatAreNoQuadrilateralAreRefused(corners: [SIMD2<Double>]) {
        let error = #expect(throws: ImageError.self) {
            try Homography(from: .init(width: 10, height: 10), to: corners)
        }
        #expect(error?.kind == .degenerate)
    }
}

@Suite struct WindowTests {
    /// 3 x 2 pixels: 1 2 3 over 4 5 6.
    private let image = GrayImage(size: PixelSize(width: 3, height: 2), pixels: [1, 2, 3, 4, 5, 6])

    @Test(arguments: [
        (0, 0, 3, 2, [1, 2, 3, 4, 5, 6]), (1, 1, 2, 1, [5, 6]),
        (-1, -1, 3, 2, [1, 1, 2, 1, 1, 2]), (2, 1, 3, 2, [6, 6, 6, 6, 6, 6]),
        (-9, 0, 2, 1, [1, 1]), (9, 9, 2, 1, [6, 6]), (-1, 0, 5, 1, [1, 1, 2, 3, 3]),
    ])
    func edgesAreRepeatedOutside(x: Int, y: Int, width: Int, height: Int, wanted: [UInt8]) {
        let window = image.window(x: x, y: y, size: PixelSize(width: width, height: height))
        #expect(window.pixels == wanted)
    }

    @Test func colorsStayTogether() {
        let image = RGBImage(size: PixelSize(width: 2, height: 1), pixels: [1, 2, 3, 4, 5, 6])
        let window = image.window(x: -1, y: 0, size: PixelSize(width: 4, height: 1))
        #expect(window.pixels == [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
    }
}
