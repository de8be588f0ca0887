import Glibc

/// How often two different people reach a similarity: measured pairs, and the line between them.
package struct FaceCalibration: Hashable, Sendable, Codable {
    /// One measured point: at this similarity so many of all pairs of different people are taken
    /// for one.
    package struct Point: Hashable, Sendable, Codable {
        package let similarity: Double
        package let falseMatchRate: Double

        package init(similarity: Double, falseMatchRate: Double) {
            self.similarity = similarity
            self.falseMatchRate = falseMatchRate
        }
    }

    /// Similarity ascending, rate falling.
    package let points: [Point]

    /// Two points at least, each later one with a higher similarity and a lower rate.
    package init?(_ points: [Point]) {
        let sorted = points.sorted { $0.similarity < $1.similarity }
        guard sorted.count >= 2,
            sorted.allSatisfy({
                (-1...1).contains($0.similarity) && $0.falseMatchRate > 0
                    && $0.falseMatchRate <= 1
            }),
            zip(sorted, sorted.dropFirst()).allSatisfy({
                $0.similarity < $1.similarity && $0.falseMatchRate > $1.falseMatchRate
            })
        else { return nil }
        self.points = sorted
    }

    /// `0.21:1e-2 0.30:1e-3 ...`, in any order.
    package init?(table: String) {
        var points: [Point] = []
        for word in table.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "\n" }) {
            let parts = word.split(separator: ":")
            guard parts.count == 2, let similarity = Double(parts[0]), let rate = Double(parts[1])
            else { return nil }
            points.append(Point(similarity: similarity, falseMatchRate: rate))
        }
        self.init(points)
    }

    package var table: String {
        points.map { "\($0.similarity):\($0.falseMatchRate)" }.joined(separator: " ")
    }

    /// The share of pairs of different people that are at least as similar, 0...1.
    ///
    /// Straight lines in the rate's logarithm between the points. Below the first it is 1; above the
    /// last it stays the last, since nothing rarer was measured.
    package func falseMatchRate(at similarity: Double) -> Double {
        guard similarity.isFinite, let first = points.first, let last = points.last,
            similarity >= first.similarity
        else { return 1 }
        guard similarity < last.similarity else { return last.falseMatchRate }
        for (a, b) in zip(points, points.dropFirst()) where similarity < b.similarity {
            let share = (similarity - a.similarity) / (b.similarity - a.similarity)
            return exp(log(a.falseMatchRate) * (1 - share) + log(b.falseMatchRate) * share)
        }
        return last.falseMatchRate
    }

    /// The similarity from which on the rate is at most `rate`; nil when none so rare was measured.
    package func threshold(for rate: Double) -> Double? {
        guard let last = points.last, rate >= last.falseMatchRate else { return nil }
        guard let first = points.first, rate < first.falseMatchRate else {
            return points.first?.similarity
        }
        for (a, b) in zip(points, points.dropFirst()) where rate >= b.falseMatchRate {
            let share =
                (log(a.falseMatchRate) - log(rate))
                / (log(a.falseMatchRate) - log(b.falseMatchRate))
            return a.similarity + share * (b.similarity - a.similarity)
        }
        return last.similarity
    }

    /// This table where it was measured, and the network's own beyond it.
    ///
    /// A site's people may be more alike than those of the network's table: that one is shifted by as
    /// much as they are, and never to their disadvantage.
    package func extended(by network: FaceCalibration?) -> FaceCalibration {
        guard let network, let last = points.last else { return self }
        let shift =
            points.compactMap { point in
                network.threshold(for: point.falseMatchRate).map { point.similarity - $0 }
            }.max() ?? 0
        let further = network.points.map {
            Point(
                similarity: $0.similarity + max(shift, 0), falseMatchRate: $0.falseMatchRate)
        }.filter {
            $0.similarity > last.similarity && $0.similarity <= 1
                && $0.falseMatchRate < last.falseMatchRate
        }
        return FaceCalibration(points + further) ?? self
    }

    /// The pair rate at which one stranger in front of `people` enrolled ones is taken for any of
    /// them with at most this probability.
    package static func pairRate(forOneIn rate: Double, people: Int) -> Double {
        guard people > 1 else { return rate }
        return 1 - pow(1 - min(max(rate, 0), 1), 1 / Double(people))
    }

    /// The upper end of the interval that holds the rate with 95 %, when `errors` of `trials`
    /// independent trials went wrong (Clopper and Pearson, one-sided where none did).
    package static func upperBound(errors: Int, trials: Int) -> Double {
        guard trials > 0, errors < trials else { return 1 }
        if errors == 0 { return 1 - pow(0.05, 1 / Double(trials)) }
        // Bisection on the binomial's lower tail; logarithms keep large trials finite.
        var (low, high) = (Double(errors) / Double(trials), 1.0)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if tail(errors, trials, middle) > 0.025 { low = middle } else { high = middle }
        }
        return high
    }

    /// Probability of at most `errors` of `trials`.
    private static func tail(_ errors: Int, _ trials: Int, _ rate: Double) -> Double {
        let n = Double(trials)
        var (sum, ways) = (0.0, 0.0)  // `ways` is the logarithm of "k of n".
        for k in 0...errors {
            let k = Double(k)
            if k > 0 { ways += log((n - k + 1) / k) }
            sum += exp(ways + k * log(rate) + (n - k) * log1p(-rate))
        }
        return sum
    }
}
