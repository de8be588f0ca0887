import GateConfiguration
import GateTypes

extension Door {
    /// What sensors and time make of the state now; nil when nothing is to change.
    func settled(at now: Instant) -> Step? {
        let sensed = sensedFaults(at: now)
        switch state {
        case .working(let motion):
            if !sensed.isEmpty { return failing(with: sensed) }
            return moving(motion, at: now)
        case .fault(let faults, let motion):
            let all = faults.filter { !$0.clearsItself }.union(sensed)
            if all != faults || all.isEmpty {
                return step(
                    all.isEmpty ? .working(motion) : .fault(all, motion),
                    changes(from: faults, to: all))
            }
            return moving(motion, at: now)
        case .emergency(let faults, let hold, let renew):
            return freed(faults, hold, renew: renew, sensed: sensed, at: now)
        }
    }

    private func moving(_ motion: Motion, at now: Instant) -> Step? {
        let late = memory.queue.filter { now >= $0.until }
        if !late.isEmpty {
            return step(state, late.map { .note(.ended($0.ground, .lapsed)) }) {
                $0.queue.removeAll { now >= $0.until }
            }
        }
        switch motion {
        case .secured where leafIsOpen == true:
            return step(.open(Opening(), nil))  // It opened while the contact had failed.
        case .open, .closing:
            return leafIsOpen == false ? closing(at: now) : moving(leaf: motion, at: now)
        case .secured:
            return serving(at: now)
        case .released(let opening, _) where leafIsOpen == nil && hasWorkingOpener:
            return opened(opening, [], at: now)  // The motor may have opened it already.
        case .released(let opening, let until):
            guard now >= until else { return nil }
            return neverOpened(opening, at: now)
        }
    }

    private func moving(leaf motion: Motion, at now: Instant) -> Step? {
        switch motion {
        case .secured, .released:
            return nil
        case .open(let opening, let motor):
            return serving(at: now) ?? holding(opening, motor, at: now)
        case .closing(let opening, let until, let closer):
            let isFree =
                switch closer {
                case .time: !sensors.isActive(.obstacle)
                case .named: mayCloseByName
                }
            if !isFree, hasWorkingOpener {
                return opened(opening, [.note(.reopened)], at: now)
            }
            if let next = serving(at: now) { return next }
            guard leafIsOpen == nil, now >= until else { return nil }
            return step(.secured, restAll + ending(opening.pending, .unobserved))
        }
    }

    private func changes(from old: Set<Fault>, to new: Set<Fault>) -> [Effect] {
        new.subtracting(old).sorted().map { .note(.faulted($0)) }
            + old.subtracting(new).sorted().map { .note(.recovered($0)) }
    }

    private func freed(
        _ faults: Set<Fault>, _ hold: EmergencyHold, renew: Instant, sensed: Set<Fault>,
        at now: Instant
    ) -> Step {
        let all = faults.filter { !$0.clearsItself }.union(sensed)
        let told = changes(from: faults, to: all)
        if hold == .untilClear, !(wiring.hasOpener && sensors.isActive(.obstacle)) {
            let end = securing(all, by: .time, at: now)
            return step(end.state, end.effects + told)
        }
        guard now >= renew else { return step(.emergency(all, hold, renew: renew), told) }
        return step(.emergency(all, hold, renew: now + wiring.renewal), freeing + told)
    }

    // MARK: Releases

    /// The next who may be released, first asked first.
    private func serving(at now: Instant) -> Step? {
        guard let index = memory.queue.firstIndex(where: { mayRelease($0.traveller) }) else {
            return nil
        }
        let asked = memory.queue[index]
        let pending = Opening.Pending(
            ground: asked.ground, traveller: asked.traveller, until: now + wiring.timing.release)
        var next: Step
        switch motion {
        case .secured:
            next = step(
                .released(Opening(pending: [pending]), until: now + wiring.release),
                [.assert(.strike, atMost: wiring.release)] + openerEffects)
        case .open(var opening, let motor):
            opening.pending.append(pending)
            next = motor == nil ? step(.open(opening, nil)) : opened(opening, [], at: now)
        case .closing(var opening, _, _):
            opening.pending.append(pending)
            next = opened(opening, [], at: now)
        case .released, nil:
            return nil
        }
        // Where no contact tells, the leaf may have fallen shut again.
        if motion != .secured, leafIsOpen == nil {
            next.effects.insert(.assert(.strike, atMost: wiring.release), at: 0)
        }
        next.memory.queue.remove(at: index)
        next.effects.append(.note(.released(asked.ground)))
        return next
    }

