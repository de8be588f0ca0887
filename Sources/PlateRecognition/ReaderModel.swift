import GateTypes
import Inference

/// A part of the plate and the columns of the strip that show it.
struct StripBand {
    /// Left, top, right, bottom as fractions of the plate.
    let left, top, right, bottom: Double
    let firstColumn: Int
    let columns: Int
}

/// One character that a place may hold: its class, and the log of how much rarer it is.
struct ClassChoice {
    let index: Int
    let character: Character
    let logPrior: Double
}

/// A form of the grammar as this network can read it.
struct ReadableForm {
    let type: PlateType
    let places: [[ClassChoice]]
    /// Distances between the middles of neighbouring characters, in columns.
    let pitches: [Double]
    let logPrior: Double
    /// Where the middles of the last characters lie along the plate, as fractions of its width; of a
    /// double plate only the lower row's.
    let middles: [Double]
    /// Upper and lower edge of those characters, as fractions of the plate's height.
    let extent: (top: Double, bottom: Double)
}

/// What the reader's file says of itself in its metadata, checked.
struct ReaderModel {
    /// Number of classes; class 0 says that a place is empty.
    let classCount: Int
    let types: [PlateType]
    let width: Int
    let height: Int
    let single: [StripBand]
    let double: [StripBand]
    /// Pixels of the strip in one column of the answer.
    let stride: Int
    let tone: Float
    let lightFloor: Float
    /// Where each part of the answer's channels begins.
    let segmentation, classes, attention, joint, type: Int
    let spread: Double
    let segmentWeight: Double
    let forms: [ReadableForm]
    let calibration: Calibration

    static let places = 8

    init(_ network: Network) throws(NetworkError) {
        let characters = Array(try network.text("classes"))
        classCount = characters.count
        types = try network.list("types").map { PlateType(rawValue: $0) ?? .other }
        let size = try Self.numbers("strip", network, count: 2)
        (width, height) = (Int(size[0]), Int(size[1]))
        single = try Self.bands("single", network, width: Int(size[0]))
        double = try Self.bands("double", network, width: Int(size[0]))
        stride = max(1, Int(try network.number("stride")))
        tone = Float(try network.number("tone"))
        lightFloor = Float(max(1, try network.number("light_floor")))
        segmentation = Int(try network.number("part.segmentation"))
        classes = Int(try network.number("part.classes"))
        attention = Int(try network.number("part.attention"))
        joint = Int(try network.number("part.joint"))
        type = Int(try network.number("part.type"))
        spread = try network.number("spread")
        segmentWeight = try network.number("segment_weight")
        forms = try Self.forms(network, characters)
        calibration = try Self.calibration(network)
        try check(network)
    }

    /// Every index that decoding forms stays inside the answer when these hold.
    private func check(_ network: Network) throws(NetworkError) {
        let starts = [segmentation, classes, attention, joint, type]
        let counts = [5, classCount, Self.places, classCount, types.count]
        let shape = network.outputs.first?.shape ?? []
        let channels = shape.last ?? 0
        let inside = zip(starts, counts).allSatisfy { $0 >= 0 && $0 + $1 <= channels }
        let input = network.inputs.first?.shape ?? []
        guard inside, shape == [1, 1, width / stride, channels], width / stride >= 2,
            input == [1, height, width, 4], !forms.isEmpty, types.contains(.other),
            forms.allSatisfy({ types.contains($0.type) })
        else {
            throw Self.malformed(network, "its metadata does not fit its tensors")
        }
    }

    static func malformed(_ network: Network, _ problem: String) -> NetworkError {
        NetworkError(
            kind: .malformed, path: network.path, line: nil, problem: problem,
            remedy: NetworkError.exportAgain)
    }

    private static func numbers(
        _ key: String, _ network: Network, count: Int? = nil
    ) throws(NetworkError) -> [Double] {
        let words = try network.list(key)
        let values = words.compactMap(Double.init).filter(\.isFinite)
        guard values.count == words.count, count == nil || values.count == count else {
            throw malformed(
                network,
                "metadata '\(key)' holds \(words.count) words, not as many numbers as it should")
        }
        return values
    }

    private static func calibration(_ network: Network) throws(NetworkError) -> Calibration {
        let knots = try numbers("calibration.knots", network)
        let values = try numbers("calibration.values", network, count: knots.count)
        guard let bend = RisingLine(knots: knots, values: values) else {
            throw malformed(network, "metadata 'calibration.values' does not rise over its knots")
        }
        return Calibration(
            bias: try network.number("calibration.bias"),
            weights: try numbers("calibration.weights", network, count: 7), bend: bend,
            temperature: max(0.1, try network.number("calibration.temperature")))
    }

    private static func bands(
        _ key: String, _ network: Network, width: Int
    ) throws(NetworkError) -> [StripBand] {
        let values = try numbers(key, network)
        var bands: [StripBand] = []
        var next = 0
        for start in Swift.stride(from: 0, to: values.count - 5, by: 6) {
            let band = StripBand(
                left: values[start], top: values[start + 1], right: values[start + 2],
                bottom: values[start + 3], firstColumn: Int(values[start + 4]),
                columns: Int(values[start + 5]))
            guard band.columns > 0, band.firstColumn == next else { break }
            next += band.columns
            bands.append(band)
        }
        guard !bands.isEmpty, next == width else {
            throw malformed(network, "metadata '\(key)' does not fill the strip")
        }
        return bands
    }

    /// The grammar's forms that the file names a layout for, with the classes it has.
    private static func forms(
        _ network: Network, _ characters: [Character]
    ) throws(NetworkError) -> [ReadableForm] {
        let classes = Dictionary(
            zip(characters, 0...), uniquingKeysWith: { first, _ in first })
        let priorO = try network.number("prior.O")
        var found: [ReadableForm] = []
        for type in PlateType.allCases {
            for form in PlateGrammar.forms(of: type) {
                let name = form.name.replacing(" ", with: "-").replacing(",", with: "")
                guard let layout = network.metadata["form.\(type.rawValue).\(name)"] else {
                    continue
                }
                let pitches = try numbers("layout.\(layout)", network, count: form.places.count - 1)
                let middles = try numbers("middles.\(layout)", network)
                let extent = try numbers("extent.\(layout)", network, count: 2)
                guard middles.count >= 2, middles.count <= form.places.count,
                    extent[0] < extent[1]
                else { throw malformed(network, "layout '\(layout)' is not complete") }
                let prior = "prior.\(type.rawValue).\(name)"
                found.append(
                    ReadableForm(
                        type: type,
                        places: form.places.map { choices($0, classes, priorO: priorO) },
                        pitches: pitches,
                        logPrior: network.metadata[prior] == nil ? 0 : try network.number(prior),
                        middles: middles, extent: (extent[0], extent[1])))
            }
        }
        return found.filter { $0.places.allSatisfy { !$0.isEmpty } && $0.places.count <= places }
    }

    /// The letter O has the shape of the digit and is read by its class, where the digit may not
    /// stand.
    private static func choices(
        _ allowed: [Character], _ classes: [Character: Int], priorO: Double
    ) -> [ClassChoice] {
        let hasZero = allowed.contains("0")
        return allowed.compactMap { character in
            if character == "O" {
                guard !hasZero, let zero = classes["0"] else { return nil }
                return ClassChoice(index: zero, character: "O", logPrior: priorO)
            }
            guard let index = classes[character], index > 0 else { return nil }
            return ClassChoice(index: index, character: character, logPrior: 0)
        }
    }
}
