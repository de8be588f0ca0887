import GateTypes

/// How sure a match must be, set by what the site accepts.
package struct FaceRequirements: Hashable, Sendable {
    /// Largest probability that a stranger in front of the camera is taken for anybody enrolled.
    package var falseMatchRate: Double
    /// How far the second person must be behind, in similarity.
    package var margin: Double
    /// Largest 1:1 rate where a badge has named the person first.
    package var verificationRate: Double
    /// How many times rarer than needed one frame alone must be.
    package var sureness: Double
    /// Largest rate of a face whose mouth is covered, 1:1 or among all; nil compares none.
    package var maskedRate: Double?

    package init(
        falseMatchRate: Double = 0.01, margin: Double = 0.04, verificationRate: Double = 0.001,
        sureness: Double = 20, maskedRate: Double? = nil
    ) {
        self.falseMatchRate = falseMatchRate
        self.margin = margin
        self.verificationRate = verificationRate
        self.sureness = sureness
        self.maskedRate = maskedRate
    }

    /// The largest pair rate of this face: a covered one must meet its own as well.
    func limit(_ rate: Double, for face: FaceSighting) -> Double {
        guard face.isCovered else { return rate }
        return min(rate, maskedRate ?? 0)
    }

    /// The largest pair rate among `people` enrolled ones: what is 1 % for 250 people is 4e-5 a pair.
    package func pairRate(people: Int) -> Double {
        guard people > 1 else { return falseMatchRate }
        let none = LogarithmicMath.ln(1 - min(falseMatchRate, 0.999)) / Double(people)
        return 1 - LogarithmicMath.exp(none)
    }
}

/// What the frames of one person at one camera say together.
package struct FaceEvidence: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        /// Nothing fit for comparison yet.
        case nothing(FaceHint?)
        /// Compared, and nobody near enough.
        case nobody
        /// Somebody is near enough, and somebody else is near them.
        case ambiguous
        /// One good frame; the next one decides.
        case likely(person: String)
        case match(person: String, consent: String, falseMatchRate: Double)
    }

    private struct Hit: Hashable, Sendable {
        let person: String
        let consent: String
        let rate: Double
    }

    /// Agreement is asked of frames this close together at most.
    private static let framesLargest = 8

    package let requirements: FaceRequirements
    private var hits: [Hit?] = []
    private var newest: Verdict = .nothing(nil)
    package private(set) var comparedCount = 0

    package init(_ requirements: FaceRequirements) { self.requirements = requirements }

    /// Takes the next frame of the same person.
    package mutating func add(_ face: FaceSighting, galleryCount: Int) {
        guard face.hint == nil else { return newest = .nothing(face.hint) }
        comparedCount += 1
        let limit = requirements.limit(requirements.pairRate(people: galleryCount), for: face)
        let best = face.candidates.first
        let second = face.candidates.dropFirst().first { $0.person != best?.person }
        guard let best, best.falseMatchRate <= limit, best.similarity.isFinite else {
            newest = .nobody
            return keep(nil)
        }
        if let second, !(best.similarity - second.similarity >= requirements.margin) {
            newest = .ambiguous
            return keep(nil)
        }
        let earlier = hits.compactMap { $0 }
        keep(Hit(person: best.person, consent: best.consent, rate: best.falseMatchRate))
        let others = earlier.filter { $0.person != best.person }
        let agreeing = earlier.filter { $0.person == best.person }
        // Two people by turns: one of the frames is wrong, and nobody knows which.
        guard others.isEmpty else { return newest = .ambiguous }
        if best.falseMatchRate <= limit / requirements.sureness || !agreeing.isEmpty {
            newest = .match(
                person: best.person, consent: best.consent,
                falseMatchRate: min(best.falseMatchRate, agreeing.map(\.rate).min() ?? 1))
        } else {
            newest = .likely(person: best.person)
        }
    }

    private mutating func keep(_ hit: Hit?) {
        hits.append(hit)
        if hits.count > Self.framesLargest { hits.removeFirst() }
    }

    package var verdict: Verdict { newest }

    /// Whether one frame shows the person that a badge has named: similar enough to them, and nobody
    /// else clearly nearer; nil when the frame cannot tell.
    ///
    /// A full list of the nearest that lacks them was made before the eyes knew whom to look for. A
    /// rate of 1 counts against them: none was measured, or they are as unlike as most strangers, and
    /// nothing tells the one from the other.
    package static func verifies(
        _ face: FaceSighting, person: String, _ requirements: FaceRequirements
    ) -> Bool? {
        guard face.hint == nil, let best = face.candidates.first else { return nil }
        guard let named = face.candidates.first(where: { $0.person == person }) else {
            return face.candidates.count >= FaceSighting.nearestTold ? nil : false
        }
        return named.falseMatchRate <= requirements.limit(requirements.verificationRate, for: face)
            && best.similarity - named.similarity < requirements.margin
    }
}
