import GateConfiguration
import GateEngine
import GateTypes
import Testing

/// Faces at a turnstile: from the frame to the relay, and everything that keeps it shut.
@Suite struct FaceLaneTests {
    static func bench(
        consents: [String] = ["E001", "E002"],
        change: @escaping (inout FaceLaneConfig) -> Void = { _ in }
    ) -> GateBench {
        var bench = PersonLaneTests.bench { config in
            for name in ["face-in", "face-out", "infrared"] {
                config.cameras[CameraName(name)] = CameraConfig(
                    source: .scene, width: 640, height: 480, rate: 15, format: .mjpeg)
            }
            var faces = FaceLaneConfig()
            faces.entry = .init(camera: "face-in")
            faces.exit = .init(camera: "face-out")
            faces.use = .alone
            faces.alone = .init(acceptedBy: "E100", reason: "test")
            change(&faces)
            config.faces["t"] = faces
            config.roster.people[0].place = "people.csv:2"
        }
        bench.calm()
        bench.consent(to: consents)
        bench.send(.enrolled(["E001", "E002"]))
        return bench
    }

    @Test func twoAgreeingFramesReleaseTheTurnstileInTheirDirection() throws {
        var bench = Self.bench()
        bench.face("E001")
        #expect(bench.actions.stores.isEmpty)
        bench.face("E001")
        let draft = try #require(bench.actions.stores.first)
        #expect(draft.kind == .grant && draft.facts["by"] == "face")
        #expect(draft.personal == [.person: "E001"])
        #expect(bench.store().asserts("t-in") == 1)
        bench.walk()
        let passage = try #require(bench.actions.records(.passage).last)
        #expect(passage.facts["outcome"] == "passed" && passage.facts["trigger"] == "face")
        bench.wait(.seconds(2))
        bench.face("E001", camera: "face-out")
        bench.face("E001", camera: "face-out")
        #expect(bench.store().asserts("t-out") == 1)
    }

    @Test func theSameFaceOpensOnceAndAgainOnlyAfterItWasGone() {
        var bench = Self.bench()
        for _ in 0..<6 { bench.face("E001") }
        #expect(bench.actions.stores.count == 1)
        bench.store()
        bench.walk()
        bench.wait(.seconds(3))
        for _ in 0..<3 { bench.face("E001") }
        #expect(bench.actions.stores.count == 2)
    }

    @Test func aStrangerIsToldAndLeavesNoName() {
        var bench = Self.bench()
        for _ in 0..<4 { bench.face(nil) }
        bench.wait(.seconds(2))
        #expect(bench.actions.stores.isEmpty && bench.actions.told(.refused))
        let records = bench.actions.records(.refusal) + bench.actions.records(.passage)
        #expect(records.count == 2 && records.allSatisfy { $0.personal.isEmpty })
        #expect(records.first?.facts["reasons"] == "unlisted")
    }

    @Test func whoPolicyDeniesIsRefusedByTheirFaceToo() {
        var bench = Self.bench()
        bench.face("E002")
        bench.face("E002")
        #expect(bench.actions.stores.isEmpty && bench.actions.told(.denied))
        #expect(bench.actions.incidents("refused_deny_listed") == 1)
    }

    @Test func withoutAStandingConsentNothingOpensAndNoNameIsWritten() {
        var bench = Self.bench(consents: [])
        bench.face("E001")
        bench.face("E001")
        bench.face("E001")
        #expect(bench.actions.stores.isEmpty)
        let refusals = bench.actions.records(.refusal)
        #expect(refusals.map { $0.facts["reasons"] } == ["no_consent"])
        let records = refusals + bench.actions.records(.passage)
        #expect(records.count == 2 && records.allSatisfy { $0.namesNobody })
    }

    @Test func norIsTheNameOfSomebodyWhomPolicyRefusesWrittenWithoutTheirConsent() {
        var bench = Self.bench(consents: ["E001"])
        bench.face("E002")
        bench.face("E002")
        let refusals = bench.actions.records(.refusal)
        #expect(refusals.map { $0.facts["reasons"] } == ["denied"])
        let incidents = bench.actions.records(.incident).filter {
            $0.facts["class"] == "refused_deny_listed"
        }
        let records = refusals + bench.actions.records(.passage) + incidents
        #expect(records.count == 3 && records.allSatisfy { $0.namesNobody })
    }

    @Test func aConsentWithdrawnBetweenRecordAndRelayKeepsItShut() {
        var bench = Self.bench()
        bench.face("E001")
        bench.face("E001")
        #expect(bench.actions.stores.count == 1)
        bench.consent(to: [])
        #expect(bench.store().asserts("t-in") == 0)
        #expect(bench.actions.records(.passage).last?.facts["refused"] == "no_consent")
    }

