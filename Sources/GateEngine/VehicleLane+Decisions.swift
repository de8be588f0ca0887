import AccessPolicy
import GateConfiguration
import GateTypes
import PassageControl

extension VehicleLane {
    /// Plates of one vehicle's width in the picture differ by less than this share.
    private static let nearestShare = 0.75

    // MARK: Readings

    mutating func take(
        _ observation: PlateObservation, policy: VehiclePolicy, _ turn: inout Turn
    ) {
        isTouched = true
        let frame = min(observation.frameTime, turn.now.instant)
        let widest = observation.readings.map(\.corners.widthPixels).max() ?? 0
        // Before a plate that could not be read, a much smaller one is that of the vehicle behind.
        let read = observation.readings
            .filter { !$0.text.isEmpty && $0.corners.widthPixels >= widest * Self.nearestShare }
            .max { $0.corners.widthPixels < $1.corners.widthPixels }
        if let read, contradicts(read, frame: frame) { drive(.contradicted, &turn) }
        if let read { noticeReplacement(read, frame: frame, &turn) }
        if let read, isBehindForcing(read, frame: frame, &turn) { return }
        if let read, isBehind(read) { isFollowedByPlate = true }
        watchLoop(widest: widest, frame: frame, &turn)
        if waiting == nil, !hasLoop, widest >= narrowestPlatePixels, !isOfLeaving(read) {
            arrive(.camera, at: frame, &turn)
        }
        guard let passage = waiting, frame >= passage.arrival else { return }
        if widest > 0 { waiting?.latestFrame = frame }
        guard let read, !isOfLeaving(read), passage.phase == .reading else {
            let found = observation.readings.first { $0.text.isEmpty }
            // Another vehicle's plate is no picture of this one.
            if passage.phase == .reading, read == nil {
                considerPicture(observation, found, isDeciding: false, &turn)
            }
            return
        }
        waiting?.evidence.add(read)
        waiting?.isSimulated = observation.isSimulated
        if passage.firstReading == nil { waiting?.firstReading = turn.now.instant }
        decide(frame: frame, readAt: observation.readTime, policy, &turn)
        let isDeciding = waiting.map { $0.phase != .reading } ?? false
        considerPicture(observation, read, isDeciding: isDeciding, &turn)
    }

    /// The plate that is on its way through must not open again for who follows.
    private func isOfLeaving(_ reading: PlateReading?) -> Bool {
        guard let reading, !reading.text.isEmpty else { return false }
        return leaving.contains { $0.plate == reading.text || $0.evidence.text == reading.text }
    }

    /// After the loops saw it through, its plate cannot stand before the boom.
    private func contradicts(_ reading: PlateReading, frame: Instant) -> Bool {
        leaving.contains { passage in
            guard passage.isAdmitted, let passed = passage.passed, frame > passed,
                !passage.isFromFarSide
            else { return false }
            return passage.plate == reading.text && reading.confidence >= 0.5
        }
    }

    /// Bumper to bumper the approach loop never clears behind a vehicle: only the camera can tell
    /// that the next one stands there now.
    private mutating func noticeReplacement(
        _ reading: PlateReading, frame: Instant, _ turn: inout Turn
    ) {
        guard var passage = waiting, passage.isAdmitted, let withdrew = passage.withdrew,
            frame > withdrew, reading.confidence >= 0.5, !passage.evidence.isEmpty,
            !passage.evidence.mayShow(reading)
        else { return }
        passage.passed = withdrew
        waiting = nil
        leave(passage, &turn)
        drive(.replaced, &turn)
        arrive(.standing, at: frame, &turn)
    }

    /// Nobody is let in by the plate of another who stands behind a vehicle that is under the closed boom.
    /// Read after that one seemed to withdraw, it tells that it did not: it forced its way.
    private mutating func isBehindForcing(
        _ reading: PlateReading, frame: Instant, _ turn: inout Turn
    ) -> Bool {
        guard let passage = waiting, passage.phase == .reading, passage.isUnderClosedBoom else {
            return false
        }
        let isItsOwn = !passage.evidence.isEmpty && passage.evidence.mayShow(reading)
        guard let withdrew = passage.withdrew else {
            if !isItsOwn { handOver(&turn) }
            return !isItsOwn
        }
        guard frame > withdrew, reading.confidence >= 0.5 else { return true }
        if isItsOwn || passage.evidence.isEmpty {
            waiting?.isUnderClosedBoom = false
            return false
        }
        wentThrough(from: .approach, isEmergency: false, &turn)
        return false
    }

    /// Close behind the vehicle under the boom another one has taken the approach loop: when the boom's
    /// sensors clear and the loop does not, it was not the first that went back.
    private func isBehind(_ reading: PlateReading) -> Bool {
        guard waiting == nil, barrier.sensors.isActive(.approach), reading.confidence >= 0.5,
            let last = leaving.last(where: { $0.passed == nil }), last.isAdmitted
        else { return false }
        // Nothing was read of one whom the guard let in: who is read now is another.
        return !isOfLeaving(reading) && (last.evidence.isEmpty || !last.evidence.mayShow(reading))
    }

