import GateConfiguration
import GateTypes

/// What one site's own roster does to matching: listed plates that are too close to be told apart,
/// and the strangers that would be let in.
///
/// The roster is put before `VehiclePolicy.decide` with readings of a documented doubt, so that the
/// answer is that of the gate itself. Schedules, lanes and dates are left aside.
///
/// **The doubt.** Of all readings, one in ten has one doubtful place (`doubtfulShare`; the share that
/// the reader is measured with), each place as likely as any other. There the reader cannot choose
/// between the true character and one that looks like it (`Lookalikes`), and says so in shares of
/// 90:10, 70:30 or 50:50, each as frequent as the others. A calibrated reader is right as often as
/// it says: the true character has the larger share in 9, 7 or 5 of 10 such readings. A place that
/// is covered and may hold anything is left aside: matching refuses it on any list.
package struct RosterLint: Sendable {
    package static let doubtfulShare = 0.1
    /// What the true character gets, and how often.
    static let splits = [0.9, 0.7, 0.5, 0.3, 0.1].map {
        (share: $0, weight: $0 == 0.5 ? 1.0 / 3 : $0 / 3)
    }
    private static let clear = 0.999

    /// Two listed plates that one doubtful place confuses.
    package struct Pair: Hashable, Sendable, Comparable {
        package let plate: String
        package let other: String
        /// The place where they differ, from 1.
        package let place: Int

        package static func < (a: Self, b: Self) -> Bool {
            (a.plate, a.other) < (b.plate, b.other)
        }
    }

    /// Strangers that share the first two characters with listed plates.
    package struct City: Hashable, Sendable {
        package let letters: String
        package let listedCount: Int
        /// Strangers' plates that a doubtful reading can open for.
        package let admittedStrangers: Int
        /// The share of such strangers' passages that open, 0...1.
        package let falseAcceptRate: Double
    }

    package let plateCount: Int
    /// The rate that the lanes accept.
    package let acceptedRate: Double
    package private(set) var pairs: [Pair] = []
    /// Listed plates that some doubtful reading refuses as ambiguous.
    package private(set) var ambiguousPlates: Set<String> = []
    /// The share of the listed vehicles' passages that are refused as ambiguous, 0...1.
    package private(set) var ambiguousRate = 0.0
    /// The share of the allowed vehicles' passages that open at their first reading, 0...1.
    package private(set) var admittedRate = 0.0
    /// The highest rate first.
    package private(set) var cities: [City] = []

    /// - Parameter acceptedRate: a lane's `false_accept_rate`; the largest of several is the one to ask.
    package init(_ roster: Roster, policy: PolicyConfig, acceptedRate: Double) {
        let site = LintSite(roster, policy)
        self.acceptedRate = acceptedRate
        plateCount = site.listed.entries.count
        examineListed(site)
        examineStrangers(site)
    }

    // MARK: Listed vehicles

    private mutating func examineListed(_ site: LintSite) {
        var found: Set<Pair> = []
        var (ambiguous, admitted, allowed) = (0.0, 0.0, 0)
        for entry in site.listed.entries {
            let plate = Array(entry.plate)
            let isAllowed = site.isAllowed(entry)
            if isAllowed { allowed += 1 }
            var doubtful = (ambiguous: 0.0, admitted: 0.0)
            for place in plate.indices {
                for doubt in Self.doubts(of: plate, at: place) {
                    let decision = site.decide(doubt.reading, acceptedRate)
                    if decision.isAdmitted, decision.plate == entry.plate {
                        doubtful.admitted += doubt.weight
                    }
                    guard decision.gravest == .ambiguous else { continue }
                    doubtful.ambiguous += doubt.weight
                    ambiguousPlates.insert(entry.plate)
                    found.formUnion(Self.pairs(entry.plate, decision, place: place))
                }
            }
            ambiguous += Self.doubtfulShare * doubtful.ambiguous / Double(plate.count)
            guard isAllowed else { continue }
            let clear = site.decide(Self.reading(plate), acceptedRate).isAdmitted ? 1.0 : 0
            admitted +=
                (1 - Self.doubtfulShare) * clear + Self.doubtfulShare * doubtful.admitted
                / Double(plate.count)
        }
        pairs = found.sorted()
        ambiguousRate = ambiguous / Double(max(plateCount, 1))
        admittedRate = admitted / Double(max(allowed, 1))
    }

    /// The two plates that the decision could not choose between, in the order of their texts.
    private static func pairs(
        _ plate: String, _ decision: AccessDecision, place: Int
    ) -> [Pair] {
        [decision.plate, decision.otherPlate ?? ""].filter { $0 != plate && !$0.isEmpty }.map {
            Pair(plate: min(plate, $0), other: max(plate, $0), place: place + 1)
        }
    }

    // MARK: Strangers

    private mutating func examineStrangers(_ site: LintSite) {
        var sums: [String: (listed: Int, rate: Double, strangers: Set<[Character]>)] = [:]
        for entry in site.listed.entries {
            let plate = Array(entry.plate)
            let city = String(plate.prefix(2))
            var sum = sums[city] ?? (0, 0, [])
            sum.listed += 1
            defer { sums[city] = sum }
            guard site.isAllowed(entry) else { continue }
            // Who differs in more than one place is out of reach of one doubtful place.
            for place in plate.indices.dropFirst(2) {
                for twin in Lookalikes.of(plate[place]) {
                    var stranger = plate
                    stranger[place] = twin
                    guard !PlateGrammar.types(of: String(stranger)).isEmpty,
                        site.listed.entry(String(stranger)) == nil
                    else { continue }
                    let rate = admission(of: stranger, at: place, site)
                    guard rate > 0 else { continue }
                    sum.strangers.insert(stranger)
                    sum.rate += rate / entry.strangerCount
                }
            }
        }
        cities = sums.map { letters, sum in
            City(
                letters: letters, listedCount: sum.listed,
                admittedStrangers: sum.strangers.count, falseAcceptRate: sum.rate)
        }.sorted { ($1.falseAcceptRate, $0.letters) < ($0.falseAcceptRate, $1.letters) }
    }

    /// How often this stranger passes when the given place is the doubtful one, over all its passages.
    private func admission(of stranger: [Character], at place: Int, _ site: LintSite) -> Double {
        let admitted = Self.doubts(of: stranger, at: place).reduce(0.0) { sum, doubt in
            site.decide(doubt.reading, acceptedRate).isAdmitted ? sum + doubt.weight : sum
        }
        return Self.doubtfulShare * admitted / Double(stranger.count)
    }

    // MARK: Readings

    private struct Doubt {
        let reading: PlateReading
        let weight: Double
    }

    /// What a reader may say of a plate with this place in doubt; the weights sum to one.
    private static func doubts(of plate: [Character], at place: Int) -> [Doubt] {
        let twins = Lookalikes.of(plate[place])
        guard !twins.isEmpty else { return [Doubt(reading: reading(plate), weight: 1)] }
        return twins.flatMap { twin in
            splits.map { split in
                let candidates: [CharacterPosterior.Candidate] = [
                    .init(plate[place], split.share * clear),
                    .init(twin, (1 - split.share) * clear),
                ]
                return Doubt(
                    reading: reading(plate, doubt: (place, candidates)),
                    weight: split.weight / Double(twins.count))
            }
        }
    }

    private static func reading(
        _ plate: [Character],
        doubt: (place: Int, candidates: [CharacterPosterior.Candidate])? = nil
    ) -> PlateReading {
        let places = plate.enumerated().map { place, character in
            if let doubt, doubt.place == place { return CharacterPosterior(doubt.candidates) }
            return CharacterPosterior([.init(character, clear)])
        }
        let width = 200.0
        return PlateReading(
            text: String(places.map { $0.candidates.first?.character ?? "?" }), type: .other,
            confidence: clear,
            corners: Quadrilateral(
                topLeft: .init(x: 0, y: 0), topRight: .init(x: width, y: 0),
                bottomRight: .init(x: width, y: 60), bottomLeft: .init(x: 0, y: 60)),
            places: places)
    }
}