    // MARK: Somebody else goes first

    /// A face at the way out whose release waits for somebody who was let in by their badge meanwhile.
    private static func waitingFace() -> GateBench {
        var bench = Self.bench()
        bench.face("E001", camera: "face-out")
        bench.face("E001", camera: "face-out")
        bench.badge("11", at: "t")
        let badge = bench.unanswered.removeLast()
        bench.send(.stored(badge))
        bench.store()
        #expect(bench.actions.asserts("t-in") == 1 && bench.actions.asserts("t-out") == 0)
        return bench
    }

    @Test func aFaceThatWaitsForItsTurnOpensNothingAfterItsDeadlineAndIsLookedAtAgain() {
        var bench = Self.waitingFace()
        bench.walk()
        bench.wait(.milliseconds(300))
        let passages = bench.actions.records(.passage).filter { $0.facts["trigger"] == "face" }
        #expect(passages.map { $0.facts["lapsed"] } == ["true"])
        #expect(bench.actions.asserts("t-out") == 0)
        bench.face("E001", camera: "face-out")
        #expect(bench.store().asserts("t-out") == 1)
    }

    @Test(arguments: [false, true])
    func aConsentWithdrawnWhileTheFaceWaitsForItsTurnKeepsItShut(isWithdrawn: Bool) {
        var bench = Self.waitingFace()
        bench.command(.close("t"))
        if isWithdrawn { bench.consent(to: ["E002"]) }
        bench.wait(.milliseconds(430))  // Locked behind the other one, and within the deadline.
        #expect(bench.actions.asserts("t-out") == (isWithdrawn ? 0 : 1))
        let ended = bench.actions.records(.passage).filter { $0.facts["trigger"] == "face" }
        #expect(ended.map { $0.facts["refused"] } == (isWithdrawn ? ["no_consent"] : []))
        #expect(ended.allSatisfy { $0.namesNobody })
    }

    @Test func whoComesWhileSomebodyElseGoesThroughIsDecidedOnWhenTheirTurnHasCome() {
        var bench = Self.bench()
        bench.badge("11", at: "t")
        bench.store()
        for _ in 0..<8 { bench.face("E001", camera: "face-out") }
        #expect(bench.actions.stores.count == 1 && !bench.actions.told(.askGuard))
        bench.walk()
        bench.wait(.milliseconds(300))
        bench.face("E001", camera: "face-out")
        #expect(bench.store().asserts("t-out") == 1)
    }

    @Test func framesFromBeforeAWithdrawalCountForNothing() {
        var bench = Self.bench()
        bench.face("E001")
        bench.consent(to: ["E002"])
        bench.face("E001")
        bench.face("E001")
        #expect(bench.actions.stores.isEmpty)
    }

    @Test func twoPeopleAreAnEventAndOpenNothing() {
        var bench = Self.bench()
        bench.face("E001", count: 2)
        bench.face("E001", count: 2)
        bench.face("E001", count: 2)
        #expect(bench.actions.stores.isEmpty && bench.actions.told(.oneAtATime))
        #expect(bench.actions.incidents("two_people") == 1)
        bench.face("E001")
        bench.face("E001")
        #expect(bench.actions.stores.count == 1)
    }

    @Test func anOpeningLaterThanItsFrameAllowsIsDropped() {
        var bench = Self.bench()
        bench.face("E001")
        bench.face("E001", age: .milliseconds(490))
        bench.wait(.milliseconds(20))
        #expect(bench.store().asserts("t-in") == 0)
        #expect(bench.actions.incidents("late_opening_dropped") == 1)
        // Newer frames of the same person may still open.
        bench.face("E001")
        #expect(bench.store().asserts("t-in") == 1)
    }

    // MARK: Liveness

