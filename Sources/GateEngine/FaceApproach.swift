import AccessPolicy
import GateConfiguration
import GateTypes

/// One person before one face camera, from their first frame until they are gone.
struct FaceApproach: Hashable, Sendable {
    /// Without a face for so long, or with one elsewhere, it is somebody else.
    static let absence = Duration.milliseconds(700)
    /// Frames that were compared before a stranger is told so.
    static let framesOfStranger = 3

    enum Outcome: Hashable, Sendable { case granted, refused(RefusalReason) }

    struct Match: Hashable, Sendable {
        let person: String
        let consent: String
    }

    /// By the first frame with a face of the least size.
    let arrival: Instant
    let arrivalWall: WallTime
    var lastSeen: Instant
    var centre: PixelPoint
    var evidence: FaceEvidence
    var match: Match?
    var challenge: HeadTurnChallenge?
    var outcome: Outcome?
    var hasCompany = false
    let isSimulated: Bool
    /// What policy says of the one who was recognised, while their head is to be turned.
    var decision: PersonDecision?
    /// Frames that agree with, or contradict, the badge that was read.
    var confirmed = 0
    var contradicted = 0

    init(
        _ observation: FaceObservation, _ face: FaceSighting, _ needs: FaceRequirements, now: Moment
    ) {
        arrival = min(observation.frameTime, now.instant)
        let ago = (now.instant - arrival).nanoseconds / 1_000_000
        arrivalWall = WallTime(milliseconds: now.wall.milliseconds &- ago)
        lastSeen = observation.frameTime
        centre = face.centre
        isSimulated = observation.isSimulated
        evidence = FaceEvidence(needs)
    }

    /// Whether a later frame may show the same person.
    func isContinued(by observation: FaceObservation, _ face: FaceSighting) -> Bool {
        guard observation.frameTime - lastSeen <= Self.absence else { return false }
        let (dx, dy) = (face.centre.x - centre.x, face.centre.y - centre.y)
        return (dx * dx + dy * dy).squareRoot() <= max(face.width, 0.05)
    }

    /// - Parameter named: whom a badge has named, where one has.
    mutating func add(_ observation: FaceObservation, _ face: FaceSighting, named: String?) {
        lastSeen = observation.frameTime
        centre = face.centre
        let nearest = face.hint == nil ? face.candidates.first?.person : nil
        challenge?.add(
            yaw: face.yaw, isThePerson: nearest != nil && nearest == named ?? match?.person,
            at: observation.frameTime)
        evidence.add(face, galleryCount: observation.galleryCount)
        switch evidence.verdict {
        case .match(let person, let consent, _): match = Match(person: person, consent: consent)
        case .ambiguous, .nobody: match = nil
        case .nothing, .likely: break
        }
    }

    /// Nothing that was seen so far counts.
    mutating func startAgain() {
        evidence = FaceEvidence(evidence.requirements)
        match = nil
        challenge = nil
        decision = nil
        (confirmed, contradicted) = (0, 0)
    }
}

/// A badge whose holder's face is still to be seen.
struct FaceWait: Hashable, Sendable {
    let passage: PersonPassage
    let side: BadgeReading.Side
    let person: String
    let until: Instant
}

/// The faces of one lane: its configuration, who stands there, whose face may be used.
struct FaceDesk: Sendable {
    /// Everything has a limit.
    static let waitsLargest = 8

    let config: FaceLaneConfig
    let requirements: FaceRequirements
    var approaches: [BadgeReading.Side: FaceApproach] = [:]
    var waits: [FaceWait] = []
    /// Of its cameras, also those that judge liveness.
    var blind: Set<CameraName> = []
    var consents: [String: ConsentNotice] = [:]
    /// Who has templates in the eyes' gallery.
    var enrolled: Set<String> = []

    init(_ config: FaceLaneConfig) {
        self.config = config
        var requirements = FaceRequirements(falseMatchRate: config.falseMatchRate)
        if case .compared(let rate) = config.masks { requirements.maskedRate = rate }
        self.requirements = requirements
    }

    /// Whom a badge has named at this side; the eyes compare with them however far they are.
    func named(at side: BadgeReading.Side) -> String? { waits.first { $0.side == side }?.person }

    func way(_ side: BadgeReading.Side) -> FaceLaneConfig.Way? {
        switch side {
        case .outside: config.entry
        case .inside: config.exit
        case .gate: nil
        }
    }

    /// The consent under which this person's face may be used at this moment.
    func consent(of person: String, at now: Moment) -> ConsentNotice? {
        guard let notice = consents[person] else { return nil }
        guard let expires = notice.expires else { return notice }
        return now.wallIsTrusted && now.wall < expires ? notice : nil
    }

    /// Whether the holder of a badge is to show their face here.
    func asksFace(of person: String, _ side: BadgeReading.Side, at now: Moment) -> Bool {
        guard config.use == .withBadge, let way = way(side) else { return false }
        // Without its infrared partner a camera judges no liveness, and nobody's face would do.
        return blind.isDisjoint(with: [way.camera, way.infrared].compactMap { $0 })
            && enrolled.contains(person) && consent(of: person, at: now) != nil
    }

    /// How hard the eyes are to look through each camera.
    func attention(at side: BadgeReading.Side) -> Attention {
        let isWanted = waits.contains { $0.side == side }
        switch config.start {
        case .badge: return isWanted ? .waiting : .off
        case .always: return isWanted || approaches[side] != nil ? .waiting : .idle
        }
    }

    /// When something ends by itself.
    var nextDeadline: Instant? {
        var due = waits.map(\.until)
        for approach in approaches.values {
            due.append(approach.lastSeen + FaceApproach.absence)
            if let challenge = approach.challenge, challenge.verdict == .pending {
                due.append(challenge.due)
            }
        }
        return due.min()
    }
}
