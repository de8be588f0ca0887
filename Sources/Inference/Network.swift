import CXnnpack

/// A network read from a file; it makes a plan for each size of input and keeps the last few.
///
/// Tensors are `batch × height × width × channels`, float32. One instance and its plans serve one
/// thread at a time; a recogniser thread makes its own.
package final class Network {
    /// A named input or output, with the shape it has in the file.
    package struct Tensor: Equatable, Sendable {
        package let name: String
        package let shape: [Int]
    }

    package let path: String
    package let inputs: [Tensor]
    package let outputs: [Tensor]
    /// What the exporter wrote beside the weights: thresholds, class lists, normalisation.
    package let metadata: [String: String]

    private let file: GraphFile
    private let graph: Graph
    private var plans: [(shapes: [[Int]], plan: NetworkPlan)] = []

    /// Reads and checks the whole file; nothing of it reaches the engine before it has passed.
    package init(path: String) throws(NetworkError) {
        do throws(GraphProblem) {
            let file = try GraphFile(path: path)
            let graph = try GraphParser.parse(file.text, floatCount: file.floatCount)
            let shapes = try graph.shapes(forInputs: graph.inputs.map(\.shape))
            try graph.checkFinite(in: file)
            self.path = path
            self.file = file
            self.graph = graph
            metadata = graph.metadata
            inputs = graph.inputs.map { Tensor(name: $0.name, shape: $0.shape) }
            outputs = graph.outputs.map { Tensor(name: $0.name, shape: shapes[$0.value]) }
        } catch {
            throw error.located(in: path)
        }
    }

    /// The network laid out for a size of input; without arguments, for the file's own.
    ///
    /// `batch`, `height` and `width` replace those of every four-dimensional input. The last three
    /// layouts are kept, so asking again costs nothing; each holds its own packed weights.
    package func plan(
        batch: Int? = nil, height: Int? = nil, width: Int? = nil
    ) throws(NetworkError) -> NetworkPlan {
        let wanted = inputs.map { input in
            input.shape.count != 4
                ? [batch ?? input.shape[0]] + input.shape.dropFirst()
                : [
                    batch ?? input.shape[0], height ?? input.shape[1], width ?? input.shape[2],
                    input.shape[3],
                ]
        }
        if let place = plans.firstIndex(where: { $0.shapes == wanted }) {
            let found = plans.remove(at: place)
            plans.append(found)
            return found.plan
        }
        do throws(GraphProblem) {
            // Room first: two layouts of large pictures at once are the most memory this takes.
            if plans.count == GraphLimits.plans { plans.removeFirst() }
            let plan = try NetworkPlan(graph: graph, file: file, inputShapes: wanted, path: path)
            plans.append((shapes: wanted, plan: plan))
            return plan
        } catch {
            throw error.located(in: path)
        }
    }

    // MARK: - Metadata

    /// The metadata of this key as text; an error names the file when it has none.
    package func text(_ key: String) throws(NetworkError) -> String {
        guard let value = metadata[key] else { throw missing(key, "has no metadata '\(key)'") }
        return value
    }

    /// The metadata of this key as a finite number.
    package func number(_ key: String) throws(NetworkError) -> Double {
        let value = try text(key)
        guard let number = Double(value), number.isFinite else {
            throw missing(key, "metadata '\(key)' is '\(value)', not a number")
        }
        return number
    }

    /// The metadata of this key as words parted by spaces.
    package func list(_ key: String) throws(NetworkError) -> [String] {
        try text(key).split(separator: " ").map(String.init)
    }

    private func missing(_ key: String, _ problem: String) -> NetworkError {
        NetworkError(
            kind: .malformed, path: path, line: nil, problem: problem,
            remedy: NetworkError.exportAgain)
    }
}

extension Graph {
    /// Refuses weights that are not numbers: one of them makes every answer one.
    func checkFinite(in file: GraphFile) throws(GraphProblem) {
        for step in steps {
            for range in step.operation.weightRanges {
                let floats = unsafe file.floats(range)
                // Zero times a number is zero; times infinity or no number it is no number.
                var sum: Float = 0
                for i in floats.indices { sum += unsafe floats[i] * 0 }
                guard sum == 0 else {
                    throw GraphProblem(
                        kind: .notFinite, line: step.line,
                        problem: "\(step.name): a weight is infinite or not a number",
                        remedy: "train again: the training diverged, or the file is damaged")
                }
            }
        }
    }
}

extension Operation {
    var weightRanges: [Range<Int>] {
        switch self {
        case .convolution(_, let layer), .depthwise(_, let layer), .deconvolution(_, let layer),
            .fullyConnected(let layer):
            [layer.weights, layer.bias]
        case .prelu(_, let slopes): [slopes]
        case .leakyRelu, .clamp, .maxPool, .averagePool, .globalAverage, .add, .multiply, .sigmoid,
            .softmax, .hardSwish, .reshape, .resize, .resizeTo:
            []
        }
    }
}
