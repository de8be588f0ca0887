import GateTypes

/// What a barrier can sense; presence sensors first, then the boom's ends.
package enum BarrierSensor: String, Hashable, Sendable, CaseIterable, Comparable {
    case approach, safety, photocell, up, down
    /// The boom has been knocked off its arm.
    case detached

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Where the boom stands, as far as anyone knows.
package enum BoomPosition: String, Hashable, Sendable { case down, between, up }

/// The readings of one barrier's sensors, with what they say together.
///
/// A failed presence sensor reads active; a failed limit switch reads nothing.
package struct BarrierSensors: Hashable, Sendable {
    package let fitted: CaseSet<BarrierSensor>
    var activeSince = CaseTable<BarrierSensor, Instant>()
    package private(set) var failed = CaseSet<BarrierSensor>()
    /// Safety loop and photocell both clear since then; nil while one of them is occupied.
    package internal(set) var clearSince: Instant?

    package init(fitted: Set<BarrierSensor>, active: Set<BarrierSensor>, at now: Instant) {
        self.fitted = CaseSet(fitted)
        for sensor in active.intersection(fitted) { activeSince[sensor] = now }
        clearSince = isOccupied ? nil : now
    }

    package mutating func set(_ sensor: BarrierSensor, active: Bool, at now: Instant) {
        guard fitted.contains(sensor) else { return }
        failed.remove(sensor)
        activeSince[sensor] = active ? activeSince[sensor] ?? now : nil
        noteClearance(at: now)
    }

    package mutating func fail(_ sensor: BarrierSensor, at now: Instant) {
        guard fitted.contains(sensor) else { return }
        failed.insert(sensor)
        switch sensor {
        case .approach, .safety, .photocell: activeSince[sensor] = activeSince[sensor] ?? now
        case .up, .down, .detached: activeSince[sensor] = nil
        }
        noteClearance(at: now)
    }

    package func isActive(_ sensor: BarrierSensor) -> Bool { activeSince[sensor] != nil }

    /// Something may be under the boom.
    package var isOccupied: Bool { isActive(.safety) || isActive(.photocell) }

    /// True when nothing has been under the boom for `span`; never while something is.
    package func isClear(for span: Duration, at now: Instant) -> Bool {
        clearSince.map { now >= $0 + span } ?? false
    }

    /// Where the limit switches see the boom, or where it was brought last when they cannot tell.
    package func position(assumed: BoomPosition?) -> BoomPosition? {
        if isActive(.up) { return .up }
        if isActive(.down) { return .down }
        if sees(.up), sees(.down) { return .between }
        switch assumed {
        case .up where sees(.up), .down where sees(.down): return .between
        case .between: return nil
        case .up, .down, nil: return assumed
        }
    }

    package var bothLimitsRead: Bool { isActive(.up) && isActive(.down) }

    /// True when the sensor is fitted and in order.
    package func sees(_ sensor: BarrierSensor) -> Bool {
        fitted.contains(sensor) && !failed.contains(sensor)
    }

    static let presence: [BarrierSensor] = [.approach, .safety, .photocell]

    /// True when a presence sensor has been active without a break for `span`.
    func isStuck(_ sensor: BarrierSensor, for span: Duration, at now: Instant) -> Bool {
        guard !failed.contains(sensor), let since = activeSince[sensor] else { return false }
        return now >= since + span
    }

    /// The next moment at which a sensor that is active now counts as stuck.
    func stuckDeadline(for span: Duration, after now: Instant) -> Instant? {
        var soonest: Instant?
        for sensor in Self.presence {
            guard let due = activeSince[sensor].map({ $0 + span }), due > now else { continue }
            soonest = min(soonest ?? due, due)
        }
        return soonest
    }

    private mutating func noteClearance(at now: Instant) {
        clearSince = isOccupied ? nil : clearSince ?? now
    }
}
