import Inference

/// File names of the networks that face matching needs, in the folder of the models.
package enum FaceModels {
    package static let detector = "face-detector.ghn"
    /// The second look at a face; a folder without it does without.
    package static let points = "face-points.ghn"
    package static let embedder = "face-embedder.ghn"
}

extension Network {
    func malformed(_ problem: String) -> NetworkError {
        NetworkError(
            kind: .malformed, path: path, line: nil, problem: problem,
            remedy: NetworkError.exportAgain)
    }

    /// The metadata of this key as a number within a range; `fallback` when there is none.
    func number(
        _ key: String, in range: ClosedRange<Double>, default fallback: Double? = nil
    ) throws(NetworkError) -> Double {
        if metadata[key] == nil, let fallback { return fallback }
        let value = try number(key)
        guard range.contains(value) else {
            throw malformed(
                "metadata '\(key)' is \(value), not between \(range.lowerBound) and "
                    + "\(range.upperBound)")
        }
        return value
    }

    /// The metadata of this key as so many finite numbers parted by spaces or commas.
    func numbers(_ key: String, count: Int) throws(NetworkError) -> [Double] {
        let words = try text(key).split { $0 == " " || $0 == "," }
        let values = words.compactMap { Double($0) }.filter(\.isFinite)
        guard words.count == count, values.count == count else {
            throw malformed("metadata '\(key)' does not hold \(count) numbers")
        }
        return values
    }
}