    @Test func withoutJudgedLivenessAndWithoutAnAcceptanceAFaceOpensNothing() {
        var bench = Self.bench { $0.alone = nil }
        for _ in 0..<10 { bench.face("E001", proof: .borne) }
        #expect(bench.actions.stores.isEmpty)
        #expect(
            bench.actions.records(.refusal).first?.facts["reasons"] == "liveness_not_judged")
    }

    /// Nobody answers for it by name: what embedder and site have measured must bear it.
    @Test(arguments: [FaceProof.borne, .notAsked, .missing("the site has not calibrated")])
    func withoutAnAcceptanceTheFiguresDecide(proof: FaceProof) {
        var bench = Self.bench {
            $0.alone = nil
            $0.entry?.infrared = "infrared"
        }
        for _ in 0..<10 { bench.face("E001", infrared: .passed, proof: proof) }
        #expect(bench.actions.stores.count == (proof == .borne ? 1 : 0))
        #expect(bench.actions.records(.refusal).isEmpty)
    }

    @Test func theEyesAreToldWhomABadgeHasNamed() {
        var bench = Self.withBadge()
        #expect(bench.gate.namedFaces.isEmpty)
        bench.badge("11", at: "t")
        #expect(bench.gate.namedFaces == ["face-in": "E001"])
        bench.face("E001")
        bench.face("E001")
        bench.store()
        #expect(bench.gate.namedFaces.isEmpty)
    }

    @Test(arguments: LivenessVerdict.allCases)
    func theInfraredCameraHasAVeto(verdict: LivenessVerdict) {
        var bench = Self.bench { $0.entry?.infrared = "infrared" }
        for _ in 0..<10 { bench.face("E001", infrared: verdict) }
        #expect(bench.actions.stores.count == (verdict == .passed ? 1 : 0))
        #expect(bench.actions.incidents("attack_presented") == (verdict == .failed ? 1 : 0))
    }

    @Test func aPhotographFailsTheChallengeAndALivingHeadPassesIt() {
        var bench = Self.bench { $0.entry?.asksChallenge = true }
        for _ in 0..<50 { bench.face("E001") }
        #expect(bench.actions.stores.isEmpty)
        #expect(bench.actions.incidents("attack_presented") == 1)
        let refusals = bench.actions.records(.refusal)
        #expect(refusals.map { $0.facts["reasons"] } == ["not_live"])
        #expect(refusals.first?.personal == [.person: "E001"])
        #expect(bench.actions.records(.passage).map { $0.facts["outcome"] } == ["refused"])

        bench = Self.bench { $0.entry?.asksChallenge = true }
        bench.face("E001")
        bench.face("E001")
        let side = bench.actions.told(.turnLeft) ? 1.0 : -1.0
        #expect(bench.actions.told(.turnLeft) || bench.actions.told(.turnRight))
        bench.face("E001")
        for yaw in [0.3 * side, 0, -0.3 * side] {
            bench.face("E001", yaw: yaw, hint: abs(yaw) > 0.1 ? .lookAtTheCamera : nil)
        }
        #expect(bench.actions.stores.count == 1)
    }

    @Test func aHeadThatTurnsForAPhotographPassesNothing() {
        for side in [1.0, -1.0] {
            var bench = Self.bench { $0.entry?.asksChallenge = true }
            bench.face("E001")
            bench.face("E001")
            for yaw in [0, 0.3 * side, 0, -0.3 * side] {
                bench.face(nil, yaw: yaw, hint: abs(yaw) > 0.1 ? .lookAtTheCamera : nil)
            }
            bench.face("E001")
            bench.face("E001")
            #expect(bench.actions.stores.isEmpty)
        }
    }

    // MARK: With a badge

    static func withBadge(_ change: @escaping (inout FaceLaneConfig) -> Void = { _ in })
        -> GateBench
    {
        bench {
            $0.use = .withBadge
            $0.alone = nil
            change(&$0)
        }
    }

    @Test func theHoldersFaceReleasesTheirBadge() {
        var bench = Self.withBadge()
        bench.face("E001")
        bench.face("E001")
        #expect(bench.actions.stores.isEmpty)
        bench.badge("11", at: "t")
        #expect(bench.actions.stores.isEmpty && bench.actions.told(.showYourFace))
        bench.face("E001")
        bench.face("E001")
        #expect(bench.actions.stores.first?.facts["by"] == "badge_and_face")
        #expect(bench.store().asserts("t-in") == 1)
    }

    @Test func somebodyElsesFaceDoesNot() {
        var bench = Self.withBadge()
        bench.badge("11", at: "t")
        for _ in 0..<4 { bench.face("E002") }
        #expect(bench.actions.stores.isEmpty)
        #expect(bench.actions.records(.refusal).last?.facts["reasons"] == "face_mismatch")
    }

    @Test func aFaceThatNeverComesEndsInTheGuardsHands() {
        var bench = Self.withBadge()
        bench.badge("11", at: "t")
        bench.wait(.seconds(6))
        #expect(bench.actions.stores.isEmpty && bench.actions.told(.askGuard))
        #expect(bench.actions.records(.passage).last?.facts["refused"] == "no_face")
    }

    @Test func whoHasNotConsentedOrIsNotEnrolledPassesByTheirBadgeAlone() {
        var bench = Self.withBadge()
        bench.consent(to: [])
        bench.badge("11", at: "t")
        #expect(bench.store().asserts("t-in") == 1)
        bench = Self.withBadge()
        bench.send(.enrolled([]))
        bench.badge("11", at: "t")
        #expect(bench.store().asserts("t-in") == 1)
    }

    @Test func aBlindCameraLeavesTheBadge() {
        var bench = Self.withBadge()
        bench.send(.camera("face-in", .blind(reason: "unplugged")))
        #expect(bench.actions.alarms("camera_blind_face-in") == 1)
        bench.badge("11", at: "t")
        #expect(bench.store().asserts("t-in") == 1)
    }

    @Test func aBlindInfraredCameraLeavesTheBadgeToo() {
        var bench = Self.withBadge { $0.entry?.infrared = "infrared" }
        bench.send(.camera("infrared", .blind(reason: "unplugged")))
        #expect(bench.actions.alarms("camera_blind_infrared") == 1)
        bench.badge("11", at: "t")
        #expect(bench.store().asserts("t-in") == 1)
        bench.walk()
        bench.wait(.seconds(2))
        let seeing = bench.send(.camera("infrared", .seeing))
        #expect(seeing.contains(.clearAlarm("t", code: "camera_blind_infrared")))
        bench.badge("11", at: "t")
        #expect(bench.actions.stores.count == 1 && bench.actions.told(.showYourFace))
    }

    @Test(arguments: [false, true])
    func aBadgeWhoseFaceCanNoLongerBeAskedForIsEnough(isBlind: Bool) {
        var bench = Self.withBadge()
        bench.badge("11", at: "t")
        bench.wait(.seconds(2))
        #expect(bench.actions.stores.isEmpty)
        if isBlind {
            bench.send(.camera("face-in", .blind(reason: "unplugged")))
        } else {
            bench.consent(to: ["E002"])
        }
        #expect(bench.actions.stores.map { $0.facts["by"] } == ["policy"])
        #expect(bench.store().asserts("t-in") == 1)
    }

    @Test func aConsentThatExpiresWhileTheFaceIsWaitedForLeavesTheBadge() {
        var bench = Self.withBadge()
        let expires = WallTime(milliseconds: bench.moment.wall.milliseconds + 2_000)
        bench.send(.consents([.init(person: "E001", consent: "C-E001", expires: expires)]))
        bench.badge("11", at: "t")
        #expect(bench.actions.told(.showYourFace))
        bench.wait(.seconds(3))
        bench.face("E001")
        #expect(bench.actions.stores.map { $0.facts["by"] } == ["policy"])
        #expect(bench.store().asserts("t-in") == 1)
    }

    @Test func theEyesLookOnlyAfterABadgeWhereTheLaneSaysSo() {
        var bench = Self.withBadge { $0.start = .badge }
        #expect(bench.actions.last(look: "face-in") == .off)
        bench.badge("11", at: "t")
        #expect(bench.actions.last(look: "face-in") == .waiting)
        bench.wait(.seconds(6))
        #expect(bench.actions.last(look: "face-in") == .off)
    }
}

