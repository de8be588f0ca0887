import GateConfiguration

/// Reads comma-separated values (RFC 4180): quotes, commas and line breaks inside quotes, line
/// ends of any system. A line that begins with `#` is a comment.
package enum CSVText {
    /// Bytes of one cell; a quote that is never closed would swallow the file.
    static let cellSizeMaximum = 4_096

    package static func read(_ text: String, file: String, _ report: inout ConfigReport)
        -> SourceTable
    {
        var reader = Reader(text, file: file)
        reader.run()
        for error in reader.errors { report.add(error) }
        return SourceTable(rows: reader.rows, file: file)
    }

    private struct Reader {
        private static let (comma, quote, hash) = (UInt8(0x2C), UInt8(0x22), UInt8(0x23))
        private static let (lineFeed, carriageReturn) = (UInt8(0x0A), UInt8(0x0D))

        private let bytes: [UInt8]
        private let file: String
        private var position = 0
        private var line = 1
        private var column = 1
        private(set) var rows: [[SourceTable.Cell]] = []
        private(set) var errors: [ConfigError] = []

        init(_ text: String, file: String) {
            bytes = Array(text.utf8)
            self.file = file
        }

        private var place: SourcePlace { SourcePlace(file: file, line: line, column: column) }
        private var next: UInt8? { position < bytes.count ? bytes[position] : nil }
        private var atLineEnd: Bool {
            next == nil || next == Self.lineFeed || next == Self.carriageReturn
        }

        mutating func run() {
            while let byte = next {
                if byte == Self.hash {
                    _ = plainCell(until: nil)
                } else {
                    let row = readRow()
                    if row.contains(where: { !$0.text.allSatisfy(\.isWhitespace) }) {
                        rows.append(row)
                    }
                }
                if next != nil { _ = takeLineEnd() }
            }
        }

        /// One byte further; columns count characters, not their continuation bytes.
        private mutating func advance() {
            if bytes[position] & 0xC0 != 0x80 { column += 1 }
            position += 1
        }

        /// LF, CR LF or CR; returns the bytes.
        private mutating func takeLineEnd() -> ArraySlice<UInt8> {
            let start = position
            position += 1
            if bytes[start] == Self.carriageReturn, next == Self.lineFeed { position += 1 }
            line += 1
            column = 1
            return bytes[start..<position]
        }

        private mutating func readRow() -> [SourceTable.Cell] {
            var row: [SourceTable.Cell] = []
            while true {
                row.append(readCell())
                guard next == Self.comma else { return row }
                advance()
            }
        }

        private mutating func readCell() -> SourceTable.Cell {
            let start = place
            if next == Self.quote { return SourceTable.Cell(quotedCell(start), start) }
            let cell = plainCell(until: Self.comma)
            if cell.contains(Self.quote) {
                tell(
                    start, "a quote stands in the middle of a cell",
                    "put quotes around the whole cell and write \"\" for a quote inside")
            }
            return SourceTable.Cell(String(decoding: cell, as: UTF8.self), start)
        }

        private mutating func plainCell(until end: UInt8?) -> ArraySlice<UInt8> {
            let start = position
            while !atLineEnd, end == nil || next != end { advance() }
            return bytes[start..<position]
        }

        private mutating func quotedCell(_ start: SourcePlace) -> String {
            var cell: [UInt8] = []
            advance()
            while let byte = next, cell.count <= CSVText.cellSizeMaximum {
                if byte == Self.quote {
                    advance()
                    guard next == Self.quote else {
                        finishQuoted(start)
                        return String(decoding: cell, as: UTF8.self)
                    }
                }
                if atLineEnd {
                    cell += takeLineEnd()
                } else {
                    cell.append(byte)
                    advance()
                }
            }
            tell(
                start, next == nil ? "a quote is never closed" : "a cell is too long",
                "close the quotes of the cell that begins here")
            position = bytes.count
            return String(decoding: cell, as: UTF8.self)
        }

        /// After the closing quote only a comma or the line's end may follow.
        private mutating func finishQuoted(_ start: SourcePlace) {
            let rest = plainCell(until: Self.comma)
            if !rest.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) {
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
