extension Graph {
    /// The shape of every value for these input shapes; each operation is checked against its inputs.
    func shapes(forInputs given: [[Int]]) throws(GraphProblem) -> [[Int]] {
        var shapes = [[Int]](repeating: [], count: valueCount)
        for (input, shape) in zip(inputs, given) {
            guard product(shape, atMost: GraphLimits.tensorFloats) != nil else {
                throw GraphProblem(
                    kind: .doesNotFit, line: nil,
                    problem: "input '\(input.name)' is \(text(shape))",
                    remedy: "ask for at most \(GraphLimits.tensorFloats) numbers")
            }
            shapes[input.value] = shape
        }
        var total = 0
        for step in steps {
            let shape = try step.shape(of: step.inputs.map { shapes[$0] })
            guard let count = product(shape, atMost: GraphLimits.tensorFloats),
                total + count <= GraphLimits.networkFloats
            else { throw step.misfit("its result \(text(shape)) is too large") }
            total += count
            shapes[step.output] = shape
        }
        return shapes
    }
}

/// A shape as people read it.
func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "x") }

extension Step {
    func misfit(_ problem: String) -> GraphProblem {
        GraphProblem(kind: .doesNotFit, line: line, problem: "\(name): \(problem)")
    }

    /// The shape of the result for these operands.
    func shape(of operands: [[Int]]) throws(GraphProblem) -> [Int] {
        let input = operands[0]
        switch operation {
        case .convolution(let window, let layer), .depthwise(let window, let layer):
            let size = try slide(window, over: input, channels: layer.channelsIn)
            return [input[0], size.height, size.width, layer.channelsOut]
        case .deconvolution(let window, let layer):
            let size = try spread(window, over: input, channels: layer.channelsIn)
            return [input[0], size.height, size.width, layer.channelsOut]
        case .fullyConnected(let layer):
            guard input.count >= 2, input.last == layer.channelsIn else {
                throw misfit("takes \(layer.channelsIn) channels, its input is \(text(input))")
            }
            return input.dropLast() + [layer.channelsOut]
        case .prelu(let channels, _):
            guard input.last == channels else {
                throw misfit("has \(channels) slopes, its input is \(text(input))")
            }
            return input
        case .leakyRelu, .clamp, .sigmoid, .softmax, .hardSwish:
            return input
        case .maxPool(let window), .averagePool(let window):
            return try pool(window, over: input)
        case .globalAverage:
            try needPicture(input)
            return [input[0], 1, 1, input[3]]
        case .add, .multiply:
            return try broadcast(input, operands[1])
        case .reshape(let dims):
            return try reshape(input, dims)
        case .resize(let factor, _):
            try needPicture(input)
            return [input[0], input[1] * factor.height, input[2] * factor.width, input[3]]
        case .resizeTo(let size, _):
            try needPicture(input)
            return [input[0], size.height, size.width, input[3]]
        }
    }

    private func needPicture(_ shape: [Int]) throws(GraphProblem) {
        guard shape.count == 4 else {
            throw misfit("takes batch x height x width x channels, its input is \(text(shape))")
        }
    }

    private func slide(
        _ window: Window, over input: [Int], channels: Int
    ) throws(GraphProblem) -> Extent {
        try needPicture(input)
        guard input[3] == channels else {
            throw misfit("takes \(channels) channels, its input is \(text(input))")
        }
        func length(_ size: Int, _ kernel: Int, _ stride: Int, _ pad: Int, _ dilation: Int) -> Int {
            let room = size + 2 * pad - ((kernel - 1) * dilation + 1)
            return room < 0 ? 0 : room / stride + 1
        }
        let height = length(
            input[1], window.kernel.height, window.stride.height, window.pad.height,
            window.dilation.height)
        let width = length(
            input[2], window.kernel.width, window.stride.width, window.pad.width,
            window.dilation.width)
        guard height > 0, width > 0 else {
            throw misfit("its window is larger than its input \(text(input))")
        }
        return Extent(height: height, width: width)
    }

    private func spread(
        _ window: Window, over input: [Int], channels: Int
    ) throws(GraphProblem) -> Extent {
        try needPicture(input)
        guard input[3] == channels else {
            throw misfit("takes \(channels) channels, its input is \(text(input))")
        }
        guard window.adjust.height < window.stride.height, window.adjust.width < window.stride.width
        else { throw misfit("'adjust' must be less than 'stride'") }
        let height =
            (input[1] - 1) * window.stride.height + window.adjust.height
            + (window.kernel.height - 1) * window.dilation.height + 1 - 2 * window.pad.height
        let width =
            (input[2] - 1) * window.stride.width + window.adjust.width
            + (window.kernel.width - 1) * window.dilation.width + 1 - 2 * window.pad.width
        guard height > 0, width > 0 else { throw misfit("nothing remains after its padding") }
        return Extent(height: height, width: width)
    }

    private func pool(_ window: Window, over input: [Int]) throws(GraphProblem) -> [Int] {
        try needPicture(input)
        let (kernel, pad, stride) = (window.kernel, window.pad, window.stride)
        guard kernel.height * kernel.width > 1, pad.height * 2 <= kernel.height,
            pad.width * 2 <= kernel.width, stride.height <= kernel.height,
            stride.width <= kernel.width, window.dilation == Extent(height: 1, width: 1)
        else { throw misfit("its window, stride and padding do not go together") }
        if case .averagePool = operation, pad != Extent(height: 0, width: 0) {
            throw misfit("an average does not take padding")
        }
        let size = try slide(window, over: input, channels: input[3])
        return [input[0], size.height, size.width, input[3]]
    }

    private func broadcast(_ a: [Int], _ b: [Int]) throws(GraphProblem) -> [Int] {
        let fits = a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || $0 == 1 || $1 == 1 }
        guard fits else { throw misfit("\(text(a)) and \(text(b)) do not fit each other") }
        return zip(a, b).map { max($0, $1) }
    }

    private func reshape(_ input: [Int], _ dims: [Int]) throws(GraphProblem) -> [Int] {
        var shape: [Int] = []
        for (place, size) in dims.enumerated() {
            guard size != 0 || place < input.count else {
                throw misfit("its input \(text(input)) has no dimension \(place)")
            }
            shape.append(size == 0 ? input[place] : size)
        }
        let all = input.reduce(1, *)
        guard let known = product(shape.filter { $0 != -1 }, atMost: all), all % known == 0 else {
            throw misfit("\(text(input)) cannot become \(text(dims))")
        }
        shape = shape.map { $0 == -1 ? all / known : $0 }
        guard shape.reduce(1, *) == all else {
            throw misfit("\(text(input)) cannot become \(text(dims))")
        }
        return shape
    }
}
