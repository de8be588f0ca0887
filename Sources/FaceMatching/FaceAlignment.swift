import GateTypes
import Imaging

/// The similarity (turn, scale, shift; no mirroring) that carries a face onto the embedder's points.
package struct FaceAlignment: Sendable {
    /// Real and imaginary part of turn and scale, from the picture to the target.
    private let turn: SIMD2<Double>
    private let shift: SIMD2<Double>
    /// Mean distance of the carried points from the target's, in shares of the target's eye distance:
    /// small for a frontal face, large for one turned away or for points that are none.
    package let residual: Double

    /// Least squares over the points; nil when they fall together or are no numbers.
    package init?(from points: [PixelPoint], to targets: [PixelPoint]) {
        guard points.count == targets.count, points.count >= 2 else { return nil }
        let p = points.map { SIMD2($0.x, $0.y) }
        let q = targets.map { SIMD2($0.x, $0.y) }
        let count = Double(p.count)
        let (pMean, qMean) = (p.reduce(.zero, +) / count, q.reduce(.zero, +) / count)
        var (dot, cross, spread) = (0.0, 0.0, 0.0)
        for (a, b) in zip(p, q) {
            let (u, v) = (a - pMean, b - qMean)
            dot += u.x * v.x + u.y * v.y
            cross += u.x * v.y - u.y * v.x
            spread += u.x * u.x + u.y * u.y
        }
        // Narrower than a pixel there is no face to straighten.
        guard spread.isFinite, dot.isFinite, cross.isFinite, spread > 0.5,
            dot * dot + cross * cross > 1e-9 * spread * spread
        else { return nil }
        let turn = SIMD2(dot, cross) / spread
        let shift = qMean - Self.rotate(pMean, turn)
        self.turn = turn
        self.shift = shift
        var error = 0.0
        for (a, b) in zip(p, q) {
            let d = Self.rotate(a, turn) + shift - b
            error += (d.x * d.x + d.y * d.y).squareRoot()
        }
        let eyes = q[1] - q[0]
        residual = error / count / max((eyes.x * eyes.x + eyes.y * eyes.y).squareRoot(), 1e-9)
    }

    private static func rotate(_ p: SIMD2<Double>, _ turn: SIMD2<Double>) -> SIMD2<Double> {
        SIMD2(turn.x * p.x - turn.y * p.y, turn.y * p.x + turn.x * p.y)
    }

    package func apply(_ point: PixelPoint) -> PixelPoint {
        let moved = Self.rotate(SIMD2(point.x, point.y), turn) + shift
        return PixelPoint(x: moved.x, y: moved.y)
    }

    /// Where a point of the target lies in the picture.
    package func unapply(_ point: PixelPoint) -> PixelPoint {
        let inverse = SIMD2(turn.x, -turn.y) / (turn.x * turn.x + turn.y * turn.y)
        let moved = Self.rotate(SIMD2(point.x, point.y) - shift, inverse)
        return PixelPoint(x: moved.x, y: moved.y)
    }

    /// Target pixels for each pixel of the picture.
    package var scale: Double { (turn.x * turn.x + turn.y * turn.y).squareRoot() }

    /// The map from the target back to the picture.
    ///
    /// Points of faces count pixels by their middles, `Homography` by their corners.
    package var toPicture: Homography {
        let square = turn.x * turn.x + turn.y * turn.y
        let inverse = SIMD2(turn.x, -turn.y) / square
        let half = SIMD2(0.5, 0.5)
        let origin = Self.rotate(-half - shift, inverse) + half
        return Homography([
            inverse.x, -inverse.y, origin.x, inverse.y, inverse.x, origin.y, 0, 0, 1,
        ])
    }

    /// The face, straightened.
    package func straighten(_ image: RGBImage, to size: PixelSize) -> RGBImage {
        image.warped(by: toPicture, to: size)
    }
}
