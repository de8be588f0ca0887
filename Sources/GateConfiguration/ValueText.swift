/// Why a text is no value, to follow "'key' is 'text', ".
package struct ValueProblem: Error, Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }
}

/// Decimal numbers as people write them in a configuration: `25`, `0.5`, `1e-4`.
package enum DecimalText {
    package static func parse(_ text: some StringProtocol) -> Double? {
        let allowed = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || [0x2E, 0x2D, 0x2B, 0x65, 0x45].contains($0)
        }
        guard allowed, text.utf8.count <= 24, let value = Double(String(text)), value.isFinite
        else { return nil }
        return value
    }
}

/// Durations with a unit: `200ms`, `1.5s`, `8s`, `2m`, `1h`, `90d`.
package enum DurationText {
    private static let units: [(name: String, milliseconds: Double)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    package static func parse(_ text: String) -> Result<Duration, ValueProblem> {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = String(text.dropFirst(digits.count).drop { $0 == " " })
        guard !digits.isEmpty, let number = DecimalText.parse(digits) else {
            return .failure(ValueProblem("must be a duration"))
        }
        guard !unit.isEmpty else { return .failure(ValueProblem("which has no unit")) }
        guard let factor = units.first(where: { $0.name == unit })?.milliseconds else {
            return .failure(ValueProblem("and '\(unit.shortened)' is no unit of time"))
        }
        let milliseconds = number * factor
        guard milliseconds < 1e13 else { return .failure(ValueProblem("which is too long")) }
        // Whole microseconds: nothing here is finer, and 0.1s stays exact.
        return .success(.microseconds(Int64((milliseconds * 1_000).rounded())))
    }
}

extension Duration {
    /// As the configuration writes it, in the largest unit that keeps it whole.
    package var written: String {
        let nanoseconds = self.nanoseconds
        if nanoseconds == 0 { return "0s" }
        for (unit, length) in [
            ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
            ("s", 1_000_000_000), ("ms", 1_000_000),
        ] as [(String, Int64)] where nanoseconds % length == 0 {
            return "\(nanoseconds / length)\(unit)"
        }
        return "\(milliseconds)ms"
    }
}

/// Picture sizes: `1920x1080`.
package enum SizeText {
    package static func parse(_ text: String) -> (width: Int, height: Int)? {
        let parts = text.split(separator: "x", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ (1...5).contains($0.utf8.count) }),
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let width = Int(parts[0]), let height = Int(parts[1])
        else { return nil }
        return (width, height)
    }
}

/// Local dates as `2026-10-01`; `2026/10/1` is what spreadsheets make of it.
package enum DateText {
    /// The date as `yyyy-mm-dd`; a failure says what is impossible about it.
    package static func parse(_ text: some StringProtocol) -> Result<String, ValueProblem> {
        let separator: Character = text.contains("/") ? "/" : "-"
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        let allDigits = parts.allSatisfy {
            !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
        guard parts.count == 3, parts[0].count == 4, allDigits, parts[1].count <= 2,
            parts[2].count <= 2, let year = Int(parts[0]), let month = Int(parts[1]),
            let day = Int(parts[2])
        else { return .failure(ValueProblem("must be a date such as 2026-10-01")) }
        guard (1970...9998).contains(year), (1...12).contains(month),
            day >= 1, day <= days(in: month, of: year)
        else { return .failure(ValueProblem("which is no day of the calendar")) }
        return .success("\(parts[0])-\(padded(month))-\(padded(day))")
    }

    static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The next day of a date as `parse` returns it.
    static func day(after date: String) -> String {
        let parts = date.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3 else { return date }
        var (year, month, day) = (parts[0], parts[1], parts[2] + 1)
        if day > days(in: month, of: year) { (month, day) = (month + 1, 1) }
        if month > 12 { (year, month) = (year + 1, 1) }
        return "\(year)-\(padded(month))-\(padded(day))"
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
