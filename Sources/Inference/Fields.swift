/// The words of one statement: names first, then `key=value`.
struct Fields {
    private(set) var positional: [Substring] = []
    private var named: [Substring: Substring] = [:]
    private var read: Set<Substring> = []
    private let line: Int

    init(_ words: [Substring], line: Int) throws(GraphProblem) {
        self.line = line
        for word in words.dropFirst() {
            guard let equals = word.firstIndex(of: "=") else {
                positional.append(word)
                continue
            }
            let value = word[word.index(after: equals)...]
            guard named.updateValue(value, forKey: word[..<equals]) == nil else {
                throw bad("'\(word[..<equals])' stands twice")
            }
        }
    }

    /// Refuses keys that nobody asked for: a file of a later writer must not be half understood.
    func finish() throws(GraphProblem) {
        if let key = named.keys.filter({ !read.contains($0) }).min() {
            throw bad("unknown key '\(key)'")
        }
    }

    mutating func required(_ key: String) throws(GraphProblem) -> Substring {
        guard let word = optional(key) else { throw bad("'\(key)=' is missing") }
        return word
    }

    mutating func optional(_ key: String) -> Substring? {
        read.insert(Substring(key))
        return named[Substring(key)]
    }

    mutating func integer(
        _ key: String, in range: ClosedRange<Int>, default value: Int? = nil
    ) throws(GraphProblem) -> Int {
        if let value, optional(key) == nil { return value }
        let numbers = try Self.numbers(required(key), in: range, line: line)
        guard numbers.count == 1 else { throw bad("'\(key)' takes one number") }
        return numbers[0]
    }

    mutating func extent(
        _ key: String, in range: ClosedRange<Int>, default value: Int? = nil
    ) throws(GraphProblem) -> Extent {
        if let value, optional(key) == nil { return Extent(height: value, width: value) }
        let numbers = try Self.numbers(required(key), in: range, line: line)
        guard numbers.count == 2 else { throw bad("'\(key)' takes two numbers, as in 3x3") }
        return Extent(height: numbers[0], width: numbers[1])
    }

    mutating func real(_ key: String) throws(GraphProblem) -> Float {
        let word = try required(key)
        guard let value = Float(word), value.isFinite else { throw bad("bad number '\(word)'") }
        return value
    }

    mutating func flag(_ key: String) throws(GraphProblem) -> Bool {
        try integer(key, in: 0...1, default: 0) == 1
    }

    mutating func activation() throws(GraphProblem) -> Activation {
        guard let word = optional("act") else { return .none }
        guard let activation = Activation(rawValue: String(word)) else {
            throw bad("unknown activation '\(word)'")
        }
        return activation
    }

    /// Numbers joined by `x`, as in `1x48x168x1`.
    static func numbers(
        _ word: Substring, in range: ClosedRange<Int>, line: Int
    ) throws(GraphProblem) -> [Int] {
        var numbers: [Int] = []
        for part in word.split(separator: "x", omittingEmptySubsequences: false) {
            guard let number = Int(part), range.contains(number) else {
                throw GraphProblem(
                    kind: .malformed, line: line,
                    problem:
                        "'\(part)' is not a number from \(range.lowerBound) to \(range.upperBound)")
            }
            numbers.append(number)
        }
        return numbers
    }

    private func bad(_ problem: String) -> GraphProblem {
        GraphProblem(kind: .malformed, line: line, problem: problem)
    }
}
