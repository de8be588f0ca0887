import Foundation

/// The checkout that these tests stand in, read once from disk.
enum SourceTree {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Paths below `folder`, relative to the root, of files whose name ends so.
    static func files(under folder: String, ending: String) -> [String] {
        let start = root.appending(path: folder)
        let walk = FileManager.default.enumerator(atPath: start.path())
        return (walk?.compactMap { $0 as? String } ?? [])
            .filter { $0.hasSuffix(ending) }.map { "\(folder)/\($0)" }.sorted()
    }

    static var swiftFiles: [String] {
        files(under: "Sources", ending: ".swift") + files(under: "Tests", ending: ".swift")
    }

    /// The modules that a file imports.
    static func imports(of path: String) throws -> [String] {
        try text(path).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let at = words.firstIndex(of: "import"), at <= 2,
                words[..<at].allSatisfy({ $0.hasPrefix("@") || $0 == "package" || $0 == "public" })
            else { return nil }
            return words.dropFirst(at + 1).last.map { String($0.split(separator: ".")[0]) }
        }
    }
}
