import Foundation
import GateTypes

extension WallTime {
    /// UTC as `2026-11-24T18:30:00.123Z`; years outside 1 to 9999 are drawn to that range.
    package var utcText: String {
        let bounded = min(max(milliseconds, -62_135_596_800_000), 253_402_300_799_999)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        // Half a millisecond more: the style cuts, and a double is seldom exact.
        return Date(timeIntervalSince1970: (Double(bounded) + 0.5) / 1000).formatted(style)
    }
}
