import GateTypes

/// The readings of one person lane's sensors; a failed sensor reads active.
package struct SensorBank<Sensor: PlacedCase>: Hashable, Sendable {
    package let fitted: CaseSet<Sensor>
    var activeSince = CaseTable<Sensor, Instant>()
    package private(set) var failed = CaseSet<Sensor>()

    package init(fitted: Set<Sensor>, active: Set<Sensor>, at now: Instant) {
        self.fitted = CaseSet(fitted)
        for sensor in active.intersection(fitted) { activeSince[sensor] = now }
    }

    mutating func set(_ sensor: Sensor, active: Bool, at now: Instant) {
        guard fitted.contains(sensor) else { return }
        // What a failed sensor read meanwhile says nothing about how long it has been active.
        let since = failed.remove(sensor) == nil ? activeSince[sensor] : nil
        activeSince[sensor] = active ? since ?? now : nil
    }

    mutating func fail(_ sensor: Sensor, at now: Instant) {
        guard fitted.contains(sensor) else { return }
        failed.insert(sensor)
        activeSince[sensor] = activeSince[sensor] ?? now
    }

    package func isActive(_ sensor: Sensor) -> Bool { activeSince[sensor] != nil }

    /// True when the sensor is fitted and in order.
    package func sees(_ sensor: Sensor) -> Bool {
        fitted.contains(sensor) && !failed.contains(sensor)
    }

    /// True when a sensor in order has been active without a break for `span`.
    func isStuck(_ sensor: Sensor, for span: Duration, at now: Instant) -> Bool {
        guard sees(sensor), let since = activeSince[sensor] else { return false }
        return now >= since + span
    }

    /// When a sensor that is active now counts as stuck; nil when it is not active.
    func stuckDeadline(_ sensor: Sensor, for span: Duration) -> Instant? {
        sees(sensor) ? activeSince[sensor].map { $0 + span } : nil
    }
}
