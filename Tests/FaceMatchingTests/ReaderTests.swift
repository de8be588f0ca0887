import GateTypes
import Imaging
import Inference
import Testing

@testable import FaceMatching

/// Whole pictures, good and bad; the answer is that of the picture, and nothing ends the program.
@Suite struct ReaderTests {
    static func reader(isMirrored: Bool = false) throws -> (Folder, FaceReader) {
        let folder = try Folder.models(isMirrored: isMirrored)
        return (folder, try FaceReader(models: folder.path))
    }

    @Test func everyFaceHasAnEmbeddingOfLengthOneTheLargestFirst() throws {
        let (_, reader) = try Self.reader()
        var image = RGBImage.spots(
            PixelSize(width: 320, height: 240), [(x: 80, y: 80), (x: 200, y: 120)])
        image.fill(PixelRect(x: 190, y: 130, width: 20, height: 4), with: .black)
        let faces = try reader.read(image.picture)
        #expect(faces.count == 2)
        for face in faces {
            let embedding = try #require(face.embedding)
            #expect(embedding.count == reader.embedder.dimension)
            #expect(abs(try #require(embedding.similarity(to: embedding)) - 1) < 1e-5)
        }
        #expect(faces[0].embedding != faces[1].embedding)
        #expect(try reader.read(image.picture) == faces)
    }

    @Test func averagingWithTheMirrorMakesAFaceAndItsMirrorAlike() throws {
        let (_, reader) = try Self.reader(isMirrored: true)
        var face = RGBImage(size: PixelSize(width: 112, height: 112), filledWith: 40)
        face.fill(PixelRect(x: 10, y: 20, width: 40, height: 60), with: .white)
        let (one, other) = (
            try reader.embedder.embed([face]).embedding,
            try reader.embedder.embed([face.mirrored()]).embedding
        )
        #expect(try #require(one.similarity(to: other)) > 0.9999)
        #expect(face.mirrored() != face && face.mirrored().mirrored() == face)
    }

    /// Everything a camera or a folder may hand us.
    static let pictures: [(name: String, image: RGBImage)] = {
        let size = PixelSize(width: 200, height: 160)
        var noise = RGBImage(size: size)
        var random = Seeded(8)
        for index in noise.pixels.indices { noise.pixels[index] = UInt8(random.bits() & 255) }
        var drawing = RGBImage(size: size, filledWith: 250)
        drawing.drawPolygon(
            [SIMD2(60, 30), SIMD2(140, 30), SIMD2(150, 120), SIMD2(50, 120)], color: .black)
        drawing.drawText("o o", x: 80, y: 60, color: .black)
        return [
            ("black", RGBImage(size: size)), ("white", RGBImage(size: size, filledWith: 255)),
            ("noise", noise), ("drawing", drawing),
            ("half a face", RGBImage.spots(size, [(x: 0, y: 80)])),
            ("corner", RGBImage.spots(size, [(x: 192, y: 152)])),
            ("one pixel", RGBImage(size: PixelSize(width: 1, height: 1), filledWith: 255)),
            ("a row", RGBImage(size: PixelSize(width: 300, height: 1), filledWith: 255)),
            ("a column", RGBImage(size: PixelSize(width: 1, height: 300), filledWith: 255)),
            ("tiny", RGBImage(size: PixelSize(width: 12, height: 12), filledWith: 255)),
        ]
    }()

    @Test(arguments: 0..<pictures.count)
    func anyPictureIsAnsweredAndNothingInItIsNoNumber(index: Int) throws {
        let (_, reader) = try Self.reader()
        for face in try reader.read(Self.pictures[index].image.picture) {
            #expect((0...1).contains(face.quality.overall), "\(Self.pictures[index].name)")
            #expect(face.face.box.area.isFinite && face.face.landmarks.isFinite)
            if let embedding = face.embedding {
                #expect(embedding.values.allSatisfy { $0.isFinite })
            }
        }
    }

    @Test func aHugePictureIsReadAtThePlaceOfTheFace() throws {
        let (_, reader) = try Self.reader()
        let size = PixelSize(width: 2_560, height: 1_920)
        let large = RGBImage.spots(size, [(x: 1_280, y: 960)], side: 32)
        let faces = try reader.read(large.picture)
        let face = try #require(faces.first)
        #expect(faces.count == 1 && abs(face.face.box.centre.x - 1_296) < 8)
        #expect(face.embedding != nil)
    }

