import AccessPolicy
import GateConfiguration
import GateTypes
import PassageControl

extension PersonLane {
    // MARK: Faces

    /// Takes what one frame of a face camera of this lane shows.
    mutating func take(
        _ observation: FaceObservation, _ side: BadgeReading.Side, policy: PersonPolicy,
        _ turn: inout Turn
    ) {
        guard var desk = faces else { return }
        isTouched = true
        guard let face = observation.face, observation.faceCount > 0 else {
            return forgetGone(&turn)
        }
        var approach: FaceApproach
        if let standing = desk.approaches[side], standing.isContinued(by: observation, face) {
            approach = standing
        } else {
            approach = FaceApproach(observation, face, desk.requirements, now: turn.now)
        }
        approach.add(
            observation, face, named: desk.named(at: side))
        desk.approaches[side] = approach
        faces = desk
        if observation.faceCount > 1 { return twoPeople(side, &turn) }
        guard approach.outcome == nil else { return }
        switch desk.config.use {
        case .alone:
            // Without a name that stands for it, figures must: else the face opens nothing.
            guard !desk.config.needsProof || observation.proof == .borne else { break }
            decideAlone(observation, face, side, policy, &turn)
        case .withBadge: verify(observation, face, side, policy, &turn)
        }
        if let approach = faces?.approaches[side], approach.outcome == nil {
            guide(approach, face, &turn)
        }
    }

    /// Whoever still stands there is looked at again.
    mutating func lookAgain(at passage: PersonPassage) {
        for (side, approach) in faces?.approaches ?? [:] where approach.arrival == passage.arrival {
            faces?.approaches[side]?.outcome = nil
        }
    }

    /// Of two people nobody knows which one would go through.
    private mutating func twoPeople(_ side: BadgeReading.Side, _ turn: inout Turn) {
        guard var approach = faces?.approaches[side] else { return }
        approach.startAgain()
        let isNews = !approach.hasCompany
        approach.hasCompany = true
        faces?.approaches[side] = approach
        guard isNews else { return }
        incident("two_people", ["side": side.rawValue], &turn)
        tell(.oneAtATime, &turn)
    }

    private mutating func decideAlone(
        _ observation: FaceObservation, _ face: FaceSighting, _ side: BadgeReading.Side,
        _ policy: PersonPolicy, _ turn: inout Turn
    ) {
        guard var approach = faces?.approaches[side], let desk = faces else { return }
        if case .nobody = approach.evidence.verdict,
            approach.evidence.comparedCount >= FaceApproach.framesOfStranger
        {
            return refuse(.unlisted, side, nil, &turn)
        }
        if case .ambiguous = approach.evidence.verdict,
            approach.evidence.comparedCount >= FaceApproach.framesOfStranger
        {
            return refuse(.ambiguous, side, nil, &turn)
        }
        guard let match = approach.match, face.hint == nil || approach.challenge != nil else {
            return
        }
        let decision = policy.decide(person: match.person, at: name, now: turn.now)
        guard decision.isAdmitted else {
            return refuse(decision.reasons.first ?? .unlisted, side, decision, &turn)
        }
        approach.decision = decision
        faces?.approaches[side] = approach
        beginChallenge(&approach, side, observation, &turn)
        let veto = FaceVeto(
            isQualityGood: face.hint == nil || approach.challenge?.verdict == .passed,
            isConsentStanding: desk.consent(of: match.person, at: turn.now)?.consent
                == match.consent,
            isAdmittedByPolicy: true,
            liveness: liveness(approach, face, side), isUnjudgedAccepted: desk.config.alone != nil)
        if let objection = veto.objection {
            // Pending is no end; a silent infrared camera may still speak, until the fallback.
            if objection == .livenessNotJudged, isStillJudging(approach, at: turn.now.instant) {
                return
            }
            if objection == .unreadable { return }
            return refuse(objection, side, decision, &turn)
        }
        // Whoever has to wait for their turn is let in by a frame of the moment when it comes.
        guard !machine.isTaken(side, at: turn.now.instant) else { return }
        grant(decision, side, approach, observation, &turn)
    }

