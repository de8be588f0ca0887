import ConfigurationFiles
import GateConfiguration
import Testing

@Suite struct CSVTests {
    func rows(_ text: String) -> (rows: [[String]], report: ConfigReport) {
        var report = ConfigReport()
        let table = CSVText.read(text, file: "f", &report)
        return (table.rows.map { $0.map(\.text) }, report)
    }

    @Test(arguments: [
        ("a,b\nc,d\n", [["a", "b"], ["c", "d"]]),
        ("a,b\r\nc,d", [["a", "b"], ["c", "d"]]),
        ("a,b\rc,d\r", [["a", "b"], ["c", "d"]]),
        ("\"a,1\",\"b\"\"2\"\"\"\n", [["a,1", "b\"2\""]]),
        ("\"a\r\nb\",c\nd,e\n", [["a\r\nb", "c"], ["d", "e"]]),
        ("a,\n,\n\n  \n,b\n", [["a", ""], ["", "b"]]),
        ("# \"note, and more\na,b\n", [["a", "b"]]),
        ("a,\"\"\n", [["a", ""]]),
        ("", []),
    ])
    func tableIsReadByRFC4180(text: String, expected: [[String]]) {
        let (rows, report) = rows(text)
        #expect(rows == expected)
        #expect(report.errors == [])
    }

    @Test func cellsKnowTheirPlaceAfterQuotedLineBreaks() {
        var report = ConfigReport()
        let table = CSVText.read("a,\"b\nb\",c\n京,d\n", file: "f", &report)
        let places = table.rows.flatMap { $0.map(\.place.description) }
        #expect(places == ["f:1:1", "f:1:3", "f:2:4", "f:3:1", "f:3:3"])
    }

    @Test(arguments: [
        ("a\n\"b", "f:2:1", "never closed"), ("a,b\"c\n", "f:1:3", "middle"),
        ("a,\"b\"c\n", "f:1:3", "follows"),
    ])
    func wrongQuotesAreTold(text: String, place: String, says: String) {
        let errors = rows(text).report.errors
        #expect(errors.count == 1)
        #expect(errors.first?.place.description == place)
        #expect(errors.first?.problem.contains(says) == true)
    }
}

@Suite struct EncodingTests {
    // "沪A12345,京" in GB 18030.
    static let gb: [UInt8] = [0xBB, 0xA6] + Array("A12345,".utf8) + [0xBE, 0xA9]

    @Test func byteOrderMarkIsNoText() {
        let bytes = [0xEF, 0xBB, 0xBF] + Array("plate".utf8)
        #expect(TextDecoding.utf8OrGB18030(bytes) == .text("plate"))
        #expect(TextDecoding.utf8(bytes) == .text("plate"))
    }

    @Test func gb18030IsDetected() {
        #expect(TextDecoding.utf8OrGB18030(Self.gb) == .text("沪A12345,京"))
        #expect(TextDecoding.utf8OrGB18030(Array("沪A,京".utf8)) == .text("沪A,京"))
    }

    @Test func fourByteCharactersOfGB18030AreRead() {
        // U+20087 is 95 32 90 31... its four bytes: 0x95 0x32 0x90 0x31.
        let text = TextDecoding.utf8OrGB18030([0x95, 0x32, 0x90, 0x31, 0xBE, 0xA9])
        #expect(text == .text("\u{20087}京"))
    }

    /// Read as GB 18030 the first line of the one fails already, and so does the other as UTF-8.
    @Test func theLineOfABadByteIsThatOfTheEncodingThatReadsFurther() {
        let utf8 = Array("沪A12345,京\n沪B1".utf8) + [0xFF] + Array("\n".utf8)
        #expect(TextDecoding.utf8OrGB18030(utf8) == .invalid(byteOffset: 19))
        #expect(TextDecoding.position(of: 19, in: utf8) == (2, 6))
        let gb = Self.gb + Array("\n".utf8) + [0xFF, 0xFF]
        #expect(TextDecoding.utf8OrGB18030(gb) == .invalid(byteOffset: Self.gb.count + 1))
    }

