import Foundation
import Inference
import Testing

/// Largest difference from PyTorch, as a share of the output's largest value.
private let tolerance: Float = 1e-4

@Suite struct EqualityTests {
    @Test(arguments: ["characters", "pyramid", "strip"])
    func answersAsPyTorchDid(name: String) throws {
        let network = try Network(path: "\(Folder.golden)/\(name).ghn")
        let stored = StoredAnswer.paths(for: name, in: Folder.golden)
        #expect(!stored.isEmpty)
        for path in stored {
            for (output, difference) in try StoredAnswer(path: path).differences(from: network) {
                #expect(difference <= tolerance, "\(path) \(output)")
            }
        }
    }

    @Test(arguments: StoredAnswer.networks(in: Folder.models))
    func everyCommittedModelAnswersAsPyTorchDid(name: String) throws {
        let network = try Network(path: "\(Folder.models)/\(name).ghn")
        let stored = StoredAnswer.paths(for: name, in: "\(Folder.models)/golden")
        #expect(!stored.isEmpty, "models/golden/\(name).golden is missing")
        for path in stored {
            for (output, difference) in try StoredAnswer(path: path).differences(from: network) {
                #expect(difference <= tolerance, "\(path) \(output)")
            }
        }
    }

    @Test func answersAgainAfterAnotherSizeWasAsked() throws {
        let network = try Network(path: "\(Folder.golden)/pyramid.ghn")
        let small = try StoredAnswer(path: "\(Folder.golden)/pyramid.golden")
        let large = try StoredAnswer(path: "\(Folder.golden)/pyramid@2x64x32.golden")
        for stored in [small, large, small, large] {
            for difference in try stored.differences(from: network).values {
                #expect(difference <= tolerance)
            }
        }
    }

    @Test func afterWipingNothingOfTheLastRunIsLeft() throws {
        let network = try Network(path: "\(Folder.golden)/pyramid.ghn")
        let plan = try network.plan()
        func isBlank() -> Bool {
            let outputs = plan.outputs.indices.allSatisfy { place in
                plan.output(place).allSatisfy { $0 == 0 }
            }
            let input = plan.withInput { span in span.indices.allSatisfy { span[$0] == 0 } }
            return outputs && input
        }
        plan.withInput { span in
            for index in span.indices { span[index] = 1 }
        }
        try plan.run()
        #expect(!isBlank())
        plan.wipe()
        #expect(isBlank())
    }

    @Test func aProfileHasEveryLayerWithItsShapeAndItsCost() throws {
        let path = "\(Folder.golden)/pyramid.ghn"
        let profile = try NetworkProfile(path: path, height: 32, width: 64, rounds: 2)
        #expect(profile.steps.count > 3 && profile.milliseconds > 0)
        #expect(profile.steps.allSatisfy { $0.shape.reduce(1, *) > 0 })
        let first = try #require(profile.steps.first)
        #expect(first.multiplications > 0 && profile.steps.contains { $0.multiplications == 0 })
        #expect(throws: NetworkError.self) {
            try NetworkProfile(path: "/nowhere.ghn", height: nil, width: nil, rounds: 1)
        }
    }

    @Test func storedAnswersAreLookedForBesideTheNetwork() {
        #expect(
            StoredAnswer.places(beside: "/a.b/net.ghn")
                == ["/a.b/net.golden", "/a.b/golden/net.golden"])
        #expect(StoredAnswer.places(beside: "net") == ["net.golden", "golden/net.golden"])
    }

    @Test func manySizesDoNotPileUp() throws {
        let network = try Network(path: "\(Folder.golden)/pyramid.ghn")
        let first = try network.plan(height: 16, width: 16)
        #expect(try network.plan(height: 16, width: 16) === first)
        for size in stride(from: 32, to: 128, by: 16) {
            _ = try network.plan(height: size, width: 16)
        }
        #expect(try network.plan(height: 16, width: 16) !== first)
        try first.run()  // A plan that was dropped from the cache still works for its holder.
    }
}

@Suite struct MetadataTests {
    @Test func metadataIsReadByKind() throws {
        let network = try Network(path: "\(Folder.golden)/pyramid.ghn")
        #expect(try network.text("made-by") == "sample_networks.py")
        #expect(try network.number("threshold") == 0.5)
        #expect(try network.list("classes") == ["a", "b", "c"])
        #expect(network.inputs.map(\.name) == ["image"])
        #expect(network.inputs.map(\.shape) == [[1, 32, 48, 3]])
        #expect(network.outputs.map(\.name) == ["score", "corners"])
    }

    @Test func missingMetadataNamesFileAndKey() throws {
        let network = try Network(path: "\(Folder.golden)/pyramid.ghn")
        let error = #expect(throws: NetworkError.self) { try network.number("mean") }
        #expect(error?.description.contains("pyramid.ghn: has no metadata 'mean'") == true)
        #expect(throws: NetworkError.self) { try network.number("classes") }
    }
}