    private func isStillJudging(_ approach: FaceApproach, at now: Instant) -> Bool {
        if approach.challenge?.verdict == .pending { return true }
        return now <= approach.arrival + machine.deadline
    }

    private mutating func beginChallenge(
        _ approach: inout FaceApproach, _ side: BadgeReading.Side,
        _ observation: FaceObservation, _ turn: inout Turn
    ) {
        guard let desk = faces, desk.way(side)?.asksChallenge == true, approach.challenge == nil
        else { return }
        // The driver's nanoseconds are nobody's to foretell.
        let seed =
            UInt64(bitPattern: observation.frameTime.nanoseconds) ^ (turn.nextNumber() << 48)
        approach.challenge = HeadTurnChallenge(
            seed: seed, at: observation.frameTime, limit: desk.config.challenge)
        faces?.approaches[side] = approach
    }

    private func liveness(
        _ approach: FaceApproach, _ face: FaceSighting, _ side: BadgeReading.Side
    ) -> [FaceVeto.Source: LivenessVerdict] {
        guard let way = faces?.way(side) else { return [:] }
        var asked: [FaceVeto.Source: LivenessVerdict] = [:]
        if way.asksChallenge { asked[.challenge] = approach.challenge?.verdict ?? .notJudged }
        if way.infrared != nil { asked[.infrared] = face.infrared }
        return asked
    }

    private mutating func grant(
        _ decision: PersonDecision, _ side: BadgeReading.Side, _ approach: FaceApproach,
        _ observation: FaceObservation, _ turn: inout Turn
    ) {
        var passage = PersonPassage(
            number: turn.nextNumber(), trigger: .face, at: approach.arrival, now: turn.now)
        passage.basis = observation.frameTime
        passage.decision = decision
        passage.decided = turn.now.instant
        passage.isSimulated = observation.isSimulated
        faces?.approaches[side]?.outcome = .granted
        admit(passage, decision, side, by: "face", &turn)
    }

    /// Ends an approach with a reason; a stranger's record names nobody.
    private mutating func refuse(
        _ reason: RefusalReason, _ side: BadgeReading.Side, _ decision: PersonDecision?,
        _ turn: inout Turn
    ) {
        guard let approach = faces?.approaches[side] else { return }
        faces?.approaches[side]?.outcome = .refused(reason)
        var passage = PersonPassage(
            number: turn.nextNumber(), trigger: .face, at: approach.arrival, now: turn.now)
        var told = decision ?? PersonDecision(outcome: .refused([reason]), badge: nil)
        if told.isAdmitted { told.outcome = .refused([reason]) }
        // Without a standing consent nothing is written down that leads from a face to a name.
        let hasConsent = told.person.map { faces?.consent(of: $0, at: turn.now) != nil } ?? true
        if reason == .noConsent || !hasConsent {
            told = PersonDecision(outcome: told.outcome, badge: nil)
        }
        passage.decision = told
        passage.decided = turn.now.instant
        passage.isSimulated = approach.isSimulated
        refuse(passage, &turn)
        if reason == .notLive {
            incident("attack_presented", ["side": side.rawValue], &turn)
        }
    }

    // MARK: A face beside a badge

    /// Has a badge's holder show their face; false when the lane does not ask for it.
    mutating func waitForFace(
        _ passage: PersonPassage, _ decision: PersonDecision, _ side: BadgeReading.Side,
        _ turn: inout Turn
    ) -> Bool {
        guard let desk = faces, let person = decision.person,
            desk.asksFace(of: person, side, at: turn.now)
        else { return false }
        guard desk.waits.count < FaceDesk.waitsLargest else {
            finish(passage, .refused, ["refused": "busy"], &turn)
            return true
        }
        faces?.waits.append(
            FaceWait(
                passage: passage, side: side, person: person,
                until: turn.now.instant + desk.config.wait))
        // Whoever stood there before is not the one who has shown the badge until they are compared.
        faces?.approaches[side]?.outcome = nil
        faces?.approaches[side]?.startAgain()
        tell(.showYourFace, &turn)
        return true
    }

