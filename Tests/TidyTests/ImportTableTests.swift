import Testing

/// The table in ARCHITECTURE.md is the law: `| module | may import |`.
@Suite struct ImportTableTests {
    static let systemModules: Set<String> = [
        "Foundation", "FoundationEssentials", "Glibc", "Synchronization", "Dispatch", "Swift",
    ]

    /// Rows between the heading "Import table" and the next heading.
    static func table() throws -> [String: Set<String>] {
        let document = try SourceTree.text("ARCHITECTURE.md")
        let section = document.components(after: "## Import table", before: "\n## ")
        var table: [String: Set<String>] = [:]
        for line in section.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.split(separator: "`") }
            guard cells.count >= 2, let module = cells[0].dropFirst().first else { continue }
            table[String(module)] = Set(
                cells[1].map(String.init).filter { $0.first?.isLetter == true && !$0.contains(" ") }
            )
        }
        return table
    }

    @Test func everyImportIsInTheTable() throws {
        let table = try Self.table()
        #expect(table.count > 15, "ARCHITECTURE.md has no import table")
        for path in SourceTree.files(under: "Sources", ending: ".swift") {
            let module = String(path.split(separator: "/")[1])
            let allowed = try #require(table[module], "\(module) has no row in the import table")
            for name in try SourceTree.imports(of: path) where name != module {
                #expect(
                    allowed.contains(name) || Self.systemModules.contains(name),
                    "\(path) imports \(name): not in the import table of ARCHITECTURE.md")
            }
        }
    }

    @Test func coreImportsNothingOfTheSystem() throws {
        let core = [
            "GateTypes", "GateConfiguration", "AccessPolicy", "PassageControl", "GateEngine",
        ]
        for module in core {
            for path in SourceTree.files(under: "Sources/\(module)", ending: ".swift") {
                for name in try SourceTree.imports(of: path) {
                    #expect(core.contains(name), "\(path) imports \(name): the core is pure")
                }
            }
        }
    }

    @Test func importsPointDownOnly() throws {
        let table = try Self.table()
        for (module, imports) in table {
            for imported in imports {
                #expect(
                    !(table[imported]?.contains(module) ?? false),
                    "\(module) and \(imported) import each other")
            }
        }
    }
}

extension String {
    /// What stands between two markers; empty when the first is missing.
    func components(after start: String, before end: String) -> String {
        guard let from = range(of: start) else { return "" }
        let rest = self[from.upperBound...]
        return String(rest[..<(rest.range(of: end)?.lowerBound ?? rest.endIndex)])
    }
}
