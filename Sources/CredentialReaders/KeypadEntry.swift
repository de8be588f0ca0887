import GateConfiguration
import GateTypes

/// Keys typed one after the other: digits, then `#`; `*` begins anew.
struct KeypadEntry: Hashable, Sendable {
    /// So long after the last key what was typed is forgotten.
    static let patience = Duration.seconds(8)

    enum Answer: Hashable, Sendable {
        /// The code as `badges.csv` writes it, whether or not its length can be right.
        case code(String)
        case none
    }

    private var digits = ""
    private var latest = Instant(nanoseconds: .min)

    /// When what was typed is forgotten; nil while nothing was.
    var deadline: Instant? { digits.isEmpty ? nil : latest + Self.patience }

    mutating func key(_ key: Int, at instant: Instant) -> Answer {
        advance(to: instant)
        latest = instant
        switch key {
        case 0...9:
            // More than any code has is kept as too long, and so refused.
            if digits.utf8.count <= Roster.Badge.codeLengths.upperBound { digits += "\(key)" }
            return .none
        case 11:
            defer { digits = "" }
            return digits.isEmpty ? .none : .code(Roster.Badge.codePrefix + digits)
        default:
            digits = ""
            return .none
        }
    }

    mutating func advance(to now: Instant) {
        if let deadline, now >= deadline { digits = "" }
    }
}
