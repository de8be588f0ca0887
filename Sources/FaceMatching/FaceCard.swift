/// What a network's file says of gates: measured by whoever made it, on people it never saw.
///
/// Metadata `card`: the upper 95 % bound of the share of strangers who were taken for anybody, the
/// share of enrolled people (3 to 5 photographs each) who were not identified, and how many people
/// were enrolled meanwhile.
package struct FaceCard: Hashable, Sendable {
    /// What a face alone asks for (DESIGN, section 10).
    package static let falseMatchLargest = 0.01
    package static let falseNonMatchLargest = 0.03

    package let falseMatchBound: Double
    package let falseNonMatch: Double
    package let people: Int

    /// Nil unless there are two shares and a count.
    package init?(_ numbers: [Double]) {
        guard numbers.count == 3, (0...1).contains(numbers[0]), (0...1).contains(numbers[1]),
            (1...1e6).contains(numbers[2])
        else { return nil }
        falseMatchBound = numbers[0]
        falseNonMatch = numbers[1]
        people = Int(numbers[2])
    }

    /// Why it does not bear a face alone at this false match rate among so many enrolled people;
    /// nil when it does.
    package func objection(at rate: Double, people count: Int) -> String? {
        if falseMatchBound > min(rate, Self.falseMatchLargest) {
            return "the network's card bounds false matches at \(Self.share(falseMatchBound))"
        }
        if falseNonMatch >= Self.falseNonMatchLargest {
            return "by the network's card \(Self.share(falseNonMatch)) are not identified, "
                + "less than \(Self.share(Self.falseNonMatchLargest)) are asked for"
        }
        if count > people {
            return "\(count) people are enrolled, and the network's card was measured with "
                + "\(people)"
        }
        return nil
    }

    /// `0.28 %`, with two digits that count.
    package static func share(_ value: Double) -> String {
        let percent = value * 100
        let places = percent >= 10 ? 1.0 : percent >= 1 ? 10.0 : 1000.0
        let rounded = (percent * places).rounded() / places
        return rounded == rounded.rounded() ? "\(Int(rounded)) %" : "\(rounded) %"
    }
}
