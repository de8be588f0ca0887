import GateTypes
import Glibc
import Imaging
import Inference

/// Reads plates whose corners are known: straightens, segments, classifies, decodes.
///
/// One instance serves one thread.
package final class PlateReader {
    private let network: Network
    private let model: ReaderModel
    private let cutter: StripCutter
    private let decoder: PlateDecoder
    private let refinement: CornerRefinement
    /// Below this confidence a plate is looked at again, by corners that its characters give.
    private let secondLook: Double
    /// Below this confidence nothing is read.
    private let least: Double

    /// Throws when the file is no reader, or its metadata does not fit it.
    package init(path: String) throws(NetworkError) {
        network = try Network(path: path)
        model = try ReaderModel(network)
        cutter = StripCutter(model: model)
        decoder = PlateDecoder(model: model)
        refinement = CornerRefinement(model: model)
        secondLook = try network.number("second_look")
        least = try network.number("least")
    }

    /// Which numbers of rows to try: the shape tells, but for what perspective and tilt leave open.
    static func rowCounts(_ corners: Quadrilateral) -> [Bool] {
        let length = { (a: PixelPoint, b: PixelPoint) in
            let (dx, dy) = (a.x - b.x, a.y - b.y)
            return (dx * dx + dy * dy).squareRoot()
        }
        let along =
            length(corners.topLeft, corners.topRight)
            + length(corners.bottomLeft, corners.bottomRight)
        let across =
            length(corners.topLeft, corners.bottomLeft)
            + length(corners.topRight, corners.bottomRight)
        let ratio = along / max(across, 1e-6)
        return ratio > 2.6 ? [false] : ratio < 1.2 ? [true] : [false, true]
    }

    /// Reads one plate; `corners` are in pixels of `image`, which must hold some margin around them
    /// for all of it to be seen. Found and not read: empty text. Nil when it is surely no plate.
    package func read(
        _ image: RGBImage, corners: Quadrilateral
    ) throws(NetworkError) -> RecognisedPlate? {
        let shapes = Self.rowCounts(corners)
        var answers: [[StripAnswer]] = []
        for isDouble in shapes {
            answers.append(try answer(image, corners, isDouble).map { [$0] } ?? [])
        }
        guard let first = choose(answers, shapes) else { return nil }
        guard confidence(first, corners) < secondLook, isPlausible(first),
            let refined = refinement.corners(of: first, seenAt: corners),
            let place = shapes.firstIndex(of: first.isDouble),
            let second = try answer(image, refined, first.isDouble)
        else { return recognised(first, corners) }
        if first.isDouble, let again = try thirdLook(image, refined, second) {
            return recognised(again, corners)
        }
        // Both looks together: where the first cut was good, the second is little better.
        let both = decoder.decode(answers[place] + [second], isDouble: first.isDouble)
        return recognised(both ?? first, corners)
    }

    /// A double-row plate's upper edge is what a localiser errs in most, and the first cut then lacks
    /// part of the upper row: corners that follow from the second cut, and those two looks together.
    private func thirdLook(
        _ image: RGBImage, _ corners: Quadrilateral, _ second: StripAnswer
    ) throws(NetworkError) -> StripReading? {
        guard let reading = decoder.decode([second], isDouble: true),
            let refined = refinement.corners(of: reading, seenAt: corners),
            let third = try answer(image, refined, true)
        else { return nil }
        return decoder.decode([second, third], isDouble: true)
    }

    /// Worth a second look: not what the first look takes for no plate at all.
    private func isPlausible(_ reading: StripReading) -> Bool { reading.features[3] > -3 }

    private func confidence(_ reading: StripReading, _ corners: Quadrilateral) -> Double {
        model.calibration.confidence(reading.features + [Self.smallness(corners.widthPixels)])
    }

    /// Few pixels make a reading doubtful however sure the network is: 0 from 110 pixels on, else the
    /// logarithm of what is there of them.
    static func smallness(_ width: Double) -> Double { min(0, log(max(width, 1) / 110)) }

    private func choose(_ answers: [[StripAnswer]], _ shapes: [Bool]) -> StripReading? {
        zip(answers, shapes).compactMap { decoder.decode($0, isDouble: $1) }
            .max { $0.score < $1.score }
    }

    private func answer(
        _ image: RGBImage, _ corners: Quadrilateral, _ isDouble: Bool
    ) throws(NetworkError) -> StripAnswer? {
        guard let strip = try? cutter.strip(of: image, corners: corners, isDouble: isDouble)
        else { return nil }
        let plan = try network.plan(batch: 1)
        plan.withInput { cutter.write(strip, to: &$0) }
        try plan.run()
        return StripAnswer(plan.output(), model)
    }

    private func recognised(
        _ reading: StripReading, _ corners: Quadrilateral
    ) -> RecognisedPlate? {
        let confidence = confidence(reading, corners)
        // exp(-2.3): nine in ten that it is no plate.
        if reading.features[3] < -2.3 || confidence < least {
            guard reading.features[3] > -6 else { return nil }
            return RecognisedPlate(
                reading: PlateReading(
                    text: "", type: .other, confidence: 0, corners: corners, places: []))
        }
        let posteriors = Posteriors(reading, temperature: model.calibration.temperature)
        return RecognisedPlate(
            reading: PlateReading(
                text: String(reading.text), type: reading.form.type, confidence: confidence,
                corners: corners, places: posteriors.places),
            characterBoxes: boxes(reading, corners),
            alternatives: posteriors.alternatives(confidence, type: reading.form.type))
    }

    /// The character boxes in the picture.
    private func boxes(_ reading: StripReading, _ corners: Quadrilateral) -> [Quadrilateral] {
        guard
            let plate = try? Homography(
                from: PixelSize(width: 1, height: 1),
                to: corners.corners.map { SIMD2($0.x, $0.y) })
        else { return [] }
        return reading.boxes.enumerated().map { index, box in
            let point = { (x: Double, y: Double) in
                let p = self.cutter.place(
                    x: x, y: y, isDouble: reading.isDouble, character: index)
                let q = plate.apply(SIMD2(p.x, p.y))
                return PixelPoint(x: q.x, y: q.y)
            }
            let (left, right) = (box.middle - box.width / 2, box.middle + box.width / 2)
            return Quadrilateral(
                topLeft: point(left, box.top), topRight: point(right, box.top),
                bottomRight: point(right, box.bottom), bottomLeft: point(left, box.bottom))
        }
    }
}

