import GateTypes

/// Groups, schedules and rules of `policy.yaml`; a deny overrides every allow.
package struct PolicyConfig: Hashable, Sendable {
    package var groups: Set<String> = []
    package var schedules: [String: Schedule] = [:]
    package var rules: [Rule] = []

    package init() {}

    /// One line of `rules:`.
    package struct Rule: Hashable, Sendable {
        package enum Effect: String, Hashable, Sendable { case allow, deny }

        package var effect: Effect
        package var group: String
        /// Empty means every lane.
        package var lanes: Set<LaneName>
        /// The schedule's name; nil means always.
        package var during: String?
        /// For `explain`: where the rule stands, e.g. "policy.yaml:12:5".
        package var place: String

        package init(
            _ effect: Effect, group: String, lanes: Set<LaneName> = [], during: String? = nil,
            place: String = ""
        ) {
            self.effect = effect
            self.group = group
            self.lanes = lanes
            self.during = during
            self.place = place
        }
    }
}

/// Weekly opening hours in the site's local time.
package struct Schedule: Hashable, Sendable {
    /// From `fromMinute` up to, not including, `untilMinute`; a span over midnight is two windows.
    package struct Window: Hashable, Sendable {
        /// 1 is Monday, 7 is Sunday (ISO 8601).
        package var days: Set<Int>
        /// Minutes since local midnight, 0...1440.
        package var fromMinute: Int
        package var untilMinute: Int

        package init(days: Set<Int>, fromMinute: Int, untilMinute: Int) {
            self.days = days
            self.fromMinute = fromMinute
            self.untilMinute = untilMinute
        }
    }

    package var windows: [Window]
    /// Local dates (yyyy-mm-dd) on which no window holds.
    package var holidays: Set<String>

    package init(windows: [Window], holidays: Set<String> = []) {
        self.windows = windows
        self.holidays = holidays
    }
}

/// What rules ask of a row of the roster, whoever it is about.
package protocol RosterRow: Sendable {
    var group: String { get }
    /// Local dates (yyyy-mm-dd), both included; nil is without limit.
    var validFrom: String? { get }
    var validUntil: String? { get }
    var place: String { get }
}

/// The vehicles and people that the site knows.
package struct Roster: Hashable, Sendable {
    package var vehicles: [Vehicle] = []
    package var people: [Person] = []
    package var badges: [Badge] = []

    package init() {}

    /// One row of `roster/vehicles.csv`.
    package struct Vehicle: Hashable, Sendable, RosterRow {
        /// Normalised, and allowed by the grammar.
        package var plate: String
        package var group: String
        /// Local dates (yyyy-mm-dd), both included; nil is without limit.
        package var validFrom: String?
        package var validUntil: String?
        package var note: String
        package var place: String

        package init(
            plate: String, group: String, validFrom: String? = nil, validUntil: String? = nil,
            note: String = "", place: String = ""
        ) {
            self.plate = plate
            self.group = group
            self.validFrom = validFrom
            self.validUntil = validUntil
            self.note = note
            self.place = place
        }
    }

    /// One row of `roster/people.csv`.
    package struct Person: Hashable, Sendable, RosterRow {
        /// The person's number or other name of the site's choice, e.g. E017.
        package var person: String
        package var group: String
        package var validFrom: String?
        package var validUntil: String?
        package var note: String
        package var place: String

        package init(
            person: String, group: String, validFrom: String? = nil, validUntil: String? = nil,
            note: String = "", place: String = ""
        ) {
            self.person = person
            self.group = group
            self.validFrom = validFrom
            self.validUntil = validUntil
            self.note = note
            self.place = place
        }
    }

    /// One row of `roster/badges.csv`.
    package struct Badge: Hashable, Sendable {
        /// As the reader tells it, in decimal without leading zeros; a keypad's code as `code:4711`.
        package var badge: String
        package var person: String
        package var validFrom: String?
        package var validUntil: String?
        package var note: String
        package var place: String

        package init(
            badge: String, person: String, validFrom: String? = nil, validUntil: String? = nil,
            note: String = "", place: String = ""
        ) {
            self.badge = badge
            self.person = person
            self.validFrom = validFrom
            self.validUntil = validUntil
            self.note = note
            self.place = place
        }
    }
}
