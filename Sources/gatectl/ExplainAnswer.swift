import AccessPolicy
import Foundation
import GateConfiguration

/// One decision of policy, put for people and for programs.
struct ExplainAnswer: Encodable {
    let lane: String
    /// What was asked about: exactly one of plate and badge, or the person alone.
    let plate: String?
    let badge: String?
    /// Whose badge it is, or who was asked about.
    let person: String?
    /// Local time, e.g. `2026-10-01T08:30`.
    let at: String
    let outcome: String
    /// The gravest first; empty when admitted.
    let reasons: [String]
    let group: String?
    /// Places in the configuration's files.
    let rule: String?
    let roster: String?

    private let sentence: String

    init(_ decision: AccessDecision, lane: String, local: LocalTime, policy: PolicyConfig) {
        let subject = Subject(
            listing: "the plate", group: decision.group, rule: decision.rulePlace,
            plate: decision.plate, other: decision.otherPlate)
        self.init(
            lane: lane, plate: decision.plate, badge: nil, person: nil, local: local,
            reasons: decision.reasons, rosterPlace: decision.rosterPlace, subject, policy)
    }

    /// - Parameter isPerson: asked about somebody by name, with no badge.
    init(
        _ decision: PersonDecision, isPerson: Bool, lane: String, local: LocalTime,
        policy: PolicyConfig
    ) {
        let subject = Subject(
            listing: isPerson ? "the person" : "the badge", group: decision.group,
            rule: decision.rulePlace, plate: "", other: nil)
        self.init(
            lane: lane, plate: nil, badge: isPerson ? nil : decision.badge,
            person: decision.person, local: local, reasons: decision.reasons,
            rosterPlace: decision.rosterPlace, subject, policy)
    }

    private init(
        lane: String, plate: String?, badge: String?, person: String?, local: LocalTime,
        reasons: [RefusalReason], rosterPlace: String?, _ subject: Subject, _ policy: PolicyConfig
    ) {
        self.lane = lane
        self.plate = plate
        self.badge = badge
        self.person = person
        let minutes = String(local.minute % 60)
        let hours = String(local.minute / 60)
        at =
            "\(local.date)T\(hours.count < 2 ? "0" : "")\(hours):"
            + "\(minutes.count < 2 ? "0" : "")\(minutes)"
        outcome = reasons.isEmpty ? "admitted" : "refused"
        self.reasons = reasons.map(\.rawValue)
        group = subject.group
        rule = subject.rule
        roster = rosterPlace
        sentence =
            reasons.isEmpty
            ? "group '\(subject.group ?? "")' is allowed here now"
            : reasons.map { subject.words($0, policy) }.joined(separator: "; ")
    }

    var text: String {
        let what =
            plate ?? badge.map { "badge \($0)" + (person.map { " of \($0)" } ?? "") } ?? person
            ?? ""
        var lines = ["\(outcome): \(what) at \(lane), \(at): \(sentence)"]
        if let rule { lines.append("  rule    \(rule)") }
        if let roster { lines.append("  \(plate == nil ? "roster " : "vehicle") \(roster)") }
        return lines.joined(separator: "\n")
    }

    var tsv: String {
        let names =
            ["lane"] + (plate == nil ? ["badge", "person"] : ["plate"])
            + ["at", "outcome", "reasons", "group", "rule", "roster"]
        let who = plate.map { [$0] } ?? [badge ?? "", person ?? ""]
        let cells =
            [lane] + who
            + [at, outcome, reasons.joined(separator: ","), group ?? "", rule ?? "", roster ?? ""]
        return names.joined(separator: "\t") + "\n"
            + cells.map { $0.replacing("\t", with: " ").replacing("\n", with: " ") }
            .joined(separator: "\t")
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    private enum CodingKeys: String, CodingKey {
        case lane, plate, badge, person, at, outcome, reasons, group, rule, roster
    }

    /// What the reasons speak of.
    private struct Subject {
        let listing: String
        let group: String?
        let rule: String?
        let plate: String
        let other: String?

        func words(_ reason: RefusalReason, _ policy: PolicyConfig) -> String {
            let group = "group '\(group ?? "")'"
            switch reason {
            case .unreadable: return "no plate was read"
            case .notAPlate: return "no plate reads so; \(PlateAdvice.hint(for: plate))"
            case .unlisted: return "\(listing) is not in the roster"
            case .uncertain: return "no listed plate is probable enough"
            case .noRuleForLane: return "no rule allows \(group) at this lane"
            case .outsideSchedule:
                let schedule = policy.rules.first { $0.place == rule }?.during
                return "\(group) is allowed here only in the hours of '\(schedule ?? "")'"
            case .notYetValid: return "its row in the roster is not valid yet"
            case .expired: return "its row in the roster is no longer valid"
            case .clockUntrusted: return "the clock is not known to be right"
            case .ambiguous: return "two listed plates are within reach: \(other ?? "")"
            case .livenessNotJudged: return "whether a living person stood there was not judged"
            case .noConsent: return "no consent to use the face stands"
            case .faceMismatch: return "the face is not that of the badge's holder"
            case .notLive: return "no living face stood there"
            case .lockdown: return "the site is closed to all but some groups"
            case .denied: return "\(group) is denied here"
            }
        }
    }
}