/// The roster with its rules reduced to allowed and denied, at one lane without schedules.
private struct LintSite {
    private static let lane = LaneName("lint")
    let listed: ListedPlates
    private let policy: VehiclePolicy

    init(_ roster: Roster, _ policy: PolicyConfig) {
        let denied = Set(policy.rules.filter { $0.effect == .deny }.map(\.group))
        var flat = Roster()
        flat.vehicles = roster.vehicles.map {
            Roster.Vehicle(plate: $0.plate, group: denied.contains($0.group) ? "denied" : "allowed")
        }
        var rules = PolicyConfig()
        rules.groups = ["allowed", "denied"]
        rules.rules = [.init(.allow, group: "allowed"), .init(.deny, group: "denied")]
        listed = ListedPlates(flat)
        self.policy = VehiclePolicy(
            rules, roster: flat, zone: TimeZoneTable(name: "UTC", transitions: []))
    }

    func isAllowed(_ entry: ListedPlates.Entry) -> Bool {
        !entry.rows.contains { $0.group == "denied" }
    }

    func decide(_ reading: PlateReading, _ rate: Double) -> AccessDecision {
        var evidence = PlateEvidence()
        evidence.add(reading)
        return policy.decide(
            evidence, at: Self.lane, falseAcceptRate: rate,
            now: Moment(instant: Instant(nanoseconds: 0), wall: WallTime(milliseconds: 0)))
    }
}

/// Characters of the plate's typeface (GA 36) that readers and people take for each other.
package enum Lookalikes {
    /// Each group holds characters that share nearly all of their strokes.
    package static let groups: [[Character]] = [
        Array("8B"), Array("0DQ"), Array("2Z"), Array("5S"), Array("1T7"), Array("6G"),
        Array("CG"), Array("UV"), Array("MN"), Array("MH"), Array("EF"), Array("PR"), Array("KX"),
        Array("A4"), Array("VY"), Array("38"),
    ]

    /// The characters that look like this one; none for most provinces.
    package static func of(_ character: Character) -> [Character] {
        var found: [Character] = []
        for group in groups where group.contains(character) {
            found += group.filter { $0 != character && !found.contains($0) }
        }
        return found
    }
}
