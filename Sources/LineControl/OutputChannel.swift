import GateConfiguration
import GateTypes

/// One output, which returns to rest by itself.
struct OutputChannel {
    let name: LineName
    let config: OutputConfig
    private var port: (any OutputPort)?
    /// Set while the output is, or may be, away from rest: when it must be back.
    private var restDue: Instant?
    /// Set while the line is not ours: when it is requested again.
    private var reopenAt: Instant?
    private var pause = LineLimits.restRetry

    /// An output not yet open.
    init(name: LineName, config: OutputConfig) {
        self.name = name
        self.config = config
        reopenAt = Instant(nanoseconds: .min)
    }

    private var restIsHigh: Bool { config.rest == .energised }
    var mayBeAsserted: Bool { restDue != nil }
    /// As far as it was told; nil while the line is not ours.
    var isEnergised: Bool? { port == nil ? nil : mayBeAsserted != restIsHigh }
    var nextDeadline: Instant? { reopenAt ?? restDue }

    func isDueForReopening(at now: Instant) -> Bool { reopenAt.map { now >= $0 } ?? false }

    /// Requests the line; it carries its rest value from that very call on.
    mutating func open(on chip: any LineChip) throws(LineError) {
        port = try chip.openOutput(
            OutputRequest(
                line: name, address: config.address, isActiveLow: config.isActiveLow,
                isHigh: restIsHigh))
        restDue = nil
        reopenAt = nil
        pause = LineLimits.restRetry
    }

    /// Gives the line up; requesting it again is also one more way to bring it to rest.
    mutating func lose(at now: Instant) {
        port = nil
        reopenAt = now + pause
        pause = min(pause * 2, LineLimits.reopenPauseLongest)
    }

    /// Takes the line away from rest; on failure it is given up.
    mutating func assert(atMost limit: Duration, at now: Instant) throws(LineError) {
        guard let port else {
            throw .failed(name, operation: "assert", reason: "the line is lost; see its alarm")
        }
        let span = min(limit, config.longest)
        guard span > .zero else { return try rest(at: now) }
        // Due even when the call fails, for the line may have moved all the same.
        restDue = now + span
        do {
            try port.set(!restIsHigh)
        } catch {
            lose(at: now)
            throw error
        }
    }

    mutating func rest(at now: Instant) throws(LineError) {
        guard let port else { return }
        do {
            try port.set(restIsHigh)
            restDue = nil
        } catch {
            lose(at: now)
            throw error
        }
    }

    /// Returns to rest when the limit has passed.
    mutating func enforce(at now: Instant) -> LineReport? {
        guard let restDue, now >= restDue else { return nil }
        do throws(LineError) {
            try rest(at: now)
            return nil
        } catch {
            return .outputFailed(name, reason: error.description)
        }
    }
}
