import Foundation
import Inference
import Testing

/// A network file put together by hand, so that each part of it can be wrong.
private struct HandMadeFile {
    var magic = "GHNETWK\n"
    var version: UInt32 = 1
    var text = """
        input in 1x8x8x2
        conv in out kernel=3x3 pad=1x1 channels=2x4 weights=0 bias=72
        output out
        """
    var floats = [Float](repeating: 0.5, count: 76)
    var change: (inout Data) -> Void = { _ in }

    func data() -> Data {
        var body = Data()
        let bytes = Data(text.utf8)
        func add(_ value: UInt32) {
            withUnsafeBytes(of: value.littleEndian) { body.append(contentsOf: $0) }
        }
        add(UInt32(bytes.count))
        add(UInt32(floats.count))
        body.append(bytes)
        body.append(Data(count: (16 - (16 + body.count) % 16) % 16))
        floats.withUnsafeBytes { body.append(contentsOf: $0) }
        var file = Data(magic.utf8)
        let checksum = crc(body)
        for value in [version, checksum] {
            withUnsafeBytes(of: value.littleEndian) { file.append(contentsOf: $0) }
        }
        file.append(body)
        change(&file)
        return file
    }

    private func crc(_ data: Data) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in data {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
        }
        return ~crc
    }

    /// The error that opening gives, or nil when the file is taken.
    func error() throws -> NetworkError? {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("gatehouse-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("hand.ghn")
        try data().write(to: path)
        do throws(NetworkError) {
            _ = try Network(path: path.path).plan()
            return nil
        } catch {
            #expect(error.description.contains("hand.ghn"))
            #expect(error.description.contains(error.remedy))
            return error
        }
    }
}

