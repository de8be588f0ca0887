import Imaging
import Testing

@Suite struct DrawingTests {
    private let blank = RGBImage(size: .init(width: 60, height: 30))

    private func lit(_ image: RGBImage) -> Int {
        stride(from: 0, to: image.pixels.count, by: 3).count { image.pixels[$0] > 0 }
    }

    @Test func fillingStaysInside() {
        var image = blank
        image.fill(PixelRect(x: -10, y: -10, width: 13, height: 12), with: .white)
        #expect(lit(image) == 6)
        image.fill(PixelRect(x: 59, y: 29, width: .max, height: .max), with: .white)
        #expect(lit(image) == 7)
        image.fill(PixelRect(x: 70, y: 0, width: 5, height: 5), with: .white)
        #expect(lit(image) == 7)
    }

    @Test func linesFarOutsideCostNothingAndCrossThePicture() {
        var image = blank
        image.drawLine(from: .init(-1e12, 10), to: .init(1e12, 10), color: .white, thickness: 1)
        #expect(lit(image) == 60)
        image.drawLine(from: .init(-1e12, 80), to: .init(1e12, 80), color: .white)
        image.drawLine(from: .init(.nan, 0), to: .init(5, 5), color: .white)
        image.drawLine(from: .init(0, 0), to: .init(.infinity, 5), color: .white)
        #expect(lit(image) == 60)
    }

    @Test func aPolygonIsClosed() {
        var image = blank
        let corners: [SIMD2<Double>] = [.init(5, 5), .init(25, 5), .init(25, 15), .init(5, 15)]
        image.drawPolygon(corners, color: .green, thickness: 1)
        #expect(lit(image) == 2 * 20 + 2 * 10)
    }

    @Test func textHasTheSizeItTells() {
        var image = RGBImage(size: RGBImage.textSize("京A12345 0.98", dot: 1))
        #expect(image.width == 13 * 6 - 1 && image.height == 7)
        image.drawText("京A12345 0.98", x: 0, y: 0, color: .white, dot: 1)
        var latin = RGBImage(size: image.size)
        latin.drawText("BJA12345 0.98", x: 0, y: 0, color: .white, dot: 1)
        #expect(image == latin)
        #expect(lit(image) > 100)
    }

    @Test func everyCharacterOfPlatesHasAName() {
        for character in "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新警学挂港澳使领应急" {
            #expect(RGBImage.textSize(String(character), dot: 1).width >= 11, "\(character)")
        }
    }

    @Test func lettersDiffer() {
        let letters = (32...126).map { code in
            var image = RGBImage(size: .init(width: 5, height: 7))
            let scalar = Unicode.Scalar(UInt8(code))
            image.drawText(String(Character(scalar)), x: 0, y: 0, color: .white, dot: 1)
            return image.pixels
        }
        #expect(Set(letters).count == letters.count)
    }
}
