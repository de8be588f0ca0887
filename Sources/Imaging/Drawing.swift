/// A colour to draw with.
package struct Color: Hashable, Sendable {
    package var red: UInt8
    package var green: UInt8
    package var blue: UInt8

    package init(red: UInt8, green: UInt8, blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    package static let white = Color(red: 255, green: 255, blue: 255)
    package static let black = Color(red: 0, green: 0, blue: 0)
    package static let green = Color(red: 40, green: 220, blue: 80)
    package static let red = Color(red: 235, green: 50, blue: 50)
    package static let yellow = Color(red: 250, green: 210, blue: 40)
}

extension RGBImage {
    /// Fills a rectangle, as far as it lies inside.
    package mutating func fill(_ part: PixelRect, with color: Color) {
        guard let part = part.clamped(to: size) else { return }
        for y in part.y..<part.y + part.height {
            var at = (y * width + part.x) * 3
            for _ in 0..<part.width {
                pixels[at] = color.red
                pixels[at + 1] = color.green
                pixels[at + 2] = color.blue
                at += 3
            }
        }
    }

    /// Draws a line `thickness` pixels wide, as far as it lies inside.
    package mutating func drawLine(
        from start: SIMD2<Double>, to end: SIMD2<Double>, color: Color, thickness: Int = 2
    ) {
        // Clipped first: a corner far outside must not cost a step for each pixel on the way.
        guard let (start, end) = clip(start, end, margin: Double(thickness)) else { return }
        let way = end - start
        let steps = max(1, Int(max(abs(way.x), abs(way.y)).rounded(.up)))
        for step in 0...steps {
            let point = start + way * (Double(step) / Double(steps))
            let (x, y) = (Int(point.x.rounded(.down)), Int(point.y.rounded(.down)))
            let half = thickness / 2
            fill(
                PixelRect(x: x - half, y: y - half, width: thickness, height: thickness),
                with: color)
        }
    }

    /// Draws a closed line through the points.
    package mutating func drawPolygon(
        _ points: [SIMD2<Double>], color: Color, thickness: Int = 2
    ) {
        for (place, point) in points.enumerated() {
            drawLine(
                from: point, to: points[(place + 1) % points.count], color: color,
                thickness: thickness)
        }
    }

    /// Draws one line of text with its top left at a point, over a background when one is given.
    ///
    /// `dot` is the side of a letter's dot in pixels: letters are 5 × 7 dots, 6 apart. Characters of
    /// plates appear by their Latin names (京 as BJ), since our letters are Latin only.
    package mutating func drawText(
        _ text: String, x: Int, y: Int, color: Color, background: Color? = nil, dot: Int = 2
    ) {
        let latin = Glyphs.latin(text)
        if let background {
            let size = Self.textSize(text, dot: dot)
            fill(
                PixelRect(
                    x: x - dot, y: y - dot, width: size.width + 2 * dot,
                    height: size.height + 2 * dot), with: background)
        }
        var left = x
        for scalar in latin.unicodeScalars {
            let dots = Glyphs.dots(scalar)
            for place in 0..<Glyphs.width * Glyphs.height
            where dots >> UInt64(Glyphs.width * Glyphs.height - 1 - place) & 1 == 1 {
                fill(
                    PixelRect(
                        x: left + place % Glyphs.width * dot, y: y + place / Glyphs.width * dot,
                        width: dot, height: dot), with: color)
            }
            left += (Glyphs.width + 1) * dot
        }
    }

    /// The size that `drawText` needs, without the background's margin of one dot.
    package static func textSize(_ text: String, dot: Int = 2) -> PixelSize {
        let count = Glyphs.latin(text).unicodeScalars.count
        return PixelSize(
            width: max(0, count * (Glyphs.width + 1) - 1) * dot, height: Glyphs.height * dot)
    }

    /// The part of a line within the picture and a margin around it (Liang and Barsky).
    private func clip(
        _ start: SIMD2<Double>, _ end: SIMD2<Double>, margin: Double
    ) -> (SIMD2<Double>, SIMD2<Double>)? {
        let way = end - start
        var (first, last) = (0.0, 1.0)
        let edges = [
            (-way.x, start.x + margin), (way.x, Double(width) + margin - start.x),
            (-way.y, start.y + margin), (way.y, Double(height) + margin - start.y),
        ]
        for (pace, room) in edges {
            guard pace.isFinite, room.isFinite, pace != 0 || room >= 0 else { return nil }
            if pace < 0 { first = max(first, room / pace) }
            if pace > 0 { last = min(last, room / pace) }
        }
        return first <= last ? (start + way * first, start + way * last) : nil
    }
}
