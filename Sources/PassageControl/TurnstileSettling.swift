import GateConfiguration
import GateTypes

extension Turnstile {
    /// What sensors and time make of the state now; nil when nothing is to change.
    func settled(at now: Instant) -> Step? {
        let sensed = sensedFaults(at: now)
        switch state {
        case .locked, .released, .relocking:
            if !sensed.isEmpty { return failing(with: sensed) }
        case .fault, .emergency:
            break
        }
        let late = memory.queue.filter { now >= $0.until }
        if !late.isEmpty {
            return step(state, lapsing(late, .lapsed)) { $0.queue.removeAll { now >= $0.until } }
        }
        switch state {
        case .locked:
            return serving(at: now)
        case .relocking(let until, _):
            guard now >= until else { return nil }
            return serving(at: now) ?? (track.isClear ? step(.locked) : nil)
        case .released(let release):
            return now >= release.until ? timeIsUp(release, at: now) : nil
        case .fault(let faults, let release):
            return faulty(faults, release, sensed: sensed, at: now)
        case .emergency(let faults, let hold, let renew):
            return freed(faults, hold, renew: renew, sensed: sensed, at: now)
        }
    }

    /// The next warrant, first asked first, as long as nobody comes towards them.
    private func serving(at now: Instant) -> Step? {
        guard let index = memory.queue.firstIndex(where: { mayRelease($0.way, at: now) })
        else { return nil }
        let asked = memory.queue[index]
        let release = Release(
            warrant: asked.warrant, way: asked.way, until: now + wiring.timing.release)
        let next: State =
            if case .fault(let faults, _) = state { .fault(faults, release) } else {
                .released(release)
            }
        return step(
            next,
            [
                .assert(asked.way.drive, atMost: wiring.run(asked.way.drive)),
                .note(.released(asked.warrant, asked.way)),
            ]
        ) { $0.queue.remove(at: index) }
    }

    /// Whether a warrant of policy would be released at once, and not wait for its turn.
    package func isFree(_ way: Way, at now: Instant) -> Bool {
        switch state {
        case .locked: mayRelease(way, at: now)
        case .relocking(let until, _): now >= until && mayRelease(way, at: now)
        case .released, .fault, .emergency: false
        }
    }

    private func mayRelease(_ way: Way, at now: Instant) -> Bool {
        let others = [Drive.entry, .exit, .gate].filter { $0 != way.drive }
        guard others.allSatisfy({ now >= relays.free(after: $0, wiring.timing.deadTime) })
        else { return false }
        if case .fault = state { return true }  // A named person looks.
        switch way {
        case .entry: return track.isClear || track.from == .outer
        case .exit: return track.isClear || track.from == .inner
        case .gate: return true
        }
    }

    private func timeIsUp(_ release: Release, at now: Instant) -> Step {
        guard track.isClear || release.way == .gate else {
            // Nobody is locked onto; a pulse would let in one more, so only a held relay is renewed.
            var release = release
            release.until = now + wiring.timing.release
            return step(
                .released(release),
                wiring.isPulsed(release.way.drive)
                    ? [] : [.assert(release.way.drive, atMost: wiring.run(release.way.drive))])
        }
        return ending(release, release.endOfTime, at: now)
    }

    private func faulty(
        _ faults: Set<Fault>, _ release: Release?, sensed: Set<Fault>, at now: Instant
    ) -> Step {
        let all = faults.filter { !$0.clearsItself }.union(sensed)
        if all != faults {
            return step(.fault(all, release), changes(from: faults, to: all))
        }
        guard let release else {
            if all.isEmpty {
                return step(.relocking(until: now + wiring.timing.relock, behind: nil))
            }
            return serving(at: now) ?? step(state)
        }
        guard now >= release.until else { return step(state) }
        return ending(release, release.endOfTime, at: now)
    }

    private func freed(
        _ faults: Set<Fault>, _ hold: EmergencyHold, renew: Instant, sensed: Set<Fault>,
        at now: Instant
    ) -> Step {
        let all = faults.filter { !$0.clearsItself }.union(sensed)
        let told = changes(from: faults, to: all)
        if hold == .untilClear, Self.covered(sensors).isEmpty {
            let end = secured(all, at: now)
            return step(end.state, end.effects + told)
        }
        guard now >= renew else {
            return step(.emergency(all, hold, renew: renew), told)
        }
        return step(.emergency(all, hold, renew: now + wiring.renewal), freeing + told)
    }

    private func changes(from old: Set<Fault>, to new: Set<Fault>) -> [Effect] {
        new.subtracting(old).sorted().map { .note(.faulted($0)) }
            + old.subtracting(new).sorted().map { .note(.recovered($0)) }
    }

    // MARK: People

