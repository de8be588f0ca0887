import AccessPolicy
import GateConfiguration
import GateTypes
import PassageControl

extension VehicleLane {
    // MARK: Movements

    mutating func follow(_ sighting: VehicleTrack.Sighting, _ turn: inout Turn) {
        switch sighting {
        case .arrived:
            isFollowedByPlate = false
            clearAlarm("approach_unseen", &turn)
            plateWithoutLoopSince = nil
            if waiting == nil { arrive(.loop, at: turn.now.instant, &turn) }
        case .leftApproach:
            // Who was let in may be between the loops now.
            if waiting?.isAdmitted == false { endWaiting(timedOut: false, &turn) }
        case .entered(.approach), .doubled:
            endPassed(&turn)
            guard var passage = waiting, passage.isAdmitted || barrier.hasExpectedVehicle else {
                return
            }
            if !passage.isAdmitted {  // The boom was opened by hand before it came.
                dropIntents(of: passage.number)
                passage.phase = .admitted
                passage.operatorName = openedBy
            }
            waiting = nil
            leave(passage, &turn)
        case .entered(.far): enterFromFarSide(&turn)
        case .entered(.unknown): break
        case .through(_, let seenBy):
            guard seenBy.contains(.safety), leaving.contains(where: { $0.passed == nil }) else {
                return throughUncounted(seenBy, &turn)
            }
            // All is clear: whoever was under the boom, also two in a row, has passed.
            for index in leaving.indices where leaving[index].passed == nil {
                leaving[index].passed = turn.now.instant
            }
        case .withdrew:
            if waiting?.isUnderClosedBoom == true { waiting?.withdrew = turn.now.instant }
            guard waiting == nil, let last = leaving.lastIndex(where: { $0.passed == nil }) else {
                return
            }
            if isFollowedByPlate {
                isFollowedByPlate = false
                leaving[last].passed = turn.now.instant
                drive(.replaced, &turn)
                return arrive(.standing, at: turn.now.instant, &turn)
            }
            waiting = leaving.remove(at: last)
            waiting?.withdrew = turn.now.instant
        case .turnedBack:
            endWaiting(timedOut: false, &turn)
        case .merged:
            guard let passage = waiting, passage.phase == .reading, passage.evidence.isEmpty else {
                return
            }
            waiting = nil  // Nothing tells it from the vehicle under the boom.
        case .crossed: crossed(&turn)
        }
    }

    /// Who took the approach loop from under the boom and left it soon, and whom no camera saw standing
    /// there, has come from the far side: the one that was taken for passing had gone away.
    private mutating func crossed(_ turn: inout Turn) {
        guard var passage = waiting, !passage.isAdmitted, passage.evidence.isEmpty,
            turn.now.instant - passage.arrival <= Self.crossingLongest
        else { return }
        waiting = nil
        dropIntents(of: passage.number)
        if let last = leaving.lastIndex(where: { $0.passed != nil && !$0.isFromFarSide }) {
            end(leaving.remove(at: last), .turnedBack, &turn)
        }
        if config.direction != .both { incident("wrong_way", [:], &turn) }
        passage.isFromFarSide = true
        passage.passed = turn.now.instant
        endWithOutcome(passage, &turn)
    }

    /// Who stood under the boom when it was let in has not been seen entering.
    private mutating func throughUncounted(
        _ seenBy: CaseSet<BarrierSensor>, _ turn: inout Turn
    ) {
        guard seenBy.contains(.safety), barrier.isBusy, var passage = waiting,
            passage.isAdmitted
        else { return }
        passage.passed = turn.now.instant
        waiting = nil
        leave(passage, &turn)
    }

    /// A vehicle is through that no opening was for.
    mutating func wentThrough(
        from side: VehicleTrack.Side, isEmergency: Bool, _ turn: inout Turn
    ) {
        // Who was let in before a fault or an emergency came has been followed all the way.
        if leaving.contains(where: { $0.passed == turn.now.instant }) { return endPassed(&turn) }
        var passage = Passage(
            number: turn.nextNumber(), trigger: .boom, at: turn.now.instant, now: turn.now)
        if side == .far {
            passage.isFromFarSide = true
        } else if let waited = waiting {
            settlePicture(&turn)
            recordRefusal(&turn)
            waiting = nil
            dropIntents(of: waited.number)
            passage = waited
        }
        passage.passed = turn.now.instant
        passage.isInEmergency = isEmergency
        endUnasked(passage, &turn)
        // On the approach loop stands the next, who needs no new edge to be seen.
        if hasLoop, side == .approach, barrier.sensors.isActive(.approach), waiting == nil {
            arrive(.standing, at: turn.now.instant, &turn)
        }
    }

    private mutating func endUnasked(_ passage: Passage, _ turn: inout Turn) {
        if passage.isInEmergency { return end(passage, .passed, &turn) }
        let isDown = barrier.position == .down
        if passage.isFromFarSide, config.direction != .both, !isDown {
            incident("wrong_way", [:], &turn)
            return end(passage, .wrongWay, &turn)
        }
        if !barrier.faults.isEmpty, let openedBy {  // By hand, as a lane with a fault is worked.
            var passage = passage
            passage.operatorName = openedBy
            return end(passage, .passed, &turn)
        }
        incident(
            "forced", ["what": "vehicle_through_\(isDown ? "closed" : "open")_boom"],
            plate: passage.plate, &turn)
        end(passage, .forced, &turn)
    }

    private mutating func enterFromFarSide(_ turn: inout Turn) {
        guard barrier.isBusy else { return }
        if config.direction != .both {
            incident("wrong_way", [:], &turn)
        }
        var passage = Passage(
            number: turn.nextNumber(), trigger: .boom, at: turn.now.instant, now: turn.now)
        passage.isFromFarSide = true
        passage.phase = .admitted
        leave(passage, &turn)
    }

