import GateConfiguration
import GateTypes

extension Door {
    /// A computed change: where the machine goes, and what is to be done on the way, in order.
    struct Step {
        var state: State
        var memory: Memory
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
        case .ask, .takeBack, .partner, .lock, .clearFault, .emergencyRelease, .emergencyReset,
            .tick:
            break
        }
        if let step = leafStep(at: now) { effects += take(step, at: now) }
        if let step = changed(from: before, at: now) { effects += take(step, at: now) }
        if let step = asked(event, at: now) { effects += take(step, at: now) }
        // Each round moves on by one state; the longest chain is closing, secured, the next release.
        for _ in 0..<6 {
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

    /// The same faults, another motion.
    func step(
        _ motion: Motion, _ effects: [Effect] = [], change: (inout Memory) -> Void = { _ in }
    ) -> Step {
        switch state {
        case .working: step(.working(motion), effects, change: change)
        case .fault(let faults, _): step(.fault(faults, motion), effects, change: change)
        case .emergency: step(state, effects, change: change)
        }
    }

    // MARK: Wishes and failures

    /// What an event by itself changes; what sensors and time change is in `settled`.
    private func asked(_ event: Event, at now: Instant) -> Step? {
        switch event {
        case .reads, .sensorFailed, .tick: nil
        case .ask(let warrant, let traveller): askedToRelease(warrant, traveller, at: now)
        case .takeBack(let number): takenBack(number)
        case .partner(let isSecured): partner(isSecured: isSecured)
        case .lock: askedToLock(at: now)
        case .clearFault: askedToClearFault()
        case .driveFailed(let drive): without(drive)
        case .emergencyRelease: releasing(at: now)
        case .emergencyReset: reset()
        }
    }

    private func askedToRelease(
        _ warrant: PersonWarrant, _ traveller: Traveller, at now: Instant
    ) -> Step {
        if let refusal = refusal(of: warrant, traveller) {
            return step(state, [.note(.ended(.warrant(warrant), .refused(refusal)))])
        }
        return queueing(.warrant(warrant), traveller, at: now)
    }

    private func queueing(_ ground: Ground, _ traveller: Traveller, at now: Instant) -> Step {
        let queue = wiring.timing.queue
        let until = ground.warrant?.lapse(askedAt: now, queue: queue) ?? now + queue
        return step(state) {
            $0.queue.append(Asked(ground: ground, traveller: traveller, until: until))
        }
    }

    /// Who is released already keeps their release: they may be under way.
    private func takenBack(_ number: UInt64) -> Step {
        let gone = memory.queue.filter { $0.ground.warrant?.number == number }
        return step(state, gone.map { .note(.ended($0.ground, .interrupted)) }) {
            $0.queue.removeAll { gone.contains($0) }
        }
    }

    private func refusal(
        of warrant: PersonWarrant, _ traveller: Traveller
    ) -> PersonWarrant.Refusal? {
        if traveller == .bicycle, !sensors.fitted.contains(.presence) { return .notFitted }
        if memory.queue.count + (opening?.pending.count ?? 0) >= Self.queueLargest { return .busy }
        switch state {
        case .working: return nil
        case .emergency: return .emergency
        case .fault(let faults, _):
            let isLost = faults.contains(.driveFailed(.strike))
            return warrant.word == .named && !isLost ? nil : .faulty
        }
    }

    /// The exit button, when it is pressed; and who crosses the presence sensor behind the leaf.
    private func changed(from before: SensorBank<Sensor>, at now: Instant) -> Step? {
        func went(_ sensor: Sensor, active: Bool) -> Bool {
            sensors.sees(sensor) && before.sees(sensor) && sensors.isActive(sensor) == active
                && before.isActive(sensor) != active
        }
        if went(.exit, active: true) { return exitPressed(at: now) }
        if went(.presence, active: false) { return crossed() }
        return nil
    }

    private func exitPressed(at now: Instant) -> Step {
        guard let motion, !memory.queue.contains(where: { $0.ground == .exitButton }) else {
            return step(state)
        }
        switch motion {
        case .released(let opening, _) where opening.pending.contains { $0.ground == .exitButton },
            .open(let opening, _) where opening.pending.count >= Self.queueLargest,
            .closing(let opening, _, _) where opening.pending.count >= Self.queueLargest:
            return step(state)
        case .secured, .released, .open, .closing:
            // Never refused for a full queue: somebody wants out.
            return queueing(.exitButton, .person, at: now)
        }
    }

    private func partner(isSecured: Bool) -> Step {
        guard wiring.isInterlocked else { return step(state) }
        guard !isSecured, case .released(let opening, _)? = motion else {
            return step(state) { $0.partnerIsSecured = isSecured }
        }
        // The other door was forced: this one must not open too.
        return step(
            .secured, restAll + ending(opening.pending, .interrupted)
        ) { $0.partnerIsSecured = isSecured }
    }

    private func askedToLock(at now: Instant) -> Step {
        switch state {
        case .working(let motion), .fault(_, let motion): return locking(motion, at: now)
        case .emergency(_, .untilReset, _):
            return step(state, [.note(.lockRefused(.emergency))])
        case .emergency(let faults, .untilClear, _):
            return mayCloseByName
                ? securing(faults, by: .named, at: now) : step(state, [.note(.lockRefused(.busy))])
        }
    }

    private func locking(_ motion: Motion, at now: Instant) -> Step {
        let waiting = memory.queue.map { Effect.note(.ended($0.ground, .interrupted)) }
        switch motion {
        case .released(let opening, _):
            return step(
                .secured, restAll + ending(opening.pending, .interrupted) + waiting
            ) { $0.queue = [] }
        case .open(let opening, .some):
            guard mayCloseByName else { return step(state, [.note(.lockRefused(.busy))]) }
            return step(
                .closing(opening, until: now + wiring.timing.motor, by: .named), restAll + waiting
            ) { $0.queue = [] }
        case .secured, .open(_, nil), .closing:
            return step(state, waiting) { $0.queue = [] }
        }
    }

    /// Only an obstacle sensor that cannot tell is overruled by a named person.
    var mayCloseByName: Bool {
        !sensors.isActive(.obstacle) || faults.contains(.sensorFailed(.obstacle))
            || faults.contains(.stuck(.obstacle))
    }

    private func askedToClearFault() -> Step {
        guard case .fault(let faults, let motion) = state else { return step(state) }
        let gone = faults.filter { !$0.clearsItself }.sorted()
        return step(
            .fault(faults.subtracting(gone), motion), gone.map { .note(.recovered($0)) })
    }

    private func without(_ drive: Drive) -> Step {
        switch state {
        case .emergency(let faults, let hold, let renew):
            let known = faults.contains(.driveFailed(drive))
            return step(
                .emergency(faults.union([.driveFailed(drive)]), hold, renew: renew),
                known ? [] : [.note(.faulted(.driveFailed(drive)))])
        case .working, .fault:
            return failing(with: faults.union([.driveFailed(drive)]))
        }
    }

    /// Into the fault: policy releases nobody any more; what is released or open runs to its end.
    func failing(with all: Set<Fault>) -> Step {
        guard var motion else { return step(state) }
        let notes = all.subtracting(faults).sorted().map { Effect.note(.faulted($0)) }
        var effects: [Effect] = []
        if all.contains(.driveFailed(.strike)), case .released(let opening, _) = motion {
            motion = .secured
            effects = restAll + ending(opening.pending, .interrupted)
        }
        if all.contains(.driveFailed(.opener)), case .open(let opening, .some) = motion {
            motion = .open(opening, nil)
            effects += [.rest(.opener)]
        }
        let refused = memory.queue.filter { asked in
            switch asked.ground {
            case .warrant(let warrant):
                warrant.word == .policy || all.contains(.driveFailed(.strike))
            case .exitButton: all.contains(.driveFailed(.strike))
            }
        }
        let ends = refused.map { Effect.note(.ended($0.ground, .refused(.faulty))) }
        return step(.fault(all, motion), effects + ends + notes) {
            $0.queue.removeAll { refused.contains($0) }
        }
    }

    // MARK: Emergency

    private func releasing(at now: Instant) -> Step {
        if case .emergency(_, .untilReset, _) = state { return step(state) }
        let ends =
            ending(opening?.pending ?? [], .interrupted)
            + memory.queue.map { .note(.ended($0.ground, .refused(.emergency))) }
        return step(
            .emergency(faults, .untilReset, renew: now + wiring.renewal), freeing + ends
        ) { $0.queue = [] }
    }

    /// Strike and, where one is fitted, motor at once.
    var freeing: [Effect] {
        Drive.allCases.compactMap { drive in
            wiring.longest[drive].map { .assert(drive, atMost: $0) }
        }
    }

    private func reset() -> Step {
        guard case .emergency(let faults, _, let renew) = state else { return step(state) }
        return step(.emergency(faults, .untilClear, renew: renew))
    }

    /// The end of an emergency, by name and with nothing in the way of the motor.
    func securing(_ faults: Set<Fault>, by closer: Closer, at now: Instant) -> Step {
        let motion: Motion =
            if leafIsOpen == false { .secured } else if wiring.hasOpener {
                .closing(Opening(), until: now + wiring.timing.motor, by: closer)
            } else if leafIsOpen == true { .open(Opening(), nil) } else { .secured }
        return step(faults.isEmpty ? .working(motion) : .fault(faults, motion), restAll)
    }

    // MARK: Pieces

    var restAll: [Effect] { Drive.allCases.map { .rest($0) } }

    var opening: Opening? {
        switch motion {
        case .released(let opening, _), .open(let opening, _), .closing(let opening, _, _): opening
        case .secured, nil: nil
        }
    }

    func ending(_ pending: [Opening.Pending], _ end: PersonWarrant.End) -> [Effect] {
        pending.map { .note(.ended($0.ground, end)) }
    }
}
