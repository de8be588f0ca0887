import GateConfiguration
import GateTypes

extension Turnstile {
    /// A computed change: where the machine goes, and what is to be done on the way, in order.
    struct Step {
        var state: State
        var memory: Memory
        var effects: [Effect] = []
    }

    /// Applies one event; the effects are to be carried out in order.
    package mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        switch event {
        case .reads(let sensor, let active):
            sensors.set(sensor, active: active, at: now)
            if active, let side = sensor.side { memory.silence[side] = nil }
        case .sensorFailed(let sensor): sensors.fail(sensor, at: now)
        case .driveFailed(let drive): relays.lose(drive)
        case .ask, .takeBack, .counted, .lock, .clearFault, .emergencyRelease, .emergencyReset,
            .tick:
            break
        }
        let sightings = track.follow(
            Self.covered(sensors), isReliable: sensors.failed.isDisjoint(with: [.outer, .inner]),
            at: now)
        for sighting in sightings { effects += take(sighted(sighting, at: now), at: now) }
        if let step = gateStep(at: now) { effects += take(step, at: now) }
        if let step = asked(event, at: now) { effects += take(step, at: now) }
        // Each round moves on by one state; the longest chain is end of a release, locked, the next.
        for _ in 0..<5 {
            guard let step = settled(at: now) else { break }
            let isSettled = step.effects.isEmpty && step.state == state && step.memory == memory
            effects += take(step, at: now)
            if isSettled { break }
        }
        return effects
    }

    private mutating func take(_ step: Step, at now: Instant) -> [Effect] {
        state = step.state
        memory = step.memory
        return relays.carryOut(step.effects, wired: wiring.longest, at: now)
    }

    func step(
        _ state: State, _ effects: [Effect] = [], change: (inout Memory) -> Void = { _ in }
    ) -> Step {
        var memory = memory
        change(&memory)
        return Step(state: state, memory: memory, effects: effects)
    }

    // MARK: Wishes and failures

    /// What an event by itself changes; what sensors and time change is in `settled`.
    private func asked(_ event: Event, at now: Instant) -> Step? {
        switch event {
        case .reads, .sensorFailed, .tick: nil
        case .ask(let warrant, let way): askedToRelease(warrant, way, at: now)
        case .takeBack(let number): takenBack(number)
        case .counted(let persons): counted(persons)
        case .lock: askedToLock(at: now)
        case .clearFault: askedToClearFault()
        case .driveFailed(let drive): without(drive, at: now)
        case .emergencyRelease: releasing(at: now)
        case .emergencyReset: reset()
        }
    }

    private func askedToRelease(_ warrant: PersonWarrant, _ way: Way, at now: Instant) -> Step {
        guard let refusal = refusal(of: warrant, way) else {
            return step(state) {
                $0.queue.append(
                    Asked(
                        warrant: warrant, way: way,
                        until: warrant.lapse(askedAt: now, queue: wiring.timing.queue)))
            }
        }
        return step(state, [.note(.ended(warrant, .refused(refusal)))])
    }

    /// Who is released already keeps their release: they may be under way.
    private func takenBack(_ number: UInt64) -> Step {
        let gone = memory.queue.filter { $0.warrant.number == number }
        return step(state, lapsing(gone, .interrupted)) { $0.queue.removeAll { gone.contains($0) } }
    }

    private func refusal(of warrant: PersonWarrant, _ way: Way) -> PersonWarrant.Refusal? {
        if wiring.longest[way.drive] == nil { return .notFitted }
        if memory.queue.count >= Self.queueLargest { return .busy }
        switch state {
        case .locked, .released, .relocking: return nil
        case .emergency: return .emergency
        case .fault(let faults, _):
            let isLost = faults.contains(.driveFailed(way.drive))
            return warrant.word == .named && !isLost ? nil : .faulty
        }
    }

    /// More people than one on one release; each of them is noted once.
    private func counted(_ persons: Int) -> Step {
        switch state {
        case .released(var release):
            let more = max(persons - 1 - release.followers, 0)
            release.followers += more
            release.uncounted += more
            return step(.released(release), followers(more, of: release, by: .camera))
        case .relocking(let until, .some(var release)):
            let more = max(persons - 1 - release.followers, 0)
            release.followers += more
            release.uncounted += more
            return step(
                .relocking(until: until, behind: release),
                followers(more, of: release, by: .camera))
        case .locked, .relocking, .fault, .emergency:
            return step(state)
        }
    }

    private func followers(
        _ count: Int, of release: Release, by evidence: FollowerEvidence
    ) -> [Effect] {
        Array(repeating: .note(.followed(release.warrant, evidence)), count: count)
    }

    private func askedToLock(at now: Instant) -> Step {
        switch state {
        case .locked, .relocking:
            return step(state, lapsing(memory.queue, .interrupted)) { $0.queue = [] }
        case .released(let release):
            guard Self.covered(sensors).isEmpty else {
                return step(state, [.note(.lockRefused(.busy))])
            }
            return ending(release, .interrupted, at: now)
        case .fault(let faults, let release):
            guard let release else { return step(state) }
            return step(
                .fault(faults, nil),
                [.rest(release.way.drive), .note(.ended(release.warrant, .interrupted))])
        case .emergency(let faults, .untilClear, _):
            // Only a sensor that cannot tell is overruled; whoever it sees is not locked onto.
            let seen = [Sensor.outer, .inner].filter {
                sensors.isActive($0) && !faults.contains(.sensorFailed($0))
                    && !faults.contains(.stuck($0))
            }
            guard seen.isEmpty else { return step(state, [.note(.lockRefused(.busy))]) }
            return secured(faults, at: now)
        case .emergency(_, .untilReset, _):
            return step(state, [.note(.lockRefused(.emergency))])
        }
    }

    private func askedToClearFault() -> Step {
        guard case .fault(let faults, let release) = state else { return step(state) }
        let gone = faults.filter { !$0.clearsItself }.sorted()
        return step(
            .fault(faults.subtracting(gone), release), gone.map { .note(.recovered($0)) }
        ) { $0.silence = CaseTable() }
    }

    private func without(_ drive: Drive, at now: Instant) -> Step {
        switch state {
        case .emergency(let faults, let hold, let renew):
            let known = faults.contains(.driveFailed(drive))
            return step(
                .emergency(faults.union([.driveFailed(drive)]), hold, renew: renew),
                known ? [] : [.note(.faulted(.driveFailed(drive)))])
        case .locked, .released, .relocking, .fault:
            return failing(with: faults.union([.driveFailed(drive)]))
        }
    }

    // MARK: Emergency

    private func releasing(at now: Instant) -> Step {
        if case .emergency(_, .untilReset, _) = state { return step(state) }
        var ends: [Effect] = []
        if let release { ends.append(.note(.ended(release.warrant, .interrupted))) }
        ends += lapsing(memory.queue, .refused(.emergency))
        return step(
            .emergency(faults, .untilReset, renew: now + wiring.renewal), freeing + ends
        ) { $0.queue = [] }
    }

    /// Every way at once, and the arms down where that is wired.
    var freeing: [Effect] {
        Drive.allCases.compactMap { drive in
            wiring.longest[drive].map { .assert(drive, atMost: $0) }
        }
    }

    private func reset() -> Step {
        guard case .emergency(let faults, _, let renew) = state else { return step(state) }
        return step(.emergency(faults, .untilClear, renew: renew))
    }

    /// The end of an emergency, by name and with nobody in the way.
    func secured(_ faults: Set<Fault>, at now: Instant) -> Step {
        step(
            faults.isEmpty
                ? .relocking(until: now + wiring.timing.relock, behind: nil) : .fault(faults, nil),
            Drive.allCases.map { .rest($0) })
    }

    // MARK: Ends

    var release: Release? {
        switch state {
        case .released(let release), .fault(_, .some(let release)): release
        case .locked, .relocking, .fault, .emergency: nil
        }
    }

    func lapsing(_ asked: [Asked], _ end: PersonWarrant.End) -> [Effect] {
        asked.map { .note(.ended($0.warrant, end)) }
    }

    /// The release is over; what the sensors missed in it is remembered.
    func ending(_ release: Release, _ end: PersonWarrant.End, at now: Instant) -> Step {
        let missed = end == .passed || end == .interrupted ? nil : release.seenBy?.opposite
        let next: State =
            if case .fault(let faults, _) = state { .fault(faults, nil) } else {
                .relocking(until: now + wiring.timing.relock, behind: release)
            }
        return step(
            next, [.rest(release.way.drive), .note(.ended(release.warrant, end))]
        ) { memory in
            if let missed { memory.silence[missed] = (memory.silence[missed] ?? 0) + 1 }
        }
    }

    /// Into the fault. Nothing is locked onto whoever is in the passage: a release runs to its end.
    func failing(with all: Set<Fault>) -> Step {
        let notes = all.subtracting(faults).sorted().map { Effect.note(.faulted($0)) }
        var kept = release
        var effects: [Effect] = []
        if let release, all.contains(.driveFailed(release.way.drive)) {
            kept = nil
            effects = [
                .rest(release.way.drive), .note(.ended(release.warrant, .interrupted)),
            ]
        }
        let refused = memory.queue.filter {
            $0.warrant.word == .policy || all.contains(.driveFailed($0.way.drive))
        }
        return step(.fault(all, kept), effects + lapsing(refused, .refused(.faulty)) + notes) {
            $0.queue.removeAll { refused.contains($0) }
        }
    }
}

extension Turnstile.Sensor {
    var side: PersonTrack.Side? {
        switch self {
        case .outer: .outer
        case .inner: .inner
        case .gate: nil
        }
    }
}
