import GateTypes

/// Moments as people write them: `2026-10-01`, `2026-10-01 08:30`, `2026-10-01T08:30:15`, in a
/// zone's local time; with `Z` at the end in UTC.
package enum MomentText {
    package static func parse(_ text: String, in zone: TimeZoneTable)
        -> Result<WallTime, ValueProblem>
    {
        let isUTC = text.hasSuffix("Z")
        let parts = (isUTC ? text.dropLast() : Substring(text))
            .split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "T" || $0 == " " }
        guard let first = parts.first else {
            return .failure(ValueProblem("must be a date and time such as 2026-10-01T08:30"))
        }
        switch DateText.parse(first) {
        case .failure(let problem): return .failure(problem)
        case .success(let date):
            guard let second = parts.count > 1 ? seconds(ofDay: parts[1]) : 0 else {
                return .failure(ValueProblem("must have a time such as 08:30"))
            }
            let local = days(date) * 86_400 + second
            guard let utc = isUTC ? local : zone.utcSeconds(ofLocal: local) else {
                return .failure(
                    ValueProblem("which the clocks of \(zone.name) leave out on that day"))
            }
            return .success(WallTime(milliseconds: utc * 1_000))
        }
    }

    private static func seconds(ofDay text: Substring) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.utf8.count == 2 && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                ? Int64(part) : nil
        }
        guard (2...3).contains(parts.count), numbers.count == parts.count, numbers[0] < 24,
            numbers.dropFirst().allSatisfy({ $0 < 60 })
        else { return nil }
        return numbers[0] * 3_600 + numbers[1] * 60 + (numbers.count > 2 ? numbers[2] : 0)
    }

    /// Days since 1970 of a date as `DateText.parse` returns it.
    private static func days(_ date: String) -> Int64 {
        let parts = date.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3 else { return 0 }
        let before = parts[0] - 1
        let leaps = before / 4 - before / 100 + before / 400 - 477
        let months = (1..<parts[1]).reduce(0) { $0 + DateText.days(in: $1, of: parts[0]) }
        return Int64((parts[0] - 1_970) * 365 + leaps + months + parts[2] - 1)
    }
}

extension TimeZoneTable {
    /// The first second since 1970 at which the zone's clocks show a local time; nil when they
    /// leap over it.
    fileprivate func utcSeconds(ofLocal local: Int64) -> Int64? {
        guard let first = transitions.first else { return local }
        var from = Int64.min
        var offset = first.offsetSeconds
        for transition in transitions.dropFirst() {
            let seconds = local - offset
            if seconds >= from, seconds < transition.fromSeconds { return seconds }
            (from, offset) = (transition.fromSeconds, transition.offsetSeconds)
        }
        return local - offset >= from ? local - offset : nil
    }
}
