import AccessPolicy
import GateTypes
import Testing

/// What has to come together before a face opens: vetoes, agreement of frames, a turn of the head.
@Suite struct FacePolicyTests {
    // MARK: Vetoes

    /// Every combination of every verdict of both sources, asked or not, with every other condition.
    @Test func oneFailedOrMissingCheckBeatsEveryOther() {
        let verdicts: [LivenessVerdict?] = [nil] + LivenessVerdict.allCases.map { $0 }
        var (opened, closed) = (0, 0)
        for challenge in verdicts {
            for infrared in verdicts {
                for bits in 0..<16 {
                    var liveness: [FaceVeto.Source: LivenessVerdict] = [:]
                    liveness[.challenge] = challenge
                    liveness[.infrared] = infrared
                    let (quality, consent, policy, accepted) = (
                        bits & 1 != 0, bits & 2 != 0, bits & 4 != 0, bits & 8 != 0
                    )
                    let veto = FaceVeto(
                        isQualityGood: quality, isConsentStanding: consent,
                        isAdmittedByPolicy: policy, liveness: liveness,
                        isUnjudgedAccepted: accepted)
                    let asked = [challenge, infrared].compactMap { $0 }
                    let isAlive = asked.isEmpty ? accepted : asked.allSatisfy { $0 == .passed }
                    let mayOpen = quality && consent && policy && isAlive
                    #expect((veto.objection == nil) == mayOpen, "\(veto)")
                    if mayOpen { opened += 1 } else { closed += 1 }
                    if quality, consent, policy, asked.contains(.failed) {
                        #expect(veto.objection == .notLive)
                    }
                }
            }
        }
        #expect(opened == 3 * 2 + 1 && opened + closed == 25 * 16)
    }

    // MARK: Frames

    static func face(
        _ candidates: [(String, Double, Double)], hint: FaceHint? = nil
    ) -> FaceSighting {
        FaceSighting(
            centre: PixelPoint(x: 0.5, y: 0.5), width: 0.2, quality: 0.8, hint: hint,
            candidates: candidates.map {
                FaceCandidate(
                    person: $0.0, consent: "C-\($0.0)", similarity: $0.1, falseMatchRate: $0.2)
            })
    }

    static func verdict(
        _ faces: [FaceSighting], people: Int = 250, rate: Double = 0.01
    ) -> FaceEvidence.Verdict {
        var evidence = FaceEvidence(FaceRequirements(falseMatchRate: rate))
        for face in faces { evidence.add(face, galleryCount: people) }
        return evidence.verdict
    }

    static let good = face([("E1", 0.5, 3e-5), ("E2", 0.3, 1e-2)])
    static let match = FaceEvidence.Verdict.match(
        person: "E1", consent: "C-E1", falseMatchRate: 3e-5)

    @Test func oneGoodFrameIsLikelyAndTwoThatAgreeAreAMatch() {
        #expect(Self.verdict([Self.good]) == .likely(person: "E1"))
        #expect(Self.verdict([Self.good, Self.good]) == Self.match)
    }

