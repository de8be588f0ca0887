/// What one entry of the journal is about.
package enum EntryKind: String, Sendable, Codable, CaseIterable {
    /// An opening decided, written before the relay moves.
    case grant
    case refusal
    /// One whole passage with its times and outcome.
    case passage
    case incident
    case override
    case fault
    case faultCleared = "fault_cleared"
    case emergency
    case lockdown
    case configuration
    case service
    case clockJump = "clock_jump"
    case erasure
    /// A consent granted, withdrawn or expired, and what became of the templates under it.
    case consent
    /// What became of a picture, told after the entry of its passage was written.
    case picture
    case pictureErasure = "picture_erasure"
}

/// Fields that must be deletable: the chain covers only a salted commitment to each.
package enum PersonalField: String, Sendable, Codable, CaseIterable {
    case plate, person, badge
    /// Who acted, where `person` is whom it concerns.
    case operatorName = "operator"
}

/// An entry as the core writes it; the journal adds sequence, salts and hashes.
package struct EntryDraft: Hashable, Sendable, Codable {
    package var kind: EntryKind
    package var lane: LaneName?
    package var instant: Instant
    package var wall: WallTime
    /// Facts without personal content, kept for ever; keys are snake_case, spans in milliseconds.
    package var facts: [String: String]
    package var personal: [PersonalField: String]

    package init(
        _ kind: EntryKind, lane: LaneName? = nil, at moment: Moment,
        facts: [String: String] = [:], personal: [PersonalField: String] = [:]
    ) {
        self.kind = kind
        self.lane = lane
        self.instant = moment.instant
        self.wall = moment.wall
        self.facts = facts
        if !moment.wallIsTrusted { self.facts["wall_time"] = "untrusted" }
        self.personal = personal
    }
}

/// Ties a durable entry to the answer that it is stored.
package struct IntentNumber: Hashable, Sendable, Codable {
    package let value: UInt64

    package init(_ value: UInt64) {
        self.value = value
    }
}

/// A fault that only a named person ends.
package struct LastingFault: Hashable, Sendable, Codable {
    package let lane: LaneName
    /// Stable, e.g. `presence_contradicts`.
    package let code: String

    package init(lane: LaneName, code: String) {
        self.lane = lane
        self.code = code
    }
}

/// What outlives a restart beside the journal: an emergency not yet reset, and what it left open.
package struct StandingState: Hashable, Sendable, Codable {
    /// Why booms are held open, e.g. "fire alarm"; nil when there is no emergency.
    package var emergency: String?
    /// Lanes that an emergency has opened and that only a named command closes.
    package var closedByNameOnly: Set<LaneName>
    /// By whom the site was closed to all but some groups; nil when it is not.
    package var lockdown: String?
    /// Neither a restart nor a new configuration makes a blind sensor see.
    package var faults: Set<LastingFault> = []

    package init(
        emergency: String? = nil, closedByNameOnly: Set<LaneName> = [], lockdown: String? = nil,
        faults: Set<LastingFault> = []
    ) {
        self.faults = faults
        self.lockdown = lockdown
        self.emergency = emergency
        self.closedByNameOnly = closedByNameOnly
    }

    /// Codes of the lane's faults that nobody has ended.
    package func faults(of lane: LaneName) -> Set<String> {
        Set(faults.lazy.filter { $0.lane == lane }.map(\.code))
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        emergency = try values.decodeIfPresent(String.self, forKey: .emergency)
        closedByNameOnly =
            try values.decodeIfPresent(Set<LaneName>.self, forKey: .closedByNameOnly) ?? []
        lockdown = try values.decodeIfPresent(String.self, forKey: .lockdown)
        faults = try values.decodeIfPresent(Set<LastingFault>.self, forKey: .faults) ?? []
    }
}
