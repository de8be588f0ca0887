import GateTypes

/// What the frames of one vehicle say together about its plate.
///
/// Log-posteriors are averaged with weights, then sharpened as if there had been at most 1.5
/// independent frames: pictures of one plate share their dirt and shadows, so that the same
/// misreading ten times over is hardly more certain than once. A single frame stays as it was.
package struct PlateEvidence: Hashable, Sendable {
    /// Frames of one vehicle agree at all but this many places; beyond it is another plate.
    private static let disagreementLargest = 2
    private static let independentFrames = 1.5
    /// No single frame rules a character out for good.
    private static let probabilitySmallest = 1e-5
    /// A plate of this width shows all there is to read.
    private static let fullWidthPixels = 140.0

    /// Σ weight × ln p of each place and character: places × alphabet.
    private var weightedSums: [Double] = []
    private var weightTotal = 0.0
    private var weightMaximum = 0.0
    package private(set) var frameCount = 0
    package private(set) var placeCount = 0
    /// The widest reading so far.
    package private(set) var widthPixels = 0.0

    package init() {}

    package var isEmpty: Bool { frameCount == 0 }

    /// Adds one frame; a reading of another plate starts again from nothing.
    package mutating func add(_ reading: PlateReading) {
        guard !reading.places.isEmpty, reading.places.count == reading.text.count else { return }
        if !mayShow(reading) { self = PlateEvidence() }
        placeCount = reading.places.count
        if weightedSums.isEmpty {
            weightedSums = Array(repeating: 0, count: placeCount * Alphabet.count)
        }
        let weight = Self.weight(of: reading)
        for (place, posterior) in reading.places.enumerated() {
            add(posterior, weight: weight, at: place * Alphabet.count)
        }
        weightTotal += weight
        weightMaximum = max(weightMaximum, weight)
        frameCount += 1
        widthPixels = max(widthPixels, reading.corners.widthPixels)
    }

    /// ln of the fused, normalised probability of each place and character: places × alphabet.
    package func logPosteriors() -> [Double] {
        guard weightTotal > 0 else { return [] }
        let sharpness =
            min(weightTotal / weightMaximum, Self.independentFrames) / weightTotal
        var result = weightedSums
        for place in 0..<placeCount {
            let range = place * Alphabet.count..<(place + 1) * Alphabet.count
            var total = 0.0
            // Characters that no frame named share one value: work its exponential out once.
            var latest = (logarithm: 1.0, exponential: 0.0)
            for index in range {
                let logarithm = result[index] * sharpness
                result[index] = logarithm
                if logarithm != latest.logarithm {
                    latest = (logarithm, LogarithmicMath.exp(logarithm))
                }
                total += latest.exponential
            }
            let normalisation = LogarithmicMath.ln(total)
            for index in range { result[index] -= normalisation }
        }
        return result
    }

    /// The most probable character of each place; the grammar is not asked.
    package var text: String {
        guard placeCount > 0 else { return "" }
        return String(
            (0..<placeCount).map { place in
                let row = weightedSums[place * Alphabet.count..<(place + 1) * Alphabet.count]
                let best = row.indices.max { row[$0] < row[$1] } ?? row.startIndex
                return Alphabet.characters[best - row.startIndex]
            })
    }

    /// True while this reading may be of the same plate.
    package func mayShow(_ reading: PlateReading) -> Bool {
        guard frameCount > 0 else { return true }
        guard reading.places.count == placeCount else { return false }
        let different = zip(text, reading.text).filter { $0 != $1 }.count
        return different <= Self.disagreementLargest
    }

    private mutating func add(_ posterior: CharacterPosterior, weight: Double, at start: Int) {
        let candidates = posterior.candidates.prefix(Alphabet.count)
        let listed = candidates.reduce(0) { $0 + Self.sound($1.probability) }
        let others = max(Alphabet.count - candidates.count, 1)
        let rest = max((1 - listed) / Double(others), Self.probabilitySmallest)
        let restLogarithm = weight * LogarithmicMath.ln(rest)
        for index in start..<start + Alphabet.count { weightedSums[index] += restLogarithm }
        for candidate in candidates {
            guard let index = Alphabet.index(of: candidate.character) else { continue }
            let probability = max(Self.sound(candidate.probability), Self.probabilitySmallest)
            weightedSums[start + index] +=
                weight * LogarithmicMath.ln(probability) - restLogarithm
        }
    }

    /// Larger and surer frames weigh more; what comes in from outside is bounded here.
    private static func weight(of reading: PlateReading) -> Double {
        let size = min(max(reading.corners.widthPixels / fullWidthPixels, 0.1), 1)
        return size * size * (0.05 + sound(reading.confidence))
    }

    private static func sound(_ probability: Double) -> Double {
        probability.isFinite ? min(max(probability, 0), 1) : 0
    }
}

/// The characters of all plates, numbered.
package enum Alphabet {
    package static let characters = PlateGrammar.alphabet
    package static let count = PlateGrammar.alphabetCount
    private static let indices = Dictionary(
        characters.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })

    package static func index(of character: Character) -> Int? { indices[character] }
}
