import GateTypes

/// A boom between two commands: where it is follows from when it began to move.
struct BoomTrack {
    /// Below this opening a vehicle under the boom is touched.
    static let clearOpening = 0.8
    private static let upFrom = 0.98
    private static let downTo = 0.02
    /// A single-pulse controller lowers the boom after this long with nothing in its way.
    private static let autoLower = Duration.seconds(5)

    let wiring: BoomModel.Wiring
    private let perNanosecond: Double
    private(set) var opening = 0.0
    private(set) var motion = BoomModel.Motion.still
    private var at: Instant
    private var clearSince: Instant?
    /// Both command contacts were closed together.
    private(set) var isOpposed = false
    private var raise = false
    private var lower = false
    private var stop = false
    /// The motor answers no command.
    var isBroken = false

    init(wiring: BoomModel.Wiring, travel: Duration, at now: Instant) {
        self.wiring = wiring
        perNanosecond = 1 / max(Double(travel.nanoseconds), 1)
        at = now
    }

    var isUp: Bool { opening >= Self.upFrom }
    var isDown: Bool { opening <= Self.downTo }
    var isLow: Bool { opening < Self.clearOpening }

    /// Lets time pass; `isOccupied` is what a single-pulse controller's own photocell sees.
    mutating func advance(to now: Instant, isOccupied: Bool) {
        let way = Double((now - at).nanoseconds) * perNanosecond
        at = now
        switch motion {
        case .still: break
        case .rising: opening = min(1, opening + way)
        case .lowering: opening = max(0, opening - way)
        }
        if motion == .rising && opening == 1 || motion == .lowering && opening == 0 {
            motion = .still
        }
        guard wiring == .singlePulse else { return }
        clearSince = isUp && !isOccupied ? clearSince ?? now : nil
        if let since = clearSince, now - since >= Self.autoLower { motion = .lowering }
        if isOccupied, motion == .lowering { motion = .rising }
    }

    /// The power is gone: the motor stands.
    mutating func halt() { motion = .still }

    mutating func command(raise: Bool, lower: Bool, stop: Bool) {
        defer { (self.raise, self.lower, self.stop) = (raise, lower, stop) }
        // A contact that is still held when the stop lets go counts anew.
        let isFreed = self.stop && !stop
        isOpposed = raise && lower
        guard !isBroken else { return motion = .still }
        switch wiring {
        case .held:
            motion = stop || raise == lower ? .still : raise ? .rising : .lowering
        case .latched:
            if raise && (!self.raise || isFreed) { motion = .rising }
            if lower && (!self.lower || isFreed) { motion = .lowering }
            if stop || raise && lower { motion = .still }
        case .singlePulse:
            if raise && !self.raise { motion = motion == .rising || isUp ? .lowering : .rising }
            if stop { motion = .still }
        }
        if motion == .rising && opening == 1 || motion == .lowering && opening == 0 {
            motion = .still
        }
    }

    /// When a limit switch, the clear opening or an end is reached.
    var next: Instant? {
        let marks: [Double]
        switch motion {
        case .still:
            if wiring == .singlePulse, let since = clearSince { return since + Self.autoLower }
            return nil
        case .rising: marks = [Self.downTo, Self.clearOpening, Self.upFrom, 1]
        case .lowering: marks = [Self.upFrom, Self.clearOpening, Self.downTo, 0]
        }
        let way =
            marks.lazy.map { motion == .rising ? $0 - opening : opening - $0 }
            .first { $0 > 1e-9 } ?? 0
        // A little later, so that the mark has been passed for certain.
        return at + .nanoseconds(Int64(way / perNanosecond) + 1_000)
    }
}