    /// Whether somebody who asks is released at once, and does not wait for their turn.
    package func mayRelease(_ traveller: Traveller) -> Bool {
        if traveller == .bicycle, !sensors.isActive(.presence) { return false }
        // Of an air lock no door opens while the other one may be open.
        let isFree = !wiring.isInterlocked || memory.partnerIsSecured
        switch motion {
        case .secured: return isFree
        case .open(_, nil): return leafIsOpen == true
        case .open: return isFree || leafIsOpen == true
        case .closing: return leafIsOpen == true || isFree && hasWorkingOpener
        case .released, nil: return false
        }
    }

    private func neverOpened(_ opening: Opening, at now: Instant) -> Step {
        let isUnseen = leafIsOpen == nil
        let count = isUnseen ? 0 : memory.unopened + 1
        let alarm: [Effect] = count == Self.unopenedLargest ? [.note(.neverOpens)] : []
        return step(
            .secured,
            restAll + ending(opening.pending, isUnseen ? .unobserved : .unused) + alarm
        ) { $0.unopened = min(count, Self.unopenedLargest) }
    }

    // MARK: The leaf

    /// The contact: opened on a release or forced, held open, closed.
    func leafStep(at now: Instant) -> Step? {
        guard let isOpen = leafIsOpen else { return nil }
        var leaf = memory.leaf
        let change = leaf.follow(
            isOpen: isOpen, longest: wiring.timing.heldOpen, isFree: motion == nil, at: now)
        var next: Step
        switch change {
        case .opened: next = leafOpened(at: now)
        case .heldOpen: next = step(state, [.note(.heldOpen)])
        case .closed: next = leafClosed(at: now)
        case nil:
            guard leaf != memory.leaf else { return nil }
            next = step(state)
        }
        next.memory.leaf = leaf
        if change == .opened {
            if memory.unopened >= Self.unopenedLargest { next.effects.append(.note(.opensAgain)) }
            next.memory.unopened = 0
        }
        return next
    }

    private func leafOpened(at now: Instant) -> Step {
        switch motion {
        case .released(var opening, _):
            // Whoever pulled the leaf passes; a bicycle is seen crossing.
            var ends: [Effect] = []
            if let first = opening.pending.first, first.traveller == .person {
                opening.pending.removeFirst()
                opening.last = first.ground
                opening.aheadOfSensor = 1
                ends = [.note(.ended(first.ground, .passed))]
            }
            let effects: [Effect] = [.rest(.strike), .note(.opened)] + ends
            guard hasWorkingOpener else { return step(.open(opening, nil), effects) }
            return opened(opening, effects, at: now)
        case .secured:
            return step(.open(Opening(), nil), [.note(.forced)])
        case .open, .closing:
            return step(state, [.note(.opened)])
        case nil:
            return step(state, [.note(.opened)])
        }
    }

    private func leafClosed(at now: Instant) -> Step {
        var next = closing(at: now)
        next.effects.append(.note(.closed))
        return next
    }

    /// Behind the leaf: who has not passed, and who may still come.
    private func closing(at now: Instant) -> Step {
        switch motion {
        case .open(let opening, _), .closing(let opening, _, _):
            // A bicycle let in while the leaf was open still has its time.
            let isFree = !wiring.isInterlocked || memory.partnerIsSecured
            let early = opening.pending.filter {
                $0.traveller == .bicycle && now < $0.until && isFree
            }
            let effects: [Effect] =
                restAll
                + opening.pending.filter { !early.contains($0) }.map {
                    .note(.ended($0.ground, end(of: $0)))
                }
            guard let latest = early.map(\.until).max() else { return step(.secured, effects) }
            let until = min(latest, now + wiring.release)
            return step(
                .released(Opening(pending: early), until: until),
                effects + [.assert(.strike, atMost: until - now)] + openerEffects)
        case .secured, .released, nil:
            return step(state)
        }
    }

