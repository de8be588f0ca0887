import GateConfiguration
import GateEngine
import GateTypes
import Testing

/// Turnstiles and doors in the gate: badge to relay, records, incidents, emergency, air lock.
@Suite struct PersonLaneTests {
    static func bench(change: @escaping (inout GateConfig) -> Void = { _ in }) -> GateBench {
        GateBench { config in
            func output(_ line: LineName) {
                config.outputs[line] = OutputConfig(
                    chip: "sim", address: .name(line.text), rest: .deEnergised,
                    longest: .seconds(6), failure: .released)
            }
            func input(_ line: LineName) {
                config.inputs[line] = InputConfig(
                    chip: "sim", address: .offset(0), contact: .normallyClosed)
            }
            ["t-in", "t-out", "t-gate", "a-strike", "b-strike"].forEach { output($0) }
            ["t-outer", "t-inner", "t-contact", "a-contact", "a-exit", "b-contact"]
                .forEach { input($0) }
            config.turnstiles["t"] = TurnstileConfig(
                outputs: .init(entry: "t-in", exit: "t-out", gate: "t-gate"),
                inputs: .init(outer: "t-outer", inner: "t-inner", gate: "t-contact"))
            config.doors["a"] = DoorConfig(
                outputs: .init(strike: "a-strike"),
                inputs: .init(contact: "a-contact", exit: "a-exit"))
            config.doors["b"] = DoorConfig(
                outputs: .init(strike: "b-strike"), inputs: .init(contact: "b-contact"))
            config.policy.groups.formUnion(["staff", "gone"])
            config.policy.rules += [
                .init(.allow, group: "staff", place: "policy.yaml:9:5"),
                .init(.deny, group: "gone"),
            ]
            config.roster.people = [
                .init(person: "E001", group: "staff"), .init(person: "E002", group: "gone"),
            ]
            config.roster.badges = [
                .init(badge: "11", person: "E001"), .init(badge: "22", person: "E002"),
            ]
            change(&config)
        }
    }

    @Test func aBadgeReleasesTheTurnstileAfterItsRecordAndGivesOnePassage() throws {
        var bench = Self.bench()
        #expect(bench.badge("11", at: "t").asserts("t-in") == 0)
        let draft = try #require(bench.actions.stores.first)
        #expect(draft.kind == .grant && draft.personal == [.badge: "11", .person: "E001"])
        #expect(bench.store().asserts("t-in") == 1)
        bench.walk()
        let passages = bench.actions.records(.passage)
        #expect(passages.count == 1)
        #expect(passages.first?.facts["outcome"] == "passed")
        #expect(passages.first?.facts["trigger"] == "badge")
        #expect(passages.first?.facts["rule"] == "policy.yaml:9:5")
        #expect(passages.first?.personal[.person] == "E001")
        #expect(passages.first?.facts["release_ms"] != nil)
        #expect(bench.gate.personStatus.last?.lastOutcome == "passed")
    }

    @Test func theReaderInsideLetsOutAndTheOneAtTheGateOpensThat() {
        var bench = Self.bench()
        bench.badge("11", at: "t", side: .inside)
        #expect(bench.store().asserts("t-out") == 1)
        bench.walk(out: true)
        bench.badge("11", at: "t", side: .gate)
        bench.store()
        bench.wait(.seconds(1))
        #expect(bench.actions.asserts("t-gate") == 1)
    }

