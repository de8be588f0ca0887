import ArgumentParser
import Foundation
import GateTypes

/// A time on the command line: a date, a date with time, or a span before now.
struct JournalTime: ExpressibleByArgument {
    let wall: WallTime

    static func help(_ what: String) -> ArgumentHelp {
        "\(what): 2026-11-24, 2026-11-24T18:30[:05][Z], or 90d, 2h, 30m ago; local time without Z."
    }

    init?(argument: String) {
        self.init(argument, now: Date(), zone: .current)
    }

    init?(_ text: String, now: Date, zone: TimeZone) {
        guard let date = Self.ago(text, now: now) ?? Self.date(text, zone: zone) else { return nil }
        wall = WallTime(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }

    private static func ago(_ text: String, now: Date) -> Date? {
        let units: [Character: Double] = ["d": 86_400, "h": 3_600, "m": 60]
        guard let last = text.last, let unit = units[last], text.dropLast().count <= 6,
            let count = UInt32(text.dropLast())
        else { return nil }
        return now.addingTimeInterval(-Double(count) * unit)
    }

    private static func date(_ text: String, zone: TimeZone) -> Date? {
        let isUTC = text.hasSuffix("Z")
        let parts = text.dropLast(isUTC ? 1 : 0).split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == "T" || $0 == " " })
        guard (1...2).contains(parts.count),
            let day = numbers(parts[0], separator: "-", widths: [4, 2, 2]), day.count == 3
        else { return nil }
        let time =
            parts.count == 2 ? numbers(parts[1], separator: ":", widths: [2, 2, 2]) : [0, 0]
        guard let time, time.count >= 2, !isUTC || parts.count == 2 else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = isUTC ? TimeZone.gmt : zone
        let components = DateComponents(
            calendar: calendar, year: day[0], month: day[1], day: day[2], hour: time[0],
            minute: time[1], second: time.count > 2 ? time[2] : 0)
        guard day[0] > 0, components.isValidDate else { return nil }
        return components.date
    }

    /// Up to as many numbers as widths, each with just its digits.
    private static func numbers(
        _ text: Substring, separator: Character, widths: [Int]
    ) -> [Int]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.count <= widths.count else { return nil }
        var numbers: [Int] = []
        for (part, width) in zip(parts, widths) {
            guard part.count == width, part.allSatisfy({ $0.isASCII && $0.isNumber }),
                let number = Int(part)
            else { return nil }
            numbers.append(number)
        }
        return numbers
    }
}
