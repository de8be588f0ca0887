import GateTypes

/// The newest spans of one kind, with their quantiles.
package struct LatencyWindow: Sendable {
    private var spans: [Duration] = []
    private var next = 0
    private let limit: Int
    /// All spans since the start.
    package private(set) var count = 0
    package private(set) var maximum = Duration.zero

    /// - Parameter limit: how many spans the quantiles look back.
    package init(limit: Int = 1000) { self.limit = limit }

    package mutating func add(_ span: Duration) {
        count += 1
        maximum = max(maximum, span)
        if spans.count < limit {
            spans.append(span)
        } else {
            spans[next] = span
            next = (next + 1) % limit
        }
    }

    /// The smallest span that `share` of the spans do not exceed; zero without spans.
    package func quantile(_ share: Double) -> Duration {
        let sorted = spans.sorted()
        guard !sorted.isEmpty else { return .zero }
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }
}
