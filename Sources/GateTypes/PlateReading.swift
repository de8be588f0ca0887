/// The kinds of plate that Gatehouse tells apart, by ground colour and layout (GA 36).
package enum PlateType: String, CaseIterable, Sendable, Codable {
    case blue, yellow
    case yellowDouble = "yellow_double"
    case green
    case yellowGreen = "yellow_green"
    case white, black, other
}

/// A point in pixels of the full-resolution frame.
package struct PixelPoint: Hashable, Sendable, Codable {
    package var x: Double
    package var y: Double

    package init(x: Double, y: Double) {
        self.x = x
        self.y = y
    }
}

/// Four corners, clockwise from the top left as the plate is read.
package struct Quadrilateral: Hashable, Sendable, Codable {
    package var topLeft: PixelPoint
    package var topRight: PixelPoint
    package var bottomRight: PixelPoint
    package var bottomLeft: PixelPoint

    package init(
        topLeft: PixelPoint, topRight: PixelPoint, bottomRight: PixelPoint, bottomLeft: PixelPoint
    ) {
        self.topLeft = topLeft
        self.topRight = topRight
        self.bottomRight = bottomRight
        self.bottomLeft = bottomLeft
    }

    package var corners: [PixelPoint] { [topLeft, topRight, bottomRight, bottomLeft] }

    package var centre: PixelPoint {
        PixelPoint(
            x: corners.reduce(0) { $0 + $1.x } / 4, y: corners.reduce(0) { $0 + $1.y } / 4)
    }

    /// Length of the upper edge in pixels, the measure of how much there is to read.
    package var widthPixels: Double {
        let (dx, dy) = (topRight.x - topLeft.x, topRight.y - topLeft.y)
        return (dx * dx + dy * dy).squareRoot()
    }
}

/// One place of a plate: the characters it may be, with their probabilities.
package struct CharacterPosterior: Hashable, Sendable, Codable {
    /// One character that the place may hold.
    package struct Candidate: Hashable, Sendable, Codable {
        package let character: Character
        /// 0...1; the candidates of a place sum to at most 1, the rest is spread over all others.
        package let probability: Double

        package init(_ character: Character, _ probability: Double) {
            self.character = character
            self.probability = probability
        }

        private enum CodingKeys: String, CodingKey { case character = "c", probability = "p" }

        package init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            let text = try values.decode(String.self, forKey: .character)
            guard let only = text.first, text.count == 1 else {
                throw DecodingError.dataCorruptedError(
                    forKey: .character, in: values, debugDescription: "not one character: \(text)")
            }
            self.init(only, try values.decode(Double.self, forKey: .probability))
        }

        package func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(String(character), forKey: .character)
            try values.encode(probability, forKey: .probability)
        }
    }

    /// Most probable first.
    package let candidates: [Candidate]

    package init(_ candidates: [Candidate]) {
        self.candidates = candidates.sorted { $0.probability > $1.probability }
    }

    /// The probability of one character; what is not listed shares the mass left over evenly.
    package func probability(of character: Character) -> Double {
        if let listed = candidates.first(where: { $0.character == character }) {
            return listed.probability
        }
        let listed = candidates.reduce(0) { $0 + $1.probability }
        return max(1 - listed, 1e-6) / Double(max(PlateGrammar.alphabetCount - candidates.count, 1))
    }
}

/// One physical plate as one frame shows it.
package struct PlateReading: Hashable, Sendable, Codable {
    /// The most probable text that the grammar allows; empty when the plate was found and not read.
    package var text: String
    package var type: PlateType
    /// Calibrated probability that the whole text is right, 0...1.
    package var confidence: Double
    package var corners: Quadrilateral
    /// One for each character of `text`, in reading order; empty when not read.
    package var places: [CharacterPosterior]

    package init(
        text: String, type: PlateType, confidence: Double, corners: Quadrilateral,
        places: [CharacterPosterior]
    ) {
        self.text = text
        self.type = type
        self.confidence = confidence
        self.corners = corners
        self.places = places
    }
}

/// What the recogniser saw in one frame of one camera; an empty list says that it looked.
package struct PlateObservation: Hashable, Sendable, Codable {
    package var camera: CameraName
    package var sequence: UInt64
    /// The driver's time of the frame; deadlines run from it.
    package var frameTime: Instant
    /// When the recogniser finished.
    package var readTime: Instant
    /// Plates whose centre lies in the camera's region.
    package var readings: [PlateReading]
    /// Simulated observations are labelled so, into the record.
    package var isSimulated: Bool

    package init(
        camera: CameraName, sequence: UInt64, frameTime: Instant, readTime: Instant,
        readings: [PlateReading], isSimulated: Bool = false
    ) {
        self.camera = camera
        self.sequence = sequence
        self.frameTime = frameTime
        self.readTime = readTime
        self.readings = readings
        self.isSimulated = isSimulated
    }
}
