import Glibc

/// Width and height in pixels.
package struct PixelSize: Hashable, Sendable, CustomStringConvertible {
    package var width: Int
    package var height: Int

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    package var area: Int { width * height }
    package var description: String { "\(width)x\(height)" }
}

/// A rectangle of whole pixels.
package struct PixelRect: Hashable, Sendable, CustomStringConvertible {
    package var x: Int
    package var y: Int
    package var width: Int
    package var height: Int

    package init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// The whole of a picture.
    package init(_ size: PixelSize) {
        self.init(x: 0, y: 0, width: size.width, height: size.height)
    }

    package var size: PixelSize { PixelSize(width: width, height: height) }
    package var description: String { "\(width)x\(height)+\(x)+\(y)" }

    /// The part of it inside a picture; nil when none is.
    package func clamped(to size: PixelSize) -> PixelRect? {
        let left = max(0, x)
        let top = max(0, y)
        let right = min(size.width, x.addingClamped(width))
        let bottom = min(size.height, y.addingClamped(height))
        guard right > left, bottom > top else { return nil }
        return PixelRect(x: left, y: top, width: right - left, height: bottom - top)
    }

    /// The smallest part that holds all of them; nil of none.
    package static func union(_ parts: [PixelRect]) -> PixelRect? {
        guard var all = parts.first else { return nil }
        for part in parts.dropFirst() {
            let right = max(all.x + all.width, part.x + part.width)
            let bottom = max(all.y + all.height, part.y + part.height)
            all.x = min(all.x, part.x)
            all.y = min(all.y, part.y)
            (all.width, all.height) = (right - all.x, bottom - all.y)
        }
        return all
    }

    /// Throws when it is empty or not wholly inside a picture of this size.
    func check(inside size: PixelSize) throws(ImageError) {
        guard width > 0, height > 0, clamped(to: size) == self else {
            throw ImageError(
                kind: .outOfBounds, problem: "the part \(self) is not inside the picture \(size)",
                remedy: "clamp it to the picture")
        }
    }
}

extension Int {
    fileprivate func addingClamped(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}

/// Pixels in rows without gaps, 8 bits a channel; a value.
package protocol Raster: Equatable, Sendable {
    /// Bytes of one pixel, 1 or 3.
    static var channels: Int { get }
    var size: PixelSize { get }
    /// `height × width × channels`.
    var pixels: [UInt8] { get set }
    /// The count of `pixels` is the caller's duty: `size.area * channels`.
    init(size: PixelSize, pixels: [UInt8])
}

extension Raster {
    package var width: Int { size.width }
    package var height: Int { size.height }

    /// Overwrites the pixels where they lie, for pictures of people who were not asked.
    ///
    /// The picture must be nobody else's: another holder keeps theirs.
    package mutating func wipe() {
        unsafe pixels.withUnsafeMutableBytes { bytes in
            if let start = bytes.baseAddress { unsafe explicit_bzero(start, bytes.count) }
        }
    }

    /// A picture of one value in all channels.
    package init(size: PixelSize, filledWith value: UInt8 = 0) {
        self.init(
            size: size, pixels: [UInt8](repeating: value, count: size.area * Self.channels))
    }

    /// A picture whose pixels `fill` writes, all of them.
    init<Failure: Error>(
        size: PixelSize,
        writing fill: (UnsafeMutableBufferPointer<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        let count = size.area * Self.channels
        var failure: Failure?
        let pixels = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(Failure) {
                try unsafe fill(buffer)
                initialized = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        self.init(size: size, pixels: pixels)
    }

    /// A copy of a part.
    package func cropped(to part: PixelRect) throws(ImageError) -> Self {
        try part.check(inside: size)
        var copy: [UInt8] = []
        copy.reserveCapacity(part.size.area * Self.channels)
        for row in part.y..<part.y + part.height {
            let start = (row * width + part.x) * Self.channels
            copy += pixels[start..<start + part.width * Self.channels]
        }
        return Self(size: part.size, pixels: copy)
    }

    /// What lies in a window of `size` whose first pixel is at (`x`, `y`), inside or not: the edge's
    /// pixels are repeated where the window reaches beyond the picture.
    package func window(x: Int, y: Int, size: PixelSize) -> Self {
        let channels = Self.channels
        let columns = min(max(x, 0), width - 1)..<min(max(x &+ size.width, 1), width)
        let before = min(max(columns.lowerBound &- x, 0), size.width)
        let inside = min(columns.count, size.width - before)
        var copy: [UInt8] = []
        copy.reserveCapacity(size.area * channels)
        for row in 0..<size.height {
            let start = (min(max(y &+ row, 0), height - 1) * width + columns.lowerBound) * channels
            for _ in 0..<before { copy += pixels[start..<start + channels] }
            copy += pixels[start..<start + inside * channels]
            let last = start + (max(inside, 1) - 1) * channels
            for _ in before + inside..<size.width { copy += pixels[last..<last + channels] }
        }
        return Self(size: size, pixels: copy)
    }
}

/// Brightness, 0 black to 255 white.
package struct GrayImage: Raster {
    package static let channels = 1
    package let size: PixelSize
    package var pixels: [UInt8]

    package init(size: PixelSize, pixels: [UInt8]) {
        precondition(size.width > 0 && size.height > 0 && pixels.count == size.area)
        self.size = size
        self.pixels = pixels
    }
}

/// Red, green, blue, interleaved.
package struct RGBImage: Raster {
    package static let channels = 3
    package let size: PixelSize
    package var pixels: [UInt8]

    package init(size: PixelSize, pixels: [UInt8]) {
        precondition(size.width > 0 && size.height > 0 && pixels.count == size.area * 3)
        self.size = size
        self.pixels = pixels
    }
}

/// A decoded picture and what its decoder complained of.
package struct Decoded<Image: Sendable>: Sendable {
    package let image: Image
    /// Complaints about the data; a torn picture has at least one, and gray where it is torn.
    package let warningCount: Int
    package let firstWarning: String?

    package init(_ image: Image, warningCount: Int = 0, firstWarning: String? = nil) {
        self.image = image
        self.warningCount = warningCount
        self.firstWarning = firstWarning
    }
}
