import GateTypes

/// What the relays of one barrier were last told: the memory behind the dead time.
struct BarrierRelays: Hashable, Sendable {
    /// When each relay is at rest at the latest; the past when it rests.
    private var energisedUntil: [Barrier.Drive: Instant] = [:]
    private var lost: Set<Barrier.Drive> = []

    mutating func apply(_ effect: Barrier.Effect, at now: Instant) {
        switch effect {
        case .assert(let drive, let limit):
            lost.remove(drive)
            energisedUntil[drive] = now + limit
        case .rest(let drive):
            // A lost relay may not have heard it; only its own limit is certain.
            guard !lost.contains(drive), let until = energisedUntil[drive] else { return }
            energisedUntil[drive] = min(until, now)
        case .note:
            break
        }
    }

    mutating func lose(_ drive: Barrier.Drive) { lost.insert(drive) }

    /// True while the relay may still be energised.
    func mayBeEnergised(_ drive: Barrier.Drive, at now: Instant) -> Bool {
        energisedUntil[drive].map { $0 > now } ?? false
    }

    /// The end of the dead time that `drive` leaves behind.
    func free(after drive: Barrier.Drive, _ deadTime: Duration) -> Instant {
        energisedUntil[drive].map { $0 + deadTime } ?? Instant(nanoseconds: .min)
    }

    /// The same, but the past unless the relay is lost and its own limit is all there is.
    func lostUntil(_ drive: Barrier.Drive, _ deadTime: Duration) -> Instant {
        lost.contains(drive) ? free(after: drive, deadTime) : Instant(nanoseconds: .min)
    }

    func end(of drive: Barrier.Drive) -> Instant {
        energisedUntil[drive] ?? Instant(nanoseconds: .min)
    }
}