    private mutating func verify(
        _ observation: FaceObservation, _ face: FaceSighting, _ side: BadgeReading.Side,
        _ policy: PersonPolicy, _ turn: inout Turn
    ) {
        guard let desk = faces, var approach = desk.approaches[side],
            let wait = desk.waits.first(where: { $0.side == side })
        else { return }
        guard desk.asksFace(of: wait.person, side, at: turn.now) else {
            return admit(wait, basis: turn.now.instant, by: "policy", policy, &turn)
        }
        beginChallenge(&approach, side, observation, &turn)
        if let agrees = FaceEvidence.verifies(face, person: wait.person, desk.requirements) {
            if agrees { approach.confirmed += 1 } else { approach.contradicted += 1 }
            faces?.approaches[side] = approach
        }
        if approach.contradicted >= FaceApproach.framesOfStranger,
            approach.contradicted > approach.confirmed
        {
            return end(wait, .faceMismatch, &turn)
        }
        guard approach.confirmed >= 2, approach.confirmed > approach.contradicted else { return }
        let veto = FaceVeto(
            isQualityGood: true, isConsentStanding: true, isAdmittedByPolicy: true,
            liveness: liveness(approach, face, side),
            isUnjudgedAccepted: true)
        switch veto.objection {
        case .none: break
        case .livenessNotJudged: return  // Until the wait is over.
        case .some(let objection):
            end(wait, objection, &turn)
            if objection == .notLive {
                incident("attack_presented", ["side": side.rawValue], &turn)
            }
            return
        }
        admit(wait, basis: observation.frameTime, by: "badge_and_face", policy, &turn)
    }

    /// Ends the wait with a grant; seconds have passed since the badge was read, and the site may be
    /// closed by now.
    private mutating func admit(
        _ wait: FaceWait, basis: Instant, by means: String, _ policy: PersonPolicy,
        _ turn: inout Turn
    ) {
        let decision = policy.decide(
            badge: wait.passage.decision?.badge ?? "", at: name, now: turn.now)
        guard decision.isAdmitted else {
            return end(wait, decision.reasons.first ?? .unlisted, &turn)
        }
        var passage = wait.passage
        passage.basis = basis
        passage.decision = decision
        passage.decided = turn.now.instant
        faces?.waits.removeAll { $0 == wait }
        faces?.approaches[wait.side]?.outcome = .granted
        admit(passage, decision, wait.side, by: means, &turn)
    }

    /// Where a face can no longer be asked for (consent, templates or a camera are gone) the badge
    /// alone does.
    private mutating func letBadgesDo(_ policy: PersonPolicy, _ turn: inout Turn) {
        for wait in faces?.waits ?? []
        where faces?.asksFace(of: wait.person, wait.side, at: turn.now) == false {
            admit(wait, basis: turn.now.instant, by: "policy", policy, &turn)
        }
    }

    /// A blind camera judges nobody: badges open as if it were not there.
    mutating func camera(
        _ camera: CameraName, _ health: CameraHealth, policy: PersonPolicy, _ turn: inout Turn
    ) {
        isTouched = true
        switch health {
        case .seeing:
            faces?.blind.remove(camera)
            clearAlarm("camera_blind_\(camera)", &turn)
        case .blind(let reason):
            faces?.blind.insert(camera)
            let isInfrared = faces?.config.infraredCameras.contains(camera) == true
            raiseAlarm(
                "camera_blind_\(camera)",
                "\(isInfrared ? "Infrared" : "Face") camera \(camera) sees nothing: \(reason)",
                &turn)
            letBadgesDo(policy, &turn)
        }
    }

    /// A badge that was let pass before the lockdown is no way in after it.
    mutating func stopWaitingForFaces(except groups: Set<String>, _ turn: inout Turn) {
        for wait in faces?.waits ?? [] where !groups.contains(wait.passage.decision?.group ?? "") {
            end(wait, .lockdown, &turn)
        }
    }

    private mutating func end(
        _ wait: FaceWait, _ reason: RefusalReason, _ turn: inout Turn
    ) {
        faces?.waits.removeAll { $0 == wait }
        faces?.approaches[wait.side]?.outcome = .refused(reason)
        var passage = wait.passage
        passage.decision?.outcome = .refused([reason])
        passage.decided = turn.now.instant
        refuse(passage, &turn)
    }

