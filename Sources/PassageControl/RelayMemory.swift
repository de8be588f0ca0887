import GateTypes

/// What a lane's machine asks for: relays, each with an end, and notes for the record.
package enum MachineEffect<Drive: Hashable & Sendable, Note: Hashable & Sendable>: Hashable,
    Sendable
{
    case assert(Drive, atMost: Duration)
    case rest(Drive)
    case note(Note)
}

/// What the relays of one machine were last told: the memory behind the dead time.
struct RelayMemory<Drive: PlacedCase>: Hashable, Sendable {
    /// When each relay is at rest at the latest; the past when it rests.
    var energisedUntil = CaseTable<Drive, Instant>()
    private(set) var lost = CaseSet<Drive>()

    mutating func assert(_ drive: Drive, until: Instant) {
        lost.remove(drive)
        energisedUntil[drive] = until
    }

    mutating func rest(_ drive: Drive, at now: Instant) {
        // A lost relay may not have heard it; only its own limit is certain.
        guard !lost.contains(drive), let until = energisedUntil[drive] else { return }
        energisedUntil[drive] = min(until, now)
    }

    /// Remembers what is asked for; returns what is left of it: a resting relay need not be told to
    /// rest, and one that is not wired cannot be told anything.
    mutating func carryOut<Note>(
        _ effects: [MachineEffect<Drive, Note>], wired: CaseTable<Drive, Duration>,
        at now: Instant
    ) -> [MachineEffect<Drive, Note>] {
        guard !effects.isEmpty else { return [] }
        let needed = effects.filter { effect in
            switch effect {
            case .rest(let drive): mayBeEnergised(drive, at: now)
            case .assert(let drive, _): wired[drive] != nil
            case .note: true
            }
        }
        for effect in needed {
            switch effect {
            case .assert(let drive, let limit): assert(drive, until: now + limit)
            case .rest(let drive): rest(drive, at: now)
            case .note: break
            }
        }
        return needed
    }

    mutating func lose(_ drive: Drive) { lost.insert(drive) }

    /// True while the relay may still be energised.
    func mayBeEnergised(_ drive: Drive, at now: Instant) -> Bool {
        energisedUntil[drive].map { $0 > now } ?? false
    }

    /// True while the relay is energised and would hear that it is to rest.
    func canRest(_ drive: Drive, at now: Instant) -> Bool {
        mayBeEnergised(drive, at: now) && !lost.contains(drive)
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
