import Foundation
import GateTypes
import Imaging
import Inference

@testable import PlateRecognition

/// The committed networks, wherever the tests run from.
enum Models {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "models").path

    static func network(_ name: String) throws -> Network {
        try Network(path: "\(folder)/\(name)")
    }

    static func readerModel() throws -> ReaderModel {
        try ReaderModel(try network(ModelFolder.reader))
    }
}

/// Writes an answer of the reader's network by hand: what a perfect network would say of a text.
struct AnswerSketch {
    let model: ReaderModel
    let classes: [Character: Int]
    let channels: Int
    var values: [Float]

    init(_ model: ReaderModel) throws {
        let network = try Models.network(ModelFolder.reader)
        self.model = model
        let characters = Array(try network.text("classes"))
        classes = Dictionary(zip(characters, 0...), uniquingKeysWith: { first, _ in first })
        channels = network.outputs[0].shape[3]
        values = [Float](repeating: 0, count: model.width / model.stride * channels)
        for column in 0..<columns { self[column, model.segmentation] = -6 }
    }

    var columns: Int { model.width / model.stride }

    subscript(column: Int, channel: Int) -> Float {
        get { values[column * channels + channel] }
        set { values[column * channels + channel] = newValue }
    }

    mutating func type(_ type: PlateType, logit: Float = 9) {
        guard let index = model.types.firstIndex(of: type) else { return }
        for column in 0..<columns { self[column, model.type + index] = logit }
    }

    /// A character whose middle lies in this column, seen as such by both witnesses.
    mutating func character(
        _ character: Character, at column: Int, place: Int, sureness: Float = 12
    ) {
        guard let index = classes[character] else { return }
        self[column, model.segmentation] = 6
        self[column, model.segmentation + 2] = 3.4
        self[column, model.segmentation + 3] = 0.2
        self[column, model.segmentation + 4] = 0.8
        self[column, model.classes + index] = sureness
        self[column, model.joint + index] = sureness
        self[column, model.attention + place] = 14
    }

    /// The whole text, spaced as the form of this type asks.
    mutating func write(_ text: String, type: PlateType, sureness: Float = 12) {
        self.type(type)
        let form = model.forms.first {
            $0.type == type && $0.places.count == text.count
                && zip($0.places, text).allSatisfy { choices, c in
                    choices.contains { $0.character == c }
                }
        }
        var x = 3.0
        for (place, character) in text.enumerated() {
            let shown: Character = character == "O" ? "0" : character
            self.character(shown, at: Int(x.rounded()), place: place, sureness: sureness)
            if let form, place < form.pitches.count { x += form.pitches[place] }
        }
        if text.count < ReaderModel.places {
            let last = columns - 1
            self[last, model.attention + ReaderModel.places - 1] = 14
            self[last, model.joint] = 12
        }
    }

    var answer: StripAnswer { StripAnswer(values, model) }
}

func square(_ left: Double, _ top: Double, _ width: Double, _ height: Double) -> Quadrilateral {
    Quadrilateral(
        topLeft: PixelPoint(x: left, y: top), topRight: PixelPoint(x: left + width, y: top),
        bottomRight: PixelPoint(x: left + width, y: top + height),
        bottomLeft: PixelPoint(x: left, y: top + height))
}
