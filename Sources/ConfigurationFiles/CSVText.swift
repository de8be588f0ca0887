import GateConfiguration

/// Reads comma-separated values (RFC 4180): quotes, commas and line breaks inside quotes, line
/// ends of any system. A line that begins with `#` is a comment.
package enum CSVText {
    /// Characters of one cell; a quote that is never closed would swallow the file.
    static let cellLengthMaximum = 4_096

    package static func read(_ text: String, file: String, _ report: inout ConfigReport)
        -> SourceTable
    {
        var reader = Reader(text, file: file)
        reader.run()
        for error in reader.errors { report.add(error) }
        return SourceTable(rows: reader.rows, file: file)
    }

    private struct Reader {
        private let text: [Character]
        private let file: String
        private var position = 0
        private var line = 1
        private var lineStart = 0
        private(set) var rows: [[SourceTable.Cell]] = []
        private(set) var errors: [ConfigError] = []

        init(_ text: String, file: String) {
            self.text = Array(text)
            self.file = file
        }

        private var place: SourcePlace {
            SourcePlace(file: file, line: line, column: position - lineStart + 1)
        }

        private var atEnd: Bool { position >= text.count }
        private var atLineEnd: Bool { atEnd || text[position].isNewline }

        mutating func run() {
            while !atEnd {
                if text[position] == "#" {
                    skipLine()
                } else {
                    let row = readRow()
                    if row.contains(where: { !$0.text.allSatisfy(\.isWhitespace) }) {
                        rows.append(row)
                    }
                }
                advanceOverLineEnd()
            }
        }

        private mutating func skipLine() {
            while !atLineEnd { position += 1 }
        }

        private mutating func advanceOverLineEnd() {
            guard !atEnd else { return }
            // "\r\n" is one Character; line ends inside quotes come through here too.
            position += 1
            line += 1
            lineStart = position
        }

        private mutating func readRow() -> [SourceTable.Cell] {
            var row: [SourceTable.Cell] = []
            while true {
                row.append(readCell())
                guard !atEnd, text[position] == "," else { return row }
                position += 1
            }
        }

        private mutating func readCell() -> SourceTable.Cell {
            let start = place
            guard !atEnd, text[position] == "\"" else {
                let cell = plainCell()
                if cell.contains("\"") {
                    tell(
                        start, "a quote stands in the middle of a cell",
                        "put quotes around the whole cell and write \"\" for a quote inside")
                }
                return SourceTable.Cell(String(cell), start)
            }
            return SourceTable.Cell(quotedCell(start), start)
        }

        private mutating func plainCell() -> ArraySlice<Character> {
            let from = position
            while !atLineEnd, text[position] != "," { position += 1 }
            return text[from..<position]
        }

        private mutating func quotedCell(_ start: SourcePlace) -> String {
            var cell = ""
            var length = 0
            position += 1
            while !atEnd {
                let character = text[position]
                if character == "\"" {
                    position += 1
                    guard !atEnd, text[position] == "\"" else {
                        finishQuoted(start)
                        return cell
                    }
                }
                length += 1
                if length > CSVText.cellLengthMaximum { break }
                cell.append(character)
                if character.isNewline { advanceOverLineEnd() } else { position += 1 }
            }
            tell(
                start, atEnd ? "a quote is never closed" : "a cell is too long",
                "close the quotes of the cell that begins here")
            position = text.count
            return cell
        }

        /// After the closing quote only a comma or the line's end may follow.
        private mutating func finishQuoted(_ start: SourcePlace) {
            let rest = plainCell()
            if !rest.allSatisfy(\.isWhitespace) {
                tell(
                    start, "text follows the closing quote of a cell",
                    "put quotes around the whole cell and write \"\" for a quote inside")
            }
        }

        private mutating func tell(_ place: SourcePlace, _ problem: String, _ hint: String) {
            errors.append(ConfigError(place, problem, hint: hint))
        }
    }
}
