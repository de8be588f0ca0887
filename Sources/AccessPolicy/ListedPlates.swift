import GateConfiguration
import GateTypes

/// The roster by plate, with what matching needs worked out beforehand.
struct ListedPlates: Hashable, Sendable {
    /// One plate with all rows that name it: a vehicle may be in several groups.
    struct Entry: Hashable, Sendable {
        let plate: String
        var rows: [Roster.Vehicle]
        /// How many plates a stranger of the same city could bear instead.
        let strangerCount: Double
    }

    /// Plates of one length: `characters` holds their alphabet numbers, plates × places.
    struct Shelf: Hashable, Sendable {
        var entries: [Int] = []
        var characters: [Int] = []
    }

    private(set) var entries: [Entry] = []
    private(set) var shelves: [Int: Shelf] = [:]
    private var byPlate: [String: Int] = [:]

    init(_ roster: Roster) {
        for row in roster.vehicles {
            let plate = PlateGrammar.normalised(row.plate)
            if let known = byPlate[plate] {
                entries[known].rows.append(row)
                continue
            }
            let numbers = plate.compactMap(Alphabet.index)
            guard numbers.count == plate.count, !plate.isEmpty else { continue }
            byPlate[plate] = entries.count
            shelves[numbers.count, default: Shelf()].entries.append(entries.count)
            shelves[numbers.count, default: Shelf()].characters += numbers
            entries.append(
                Entry(plate: plate, rows: [row], strangerCount: Self.strangers(like: plate)))
        }
    }

    func entry(_ plate: String) -> Entry? { byPlate[plate].map { entries[$0] } }

    /// Plates of the same form with the same two characters in front.
    ///
    /// Strangers are taken to come from the listed vehicle's own city, which is the hardest case,
    /// each serial as probable as any other. A serial of five holds at most two letters (GA 36):
    /// 10^5 + 5 × 24 × 10^4 + 10 × 24² × 10^3 of them. Other forms count what their places allow,
    /// letters of serial places no more than in the same share.
    private static func strangers(like plate: String) -> Double {
        let characters = Array(plate)
        let forms = PlateType.allCases.flatMap(PlateGrammar.forms)
        guard let form = forms.first(where: { $0.allows(characters) }) else { return 1e4 }
        let free = form.places.dropFirst(2)
        let serialCount = free.filter { $0.count == PlateGrammar.letters.count + 10 }.count
        let fixed = free.filter { $0.count != PlateGrammar.letters.count + 10 }
            .reduce(1.0) { $0 * Double($1.count) }
        return fixed * serials(places: serialCount)
    }

    /// Texts of `places` digits of which at most two may be letters.
    private static func serials(places: Int) -> Double {
        let letters = Double(PlateGrammar.letters.count)
        let count = Double(places)
        let choices = [1, count, count * (count - 1) / 2]
        var sum = 0.0
        for (used, ways) in choices.enumerated() where used <= places {
            var product = ways
            for _ in 0..<used { product *= letters }
            for _ in used..<places { product *= 10 }
            sum += product
        }
        return sum
    }
}