extension EntryDraft {
    /// Nothing in it leads to a person, neither a field that can be erased nor a fact.
    fileprivate var namesNobody: Bool {
        personal.isEmpty && ["roster", "group", "rule"].allSatisfy { facts[$0] == nil }
    }
}

extension GateBench {
    mutating func consent(to people: [String]) {
        send(
            .consents(
                people.map { ConsentNotice(person: $0, consent: "C-\($0)", expires: nil) }))
    }

    /// One frame a tenth of a second later, read 60 ms after it was taken.
    mutating func face(
        _ person: String?, camera: CameraName = "face-in", count: Int = 1,
        age: Duration = .milliseconds(60), yaw: Double = 0, hint: FaceHint? = nil,
        infrared: LivenessVerdict = .notJudged, proof: FaceProof = .notAsked
    ) {
        wait(.milliseconds(100))
        var candidates = [
            FaceCandidate(person: "E099", consent: "C-E099", similarity: 0.2, falseMatchRate: 0.1)
        ]
        if let person, hint == nil {
            candidates.insert(
                FaceCandidate(
                    person: person, consent: "C-\(person)", similarity: 0.6, falseMatchRate: 1e-3),
                at: 0)
        }
        var observation = FaceObservation(
            camera: camera, sequence: 1, frameTime: now - age, readTime: now, faceCount: count,
            face: FaceSighting(
                centre: PixelPoint(x: 0.5, y: 0.5), width: 0.2, quality: 0.8, hint: hint,
                yaw: yaw, infrared: infrared, candidates: hint == nil ? candidates : []),
            galleryCount: 2)
        observation.proof = proof
        send(.faces(observation))
    }
}

extension [GateAction] {
    func last(look camera: CameraName) -> Attention? {
        for case .look(camera, let attention) in reversed() { return attention }
        return nil
    }
}
