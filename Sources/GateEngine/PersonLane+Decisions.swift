import AccessPolicy
import GateConfiguration
import GateTypes
import PassageControl

extension PersonLane {
    // MARK: Badges

    mutating func take(
        _ reading: BadgeReading, policy: PersonPolicy, limits: ReaderConfig.Attempts,
        _ turn: inout Turn
    ) {
        isTouched = true
        let key = AttemptWatch.Key(side: reading.side, reader: reading.reader)
        guard attempts[key]?.isPaused(at: turn.now.instant) != true else {
            attempts[key]?.ignore()
            signal(.paused, reading.reader, &turn)
            notice = nil
            return tell(.paused, &turn)
        }
        var passage = PersonPassage(
            number: turn.nextNumber(), trigger: .badge, at: reading.readTime, now: turn.now)
        let decision = policy.decide(badge: reading.badge, at: name, now: turn.now)
        passage.decision = decision
        passage.decided = turn.now.instant
        passage.isSimulated = reading.isSimulated
        passage.reader = reading.reader
        guard decision.isAdmitted else {
            refuse(passage, &turn)
            if decision.reasons.first == .unlisted { countUnknown(key, limits, &turn) }
            return
        }
        attempts[key]?.known()
        guard turn.now.instant <= passage.basis + machine.deadline else {
            return dropLate(passage, &turn)
        }
        if waitForFace(passage, decision, reading.side, &turn) { return }
        admit(passage, decision, reading.side, by: "policy", &turn)
    }

    /// Stores the grant; the release follows its record.
    mutating func admit(
        _ passage: PersonPassage, _ decision: PersonDecision, _ side: BadgeReading.Side,
        by means: String, _ turn: inout Turn
    ) {
        guard machine.acceptsPolicy, passages.count < Self.passagesLargest else {
            signal(.refused, passage.reader, &turn)
            tell(.askGuard, &turn)
            let reason = machine.acceptsPolicy ? "busy" : machine.stateName
            return finish(passage, .refused, ["refused": reason], &turn)
        }
        var facts = ["passage": String(passage.number), "by": means]
        facts["rule"] = decision.rulePlace
        facts["roster"] = decision.rosterPlace
        facts["group"] = decision.group
        let draft = EntryDraft(
            .grant, lane: name, at: turn.now, facts: facts, personal: passage.personal)
        store(draft, passage, side, &turn)
    }

    mutating func refuse(_ passage: PersonPassage, _ turn: inout Turn) {
        let reasons = passage.decision?.reasons ?? []
        var facts = ["reasons": reasons.map(\.rawValue).joined(separator: " ")]
        facts["passage"] = String(passage.number)
        facts["rule"] = passage.decision?.rulePlace
        facts["roster"] = passage.decision?.rosterPlace
        turn.actions.append(
            .record(
                EntryDraft(
                    .refusal, lane: name, at: turn.now, facts: facts, personal: passage.personal)))
        finish(passage, .refused, [:], &turn)
        signal(.refused, passage.reader, &turn)
        let isDenied = reasons.first == .denied
        if isDenied { incident("refused_deny_listed", [:], personal: passage.personal, &turn) }
        notice = nil  // Each person is told, also the second in a row.
        switch reasons.first {
        case .denied: tell(.denied, &turn)
        case .lockdown: tell(.lockdown, &turn)
        case .clockUntrusted, .livenessNotJudged, .noConsent, .faceMismatch, .notLive:
            tell(.askGuard, &turn)
        case .unreadable, .notAPlate, .unlisted, .uncertain, .noRuleForLane, .outsideSchedule,
            .notYetValid, .expired, .ambiguous, nil:
            tell(.refused, &turn)
        }
    }

    /// Five in a row and the reader pauses, so that numbers and codes cannot be tried out.
    private mutating func countUnknown(
        _ key: AttemptWatch.Key, _ limits: ReaderConfig.Attempts, _ turn: inout Turn
    ) {
        let count = attempts[key, default: AttemptWatch()].unknown(limits, at: turn.now.instant)
        guard let count else { return }
        incident(
            "wrong_credentials",
            [
                "reader": key.reader?.text ?? key.side.rawValue, "count": String(count),
                "pause_ms": Passage.milliseconds(limits.pause),
            ], &turn)
        raiseAlarm(
            key.code,
            "\(count) unknown badges or codes in a row: the reader pauses; look who is there.",
            &turn)
        signal(.paused, key.reader, &turn)
        tell(.paused, &turn)
    }

    private mutating func endPauses(_ turn: inout Turn) {
        guard attempts.values.contains(where: { $0.isPauseOver(at: turn.now.instant) }) else {
            return
        }
        for key in attempts.keys.sorted(by: { $0.code < $1.code }) {
            guard attempts[key]?.endPause(at: turn.now.instant) == true else { continue }
            let ignored = String(attempts[key]?.ignored ?? 0)
            turn.record(.faultCleared, name, ["code": key.code, "ignored": ignored])
            clearAlarm(key.code, &turn)
            if machine.acceptsPolicy { tell(.ready, &turn) }
        }
    }

