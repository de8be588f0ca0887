/// Why a network file was refused or a network could not run: which file, where in it, what to do.
package struct NetworkError: Error, Equatable, CustomStringConvertible {
    /// The classes of failure, for callers that act on them.
    package enum Kind: Equatable, Sendable {
        case unreadable, notANetwork, otherVersion, truncated, damaged
        case malformed, doesNotFit, notFinite, engine
    }

    package let kind: Kind
    package let path: String
    /// The line of the graph text, where the problem has one.
    package let line: Int?
    package let problem: String
    package let remedy: String

    package var description: String {
        let place = line.map { "\(path): graph line \($0)" } ?? path
        return "\(place): \(problem); \(remedy)"
    }

    package init(kind: Kind, path: String, line: Int?, problem: String, remedy: String) {
        self.kind = kind
        self.path = path
        self.line = line
        self.problem = problem
        self.remedy = remedy
    }

    /// Of a network that came with the program: where another folder of them is named.
    package var ofModelFolder: NetworkError {
        guard kind == .unreadable else { return self }
        return NetworkError(
            kind: kind, path: path, line: line, problem: problem,
            remedy: remedy
                + ", or name the folder of the networks with --models or GATEHOUSE_MODELS")
    }

    package static let exportAgain = "export the network again"
}

/// A problem found while reading the graph text; `Network` adds the path.
struct GraphProblem: Error {
    let kind: NetworkError.Kind
    let line: Int?
    let problem: String
    var remedy = NetworkError.exportAgain

    func located(in path: String) -> NetworkError {
        NetworkError(kind: kind, path: path, line: line, problem: problem, remedy: remedy)
    }
}
