/// What is done to a convolution's or a sum's result before it is stored.
enum Activation: String {
    case none, relu, relu6

    var range: (low: Float, high: Float) {
        switch self {
        case .none: (-.infinity, .infinity)
        case .relu: (0, .infinity)
        case .relu6: (0, 6)
        }
    }
}

/// A pair of vertical and horizontal extents.
struct Extent: Equatable {
    var height: Int
    var width: Int
}

/// The sliding window of a convolution or pooling.
struct Window {
    var kernel = Extent(height: 1, width: 1)
    var stride = Extent(height: 1, width: 1)
    var pad = Extent(height: 0, width: 0)
    var dilation = Extent(height: 1, width: 1)
    var adjust = Extent(height: 0, width: 0)
}

/// The weights of one layer: where they lie in the file, in floats.
struct Layer {
    let channelsIn: Int
    let channelsOut: Int
    var groups = 1
    let weights: Range<Int>
    let bias: Range<Int>
    let activation: Activation
}

enum Operation {
    case convolution(Window, Layer)
    case depthwise(Window, Layer)
    case deconvolution(Window, Layer)
    case fullyConnected(Layer)
    case prelu(channels: Int, slopes: Range<Int>)
    case leakyRelu(slope: Float)
    case clamp(Activation)
    case maxPool(Window)
    case averagePool(Window)
    case globalAverage
    case add(Activation)
    case multiply(Activation)
    case sigmoid
    case softmax
    case hardSwish
    /// 0 keeps the input's dimension at that place, -1 is what remains.
    case reshape([Int])
    case resize(factor: Extent, align: Bool)
    case resizeTo(size: Extent, align: Bool)
}

/// One operation of the graph; values are numbered in the order in which they are defined.
struct Step {
    let line: Int
    let name: String
    let operation: Operation
    let inputs: [Int]
    let output: Int
}

/// The parsed graph text: everything but sizes that depend on the input's.
struct Graph {
    var inputs: [(name: String, shape: [Int], value: Int)] = []
    var outputs: [(name: String, value: Int)] = []
    var steps: [Step] = []
    var metadata: [String: String] = [:]
    var valueCount = 0
}

/// The product of sizes, or nil when it is over `limit` or a size is not positive.
func product(_ sizes: [Int], atMost limit: Int) -> Int? {
    var total = 1
    for size in sizes {
        guard size > 0 else { return nil }
        let (next, overflow) = total.multipliedReportingOverflow(by: size)
        guard !overflow, next <= limit else { return nil }
        total = next
    }
    return total
}
