import AccessPolicy
import Foundation
import GateConfiguration

/// One decision of policy, put for people and for programs.
struct ExplainAnswer: Encodable {
    let lane: String
    let plate: String
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
        self.lane = lane
        plate = decision.plate
        let minutes = String(local.minute % 60)
        let hours = String(local.minute / 60)
        at =
            "\(local.date)T\(hours.count < 2 ? "0" : "")\(hours):"
            + "\(minutes.count < 2 ? "0" : "")\(minutes)"
        outcome = decision.isAdmitted ? "admitted" : "refused"
        reasons = decision.reasons.map(\.rawValue)
        group = decision.group
        rule = decision.rulePlace
        roster = decision.rosterPlace
        let words = decision.reasons.map { Self.words($0, decision, policy) }
        sentence =
            decision.isAdmitted
            ? "group '\(decision.group ?? "")' is allowed here now" : words.joined(separator: "; ")
    }

    var text: String {
        var lines = ["\(outcome): \(plate) at \(lane), \(at): \(sentence)"]
        if let rule { lines.append("  rule    \(rule)") }
        if let roster { lines.append("  vehicle \(roster)") }
        return lines.joined(separator: "\n")
    }

    var tsv: String {
        let cells = [
            lane, plate, at, outcome, reasons.joined(separator: ","), group ?? "", rule ?? "",
            roster ?? "",
        ]
        return "lane\tplate\tat\toutcome\treasons\tgroup\trule\troster\n"
            + cells.map { $0.replacing("\t", with: " ").replacing("\n", with: " ") }
            .joined(separator: "\t")
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    private enum CodingKeys: String, CodingKey {
        case lane, plate, at, outcome, reasons, group, rule, roster
    }

    private static func words(
        _ reason: RefusalReason, _ decision: AccessDecision, _ policy: PolicyConfig
    ) -> String {
        let group = "group '\(decision.group ?? "")'"
        switch reason {
        case .unreadable: return "no plate was read"
        case .notAPlate: return "no plate reads so; \(PlateAdvice.hint(for: decision.plate))"
        case .unlisted: return "the plate is not in the roster"
        case .uncertain: return "no listed plate is probable enough"
        case .noRuleForLane: return "no rule allows \(group) at this lane"
        case .outsideSchedule:
            let schedule = policy.rules.first { $0.place == decision.rulePlace }?.during
            return "\(group) is allowed here only in the hours of '\(schedule ?? "")'"
        case .notYetValid: return "its row in the roster is not valid yet"
        case .expired: return "its row in the roster is no longer valid"
        case .clockUntrusted: return "the clock is not known to be right"
        case .ambiguous: return "two listed plates are within reach: \(decision.otherPlate ?? "")"
        case .livenessNotJudged: return "whether a living person stood there was not judged"
        case .noConsent: return "no consent to use the face stands"
        case .faceMismatch: return "the face is not that of the badge's holder"
        case .notLive: return "no living face stood there"
        case .denied: return "\(group) is denied here"
        }
    }
}
