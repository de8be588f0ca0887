import Testing

/// What the documents promise must be there.
@Suite struct DocumentTests {
    static let documents = ["README.md", "README.zh-CN.md"]

    /// Lines of the fenced code blocks.
    static func commands(in document: String) throws -> [String] {
        var inside = false
        var commands: [String] = []
        for line in try SourceTree.text(document).split(separator: "\n") {
            if line.hasPrefix("```") {
                inside.toggle()
            } else if inside || line.hasPrefix("    ") {
                commands.append(line.trimmed)
            }
        }
        return commands
    }

    @Test(arguments: documents)
    func everyMakeTargetOfTheReadmeExists(document: String) throws {
        let makefile = try SourceTree.text("Makefile")
        let targets = try Self.commands(in: document).filter { $0.hasPrefix("make ") }
            .compactMap { $0.split(separator: " ").dropFirst().first }
        #expect(targets.contains("demo") && targets.contains("test"))
        for target in targets {
            #expect(makefile.contains("\n\(target):"), "\(document): no target '\(target)'")
        }
    }

    @Test(arguments: documents)
    func everyGatectlCommandOfTheReadmeExists(document: String) throws {
        let sources = try SourceTree.files(under: "Sources/gatectl", ending: ".swift")
            .map(SourceTree.text).joined()
        for command in try Self.commands(in: document) {
            let words = command.split(separator: " ").map(String.init)
            guard let at = words.firstIndex(where: { $0.hasSuffix("gatectl") }),
                at + 1 < words.count, words[at + 1].first?.isLetter == true
            else { continue }
            let name = words[at + 1]
            #expect(
                sources.contains("commandName: \"\(name)\""),
                "\(document): gatectl has no command '\(name)'")
        }
    }

    @Test(arguments: documents)
    func everyPictureAndLinkOfTheReadmeExists(document: String) throws {
        let text = try SourceTree.text(document)
        for piece in text.split(separator: "](").dropFirst() {
            let target = String(piece.prefix { $0 != ")" && $0 != "#" })
            guard !target.isEmpty, !target.contains("://") else { continue }
            let there = try? SourceTree.root.appending(path: target).checkResourceIsReachable()
            #expect(there == true, "\(document) points at \(target), which is not there")
        }
    }

    /// States as the tables of the machines' pages name them, and as the sources do.
    @Test(arguments: [
        ("docs/barrier.md", "Sources/PassageControl/Barrier.swift", ["State"]),
        ("docs/turnstile.md", "Sources/PassageControl/Turnstile.swift", ["State"]),
        ("docs/door.md", "Sources/PassageControl/Door.swift", ["State", "Motion"]),
    ])
    func everyStateOfAMachineHasItsRow(page: String, source: String, enums: [String]) throws {
        let text = try SourceTree.text(source)
        let states = enums.flatMap { name in
            text.components(after: "package enum \(name):", before: "\n    }\n")
                .split(separator: "\n").map(\.trimmed).filter { $0.hasPrefix("case ") }
                .map { String($0.dropFirst(5).prefix { $0.isLetter }) }
        }
        var isTable = false
        var rows: [String] = []
        for line in try SourceTree.text(page).split(
            separator: "\n", omittingEmptySubsequences: false)
        {
            if line.hasPrefix("| state |") || line.hasPrefix("| motion |") { isTable = true }
            if line.isEmpty { isTable = false }
            if isTable, line.hasPrefix("| `") {
                rows.append(String(line.dropFirst(3).prefix { $0.isLetter }))
            }
        }
        #expect(states.count >= 4)
        #expect(rows.sorted() == states.sorted(), "\(page) and \(source)")
    }

    @Test func noUnfinishedWorkIsLeft() throws {
        for path in SourceTree.files(under: "Sources", ending: ".swift") {
            let text = try SourceTree.text(path)
            for mark in ["TODO", "FIXME", "XXX", "fatalError(", "try!", " as! "] {
                #expect(!text.contains(mark), "\(path) contains \(mark)")
            }
        }
    }
}

extension Substring {
    var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
