import GateConfiguration
import GateTypes

/// One input whose pulses count each by itself, such as a data line of a Wiegand reader.
///
/// Nothing is debounced: what is a pulse and what is noise, the reader's protocol decides.
struct PulseChannel {
    let name: LineName
    let config: PulseInputConfig
    private(set) var condition: InputChannel.Condition
    private(set) var port: (any InputPort)?
    private var window = EdgeWindow()
    /// Looks in a row in which the line, which rests high, was low.
    private var lowLooks = 0

    /// What one reading of a line brought.
    struct Reading {
        var pulses: [Instant] = []
        /// The kernel's queue was full: pulses may be missing.
        var isOverrun = false
    }

    /// A channel not yet open.
    init(name: LineName, config: PulseInputConfig) {
        self.name = name
        self.config = config
        condition = .lost(retryAt: Instant(nanoseconds: .min), pause: LineLimits.reopenPause)
    }

    var retryAt: Instant? {
        if case .lost(let retryAt, _) = condition { retryAt } else { nil }
    }

    mutating func open(on chip: any LineChip) throws(LineError) {
        port = try chip.openInput(
            InputRequest(
                line: name, address: config.address, isActiveLow: config.isActiveLow,
                bias: config.bias, edges: .falling))
        condition = .working
        window = EdgeWindow()
        lowLooks = 0
    }

    mutating func lose(at now: Instant) {
        port = nil
        condition = condition.lost(at: now)
    }

    /// The pulses waiting now; a chip that tells both edges begins a pulse with the falling one.
    func waitingPulses() throws(LineError) -> Reading {
        guard condition == .working, let port else { return Reading() }
        let edges = try port.edges(limit: LineLimits.edgesPerTurn)
        return Reading(
            pulses: edges.filter { !$0.isHigh }.map(\.instant),
            isOverrun: edges.count >= LineLimits.kernelQueue)
    }

    /// Counts one pulse; more of them in a second than any reader sends make the line faulty.
    mutating func count(_ instant: Instant) -> LineReport? {
        guard condition == .working, window.count(instant) > LineLimits.edgesPerSecond
        else { return nil }
        condition = .muted(quietSince: instant)
        return .inputFailed(
            name,
            reason: "more than \(LineLimits.edgesPerSecond) pulses in a second; look for a loose "
                + "wire, a missing pull-up or a disturbed cable")
    }

    /// The look at regular intervals: a muted line that has become quiet, a line that stays low.
    mutating func audit(at now: Instant) throws(LineError) -> [LineReport] {
        guard let port else { return [] }
        switch condition {
        case .lost:
            return []
        case .muted(let quietSince):
            if try port.edges(limit: LineLimits.edgesPerTurn).count > 1 {
                condition = .muted(quietSince: now)
            } else if now - quietSince >= LineLimits.quietTime {
                condition = .working
                window = EdgeWindow()
                return [.inputRecovered(name, active: false)]
            }
            return []
        case .working:
            // A pulse is over within a tenth of a millisecond; low twice in a row is no pulse.
            let before = lowLooks
            lowLooks = try port.isHigh() ? 0 : min(lowLooks + 1, Self.lowLooksLargest)
            if lowLooks == Self.lowLooksLargest, before < lowLooks {
                return [
                    .inputFailed(
                        name,
                        reason: "it stays low; look for a short circuit, or a reader without power")
                ]
            }
            return before == Self.lowLooksLargest && lowLooks == 0
                ? [.inputRecovered(name, active: false)] : []
        }
    }

    private static let lowLooksLargest = 3
}
