/// An input and what another engine answered to it, as `training/export` stores them (`.golden`).
package struct StoredAnswer {
    package struct Tensor {
        package let name: String
        package let shape: [Int]
        package let values: [Float]
    }

    /// The bytes are not a stored answer, or not one of this network; `description` says where.
    package struct Malformed: Error, CustomStringConvertible {
        package let description: String
    }

    /// A stated bound of every back end (DESIGN, chosen parts): share of an output's largest value.
    package static let tolerance: Float = 1e-4

    /// Where a network's stored answers are looked for: FILE.golden and golden/FILE.golden beside it.
    package static func places(beside network: String) -> [String] {
        let slash = network.lastIndex(of: "/").map(network.index(after:)) ?? network.startIndex
        let (folder, file) = (network[..<slash], network[slash...])
        let dot = file.lastIndex(of: ".") ?? file.endIndex
        return [folder + file[..<dot] + ".golden", folder + "golden/" + file[..<dot] + ".golden"]
            .map(String.init)
    }

    package private(set) var inputs: [Tensor] = []
    package private(set) var outputs: [Tensor] = []

    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - path: names the file in errors.
    package init(_ bytes: [UInt8], path: String) throws(Malformed) {
        let marker = Array("\nend\n".utf8)
        guard
            let end = bytes.indices.dropLast(marker.count - 1).first(where: {
                bytes[$0..<$0 + marker.count].elementsEqual(marker)
            })
        else { throw Malformed(description: "\(path): no end of the header") }
        var numbers = Numbers(bytes: bytes[(end + marker.count)...])
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\n")
        guard lines.first == "GHGOLD1" else {
            throw Malformed(description: "\(path): not a stored answer")
        }
        for line in lines.dropFirst() {
            guard let tensor = Self.tensor(line.split(separator: " "), &numbers) else {
                throw Malformed(description: "\(path): '\(line)' does not fit the numbers")
            }
            if line.hasPrefix("input ") { inputs.append(tensor) } else { outputs.append(tensor) }
        }
        guard numbers.bytes.isEmpty, !inputs.isEmpty, !outputs.isEmpty else {
            throw Malformed(description: "\(path): the header does not fit the numbers")
        }
    }

    private struct Numbers {
        var bytes: ArraySlice<UInt8>

        mutating func take(_ count: Int) -> [Float]? {
            guard bytes.count >= count * 4 else { return nil }
            let start = bytes.startIndex
            let values = (0..<count).map { place in
                let pattern = (0..<4).reduce(UInt32(0)) {
                    $0 | UInt32(bytes[start + place * 4 + $1]) << UInt32($1 * 8)
                }
                return Float(bitPattern: pattern)
            }
            bytes = bytes.dropFirst(count * 4)
            return values
        }
    }

    private static func tensor(_ words: [Substring], _ numbers: inout Numbers) -> Tensor? {
        guard words.count >= 4 else { return nil }
        let shape = words[2].split(separator: "x").compactMap { Int($0) }
        var count = 1
        for length in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: length)
            guard length > 0, !overflow, product <= GraphLimits.tensorFloats else { return nil }
            count = product
        }
        let values: [Float]
        if words[3] == "noise" {
            guard words.count == 5, let seed = UInt32(words[4]) else { return nil }
            values = noise(count, seed: seed)
        } else {
            guard let taken = numbers.take(count) else { return nil }
            values = taken
        }
        return Tensor(name: String(words[1]), shape: shape, values: values)
    }

    /// The numbers that `graph_file.noise` makes.
    private static func noise(_ count: Int, seed: UInt32) -> [Float] {
        (0..<count).map { index in
            var h = UInt32(truncatingIfNeeded: index) &* 2_654_435_761 &+ seed &* 40503
            h ^= h >> 15
            h = h &* 2_246_822_519
            h ^= h >> 13
            return Float(h >> 8) / Float(1 << 23) - 1
        }
    }

    /// The layout for the stored inputs. Several of them may differ in height and width only where each
    /// has the file's own.
    private func plan(of network: Network) throws -> NetworkPlan {
        if inputs.map(\.shape) == network.inputs.map(\.shape) { return try network.plan() }
        let shape = inputs[0].shape
        return shape.count == 4
            ? try network.plan(batch: shape[0], height: shape[1], width: shape[2])
            : try network.plan(batch: shape[0])
    }

    /// The largest difference of each output, as a share of its largest value.
    ///
    /// Throws `Malformed` where the shapes or names are not the network's, and `NetworkError`.
    package func differences(from network: Network) throws -> [String: Float] {
        let plan = try plan(of: network)
        guard plan.inputs.count == inputs.count else {
            throw Malformed(description: "\(network.path): takes \(plan.inputs.count) inputs")
        }
        for (place, input) in inputs.enumerated() {
            guard plan.inputs[place].name == input.name, plan.inputs[place].shape == input.shape
            else {
                throw Malformed(
                    description:
                        "\(network.path): input \(plan.inputs[place]), stored \(input.shape)")
            }
            plan.withInput(place) { span in
                for i in input.values.indices { span[i] = input.values[i] }
            }
        }
        try plan.run()
        var differences: [String: Float] = [:]
        for output in outputs {
            let place = try plan.outputIndex(output.name)
            let values = plan.output(place)
            guard plan.outputs[place].shape == output.shape else {
                throw Malformed(
                    description:
                        "\(network.path): output \(plan.outputs[place]), stored \(output.shape)")
            }
            let largest = output.values.map(abs).max() ?? 0
            let worst = zip(values, output.values).map { abs($0 - $1) }.max() ?? .infinity
            differences[output.name] = worst.isNaN ? .infinity : worst / largest
        }
        return differences
    }
}
