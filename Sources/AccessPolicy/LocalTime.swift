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
        let seconds = CivilDate.floorDivide(wall.milliseconds, 1000)
        let local = seconds + zone.offsetSeconds(at: seconds)
        let day = CivilDate.floorDivide(local, 86_400)
        minute = Int((local - day * 86_400) / 60)
        // 1970-01-01 was a Thursday.
        weekday = Int(((day + 3) % 7 + 7) % 7) + 1
        date = CivilDate.text(ofDay: day)
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
