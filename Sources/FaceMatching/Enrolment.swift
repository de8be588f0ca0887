/// Why one picture, or the pictures together, cannot enrol a person.
package enum EnrolmentProblem: Hashable, Sendable, CustomStringConvertible {
    case noFace(picture: String)
    case severalFaces(picture: String, count: Int)
    case poor(picture: String, quality: Double, hint: String)
    case notOnePerson(picture: String, other: String)
    case alike(picture: String, other: String)
    case resembles(person: String, picture: String)
    case tooFew(count: Int, least: Int)
    case tooMany(count: Int, most: Int)

    package var description: String {
        switch self {
        case .noFace(let picture): "\(picture): no face; take it from the front, near the camera"
        case .severalFaces(let picture, let count):
            "\(picture): \(count) faces; take one with this person alone"
        case .poor(let picture, let quality, let hint):
            "\(picture): quality \(Int(quality * 100)) % is too low; \(hint)"
        case .notOnePerson(let picture, let other):
            "\(picture): does not show the person of \(other); use pictures of one person"
        case .alike(let picture, let other):
            "\(picture): nearly the same picture as \(other); take it with another look or light"
        case .resembles(let person, let picture):
            "\(picture): resembles \(person), who is enrolled; if they are two people, enrol with "
                + "--twin NOTE, and the gate will ask them for their badge where it is not sure"
        case .tooFew(let count, let least):
            "\(count) good pictures; \(least) to \(Enrolment.picturesMost) are needed"
        case .tooMany(let count, let most): "\(count) pictures; at most \(most) are kept"
        }
    }
}

/// Judges the pictures that are to enrol a person; keeps none of them.
package struct Enrolment: Sendable {
    package static let picturesLeast = 1
    package static let picturesWanted = 3
    package static let picturesMost = 5
    /// Enrolment asks for more than the gate does: what is stored is compared for years.
    package static let qualityLeast = 0.55
    /// A second face counts when it is at least this share of the largest one's side.
    private static let bystander = 0.3
    /// More alike than this, a picture adds nothing.
    private static let sameness = 0.985

    /// At the usual calibration; a table that was measured says better.
    private static let standardThreshold = 0.45

    /// The similarity above which two pictures count as one person's: one pair of strangers in a
    /// thousand, or as rare as was measured.
    package static func threshold(_ calibration: FaceCalibration?) -> Double {
        calibration?.threshold(for: 1e-3) ?? calibration?.points.last?.similarity
            ?? standardThreshold
    }

    /// At this similarity two pictures are taken to show one person.
    private let threshold: Double
    private let gallery: Gallery
    private var accepted: [(picture: String, face: ReadFace, embedding: FaceEmbedding)] = []
    package private(set) var problems: [EnrolmentProblem] = []

    /// - Parameters:
    ///   - gallery: everybody else who is enrolled.
    ///   - threshold: the similarity above which two faces count as one person's.
    package init(gallery: Gallery, threshold: Double) {
        self.gallery = gallery
        self.threshold = threshold
    }

    /// Takes the next picture with all faces in it; nil when it is good.
    ///
    /// - Parameter isTwin: the likeness to another person is known and accepted.
    @discardableResult
    package mutating func add(
        _ picture: String, faces: [ReadFace], isTwin: Bool = false
    ) throws(FaceEmbeddingError) -> EnrolmentProblem? {
        let problem = try consider(picture, faces, isTwin: isTwin)
        if let problem { problems.append(problem) }
        return problem
    }

    /// Takes a picture like `add`; one that is not good is no problem, since another one follows.
    package mutating func consider(
        _ picture: String, _ faces: [ReadFace], isTwin: Bool = false
    ) throws(FaceEmbeddingError) -> EnrolmentProblem? {
        guard accepted.count < Self.picturesMost else {
            return .tooMany(count: accepted.count + 1, most: Self.picturesMost)
        }
        let sorted = faces.sorted { $0.face.box.area > $1.face.box.area }
        guard let face = sorted.first else { return .noFace(picture: picture) }
        let side = face.face.box.shortSide * Self.bystander
        let others = sorted.dropFirst().filter { $0.face.box.shortSide >= side }
        guard others.isEmpty else {
            return .severalFaces(picture: picture, count: others.count + 1)
        }
        guard face.quality.isUsable, face.quality.overall >= Self.qualityLeast,
            let embedding = face.embedding
        else {
            let hint = face.quality.hint ?? face.quality.weakest
            return .poor(
                picture: picture, quality: face.quality.overall,
                hint: hint.rawValue.split(separator: "_").joined(separator: " "))
        }
        if !isTwin, let nearest = try gallery.nearest(to: embedding, most: 1).first,
            nearest.similarity >= threshold
        {
            return .resembles(person: nearest.person, picture: picture)
        }
        for other in accepted {
            let likeness = Double(embedding.similarity(to: other.embedding) ?? -1)
            if likeness < threshold {
                return .notOnePerson(picture: picture, other: other.picture)
            }
            if likeness > Self.sameness { return .alike(picture: picture, other: other.picture) }
        }
        accepted.append((picture, face, embedding))
        return nil
    }

    package var acceptedCount: Int { accepted.count }

    /// The templates to store; nil while there are too few.
    package var templates: [(embedding: FaceEmbedding, quality: Double)]? {
        guard accepted.count >= Self.picturesLeast else { return nil }
        return accepted.map { ($0.embedding, $0.face.quality.overall) }
    }
}