    /// What a person's movement means for the release it happens in.
    func sighted(_ sighting: PersonTrack.Sighting, at now: Instant) -> Step {
        switch sighting {
        case .turnedBack(let side, let hasSeenBoth): turnedBack(side, hasSeenBoth: hasSeenBoth)
        case .through(let from, let doubled): through(from, doubled: doubled, at: now)
        }
    }

    private func turnedBack(_ side: PersonTrack.Side, hasSeenBoth: Bool) -> Step {
        func noting(_ release: Release) -> Release {
            var release = release
            if side == release.way.side { release.hasTurnedBack = true }
            if !hasSeenBoth { release.seenBy = side }
            if hasSeenBoth, side == release.way.side?.opposite { release.mayBeCrossed = true }
            return release
        }
        switch state {
        case .released(let release): return step(.released(noting(release)))
        case .fault(let faults, .some(let release)):
            return step(.fault(faults, noting(release)))
        case .locked, .relocking, .fault, .emergency: return step(state)
        }
    }

    private func through(_ from: PersonTrack.Side, doubled: Bool, at now: Instant) -> Step {
        let way: Way = from == .outer ? .entry : .exit
        switch state {
        case .released(let release), .fault(_, .some(let release)):
            guard way == release.way else {
                // The mechanism may have used up its one turn.
                return ending(release, .wrongWay, at: now)
            }
            return passed(release, doubled: doubled, at: now)
        case .relocking(let until, .some(var release)) where way == release.way:
            if release.uncounted > 0 {
                release.uncounted -= 1  // The camera has told of this one.
                return step(.relocking(until: until, behind: release))
            }
            release.followers += 1
            return step(
                .relocking(until: until, behind: release),
                [.note(.followed(release.warrant, .sensors))])
        case .locked, .relocking, .fault:
            return step(state, [.note(.forced(way))])
        case .emergency:
            return step(state, [.note(.passedFreely(way))])
        }
    }

    private func passed(_ release: Release, doubled: Bool, at now: Instant) -> Step {
        var release = release
        var notes: [Effect] = []
        if doubled {
            if release.uncounted > 0 {
                release.uncounted -= 1
            } else {
                release.followers += 1
                notes.append(.note(.followed(release.warrant, .sensorsAgain)))
            }
        }
        let end = ending(release, .passed, at: now)
        return Step(state: end.state, memory: end.memory, effects: end.effects + notes)
    }

    // MARK: The side gate

    /// The side gate's contact: opened on a release, forced, held open, closed.
    func gateStep(at now: Instant) -> Step? {
        guard sensors.sees(.gate) else { return nil }
        var gate = memory.gate
        let change = gate.follow(
            isOpen: sensors.isActive(.gate), longest: wiring.timing.heldOpen,
            isFree: isEmergency, at: now)
        var next: Step
        switch change {
        case .opened: next = gateOpened(at: now)
        case .heldOpen: next = step(state, [.note(.gateHeldOpen)])
        case .closed: next = step(state, [.note(.gateClosed)])
        case nil:
            guard gate != memory.gate else { return nil }
            next = step(state)
        }
        next.memory.gate = gate
        return next
    }

    private var isEmergency: Bool {
        switch state {
        case .emergency: true
        case .locked, .released, .relocking, .fault: false
        }
    }

    private func gateOpened(at now: Instant) -> Step {
        if let release, release.way == .gate { return ending(release, .passed, at: now) }
        switch state {
        case .relocking(_, .some(let release)) where release.way == .gate:
            return step(state, [.note(.followed(release.warrant, .sensors))])
        case .emergency:
            return step(state, [.note(.passedFreely(.gate))])
        case .locked, .released, .relocking, .fault:
            return step(state, [.note(.forced(.gate))])
        }
    }

    // MARK: Time

    /// When `tick` is due at the latest; nil while only events matter.
    package func nextDeadline(after now: Instant) -> Instant? {
        let timing = wiring.timing
        var due = Soonest(after: now)
        due.consider(track.deadline)
        due.consider(sensors.stuckDeadline(.outer, for: timing.stuck))
        due.consider(sensors.stuckDeadline(.inner, for: timing.stuck))
        due.consider(memory.gate.deadline)
        for asked in memory.queue { due.consider(asked.until) }
        if !memory.queue.isEmpty {
            due.consider(relays.free(after: .entry, timing.deadTime))
            due.consider(relays.free(after: .exit, timing.deadTime))
            due.consider(relays.free(after: .gate, timing.deadTime))
        }
        switch state {
        case .locked, .fault(_, nil): break
        case .released(let release), .fault(_, .some(let release)): due.consider(release.until)
        case .relocking(let until, _): due.consider(until)
        case .emergency(_, _, let renew): due.consider(renew)
        }
        return due.moment
    }
}

extension Turnstile.Way {
    /// The sensor that somebody meets first on this way.
    var side: PersonTrack.Side? {
        switch self {
        case .entry: .outer
        case .exit: .inner
        case .gate: nil
        }
    }
}
