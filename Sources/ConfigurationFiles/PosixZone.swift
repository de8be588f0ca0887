import GateConfiguration

/// The rule at the end of a TZif file (POSIX TZ with the extensions of RFC 8536), such as
/// `CST-8` or `GMT0BST,M3.5.0/1,M10.5.0`.
package struct PosixZone: Sendable {
    /// A day of the year on which the offset changes, and the local time of it in seconds.
    private struct Change: Sendable {
        enum Day: Sendable {
            /// Month 1...12, week 1...5 (5 is the last), weekday 0...6 (0 is Sunday).
            case monthly(month: Int64, week: Int64, weekday: Int64)
            /// 1...365, the 29th of February never counted.
            case julian(Int64)
            /// 0...365, the 29th of February counted.
            case dayOfYear(Int64)
        }

        let day: Day
        let time: Int64
    }

    /// Seconds east of Greenwich.
    private let standard: Int64
    private let summer: (offset: Int64, starts: Change, ends: Change)?

    /// Nil when the text is no such rule.
    package init?(_ text: String) {
        var rest = Substring(text)
        guard Self.skipName(&rest), let west = Self.time(&rest) else { return nil }
        standard = -west
        guard !rest.isEmpty else {
            summer = nil
            return
        }
        guard Self.skipName(&rest) else { return nil }
        var offset = standard + 3_600
        if rest.first != "," {
            guard let west = Self.time(&rest) else { return nil }
            offset = -west
        }
        guard let starts = Self.change(&rest), let ends = Self.change(&rest), rest.isEmpty else {
            return nil
        }
        summer = (offset, starts, ends)
    }

    /// The changes after a time (seconds since 1970) up to the end of a year.
    func transitions(after start: Int64, through lastYear: Int64) -> [TimeZoneTable.Transition] {
        guard let summer else { return [] }
        var found: [TimeZoneTable.Transition] = []
        for year in 1970...max(lastYear, 1970) {
            // Each change is told in the local time that holds before it.
            found.append(
                .init(
                    fromSeconds: Self.seconds(summer.starts, year) - standard,
                    offsetSeconds: summer.offset))
            found.append(
                .init(
                    fromSeconds: Self.seconds(summer.ends, year) - summer.offset,
                    offsetSeconds: standard))
        }
        return found.filter { $0.fromSeconds > start }.sorted { $0.fromSeconds < $1.fromSeconds }
    }

    // MARK: Reading

    /// `CST`, or `<+08>`.
    private static func skipName(_ text: inout Substring) -> Bool {
        if text.first == "<" {
            guard let end = text.firstIndex(of: ">") else { return false }
            text = text[text.index(after: end)...]
            return true
        }
        let name = text.prefix { $0.isASCII && $0.isLetter }
        text = text.dropFirst(name.count)
        return name.count >= 3
    }

    /// `[+-]hours[:minutes[:seconds]]` in seconds.
    private static func time(_ text: inout Substring) -> Int64? {
        let isNegative = text.first == "-"
        if isNegative || text.first == "+" { text = text.dropFirst() }
        guard let hours = number(&text, atMost: 167) else { return nil }
        var seconds = hours * 3_600
        for unit in [60, 1] as [Int64] where text.first == ":" {
            text = text.dropFirst()
            guard let value = number(&text, atMost: 59) else { return nil }
            seconds += value * unit
        }
        return isNegative ? -seconds : seconds
    }

    private static func number(_ text: inout Substring, atMost most: Int64) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        text = text.dropFirst(digits.count)
        guard let value = Int64(digits), value <= most else { return nil }
        return value
    }

    private static func change(_ text: inout Substring) -> Change? {
        guard text.first == "," else { return nil }
        text = text.dropFirst()
        guard let day = day(&text) else { return nil }
        guard text.first == "/" else { return Change(day: day, time: 7_200) }
        text = text.dropFirst()
        return time(&text).map { Change(day: day, time: $0) }
    }

    private static func day(_ text: inout Substring) -> Change.Day? {
        switch text.first {
        case "M":
            text = text.dropFirst()
            var numbers: [Int64] = []
            for most in [12, 5, 6] as [Int64] {
                guard let value = number(&text, atMost: most) else { return nil }
                numbers.append(value)
                if numbers.count < 3 {
                    guard text.first == "." else { return nil }
                    text = text.dropFirst()
                }
            }
            guard numbers[0] >= 1, numbers[1] >= 1 else { return nil }
            return .monthly(month: numbers[0], week: numbers[1], weekday: numbers[2])
        case "J":
            text = text.dropFirst()
            guard let day = number(&text, atMost: 365), day >= 1 else { return nil }
            return .julian(day)
        default: return number(&text, atMost: 365).map { .dayOfYear($0) }
        }
    }

    // MARK: Calendar

    private static func seconds(_ change: Change, _ year: Int64) -> Int64 {
        let day: Int64
        switch change.day {
        case .julian(let number):
            day = days(year, 1, 1) + number - 1 + (isLeap(year) && number >= 60 ? 1 : 0)
        case .dayOfYear(let number): day = days(year, 1, 1) + number
        case .monthly(let month, let week, let weekday):
            let first = days(year, month, 1)
            let next = month == 12 ? days(year + 1, 1, 1) : days(year, month + 1, 1)
            // The 1st of January 1970 was a Thursday.
            let skip = (weekday - (first + 4) % 7 + 7) % 7
            var found = first + skip + (week - 1) * 7
            while found >= next { found -= 7 }
            day = found
        }
        return day * 86_400 + change.time
    }

    private static func isLeap(_ year: Int64) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// Days from 1970-01-01 to a date from 1970 on.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let before = year - 1
        let leaps = before / 4 - before / 100 + before / 400 - 477
        let lengths: [Int64] = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (year - 1970) * 365 + leaps + lengths.prefix(Int(month) - 1).reduce(0, +) + day - 1
    }
}