/// The probabilities of each place's characters, and the texts that follow from them.
struct Posteriors {
    private let ranked: [[CharacterPosterior.Candidate]]

    init(_ reading: StripReading, temperature: Double) {
        ranked = zip(reading.form.places, reading.logs).map { choices, logs in
            let normal = Numerics.logSoftmax(logs.map { $0 / temperature })
            return zip(choices, normal).map { .init($0.character, exp($1)) }
                .sorted { $0.probability > $1.probability }
        }
    }

    /// What is less likely than one in ten thousand is left out; its mass is spread.
    var places: [CharacterPosterior] {
        ranked.map { CharacterPosterior(Array($0.prefix(8).filter { $0.probability >= 1e-4 })) }
    }

    /// Texts beside the best one, most probable first: those that differ in one or two places.
    func alternatives(
        _ confidence: Double, type: PlateType, most: Int = 5
    ) -> [RecognisedPlate.Alternative] {
        let text = ranked.map { $0[0].character }
        var changes: [(place: Int, character: Character, odds: Double)] = []
        for (place, candidates) in ranked.enumerated() {
            for candidate in candidates.dropFirst().prefix(4) {
                let odds = candidate.probability / max(candidates[0].probability, 1e-9)
                changes.append((place, candidate.character, odds))
            }
        }
        changes.sort { $0.odds > $1.odds }
        changes = Array(changes.prefix(8))
        var found: [RecognisedPlate.Alternative] = []
        for (i, first) in changes.enumerated() {
            for second in [nil] + changes[(i + 1)...].map(Optional.some)
            where second?.place != first.place {
                var other = text
                other[first.place] = first.character
                if let second { other[second.place] = second.character }
                let odds = first.odds * (second?.odds ?? 1)
                found.append(
                    .init(
                        text: String(other), type: type,
                        probability: min(confidence * odds, 1 - confidence)))
            }
        }
        found.sort { $0.probability > $1.probability }
        return Array(found.prefix(most).filter { $0.probability >= 1e-4 })
    }
}