    /// A plate that stands before a boom without the loop's noticing: the loop may be dead.
    private mutating func watchLoop(widest: Double, frame: Instant, _ turn: inout Turn) {
        guard hasLoop, !barrier.sensors.isActive(.approach), !barrier.isBusy,
            widest >= narrowestPlatePixels, widest > 0
        else {
            if let last = plateWithoutLoopLast, frame - last > .seconds(1) {
                plateWithoutLoopSince = nil
            }
            return
        }
        if let last = plateWithoutLoopLast, frame - last > .seconds(1) {
            plateWithoutLoopSince = nil
        }
        plateWithoutLoopLast = frame
        let since = plateWithoutLoopSince ?? frame
        plateWithoutLoopSince = since
        guard frame - since >= Self.unseenByLoop else { return }
        raiseAlarm(
            "approach_unseen",
            "The camera sees a plate that the approach loop does not; check the loop, open by hand.",
            &turn)
        tell(.askGuard, &turn)
    }

    private mutating func decide(
        frame: Instant, readAt: Instant, _ policy: VehiclePolicy, _ turn: inout Turn
    ) {
        guard let passage = waiting, passage.attempts < Self.attemptsLargest else { return }
        let decision = policy.decide(
            passage.evidence, at: name, falseAcceptRate: config.falseAcceptRate, now: turn.now)
        waiting?.decision = decision
        guard decision.isAdmitted else {
            let isSure = decision.gravest == .denied && decision.probability >= 0.5
            if isSure { handOver(&turn) }
            if passage.isHandedOver { recordRefusal(&turn) }
            return
        }
        guard barrier.acceptsPolicy else { return handOver(&turn) }
        // The next frame asks again; after its deadline the guard is told, too.
        guard roadIsFree else { return tell(.roadBusy, &turn) }
        guard turn.now.instant <= frame + config.timing.deadline else {
            return dropLate(frame: frame, &turn)
        }
        waiting?.decided = turn.now.instant
        waiting?.decidingFrame = frame
        waiting?.decidingRead = min(readAt, turn.now.instant)
        var facts = [
            "passage": String(passage.number), "by": "policy",
            "frame_age_ms": Passage.milliseconds(turn.now.instant - frame),
            "frames": String(passage.evidence.frameCount),
        ]
        facts["rule"] = decision.rulePlace
        facts["roster"] = decision.rosterPlace
        facts["group"] = decision.group
        let draft = EntryDraft(
            .grant, lane: name, at: turn.now, facts: facts, personal: [.plate: decision.plate])
        store(draft, .policy(passage: passage.number, frame: frame), &turn)
    }

    private mutating func dropLate(frame: Instant, _ turn: inout Turn) {
        waiting?.lateDrops += 1
        waiting?.phase = .reading
        guard waiting?.lateDrops == 1 else { return }
        incident(
            "late_opening_dropped",
            ["frame_age_ms": Passage.milliseconds(turn.now.instant - frame)], &turn)
        tell(.tooLate, &turn)
    }

    // MARK: Record first, then the relay

    mutating func store(_ draft: EntryDraft, _ ground: Intent.Ground, _ turn: inout Turn) {
        guard mayStore(&turn) else { return }
        let number = IntentNumber(turn.nextNumber())
        intents.append(
            Intent(
                number: number, ground: ground, due: turn.now.instant + config.timing.storage,
                draft: draft))
        if case .policy = ground { waiting?.phase = .storing(number) }
        turn.actions.append(.store(number, draft))
    }

    /// The journal did not answer in time, or with an error.
    mutating func storageFailed(_ number: IntentNumber, reason: String, _ turn: inout Turn) {
        guard let intent = failedIntent(number, reason: reason, &turn) else { return }
        switch config.onStorageFailure {
        case .refuse:
            if waiting?.phase == .storing(number) { waiting?.phase = .reading }
            incident("storage_failed", ["reason": reason], &turn)
            tell(.storageFailed, &turn)
            handOver(&turn)
        case .open:
            releaseUnstored(intent, reason: reason, &turn)
        }
    }

