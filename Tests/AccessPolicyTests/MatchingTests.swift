import AccessPolicy
import GateConfiguration
import GateTypes
import Testing

/// Readings as a recogniser gives them.
enum Readings {
    static func reading(
        _ text: String, confidence: Double = 0.98, width: Double = 160,
        doubts: [Int: [(Character, Double)]] = [:]
    ) -> PlateReading {
        let places = Array(text).enumerated().map { place, character in
            CharacterPosterior(
                (doubts[place] ?? [(character, 0.998)]).map { .init($0.0, $0.1) })
        }
        let corners = Quadrilateral(
            topLeft: .init(x: 0, y: 0), topRight: .init(x: width, y: 0),
            bottomRight: .init(x: width, y: 40), bottomLeft: .init(x: 0, y: 40))
        return PlateReading(
            text: text, type: .yellow, confidence: confidence, corners: corners, places: places)
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite struct MatchingTests {
    private static let now = Moment(
        instant: Instant(nanoseconds: 0), wall: WallTime(milliseconds: 1_770_000_000_000))

    /// `count` lorries of one city, far apart from the named ones.
    private static func policy(
        _ named: [String], count: Int = 450, denied: [String] = []
    ) -> VehiclePolicy {
        var config = PolicyConfig()
        config.groups = ["lorries", "blocked"]
        config.rules = [.init(.allow, group: "lorries"), .init(.deny, group: "blocked")]
        var roster = Roster()
        roster.vehicles = named.map { .init(plate: $0, group: "lorries") }
        roster.vehicles += denied.map { .init(plate: $0, group: "blocked") }
        roster.vehicles += fleet(count).map { .init(plate: $0, group: "lorries") }
        return VehiclePolicy(config, roster: roster, zone: Zones.shanghai)
    }

    static func fleet(_ count: Int) -> [String] {
        var random = SplitMix(seed: 7)
        return (0..<count).map { _ in "苏E" + serial(&random) }
    }

    /// Five places, at most two of them letters.
    static func serial(_ random: inout SplitMix) -> String {
        var characters = (0..<5).map { _ in
            PlateGrammar.digits.randomElement(using: &random) ?? "0"
        }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            characters[Int.random(in: 0..<5, using: &random)] =
                PlateGrammar.letters.randomElement(using: &random) ?? "A"
        }
        return String(characters)
    }

    private static func decide(
        _ policy: VehiclePolicy, _ readings: [PlateReading], rate: Double = 1e-4
    ) -> AccessDecision {
        var evidence = PlateEvidence()
        for reading in readings { evidence.add(reading) }
        return policy.decide(evidence, at: "lane1", falseAcceptRate: rate, now: now)
    }

    @Test func theExactTextOfAListedPlateOpens() {
        let policy = Self.policy(["苏EB7719", "粤BD12345", "粤B12345D", "苏E1234挂"])
        for plate in ["苏EB7719", "粤BD12345", "粤B12345D", "苏E1234挂"] {
            let decision = Self.decide(policy, [Readings.reading(plate)])
            #expect(decision.isAdmitted, "\(plate): \(decision)")
            #expect(decision.plate == plate)
        }
    }

    @Test func aDirtyBThatMayBeAnEightOpensForTheListedLorry() {
        let policy = Self.policy(["苏EB7719"])
        let dirty = Readings.reading("苏E87719", doubts: [2: [("8", 0.5), ("B", 0.48)]])
        #expect(Self.decide(policy, [dirty]).isAdmitted)
    }

    @Test func aPlateThatIsMerelyCloseNeverOpens() {
        let policy = Self.policy(["苏EB7719"])
        let close = Readings.reading("苏E87719", doubts: [2: [("8", 0.95), ("B", 0.04)]])
        #expect(Self.decide(policy, [close]).gravest == .unlisted)
        #expect(Self.decide(policy, [Readings.reading("苏E87719")]).gravest == .unlisted)
        #expect(Self.decide(policy, [Readings.reading("苏EB7710")]).gravest == .unlisted)
        #expect(Self.decide(policy, [Readings.reading("苏EB7719A")]).gravest == .unlisted)
        #expect(Self.decide(policy, [Readings.reading("苏EB771")]).gravest == .unlisted)
    }

    @Test func theLanesFalseAcceptRateSetsTheThreshold() {
        let policy = Self.policy(["苏EB7719"])
        let dirty = Readings.reading("苏EB7719", doubts: [2: [("B", 0.6), ("8", 0.38)]])
        #expect(Self.decide(policy, [dirty], rate: 1e-4).isAdmitted)
        #expect(Self.decide(policy, [dirty], rate: 1e-7).gravest == .uncertain)
    }

    @Test func twoListedPlatesWithinReachAreRefusedAndSaid() {
        let policy = Self.policy(["苏EB7719", "苏E87719"])
        let dirty = Readings.reading("苏EB7719", doubts: [2: [("B", 0.6), ("8", 0.38)]])
        let decision = Self.decide(policy, [dirty])
        #expect(decision.gravest == .ambiguous)
        #expect(Set([decision.plate, decision.otherPlate]) == ["苏EB7719", "苏E87719"])
        #expect(Self.decide(policy, [Readings.reading("苏EB7719")]).isAdmitted)
    }

    @Test func aDenyListReachesWiderThanAnAllowList() {
        let readings = [Readings.reading("苏E87719", doubts: [2: [("8", 0.93), ("B", 0.06)]])]
        #expect(Self.decide(Self.policy(["苏EB7719"]), readings).gravest == .unlisted)
        let denied = Self.policy(["苏E87719"], denied: ["苏EB7719"])
        #expect(Self.decide(denied, readings).gravest == .denied)
        #expect(Self.decide(denied, [Readings.reading("苏E87719")]).isAdmitted)
    }

    @Test func oneMisreadingRepeatedDoesNotBecomeCertainty() {
        var once = PlateEvidence()
        var often = PlateEvidence()
        let reading = Readings.reading("苏EB7719", doubts: [2: [("B", 0.7), ("8", 0.28)]])
        once.add(reading)
        for _ in 0..<50 { often.add(reading) }
        let place = 2 * Alphabet.count
        let eight = place + (Alphabet.index(of: "8") ?? 0)
        #expect(often.logPosteriors()[eight] > -2.0)  // ln 0.135
        #expect(once.logPosteriors()[eight] > often.logPosteriors()[eight])
    }

    @Test func largerFramesWeighMore() {
        let small = Readings.reading("苏E87719", confidence: 0.5, width: 50)
        let large = Readings.reading("苏EB7719", confidence: 0.98, width: 160)
        let policy = Self.policy(["苏EB7719"])
        #expect(Self.decide(policy, [small, large]).isAdmitted)
    }

    @Test func anotherPlateStartsTheEvidenceAgain() {
        var evidence = PlateEvidence()
        evidence.add(Readings.reading("苏EB7719"))
        evidence.add(Readings.reading("浙A12345"))
        #expect(evidence.text == "浙A12345")
        #expect(evidence.frameCount == 1)
    }

    @Test func brokenReadingsAreIgnored() {
        var evidence = PlateEvidence()
        var torn = Readings.reading("苏EB7719")
        torn.places.removeLast()
        evidence.add(torn)
        #expect(evidence.isEmpty)
        #expect(Self.decide(Self.policy([]), []).gravest == .unreadable)
        let mad = Readings.reading(
            "苏EB7719", confidence: .nan,
            doubts: [2: [("B", .nan), ("8", .infinity)], 3: [("7", -3), ("☃", 7)]])
        let decision = Self.decide(Self.policy(["苏EB7719"]), [mad])
        #expect(!decision.isAdmitted)
    }

    /// Strangers of the fleet's own city, read with doubts as a dirty day gives them.
    @Test func twentyThousandStrangersOfTheSameCityNeverOpen() {
        let policy = Self.policy([])
        let listed = Set(Self.fleet(450))
        let looks: [Character: Character] = [
            "8": "B", "B": "8", "0": "D", "D": "0", "5": "S", "S": "5", "2": "Z", "Z": "2",
            "1": "7", "7": "1", "6": "G", "G": "6", "3": "8", "9": "8",
        ]
        var random = SplitMix(seed: 20_000)
        var opened: [String] = []
        for _ in 0..<20_000 {
            let plate = "苏E" + Self.serial(&random)
            guard !listed.contains(plate) else { continue }
            var doubts: [Int: [(Character, Double)]] = [:]
            for (place, character) in plate.enumerated() where place >= 2 {
                guard Int.random(in: 0..<3, using: &random) == 0 else { continue }
                let share = Double.random(in: 0.55...0.99, using: &random)
                doubts[place] = [(character, share), (looks[character] ?? "8", 0.99 - share)]
            }
            let decision = Self.decide(policy, [Readings.reading(plate, doubts: doubts)])
            if decision.isAdmitted { opened.append("\(plate) as \(decision.plate)") }
        }
        #expect(opened.isEmpty, "seed 20000: \(opened)")
    }

    /// A list in which every lorry has a stranger one look-alike character away.
    @Test func lookAlikeStrangersNeverOpenWhenReadRight() {
        let fleet = Self.fleet(450)
        let policy = Self.policy([])
        let looks: [Character: Character] = ["8": "B", "0": "D", "5": "S", "2": "Z", "1": "7"]
        var opened: [String] = []
        for plate in fleet {
            guard let place = Array(plate).lastIndex(where: { looks[$0] != nil }) else { continue }
            var characters = Array(plate)
            let listedCharacter = characters[place]
            characters[place] = looks[listedCharacter] ?? "X"
            let text = String(characters)
            guard !fleet.contains(text) else { continue }
            let reading = Readings.reading(
                text, doubts: [place: [(characters[place], 0.85), (listedCharacter, 0.14)]])
            if Self.decide(policy, [reading]).isAdmitted { opened.append(text) }
        }
        #expect(opened.isEmpty)
    }
}
