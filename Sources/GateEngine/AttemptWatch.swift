import GateConfiguration
import GateTypes

/// Stops the guessing of badges and codes at one reader.
struct AttemptWatch: Hashable, Sendable {
    /// One reader: by its name, or by its side where an event names none.
    struct Key: Hashable, Sendable {
        let side: BadgeReading.Side
        let reader: ReaderName?

        /// For alarms, e.g. `wrong_credentials_bikes-outside`.
        var code: String { "wrong_credentials_\(reader?.text ?? side.rawValue)" }
    }

    private var wrong = 0
    private var latest = Instant(nanoseconds: .min)
    private(set) var pausedUntil: Instant?
    /// Readings that were not looked at in this pause.
    private(set) var ignored = 0

    func isPaused(at now: Instant) -> Bool { pausedUntil.map { now < $0 } ?? false }

    mutating func ignore() { ignored += 1 }

    /// A known badge forgives one slip and no more: whoever has one could try out codes without end.
    mutating func known() { wrong = max(wrong - 1, 0) }

    /// Counts one unknown credential; returns how many came in a row when that is too many.
    mutating func unknown(_ limits: ReaderConfig.Attempts, at now: Instant) -> Int? {
        if now - latest > limits.within { wrong = 0 }
        latest = now
        wrong += 1
        guard wrong >= limits.largest else { return nil }
        defer {
            wrong = 0
            ignored = 0
        }
        pausedUntil = now + limits.pause
        return wrong
    }

    func isPauseOver(at now: Instant) -> Bool { pausedUntil.map { now >= $0 } ?? false }

    /// True, once, when the pause is over.
    mutating func endPause(at now: Instant) -> Bool {
        guard isPauseOver(at: now) else { return false }
        pausedUntil = nil
        return true
    }
}
