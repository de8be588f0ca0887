/// Opening hours as `policy.yaml` writes them: `Mon-Fri 06:00-22:00`, `Sat,Sun 08:00-12:00`,
/// `daily 22:00-06:00`, several spans one after the other.
package enum ScheduleText {
    static let hint =
        "write days and times, e.g. Mon-Fri 06:00-22:00, Sat,Sun 08:00-12:00, or "
        + "daily 22:00-06:00"
    private static let dayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    private static let minutesOfDay = 1_440

    /// The windows of one text; a span over midnight becomes two.
    package static func parse(_ text: String) -> Result<[Schedule.Window], ValueProblem> {
        // "Sat, Sun" reads as "Sat,Sun".
        var words: [String] = []
        for word in text.split(whereSeparator: \.isWhitespace).map(String.init) {
            if let last = words.last, last.hasSuffix(",") || word.hasPrefix(",") {
                words[words.count - 1] = last + word
            } else {
                words.append(word)
            }
        }
        guard let first = words.first else { return .failure(ValueProblem("it is empty")) }
        var days: Set<Int> = []
        for part in first.split(separator: ",", omittingEmptySubsequences: false) {
            guard let some = Self.days(String(part)) else {
                return .failure(
                    ValueProblem(
                        "'\(String(part).shortened)' is no day (Mon Tue Wed Thu Fri Sat Sun, daily)"
                    ))
            }
            days.formUnion(some)
        }
        guard words.count > 1 else { return .failure(ValueProblem("it has no times")) }
        var windows: [Schedule.Window] = []
        for word in words.dropFirst() {
            for part in word.split(separator: ",") {
                guard let span = span(part) else {
                    return .failure(
                        ValueProblem("'\(String(part).shortened)' is no span of times"))
                }
                windows += Self.windows(days, from: span.from, until: span.until)
            }
        }
        return .success(windows)
    }

    /// One date, or all dates of `first..last`.
    static func dates(_ text: String) -> Result<[String], ValueProblem> {
        guard let dots = text.firstRange(of: "..") else {
            return DateText.parse(text).map { [$0] }
        }
        let first = DateText.parse(text[..<dots.lowerBound])
        let last = DateText.parse(text[dots.upperBound...])
        switch (first, last) {
        case (.failure(let problem), _), (_, .failure(let problem)): return .failure(problem)
        case (.success(var date), .success(let last)):
            guard date <= last else { return .failure(ValueProblem("ends before it begins")) }
            var dates = [date]
            while date < last, dates.count <= 366 {
                date = DateText.day(after: date)
                dates.append(date)
            }
            guard date == last else { return .failure(ValueProblem("is longer than a year")) }
            return .success(dates)
        }
    }

    /// `Mon`, `Mon-Fri`, `Sat-Mon` or `daily`.
    private static func days(_ text: String) -> [Int]? {
        let text = text.lowercased()
        if text == "daily" { return Array(1...7) }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { end in
            dayNames.firstIndex { end == $0 }
        }
        switch ends.count {
        case 1:
            guard let day = ends[0] else { return nil }
            return [day + 1]
        case 2:
            guard let from = ends[0], let until = ends[1] else { return nil }
            let length = (until - from + 7) % 7
            return (0...length).map { (from + $0) % 7 + 1 }
        default: return nil
        }
    }

    private static func span(_ text: Substring) -> (from: Int, until: Int)? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let from = minute(ends[0]), let until = minute(ends[1]),
            from != until, from != minutesOfDay, until != 0 || from != 0
        else { return nil }
        return (from, until)
    }

    /// Minutes since midnight of `06:00` ... `24:00`.
    private static func minute(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...2).contains(parts[0].count), parts[1].count == 2,
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60,
            hour < 24 || (hour == 24 && minute == 0)
        else { return nil }
        return hour * 60 + minute
    }

    private static func windows(_ days: Set<Int>, from: Int, until: Int) -> [Schedule.Window] {
        if from < until { return [.init(days: days, fromMinute: from, untilMinute: until)] }
        let evening = Schedule.Window(days: days, fromMinute: from, untilMinute: minutesOfDay)
        guard until > 0 else { return [evening] }
        let next = Set(days.map { $0 % 7 + 1 })
        return [evening, .init(days: next, fromMinute: 0, untilMinute: until)]
    }
}
