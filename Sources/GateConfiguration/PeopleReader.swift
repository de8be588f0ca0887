import GateTypes

/// `roster/people.csv` and `roster/badges.csv`.
extension ConfigReader {
    private static let peopleColumns = RosterColumns(
        names: ["person", "group", "valid_from", "valid_until", "note"], what: "people")
    private static let badgeColumns = RosterColumns(
        names: ["badge", "person", "valid_from", "valid_until", "note"], what: "badges")

    mutating func readPeople(_ table: SourceTable, groupsAreKnown: Bool) {
        var earlier: [String: SourcePlace] = [:]
        for (place, cells) in rosterRows(table, Self.peopleColumns) {
            guard let personCell = cells["person"], let groupCell = cells["group"] else { continue }
            let person = personCell.text.trimmedText
            let group = readGroup(groupCell, groupsAreKnown: groupsAreKnown, of: "person")
            let (from, until) = readDates(cells)
            guard !person.isEmpty else {
                report.error(
                    place, "the row has no person", hint: "write the person's number first")
                continue
            }
            declared.people.insert(person)
            guard let group else { continue }
            if let first = earlier[person] {
                report.error(
                    personCell.place, "'\(person.shortened)' is listed twice",
                    hint: "the first is at \(first); keep one of them")
                continue
            }
            earlier[person] = personCell.place
            config.roster.people.append(
                Roster.Person(
                    person: person, group: group, validFrom: from, validUntil: until,
                    note: cells["note"]?.text.trimmedText ?? "",
                    place: personCell.place.description))
        }
    }

    mutating func readBadges(_ table: SourceTable, peopleAreKnown: Bool) {
        var earlier: [String: SourcePlace] = [:]
        for (_, cells) in rosterRows(table, Self.badgeColumns) {
            guard let badgeCell = cells["badge"], let personCell = cells["person"] else { continue }
            let badge = readBadgeNumber(badgeCell)
            let person = readBadgeHolder(personCell, peopleAreKnown: peopleAreKnown)
            let (from, until) = readDates(cells)
            guard let badge, let person else { continue }
            if let first = earlier[badge] {
                report.error(
                    badgeCell.place, "badge \(badge) is listed twice",
                    hint: "the first is at \(first); a badge belongs to one person")
                continue
            }
            earlier[badge] = badgeCell.place
            config.roster.badges.append(
                Roster.Badge(
                    badge: badge, person: person, validFrom: from, validUntil: until,
                    note: cells["note"]?.text.trimmedText ?? "", place: badgeCell.place.description
                ))
        }
    }

    private mutating func readBadgeNumber(_ cell: SourceTable.Cell) -> String? {
        if let number = Roster.Badge.normalised(cell.text.trimmedText) { return number }
        report.error(
            cell.place, "'\(cell.text.shortened)' is no badge number",
            hint: "write the number that the reader tells, in decimal digits (20 at most), or the "
                + "4 to 12 digits of a keypad code, e.g. code:4711")
        return nil
    }

    private mutating func readBadgeHolder(
        _ cell: SourceTable.Cell, peopleAreKnown: Bool
    ) -> String? {
        let person = cell.text.trimmedText
        if !person.isEmpty, !peopleAreKnown || declared.people.contains(person) { return person }
        report.error(
            cell.place,
            person.isEmpty
                ? "the badge belongs to nobody" : "there is no person '\(person.shortened)'",
            hint: person.isEmpty
                ? "name the person"
                : Suggestion.hint(
                    for: person, among: Array(declared.people), none: "add them to people.csv"))
        return nil
    }
}

extension Roster.Badge {
    /// Decimal digits without leading zeros, or `code:` and digits as they are typed; nil
    /// for anything else. So no number printed on a card can be typed in as a code.
    package static func normalised(_ text: String) -> String? {
        if text.hasPrefix(codePrefix) {
            let digits = text.utf8.dropFirst(codePrefix.utf8.count)
            let isCode =
                codeLengths.contains(digits.count) && digits.allSatisfy { (48...57).contains($0) }
            return isCode ? text : nil
        }
        guard !text.isEmpty, text.utf8.count <= 20, text.utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        let digits = text.drop { $0 == "0" }
        return digits.isEmpty ? "0" : String(digits)
    }

    /// Before the digits of a code on a keypad.
    package static let codePrefix = "code:"
    /// Digits of such a code.
    package static let codeLengths = 4...12
}
