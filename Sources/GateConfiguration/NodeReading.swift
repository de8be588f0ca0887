/// Reads values out of nodes; what is wrong is told with the name of the key.
extension SourceNode {
    /// What the node is, for messages.
    package var kind: String {
        switch self {
        case .scalar("", _): "empty"
        case .scalar(let text, _): "'\(text.shortened)'"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    package func text(_ key: String, hint: String, _ report: inout ConfigReport) -> String? {
        if case .scalar(let text, _) = self, !text.isEmpty { return text }
        report.error(place, "'\(key)' is \(kind), must be a text", hint: hint)
        return nil
    }

    /// A text without line breaks and control characters that may name a thing.
    func name(_ what: String, _ report: inout ConfigReport) -> String? {
        guard let text = text(what, hint: "write a name", &report) else { return nil }
        return Self.checkName(text, what, place, &report) ? text : nil
    }

    static func checkName(
        _ text: String, _ what: String, _ place: SourcePlace, _ report: inout ConfigReport
    ) -> Bool {
        if text.count <= ConfigLimits.nameLengthMaximum,
            text.allSatisfy({ $0.isLetter || $0.isNumber || "-_".contains($0) }), !text.isEmpty
        {
            return true
        }
        report.error(
            place, "'\(text.shortened)' is no name for a \(what)",
            hint: "use up to \(ConfigLimits.nameLengthMaximum) letters, digits, '-' and '_'")
        return false
    }

    package func choice<Choice>(
        _ key: String, _ choices: [(String, Choice)], _ report: inout ConfigReport
    ) -> Choice? {
        let words = choices.map(\.0)
        let hint = "write " + words.joined(separator: ", ")
        guard let text = text(key, hint: hint, &report) else { return nil }
        if let found = choices.first(where: { $0.0 == text }) { return found.1 }
        let nearest = Suggestion.nearest(to: text, among: words).map { "did you mean '\($0)'? " }
        report.error(
            place,
            words.count == 1
                ? "'\(key)' is '\(text.shortened)', must be '\(words[0])'"
                : "'\(key)' is '\(text.shortened)', must be one of \(words.joined(separator: ", "))",
            hint: (nearest ?? "") + hint)
        return nil
    }

    /// A duration with its unit, e.g. `1500ms`.
    package func duration(
        _ key: String, _ range: ClosedRange<Duration>, example: Duration,
        _ report: inout ConfigReport
    ) -> Duration? {
        let hint = "write a number and ms, s, m, h or d, e.g. \(example.written)"
        guard let text = text(key, hint: hint, &report) else { return nil }
        switch DurationText.parse(text) {
        case .failure(let problem):
            report.error(place, "'\(key)' is '\(text.shortened)', \(problem.text)", hint: hint)
            return nil
        case .success(let duration):
            if range.contains(duration) { return duration }
            let (least, most) = (range.lowerBound.written, range.upperBound.written)
            report.error(
                place, "'\(key)' is \(text), must be between \(least) and \(most)", hint: hint)
            return nil
        }
    }

    /// A plain number, or one with `%` where a share is meant.
    package func number(
        _ key: String, _ range: ClosedRange<Double>, units: [(String, Double)] = [], hint: String,
        _ report: inout ConfigReport
    ) -> Double? {
        guard let text = text(key, hint: hint, &report) else { return nil }
        var (digits, factor) = (Substring(text), 1.0)
        if let unit = units.first(where: { text.hasSuffix($0.0) }) {
            digits = Substring(
                digits.dropLast(unit.0.count).reversed().drop { $0 == " " }.reversed())
            factor = unit.1
        }
        guard let value = DecimalText.parse(digits).map({ $0 * factor }) else {
            report.error(place, "'\(key)' is '\(text.shortened)', must be a number", hint: hint)
            return nil
        }
        if range.contains(value) { return value }
        report.error(
            place,
            "'\(key)' is \(text), must be between \(range.lowerBound.short) and "
                + range.upperBound.short, hint: hint)
        return nil
    }

    /// The elements of a list; a single scalar stands for a list of one.
    package func elements(_ key: String, hint: String, _ report: inout ConfigReport)
        -> [SourceNode]?
    {
        switch self {
        case .list(let elements, _): return elements
        case .scalar(let text, _) where !text.isEmpty: return [self]
        case .scalar, .mapping:
            report.error(place, "'\(key)' is \(kind), must be a list", hint: hint)
            return nil
        }
    }
}

extension String {
    /// At most 40 characters, on one line, for messages.
    package var shortened: String {
        let line = String(map { $0.isNewline || $0 == "\t" ? " " : $0 })
        return line.count <= 40 ? line : line.prefix(39) + "…"
    }
}

extension Double {
    /// Without `.0` where it is whole.
    var short: String {
        self == rounded() && abs(self) < 1e9 ? String(Int(self)) : "\(self)"
    }
}
