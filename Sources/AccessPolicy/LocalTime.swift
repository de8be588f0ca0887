import GateConfiguration
import GateTypes

/// One moment on the site's wall clock: date, weekday and minute, by the zone's own transitions.
package struct LocalTime: Hashable, Sendable {
    /// yyyy-mm-dd, as files write it; such texts compare in the order of their dates.
    package let date: String
    /// 1 is Monday, 7 is Sunday (ISO 8601).
    package let weekday: Int
    /// Minutes since the day began by the wall clock, 0...1439.
    package let minute: Int

    package init(_ wall: WallTime, in zone: TimeZoneTable) {
        let seconds = Self.floorDivide(wall.milliseconds, 1000)
        let local = seconds + zone.offsetSeconds(at: seconds)
        let day = Self.floorDivide(local, 86_400)
        minute = Int((local - day * 86_400) / 60)
        // 1970-01-01 was a Thursday.
        weekday = Int(((day + 3) % 7 + 7) % 7) + 1
        date = Self.date(ofDay: day)
    }

    /// The Gregorian date of a day counted from 1970-01-01 (years of 400 from 1 March 0000).
    private static func date(ofDay day: Int64) -> String {
        let shifted = day + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(width - digits.count, 0)) + digits
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
        let quotient = a / b
        return a % b < 0 ? quotient - 1 : quotient
    }
}

extension TimeZoneTable {
    /// Local time minus UTC at a second since 1970.
    package func offsetSeconds(at seconds: Int64) -> Int64 {
        var (low, high) = (0, transitions.count)
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].fromSeconds <= seconds {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return (low > 0 ? transitions[low - 1] : transitions.first)?.offsetSeconds ?? 0
    }
}

extension Schedule {
    /// True when a window holds at this moment; on a holiday none does.
    package func holds(at local: LocalTime) -> Bool {
        !holidays.contains(local.date)
            && windows.contains {
                $0.days.contains(local.weekday) && local.minute >= $0.fromMinute
                    && local.minute < $0.untilMinute
            }
    }
}