    @Test func bytesThatAreNoTextAreTold() {
        let bytes = Array("ab\n".utf8) + [0xFF, 0xFF]
        #expect(TextDecoding.utf8OrGB18030(bytes) == .invalid(byteOffset: 3))
        #expect(TextDecoding.utf8(bytes) == .invalid(byteOffset: 3))
        #expect(TextDecoding.utf8(Self.gb) == .invalid(byteOffset: 0))
        #expect(TextDecoding.position(of: 3, in: bytes) == (2, 1))
        #expect(TextDecoding.utf8OrGB18030([]) == .text(""))
    }
}

@Suite struct YAMLTests {
    func read(_ text: String) -> (node: SourceNode?, errors: [ConfigError]) {
        var report = ConfigReport()
        let node = YAMLText.read(text, file: "f", &report)
        return (node, report.errors)
    }

    func keys(_ node: SourceNode?) -> [String] {
        switch node {
        case .mapping(let entries, _)?:
            entries.flatMap {
                ["\($0.key)@\($0.keyPlace.line):\($0.keyPlace.column)"] + keys($0.value)
            }
        case .list(let nodes, _)?: nodes.flatMap { keys($0) }
        case .scalar?, nil: []
        }
    }

    @Test(arguments: ["no", "07:30", "1e3", "0x10", "~", "null", "沪A12345", "1.50"])
    func scalarIsTheTextThatStandsThere(text: String) {
        guard case .mapping(let entries, _)? = read("key: \(text) # comment\n").node,
            case .scalar(let value, let place)? = entries.first?.value
        else {
            Issue.record("no scalar")
            return
        }
        #expect(value == text)
        #expect(place == SourcePlace(file: "f", line: 1, column: 6))
    }

    @Test func everyDuplicateIsKeptWithItsPlace() {
        let text = """
            a: { x: 1, x: 2, "x": 3, y: 1 }
            b:
              c: 1
              'c': 2
            a: 5
            """
        let (node, errors) = read(text)
        #expect(errors == [])
        #expect(
            keys(node) == [
                "a@1:1", "x@1:6", "x@1:12", "x@1:18", "y@1:26", "b@2:1", "c@3:3", "c@4:3", "a@5:1",
            ])
    }

    @Test func placesHoldAfterWindowsLineEndsAndByteOrderMark() {
        guard
            case .text(let text) = TextDecoding.utf8(
                [0xEF, 0xBB, 0xBF] + Array("a: 1\r\n京: 2\r\n".utf8))
        else { return }
        #expect(keys(read(text).node) == ["a@1:1", "京@2:1"])
    }

    @Test(arguments: [
        ("", "f:1:1", "empty"), ("# only a comment\n", "f:1:1", "empty"),
        ("a: [1, 2\n", "f:2:1", "bracket"), ("a: 'b\n", "f:2:1", "quotes"),
        ("a: b: c\n", "f:1:5", "': '"), ("a:\n\tb: c\n", "f:2:1", "tabs"),
        ("a: \u{7}\n", "f:1:4", "control"), ("a: 1\n---\nb: 2\n", "f:2:1", "document"),
        ("a: *b\n", "f:1:4", "*"), ("a: &b 1\n", "f:1:4", "anchors"),
        ("a: !x 1\n", "f:1:4", "tags"),
        ("? [a]\n: b\n", "f:1:3", "key"), ("a: 1\n b: 2\n", "f:2:3", "indent"),
    ])
    func whatIsNoYAMLIsToldWithPlaceAndRemedy(text: String, place: String, says: String) {
        let errors = read(text).errors
        #expect(errors.first?.place.description == place, "\(errors)")
        #expect(errors.first?.description.contains(says) == true, "\(errors)")
    }

    @Test(arguments: [
        String(repeating: "[", count: 3_000), String(repeating: "- ", count: 3_000),
        String(repeating: "{a: ", count: 3_000), String(repeating: "? ", count: 3_000),
    ])
    func deepNestingIsToldAndTrapsNothing(text: String) {
        #expect(read(text + "\n").errors.count == 1)
        #expect(!read(String(text.prefix(200)) + "\n").errors.isEmpty)
    }
}
