import Testing

/// STYLE: a file has at most 600 lines, a function at most 70.
@Suite struct SizeTests {
    @Test(arguments: SourceTree.swiftFiles)
    func fileIsOneIdea(path: String) throws {
        let lines = try SourceTree.text(path).split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 600, "\(path) has \(lines.count) lines; split it by idea")
        for function in Self.functions(in: lines) where function.length > 70 {
            Issue.record("\(path):\(function.line): \(function.length) lines; the limit is 70")
        }
    }

    /// Functions and initialisers with their length, by indentation as swift-format leaves it.
    static func functions(in lines: [Substring]) -> [(line: Int, length: Int)] {
        var found: [(line: Int, length: Int)] = []
        for (index, line) in lines.enumerated() {
            let words = line.split(whereSeparator: { " (<".contains($0) })
            guard
                words.prefix(6).contains(where: { $0 == "func" || $0 == "init" || $0 == "init?" }),
                !line.drop(while: { $0 == " " }).hasPrefix("//"),
                // A function on one line, or a requirement of a protocol, opens no body.
                let opening = lines[index...].prefix(12).firstIndex(where: {
                    $0.hasSuffix("{") || $0.hasSuffix("}") || $0.isEmpty
                }), lines[opening].hasSuffix("{")
            else { continue }
            let indent = line.prefix { $0 == " " }
            let closing = lines[opening...].firstIndex { $0 == indent + "}" }
            if let closing { found.append((index + 1, closing - index + 1)) }
        }
        return found
    }

    @Test func functionsAreMeasured() {
        let text = "    func a() {\n        b()\n    }\n"
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(Self.functions(in: lines).map(\.length) == [3])
    }
}
