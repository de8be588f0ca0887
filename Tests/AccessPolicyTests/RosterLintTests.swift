import AccessPolicy
import GateConfiguration
import GateTypes
import Testing

/// What the roster's own plates do to each other, by the gate's own matching.
@Suite struct RosterLintTests {
    static func lint(_ plates: [String], denied: [String] = []) -> RosterLint {
        var roster = Roster()
        roster.vehicles =
            plates.map { Roster.Vehicle(plate: $0, group: "lorries") }
            + denied.map { Roster.Vehicle(plate: $0, group: "blocked") }
        var policy = PolicyConfig()
        policy.groups = ["lorries", "blocked"]
        policy.rules = [.init(.allow, group: "lorries"), .init(.deny, group: "blocked")]
        return RosterLint(roster, policy: policy, acceptedRate: 1e-4)
    }

    static let twins: [(String, String, Int)] = [
        ("京A12348", "京A1234B", 7), ("京A10345", "京A1D345", 4),
        ("京A10345", "京A1Q345", 4), ("京A1D345", "京A1Q345", 4),
        ("京AB2345", "京A82345", 3), ("京A52Z45", "京A52245", 5),
    ]

    @Test(arguments: twins)
    func platesThatOneDoubtfulPlaceConfusesAreNamedWithTheirPlace(
        first: String, second: String, place: Int
    ) {
        let lint = Self.lint([first, second, "沪C99999"])
        #expect(lint.pairs.map { [$0.plate, $0.other] } == [[first, second].sorted()])
        #expect(lint.pairs.map(\.place) == [place])
        #expect(lint.ambiguousPlates == [first, second])
        #expect(lint.ambiguousRate > 0 && lint.ambiguousRate < RosterLint.doubtfulShare)
    }

    @Test(arguments: [
        ["京A12345", "京A12395"], ["京A12345", "津A12345"], ["京A12345", "京A67890"],
        ["京A12345", "京A13245"], ["京A88888", "京ABB888"], [],
    ])
    func platesFarApartAreNoPair(plates: [String]) {
        let lint = Self.lint(plates)
        #expect(lint.pairs.isEmpty && lint.ambiguousPlates.isEmpty && lint.ambiguousRate == 0)
    }

    @Test func threeTwinsAreThreePairs() {
        let lint = Self.lint(["京A10345", "京A1D345", "京A1Q345"])
        #expect(lint.pairs.count == 3)
        #expect(lint.ambiguousPlates.count == 3)
    }

    @Test func strangersOfTheSameCityAreCountedAndThoseOfAnotherAreNot() throws {
        let lint = Self.lint(["京A10845", "沪C99999"])
        let city = try #require(lint.cities.first)
        #expect(city.letters == "京A" && city.listedCount == 1)
        // D and Q for 0, B and 3 for 8, A for 4, S for 5, T and 7 for 1: as far as they open.
        #expect((1...8).contains(city.admittedStrangers))
        // A tenth of the readings, a seventh of the places, at most all of them admitted.
        let ceiling = 8 * 0.1 / 7 / 1e5
        #expect(city.falseAcceptRate > 0 && city.falseAcceptRate < ceiling)
        #expect(lint.cities.last?.letters == "沪C" && lint.cities.last?.admittedStrangers == 0)
    }

    @Test func moreListedPlatesAskForMoreCertaintySoThatTheRateHolds() {
        let digits = (0..<450).map { "京A" + String(10_000 + $0 * 197) }
        let lint = Self.lint(digits)
        #expect(lint.plateCount == 450)
        #expect((lint.cities.first?.falseAcceptRate ?? 1) <= lint.acceptedRate)
        #expect(lint.admittedRate > 0.9)
    }

    @Test func deniedTwinIsNoAmbiguity() {
        let lint = Self.lint(["京A12348"], denied: ["京A1234B"])
        #expect(lint.pairs.isEmpty)
        #expect(lint.cities.first?.listedCount == 2)
    }

    @Test func lookalikesAreMutual() {
        for character in PlateGrammar.alphabet {
            for twin in Lookalikes.of(character) {
                #expect(Lookalikes.of(twin).contains(character) && twin != character)
            }
        }
    }
}
