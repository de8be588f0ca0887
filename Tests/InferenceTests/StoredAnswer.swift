import Foundation
import Inference

/// An input and what PyTorch answered to it, as `training/export` stores them.
struct StoredAnswer {
    struct Tensor {
        let name: String
        let shape: [Int]
        let values: [Float]
    }

    struct Malformed: Error { let problem: String }

    var inputs: [Tensor] = []
    var outputs: [Tensor] = []

    init(path: String) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        guard let end = data.range(of: Data("\nend\n".utf8)) else {
            throw Malformed(problem: "\(path): no end of the header")
        }
        var floats = data[end.upperBound...].withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self)
            }
        }[...]
        let lines = String(decoding: data[..<end.lowerBound], as: UTF8.self).split(separator: "\n")
        guard lines.first == "GHGOLD1" else {
            throw Malformed(problem: "\(path): not a stored answer")
        }
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            let shape = words[2].split(separator: "x").compactMap { Int($0) }
            let count = shape.reduce(1, *)
            let values: [Float]
            if words[3] == "noise" {
                values = StoredAnswer.noise(count, seed: UInt32(words[4]) ?? 0)
            } else {
                guard floats.count >= count else {
                    throw Malformed(problem: "\(path): too few numbers")
                }
                values = Array(floats.prefix(count))
                floats = floats.dropFirst(count)
            }
            let tensor = Tensor(name: String(words[1]), shape: shape, values: values)
            if words[0] == "input" { inputs.append(tensor) } else { outputs.append(tensor) }
        }
        guard floats.isEmpty, !inputs.isEmpty, !outputs.isEmpty else {
            throw Malformed(problem: "\(path): the header does not fit the numbers")
        }
    }

    /// The numbers that `graph_file.noise` makes.
    static func noise(_ count: Int, seed: UInt32) -> [Float] {
        (0..<count).map { index in
            var h = UInt32(truncatingIfNeeded: index) &* 2_654_435_761 &+ seed &* 40503
            h ^= h >> 15
            h = h &* 2_246_822_519
            h ^= h >> 13
            return Float(h >> 8) / Float(1 << 23) - 1
        }
    }

    /// The largest difference of each output, as a share of its largest value.
    func differences(from network: Network) throws -> [String: Float] {
        let shape = inputs[0].shape
        let plan =
            shape.count == 4
            ? try network.plan(batch: shape[0], height: shape[1], width: shape[2])
            : try network.plan(batch: shape[0])
        for (place, input) in inputs.enumerated() {
            guard plan.inputs[place].name == input.name, plan.inputs[place].shape == input.shape
            else {
                throw Malformed(
                    problem: "\(network.path): input \(plan.inputs[place]), stored \(input.shape)")
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
                    problem:
                        "\(network.path): output \(plan.outputs[place]), stored \(output.shape)")
            }
            let largest = output.values.map(abs).max() ?? 0
            let worst = zip(values, output.values).map { abs($0 - $1) }.max() ?? .infinity
            differences[output.name] = worst.isNaN ? .infinity : worst / largest
        }
        return differences
    }

    /// The stored answers of a network file: `FOLDER/NAME.golden` and `FOLDER/NAME@ANYTHING.golden`.
    static func paths(for network: String, in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter {
            $0 == "\(network).golden" || ($0.hasPrefix("\(network)@") && $0.hasSuffix(".golden"))
        }.sorted().map { "\(folder)/\($0)" }
    }

    /// The network files of a folder, without their ending.
    static func networks(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".ghn") }.map { String($0.dropLast(4)) }.sorted()
    }
}

/// Folders beside this file.
enum Folder {
    static let here = (#filePath as NSString).deletingLastPathComponent
    static let golden = "\(here)/Golden"
    static let models = "\(here)/../../models"
}
