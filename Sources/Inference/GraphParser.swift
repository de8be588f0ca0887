/// Reads the graph text, one statement a line; every name, number and range is checked here.
struct GraphParser {
    private let floatCount: Int
    private var graph = Graph()
    private var values: [String: Int] = [:]
    private var unused: [Int: String] = [:]
    private var line = 0

    static func parse(_ text: String, floatCount: Int) throws(GraphProblem) -> Graph {
        var parser = GraphParser(floatCount: floatCount)
        for statement in text.split(separator: "\n", omittingEmptySubsequences: false) {
            parser.line += 1
            if !statement.isEmpty { try parser.read(statement) }
        }
        return try parser.finish()
    }

    private init(floatCount: Int) { self.floatCount = floatCount }

    private mutating func read(_ statement: Substring) throws(GraphProblem) {
        let words = statement.split(separator: " ")
        switch words.first {
        case "meta": try readMetadata(statement)
        case "input": try readInput(words)
        case "output": try readOutput(words)
        case .some(let name): try readStep(String(name), words)
        case nil: break
        }
    }

    private func finish() throws(GraphProblem) -> Graph {
        guard !graph.inputs.isEmpty, !graph.outputs.isEmpty, !graph.steps.isEmpty else {
            throw GraphProblem(
                kind: .malformed, line: nil,
                problem: "the graph needs an input, an operation and an output")
        }
        if let (_, name) = unused.min(by: { $0.key < $1.key }) {
            throw GraphProblem(
                kind: .malformed, line: nil, problem: "the value '\(name)' is never used")
        }
        return graph
    }

    private func bad(_ problem: String) -> GraphProblem {
        GraphProblem(kind: .malformed, line: line, problem: problem)
    }

    // MARK: - Statements

