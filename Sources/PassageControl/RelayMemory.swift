import GateTypes

/// What the relays of one machine were last told: the memory behind the dead time.
struct RelayMemory<Drive: Hashable & Sendable>: Hashable, Sendable {
    /// When each relay is at rest at the latest; the past when it rests.
    private var energisedUntil: [Drive: Instant] = [:]
    private var lost: Set<Drive> = []

    mutating func assert(_ drive: Drive, until: Instant) {
        lost.remove(drive)
        energisedUntil[drive] = until
    }

    mutating func rest(_ drive: Drive, at now: Instant) {
        // A lost relay may not have heard it; only its own limit is certain.
        guard !lost.contains(drive), let until = energisedUntil[drive] else { return }
        energisedUntil[drive] = min(until, now)
    }

    mutating func lose(_ drive: Drive) { lost.insert(drive) }

    /// True while the relay may still be energised.
    func mayBeEnergised(_ drive: Drive, at now: Instant) -> Bool {
        energisedUntil[drive].map { $0 > now } ?? false
    }

    /// The end of the dead time that `drive` leaves behind.
    func free(after drive: Drive, _ deadTime: Duration) -> Instant {
        energisedUntil[drive].map { $0 + deadTime } ?? Instant(nanoseconds: .min)
    }

    /// The same, but the past unless the relay is lost and its own limit is all there is.
    func lostUntil(_ drive: Drive, _ deadTime: Duration) -> Instant {
        lost.contains(drive) ? free(after: drive, deadTime) : Instant(nanoseconds: .min)
    }

    func end(of drive: Drive) -> Instant {
        energisedUntil[drive] ?? Instant(nanoseconds: .min)
    }
}
