import GateConfiguration
import GateTypes

extension Barrier {
    /// What sensors and time make of the state now; a step without effects changes nothing.
    func settled(at now: Instant) -> Step {
        let sensed = sensedFaults(at: now)
        switch state {
        case .resting, .raising, .open, .reversing, .lowering:
            if !sensed.isEmpty { return failing(with: sensed, at: now) }
        case .fault, .emergency:
            break
        }
        switch state {
        case .resting(let assumed):
            let position = sensors.position(assumed: assumed)
            guard position != assumed else { break }
            return Step(
                state: .resting(position), effects: moved(from: assumed, to: position))
        case .raising(let opening, let until):
            if hasReached(.up, motorUntil: until, at: now) {
                return Step(state: .open(opening), effects: [.rest(.raise), .note(.rose)])
            }
            if now >= until { return failing(with: .noUpperLimit, at: now) }
        case .open(let opening):
            return waiting(opening, at: now)
        case .reversing(let opening, let until) where now >= until:
            if let wait = waitingForStop(state, at: now) { return wait }
            return Step(
                state: .raising(opening, until: now + wiring.timing.motor), effects: raiseEffects)
        case .lowering(let opening, _) where sensors.isOccupied:
            return reversing(opening, at: now)
        case .lowering(_, let until):
            if hasReached(.down, motorUntil: until, at: now) {
                return Step(state: .resting(.down), effects: [.rest(.lower), .note(.closed)])
            }
            if now >= until { return failing(with: .noLowerLimit, at: now) }
        case .fault(let faults, let lift):
            return faulty(faults, lift, sensed: sensed, at: now)
        case .emergency(let faults, let lift, let renew):
            return releasedState(faults, lift, renew: renew, sensed: sensed, at: now)
        case .reversing:
            break
        }
        return Step(state: state)
    }

    /// The switch reads, and cannot be left over from before the movement; without one, time is up.
    private func hasReached(_ end: BarrierSensor, motorUntil: Instant, at now: Instant) -> Bool {
        guard sensors.sees(end) else { return now >= motorUntil }
        return sensors.isActive(end) && now >= limitsTellFrom(motorUntil)
    }

    private func limitsTellFrom(_ motorUntil: Instant) -> Instant {
        motorUntil - wiring.timing.motor + min(wiring.limitHold, wiring.timing.motor)
    }

    /// Nobody drove the boom, and yet it moved.
    private func moved(from assumed: BoomPosition?, to position: BoomPosition?) -> [Effect] {
        if assumed == nil { return [] }
        guard wiring.isSinglePulse, assumed != .down else { return [.note(.movedUncommanded)] }
        return position == .down ? [.note(.closed)] : []  // Its own controller lowers it.
    }

    private var raiseEffects: [Effect] {
        [.assert(.raise, atMost: wiring.run(.raise))]
    }

    private func waiting(_ opening: Opening, at now: Instant) -> Step {
        if wiring.isSinglePulse {
            guard sensors.isActive(.down) else { return Step(state: state) }
            return Step(state: .resting(.down), effects: ending(opening) + [.note(.closed)])
        }
        if sensors.sees(.up), !sensors.isActive(.up) { return failing(with: .boomMoved, at: now) }
        // Whoever did not come has no warrant any more: the next opening begins anew.
        var rest = opening
        rest.expected = 0
        guard isDue(opening, at: now), let step = lowering(rest, at: now) else {
            return Step(state: state)
        }
        if contradicts(opening) { return failing(with: .presenceContradicts, at: now) }
        return Step(state: step.state, effects: ending(opening) + step.effects)
    }

    private func ending(_ opening: Opening) -> [Effect] {
        opening.progress == .nobodyYet || opening.expected > 0 ? [.note(.waitedInVain)] : []
    }

    private func isDue(_ opening: Opening, at now: Instant) -> Bool {
        if opening.closeAsked { return true }
        if closesByNameOnly { return false }
        return now >= opening.waitUntil
            || opening.expected == 0 && opening.progress != .nobodyYet
    }

    /// A vehicle breaks the beam and covers the loop; one without the other means a blind sensor.
    private func contradicts(_ opening: Opening) -> Bool {
        guard sensors.fitted.contains(.photocell), !opening.closeAsked else { return false }
        switch opening.progress {
        case .passed: return opening.seenBy != [.safety, .photocell]
        case .nobodyYet, .turnedBack: return opening.seenBy == [.photocell]
        }
    }

