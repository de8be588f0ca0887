import GateTypes

/// A line or chip that does not do what it should; the text names it and the remedy.
package enum LineError: Error, Hashable, Sendable, CustomStringConvertible {
    case chipMissing(chip: String, path: String, reason: String)
    case noSuchLine(LineName, chip: String, address: String)
    case nameNotUnique(LineName, chip: String, name: String)
    case busy(LineName, consumer: String)
    case failed(LineName, operation: String, reason: String)
    /// The configuration has no such output.
    case unknown(LineName)
    /// Its opposite is energised.
    case excluded(LineName, by: LineName)

    package var description: String {
        switch self {
        case .chipMissing(let chip, let path, let reason):
            "chip '\(chip)': cannot open \(path): \(reason); compare 'gpiodetect' with "
                + "'chips:' and the rights of the device"
        case .noSuchLine(let line, let chip, let address):
            "line '\(line)': chip '\(chip)' has no line \(address); see 'gpioinfo'"
        case .nameNotUnique(let line, let chip, let name):
            "line '\(line)': chip '\(chip)' has several lines named '\(name)'; give its number"
        case .busy(let line, let consumer):
            "line '\(line)': already used by '\(consumer)'; stop that program, or name another line"
        case .failed(let line, let operation, let reason):
            "line '\(line)': \(operation): \(reason)"
        case .unknown(let line):
            "line '\(line)': not an output of this configuration"
        case .excluded(let line, let other):
            "line '\(line)': not energised, because its opposite '\(other)' is"
        }
    }
}