@Suite struct BadFileTests {
    @Test func aGoodHandMadeFileIsTaken() throws {
        #expect(try HandMadeFile().error() == nil)
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: NetworkError.self) { try Network(path: "/nowhere/x.ghn") }
        #expect(error?.kind == .unreadable)
        #expect(error?.description.hasPrefix("/nowhere/x.ghn: open: No such file") == true)
        #expect(throws: NetworkError.self) { try Network(path: "/") }
    }

    @Test func everyShorterFileIsRefused() throws {
        let whole = HandMadeFile().data().count
        for count in 0..<whole {
            var file = HandMadeFile()
            file.change = { $0 = $0.prefix(count) }
            let error = try file.error()
            #expect(
                error?.kind == (count == 0 ? .notANetwork : .truncated) || count < 8, "\(count)")
            #expect(error != nil)
        }
    }

    @Test func everyChangedByteIsNoticed() throws {
        let whole = HandMadeFile().data().count
        for place in 0..<whole {
            var file = HandMadeFile()
            file.change = { $0[place] ^= 0x10 }
            #expect(try file.error() != nil, "byte \(place)")
        }
    }

    @Test func aLongerFileIsRefused() throws {
        var file = HandMadeFile()
        file.change = { $0.append(0) }
        #expect(try file.error()?.kind == .damaged)
    }

    @Test func anotherVersionIsNamed() throws {
        var file = HandMadeFile()
        file.version = 7
        let error = try file.error()
        #expect(error?.kind == .otherVersion)
        #expect(error?.problem == "the file has version 7, this program reads 1")
    }

    @Test func anotherKindOfFileIsRefused() throws {
        var file = HandMadeFile()
        file.magic = "\u{7f}ELF\u{2}\u{1}\u{1}\u{0}"
        #expect(try file.error()?.kind == .notANetwork)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func weightsThatAreNoNumbersAreRefused(value: Float) throws {
        for place in [0, 71, 75] {
            var file = HandMadeFile()
            file.floats[place] = value
            let error = try file.error()
            #expect(error?.kind == .notFinite)
            #expect(error?.line == 2)
        }
    }

    @Test(arguments: [
        ("", "the graph needs an input, an operation and an output"),
        ("input in 1x8x8", "takes batch x height x width x channels, its input is 1x8x8"),
        ("input in 1x8x8x3", "takes 2 channels, its input is 1x8x8x3"),
        ("input in 0x8x8x2", "'0' is not a number from 1 to 1048576"),
        ("input in 1x8x8x9999999", "'9999999' is not a number"),
        ("input in 1000000x1000x1000x2", "input 'in' is 1000000x1000x1000x2"),
        ("input in 1x2x2x2x2", "1 to 4 dimensions"),
        ("input in 1x8x8x2\ninput in 1x8x8x2", "defined twice"),
        ("input in 1x8x8x2\nsoftmax in other", "'other' is never used"),
        ("input in 1x8x8x2\nmeta", "meta takes a key and a value"),
        ("input in 1x8x8x2\nfrobnicate in x", "unknown operation 'frobnicate'"),
    ])
    func badHeadsOfGraphsAreExplained(head: String, problem: String) throws {
        var file = HandMadeFile()
        file.text =
            head
            + (head.isEmpty
                ? ""
                : "\nconv in out kernel=3x3 pad=1x1 channels=2x4 weights=0 bias=72\noutput out")
        #expect(try file.error()?.problem.contains(problem) == true, "\(head)")
    }

    @Test(arguments: [
        ("conv in out kernel=9x9 channels=2x4 weights=0 bias=72", "more weights than the file has"),
        ("conv in out kernel=3x3 channels=2x4 weights=8 bias=72", "weights 8..<80 lie outside"),
        ("conv in out kernel=3x3 channels=2x4 weights=0 bias=73", "bias 73..<77 lie outside"),
        ("conv in out kernel=3x3 channels=2x4 weights=-1 bias=72", "'-1' is not a number"),
        ("conv in out kernel=3x3 channels=2x4 weights=0", "'bias=' is missing"),
        ("conv in out channels=2x4 weights=0 bias=72", "'kernel=' is missing"),
        ("conv in out kernel=3 channels=2x4 weights=0 bias=72", "takes two numbers"),
        ("conv in out kernel=3x3 channels=2x4 groups=3 weights=0 bias=72", "do not divide"),
        ("conv in out kernel=3x3 channels=2x4 weights=0 bias=72 act=tanh", "activation 'tanh'"),
        ("conv in out kernel=3x3 channels=2x4 weights=0 bias=72 x=1", "unknown key 'x'"),
        ("conv nothing out kernel=3x3 channels=2x4 weights=0 bias=72", "before it is defined"),
        ("conv in out out kernel=3x3 channels=2x4 weights=0 bias=72", "takes 1 inputs"),
        ("conv in out kernel=3x3 dilation=9x9 channels=2x4 weights=0 bias=72", "larger than"),
        ("deconv in out kernel=1x1 pad=9x9 channels=2x4 weights=0 bias=72", "nothing remains"),
        ("deconv in out kernel=1x1 adjust=1x1 channels=2x4 weights=0 bias=72", "less than"),
        ("dwconv in out kernel=3x3 channels=2x4 weights=0 bias=72", "keeps its channels"),
        ("fc in out channels=3x4 weights=0 bias=72", "takes 3 channels"),
        ("prelu in out channels=3 slopes=0", "has 3 slopes"),
        ("prelu in out channels=3 slopes=75", "slopes 75..<78 lie outside"),
        ("maxpool in out kernel=2x2 pad=2x2", "do not go together"),
        ("avgpool in out kernel=2x2 pad=1x1", "does not take padding"),
        ("reshape in out dims=0x7", "cannot become"),
        ("reshape in out dims=-1x-1", "at most one"),
        ("reshape in out dims=5x-1", "cannot become"),
        ("resize in out factor=0x2", "'0' is not a number"),
        ("resizeto in out size=1000000x1000000", "too large"),
        ("add in out", "takes 2 inputs"),
        ("gap in mid\nreshape mid flat dims=0x-1\nadd in flat out", "do not fit each other"),
    ])
    func badOperationsAreExplained(operation: String, problem: String) throws {
        var file = HandMadeFile()
        file.text = "input in 1x8x8x2\n\(operation)\noutput out"
        let error = try file.error()
        #expect(
            error?.problem.contains(problem) == true, "\(operation): \(error?.problem ?? "taken")")
        #expect(error?.line != nil)
    }

    @Test func sizesThatDoNotFitTheNetworkAreRefused() throws {
        let network = try Network(path: "\(Folder.golden)/characters.ghn")
        let error = #expect(throws: NetworkError.self) { try network.plan(height: 40) }
        #expect(error?.kind == .doesNotFit)
        #expect(error?.description.contains("fc: takes 96 channels") == true)
        #expect(throws: NetworkError.self) { try network.plan(batch: 0) }
        #expect(throws: NetworkError.self) { try network.plan(batch: -3) }
        #expect(throws: NetworkError.self) { try network.plan(batch: .max, height: .max) }
        #expect(try network.plan(batch: 1).outputs[0].shape == [1, 10])
    }
}