    @Test func aRefusedBadgeIsRecordedWithItsReasonAndOpensNothing() {
        var bench = Self.bench()
        bench.badge("33", at: "t")
        bench.badge("22", at: "a")
        bench.wait(.seconds(20))
        #expect(bench.actions.stores.isEmpty)
        let refusals = bench.actions.records(.refusal)
        #expect(refusals.map { $0.facts["reasons"] } == ["unlisted", "denied"])
        #expect(refusals.map { $0.personal[.badge] } == ["33", "22"])
        #expect(bench.actions.incidents("refused_deny_listed") == 1)
        #expect(
            bench.actions.records(.passage).map { $0.facts["outcome"] } == ["refused", "refused"])
        #expect(bench.actions.told(.refused) && bench.actions.told(.denied))
    }

    @Test func aReleaseThatComesTooLateIsDropped() {
        var bench = Self.bench { $0.turnstiles["t"]?.timing.storage = .seconds(10) }
        bench.badge("11", at: "t")
        bench.wait(.milliseconds(600))
        bench.store()
        #expect(bench.actions.asserts("t-in") == 0)
        #expect(bench.actions.incidents("late_opening_dropped") == 1)
        #expect(bench.actions.records(.passage).count == 1)
    }

    @Test(arguments: [BarrierConfig.StorageFailure.refuse, .open])
    func withoutAJournalTheLaneDoesWhatItsConfigurationSays(
        wish: BarrierConfig.StorageFailure
    ) {
        var bench = Self.bench { $0.turnstiles["t"]?.onStorageFailure = wish }
        bench.badge("11", at: "t")
        bench.wait(.milliseconds(60))
        #expect(bench.actions.asserts("t-in") == (wish == .open ? 1 : 0))
        #expect(bench.actions.alarms("storage") == 1)
        #expect(
            bench.actions.records(.grant).contains { $0.facts["late"] == "true" } == (wish == .open)
        )
    }

    @Test func whoFollowsAndWhoForcesIsAnIncidentWithAPassageOfTheirOwn() {
        var bench = Self.bench()
        bench.badge("11", at: "t")
        bench.store()
        bench.walk()
        bench.walk()
        #expect(bench.actions.incidents("tailgated") == 1)
        bench.wait(.seconds(5))
        bench.walk()
        #expect(bench.actions.incidents("forced") == 1)
        #expect(
            bench.actions.records(.passage).map { $0.facts["outcome"] } == [
                "passed", "tailgated", "forced",
            ])
        bench.badge("11", at: "t")
        bench.store()
        bench.send(.people("t", count: 2))
        #expect(bench.actions.incidents("tailgated") == 2)
    }

    @Test func aNamedPersonOpensAndEndsAReleaseOnRecord() throws {
        var bench = Self.bench()
        bench.command(.open("t"), by: "E017")
        #expect(bench.actions.stores.last?.personal[.person] == "E017")
        bench.store()
        #expect(bench.actions.asserts("t-in") == 1)
        bench.command(.close("t"), by: "E017")
        let passage = try #require(bench.actions.records(.passage).last)
        #expect(passage.facts["outcome"] == "interrupted" && passage.facts["trigger"] == "guard")
        #expect(bench.actions.records(.override).last?.facts["wish"] == "close")
    }

    @Test func theExitButtonOpensTheDoorAndGivesAPassage() {
        var bench = Self.bench()
        #expect(bench.input("a-exit", true).asserts("a-strike") == 1)
        bench.input("a-contact", true)
        let passage = bench.actions.records(.passage).last
        #expect(passage?.facts["trigger"] == "exit_button" && passage?.facts["outcome"] == "passed")
    }

    @Test func aDoorForcedOrHeldOpenIsTold() {
        var bench = Self.bench()
        bench.input("a-contact", true)
        #expect(bench.actions.incidents("forced") == 1)
        bench.wait(.seconds(31))
        #expect(bench.actions.alarms("held_open") == 1)
        let closed = bench.input("a-contact", false)
        #expect(closed.contains(.clearAlarm("a", code: "held_open")))
    }

    @Test func aFailedSensorIsAnAlarmAndAFaultAndTheGuardOpens() {
        var bench = Self.bench()
        bench.send(.inputFailed("t-outer", reason: "chip gone"))
        #expect(bench.actions.alarms("sensor_failed_outer") == 1)
        #expect(bench.actions.records(.fault).count == 1)
        bench.badge("11", at: "t")
        #expect(bench.actions.stores.isEmpty && bench.actions.told(.askGuard))
        bench.command(.open("t"))
        bench.store()
        #expect(bench.actions.asserts("t-in") == 1)
        bench.send(.outputFailed("a-strike", reason: "no such line"))
        #expect(bench.actions.alarms("output_failed_strike") == 1)
    }

    @Test func theFireAlarmReleasesEveryLaneInTheSameTurnAndHoldsUntilTheReset() {
        var bench = Self.bench { $0.doors["b"]?.emergencyExemption = "leads into the hazard" }
        let first = bench.input("fire", true)
        for line in ["t-in", "t-out", "t-gate", "a-strike"] { #expect(first.asserts(line) == 1) }
        let words = first.firstIndex { if case .record = $0 { true } else { false } }
        let last = first.lastIndex { if case .assert = $0 { true } else { false } }
        #expect((last ?? 0) < (words ?? 0))
        bench.wait(.seconds(60))
        #expect(bench.actions.asserts("a-strike") >= 20)
        #expect(bench.actions.asserts("b-strike") == 0)
        bench.badge("11", at: "t")
        #expect(bench.actions.stores.isEmpty)
        bench.input("fire", false)
        let reset = bench.command(.emergencyReset)
        #expect(reset.contains(.rest("t-in")) && reset.contains(.rest("a-strike")))
        bench.wait(.seconds(1))
        #expect(bench.gate.personStatus.map(\.state) == ["secured", "secured", "locked"])
    }

    @Test func anEmergencyIsResumedAtTheStart() {
        var bench = Self.bench()
        bench.input("fire", true)
        let kept = bench.gate.standing
        let again = GateBench(standing: kept) { $0 = bench.config }
        #expect(again.actions.asserts("t-in") == 1 && again.actions.asserts("a-strike") == 1)
    }

    @Test func nothingMovesAtTheStart() {
        let bench = Self.bench()
        #expect(!bench.actions.contains { if case .assert = $0 { true } else { false } })
    }

    @Test func ofAnAirLockOneDoorOpensOnlyWhileTheOtherIsClosed() {
        var bench = Self.bench {
            $0.doors["a"]?.interlock = "b"
            $0.doors["b"]?.interlock = "a"
        }
        bench.badge("11", at: "a")
        bench.badge("11", at: "b")
        bench.store()
        bench.store()
        #expect(bench.actions.asserts("a-strike") == 1 && bench.actions.asserts("b-strike") == 0)
        bench.input("a-contact", true)
        bench.wait(.seconds(3))
        #expect(bench.actions.asserts("b-strike") == 0)
        #expect(bench.input("a-contact", false).asserts("b-strike") == 1)
        bench.input("a-exit", true)
        #expect(bench.actions.asserts("a-strike") == 1)
        let fire = bench.input("fire", true)
        #expect(fire.asserts("a-strike") == 1 && fire.asserts("b-strike") == 1)
    }
}

