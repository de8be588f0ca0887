/// A place in a configuration file; lines and columns count from 1.
package struct SourcePlace: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var file: String
    package var line: Int
    package var column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String { "\(file):\(line):\(column)" }

    package static func < (a: SourcePlace, b: SourcePlace) -> Bool {
        (a.file, a.line, a.column) < (b.file, b.line, b.column)
    }
}

/// One problem in a configuration file, placed so that an operator can fix it.
package struct ConfigError: Error, Hashable, Sendable, CustomStringConvertible {
    package let place: SourcePlace
    package let problem: String
    package let hint: String

    package init(_ place: SourcePlace, _ problem: String, hint: String) {
        self.place = place
        self.problem = problem
        self.hint = hint
    }

    package var description: String { "\(place): error: \(problem); \(hint)" }
}

/// A neutral tree of nodes with places, as a YAML or any other reader delivers it.
package indirect enum SourceNode: Hashable, Sendable {
    /// The text as it stands there, without any guess at its type.
    case scalar(String, SourcePlace)
    case list([SourceNode], SourcePlace)
    /// Entries in file order; duplicate keys are kept, for the validation tells them all.
    case mapping([Entry], SourcePlace)

    package struct Entry: Hashable, Sendable {
        package var key: String
        package var keyPlace: SourcePlace
        package var value: SourceNode

        package init(key: String, keyPlace: SourcePlace, value: SourceNode) {
            self.key = key
            self.keyPlace = keyPlace
            self.value = value
        }
    }

    package var place: SourcePlace {
        switch self {
        case .scalar(_, let place), .list(_, let place), .mapping(_, let place): place
        }
    }
}

/// A neutral table with places, as a CSV reader delivers it; the first row is the header.
package struct SourceTable: Hashable, Sendable {
    /// One cell with its text, without the quotes around it.
    package struct Cell: Hashable, Sendable {
        package var text: String
        package var place: SourcePlace

        package init(_ text: String, _ place: SourcePlace) {
            self.text = text
            self.place = place
        }
    }

    /// Never an empty row.
    package var rows: [[Cell]]
    package var file: String

    package init(rows: [[Cell]], file: String) {
        self.rows = rows
        self.file = file
    }
}
