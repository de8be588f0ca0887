import AccessPolicy
import GateTypes
import PassageControl

/// One person, or one bicycle, at a turnstile or a door: one passage is one event.
struct PersonPassage: Hashable, Sendable {
    enum Trigger: String, Hashable, Sendable {
        case badge, face, guardsman = "guard"
        case exitButton = "exit_button"
        /// Nobody let them in, or an emergency let everybody.
        case sensors
    }

    /// How a passage ended, for its record.
    enum Outcome: String, Hashable, Sendable, CaseIterable {
        case passed, tailgated, forced, refused, interrupted, unobserved
        case turnedBack = "turned_back"
        case timedOut = "timed_out"
        case wrongWay = "wrong_way"

        init(_ end: PersonWarrant.End) {
            self =
                switch end {
                case .passed: .passed
                case .unused, .lapsed: .timedOut
                case .turnedBack: .turnedBack
                case .wrongWay: .wrongWay
                case .interrupted: .interrupted
                case .refused: .refused
                case .unobserved: .unobserved
                }
        }
    }

    let number: UInt64
    let trigger: Trigger
    let arrival: Instant
    let arrivalWall: WallTime
    /// What the deadline counts from: the badge's last bit, or the frame that decided.
    var basis: Instant
    var way: String?
    var decision: PersonDecision?
    var operatorName: String?
    var isSimulated = false
    /// Which reader told the badge; nil where none with a name did.
    var reader: ReaderName?
    var decided: Instant?
    var released: Instant?

    init(number: UInt64, trigger: Trigger, at arrival: Instant, now: Moment) {
        self.number = number
        self.trigger = trigger
        self.arrival = min(arrival, now.instant)
        basis = self.arrival
        let ago = (now.instant - self.arrival).nanoseconds / 1_000_000
        arrivalWall = WallTime(milliseconds: now.wall.milliseconds &- ago)
    }

    /// Badge and person are personal: they can be erased without breaking the chain.
    var personal: [PersonalField: String] {
        var fields: [PersonalField: String] = [:]
        fields[.badge] = decision?.badge
        fields[.person] = decision?.person ?? operatorName
        return fields
    }

    /// The whole passage as one entry; spans count from the arrival.
    func record(
        _ outcome: Outcome, _ facts: [String: String], lane: LaneName, at now: Moment
    ) -> EntryDraft {
        func span(to instant: Instant?) -> String? {
            instant.map { Passage.milliseconds($0 - arrival) }
        }
        var facts = facts
        facts.reserveCapacity(16)  // Growing step by step costs more than all the rest.
        facts["passage"] = String(number)
        facts["outcome"] = outcome.rawValue
        facts["trigger"] = trigger.rawValue
        facts["arrival_unix_ms"] = String(arrivalWall.milliseconds)
        facts["way"] = way
        facts["reader"] = reader?.text
        facts["decision_ms"] = span(to: decided)
        facts["release_ms"] = span(to: released)
        facts["cleared_ms"] = span(to: now.instant)
        if let decision {
            facts["reasons"] =
                decision.isAdmitted
                ? nil : decision.reasons.map(\.rawValue).joined(separator: " ")
            facts["rule"] = decision.rulePlace
            facts["roster"] = decision.rosterPlace
            facts["group"] = decision.group
        }
        if isSimulated { facts["simulated"] = "true" }
        return EntryDraft(.passage, lane: lane, at: now, facts: facts, personal: personal)
    }
}