    // MARK: Guidance and time

    /// What the person can do, and the fallback when it takes too long.
    private mutating func guide(
        _ approach: FaceApproach, _ face: FaceSighting, _ turn: inout Turn
    ) {
        if let asked = approach.challenge?.asked {
            return tell(asked == .left ? .turnLeft : .turnRight, &turn)
        }
        guard turn.now.instant > approach.arrival + machine.deadline else { return }
        if let hint = face.hint { return tell(Notice(hint), &turn) }
        // While somebody else goes through, the notice is theirs.
        if !machine.isBusy { tell(.askGuard, &turn) }
    }

    /// People who are gone, challenges and waits that are over.
    mutating func faceTimePassed(_ turn: inout Turn) {
        guard let desk = faces else { return }
        let now = turn.now.instant
        for side in [BadgeReading.Side.outside, .inside] {
            guard let approach = desk.approaches[side], approach.challenge?.verdict == .pending
            else { continue }
            faces?.approaches[side]?.challenge?.timePassed(now)
            guard faces?.approaches[side]?.challenge?.verdict == .failed, approach.outcome == nil,
                desk.config.use == .alone
            else { continue }
            let isStillThem = approach.decision?.person == approach.match?.person
            refuse(.notLive, side, isStillThem ? approach.decision : nil, &turn)
        }
        forgetGone(&turn)
        for wait in desk.waits where now >= wait.until {
            faces?.waits.removeAll { $0 == wait }
            finish(wait.passage, .refused, ["refused": "no_face"], &turn)
            tell(.askGuard, &turn)
        }
    }

    private mutating func forgetGone(_ turn: inout Turn) {
        guard let desk = faces else { return }
        for (side, approach) in desk.approaches
        where turn.now.instant - approach.lastSeen >= FaceApproach.absence {
            faces?.approaches[side] = nil
        }
    }

    /// Consents and templates as they are from now on; what rests on one that is gone, ends.
    mutating func hear(
        consents: [String: ConsentNotice], enrolled: Set<String>, policy: PersonPolicy,
        _ turn: inout Turn
    ) {
        guard let desk = faces else { return }
        isTouched = true
        faces?.consents = consents
        faces?.enrolled = enrolled
        for (side, approach) in desk.approaches {
            if let match = approach.match, consents[match.person]?.consent != match.consent {
                faces?.approaches[side]?.startAgain()
            }
        }
        // Those whose record is on its way are looked at when it is there.
        let gone = passages.values.filter { passage in
            passage.released == nil && !mayStillPass(passage, at: turn.now)
                && !intents.contains { $0.passage == passage.number }
        }
        for passage in gone.sorted(by: { $0.number < $1.number }) {
            endWithoutConsent(passage, &turn)
            drive(.takeBack(passage.number), &turn)
        }
        letBadgesDo(policy, &turn)
    }

    /// Ends a passage by a face that was recorded and whose consent is gone; its record has no name.
    mutating func endWithoutConsent(_ passage: PersonPassage, _ turn: inout Turn) {
        passages[passage.number] = nil
        var passage = passage
        passage.decision = PersonDecision(outcome: .refused([.noConsent]), badge: nil)
        tell(.refused, &turn)
        finish(passage, .refused, ["refused": "no_consent"], &turn)
    }

    /// Looked at once more between record and relay: the consent may have ended meanwhile.
    func mayStillPass(_ passage: PersonPassage, at now: Moment) -> Bool {
        guard passage.trigger == .face, let person = passage.decision?.person else { return true }
        return faces?.consent(of: person, at: now) != nil
    }
}

extension Notice {
    init(_ hint: FaceHint) {
        self =
            switch hint {
            case .stepCloser: .stepCloser
            case .lookAtTheCamera: .lookAtTheCamera
            case .tooDark: .tooDark
            case .tooBright: .tooBright
            case .holdStill: .holdStill
            case .uncoverTheFace: .uncoverTheFace
            }
    }
}
