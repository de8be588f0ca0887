import GateTypes

extension ConfigReader {
    /// The columns of one roster file; the first two are necessary.
    struct RosterColumns {
        let names: [String]
        /// What a row is about, in the plural.
        let what: String

        var header: String { names.joined(separator: ",") }
    }

    private static let vehicleColumns = RosterColumns(
        names: ["plate", "group", "valid_from", "valid_until", "note"], what: "vehicles")

    /// Each row by the names of its columns, with its place; what is wrong with the form is told.
    mutating func rosterRows(
        _ table: SourceTable, _ columns: RosterColumns
    ) -> [(place: SourcePlace, cells: [String: SourceTable.Cell])] {
        guard let header = table.rows.first, let positions = readHeader(header, columns) else {
            if table.rows.isEmpty {
                report.error(
                    SourcePlace(file: table.file, line: 1, column: 1), "the roster is empty",
                    hint: "begin it with the line \(columns.header)")
            }
            return []
        }
        if table.rows.count - 1 > ConfigLimits.vehiclesMaximum, let cell = table.rows.last?.first {
            report.error(
                cell.place,
                "the roster has \(table.rows.count - 1) \(columns.what), at most "
                    + "\(ConfigLimits.vehiclesMaximum)", hint: "remove those that no longer come")
            return []
        }
        var rows: [(place: SourcePlace, cells: [String: SourceTable.Cell])] = []
        for row in table.rows.dropFirst() {
            guard let place = row.first?.place else { continue }
            guard row.count == header.count else {
                report.error(
                    place, "the row has \(row.count) cells, the header has \(header.count)",
                    hint: "put quotes around a text with commas: \"steel, coils\"")
                continue
            }
            rows.append((place, positions.mapValues { row[$0] }))
        }
        return rows
    }

    mutating func readVehicles(_ table: SourceTable, groupsAreKnown: Bool) {
        var earlier: [String: [Roster.Vehicle]] = [:]
        for (place, cells) in rosterRows(table, Self.vehicleColumns) {
            guard let vehicle = readVehicle(cells, groupsAreKnown: groupsAreKnown) else { continue }
            let others = earlier[vehicle.plate, default: []]
            if !tellRepeated(vehicle, at: cells["plate"]?.place ?? place, others) {
                earlier[vehicle.plate] = others + [vehicle]
                config.roster.vehicles.append(vehicle)
            }
        }
    }

    /// The position of each column; nil when the necessary ones are not there.
    private mutating func readHeader(
        _ header: [SourceTable.Cell], _ columns: RosterColumns
    ) -> [String: Int]? {
        var positions: [String: Int] = [:]
        for (position, cell) in header.enumerated() {
            let name = cell.text.trimmedText.lowercased()
            guard columns.names.contains(name) else {
                let hint =
                    name.contains(";") || name.contains("\t")
                    ? "save the file with commas between the cells"
                    : Suggestion.hint(for: name, among: columns.names, none: "")
                report.error(
                    cell.place, "the roster has no column '\(cell.text.shortened)'", hint: hint)
                continue
            }
            if let first = positions[name] {
                report.error(
                    cell.place, "the roster has the column '\(name)' twice",
                    hint: "the first is at \(header[first].place); keep one of them")
            } else {
                positions[name] = position
            }
        }
        let missing = columns.names.prefix(2).filter { positions[$0] == nil }
        guard !missing.isEmpty else { return positions }
        for name in missing {
            report.error(
                header[0].place, "the roster's header has no column '\(name)'",
                hint: "begin the file with the line \(columns.header)")
        }
        return nil
    }

    private mutating func readVehicle(
        _ cells: [String: SourceTable.Cell], groupsAreKnown: Bool
    ) -> Roster.Vehicle? {
        guard let plateCell = cells["plate"], let groupCell = cells["group"] else { return nil }
        let plate = readPlate(plateCell)
        let group = readGroup(groupCell, groupsAreKnown: groupsAreKnown)
        let (from, until) = readDates(cells)
        guard let plate, let group else { return nil }
        return Roster.Vehicle(
            plate: plate, group: group, validFrom: from, validUntil: until,
            note: cells["note"]?.text.trimmedText ?? "", place: plateCell.place.description)
    }

    /// Both days of validity, in the right order.
    mutating func readDates(_ cells: [String: SourceTable.Cell]) -> (from: String?, until: String?)
    {
        let from = cells["valid_from"].flatMap { readDate($0, "valid_from") }
        let until = cells["valid_until"].flatMap { readDate($0, "valid_until") }
        if let from, let until, until < from, let cell = cells["valid_until"] {
            report.error(
                cell.place, "'valid_until' (\(until)) is before 'valid_from' (\(from))",
                hint: "both days are included; exchange them, or correct one")
        }
        return (from, until)
    }

