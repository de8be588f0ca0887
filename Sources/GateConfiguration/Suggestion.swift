/// Finds what somebody who mistyped a word may have meant.
package enum Suggestion {
    /// The candidate nearest to `word`, if it is near enough to be worth telling.
    package static func nearest(to word: String, among candidates: some Sequence<String>)
        -> String?
    {
        let word = Array(word.lowercased().prefix(ConfigLimits.nameLengthMaximum))
        let reach = word.count < 4 ? 1 : (word.count < 7 ? 2 : 3)
        var best: (distance: Int, text: String)?
        for candidate in candidates.sorted() {
            let letters = Array(candidate.lowercased())
            guard abs(letters.count - word.count) <= reach else { continue }
            let distance = distance(word, letters)
            if distance <= reach, distance < best?.distance ?? .max {
                best = (distance, candidate)
            }
        }
        return best?.text
    }

    /// "did you mean 'x'?", or else what there is to choose from.
    package static func hint(for word: String, among candidates: [String], none: String) -> String {
        guard !candidates.isEmpty else { return none }
        let choices = "known: " + candidates.sorted().prefix(20).joined(separator: ", ")
        guard let nearest = nearest(to: word, among: candidates) else { return choices }
        return "did you mean '\(nearest)'?"
    }

    /// Edits (insert, delete, replace, swap of neighbours) from one word to the other.
    static func distance(_ a: [Character], _ b: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                let replaced = last[j] + (a[i] == b[j] ? 0 : 1)
                var least = min(replaced, last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    least = min(least, beforeLast[j - 1] + 1)
                }
                row.append(least)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
