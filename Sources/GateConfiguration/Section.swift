/// One mapping of a configuration file whose keys are known beforehand.
///
/// Making one tells unknown and duplicate keys; its readers tell values that are wrong. A reader
/// that returns nil has told why, or the key is not there.
package struct Section {
    /// What the section describes, e.g. "camera 'lane1'".
    package let title: String
    package let place: SourcePlace
    private var entries: [String: SourceNode.Entry] = [:]

    /// Nil, and told, when the node is no mapping.
    package init?(_ node: SourceNode, _ title: String, keys: [String], _ report: inout ConfigReport)
    {
        guard let entries = Self.entries(of: node, title, &report) else { return nil }
        self.title = title
        place = node.place
        for entry in entries {
            if keys.contains(entry.key) {
                self.entries[entry.key] = entry
            } else {
                report.error(
                    entry.keyPlace, "\(title) has no key '\(entry.key)'",
                    hint: entry.key == "<<"
                        ? "merge keys are not supported; write the values out"
                        : Suggestion.hint(for: entry.key, among: keys, none: "remove it"))
            }
        }
    }

    /// The entries of a mapping, each key once; duplicates are told and the first is kept.
    package static func entries(of node: SourceNode, _ title: String, _ report: inout ConfigReport)
        -> [SourceNode.Entry]?
    {
        guard case .mapping(let entries, let place) = node else {
            report.error(
                node.place, "\(title) is \(node.kind), must be a mapping",
                hint: "write 'key: value' lines, indented, or { key: value }")
            return nil
        }
        var first: [String: SourcePlace] = [:]
        var kept: [SourceNode.Entry] = []
        for entry in entries {
            if let earlier = first[entry.key] {
                report.error(
                    entry.keyPlace, "\(title) has the key '\(entry.key)' twice",
                    hint: "the first is at \(earlier); keep one of them")
            } else {
                first[entry.key] = entry.keyPlace
                kept.append(entry)
            }
        }
        if entries.isEmpty {
            report.error(place, "\(title) is empty", hint: "fill it in, or remove it")
        }
        return kept
    }

    /// Keys that are there.
    package var keys: [String] { entries.keys.sorted() }
    package func has(_ key: String) -> Bool { entries[key] != nil }
    /// Whether the mapping under one key has another key, however wrong its value is.
    package func mentions(_ outer: String, _ inner: String) -> Bool {
        guard case .mapping(let entries, _)? = node(outer) else { return false }
        return entries.contains { $0.key == inner }
    }

    package func node(_ key: String) -> SourceNode? { entries[key]?.value }
    package func place(of key: String) -> SourcePlace { entries[key]?.value.place ?? place }
    package func keyPlace(of key: String) -> SourcePlace { entries[key]?.keyPlace ?? place }

    /// The value of a key that must be there.
    package func required(_ key: String, hint: String, _ report: inout ConfigReport) -> SourceNode?
    {
        if let node = node(key) { return node }
        report.error(place, "\(title) has no '\(key)'", hint: hint)
        return nil
    }

    /// The text of a key; nil when the key is not there or holds no text (which is told).
    package func text(
        _ key: String, hint: String = "write a text after it", _ report: inout ConfigReport
    )
        -> String?
    {
        guard let node = node(key) else { return nil }
        return node.text(key, hint: hint, &report)
    }

    package func requiredText(_ key: String, hint: String, _ report: inout ConfigReport) -> String?
    {
        required(key, hint: hint, &report)?.text(key, hint: hint, &report)
    }

    /// A duration within a range, or the default when the key is not there.
    package func duration(
        _ key: String, _ range: ClosedRange<Duration>, default standard: Duration,
        _ report: inout ConfigReport
    ) -> Duration {
        guard let node = node(key) else { return standard }
        return node.duration(key, range, example: standard, &report) ?? standard
    }

    /// One of the raw values of an enumeration.
    package func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ type: Choice.Type, _ report: inout ConfigReport
    ) -> Choice? {
        node(key)?.choice(key, Choice.allCases.map { ($0.rawValue, $0) }, &report)
    }

    package func requiredChoice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ type: Choice.Type, hint: String, _ report: inout ConfigReport
    ) -> Choice? {
        let choices = Choice.allCases.map { ($0.rawValue, $0) }
        return required(key, hint: hint, &report)?.choice(key, choices, &report)
    }

    package func flag(_ key: String, default standard: Bool, _ report: inout ConfigReport) -> Bool {
        let choices = [
            ("true", true), ("false", false), ("yes", true), ("no", false), ("on", true),
            ("off", false),
        ]
        return node(key)?.choice(key, choices, &report) ?? standard
    }
}