    private mutating func readPlate(_ cell: SourceTable.Cell) -> String? {
        let plate = PlateGrammar.normalised(cell.text.trimmedText)
        if plate.isEmpty {
            report.error(cell.place, "the row has no plate", hint: "write the plate first")
            return nil
        }
        if !PlateGrammar.types(of: plate).isEmpty { return plate }
        report.error(
            cell.place, "'\(cell.text.shortened)' is no number plate",
            hint: PlateAdvice.hint(for: plate))
        return nil
    }

    mutating func readGroup(
        _ cell: SourceTable.Cell, groupsAreKnown: Bool, of what: String = "vehicle"
    ) -> String? {
        let group = cell.text.trimmedText
        if group.isEmpty {
            report.error(
                cell.place, "the \(what) has no group", hint: "name one of policy.yaml's groups")
            return nil
        }
        if !groupsAreKnown || declared.groups[group] != nil { return group }
        report.error(
            cell.place, "there is no group '\(group.shortened)'",
            hint: Suggestion.hint(
                for: group, among: Array(declared.groups.keys),
                none: "add it under groups: in policy.yaml"))
        return nil
    }

    private mutating func readDate(_ cell: SourceTable.Cell, _ column: String) -> String? {
        let text = cell.text.trimmedText
        if text.isEmpty { return nil }
        switch DateText.parse(text) {
        case .success(let date): return date
        case .failure(let problem):
            report.error(
                cell.place, "'\(column)' is '\(text.shortened)', \(problem.text)",
                hint: "write year-month-day, or leave it empty for no limit")
            return nil
        }
    }

    /// Tells a vehicle that is there before: the same again, or another answer for the same days.
    ///
    /// Rows of one plate whose dates do not overlap are its visits, and fine.
    private mutating func tellRepeated(
        _ vehicle: Roster.Vehicle, at place: SourcePlace, _ others: [Roster.Vehicle]
    ) -> Bool {
        guard
            let other = others.first(where: {
                ($0.validFrom ?? "") <= (vehicle.validUntil ?? "9999")
                    && (vehicle.validFrom ?? "") <= ($0.validUntil ?? "9999")
            })
        else { return false }
        if vehicle.group == other.group, vehicle.validFrom == other.validFrom,
            vehicle.validUntil == other.validUntil
        {
            report.warn(
                place, "\(vehicle.plate) is listed twice", hint: "the first is at \(other.place)")
        } else {
            report.error(
                place,
                "\(vehicle.plate) is listed twice for the same days, with another group "
                    + "or other dates",
                hint: "the first is at \(other.place); keep one of them, or part their dates")
        }
        return true
    }
}

/// What is wrong with a text that no plate can carry.
package enum PlateAdvice {
    /// - Parameter plate: normalised, and not allowed by the grammar.
    package static func hint(for plate: String) -> String {
        if let meant = likely(plate) { return "did you mean \(meant)?" }
        let characters = Array(plate)
        if let stray = characters.first(where: { !PlateGrammar.alphabet.contains($0) }) {
            return "plates have no '\(stray)'"
        }
        if !(7...8).contains(characters.count) {
            return "it has \(characters.count) characters; plates have 7, new-energy and "
                + "emergency plates 8"
        }
        if characters.count == 8 {
            return "eight characters belong to new-energy plates (D A B C E F G H J K third or "
                + "last, digits beside it) and emergency plates"
        }
        return "write province, letter and five letters or digits, e.g. 沪A12345"
    }

    /// The plate that was meant, where letters I and O stand for digits or characters are wide.
    private static func likely(_ plate: String) -> String? {
        let narrow = String(
            plate.unicodeScalars.map { scalar -> Character in
                // Full-width forms of ASCII, as Chinese input methods write them.
                guard (0xFF01...0xFF5E).contains(scalar.value),
                    let ascii = Unicode.Scalar(scalar.value - 0xFEE0)
                else { return Character(scalar) }
                return Character(ascii)
            }
        ).uppercased()
        var swapped = Array(narrow)
        for index in swapped.indices.dropFirst(2) {
            if swapped[index] == "I" { swapped[index] = "1" }
            if swapped[index] == "O" { swapped[index] = "0" }
        }
        let candidates = [narrow, String(swapped)]
        return candidates.first { $0 != plate && !PlateGrammar.types(of: $0).isEmpty }
    }
}

extension String {
    /// Without white space at both ends.
    var trimmedText: String {
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
