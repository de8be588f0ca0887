import FoundationEssentials
import Inference

/// File names of the networks that face matching needs, in the folder of the models.
package enum FaceModels {
    package static let detector = "face-detector.ghn"
    /// The second look at a face; a folder without it does without.
    package static let points = "face-points.ghn"
    package static let embedder = "face-embedder.ghn"
}

extension FaceEmbedder {
    /// Compares an embedder's answers on this machine with the stored ones beside its file.
    ///
    /// - Returns: how many files of stored answers there are.
    /// - Throws: when an answer differs by more than the bound of every back end.
    package static func verify(_ path: String) throws(NetworkError) -> Int {
        let network = try Network(path: path)
        let there = StoredAnswer.places(beside: path)
            .filter(FileManager.default.fileExists(atPath:))
        for place in there {
            let differs: Bool
            do {
                let bytes = Array(try Data(contentsOf: URL(filePath: place)))
                let found = try StoredAnswer(bytes, path: place).differences(from: network)
                differs = found.values.contains { !($0 <= StoredAnswer.tolerance) }
            } catch let error as NetworkError {
                throw error
            } catch {
                throw network.malformed("its stored answers cannot be compared: \(error)")
            }
            if differs { throw network.malformed("answers otherwise than \(place) says") }
        }
        return there.count
    }
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
