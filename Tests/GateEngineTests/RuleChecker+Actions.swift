import GateConfiguration
import GateEngine
import GateTypes

extension RuleChecker {
    /// After the engine has answered an event.
    mutating func check(_ actions: [GateAction], after event: GateEvent?, at now: Instant) {
        remember(actions, event, at: now)
        for action in actions {
            switch action {
            case .assert(let line, let limit):
                asserted(line, limit, at: now)
            case .rest(let line):
                rested(line, at: now)
            case .store(let number, let draft):
                if let lane = draft.lane { pending[number] = (lane, draft, now) }
            case .record(let draft):
                counts["\(draft.kind)", default: 0] += 1
                if let outcome = draft.facts["outcome"] { counts[outcome, default: 0] += 1 }
                if let incident = draft.facts["class"] { counts[incident, default: 0] += 1 }
                if draft.facts["late"] == "true", let lane = draft.lane {
                    update(lane) { lane in
                        if lane.config.onStorageFailure == .open {
                            lane.warrantUntil = now + lane.config.timing.deadTime
                        }
                    }
                }
            case .keep(let state):
                kept = state
            case .raiseAlarm(let lane, let code, _):
                if let lane {
                    if lanes[lane]?.alarms.contains(code) == true {
                        violate("alarm \(code) raised twice", at: now)
                    }
                    update(lane) { $0.alarms.insert(code) }
                }
            case .clearAlarm(let lane, let code):
                if let lane { update(lane) { $0.alarms.remove(code) } }
            case .look, .tell, .signal, .keepPicture, .erasePictures, .makeRoom:
                break
            }
        }
        for name in lanes.keys { checkState(of: name, at: now) }
        if emergency != nil, kept.emergency == nil {
            violate("rule 3: an emergency is not kept", at: now)
        }
    }

    private mutating func remember(
        _ actions: [GateAction], _ event: GateEvent?, at now: Instant
    ) {
        switch event {
        case .plates, .faces, .tick: if actions.isEmpty { return }
        case nil, .input, .inputFailed, .inputRecovered, .outputFailed, .camera, .badge, .people,
            .stored, .storageFailed, .command, .pictured, .picturesErased, .pictureTrouble,
            .journalDisk, .consents, .enrolled:
            break
        }
        history.append((now, event, actions))
        if history.count > 150 { history.removeFirst(50) }
    }

    private mutating func asserted(_ line: LineName, _ limit: Duration, at now: Instant) {
        let longest = config.outputs[line]?.longest ?? .zero
        if limit <= .zero || limit > longest {
            violate("rule 2: \(line) asserted for \(limit), longest \(longest)", at: now)
        }
        for (name, lane) in lanes {
            let dead = lane.config.timing.deadTime
            if line == lane.raise {
                if now < lane.lowerUntil + dead {
                    violate("rule 2: raise within the dead time after lower", at: now)
                }
                checkWarrant(lane, at: now)
                update(name) { lane in
                    lane.raiseUntil = now + limit
                    lane.isCommandedDown = false
                    lane.raiseDue = nil
                    if lane.warrantUntil >= now { lane.isOpenByWarrant = true }
                }
            }
            if line == lane.lower {
                checkLowering(lane, at: now)
                update(name) { lane in
                    lane.lowerUntil = now + limit
                    lane.isCommandedDown = true
                    lane.downBy = now + lane.config.timing.motor
                }
            }
        }
    }

    private mutating func checkWarrant(_ lane: Lane, at now: Instant) {
        let isReversal = lane.isCommandedDown || lane.raiseDue != nil
        guard
            lane.warrantUntil >= now || isReversal || lane.isHeldByEmergency
                || lane.isOpenByWarrant
        else {
            return violate("rules 4, 5: \(lane.name) rises without a warrant", at: now)
        }
    }

    private mutating func checkLowering(_ lane: Lane, at now: Instant) {
        if lane.isOccupied { violate("rule 1: lowered while occupied", at: now) }
        if now < lane.lastOccupied + lane.config.timing.clearance {
            violate("rule 1: lowered within the clearance time", at: now)
        }
        if now < lane.raiseUntil + lane.config.timing.deadTime {
            violate("rule 2: lower within the dead time after raise", at: now)
        }
        if !lane.failed.isEmpty { violate("rule 7: lowered with failed \(lane.failed)", at: now) }
        if lane.isHeldByEmergency { violate("rule 3: lowered in an emergency", at: now) }
        if !lane.mayCloseAfterEmergency {
            violate("rule 3: closed after a reset without a named command", at: now)
        }
        let contradicts = lane.alarms.contains("presence_contradicts")
        if contradicts { violate("rule 1: lowered while sensors contradict", at: now) }
    }

    private mutating func rested(_ line: LineName, at now: Instant) {
        for (name, lane) in lanes {
            if line == lane.raise { update(name) { $0.raiseUntil = min($0.raiseUntil, now) } }
            if line == lane.lower { update(name) { $0.lowerUntil = min($0.lowerUntil, now) } }
        }
    }

    /// What must hold between events.
    private mutating func checkState(of name: LaneName, at now: Instant) {
        guard let lane = lanes[name] else { return }
        if lane.lowerUntil > now {
            if lane.isOccupied { violate("rule 1: still lowering while occupied", at: now) }
            if lane.isHeldByEmergency { violate("rule 3: still lowering in an emergency", at: now) }
            if lane.raiseUntil > now { violate("rule 2: opposite relays together", at: now) }
        }
        if let due = lane.raiseDue, now > due, lane.raiseUntil <= now {
            let isDriven = lane.alarms.contains { $0.hasPrefix("output_failed") }
            if !isDriven { violate("rules 1, 2: \(name) did not rise in time", at: now) }
            update(name) { $0.raiseDue = nil }
        }
        if lane.isHeldByEmergency, lane.raiseDue == nil, !lane.isSinglePulse, lane.raiseUntil < now
        {
            violate("rule 3: \(name) let go in an emergency", at: now)
        }
        for line in lane.failed
        where !lane.alarms.contains(where: { $0.hasPrefix("sensor_failed") }) {
            violate("rule 7: \(line) failed without an alarm", at: now)
        }
        if lane.isDown, !lane.isHeldByEmergency, emergency == nil {
            update(name) { $0.mayCloseAfterEmergency = true }
        }
    }
}

extension RuleChecker.Lane {
    var raise: LineName { config.outputs.raise }
    var lower: LineName? { config.outputs.lower }

    var isDown: Bool {
        guard let down = config.inputs.down else { return false }
        return active.contains(down) && !failed.contains(down)
    }
}
