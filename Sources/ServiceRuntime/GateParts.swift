import EventJournal
import GateConfiguration
import GateEngine
import GateTypes
import LineControl

/// A configuration that cannot be used, as sentences that each name their place.
package struct ConfigProblems: Error, Hashable, Sendable, CustomStringConvertible {
    package let messages: [String]

    package init(_ messages: [String]) { self.messages = messages }

    package var description: String { messages.joined(separator: "\n") }
}

/// What a `GateService` is built of; programs and tests choose the parts.
package struct GateParts {
    /// Reads the configuration anew; it runs beside the loop.
    package var loadConfig: @Sendable () -> Result<GateConfig, ConfigProblems>
    /// The chips by their names in `chips:`.
    package var makeChips: (GateConfig) -> [String: any LineChip]
    /// The journal in a state directory.
    package var makeJournal: (String, JournalOptions) -> any Journal
    package var notifier: any ServiceNotifier
    package var log: (ServiceLog.Level, String) -> Void
    /// Whether the wall clock is known to be right.
    package var clockIsTrusted: () -> Bool
    /// Our version, as status tells it.
    package var program: String
    /// Badges of the simulated world since the last call; asked only where chips are simulated.
    package var simulatedBadges: () -> [BadgeReading] = { [] }
    /// Shows people of the simulated world what a lane's display says.
    package var simulatedDisplay: (LaneName, Notice) -> Void = { _, _ in }
    /// The user who may be the eyes, beside our own and root.
    package var eyesUser = "gatehouse-vision"

    package init(
        loadConfig: @escaping @Sendable () -> Result<GateConfig, ConfigProblems>,
        makeChips: @escaping (GateConfig) -> [String: any LineChip],
        makeJournal: @escaping (String, JournalOptions) -> any Journal,
        notifier: any ServiceNotifier, log: @escaping (ServiceLog.Level, String) -> Void,
        clockIsTrusted: @escaping () -> Bool, program: String
    ) {
        self.loadConfig = loadConfig
        self.makeChips = makeChips
        self.makeJournal = makeJournal
        self.notifier = notifier
        self.log = log
        self.clockIsTrusted = clockIsTrusted
        self.program = program
    }
}

/// Where the two programs and their visitors meet.
package enum RuntimePaths {
    package static func control(_ config: GateConfig) -> String {
        config.storage.runtimeDirectory + "/control.sock"
    }

    package static func vision(_ config: GateConfig) -> String {
        config.storage.runtimeDirectory + "/vision.sock"
    }
}
