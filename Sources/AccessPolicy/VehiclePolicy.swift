import GateConfiguration
import GateTypes

/// Who may pass which lane when: groups, rules, dates and schedules over a roster of plates.
///
package struct VehiclePolicy: Hashable, Sendable {
    /// A listed plate competes when its probability is at least this share of the best one's.
    private static let ambiguityShare = 0.1
    /// A deny list reaches this far below the best text; an allow list needs the threshold.
    private static let denyShare = 0.02
    /// At each place an allowed plate's character has at least this share of the best one's.
    private static let placeShare = 0.25

    private var rules: AccessRules
    private let listed: ListedPlates

    package init(_ policy: PolicyConfig, roster: Roster, zone: TimeZoneTable) {
        rules = AccessRules(policy, zone: zone)
        listed = ListedPlates(roster)
    }

    /// Closes to all but these groups, or to nobody with nil.
    package mutating func lockDown(exceptFor groups: Set<String>?) { rules.onlyGroups = groups }

    /// Decides on a vehicle by the likelihood of its readings, not by their text.
    ///
    /// For each listed plate k with probability p(k), and u left over for all unlisted ones, the
    /// likelihood ratio is (p(k) / u) × (number of strangers' plates). Of strangers, at most 1 / T
    /// reach a ratio of T for one listed plate (Markov), so n listed plates and an accepted rate r
    /// ask for T = n / r. With 450 plates, r = 2e-4 and an ordinary plate: p(k) >= 0.24.
    package func decide(
        _ evidence: PlateEvidence, at lane: LaneName, falseAcceptRate: Double, now: Moment
    ) -> AccessDecision {
        let logs = evidence.logPosteriors()
        guard !logs.isEmpty else { return .refused([.unreadable], plate: "") }
        let text = evidence.text
        guard let shelf = listed.shelves[evidence.placeCount] else {
            return .refused([.unlisted], plate: text)
        }
        let best = Self.bestLogarithms(logs, places: evidence.placeCount)
        let candidates = rank(shelf, logs, best, places: evidence.placeCount)
        let textProbability = LogarithmicMath.exp(best.reduce(0, +))

        for candidate in candidates where candidate.probability >= Self.denyShare * textProbability
        {
            let entry = listed.entries[candidate.entry]
            if let denial = denial(of: entry, at: lane, now: now) {
                return decision(.refused([.denied]), entry, denial, candidate.probability)
            }
        }
        let onList = candidates.reduce(0) { $0 + $1.probability }
        let unlisted = max(1 - onList, 1e-9)
        guard let first = candidates.first(where: \.isWithinReach) else {
            return .refused([.unlisted], plate: text)
        }
        let entry = listed.entries[first.entry]
        let ratio = first.probability / unlisted * entry.strangerCount
        let threshold = Double(listed.entries.count) / max(falseAcceptRate, 1e-12)
        let rival = candidates.first {
            $0.entry != first.entry && $0.probability >= Self.ambiguityShare * first.probability
        }
        if let rival, first.probability + rival.probability >= unlisted {
            var result = decision(.refused([.ambiguous]), entry, nil, first.probability)
            result.otherPlate = listed.entries[rival.entry].plate
            return result
        }
        guard ratio >= threshold, rival == nil else {
            return .refused([.uncertain], plate: text, probability: first.probability)
        }
        return rule(on: entry, at: lane, now: now, probability: first.probability)
    }

    /// What the rules say about this very text, as if it had been read beyond doubt.
    package func explain(plate: String, at lane: LaneName, now: Moment) -> AccessDecision {
        let plate = PlateGrammar.normalised(plate)
        guard !PlateGrammar.types(of: plate).isEmpty else {
            return .refused([.notAPlate], plate: plate)
        }
        guard let entry = listed.entry(plate) else {
            return .refused([.unlisted], plate: plate)
        }
        if let denial = denial(of: entry, at: lane, now: now) {
            return decision(.refused([.denied]), entry, denial, 1)
        }
        return rule(on: entry, at: lane, now: now, probability: 1)
    }

    // MARK: Matching

    private struct Candidate {
        let entry: Int
        let probability: Double
        let isWithinReach: Bool
    }

    private static func bestLogarithms(_ logs: [Double], places: Int) -> [Double] {
        (0..<places).map { place in
            logs[place * Alphabet.count..<(place + 1) * Alphabet.count].max() ?? 0
        }
    }

    /// The listed plates that are worth a look, the most probable first.
    private func rank(
        _ shelf: ListedPlates.Shelf, _ logs: [Double], _ best: [Double], places: Int
    ) -> [Candidate] {
        let floor = best.reduce(0, +) + LogarithmicMath.ln(1e-6)
        let placeFloor = LogarithmicMath.ln(Self.placeShare)
        var candidates: [Candidate] = []
        for (number, entry) in shelf.entries.enumerated() {
            var sum = 0.0
            var isWithinReach = true
            for place in 0..<places {
                let logarithm =
                    logs[place * Alphabet.count + shelf.characters[number * places + place]]
                sum += logarithm
                if logarithm < best[place] + placeFloor { isWithinReach = false }
            }
            guard sum >= floor else { continue }
            candidates.append(
                Candidate(
                    entry: entry, probability: LogarithmicMath.exp(sum),
                    isWithinReach: isWithinReach))
        }
        return candidates.sorted { $0.probability > $1.probability }
    }

    // MARK: Rules

    private typealias Hit = AccessRules.Hit<Roster.Vehicle>

    /// A deny that holds, or may hold while the clock is in doubt.
    private func denial(of entry: ListedPlates.Entry, at lane: LaneName, now: Moment) -> Hit? {
        rules.denial(of: entry.rows, at: lane, now: now)
    }

    private func rule(
        on entry: ListedPlates.Entry, at lane: LaneName, now: Moment, probability: Double
    ) -> AccessDecision {
        let (reasons, hit) = rules.admission(of: entry.rows, at: lane, now: now)
        return decision(
            reasons.isEmpty ? .admitted : .refused(reasons), entry, hit, probability)
    }

    private func decision(
        _ outcome: AccessDecision.Outcome, _ entry: ListedPlates.Entry, _ hit: Hit?,
        _ probability: Double
    ) -> AccessDecision {
        AccessDecision(
            outcome: outcome, plate: entry.plate, group: (hit?.row ?? entry.rows.first)?.group,
            rulePlace: hit?.rule.place, rosterPlace: (hit?.row ?? entry.rows.first)?.place,
            probability: probability)
    }
}
