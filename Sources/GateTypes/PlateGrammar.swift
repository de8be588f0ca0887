/// What a Chinese number plate may say, by type (GA 36-2018 and its predecessors).
///
/// `I` never occurs in the serial; `O` only in second place on older police plates. New-energy
/// plates have eight characters, everything else seven, emergency plates (应急) eight.
package enum PlateGrammar {
    package static let provinces: [Character] = Array("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼")
    /// Without `I` and `O`.
    package static let letters: [Character] = Array("ABCDEFGHJKLMNPQRSTUVWXYZ")
    package static let digits: [Character] = Array("0123456789")
    package static let newEnergyLetters: [Character] = Array("DABCEFGHJK")
    package static let specials: [Character] = Array("警学挂港澳使领应急")
    /// Every character that any plate may show.
    package static let alphabet = provinces + letters + ["O"] + digits + specials
    package static let alphabetCount = alphabet.count

    private static let serial = letters + digits
    private static let office = letters + ["O"]

    /// One form of plate: for each place the characters that it may hold.
    package struct Form: Sendable {
        package let name: String
        package let places: [[Character]]
        private let sets: [Set<Character>]

        init(_ name: String, _ places: [[Character]]) {
            self.name = name
            self.places = places
            sets = places.map(Set.init)
        }

        package func allows(_ text: [Character]) -> Bool {
            text.count == sets.count && zip(text, sets).allSatisfy { $1.contains($0) }
        }
    }

    private static let ordinary = Form(
        "ordinary", [provinces, office] + Array(repeating: serial, count: 5))
    private static let coach = Form(
        "coach", [provinces, letters] + Array(repeating: serial, count: 4) + [["学"]])
    private static let trailer = Form(
        "trailer", [provinces, letters] + Array(repeating: serial, count: 4) + [["挂"]])
    private static let police = Form(
        "police", [provinces, office] + Array(repeating: serial, count: 4) + [["警"]])
    private static let military = Form(
        "military", [letters, letters] + Array(repeating: digits, count: 5))
    private static let emergency = Form(
        "emergency",
        [provinces, letters] + Array(repeating: serial, count: 4) + [["应"], ["急"]])
    private static let borderCrossing = Form(
        "border crossing",
        [["粤"], ["Z"]] + Array(repeating: serial, count: 4) + [["港", "澳"]])
    private static let consulate = Form(
        "consulate", [provinces, letters] + Array(repeating: serial, count: 4) + [["领"]])
    private static let embassy = Form("embassy", Array(repeating: digits, count: 6) + [["使"]])
    private static let embassyFormer = Form(
        "embassy before 2018", [["使"]] + Array(repeating: digits, count: 6))
    private static let newEnergySmall = Form(
        "new energy, small",
        [provinces, letters, newEnergyLetters, serial] + Array(repeating: digits, count: 4))
    private static let newEnergyLarge = Form(
        "new energy, large",
        [provinces, letters] + Array(repeating: digits, count: 5) + [newEnergyLetters])

    /// The forms that a plate of this type may have; `other` has none, for it is never read.
    package static func forms(of type: PlateType) -> [Form] {
        switch type {
        case .blue: [ordinary]
        case .yellow: [ordinary, coach, trailer]
        case .yellowDouble: [ordinary, trailer]
        case .green: [newEnergySmall]
        case .yellowGreen: [newEnergyLarge]
        case .white: [police, military, emergency, ordinary]
        case .black: [borderCrossing, consulate, embassy, embassyFormer, ordinary]
        case .other: []
        }
    }

    /// The types that may carry this text; empty when no plate reads so.
    package static func types(of text: String) -> [PlateType] {
        let characters = Array(text)
        return PlateType.allCases.filter { type in
            forms(of: type).contains { $0.allows(characters) }
        }
    }

    /// The text as the program keeps it: upper case, without spaces, dots and hyphens.
    package static func normalised(_ text: String) -> String {
        String(text.uppercased().filter { !" ·•・.-\u{3000}\u{A0}".contains($0) })
    }
}
