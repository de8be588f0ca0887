import GateTypes
import Testing

@testable import PlateRecognition

@Suite struct DecoderTests {
    let model: ReaderModel
    let decoder: PlateDecoder

    init() throws {
        model = try Models.readerModel()
        decoder = PlateDecoder(model: model)
    }

    private func reading(
        _ text: String, _ type: PlateType, sureness: Float = 12
    ) throws -> StripReading {
        var sketch = try AnswerSketch(model)
        sketch.write(text, type: type, sureness: sureness)
        return try #require(
            decoder.decode([sketch.answer], isDouble: type == .yellowDouble))
    }

    @Test(arguments: [
        ("皖A12B45", PlateType.blue), ("苏E8765K", .yellow), ("鲁B123学", .yellow),
        ("粤B1234挂", .yellowDouble), ("京AD12345", .green), ("沪A12345D", .yellowGreen),
        ("京A1234警", .white), ("粤Z12D4港", .black), ("沪A1234领", .black), ("使198476", .black),
        ("198476使", .black),
    ])
    func readsWhatAPerfectNetworkWouldSee(text: String, type: PlateType) throws {
        let text = text == "鲁B123学" ? "鲁B1234学" : text
        let found = try reading(text, type)
        #expect(String(found.text) == text)
        #expect(found.form.type == type)
        #expect(found.features[4] == 1, "the witnesses agree")
        #expect(PlateGrammar.types(of: text).contains(type))
    }

    @Test func placesEachCharacterWhereItStands() throws {
        let found = try reading("皖A12B45", .blue)
        let middles = found.boxes.map { ($0.middle / Double(model.stride)).rounded(.down) }
        #expect(middles == middles.sorted())
        #expect(middles.first == 3)
        let gaps = zip(middles.dropFirst(), middles).map { $0 - $1 }
        #expect(gaps[1] == gaps.max(), "the dot stands behind the second character")
        #expect(found.boxes.allSatisfy { $0.top < $0.bottom && $0.width > 4 })
    }

    @Test func aGreenPlateNeverHasSevenCharacters() throws {
        var sketch = try AnswerSketch(model)
        sketch.write("皖A12B45", type: .blue)
        sketch.type(.blue, logit: 0)
        sketch.type(.green, logit: 30)
        let found = try #require(decoder.decode([sketch.answer], isDouble: false))
        #expect(found.form.type != .green || found.text.count == 8)
        #expect(model.calibration.confidence(found.features) < 0.5)
    }

    @Test func theOldPoliceLetterIsReadOnlyInSecondPlace() throws {
        #expect(String(try reading("苏O12345", .blue).text) == "苏O12345")
        #expect(String(try reading("苏A10345", .blue).text) == "苏A10345")
    }

    @Test func everyReadingObeysTheGrammarOfItsType() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<40 {
            var sketch = try AnswerSketch(model)
            for i in sketch.values.indices {
                sketch.values[i] = Float.random(in: -4...4, using: &random)
            }
            for isDouble in [false, true] {
                let found = try #require(decoder.decode([sketch.answer], isDouble: isDouble))
                #expect(PlateGrammar.types(of: String(found.text)).contains(found.form.type))
                #expect((found.form.type == .yellowDouble) == isDouble)
            }
        }
    }

    @Test func doubtLowersTheConfidenceAndKeepsTheOtherCharacter() throws {
        let sure = try reading("皖A12B45", .blue)
        var sketch = try AnswerSketch(model)
        sketch.write("皖A12B45", type: .blue)
        let column = Int(sure.boxes[4].middle) / model.stride
        let eight = try #require(sketch.classes["8"])
        sketch[column, model.classes + eight] = 11.5
        sketch[column, model.joint + eight] = 11.5
        let doubtful = try #require(decoder.decode([sketch.answer], isDouble: false))
        #expect(
            model.calibration.confidence(doubtful.features)
                < model.calibration.confidence(sure.features))
        let posteriors = Posteriors(doubtful, temperature: 1)
        #expect(posteriors.places[4].candidates.prefix(2).map(\.character) == ["B", "8"])
        let other = try #require(posteriors.alternatives(0.6, type: .blue).first)
        #expect(other.text == "皖A12845")
        #expect(other.probability > 0.2 && other.probability <= 0.4)
    }

    @Test func severalCutsOutvoteABadOne() throws {
        var good = try AnswerSketch(model)
        good.write("皖A12B45", type: .blue)
        var bad = try AnswerSketch(model)
        bad.write("皖A12845", type: .blue, sureness: 6)
        let found = decoder.decode([bad.answer, good.answer, good.answer], isDouble: false)
        #expect(found.map { String($0.text) } == "皖A12B45")
        #expect(decoder.decode([], isDouble: false) == nil)
    }

    @Test func numbersThatAreNoneDoNotTrap() throws {
        var sketch = try AnswerSketch(model)
        for i in sketch.values.indices where i % 3 == 0 { sketch.values[i] = .infinity }
        for i in sketch.values.indices where i % 7 == 0 { sketch.values[i] = .nan }
        _ = decoder.decode([sketch.answer], isDouble: false)
        _ = decoder.decode([sketch.answer], isDouble: true)
    }
}