    private mutating func readMetadata(_ statement: Substring) throws(GraphProblem) {
        let parts = statement.split(
            separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[1].isEmpty else { throw bad("meta takes a key and a value") }
        guard graph.metadata.updateValue(String(parts[2]), forKey: String(parts[1])) == nil else {
            throw bad("the key '\(parts[1])' stands twice")
        }
    }

    private mutating func readInput(_ words: [Substring]) throws(GraphProblem) {
        guard words.count == 3 else { throw bad("input takes a name and a shape") }
        let shape = try numbers(words[2], in: 1...GraphLimits.dimension)
        guard (1...GraphLimits.rank).contains(shape.count) else {
            throw bad("an input has 1 to \(GraphLimits.rank) dimensions, found \(shape.count)")
        }
        let value = try define(words[1])
        graph.inputs.append((name: String(words[1]), shape: shape, value: value))
    }

    private mutating func readOutput(_ words: [Substring]) throws(GraphProblem) {
        guard words.count == 2 else { throw bad("output takes a name") }
        let value = try use(words[1])
        guard !graph.outputs.contains(where: { $0.value == value }),
            !graph.inputs.contains(where: { $0.value == value })
        else { throw bad("'\(words[1])' cannot be an output: it is one already, or an input") }
        graph.outputs.append((name: String(words[1]), value: value))
    }

    private mutating func readStep(_ name: String, _ words: [Substring]) throws(GraphProblem) {
        guard graph.steps.count < GraphLimits.steps else {
            throw bad("more than \(GraphLimits.steps) operations")
        }
        var fields = try Fields(words, line: line)
        let count = name == "add" || name == "multiply" ? 2 : 1
        guard fields.positional.count == count + 1 else {
            throw bad("\(name) takes \(count) inputs and a name for its output")
        }
        var inputs: [Int] = []
        for word in fields.positional.dropLast() { inputs.append(try use(word)) }
        let operation = try readOperation(name, &fields)
        try fields.finish()
        let output = try define(fields.positional[count])
        graph.steps.append(
            Step(line: line, name: name, operation: operation, inputs: inputs, output: output))
    }

    private func readOperation(
        _ name: String, _ fields: inout Fields
    ) throws(GraphProblem) -> Operation {
        switch name {
        case "conv": return .convolution(try window(&fields), try layer(&fields, name))
        case "dwconv": return .depthwise(try window(&fields), try layer(&fields, name))
        case "deconv": return .deconvolution(try window(&fields), try layer(&fields, name))
        case "fc": return .fullyConnected(try layer(&fields, name))
        case "prelu":
            let channels = try fields.integer("channels", in: 1...GraphLimits.dimension)
            return .prelu(channels: channels, slopes: try range(&fields, "slopes", channels))
        case "leakyrelu": return .leakyRelu(slope: try fields.real("slope"))
        case "clamp": return .clamp(try fields.activation())
        case "maxpool": return .maxPool(try window(&fields))
        case "avgpool": return .averagePool(try window(&fields))
        case "gap": return .globalAverage
        case "add": return .add(try fields.activation())
        case "multiply": return .multiply(try fields.activation())
        case "sigmoid": return .sigmoid
        case "softmax": return .softmax
        case "hardswish": return .hardSwish
        case "reshape":
            let dims = try numbers(fields.required("dims"), in: -1...GraphLimits.dimension)
            guard (1...GraphLimits.rank).contains(dims.count),
                dims.filter({ $0 == -1 }).count <= 1
            else { throw bad("reshape takes 1 to 4 dimensions, at most one of them -1") }
            return .reshape(dims)
        case "resize":
            let factor = try fields.extent("factor", in: 1...64)
            return .resize(factor: factor, align: try fields.flag("align"))
        case "resizeto":
            let size = try fields.extent("size", in: 1...GraphLimits.dimension)
            return .resizeTo(size: size, align: try fields.flag("align"))
        default: throw bad("unknown operation '\(name)'")
        }
    }

    // MARK: - Parts of a statement

    private mutating func define(_ word: Substring) throws(GraphProblem) -> Int {
        let value = graph.valueCount
        guard values.updateValue(value, forKey: String(word)) == nil else {
            throw bad("the value '\(word)' is defined twice")
        }
        unused[value] = String(word)
        graph.valueCount += 1
        return value
    }

    private mutating func use(_ word: Substring) throws(GraphProblem) -> Int {
        guard let value = values[String(word)] else {
            throw bad("the value '\(word)' is used before it is defined")
        }
        unused[value] = nil
        return value
    }

    private func numbers(
        _ word: Substring, in range: ClosedRange<Int>
    ) throws(GraphProblem) -> [Int] {
        try Fields.numbers(word, in: range, line: line)
    }

    private func window(_ fields: inout Fields) throws(GraphProblem) -> Window {
        Window(
            kernel: try fields.extent("kernel", in: 1...256),
            stride: try fields.extent("stride", in: 1...256, default: 1),
            pad: try fields.extent("pad", in: 0...256, default: 0),
            dilation: try fields.extent("dilation", in: 1...256, default: 1),
            adjust: try fields.extent("adjust", in: 0...256, default: 0))
    }

    /// A layer's channels and weights; the kernel's area is read again for the count of weights.
    private func layer(_ fields: inout Fields, _ name: String) throws(GraphProblem) -> Layer {
        let kernel = try fields.extent("kernel", in: 1...256, default: 1)
        let channels = try fields.extent("channels", in: 1...GraphLimits.dimension)
        let groups = try fields.integer("groups", in: 1...GraphLimits.dimension, default: 1)
        let (input, output) = (channels.height, channels.width)
        guard input % groups == 0, output % groups == 0 else {
            throw bad("\(groups) groups do not divide \(input) and \(output) channels")
        }
        guard name != "dwconv" || input == output else {
            throw bad("a depthwise convolution keeps its channels, found \(input) and \(output)")
        }
        let perOutput = name == "dwconv" ? 1 : input / groups
        guard
            let count = product(
                [kernel.height, kernel.width, perOutput, output], atMost: floatCount)
        else { throw bad("more weights than the file has") }
        return Layer(
            channelsIn: input, channelsOut: output, groups: groups,
            weights: try range(&fields, "weights", count),
            bias: try range(&fields, "bias", output), activation: try fields.activation())
    }

    private func range(
        _ fields: inout Fields, _ key: String, _ count: Int
    ) throws(GraphProblem) -> Range<Int> {
        let start = try fields.integer(key, in: 0...GraphLimits.fileBytes)
        guard count <= floatCount, start <= floatCount - count else {
            throw bad("\(key) \(start)..<\(start + count) lie outside the file's \(floatCount)")
        }
        return start..<start + count
    }
}
