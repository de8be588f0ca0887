/// One face as a direction in the embedder's space: floats of length one.
///
/// It is biometric data: it never reaches a log, the journal or the link.
package struct FaceEmbedding: Hashable, Sendable {
    package let values: [Float]

    /// Brings a network's answer to length one; nil when it has no direction or is no number.
    package init?(normalising values: [Float]) {
        var square = 0.0
        for value in values { square += Double(value) * Double(value) }
        guard square.isFinite, square > 1e-12 else { return nil }
        let factor = Float(1 / square.squareRoot())
        self.values = values.map { $0 * factor }
    }

    package var count: Int { values.count }

    /// The cosine of the angle between two of one model, -1...1; nil when they do not fit.
    package func similarity(to other: FaceEmbedding) -> Float? {
        guard count == other.count else { return nil }
        var sum: Float = 0
        for (a, b) in zip(values, other.values) { sum += a * b }
        return sum.isFinite ? sum : nil
    }
}

/// An embedder's answer that cannot be used.
package struct FaceEmbeddingError: Error, Hashable, Sendable, CustomStringConvertible {
    package let problem: String
    package let remedy: String
    package var description: String { "\(problem); \(remedy)" }

    package init(_ problem: String, remedy: String) {
        self.problem = problem
        self.remedy = remedy
    }
}
