import CXnnpack
import Glibc

/// A network laid out for one size of input, with its buffers; runs on the calling thread.
@safe package final class NetworkPlan {
    package let inputs: [Network.Tensor]
    package let outputs: [Network.Tensor]

    private let engine: OpaquePointer
    private let file: GraphFile  // The weights outlive the engine.
    private let path: String
    private let inputBuffers: [UnsafeMutableBufferPointer<Float>]
    private let outputBuffers: [UnsafeMutableBufferPointer<Float>]

    init(
        graph: Graph, file: GraphFile, inputShapes: [[Int]], path: String
    ) throws(GraphProblem) {
        let shapes = try graph.shapes(forInputs: inputShapes)
        guard let engine = unsafe xn_create(UInt32(graph.valueCount)) else {
            throw GraphProblem(
                kind: .engine, line: nil, problem: "XNNPACK does not start",
                remedy: "it needs memory, and a processor with SSE2 or NEON")
        }
        do throws(GraphProblem) {
            try unsafe EngineBuilder(engine: engine, file: file, shapes: shapes).build(graph)
            unsafe inputBuffers = try graph.inputs.map { input throws(GraphProblem) in
                try unsafe Self.buffer(engine, input.value)
            }
            unsafe outputBuffers = try graph.outputs.map { output throws(GraphProblem) in
                try unsafe Self.buffer(engine, output.value)
            }
        } catch {
            unsafe xn_destroy(engine)
            throw error
        }
        unsafe self.engine = engine
        self.file = file
        self.path = path
        inputs = graph.inputs.map { .init(name: $0.name, shape: shapes[$0.value]) }
        outputs = graph.outputs.map { .init(name: $0.name, shape: shapes[$0.value]) }
    }

    deinit { unsafe xn_destroy(engine) }

    private static func buffer(
        _ engine: OpaquePointer, _ value: Int
    ) throws(GraphProblem) -> UnsafeMutableBufferPointer<Float> {
        var count = 0
        guard let start = unsafe xn_buffer(engine, UInt32(value), &count) else {
            throw GraphProblem(
                kind: .engine, line: nil, problem: "XNNPACK lost the buffer of value \(value)")
        }
        return unsafe UnsafeMutableBufferPointer(start: start, count: count)
    }

    /// Gives the input tensor for writing, in the order of its shape; it keeps what was written.
    package func withInput<Result, Failure: Error>(
        _ index: Int = 0, _ body: (inout MutableSpan<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var span = unsafe inputBuffers[index].mutableSpan
        return try body(&span)
    }

    /// Gives an output tensor of the last run for reading, in the order of its shape.
    package func withOutput<Result, Failure: Error>(
        _ index: Int = 0, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe outputBuffers[index].span)
    }

    /// A copy of an output tensor of the last run.
    package func output(_ index: Int = 0) -> [Float] { unsafe Array(outputBuffers[index]) }

    /// Overwrites inputs and outputs of the last run; what the engine keeps between its layers stays
    /// until the next one.
    package func wipe() {
        let buffers = unsafe inputBuffers + outputBuffers
        for index in unsafe buffers.indices {
            guard let start = unsafe buffers[index].baseAddress else { continue }
            let byteCount = unsafe buffers[index].count * MemoryLayout<Float>.stride
            unsafe explicit_bzero(start, byteCount)
        }
    }

    /// The place of the output of this name, for `withOutput`.
    package func outputIndex(_ name: String) throws(NetworkError) -> Int {
        guard let index = outputs.firstIndex(where: { $0.name == name }) else {
            throw NetworkError(
                kind: .malformed, path: path, line: nil, problem: "has no output '\(name)'",
                remedy: "it has \(outputs.map(\.name).joined(separator: ", "))")
        }
        return index
    }

    /// Computes the outputs from the inputs.
    package func run() throws(NetworkError) {
        let status = unsafe xn_run(engine)
        guard status == 0 else {
            throw NetworkError(
                kind: .engine, path: path, line: nil, problem: "XNNPACK failed, status \(status)",
                remedy: "report this with the model file")
        }
    }
}

/// Hands a checked graph to XNNPACK.
@safe private struct EngineBuilder {
    let engine: OpaquePointer
    let file: GraphFile
    let shapes: [[Int]]