    private func faulty(
        _ faults: Set<Fault>, _ lift: Lift, sensed: Set<Fault>, at now: Instant
    ) -> Step {
        let all = faults.filter { !$0.clearsItself }.union(sensed)
        let notes = changes(from: faults, to: all)
        switch lift {
        case .waiting(let until) where now >= until:
            guard canPulseUp, now >= relays.free(after: .lower, wiring.timing.deadTime) else {
                return Step(state: .fault(all, canPulseUp ? lift : .none), effects: notes)
            }
            if let wait = waitingForStop(.fault(all, lift), notes, at: now) { return wait }
            return Step(
                state: .fault(all, .driving(until: now + wiring.timing.motor)),
                effects: raiseEffects + notes)
        case .driving(let until)
        where now >= until || hasReached(.up, motorUntil: until, at: now):
            return Step(state: .fault(all, .none), effects: [.rest(.raise)] + notes)
        case .none where all.isEmpty:
            return Step(
                state: .resting(sensors.position(assumed: nil)), effects: notes)
        case .none, .waiting, .driving:
            return Step(state: .fault(all, lift), effects: notes)
        }
    }

    private func releasedState(
        _ faults: Set<Fault>, _ lift: Lift, renew: Instant, sensed: Set<Fault>, at now: Instant
    ) -> Step {
        var all = faults.filter { !$0.clearsItself }.union(sensed)
        var lift = lift
        var renew = renew
        var effects: [Effect] = []
        let free = max(
            relays.free(after: .lower, wiring.timing.deadTime),
            relays.free(after: .stop, Self.stopGap))
        if case .waiting(let until) = lift, now >= max(until, free) {
            lift = .driving(until: now + wiring.timing.motor)
            renew = now
        }
        if case .driving(let until) = lift {
            if hasReached(.up, motorUntil: until, at: now) {
                lift = .none
            } else if now >= until {
                all.insert(.noUpperLimit)
                lift = .none
            }
        }
        var waits = false
        if case .waiting = lift { waits = true }
        if !waits, now >= renew {
            if canPulseUp {
                effects = [.assert(.raise, atMost: emergencyRun)]
                renew = now + renewalSpan
            }
        }
        return Step(
            state: .emergency(all, lift, renew: renew),
            effects: effects + changes(from: faults, to: all))
    }

    /// A pulse at the upper end would send a single-pulse boom down.
    private var canPulseUp: Bool { !wiring.isSinglePulse || !sensors.isActive(.up) }

    private var emergencyRun: Duration {
        wiring.isSinglePulse ? wiring.run(.raise) : wiring.longest[.raise] ?? .zero
    }

    private var renewalSpan: Duration {
        wiring.isSinglePulse ? wiring.timing.motor : emergencyRun / 2
    }

    private func changes(from old: Set<Fault>, to new: Set<Fault>) -> [Effect] {
        new.subtracting(old).sorted().map { .note(.faulted($0)) }
            + old.subtracting(new).sorted().map { .note(.recovered($0)) }
    }

    // MARK: Vehicles

    /// What a vehicle's movement means for the opening it happens in.
    func sighted(_ sighting: VehicleTrack.Sighting, at now: Instant) -> Step {
        var effects: [Effect] = [.note(.sighted(sighting))]
        switch state {
        case .raising(var opening, let until):
            effects += opening.take(sighting, sensors, waitEnd: now + wiring.timing.waitForPassage)
            return Step(state: .raising(opening, until: until), effects: effects)
        case .open(var opening):
            effects += opening.take(sighting, sensors, waitEnd: now + wiring.timing.waitForPassage)
            return Step(state: .open(opening), effects: effects)
        case .reversing(var opening, let until):
            effects += opening.take(sighting, sensors, waitEnd: now + wiring.timing.waitForPassage)
            return Step(state: .reversing(opening, until: until), effects: effects)
        case .lowering(var opening, let until):
            effects += opening.take(sighting, sensors, waitEnd: now + wiring.timing.waitForPassage)
            return Step(state: .lowering(opening, until: until), effects: effects)
        case .resting, .fault, .emergency:
            return Step(state: state, effects: effects + unasked(sighting))
        }
    }

