import GateTypes

/// One physical plate of a picture, with what annotation and evaluation need beside the reading.
package struct RecognisedPlate: Hashable, Sendable {
    /// Corners in pixels of the full-resolution picture; empty text when found and not read.
    package var reading: PlateReading
    /// Where the segmentation put each character, in pixels of the full-resolution picture.
    package var characterBoxes: [Quadrilateral]
    /// Other texts that the grammar allows, most probable first, with their probabilities.
    package var alternatives: [Alternative]

    /// A text that the plate may say instead.
    package struct Alternative: Hashable, Sendable {
        package var text: String
        package var type: PlateType
        package var probability: Double

        package init(text: String, type: PlateType, probability: Double) {
            self.text = text
            self.type = type
            self.probability = probability
        }
    }

    /// False when it was found and could not be read.
    package var isRead: Bool { !reading.text.isEmpty }

    package init(
        reading: PlateReading, characterBoxes: [Quadrilateral] = [],
        alternatives: [Alternative] = []
    ) {
        self.reading = reading
        self.characterBoxes = characterBoxes
        self.alternatives = alternatives
    }
}
