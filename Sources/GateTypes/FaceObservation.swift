/// A person that a face resembles, as the eyes tell it; no picture and no template leaves them.
package struct FaceCandidate: Hashable, Sendable, Codable {
    package var person: String
    /// The consent that the template is bound to.
    package var consent: String
    /// Cosine, -1...1.
    package var similarity: Double
    /// How many pairs of different people are at least as similar, 0...1, by calibration; 1 where
    /// there is none.
    package var falseMatchRate: Double

    package init(person: String, consent: String, similarity: Double, falseMatchRate: Double) {
        self.person = person
        self.consent = consent
        self.similarity = similarity
        self.falseMatchRate = falseMatchRate
    }
}

/// What one source says of one face being that of a living person; not judged is never passed.
package enum LivenessVerdict: String, Hashable, Sendable, Codable, CaseIterable {
    case notJudged = "not_judged"
    case pending, passed, failed
}

/// What embedder and site have measured of a face that is to open alone, as the eyes know it.
package enum FaceProof: Hashable, Sendable, Codable {
    /// Simulated, or nobody asked.
    case notAsked
    /// The figures bear it.
    case borne
    /// They do not, and why.
    case missing(String)
}

/// The largest face in a camera's region, as one frame shows it.
package struct FaceSighting: Hashable, Sendable, Codable {
    /// So many nearest people are told; a longer list has somebody in it who was asked for by name,
    /// a shorter one everybody who was compared with.
    package static let nearestTold = 3

    /// Middle and width, in shares of the picture's width.
    package var centre: PixelPoint
    package var width: Double
    /// 0...1.
    package var quality: Double
    /// What would make it better; nil when it is fit for comparison.
    package var hint: FaceHint?
    /// Turn of the head, about -1 (towards the picture's left) to 1.
    package var yaw: Double
    /// What a paired infrared camera says.
    package var infrared: LivenessVerdict
    /// Mouth and chin look covered, and the lane compares such faces under a rate of their own.
    package var isCovered = false
    /// The nearest enrolled people with a standing consent, the nearest first; empty when the face
    /// is not fit for comparison.
    package var candidates: [FaceCandidate]

    package init(
        centre: PixelPoint, width: Double, quality: Double, hint: FaceHint? = nil,
        yaw: Double = 0, infrared: LivenessVerdict = .notJudged, candidates: [FaceCandidate] = []
    ) {
        self.centre = centre
        self.width = width
        self.quality = quality
        self.hint = hint
        self.yaw = yaw
        self.infrared = infrared
        self.candidates = candidates
    }
}

/// What one frame of a face camera shows; without a face it says that the eyes looked.
package struct FaceObservation: Hashable, Sendable, Codable {
    package var camera: CameraName
    package var sequence: UInt64
    /// The driver's time of the frame; deadlines run from it.
    package var frameTime: Instant
    package var readTime: Instant
    /// Faces of the least size in the region.
    package var faceCount: Int
    /// The largest of them.
    package var face: FaceSighting?
    /// Enrolled people that were compared with; thresholds depend on it.
    package var galleryCount: Int
    /// Whether the figures bear a face alone; only asked where one is to open without `face_alone`.
    package var proof = FaceProof.notAsked
    package var isSimulated: Bool

    package init(
        camera: CameraName, sequence: UInt64, frameTime: Instant, readTime: Instant,
        faceCount: Int, face: FaceSighting?, galleryCount: Int, isSimulated: Bool = false
    ) {
        self.camera = camera
        self.sequence = sequence
        self.frameTime = frameTime
        self.readTime = readTime
        self.faceCount = faceCount
        self.face = face
        self.galleryCount = galleryCount
        self.isSimulated = isSimulated
    }
}
