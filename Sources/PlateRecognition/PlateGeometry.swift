import GateTypes

/// An upright part of a picture; it may reach beyond the picture's edge.
package struct PixelPart: Hashable, Sendable {
    package var left: Double
    package var top: Double
    package var right: Double
    package var bottom: Double

    /// The smallest part that holds both.
    func union(_ other: Self) -> Self {
        Self(
            left: min(left, other.left), top: min(top, other.top), right: max(right, other.right),
            bottom: max(bottom, other.bottom))
    }
}

extension Quadrilateral {
    /// Half the sum of the cross products: positive for corners that go clockwise on the screen.
    var signedArea: Double {
        let points = corners
        var sum = 0.0
        for (a, b) in zip(points, points[1...] + points[..<1]) { sum += a.x * b.y - b.x * a.y }
        return sum / 2
    }

    var heightPixels: Double {
        let (dx, dy) = (bottomLeft.x - topLeft.x, bottomLeft.y - topLeft.y)
        return (dx * dx + dy * dy).squareRoot()
    }

    /// False for what no camera makes of a plate: turned inside out, a sliver, not finite, far away.
    var isReasonable: Bool {
        guard corners.allSatisfy({ abs($0.x) < 1e6 && abs($0.y) < 1e6 }) else { return false }
        return signedArea > 24 && widthPixels > 8 && heightPixels > 3
    }

    /// Two results on one physical plate: they cover each other, or one's middle lies in the other.
    func isSamePlate(as other: Quadrilateral) -> Bool {
        overlap(other) > 0.3 || other.bounds(contain: centre) || bounds(contain: other.centre)
    }

    private func bounds(contain point: PixelPoint) -> Bool {
        let box = bounds
        return point.x > box.left && point.x < box.right && point.y > box.top
            && point.y < box.bottom
    }

    func shifted(by offset: PixelPoint) -> Quadrilateral {
        let move = { (p: PixelPoint) in PixelPoint(x: p.x + offset.x, y: p.y + offset.y) }
        return Quadrilateral(
            topLeft: move(topLeft), topRight: move(topRight), bottomRight: move(bottomRight),
            bottomLeft: move(bottomLeft))
    }

    /// Intersection over union of the upright boxes around both.
    func overlap(_ other: Quadrilateral) -> Double {
        let (a, b) = (bounds, other.bounds)
        let width = min(a.right, b.right) - max(a.left, b.left)
        let height = min(a.bottom, b.bottom) - max(a.top, b.top)
        let common = max(0, width) * max(0, height)
        let area = { (box: PixelPart) in
            (box.right - box.left) * (box.bottom - box.top)
        }
        let union = area(a) + area(b) - common
        return union > 0 ? common / union : 0
    }

    /// The upright box around the corners.
    package var bounds: PixelPart {
        let (xs, ys) = (corners.map(\.x), corners.map(\.y))
        return PixelPart(
            left: xs.min() ?? 0, top: ys.min() ?? 0, right: xs.max() ?? 0, bottom: ys.max() ?? 0)
    }

    /// True when the point lies inside a polygon (even-odd rule); an empty polygon holds all.
    package static func contains(_ point: PixelPoint, polygon: [PixelPoint]) -> Bool {
        guard polygon.count >= 3 else { return true }
        var inside = false
        for (a, b) in zip(polygon, polygon[1...] + polygon[..<1])
        where (a.y > point.y) != (b.y > point.y) {
            if point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x { inside.toggle() }
        }
        return inside
    }
}
