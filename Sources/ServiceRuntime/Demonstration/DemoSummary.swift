import EventJournal
import GateSimulation
import GateTypes

/// What a demonstration showed: the gate's own record against what was rendered.
package struct DemoSummary: Hashable, Sendable {
    /// Spans in milliseconds, by nearest rank.
    package struct Spread: Hashable, Sendable {
        package let count: Int
        package let p50: Double
        package let p95: Double
        package let p99: Double
        package let maximum: Double

        /// Nil without a value.
        package init?(_ values: [Double]) {
            guard let maximum = values.max() else { return nil }
            let sorted = values.sorted()
            func quantile(_ share: Double) -> Double {
                let rank = (share * Double(sorted.count)).rounded(.up)
                return sorted[min(max(Int(rank) - 1, 0), sorted.count - 1)]
            }
            count = sorted.count
            p50 = quantile(0.5)
            p95 = quantile(0.95)
            p99 = quantile(0.99)
            self.maximum = maximum
        }
    }

    /// One visit with what the gate recorded of it.
    package struct Visit: Hashable, Sendable {
        package let number: VehicleNumber
        package let lane: LaneName
        /// What is rendered on its plate; nil for a photograph.
        package let rendered: String?
        package let isReadable: Bool
        package let isReadableOnArrival: Bool
        /// Of the passage's record; nil when the record has none of this visit.
        package var outcome: String?
        package var reasons: [String] = []
        package var read: String?
        /// From arrival to relay; nil when the boom was not opened for it.
        package var releaseMilliseconds: Double?
    }

    package private(set) var visits: [Visit] = []
    package private(set) var incidents: [String: Int] = [:]
    package private(set) var faultCount = 0
    /// Passages at turnstiles and doors, by kind of lane and outcome, a refusal by its reasons.
    package private(set) var people: [String: [String: Int]] = [:]
    /// Passages on record that belong to no visit that was seen.
    package private(set) var unmatchedCount = 0
    /// From the first frame with a face of the least size to the relay, in milliseconds, where nobody is
    /// asked to turn their head, and where they are.
    private var faceReleases: [Double] = []
    private var turnedReleases: [Double] = []
    package var faceToRelay: Spread? { Spread(faceReleases) }
    package var turnToRelay: Spread? { Spread(turnedReleases) }

    /// The widest difference between an arrival on record and the same one in the scene: one scene
    /// late, and the debounce of the loop.
    private static let arrivalTolerance = 600.0

    /// - Parameters:
    ///   - entries: the whole journal of the demonstration.
    ///   - sightings: who stood where; without `arrived` it has not reached the loop.
    ///   - catalogue: nil where real pictures were played, whose truth is unknown.
    ///   - personLanes: turnstiles and doors, with the word for their kind.
    ///   - challenged: the ways of turnstiles at which heads are to be turned.
    package init(
        entries: [JournalEntry], sightings: [SceneWitness.Sighting], catalogue: SceneCatalogue?,
        personLanes: [LaneName: String] = [:], challenged: [LaneName: Set<String>] = [:]
    ) {
        let arrived = sightings.compactMap { sighting in
            sighting.arrived.map { (sighting, $0) }
        }
        visits = arrived.map { sighting, _ in
            let vehicle = catalogue?.vehicle(sighting.vehicle)
            return Visit(
                number: sighting.vehicle, lane: sighting.lane,
                rendered: vehicle.flatMap { $0.text.isEmpty ? nil : $0.text },
                isReadable: vehicle?.isReadable ?? false,
                isReadableOnArrival: vehicle?.isReadableOnArrival ?? false)
        }
        var isTaken = Set<Int>()
        for entry in entries {
            switch EntryKind(rawValue: entry.kind) {
            case .incident: incidents[entry.facts["class"] ?? "other", default: 0] += 1
            case .fault: faultCount += 1
            case .passage where entry.lane.map { personLanes[$0] != nil } ?? false:
                take(
                    person: entry, at: entry.lane.flatMap { personLanes[$0] } ?? "",
                    challenged: entry.lane.flatMap { challenged[$0] } ?? [])
            case .passage:
                let index = Self.visit(of: entry, among: arrived, taken: isTaken)
                if let index {
                    isTaken.insert(index)
                    fill(&visits[index], from: entry)
                } else {
                    unmatchedCount += 1
                }
            default: break
            }
        }
    }

    private mutating func take(
        person entry: JournalEntry, at kind: String, challenged: Set<String>
    ) {
        let reason = entry.facts["reasons"] ?? entry.facts["refused"]
        people[kind, default: [:]][reason ?? entry.facts["outcome"] ?? "other", default: 0] += 1
        if entry.facts["trigger"] == "face",
            let span = entry.facts["release_ms"].flatMap(Double.init)
        {
            if challenged.contains(entry.facts["way"] ?? "") {
                turnedReleases.append(span)
            } else {
                faceReleases.append(span)
            }
        }
    }

    /// The visit whose arrival is nearest to the passage's own.
    private static func visit(
        of entry: JournalEntry, among arrived: [(SceneWitness.Sighting, Instant)],
        taken: Set<Int>
    ) -> Int? {
        guard let lane = entry.lane, let span = entry.facts["cleared_ms"].flatMap({ Double($0) })
        else { return nil }
        let arrival = Double(entry.instant.nanoseconds) / 1e6 - span
        func distance(_ index: Int) -> Double {
            abs(Double(arrived[index].1.nanoseconds) / 1e6 - arrival)
        }
        // One who follows another is recorded from the boom on, not from the approach loop.
        let isLoop = entry.facts["trigger"] == "loop"
        return arrived.indices
            .filter { arrived[$0].0.lane == lane && !taken.contains($0) }
            .filter { !isLoop || distance($0) <= arrivalTolerance }
            .filter { isLoop || contains(arrived[$0].0, arrival) }
            .min { distance($0) < distance($1) }
    }

    private static func contains(_ sighting: SceneWitness.Sighting, _ arrival: Double) -> Bool {
        let from = Double(sighting.appeared.nanoseconds) / 1e6
        let until = sighting.left.map { Double($0.nanoseconds) / 1e6 } ?? .infinity
        return (from...max(from, until + arrivalTolerance)).contains(arrival)
    }

    private func fill(_ visit: inout Visit, from entry: JournalEntry) {
        visit.outcome = entry.facts["outcome"]
        visit.reasons = (entry.facts["reasons"] ?? "").split(separator: " ").map(String.init)
        visit.read = entry.text(.plate)
        visit.releaseMilliseconds = entry.facts["release_ms"].flatMap { Double($0) }
    }

    // MARK: Figures

    package var admittedCount: Int { visits.filter { $0.releaseMilliseconds != nil }.count }

    /// Visits without an opening, by the first reason on record.
    package var refusals: [String: Int] {
        visits.filter { $0.releaseMilliseconds == nil }.reduce(into: [:]) { counts, visit in
            counts[visit.reasons.first ?? visit.outcome ?? "unrecorded", default: 0] += 1
        }
    }

    /// Readable visits with a record, and how many of them were read exactly as rendered.
    package var readings: (exact: Int, of: Int) {
        let judged = visits.filter { $0.isReadable && $0.rendered != nil && $0.outcome != nil }
        return (judged.filter { $0.read == $0.rendered }.count, judged.count)
    }

    /// Openings for another plate than the one that stood there: there must be none.
    package var wrongOpenings: [Visit] {
        visits.filter {
            $0.releaseMilliseconds != nil && $0.rendered != nil && $0.read != $0.rendered
        }
    }

    package var arrivalToRelay: Spread? { Spread(visits.compactMap(\.releaseMilliseconds)) }

    /// The same for vehicles whose plate could be read when they arrived.
    package var arrivalToRelayReadable: Spread? {
        Spread(visits.filter(\.isReadableOnArrival).compactMap(\.releaseMilliseconds))
    }
}
