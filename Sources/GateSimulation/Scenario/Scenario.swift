import GateConfiguration
import GateTypes

/// What a trainer wants to see: a site, who comes, what breaks, what people do, and what must come of it.
package struct Scenario: Hashable, Sendable {
    package var name: String
    /// One sentence for whoever chooses among scenarios.
    package var about = ""
    /// The configuration folder, as the file names it.
    package var site: String
    /// Where that stands in the file.
    package var sitePlace: SourcePlace
    /// When it begins by the site's clock, as the file writes it.
    package var startText: String
    package var startPlace: SourcePlace
    package var length: Duration
    package var traffic = TrafficRates()
    package var faults = FaultRates()
    package var timeline: [Act] = []
    package var hasGuard = true
    package var expectations: [Expectation] = []

    /// Who comes by chance in one day, and when.
    package struct TrafficRates: Hashable, Sendable {
        package var vehicles = 0.0
        package var people = 0.0
        package var bicycles = 0.0
        /// Bicycles that come together.
        package var burst = 5
        /// Weights of the 24 hours, of each kind.
        package var hours = [WeightedHour](repeating: 1, count: 24)
        /// Share of drivers and people who do something unusual.
        package var unusual = 0.04
        /// Share of vehicles and badges that nobody has listed.
        package var strangers = 0.03
    }

    package typealias WeightedHour = Double

    /// Faults by chance, each so many times a day over the whole site.
    package struct FaultRates: Hashable, Sendable {
        package var perDay: [FaultKind: Double] = [:]
    }

    /// What can break or happen by chance or by script.
    package enum FaultKind: String, Hashable, Sendable, CaseIterable {
        case stuck, dead, flapping, gone, late
        case relayDead = "relay-dead"
        case relayWelded = "relay-welded"
        case motor
        case camera
        case storageStall = "storage-stall"
        case kill
        case powerCut = "power-cut"
        case fire
        case clockJump = "clock-jump"

        /// What breaks at one line of an input or output.
        var needsLine: Bool {
            switch self {
            case .stuck, .dead, .flapping, .gone, .late, .relayDead, .relayWelded: true
            case .motor, .camera, .storageStall, .kill, .powerCut, .fire, .clockJump: false
            }
        }

        var needsLane: Bool { self == .motor || self == .camera }
    }

    /// Whose plate or badge somebody has.
    package enum Identity: Hashable, Sendable {
        case listed, unknown, denied
        case text(String)
    }

    /// One line of the timeline.
    package struct Act: Hashable, Sendable {
        package enum What: Hashable, Sendable {
            case vehicle(LaneName, VehicleKind, Identity, DriverManner, isReadable: Bool)
            case walker(LaneName, WalkerWay, Identity, WalkerManner, FrameDamage?)
            /// A button or a switch is held for so long.
            case press(LineName, lasts: Duration)
            case fault(FaultKind, LineName?, LaneName?, lasts: Duration, by: Duration)
            case command(OperatorWish, LaneName?, by: String)
        }

        package var at: Duration
        package var what: What
        package var count = 1
        package var every = Duration.seconds(5)
        package var place: SourcePlace

        package init(at: Duration, what: What, place: SourcePlace) {
            self.at = at
            self.what = what
            self.place = place
        }
    }

    /// What a named person may want, by its word in a file.
    package enum OperatorWish: String, Hashable, Sendable, CaseIterable {
        case open, close
        case clearFault = "clear-fault"
        case emergency
        case emergencyReset = "emergency-reset"
        case lockdown
        case endLockdown = "end-lockdown"

        var needsLane: Bool {
            switch self {
            case .open, .close, .clearFault: true
            case .emergency, .emergencyReset, .lockdown, .endLockdown: false
            }
        }
    }

    /// How many passages or incidents of one word there must be.
    package struct Expectation: Hashable, Sendable {
        package var word: String
        package var least: Int
        package var most: Int
        package var place: SourcePlace
    }

    package init(
        name: String, site: String, sitePlace: SourcePlace, startText: String,
        startPlace: SourcePlace, length: Duration
    ) {
        self.name = name
        self.site = site
        self.sitePlace = sitePlace
        self.startText = startText
        self.startPlace = startPlace
        self.length = length
    }
}