/// Random days at a turnstile and an air lock: whatever happens, nobody is forgotten.
@Suite struct PersonLaneRandomTests {
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func everyBadgeAndEveryOpeningGivesExactlyOnePassage(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var bench = PersonLaneTests.bench {
            $0.doors["a"]?.interlock = "b"
            $0.doors["b"]?.interlock = "a"
        }
        var badges = 0
        var openings = 0
        for _ in 0..<3_000 {
            bench.wait(random.chance(0.4) ? .zero : random.milliseconds(1...3_000))
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<25:
                badges += 1
                let number = random.chance(0.8) ? "11" : random.chance(0.5) ? "22" : "33"
                let side = BadgeReading.Side.allCases.randomElement(using: &random) ?? .outside
                bench.badge(
                    number, at: random.chance(0.5) ? "t" : random.chance(0.5) ? "a" : "b",
                    side: side)
            case 25..<55: bench.store()
            case 55..<70: bench.walk(out: random.chance(0.5))
            case 70..<85:
                let line =
                    ["a-contact", "b-contact", "a-exit", "t-contact"]
                    .randomElement(using: &random) ?? "a-exit"
                bench.input(line, random.chance(0.5))
            case 85..<88:
                openings += 1
                bench.command(.open(random.chance(0.5) ? "t" : "a"))
            case 88..<90: bench.command(.close(random.chance(0.5) ? "t" : "a"))
            case 90: bench.input("fire", true)
            case 91..<94:
                bench.input("fire", false)
                bench.command(.emergencyReset)
            case 94..<96: bench.send(.inputFailed("t-outer", reason: "flapping"))
            case 96..<98: bench.send(.inputRecovered("t-outer", active: false))
            default:
                bench.command(.clearFault("t"))
                bench.command(.clearFault("a"))
            }
        }
        bench.calm()
        let passages = bench.actions.records(.passage)
        #expect(passages.filter { $0.facts["trigger"] == "badge" }.count == badges, "seed \(seed)")
        #expect(
            passages.filter { $0.facts["trigger"] == "guard" }.count == openings, "seed \(seed)")
        let numbers = passages.compactMap { $0.facts["passage"] }
        #expect(Set(numbers).count == numbers.count, "seed \(seed): a passage is recorded twice")
        #expect(passages.contains { $0.facts["outcome"] == "passed" })
        #expect(bench.gate.personStatus.map(\.state) == ["secured", "secured", "locked"])
    }
}

extension GateBench {
    /// Everything in order, nobody there, every intent answered.
    mutating func calm() {
        for line in ["a-contact", "b-contact", "a-exit", "t-contact", "t-outer", "t-inner", "fire"]
        {
            send(.inputRecovered(LineName(line), active: false))
        }
        command(.emergencyReset)
        command(.clearFault("t"))
        command(.clearFault("a"))
        wait(.seconds(100))
    }

    @discardableResult
    mutating func badge(
        _ badge: String, at lane: LaneName, side: BadgeReading.Side = .outside
    ) -> [GateAction] {
        send(.badge(BadgeReading(lane: lane, side: side, badge: badge, readTime: now)))
    }

    /// One person through the turnstile.
    mutating func walk(out: Bool = false) {
        let (first, second) = out ? ("t-inner", "t-outer") : ("t-outer", "t-inner")
        input(first, true)
        wait(.milliseconds(100))
        input(second, true)
        input(first, false)
        wait(.milliseconds(100))
        input(second, false)
    }
}
