/// Why an emergency stands, as it goes on record.
///
/// Facts are kept for ever, so a name stands in the personal field alone.
enum EmergencyReason {
    /// How the reason begins where a named person has released the lanes.
    private static let named = "released by "

    static func released(by name: String) -> String { named + name }

    static func fact(_ reason: String) -> String {
        reason.hasPrefix(named) ? "released_by_name" : reason
    }

    /// Who released the lanes; nil where nobody did by name.
    static func person(_ reason: String) -> String? {
        reason.hasPrefix(named) ? String(reason.dropFirst(named.count)) : nil
    }
}