    /// The leaf closed, and the sensors did not show this one passing.
    private func end(of pending: Opening.Pending) -> PersonWarrant.End {
        switch pending.traveller {
        case .bicycle: .turnedBack
        case .person: sensors.sees(.presence) ? .unused : .passed
        }
    }

    /// Somebody has crossed the spot in front of the door; one is one bicycle or one person.
    func crossed() -> Step {
        switch motion {
        case .open(let opening, let motor):
            let (next, effects) = crossing(opening)
            return step(.open(next, motor), effects)
        case .closing(let opening, let until, let closer):
            let (next, effects) = crossing(opening)
            return step(.closing(next, until: until, by: closer), effects)
        case .secured, .released, nil:
            return step(state)
        }
    }

    private func crossing(_ opening: Opening) -> (Opening, [Effect]) {
        var opening = opening
        if opening.aheadOfSensor > 0 {
            opening.aheadOfSensor -= 1
            return (opening, [])
        }
        guard let first = opening.pending.first else {
            return (opening, [.note(.followed(opening.last))])
        }
        opening.pending.removeFirst()
        opening.last = first.ground
        // Where no contact tells that the leaf is open, the strike may still be released.
        let strike: [Effect] = opening.pending.isEmpty ? [.rest(.strike)] : []
        return (opening, strike + [.note(.ended(first.ground, .passed))])
    }

    // MARK: The motor

    private var hasWorkingOpener: Bool {
        wiring.hasOpener && !faults.contains(.driveFailed(.opener))
    }

    private var openerEffects: [Effect] {
        guard hasWorkingOpener, let longest = wiring.longest[.opener] else { return [] }
        return [.assert(.opener, atMost: longest)]
    }

    /// The motor opens, or stays, for its time from now.
    private func opened(_ opening: Opening, _ effects: [Effect], at now: Instant) -> Step {
        guard hasWorkingOpener else { return step(.open(opening, nil), effects) }
        let motor = Motor(stay: now + wiring.timing.stay, renew: now + wiring.renewal)
        return step(.open(opening, motor), openerEffects + effects)
    }

    private func holding(_ opening: Opening, _ motor: Motor?, at now: Instant) -> Step? {
        guard var motor else {
            // Nobody can tell whether the leaf is still open; its next change will.
            guard leafIsOpen == nil else { return nil }
            return step(.secured, restAll + ending(opening.pending, .unobserved))
        }
        guard now < motor.stay || sensors.isActive(.obstacle) else {
            return step(.closing(opening, until: now + wiring.timing.motor, by: .time), restAll)
        }
        guard now >= motor.renew else { return nil }
        motor.renew = now + wiring.renewal
        return step(.open(opening, motor), openerEffects)
    }

    // MARK: Time

    /// When `tick` is due at the latest; nil while only events matter.
    package func nextDeadline(after now: Instant) -> Instant? {
        let stuck = wiring.timing.stuck
        var due = Soonest(after: now)
        due.consider(sensors.stuckDeadline(.exit, for: stuck))
        due.consider(sensors.stuckDeadline(.presence, for: stuck))
        due.consider(sensors.stuckDeadline(.obstacle, for: stuck))
        due.consider(memory.leaf.deadline)
        for asked in memory.queue { due.consider(asked.until) }
        switch state {
        case .working(let motion), .fault(_, let motion):
            switch motion {
            case .secured, .open(_, nil): break
            case .released(_, let until), .closing(_, let until, _): due.consider(until)
            case .open(_, .some(let motor)):
                due.consider(motor.stay)
                due.consider(motor.renew)
            }
        case .emergency(_, _, let renew): due.consider(renew)
        }
        return due.moment
    }
}