    @Test func oneVerySureFrameIsEnough() {
        let sure = Self.face([("E1", 0.7, 1e-6), ("E2", 0.3, 1e-2)])
        #expect(
            Self.verdict([sure]) == .match(person: "E1", consent: "C-E1", falseMatchRate: 1e-6))
    }

    @Test func theNeededRarityGrowsWithTheGallery() {
        let frames = [Self.good, Self.good]
        #expect(Self.verdict(frames, people: 300) == Self.match)
        #expect(Self.verdict(frames, people: 400) == .nobody)
        #expect(abs(FaceRequirements().pairRate(people: 250) - 4.02e-5) < 1e-7)
    }

    @Test func whoIsNearASecondPersonIsNobodyAlone() {
        let close = Self.face([("E1", 0.5, 1e-6), ("E2", 0.47, 2e-6)])
        #expect(Self.verdict([close, close]) == .ambiguous)
        let byTurns = [Self.good, Self.face([("E2", 0.5, 3e-5), ("E1", 0.3, 1e-2)]), Self.good]
        #expect(Self.verdict(byTurns) == .ambiguous)
    }

    @Test func strangersPoorFramesAndMissingCalibrationOpenNothing() {
        let stranger = Self.face([("E1", 0.2, 0.1)])
        #expect(Self.verdict([stranger, stranger, stranger]) == .nobody)
        let dark = Self.face([], hint: .tooDark)
        #expect(Self.verdict([Self.good, dark]) == .nothing(.tooDark))
        let uncalibrated = Self.face([("E1", 0.99, 1)])
        #expect(Self.verdict([uncalibrated, uncalibrated]) == .nobody)
        let none = Self.face([("E1", .nan, .nan)])
        #expect(Self.verdict([none, none]) == .nobody)
        #expect(Self.verdict([Self.face([])]) == .nobody)
    }

    @Test func aBadgesHolderIsVerifiedOneToOne() {
        let needs = FaceRequirements()
        let verify = { FaceEvidence.verifies($0, person: $1, needs) }
        #expect(verify(Self.face([("E1", 0.42, 8e-4)]), "E1") == true)
        #expect(verify(Self.face([("E1", 0.42, 2e-3)]), "E1") == false)
        #expect(verify(Self.face([("E1", 0.05, 1)]), "E1") == false)
        #expect(verify(Self.face([("E2", 0.42, 8e-4)]), "E1") == false)
        let between = Self.face([("E2", 0.60, 1e-6), ("E1", 0.42, 8e-4)])
        #expect(verify(between, "E1") == false)
        #expect(verify(Self.face([], hint: .holdStill), "E1") == nil)
        // Made before the eyes knew whom to look for: a full list says nothing of the others.
        let full = [("E2", 0.42, 8e-4), ("E3", 0.41, 9e-4), ("E4", 0.40, 1e-3)]
        #expect(verify(Self.face(full), "E1") == nil)
        #expect(verify(Self.face(full + [("E1", 0.1, 0.5)]), "E1") == false)
        #expect(verify(Self.face(full + [("E1", 0.39, 9e-4)]), "E1") == true)
    }

    @Test func aCoveredFaceMeetsItsOwnRateOrNone() {
        var covered = Self.face([("E1", 0.7, 1e-6), ("E2", 0.3, 1e-2)])
        covered.isCovered = true
        for (rate, isEnough) in [(nil, false), (1e-7, false), (2e-6, true)] as [(Double?, Bool)] {
            let needs = FaceRequirements(maskedRate: rate)
            #expect(FaceEvidence.verifies(covered, person: "E1", needs) == isEnough)
            var evidence = FaceEvidence(needs)
            evidence.add(covered, galleryCount: 2)
            evidence.add(covered, galleryCount: 2)
            let isMatch = if case .match = evidence.verdict { true } else { false }
            #expect(isMatch == isEnough)
        }
        // A rate of its own never makes it easier than an open face has it.
        var plain = Self.face([("E1", 0.42, 2e-3), ("E2", 0.3, 1e-2)])
        plain.isCovered = true
        #expect(
            FaceEvidence.verifies(plain, person: "E1", FaceRequirements(maskedRate: 0.5)) == false)
    }

    // MARK: Challenge

    /// Plays yaws a tenth of a second apart.
    static func play(
        _ yaws: [Double], seed: UInt64 = 1, isThePerson: Bool = true
    ) -> HeadTurnChallenge {
        var challenge = HeadTurnChallenge(
            seed: seed, at: Instant(nanoseconds: 0), limit: .seconds(3))
        for (index, yaw) in yaws.enumerated() {
            challenge.add(
                yaw: yaw, isThePerson: isThePerson,
                at: Instant(nanoseconds: 0) + .milliseconds(100 * (index + 1)))
        }
        return challenge
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func bothTurnsInTheAskedOrderPassAndTheOtherOrderFails(seed: UInt64) throws {
        let first = try #require(Self.play([], seed: seed).asked)
        let side = first == .left ? 1.0 : -1.0
        let right = [0, 0.3 * side, 0.05 * side, -0.3 * side]
        #expect(Self.play(right, seed: seed).verdict == .passed)
        #expect(Self.play(right.map { -$0 }, seed: seed).verdict == .failed)
    }

    @Test func turnsOfSomebodyElseDoNotCount() {
        for side in [1.0, -1.0] {
            let turns = [0, 0.3 * side, 0, -0.3 * side]
            #expect(Self.play(turns, isThePerson: false).verdict == .pending)
        }
    }

    @Test func bothOrdersOccur() {
        let orders = Set((0..<64 as Range<UInt64>).map { Self.play([], seed: $0).asked })
        #expect(orders.count == 2)
    }

    @Test func aPhotographFailsAndSoDoesBeingLate() {
        #expect(Self.play([Double](repeating: 0.02, count: 29)).verdict == .pending)
        #expect(Self.play([Double](repeating: 0.02, count: 31)).verdict == .failed)
        // A head that never looked straight has turned nowhere.
        #expect(Self.play([0.3, 0.3, -0.3, 0.3]).verdict == .pending)
        #expect(Self.play([.nan, .infinity]).verdict == .pending)
    }
}