    mutating func followed(byApproachOnly: Bool, _ turn: inout Turn) {
        settlePicture(&turn)
        var passage =
            waiting
            ?? Passage(
                number: turn.nextNumber(), trigger: .boom, at: turn.now.instant, now: turn.now)
        waiting = nil
        dropIntents(of: passage.number)
        passage.phase = .followed
        incident(
            "tailgated", ["evidence": byApproachOnly ? "approach_twice" : "loops_apart"],
            plate: passage.plate, &turn)
        leave(passage, &turn)
    }

    mutating func leave(_ passage: Passage, _ turn: inout Turn) {
        if leaving.count >= Self.leavingLargest {
            end(leaving.removeFirst(), .timedOut, &turn)
        }
        leaving.append(passage)
    }

    mutating func arrive(
        _ trigger: Passage.Trigger, at arrival: Instant, attempts: Int = 0, _ turn: inout Turn
    ) {
        var passage = Passage(
            number: turn.nextNumber(), trigger: trigger, at: arrival, now: turn.now)
        passage.attempts = attempts
        waiting = passage
        if isBlind || !barrier.acceptsPolicy || attempts >= Self.attemptsLargest {
            handOver(&turn)
        }
    }

    /// From now on the guard is asked, while reading goes on.
    mutating func handOver(_ turn: inout Turn) {
        guard waiting?.isHandedOver == false else { return }
        waiting?.isHandedOver = true
        settlePicture(&turn)
        recordRefusal(&turn)
        switch waiting?.decision?.gravest {
        case .denied: tell(.denied, &turn)
        case .ambiguous: tell(.ambiguous, &turn)
        case .lockdown: tell(.lockdown, &turn)
        case .unlisted, .noRuleForLane, .outsideSchedule, .notYetValid, .expired, .notAPlate:
            tell(.refused, &turn)
        case .unreadable, .uncertain: tell(.unreadable, &turn)
        // The last four are of faces and never of plates.
        case .clockUntrusted, .livenessNotJudged, .noConsent, .faceMismatch, .notLive:
            tell(.askGuard, &turn)
        case nil:
            let isUnreadable =
                waiting?.evidence.isEmpty == true && barrier.acceptsPolicy && !isBlind
                && (waiting?.attempts ?? 0) < Self.attemptsLargest
            tell(isUnreadable ? .unreadable : .askGuard, &turn)
        }
    }

    /// Each graver or other reason of one passage is recorded once.
    mutating func recordRefusal(_ turn: inout Turn) {
        guard let decision = waiting?.decision, let gravest = decision.gravest,
            waiting?.recordedReason != gravest
        else { return }
        waiting?.recordedReason = gravest
        var facts = ["reasons": decision.reasons.map(\.rawValue).joined(separator: " ")]
        facts["passage"] = waiting.map { String($0.number) }
        facts["rule"] = decision.rulePlace
        facts["roster"] = decision.rosterPlace
        turn.record(.refusal, name, facts, plate: decision.plate)
        guard gravest == .denied, waiting?.isDenialRecorded == false else { return }
        waiting?.isDenialRecorded = true
        incident("refused_deny_listed", [:], plate: decision.plate, &turn)
    }

    // MARK: Ends

    /// The boom closes behind whoever has passed.
    mutating func endPassed(_ turn: inout Turn) {
        let gone = leaving.filter { $0.passed != nil }
        leaving.removeAll { $0.passed != nil }
        for passage in gone { endWithOutcome(passage, &turn) }
    }

    mutating func endWithOutcome(_ passage: Passage, _ turn: inout Turn) {
        if passage.phase == .followed { return end(passage, .tailgated, &turn) }
        let isWrong = passage.isFromFarSide && config.direction != .both
        end(passage, isWrong ? .wrongWay : .passed, &turn)
    }

    mutating func waitedInVain(_ turn: inout Turn) {
        guard let passage = waiting, passage.isAdmitted else { return }
        let stands = hasLoop && barrier.sensors.isActive(.approach)
        endWaiting(timedOut: stands, &turn)
        // It needs no new edge of the loop to be seen again.
        if stands {
            arrive(
                .standing, at: turn.now.instant, attempts: passage.attempts + 1, &turn)
        }
    }

    mutating func endWaiting(timedOut: Bool, _ turn: inout Turn) {
        settlePicture(&turn)
        guard let passage = waiting else { return }
        recordRefusal(&turn)
        waiting = nil
        dropIntents(of: passage.number)
        end(passage, passage.outcome(timedOut: timedOut), &turn)
        if !barrier.isBusy, barrier.faults.isEmpty { tell(.ready, &turn) }
    }

    mutating func end(_ passage: Passage, _ outcome: Passage.Outcome, _ turn: inout Turn) {
        let direction =
            switch config.direction {
            case .in: passage.isFromFarSide ? "out" : "in"
            case .out: passage.isFromFarSide ? "in" : "out"
            case .both: passage.isFromFarSide ? "out" : "in"
            }
        turn.actions.append(
            .record(
                passage.record(outcome, lane: name, direction: direction, at: turn.now)))
        expectLatePicture(of: passage)
        if passage.evidence.isEmpty, passage.operatorName == nil, !passage.isFromFarSide {
            incident("unreadable", ["passage": String(passage.number)], &turn)
        }
        if outcome == .turnedBack {
            incident("turned_back", [:], plate: passage.plate, &turn)
        }
        status.passageCount += 1
        status.lastOutcome = outcome.rawValue
        if !passage.plate.isEmpty { status.plate = passage.plate }
    }
}
