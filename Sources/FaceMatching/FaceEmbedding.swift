/// One face as a direction in the embedder's space: floats of length one.
///
/// It is biometric data: it never reaches a log, the journal or the link.
package struct FaceEmbedding: Hashable, Sendable {
    private let storage: SecretFloats

    /// A copy that nobody overwrites, for whoever stores or prints it.
    package var values: [Float] { storage.copy }

    /// Numbers of length one that are nobody else's.
    init(storage: SecretFloats) { self.storage = storage }

    /// Brings a network's answer to length one; nil when it has no direction or is no number.
    package init?(normalising values: [Float]) {
        self.init(normalising: values.span)
    }

    package init?(normalising values: Span<Float>) {
        var square = 0.0
        for index in values.indices { square += Double(values[index]) * Double(values[index]) }
        guard square.isFinite, square > 1e-12 else { return nil }
        let factor = Float(1 / square.squareRoot())
        storage = SecretFloats(count: values.count) { span in
            for index in values.indices { span[index] = values[index] * factor }
        }
    }

    /// The direction between two of one model; nil where they are opposite or do not fit.
    init?(between one: FaceEmbedding, and other: FaceEmbedding) {
        guard one.count == other.count else { return nil }
        let sum = SecretFloats(count: one.count) { span in
            for index in span.indices {
                span[index] = one.storage[index] + other.storage[index]
            }
        }
        guard let both = sum.withValues({ FaceEmbedding(normalising: $0) }) else { return nil }
        self = both
    }

    package var count: Int { storage.count }

    /// The numbers, in place.
    package func withValues<Result, Failure: Error>(
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try storage.withValues(body)
    }

    func copy(into span: inout MutableSpan<Float>, at start: Int) {
        for index in 0..<count { span[start + index] = storage[index] }
    }

    /// Likeness to each row of many templates laid side by side.
    func products(with rows: SecretFloats, _ part: Range<Int>) -> [Float] {
        rows.products(part, with: storage)
    }

    package static func == (one: FaceEmbedding, other: FaceEmbedding) -> Bool {
        one.storage === other.storage || one.values == other.values
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(values) }

    /// The cosine of the angle between two of one model, -1...1; nil when they do not fit.
    package func similarity(to other: FaceEmbedding) -> Float? {
        guard count == other.count else { return nil }
        var sum: Float = 0
        for index in 0..<count { sum += storage[index] * other.storage[index] }
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