    mutating func release(_ intent: Intent, _ turn: inout Turn) {
        switch intent.ground {
        case .named(let operatorName):
            openedBy = operatorName
            if waiting != nil {
                waiting?.operatorName = operatorName
                admit(&turn)
            }
            tell(.opening, &turn)
            drive(.open(.named), &turn)
        case .policy(let passage, let frame):
            if waiting?.number == passage, waiting?.isAdmitted == true { return }  // By hand.
            guard waiting?.number == passage, waiting?.phase == .storing(intent.number) else {
                return turn.record(
                    .refusal, name, ["reasons": "vehicle_gone", "passage": String(passage)])
            }
            waiting?.phase = .reading
            guard turn.now.instant <= frame + config.timing.deadline else {
                return dropLate(frame: frame, &turn)
            }
            guard barrier.acceptsPolicy else { return handOver(&turn) }
            guard !hasLoop || barrier.sensors.isActive(.approach) else {
                return endWaiting(timedOut: false, &turn)
            }
            admit(&turn)
            notice = nil  // Each vehicle is told, also the second in a row.
            tell(.opening, &turn)
            drive(.open(.policy), &turn)
        }
    }

    private mutating func admit(_ turn: inout Turn) {
        settlePicture(&turn)
        waiting?.phase = .admitted
        waiting?.released = turn.now.instant
        guard let passage = waiting else { return }
        status.admittedCount += 1
        status.arrivalToReleaseMilliseconds = (turn.now.instant - passage.arrival).milliseconds
        status.frameToReleaseMilliseconds = passage.decidingFrame.map {
            (turn.now.instant - $0).milliseconds
        }
    }

    mutating func dropIntents(of passage: UInt64) {
        intents.removeAll { intent in
            if case .policy(passage, _) = intent.ground { return true }
            return false
        }
    }

    // MARK: People, cameras, time

    mutating func command(
        _ wish: Barrier.Event, named word: String, by operatorName: String, _ turn: inout Turn
    ) {
        isTouched = true
        var facts = ["wish": word]
        if wish == .open(.named), !roadIsFree { facts["interlock"] = "overridden" }
        if wish == .open(.named) {
            let draft = EntryDraft(
                .override, lane: name, at: turn.now, facts: facts,
                personal: [.person: operatorName])
            return store(draft, .named(operatorName), &turn)
        }
        turn.record(.override, name, facts, person: operatorName)
        if wish == .close, let passage = waiting {
            // Who stands there now is the guard's; policy does not open again behind his back.
            waiting?.attempts = Self.attemptsLargest
            dropIntents(of: passage.number)
            if case .storing = passage.phase { waiting?.phase = .reading }
        }
        drive(wish, &turn)
    }

    mutating func camera(_ health: CameraHealth, _ turn: inout Turn) {
        isTouched = true
        switch health {
        case .seeing:
            isBlind = false
            clearAlarm("camera_blind", &turn)
        case .blind(let reason):
            isBlind = true
            raiseAlarm(
                "camera_blind", "The camera of this lane sees nothing (\(reason)); open by hand.",
                &turn)
            handOver(&turn)
        }
    }

    mutating func timePassed(_ turn: inout Turn) {
        let now = turn.now.instant
        for intent in intents where now >= intent.due {
            storageFailed(
                intent.number,
                reason: "no answer within \(Passage.milliseconds(config.timing.storage)) ms", &turn)
        }
        if let handOverDue, now >= handOverDue { handOver(&turn) }
        if let end = endOfWaiting, now >= end { endWaiting(timedOut: true, &turn) }
        endStale(&turn)
        // Whatever happened at this moment has settled the machine already.
        if drivenAt != now, let due = machineDue, due <= now { drive(.tick, &turn) }
    }

    private mutating func endStale(_ turn: inout Turn) {
        let now = turn.now.instant
        let (timeout, absence) = (config.timing.passageTimeout, self.absence)
        var isStale = false
        for index in leaving.indices
        where now >= leaving[index].end(timeout: timeout, absence: absence) {
            isStale = true
        }
        guard isStale else { return }
        let stale = leaving.filter { now >= $0.end(timeout: timeout, absence: absence) }
        leaving.removeAll { now >= $0.end(timeout: timeout, absence: absence) }
        for passage in stale {
            passage.passed == nil ? end(passage, .timedOut, &turn) : endWithOutcome(passage, &turn)
        }
    }

    /// When the guard is asked about the vehicle that waits; nil where it is not read any more.
    private var handOverDue: Instant? {
        guard waiting?.phase == .reading else { return nil }
        guard let arrival = waiting?.arrival else { return nil }
        return arrival + config.timing.deadline
    }

    private var endOfWaiting: Instant? {
        waiting?.end(timeout: config.timing.passageTimeout, absence: absence)
    }

    private var absence: Duration? { hasLoop ? nil : Self.absence }

    /// When `timePassed` is due.
    mutating func nextDeadline(after now: Instant) -> Instant? {
        machineDue = barrier.nextDeadline(after: now)
        var due = Soonest()
        due.consider(machineDue)
        for intent in intents { due.consider(intent.due) }
        due.consider(endOfWaiting)
        if waiting?.isHandedOver == false { due.consider(handOverDue) }
        let (timeout, absence) = (config.timing.passageTimeout, self.absence)
        for index in leaving.indices {
            due.consider(leaving[index].end(timeout: timeout, absence: absence))
        }
        return due.moment
    }
}
