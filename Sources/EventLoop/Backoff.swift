/// Pauses between attempts that grow from the first to the longest, doubling.
package struct Backoff: Hashable, Sendable {
    package let first: Duration
    package let longest: Duration
    private var next: Duration

    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
        next = first
    }

    /// The pause before the next attempt.
    package mutating func pause() -> Duration {
        defer { next = min(next * 2, longest) }
        return next
    }

    /// To be called after a success.
    package mutating func reset() { next = first }
}
