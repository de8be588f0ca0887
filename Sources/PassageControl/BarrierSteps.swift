import GateConfiguration
import GateTypes

extension Barrier {
    /// A computed change: where the machine goes, and what is to be done on the way, in order.
    struct Step {
        var state: State
        var effects: [Effect] = []
    }

    /// Applies one event; the effects are to be carried out in order.
    package mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        let before = sensors
        switch event {
        case .reads(let sensor, let active): sensors.set(sensor, active: active, at: now)
        case .sensorFailed(let sensor): sensors.fail(sensor, at: now)
        case .driveFailed(let drive): relays.lose(drive)
        case .replaced: track.replace()
        case .open, .close, .clearFault, .contradicted, .emergencyRelease, .emergencyReset, .tick:
            break
        }
        for sighting in track.follow(before, sensors, at: now) {
            effects += take(sighted(sighting, at: now), at: now)
        }
        if let step = asked(event, at: now) { effects += take(step, at: now) }
        // Each round moves on by one state; the longest chain is stop, dead time over, end reached.
        for _ in 0..<4 {
            let step = settled(at: now)
            effects += take(step, at: now)
            if step.effects.isEmpty { break }
        }
        effects += relays.carryOut(lampEffects(at: now), wired: wiring.longest, at: now)
        return effects
    }

    private mutating func take(_ step: Step, at now: Instant) -> [Effect] {
        if case .emergency = state, !step.state.isEmergency { closesByNameOnly = true }
        if case .resting(.down) = step.state { closesByNameOnly = false }
        state = step.state
        return relays.carryOut(step.effects, wired: wiring.longest, at: now)
    }

    // MARK: Wishes and failures

    /// What an event by itself changes; what sensors and time change is in `settled`.
    private func asked(_ event: Event, at now: Instant) -> Step? {
        switch event {
        case .reads, .sensorFailed, .tick: nil
        case .emergencyRelease: state.isEmergency ? Step(state: state) : releasing(at: now)
        case .emergencyReset: reset()
        case .driveFailed(let drive): without(drive, at: now)
        case .open(let by): askedToOpen(by, at: now)
        case .close: askedToClose(at: now)
        case .clearFault: askedToClearFault()
        case .contradicted: contradicted(at: now)
        case .replaced: replaced(at: now)
        }
    }

    private func reset() -> Step {
        guard case .emergency(let faults, let lift, _) = state else { return Step(state: state) }
        switch lift {
        case .waiting, .driving:
            // The rise goes on to its end: where a boom is that stops half way would be a guess.
            return Step(state: .fault(faults, lift), effects: [.rest(.stop)])
        case .none: break
        }
        let assumed: BoomPosition? = faults.contains(.noUpperLimit) ? nil : .up
        return Step(
            state: faults.isEmpty
                ? .resting(sensors.position(assumed: assumed)) : .fault(faults, .none),
            effects: [.rest(.raise), .rest(.stop)])
    }

    private func without(_ drive: Drive, at now: Instant) -> Step {
        if case .emergency(let faults, let lift, let renew) = state {
            return Step(
                state: .emergency(faults.union([.driveFailed(drive)]), lift, renew: renew),
                effects: noted(faults, and: .driveFailed(drive)))
        }
        return drive == .lamp
            ? Step(state: state, effects: [.note(.faulted(.driveFailed(.lamp)))])
            : failing(with: .driveFailed(drive), at: now)
    }

    private func askedToOpen(_ by: Warrant, at now: Instant) -> Step {
        let wait = waitEnd(now)
        switch state {
        case .resting(let position):
            return opening(from: position, at: now)
        case .raising(let opening, let until):
            return Step(state: .raising(opening.expectingOneMore(until: wait), until: until))
        case .open(let opening):
            return Step(state: .open(opening.expectingOneMore(until: wait)))
        case .reversing(let opening, let until):
            return Step(state: .reversing(opening.expectingOneMore(until: wait), until: until))
        case .lowering(let opening, _):
            return Step(
                state: .reversing(
                    opening.expectingOneMore(until: wait), until: now + wiring.timing.deadTime),
                effects: stopBeforeRise)
        case .fault(let faults, .none) where by == .named:
            return Step(state: .fault(faults, .waiting(until: now)))
        case .fault, .emergency:
            return Step(state: state)
        }
    }

    private func askedToClose(at now: Instant) -> Step {
        switch state {
        case .resting(.down), .lowering:
            return Step(state: state)
        case .resting:
            return lowering(Opening(waitUntil: now, expected: 0), at: now) ?? refusing(at: now)
        case .raising(let opening, let until):
            return Step(state: .raising(opening.closing, until: until))
        case .open(let opening):
            return Step(state: .open(opening.closing))
        case .reversing(let opening, let until):
            return Step(state: .reversing(opening.closing, until: until))
        case .fault, .emergency:
            return refusing(at: now)
        }
    }

    private func askedToClearFault() -> Step {
        guard case .fault(let faults, let lift) = state else { return Step(state: state) }
        let gone = faults.filter { !$0.clearsItself }.sorted()
        return Step(
            state: .fault(faults.subtracting(gone), lift),
            effects: gone.map { .note(.recovered($0)) })
    }

    /// The camera still sees in front of the boom what the loops saw passing.
    private func contradicted(at now: Instant) -> Step {
        switch state {
        case .open(let opening), .lowering(let opening, _):
            opening.progress == .passed
                ? failing(with: .presenceContradicts, at: now) : Step(state: state)
        case .resting, .raising, .reversing, .fault, .emergency:
            Step(state: state)
        }
    }

    /// The vehicle that seemed to withdraw has passed: another one stands there now.
    private func replaced(at now: Instant) -> Step {
        guard case .open(let opening) = state else { return Step(state: state) }
        return Step(state: .open(opening.havingPassed(waitEnd: waitEnd(now))))
    }

    private func waitEnd(_ now: Instant) -> Instant { now + wiring.timing.waitForPassage }

    private func opening(from position: BoomPosition?, at now: Instant) -> Step {
        let opening = Opening(waitUntil: waitEnd(now), expected: 1)
        if position == .up { return Step(state: .open(opening), effects: [.note(.rose)]) }
        guard !wiring.isSinglePulse || position == .down else { return Step(state: state) }
        return Step(
            state: .reversing(opening, until: relays.free(after: .lower, wiring.timing.deadTime)))
    }

    private func releasing(at now: Instant) -> Step {
        let dead = wiring.timing.deadTime
        let free = relays.free(after: .lower, dead)
        guard isGoingDown(at: now) else {
            return Step(
                state: .emergency(faults, .waiting(until: max(now, free)), renew: now),
                effects: [.rest(.lower), .rest(.stop)])
        }
        return Step(
            state: .emergency(
                faults, .waiting(until: max(now + dead, relays.lostUntil(.lower, dead))),
                renew: now),
            effects: stopBeforeRise)
    }

    private func isGoingDown(at now: Instant) -> Bool {
        if case .lowering = state { return true }
        return relays.mayBeEnergised(.lower, at: now)
    }

    private func refusing(at now: Instant) -> Step {
        let reason: CloseRefusal =
            if case .emergency = state { .emergency } else if case .fault = state {
                .faulty
            } else if wiring.isSinglePulse { .noLowerRelay } else if sensors.isOccupied {
                .occupied
            } else if sensors.isClear(for: wiring.timing.clearance, at: now) { .deadTime } else {
                .notClearLongEnough
            }
        return Step(state: state, effects: [.note(.closeRefused(reason))])
    }

    // MARK: Movements

    /// A boom that stops and stays.
    var stopEffects: [Effect] { stop(for: max(wiring.timing.deadTime, Self.stopPulse)) }

    /// A boom that stops and rises after the dead time: the stop relay has let go by then.
    var stopBeforeRise: [Effect] { stop(for: wiring.timing.deadTime - Self.stopGap) }

    private func stop(for pulse: Duration) -> [Effect] {
        [
            .rest(.lower), .rest(.raise),
            .assert(.stop, atMost: min(wiring.longest[.stop] ?? .zero, pulse)),
        ]
    }

    private static let stopPulse = Duration.milliseconds(500)
    /// A relay's contact opens so long after its coil; shorter than any dead time.
    static let stopGap = Duration.milliseconds(25)

    /// What has to happen before the boom is driven: the stop relay rests, and its contact opens, for a
    /// motor's controller may not hear a command that comes while it is stopped. Nil when nothing has.
    func waitingForStop(_ state: State, _ effects: [Effect] = [], at now: Instant) -> Step? {
        if relays.canRest(.stop, at: now) {
            return Step(state: state, effects: [.rest(.stop)] + effects)
        }
        return now < relays.free(after: .stop, Self.stopGap)
            ? Step(state: state, effects: effects) : nil
    }

    /// The only way down: nil unless everything that section 7 asks for holds now.
    func lowering(_ opening: Opening, at now: Instant) -> Step? {
        guard !wiring.isSinglePulse,
            sensors.isClear(for: wiring.timing.clearance, at: now),
            sensedFaults(at: now).isEmpty,
            now >= relays.free(after: .raise, wiring.timing.deadTime),
            now >= relays.free(after: .stop, Self.stopGap)
        else { return nil }
        return Step(
            state: .lowering(opening, until: now + wiring.timing.motor),
            effects: [.assert(.lower, atMost: wiring.run(.lower)), .note(.closing)])
    }

    func reversing(_ opening: Opening, at now: Instant) -> Step {
        var opening = opening
        opening.waitUntil = waitEnd(now)
        opening.closeAsked = false
        return Step(
            state: .reversing(opening, until: now + wiring.timing.deadTime),
            effects: stopBeforeRise + [.note(.reversed)])
    }

    /// Into the fault; a boom on its way down rises if there may be something under it.
    func failing(with fault: Fault, at now: Instant) -> Step {
        failing(with: faults.union([fault]), at: now)
    }

    func failing(with all: Set<Fault>, at now: Instant) -> Step {
        let notes = all.subtracting(faults).sorted().map { Effect.note(.faulted($0)) }
        let dead = wiring.timing.deadTime
        let canRaise = !all.contains(.driveFailed(.raise))
        let comesUp = canRaise && (sensors.isOccupied || all.contains(.presenceContradicts))
        let safely = Lift.waiting(until: max(now + dead, relays.lostUntil(.lower, dead)))
        switch state {
        case .lowering:
            return Step(
                state: .fault(all, comesUp ? safely : .none),
                effects: (comesUp ? stopBeforeRise : stopEffects) + notes)
        case .reversing(_, let until):
            let lift = Lift.waiting(until: max(until, relays.lostUntil(.lower, dead)))
            return Step(state: .fault(all, canRaise ? lift : .none), effects: notes)
        case .raising(_, let until) where canRaise && !all.contains(.noUpperLimit):
            return Step(state: .fault(all, .driving(until: until)), effects: notes)
        case .raising:
            return Step(state: .fault(all, .none), effects: stopEffects + notes)
        case .open:
            let falls = all.contains(.boomMoved) && comesUp
            return Step(
                state: .fault(all, falls ? safely : .none),
                effects: [.rest(.raise)] + notes)
        case .fault(_, let lift):
            return Step(state: .fault(all, canRaise ? lift : .none), effects: notes)
        case .resting:
            return Step(state: .fault(all, .none), effects: notes)
        case .emergency(_, let lift, let renew):
            return Step(state: .emergency(all, lift, renew: renew), effects: notes)
        }
    }

    func noted(_ known: Set<Fault>, and fault: Fault) -> [Effect] {
        known.contains(fault) ? [] : [.note(.faulted(fault))]
    }
}

extension Barrier.State {
    var isEmergency: Bool {
        switch self {
        case .emergency: true
        case .resting, .raising, .open, .reversing, .lowering, .fault: false
        }
    }
}

extension Barrier.Opening {
    func expectingOneMore(until: Instant) -> Self {
        var opening = self
        opening.expected += 1
        opening.waitUntil = until
        opening.progress = .nobodyYet
        opening.closeAsked = false
        return opening
    }

    /// The vehicle that seemed to withdraw has passed.
    func havingPassed(waitEnd: Instant) -> Self {
        var opening = self
        opening.expected = max(expected - 1, 0)
        opening.progress = .passed
        if opening.expected > 0 { opening.waitUntil = waitEnd }
        return opening
    }

    var closing: Self {
        var opening = self
        opening.closeAsked = true
        return opening
    }
}
