/// Something in a configuration file that is allowed and yet worth a look.
package struct ConfigWarning: Hashable, Sendable, CustomStringConvertible {
    package let place: SourcePlace
    package let problem: String
    package let hint: String

    package init(_ place: SourcePlace, _ problem: String, hint: String) {
        self.place = place
        self.problem = problem
        self.hint = hint
    }

    package var description: String { "\(place): warning: \(problem); \(hint)" }
}

/// Every problem that one run of the validation meets.
package struct ConfigReport: Hashable, Sendable {
    private var found: [ConfigError] = []
    private var noted: [ConfigWarning] = []

    package init() {}

    /// Sorted by place, each once.
    package var errors: [ConfigError] {
        Set(found).sorted { ($0.place, $0.problem) < ($1.place, $1.problem) }
    }

    /// Sorted by place, each once.
    package var warnings: [ConfigWarning] {
        Set(noted).sorted { ($0.place, $0.problem) < ($1.place, $1.problem) }
    }

    package var hasErrors: Bool { !found.isEmpty }

    package mutating func error(_ place: SourcePlace, _ problem: String, hint: String) {
        found.append(ConfigError(place, problem, hint: hint))
    }

    package mutating func warn(_ place: SourcePlace, _ problem: String, hint: String) {
        noted.append(ConfigWarning(place, problem, hint: hint))
    }

    package mutating func add(_ error: ConfigError) { found.append(error) }
}

/// Limits on what a configuration may hold, in one place.
package enum ConfigLimits {
    package static let lanesMaximum = 32
    package static let readersMaximum = 64
    package static let camerasMaximum = 32
    package static let linesMaximum = 256
    package static let rulesMaximum = 1_000
    package static let vehiclesMaximum = 100_000
    package static let regionCornersMaximum = 64
    package static let nameLengthMaximum = 64
    package static let holidaysMaximum = 1_000
}
