import Glibc

/// What each step of a network costs on this machine, by running ever longer beginnings of it.
///
/// The engine tells no times of its own. A step's time is the difference between two beginnings, each
/// at its fastest, in processor time of the calling thread, so that other programs disturb it little.
package struct NetworkProfile: Sendable {
    package struct Step: Sendable {
        package let name: String
        /// The shape of what it gives.
        package let shape: [Int]
        package let multiplications: Int
        package let milliseconds: Double
    }

    package let steps: [Step]
    /// Of the whole network, in processor time.
    package let milliseconds: Double

    /// - Parameter rounds: each beginning is run so often, and its fastest counts.
    package init(
        path: String, height: Int?, width: Int?, rounds: Int
    ) throws(NetworkError) {
        do throws(GraphProblem) {
            let file = try GraphFile(path: path)
            let graph = try GraphParser.parse(file.text, floatCount: file.floatCount)
            let shapes = graph.inputs.map { input in
                input.shape.count != 4
                    ? input.shape
                    : [1, height ?? input.shape[1], width ?? input.shape[2], input.shape[3]]
            }
            let results = try graph.shapes(forInputs: shapes)
            var steps: [Step] = []
            var before = 0.0
            for (index, step) in graph.steps.enumerated() {
                var part = graph
                part.steps = Array(graph.steps[...index])
                // The engine wants every value used: what no step of this part takes, goes out.
                let taken = Set(part.steps.flatMap(\.inputs))
                part.outputs = part.steps.filter { !taken.contains($0.output) }
                    .map { (name: $0.name, value: $0.output) }
                let spent = try Self.fastest(part, file, shapes, path, rounds)
                let shape = results[step.output]
                steps.append(
                    Step(
                        name: step.name, shape: shape,
                        multiplications: step.operation.multiplications(giving: shape),
                        milliseconds: spent - before))
                before = spent
            }
            self.steps = steps
            milliseconds = try Self.fastest(graph, file, shapes, path, rounds)
        } catch {
            throw error.located(in: path)
        }
    }

    private static func fastest(
        _ graph: Graph, _ file: GraphFile, _ shapes: [[Int]], _ path: String, _ rounds: Int
    ) throws(GraphProblem) -> Double {
        let plan = try NetworkPlan(graph: graph, file: file, inputShapes: shapes, path: path)
        for index in shapes.indices {
            plan.withInput(index) { span in
                for i in span.indices { span[i] = Float(i % 251) / 125 - 1 }
            }
        }
        var best = Double.infinity
        for _ in 0..<max(rounds, 1) {
            let begun = ThreadClock.milliseconds
            do throws(NetworkError) {
                try plan.run()
            } catch {
                throw GraphProblem(kind: .engine, line: nil, problem: error.problem)
            }
            best = min(best, ThreadClock.milliseconds - begun)
        }
        return best
    }
}

/// Processor time of the calling thread.
package enum ThreadClock {
    package static var milliseconds: Double {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }
}

extension Operation {
    /// Multiplications of weights; what has none costs memory, not these.
    fileprivate func multiplications(giving shape: [Int]) -> Int {
        let count = shape.reduce(1, *)
        switch self {
        case .convolution(let window, let layer):
            return count * window.kernel.height * window.kernel.width * layer.channelsIn
                / layer.groups
        case .depthwise(let window, _):
            return count * window.kernel.height * window.kernel.width
        case .deconvolution(let window, let layer):
            return count * window.kernel.height * window.kernel.width * layer.channelsIn
                / layer.groups / (window.stride.height * window.stride.width)
        case .fullyConnected(let layer): return count * layer.channelsIn
        case .prelu, .leakyRelu, .clamp, .maxPool, .averagePool, .globalAverage, .add, .multiply,
            .sigmoid, .softmax, .hardSwish, .reshape, .resize, .resizeTo:
            return 0
        }
    }
}
