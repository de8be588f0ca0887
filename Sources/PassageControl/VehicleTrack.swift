import GateTypes

/// Follows vehicles through a barrier by the order in which loops and photocell change.
///
/// Forwards: approach, approach and safety, safety alone, clear. Turning back: approach, both,
/// approach alone, clear. From the far side: safety first. A trailer whose drawbar both loops lose
/// for longer than their hold time looks like a second vehicle.
package struct VehicleTrack: Hashable, Sendable {
    /// From which side a vehicle came under the boom.
    package enum Side: String, Hashable, Sendable {
        case approach, far
        /// It stood there when the track began.
        case unknown
    }

    package enum Sighting: Hashable, Sendable {
        /// A vehicle has come onto the approach loop.
        case arrived
        /// The approach loop is clear, and nothing of that vehicle is under the boom.
        case leftApproach
        /// The safety loop has a vehicle.
        case entered(Side)
        /// The approach loop was left and taken under one occupation of the boom, and then left again, or
        /// the beam cleared and was broken again: a second vehicle is under the boom.
        case doubled
        /// The approach loop was taken and left while the beam stayed broken: by the rear of the one under the
        /// boom, or by a second one that the beam will tell.
        case merged
        /// Whoever came under the boom from between the loops may have come from the far side: the approach
        /// loop was taken meanwhile, and is clear again without anybody having gone under the boom from there.
        case crossed
        /// Everything is clear behind what was under the boom.
        case through(Side, seenBy: CaseSet<BarrierSensor>)
        /// What was under the boom has gone back onto the approach loop ...
        case withdrew(seenBy: CaseSet<BarrierSensor>)
        /// ... and has left that backwards; or it left the approach loop and never came under the boom.
        case turnedBack
    }

    enum Phase: Hashable, Sendable {
        case free
        /// A vehicle left the approach loop and may be between the loops.
        case between(since: Instant)
        case under(Side, approach: ApproachOrder, seenBy: CaseSet<BarrierSensor>)
        case withdrawn
        /// Somebody came under the boom from between the loops and is through; on the approach loop stands
        /// the same one, who came from the far side, or the next.
        case behind
    }

    /// The approach loop during one occupation of the boom.
    enum ApproachOrder: Hashable, Sendable {
        case occupied
        /// `past`: the beam has cleared since the loop was left for the first time.
        case left(past: Bool)
        case again(past: Bool)
        /// Taken again and left, the beam broken all the while: the axles of one high lorry, or a short vehicle
        /// that stands before the beam.
        case doubtful(past: Bool)
        /// Clear when somebody came under the boom; and taken since.
        case unseen, taken
    }

    /// A short vehicle takes no longer from one loop to the next.
    private static let betweenLoopsLongest = Duration.seconds(10)
    /// Who comes onto the approach loop so long after another left it finds that one gone: sooner, it
    /// may be the same, lost by the loop for a moment, or press behind it.
    private static let goneAfter = Duration.seconds(2)

    var phase = Phase.free
    private let hasApproach: Bool

    /// A track at the start; who already stands somewhere has not been seen coming.
    package init(_ sensors: BarrierSensors) {
        hasApproach = sensors.fitted.contains(.approach)
        if sensors.isOccupied {
            phase = .under(.unknown, approach: .left(past: false), seenBy: Self.presence(sensors))
        }
    }

    /// What seemed to withdraw has gone through, and another one stands on the approach loop.
    mutating func replace() {
        if case .withdrawn = phase { phase = .free }
    }

    /// Compares the sensors before and after one change.
    package mutating func follow(
        _ old: BarrierSensors, _ new: BarrierSensors, at now: Instant
    ) -> [Sighting] {
        var sightings: [Sighting] = []
        if new.isActive(.approach) != old.isActive(.approach) {
            sightings += approachChanged(new, at: now)
        }
        let seen = Self.presence(new)
        switch phase {
        case .free, .between, .withdrawn, .behind:
            guard new.isOccupied else { break }
            let side = sideOfEntry(new, at: now)
            phase = .under(
                side, approach: orderOfEntry(side, new.isActive(.approach)), seenBy: seen)
            if seen.contains(.safety) { sightings.append(.entered(side)) }
        case .under(let side, let order, let before) where new.isOccupied:
            let (next, isDoubled) = order.after(old, new)
            phase = .under(side, approach: next, seenBy: before.union(seen))
            if isDoubled { sightings.append(.doubled) }
            if seen.contains(.safety), !before.contains(.safety) {
                sightings.append(.entered(side))
            }
        case .under(let side, let order, let seenBy):
            sightings.append(
                order == .occupied
                    ? .withdrew(seenBy: seenBy) : .through(side, seenBy: seenBy))
            phase = order == .occupied ? .withdrawn : order == .taken ? .behind : .free
        }
        return sightings
    }

    private func sideOfEntry(_ sensors: BarrierSensors, at now: Instant) -> Side {
        if !hasApproach || sensors.isActive(.approach) { return .approach }
        guard case .between(let since) = phase else { return .far }
        return now - since <= Self.betweenLoopsLongest ? .approach : .far
    }

    private func orderOfEntry(_ side: Side, _ isOnApproach: Bool) -> ApproachOrder {
        if isOnApproach { return .occupied }
        return hasApproach && side == .approach ? .unseen : .left(past: false)
    }

    private mutating func approachChanged(_ sensors: BarrierSensors, at now: Instant) -> [Sighting]
    {
        let active = sensors.isActive(.approach)
        // A beam alone or a failed loop is no vehicle: who comes meanwhile has to be seen coming.
        if case .under(_, _, let seen) = phase,
            !seen.contains(.safety) || sensors.failed.contains(.safety)
        {
            phase = .under(
                .approach, approach: active ? .occupied : .left(past: false), seenBy: seen)
            return [active ? .arrived : .leftApproach]
        }
        switch (phase, active) {
        case (.free, true), (.withdrawn, true), (.behind, true):
            return [.arrived]
        case (.between(let since), true):
            phase = .free
            return now - since > Self.goneAfter ? [.turnedBack, .arrived] : [.arrived]
        case (.free, false), (.between, false):
            phase = .between(since: now)
            return [.leftApproach]
        case (.behind, false):
            phase = .between(since: now)
            return [.crossed, .leftApproach]
        case (.withdrawn, false):
            phase = .free
            return [.turnedBack]
        case (.under(.approach, .unseen, let seen), true):
            phase = .under(.approach, approach: .taken, seenBy: seen)
            return [.arrived]
        case (.under(.approach, .left(let past), let seen), true),
            (.under(.approach, .doubtful(let past), let seen), true):
            phase = .under(.approach, approach: .again(past: past), seenBy: seen)
            return [.arrived]
        case (.under(.approach, .occupied, let seen), false):
            phase = .under(.approach, approach: .left(past: false), seenBy: seen)
            return []
        case (.under(.approach, .again(past: false), let seen), false)
        where sensors.sees(.photocell) && sensors.isActive(.photocell):
            phase = .under(.approach, approach: .doubtful(past: false), seenBy: seen)
            return [.merged]
        case (.under(.approach, .again, let seen), false),
            (.under(.approach, .taken, let seen), false):
            phase = .under(.approach, approach: .left(past: false), seenBy: seen)
            return [.doubled]
        case (.under(.approach, .occupied, _), true), (.under(.approach, .again, _), true),
            (.under(.approach, .taken, _), true), (.under(.approach, .left, _), false),
            (.under(.approach, .doubtful, _), false), (.under(.approach, .unseen, _), false),
            (.under(.far, _, _), _), (.under(.unknown, _, _), _):
            return []  // From the far side the approach loop is the way out.
        }
    }

    private static func presence(_ sensors: BarrierSensors) -> CaseSet<BarrierSensor> {
        var seen = CaseSet<BarrierSensor>()
        if sensors.isActive(.safety) { seen.insert(.safety) }
        if sensors.isActive(.photocell) { seen.insert(.photocell) }
        return seen
    }
}

extension VehicleTrack.ApproachOrder {
    /// What the beam tells of two vehicles in a row; the loop may not clear between them.
    fileprivate func after(
        _ old: BarrierSensors, _ new: BarrierSensors
    ) -> (order: Self, isDoubled: Bool) {
        guard old.sees(.photocell), new.sees(.photocell),
            old.isActive(.photocell) != new.isActive(.photocell)
        else { return (self, false) }
        switch (self, new.isActive(.photocell)) {
        case (.left, false): return (.left(past: true), false)
        case (.again, false): return (.again(past: true), false)
        case (.doubtful, false): return (.doubtful(past: true), false)
        case (.again(past: true), true): return (.occupied, true)
        case (.doubtful(past: true), true): return (.left(past: false), true)
        case (.left, true), (.again, true), (.doubtful, true), (.occupied, _), (.unseen, _),
            (.taken, _):
            return (self, false)
        }
    }
}