    private mutating func dropLate(_ passage: PersonPassage, _ turn: inout Turn) {
        let age = Passage.milliseconds(turn.now.instant - passage.basis)
        incident(
            "late_opening_dropped", ["credential_age_ms": age], personal: passage.personal, &turn)
        finish(passage, .refused, ["refused": "late"], &turn)
        lookAgain(at: passage)
        signal(.refused, passage.reader, &turn)
        tell(.tooLate, &turn)
    }

    // MARK: Record first, then the relay

    private mutating func store(
        _ draft: EntryDraft, _ passage: PersonPassage, _ side: BadgeReading.Side,
        _ turn: inout Turn
    ) {
        guard mayStore(&turn) else {
            signal(.refused, passage.reader, &turn)
            return finish(passage, .refused, ["refused": "storage"], &turn)
        }
        let number = IntentNumber(turn.nextNumber())
        passages[passage.number] = passage
        intents.append(
            Intent(
                number: number, passage: passage.number, side: side,
                due: turn.now.instant + machine.storage, draft: draft))
        turn.actions.append(.store(number, draft))
    }

    /// The journal did not answer in time, or with an error.
    mutating func storageFailed(_ number: IntentNumber, reason: String, _ turn: inout Turn) {
        guard let intent = failedIntent(number, reason: reason, &turn) else { return }
        switch machine.onStorageFailure {
        case .refuse:
            incident("storage_failed", ["reason": reason], &turn)
            tell(.storageFailed, &turn)
            if let passage = passages.removeValue(forKey: intent.passage) {
                signal(.refused, passage.reader, &turn)
                finish(passage, .refused, ["refused": "storage"], &turn)
            }
        case .open:
            releaseUnstored(intent, reason: reason, &turn)
        }
    }

    mutating func release(_ intent: Intent, _ turn: inout Turn) {
        guard let passage = passages[intent.passage] else { return }
        switch passage.trigger {
        case .badge, .face:
            guard turn.now.instant <= passage.basis + machine.deadline else {
                passages[intent.passage] = nil
                return dropLate(passage, &turn)
            }
            guard mayStillPass(passage, at: turn.now) else {
                return endWithoutConsent(passage, &turn)
            }
            // A badge may wait for its turn; what a frame has shown is soon no longer true.
            let until = passage.trigger == .face ? passage.basis + machine.deadline : nil
            let warrant = PersonWarrant(passage.number, by: .policy, until: until)
            drive(.ask(warrant, intent.side), &turn)
        case .guardsman, .exitButton, .sensors:
            drive(.ask(PersonWarrant(passage.number, by: .named), intent.side), &turn)
        }
    }

    // MARK: People and time

    /// A named person's wish: one opening, the end of a release, the end of a fault.
    mutating func command(
        _ wish: LaneWish, by operatorName: String, _ turn: inout Turn
    ) {
        isTouched = true
        let facts = ["wish": wish.rawValue]
        switch wish {
        case .open:
            var passage = PersonPassage(
                number: turn.nextNumber(), trigger: .guardsman, at: turn.now.instant, now: turn.now)
            passage.operatorName = operatorName
            let draft = EntryDraft(
                .override, lane: name, at: turn.now,
                facts: facts.merging(["passage": String(passage.number)]) { $1 },
                personal: [.person: operatorName])
            store(draft, passage, machine.sideOfGuard, &turn)
        case .close:
            turn.record(.override, name, facts, person: operatorName)
            drive(.lock, &turn)
        case .clearFault:
            turn.record(.override, name, facts, person: operatorName)
            drive(.clearFault, &turn)
        }
    }

    mutating func timePassed(_ turn: inout Turn) {
        let now = turn.now.instant
        for intent in intents where now >= intent.due {
            storageFailed(
                intent.number,
                reason: "no answer within \(Passage.milliseconds(machine.storage)) ms", &turn)
        }
        faceTimePassed(&turn)
        endPauses(&turn)
        // Whatever happened at this moment has settled the machine already.
        if drivenAt != now, let due = machineDue, due <= now { drive(.tick, &turn) }
    }

    /// When `timePassed` is due.
    mutating func nextDeadline(after now: Instant) -> Instant? {
        machineDue = machine.nextDeadline(after: now)
        var due = Soonest()
        due.consider(machineDue)
        for intent in intents { due.consider(intent.due) }
        for watch in attempts.values { due.consider(watch.pausedUntil) }
        if faces != nil { due.consider(faces?.nextDeadline) }
        return due.moment
    }
}

/// What a named person may want of one lane, by its word in the record.
enum LaneWish: String, Hashable, Sendable {
    case open, close
    case clearFault = "clear_fault"
}
