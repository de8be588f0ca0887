/// How the reader's answer becomes a probability: a weighted sum of a reading's features, bent where
/// pictures are poor, through the logistic function.
struct Calibration {
    let bias: Double
    let weights: [Double]
    /// From the sum to log odds. Where the network is middling sure the picture is a poor one, and
    /// those are misread more often than one straight line for all would tell.
    let bend: RisingLine
    /// Divides the log posteriors of each place.
    let temperature: Double

    func confidence(_ features: [Double]) -> Double {
        let sum = zip(weights, features).reduce(bias) { $0 + $1.0 * $1.1 }
        return Numerics.logistic(min(max(bend(sum), -40), 40))
    }
}

/// A line through some points that never falls, so that more evidence never lowers a confidence;
/// beyond the outermost points it goes on with a slope of one.
struct RisingLine {
    private let knots, values: [Double]

    /// Nil unless there are as many values as knots, two at least, all finite, the knots rising and
    /// the values not falling.
    init?(knots: [Double], values: [Double]) {
        guard knots.count == values.count, knots.count >= 2,
            (knots + values).allSatisfy(\.isFinite),
            zip(knots, knots.dropFirst()).allSatisfy({ $0 < $1 }),
            zip(values, values.dropFirst()).allSatisfy({ $0 <= $1 })
        else { return nil }
        (self.knots, self.values) = (knots, values)
    }

    func callAsFunction(_ x: Double) -> Double {
        guard x > knots[0] else { return values[0] + x - knots[0] }
        guard let next = knots.firstIndex(where: { x < $0 }) else {
            return values[values.count - 1] + x - knots[knots.count - 1]
        }
        let share = (x - knots[next - 1]) / (knots[next] - knots[next - 1])
        return values[next - 1] + share * (values[next] - values[next - 1])
    }
}
