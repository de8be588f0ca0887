import GateTypes

/// A small generator of our own: the same seed gives the same story everywhere.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &self) < probability
    }

    mutating func milliseconds(_ range: ClosedRange<Double>) -> Duration {
        .nanoseconds(Int64(Double.random(in: range, using: &self) * 1e6))
    }
}

/// What relays were told, kept by the checkers themselves: each lets go at its limit.
struct RelayBook<Drive: Hashable> {
    private var until: [Drive: Instant] = [:]
    private var since: [Drive: Instant] = [:]

    mutating func assert(_ drive: Drive, until end: Instant, at now: Instant) {
        if !isOn(drive, at: now) { since[drive] = now }
        until[drive] = end
    }

    mutating func rest(_ drive: Drive, at now: Instant) {
        until[drive] = min(until[drive] ?? now, now)
    }

    func isOn(_ drive: Drive, at now: Instant) -> Bool { until[drive].map { $0 > now } ?? false }

    /// The latest moment at which it was on; nil when it never was.
    func end(of drive: Drive) -> Instant? { until[drive] }
}

/// Keeps what a checker has found wrong, with the latest steps before the first of it.
struct Findings {
    private(set) var violations: [String] = []
    private(set) var story: [String] = []
    private var recent: [() -> String] = []

    mutating func step(_ text: @escaping @autoclosure () -> String) {
        guard violations.isEmpty else { return }
        recent.append(text)
        if recent.count > 60 { recent.removeFirst(30) }
    }

    mutating func violate(_ what: String, at now: Instant) {
        if violations.isEmpty { story = recent.map { $0() } }
        if violations.count < 20 {
            violations.append("\(what) at \(now.nanoseconds / 1_000_000) ms")
        }
    }

    /// Empty when every rule held.
    func text(seed: UInt64) -> String {
        violations.isEmpty
            ? ""
            : "seed \(seed): \(violations.joined(separator: "; "))\n"
                + story.joined(separator: "\n")
    }
}
