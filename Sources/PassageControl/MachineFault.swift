/// Why a machine works by hand only.
package protocol MachineFault: Hashable, Sendable {
    /// A stable name for alarms and records.
    var code: String { get }
    /// Ends when the sensor is in order again; else a named person ends it.
    var clearsItself: Bool { get }
}

extension Set where Element: MachineFault {
    /// Codes of those that only a named person ends.
    var lasting: Set<String> { Set<String>(lazy.filter { !$0.clearsItself }.map(\.code)) }
}