    @Test func theEmbeddersOwnTrustIsTheQualityAndExcusesNoFaultThatIsSeen() throws {
        let folder = try Folder()
        let path = "\(folder.path)/e.ghn"
        try HandMadeNetwork.embedder(to: path, tellsTrust: true)
        let embedder = try FaceEmbedder(path: path)
        let sure = try embedder.embed([RGBImage(size: embedder.inputSize, filledWith: 250)])
        let unsure = try embedder.embed([RGBImage(size: embedder.inputSize, filledWith: 20)])
        #expect(abs(try #require(sure.trust) - 0.979) < 0.005)
        #expect(abs(try #require(unsure.trust) - 0.033) < 0.005)
        var quality = EnrolmentTests.face(nil).quality
        quality.trust = 0.95
        #expect(quality.overall == 0.95 && quality.isUsable)
        quality.trust = 0.05
        #expect(quality.overall < FaceQuality.least && !quality.isUsable)
        quality.trust = 0.95
        quality.size = 0.1
        #expect(quality.hint == .stepCloser && !quality.isUsable)
    }

    static let widePoints = "47,54 65,54 56,64 49,74 63,74"
    static let wideMeta = """
        meta wide.points \(widePoints)
        meta wide.mean 127.5 127.5 127.5
        meta wide.scale 0.0078125 0.0078125 0.0078125
        """

    @Test func eachInputSeesTheFaceCutAsItAsks() throws {
        let folder = try Folder()
        let path = "\(folder.path)/e.ghn"
        try HandMadeNetwork.embedder(to: path, isMirrored: true, wideMeta: Self.wideMeta)
        let embedder = try FaceEmbedder(path: path)
        let noise = try #require(Self.pictures.first { $0.name == "noise" }).image
        let wanted = Self.widePoints.split(separator: " ").map { place in
            let parts = place.split(separator: ",").compactMap { Double($0) }
            return PixelPoint(x: parts[0], y: parts[1])
        }
        let landmarks = try #require(
            FaceLandmarks(embedder.points.map { PixelPoint(x: $0.x + 40, y: $0.y + 20) }))
        let cuts = try #require(embedder.straighten(noise, landmarks))
        #expect(cuts.count == 2)
        let wide = FaceAlignment(from: landmarks.points, to: wanted)?
            .straighten(noise, to: embedder.inputSize)
        #expect(cuts[1] == wide && cuts[0] != wide)
        let answer = try embedder.embed(cuts).embedding
        #expect(try answer != embedder.embed([cuts[0], cuts[0]]).embedding)
        let mirrored = try embedder.embed(cuts.map { $0.mirrored() }).embedding
        #expect(try #require(answer.similarity(to: mirrored)) > 0.9999)
    }

    @Test(arguments: [
        ("meta wide.mean 0 0 0", "wide.points"), ("meta wide.points \(widePoints)", "wide.mean"),
        (wideMeta.replacing("56,64", with: "nan,64"), "wide.points"),
        (wideMeta.replacing(widePoints, with: "9,9 9,9 9,9 9,9 9,9"), "wide.points"),
    ])
    func aSecondInputThatDoesNotSayWhatItSeesIsRefused(meta: String, named: String) throws {
        let folder = try Folder()
        let path = "\(folder.path)/e.ghn"
        try HandMadeNetwork.embedder(to: path, wideMeta: meta)
        let error = #expect(throws: NetworkError.self) { try FaceEmbedder(path: path) }
        #expect(error?.description.contains(named) == true, "\(error?.description ?? "")")
    }

    // MARK: Damaged models

    @Test(arguments: [Float.nan, .infinity])
    func weightsThatAreNoNumbersAreRefusedAtLoad(value: Float) throws {
        let folder = try Folder()
        let path = "\(folder.path)/e.ghn"
        try HandMadeNetwork.embedder(to: path) { $0[17] = value }
        #expect(throws: NetworkError.self) { try FaceEmbedder(path: path) }
    }

    @Test func answersThatOverflowAreRefusedAtLoad() throws {
        let folder = try Folder()
        let path = "\(folder.path)/e.ghn"
        try HandMadeNetwork.embedder(to: path) { weights in
            for index in weights.indices { weights[index] *= 3e38 }
        }
        let error = #expect(throws: NetworkError.self) { try FaceEmbedder(path: path) }
        #expect(error?.description.contains("numbers that are none") == true)
    }

    @Test func anEmbedderThatAnswersEverybodyAlikeIsRefused() throws {
        let folder = try Folder()
        let path = "\(folder.path)/e.ghn"
        try HandMadeNetwork.embedder(to: path) { weights in
            for index in weights.indices { weights[index] = index < 28 * 28 * 3 * 8 ? 0 : 1 }
        }
        let error = #expect(throws: NetworkError.self) { try FaceEmbedder(path: path) }
        #expect(error?.description.contains("cannot tell people apart") == true)
    }

    @Test func theModelsIdentifierFollowsItsContent() throws {
        let folder = try Folder()
        let paths = (1...3).map { "\(folder.path)/\($0).ghn" }
        for (path, seed) in zip(paths, [1, 1, 2] as [UInt64]) {
            try HandMadeNetwork.embedder(to: path, seed: seed)
        }
        let models = try paths.map { try FaceEmbedder(path: $0).model }
        #expect(models[0] == models[1] && models[0] != models[2])
        #expect(models[0].identifier.count == 64)
    }
}