    /// Who goes through while no opening is under way: under a boom that is down, or that was left up.
    private func unasked(_ sighting: VehicleTrack.Sighting) -> [Effect] {
        let side: VehicleTrack.Side
        switch sighting {
        case .through(let from, let seenBy):
            guard seenBy.contains(.safety),
                faults.isDisjoint(with: [.sensorFailed(.safety), .stuck(.safety)])
            else { return [] }
            side = from
        // A lorry at a closed boom may be lost by the approach loop and found again.
        case .doubled where position != .down: side = .approach
        case .arrived, .leftApproach, .entered, .doubled, .merged, .crossed, .withdrew,
            .turnedBack:
            return []
        }
        switch state {
        case .emergency: return [.note(.passedFreely(side))]
        case .resting, .raising, .open, .reversing, .lowering, .fault:
            return position != .down && side == .unknown ? [] : [.note(.forced(side))]
        }
    }

    func lampEffects(at now: Instant) -> [Effect] {
        guard let longest = wiring.longest[.lamp] else { return [] }
        guard case .open = state else {
            return relays.mayBeEnergised(.lamp, at: now) ? [.rest(.lamp)] : []
        }
        return relays.mayBeEnergised(.lamp, at: now + longest / 2)
            ? [] : [.assert(.lamp, atMost: longest)]
    }

    // MARK: Time

    /// When `tick` is due at the latest; nil while only events matter.
    package func nextDeadline(after now: Instant) -> Instant? {
        let timing = wiring.timing
        var due = Soonest(after: now)
        due.consider(sensors.stuckDeadline(for: timing.stuck, after: now))
        switch state {
        case .resting:
            break
        case .reversing(_, let until):
            due.consider(until)
            due.consider(relays.free(after: .stop, Self.stopGap))
        case .raising(_, let until), .lowering(_, let until):
            due.consider(until)
            due.consider(limitsTellFrom(until))
        case .open(let opening):
            due.consider(opening.waitUntil)
            due.consider(sensors.clearSince.map { $0 + timing.clearance })
            due.consider(relays.free(after: .raise, timing.deadTime))
            due.consider(relays.free(after: .stop, Self.stopGap))
            due.consider(wiring.longest[.lamp].map { relays.end(of: .lamp) - $0 / 2 })
        case .fault(_, let lift):
            consider(lift, &due)
        case .emergency(_, let lift, let renew):
            consider(lift, &due)
            due.consider(renew)
        }
        return due.moment
    }

    private func consider(_ lift: Lift, _ due: inout Soonest) {
        switch lift {
        case .none: break
        case .waiting(let until):
            due.consider(until)
            due.consider(relays.free(after: .lower, wiring.timing.deadTime))
            due.consider(relays.free(after: .stop, Self.stopGap))
        case .driving(let until):
            due.consider(until)
            due.consider(limitsTellFrom(until))
        }
    }
}

extension Barrier.Opening {
    /// Takes in one movement; returns the notes it gives rise to.
    mutating func take(
        _ sighting: VehicleTrack.Sighting, _ sensors: BarrierSensors, waitEnd: Instant
    ) -> [Barrier.Effect] {
        switch sighting {
        case .arrived, .leftApproach, .merged, .crossed, .entered(.far), .entered(.unknown):
            return []
        case .entered(.approach), .doubled:
            progress = .nobodyYet
            guard expected > 0 else {
                under = .follower
                return [.note(.followed(byApproachOnly: sighting == .doubled))]
            }
            expected -= 1
            under = .expected
            return []
        case .through(let side, let seen):
            seenBy.formUnion(seen)
            guard seen.contains(.safety) else { return [] }
            // Who stood under the boom already, or left from the far side, was not counted down.
            let isUncounted =
                under == .nobody && (side == .approach || !sensors.isActive(.approach))
            if isUncounted { expected = max(expected - 1, 0) }
            under = .nobody
            progress = .passed
            if expected > 0 { waitUntil = waitEnd }
            return []
        case .withdrew(let seen):
            seenBy.formUnion(seen)
            if under == .expected { expected += 1 }
            under = .nobody
            return []
        case .turnedBack:
            expected = max(expected - 1, 0)
            if expected == 0 { progress = .turnedBack }
            return []
        }
    }
}
