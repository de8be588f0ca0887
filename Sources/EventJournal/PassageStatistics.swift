import GateTypes

/// Outcomes and times of the passages in a part of the journal.
package struct PassageStatistics: Sendable, Hashable {
    /// One span of the passages that have it, in milliseconds.
    package struct Span: Sendable, Hashable {
        /// The fact's key without its ending `_ms`.
        package let name: String
        package let count: Int
        package let median: Double
        package let p95: Double
        package let p99: Double
        package let maximum: Double
    }

    package var passageCount = 0
    package var lateCount = 0
    package var outcomes: [String: Int] = [:]
    /// By name.
    package var spans: [Span] = []
}

extension JournalReader {
    /// Over the passages that the filter lets through; its kinds are ignored.
    package func passageStatistics(
        _ filter: EntryFilter = EntryFilter()
    ) throws(JournalError) -> PassageStatistics {
        var filter = filter
        filter.kinds = [.passage]
        var statistics = PassageStatistics()
        var samples: [String: [Double]] = [:]
        try forEach(filter) { entry in
            statistics.passageCount += 1
            if entry.isLate { statistics.lateCount += 1 }
            if let outcome = entry.facts[Facts.outcome] {
                statistics.outcomes[outcome, default: 0] += 1
            }
            for (key, value) in entry.facts where Facts.isSpan(key) {
                guard let span = Double(value), span.isFinite else { continue }
                samples[String(key.dropLast(3)), default: []].append(span)
            }
        }
        statistics.spans = samples.sorted { $0.key < $1.key }.map { name, values in
            let sorted = values.sorted()
            return PassageStatistics.Span(
                name: name, count: sorted.count, median: sorted.nearestRank(0.5),
                p95: sorted.nearestRank(0.95), p99: sorted.nearestRank(0.99),
                maximum: sorted.nearestRank(1))
        }
        return statistics
    }
}

extension [Double] {
    /// The smallest element that `share` of all do not exceed; of a sorted array, 0 of an empty one.
    package func nearestRank(_ share: Double) -> Double {
        guard !isEmpty else { return 0 }
        let rank = Int((share * Double(count)).rounded(.up))
        return self[Swift.min(Swift.max(rank, 1), count) - 1]
    }
}