    func build(_ graph: Graph) throws(GraphProblem) {
        let ends = Set(graph.outputs.map(\.value))
        for input in graph.inputs { try define(input.value, role: XN_INPUT, line: nil) }
        for step in graph.steps {
            let role = ends.contains(step.output) ? XN_OUTPUT : XN_INNER
            try define(step.output, role: role, line: step.line)
            try check(add(step), step.name, line: step.line)
        }
        try check(unsafe xn_finish(engine), "the network", line: nil)
    }

    private func check(_ status: Int32, _ what: String, line: Int?) throws(GraphProblem) {
        guard status == 0 else {
            throw GraphProblem(
                kind: .engine, line: line, problem: "XNNPACK refuses \(what), status \(status)",
                remedy: "report this with the model file")
        }
    }

    private func define(_ value: Int, role: Int, line: Int?) throws(GraphProblem) {
        let dims = shapes[value]
        try check(
            unsafe xn_value(engine, UInt32(value), dims, dims.count, Int32(role)),
            "a value of shape \(text(dims))", line: line)
    }

    private func add(_ step: Step) -> Int32 {
        let a = UInt32(step.inputs[0])
        let out = UInt32(step.output)
        switch step.operation {
        case .convolution(let window, let layer):
            var c = unsafe arguments(step, window, layer)
            return unsafe xn_conv2d(engine, &c)
        case .depthwise(let window, let layer):
            var c = unsafe arguments(step, window, layer)
            return unsafe xn_dwconv2d(engine, &c)
        case .deconvolution(let window, let layer):
            var c = unsafe arguments(step, window, layer)
            return unsafe xn_deconv2d(engine, &c)
        case .fullyConnected(let layer):
            var c = unsafe arguments(step, Window(), layer)
            return unsafe xn_fc(engine, &c)
        case .maxPool(let window):
            var c = unsafe arguments(step, window, nil)
            return unsafe xn_maxpool(engine, &c)
        case .averagePool(let window):
            var c = unsafe arguments(step, window, nil)
            return unsafe xn_avgpool(engine, &c)
        case .prelu(let channels, let slopes):
            return unsafe xn_prelu(engine, a, out, channels, file.floats(slopes).baseAddress)
        case .leakyRelu(let slope): return unsafe xn_leaky(engine, a, out, slope)
        case .clamp(let activation):
            return unsafe xn_clamp(engine, a, out, activation.range.low, activation.range.high)
        case .globalAverage: return unsafe xn_gap(engine, a, out)
        case .add(let act):
            return unsafe xn_add(
                engine, a, UInt32(step.inputs[1]), out, act.range.low, act.range.high)
        case .multiply(let act):
            return unsafe xn_multiply(
                engine, a, UInt32(step.inputs[1]), out, act.range.low, act.range.high)
        case .sigmoid: return unsafe xn_sigmoid(engine, a, out)
        case .softmax: return unsafe xn_softmax(engine, a, out)
        case .hardSwish: return unsafe xn_hardswish(engine, a, out)
        case .reshape:
            let dims = shapes[step.output]
            return unsafe xn_reshape(engine, a, out, dims, dims.count)
        case .resize(_, let align), .resizeTo(_, let align):
            let dims = shapes[step.output]
            return unsafe xn_resize(engine, a, out, dims[1], dims[2], align ? 1 : 0)
        }
    }

    private func arguments(_ step: Step, _ window: Window, _ layer: Layer?) -> xn_conv {
        var c = unsafe xn_conv()
        unsafe c.in = UInt32(step.inputs[0])
        unsafe c.out = UInt32(step.output)
        unsafe (c.kernel_h, c.kernel_w) = (
            UInt32(window.kernel.height), UInt32(window.kernel.width)
        )
        unsafe (c.stride_h, c.stride_w) = (
            UInt32(window.stride.height), UInt32(window.stride.width)
        )
        unsafe (c.pad_h, c.pad_w) = (UInt32(window.pad.height), UInt32(window.pad.width))
        unsafe c.dilation_h = UInt32(window.dilation.height)
        unsafe c.dilation_w = UInt32(window.dilation.width)
        unsafe (c.adjust_h, c.adjust_w) = (
            UInt32(window.adjust.height), UInt32(window.adjust.width)
        )
        if let layer {
            unsafe c.groups = UInt32(layer.groups)
            unsafe (c.channels_in, c.channels_out) = (layer.channelsIn, layer.channelsOut)
            unsafe (c.low, c.high) = layer.activation.range
            unsafe c.weights = file.floats(layer.weights).baseAddress
            unsafe c.bias = file.floats(layer.bias).baseAddress
        }
        return unsafe c
    }
}
