import GateConfiguration
import Yams

/// Reads YAML into the neutral tree of nodes that the core validates.
///
/// Scalars stay the text that stands there. Anchors, aliases and tags are refused: a file that
/// says what moves a boom says it once and in plain sight.
package enum YAMLText {
    /// Levels of nesting; a configuration has six.
    static let depthMaximum = 24
    /// Duplicate keys that one run can tell.
    static let duplicatesMaximum = 200

    /// - Returns: the root, duplicates included; nil, and told, when there is none.
    package static func read(_ text: String, file: String, _ report: inout ConfigReport)
        -> SourceNode?
    {
        var marked = MarkedText(text)
        if let (line, column) = marked.firstForbidden {
            report.error(
                SourcePlace(file: file, line: line, column: column),
                "a control character stands here", hint: "remove it; YAML is plain text")
            return nil
        }
        // Yams stops at the first mapping with duplicate keys and tells one place. So one of the
        // two gets a mark that makes it unique, and the text is read again; the validation meets
        // both keys without their marks.
        for _ in 0...duplicatesMaximum {
            do {
                // The parser keeps the anchors alive that the nodes hold weakly.
                let parser = try Parser(yaml: marked.text, resolver: .basic, encoding: .utf8)
                let root = try parser.singleRoot()
                return withExtendedLifetime(parser) {
                    var conversion = Conversion(file: file, marked: marked, report: report)
                    let node = root.flatMap { conversion.convert($0, depth: 0) }
                    report = conversion.report
                    if root == nil { tellEmpty(file, &report) }
                    return node
                }
            } catch YamlError.duplicatedKeysInMapping(_, let context) {
                marked.mark(line: context.mark.line, column: context.mark.column)
            } catch {
                report.add(YAMLProblem.describe(error, file: file, marked))
                return nil
            }
        }
        report.error(
            SourcePlace(file: file, line: 1, column: 1),
            "the file has more than \(duplicatesMaximum) duplicate keys",
            hint: "it may be two files in one; keep each key once")
        return nil
    }

    private static func tellEmpty(_ file: String, _ report: inout ConfigReport) {
        report.error(
            SourcePlace(file: file, line: 1, column: 1), "the file is empty",
            hint: "begin with a commented sample from config/")
    }
}

/// Turns Yams' nodes into ours.
private struct Conversion {
    let file: String
    let marked: MarkedText
    var report: ConfigReport

    private static let plainTags: Set<String> = [
        "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map", "",
    ]

    mutating func convert(_ node: Node, depth: Int) -> SourceNode? {
        let place = place(of: node)
        guard depth < YAMLText.depthMaximum else {
            report.error(
                place, "the file is nested deeper than \(YAMLText.depthMaximum) levels",
                hint: "check brackets and indentation")
            return nil
        }
        guard node.anchor == nil else {
            // Not descended into: aliases of aliases can multiply without bound.
            report.error(
                place, "anchors (&name) and aliases (*name) are not supported",
                hint: "write the values out; put quotes around a text that begins with & or *")
            return nil
        }
        guard Self.plainTags.contains(node.tag.description) else {
            report.error(
                place, "tags (!name) are not supported",
                hint: "remove the tag; put quotes around a text that begins with !")
            return nil
        }
        switch node {
        case .scalar(let scalar): return .scalar(scalar.string, place)
        case .sequence(let sequence):
            return .list(sequence.compactMap { convert($0, depth: depth + 1) }, place)
        case .mapping(let mapping):
            return .mapping(mapping.compactMap { entry($0.key, $0.value, depth) }, place)
        case .alias: return nil
        }
    }

    private mutating func entry(_ key: Node, _ value: Node, _ depth: Int) -> SourceNode.Entry? {
        guard case .scalar(let scalar) = key else {
            report.error(
                place(of: key), "a key is a list or a mapping", hint: "write a word and a colon")
            return nil
        }
        guard let value = convert(value, depth: depth + 1) else { return nil }
        return SourceNode.Entry(
            key: MarkedText.unmarked(scalar.string), keyPlace: place(of: key), value: value)
    }

    private func place(of node: Node) -> SourcePlace {
        marked.place(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, file: file)
    }
}

/// A text with marks put into some of its keys, which knows where everything stood before.
struct MarkedText {
    private struct Insertion {
        let line: Int
        let column: Int
        let length: Int
    }

    // Private-use characters: allowed in plain scalars, and in no configuration.
    private static let opening: Unicode.Scalar = "\u{E000}"
    private static let closing: Unicode.Scalar = "\u{E001}"

    private var lines: [[Unicode.Scalar]]
    private var insertions: [Insertion] = []

    /// Lines end as LibYAML counts them: CR, LF, CR LF, NEL, LS and PS.
    init(_ text: String) {
        lines = [[]]
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            lines[lines.count - 1].append(scalar)
            switch scalar {
            case "\r":
                if scalars.first == "\n" { lines[lines.count - 1].append(scalars.removeFirst()) }
                lines.append([])
            case "\n", "\u{85}", "\u{2028}", "\u{2029}": lines.append([])
            default: break
            }
        }
    }

    var text: String {
        var view = String.UnicodeScalarView()
        for line in lines { view.append(contentsOf: line) }
        return String(view)
    }

    /// The first character that YAML does not allow.
    var firstForbidden: (line: Int, column: Int)? {
        for (index, line) in lines.enumerated() {
            if let column = line.firstIndex(where: { !Self.isAllowed($0) }) {
                return (index + 1, column + 1)
            }
        }
        return nil
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD,
            0x10000...0x10FFFF:
            true
        default: false
        }
    }

    /// Makes the key that begins at a place of the marked text unique.
    mutating func mark(line: Int, column: Int) {
        guard lines.indices.contains(line - 1), column >= 1, column <= lines[line - 1].count + 1
        else { return }
        var start = column - 1
        if start < lines[line - 1].count, ["\"", "'"].contains(lines[line - 1][start]) {
            start += 1
        }
        let number = String(insertions.count).unicodeScalars
        let mark = [Self.opening] + number + [Self.closing]
        lines[line - 1].insert(contentsOf: mark, at: start)
        insertions.append(Insertion(line: line, column: start + 1, length: mark.count))
    }

    /// A key without its marks.
    static func unmarked(_ key: String) -> String {
        var scalars = key.unicodeScalars[...]
        while scalars.first == opening, let end = scalars.firstIndex(of: closing) {
            scalars = scalars[scalars.index(after: end)...]
        }
        return String(scalars)
    }

    /// Where something in the marked text stood before it was marked.
    func place(line: Int, column: Int, file: String) -> SourcePlace {
        var column = column
        for insertion in insertions.reversed() where insertion.line == line {
            if column >= insertion.column + insertion.length {
                column -= insertion.length
            } else if column > insertion.column {
                column = insertion.column
            }
        }
        return SourcePlace(file: file, line: line, column: column)
    }
}
