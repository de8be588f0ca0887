import GateConfiguration
import GateEngine
import GateSimulation
import GateTypes
import Testing

/// The checker itself: what it must notice, by hand.
@Suite struct RuleCheckerTests {
    static let start = Instant(nanoseconds: 1_000_000_000_000)

    static func checker() -> RuleChecker {
        var config = SimulatedLane.config(hasStop: true)
        config.fire = "fire"
        config.inputs["contact"] = InputConfig(
            chip: "board", address: .name("contact"), contact: .normallyClosed)
        config.outputs["strike"] = OutputConfig(
            chip: "board", address: .name("strike"), rest: .deEnergised, longest: .seconds(5),
            failure: .secured)
        config.doors["door"] = DoorConfig(
            outputs: .init(strike: "strike"), inputs: .init(contact: "contact"))
        var checker = RuleChecker(config: config, at: start)
        let states: [LineName: Bool] = [
            "loop": false, "safety": false, "beam": false, "up": false, "down": true,
            "fire": false, "contact": false,
        ]
        checker.restarted(inputs: states, at: start)
        return checker
    }

    private static func draft(_ kind: EntryKind, _ lane: LaneName, _ facts: [String: String] = [:])
        -> EntryDraft
    {
        EntryDraft(
            kind, lane: lane,
            at: Moment(instant: start, wall: WallTime(milliseconds: 1_770_000_000_000)),
            facts: facts)
    }

    /// Events with what the gate did, a second after each other; what the checker says of it.
    private static func verdict(_ story: [(GateEvent, [GateAction])]) -> String {
        var checker = checker()
        for (number, (event, actions)) in story.enumerated() {
            let now = start + .seconds(10 + number)
            checker.note(event, at: now)
            checker.check(actions, after: event, at: now)
        }
        return checker.violations.map(\.what).joined(separator: "; ")
    }

    private static let second = Duration.seconds(1)
    private static let grant: [(GateEvent, [GateAction])] = [
        (.input("loop", active: true), []),
        (.tick, [.store(IntentNumber(1), draft(.grant, SimulatedLane.name))]),
    ]
    private static let kept = GateAction.keep(StandingState(emergency: "fire alarm"))

    @Test func anOpeningOnRecordIsNoViolation() {
        let story =
            Self.grant + [(.stored(IntentNumber(1)), [.assert("raise", atMost: Self.second)])]
        #expect(Self.verdict(story) == "")
    }

    @Test func openingsWithoutARecordAreNoticed() {
        #expect(
            Self.verdict([(.tick, [.assert("raise", atMost: Self.second)])])
                .contains("rules 4, 5: rises without a warrant"))
        let early = Self.grant + [(.tick, [.assert("raise", atMost: Self.second)])]
        #expect(Self.verdict(early).contains("without a warrant"))
        #expect(
            Self.verdict([(.tick, [.assert("strike", atMost: Self.second)])])
                .contains("rule 5: the strike without a grant"))
    }

    @Test func theWayDownIsWatched() {
        let lower = GateAction.assert("lower", atMost: Self.second)
        #expect(Self.verdict([(.tick, [lower])]) == "")
        #expect(
            Self.verdict([(.input("safety", active: true), []), (.tick, [lower])])
                .contains("rule 1: lowered while occupied"))
        #expect(
            Self.verdict([
                (.input("beam", active: true), []), (.input("beam", active: false), [lower]),
            ]).contains("rule 1: lowered within the clearance time"))
        #expect(
            Self.verdict([
                (.tick, [.assert("lower", atMost: .seconds(4))]),
                (.input("beam", active: true), []),
                (.tick, []),
            ]).contains("rules 1, 2: did not rise in time"))
    }

    @Test func limitsAndDeadTimesAreWatched() {
        #expect(
            Self.verdict([(.tick, [.assert("lamp", atMost: .seconds(9))])])
                .contains("rule 2: lamp asserted for 9s"))
        let opposite =
            Self.grant + [
                (
                    .stored(IntentNumber(1)),
                    [.assert("lower", atMost: Self.second), .assert("raise", atMost: Self.second)]
                )
            ]
        #expect(Self.verdict(opposite).contains("rule 2: raise within the dead time after lower"))
        let stopped =
            Self.grant + [
                (
                    .stored(IntentNumber(1)),
                    [
                        .assert("stop", atMost: Self.second), .rest("stop"),
                        .assert("raise", atMost: Self.second),
                    ]
                )
            ]
        #expect(Self.verdict(stopped).contains("rule 2: raise while the stop contact"))
    }

    @Test func anEmergencyHoldsEverythingUntilItIsReset() {
        let raise = GateAction.assert("raise", atMost: .seconds(8))
        let strike = GateAction.assert("strike", atMost: .seconds(5))
        let fire = GateEvent.input("fire", active: true)
        #expect(Self.verdict([(fire, [raise, strike, Self.kept])]) == "")
        #expect(
            Self.verdict([(fire, [raise, strike])]).contains("rule 3: an emergency is not kept"))
        #expect(
            Self.verdict([(fire, [raise, Self.kept])]).contains("rule 3: strike is not released"))
        #expect(
            Self.verdict([(fire, [raise, strike, Self.kept]), (.tick, [.rest("strike")])])
                .contains("rule 3: strike let go in an emergency"))
        let later: [(GateEvent, [GateAction])] = [
            (fire, [raise, strike, Self.kept]), (.input("down", active: false), []),
            (.input("fire", active: false), [strike]),
            (.command(.init(.emergencyReset, by: "E017")), [.rest("raise"), .rest("strike")]),
            (.tick, []), (.tick, [.assert("lower", atMost: Self.second)]),
        ]
        #expect(
            Self.verdict(later).contains("rule 3: closed after a reset without a named command"))
    }

    @Test func aFailedSensorHasAnAlarm() {
        let failed = GateEvent.inputFailed("contact", reason: "gone")
        #expect(Self.verdict([(failed, [])]).contains("rule 7: a sensor failed without an alarm"))
        let alarm = GateAction.raiseAlarm("door", code: "sensor_failed_contact", text: "")
        #expect(Self.verdict([(failed, [alarm])]) == "")
        #expect(Self.verdict([(failed, [alarm]), (.tick, [alarm])]).contains("raised twice"))
    }

    @Test func aGrantInALockdownIsNoticed() {
        let closed = GateAction.keep(StandingState(lockdown: "E017"))
        #expect(
            Self.verdict([(.tick, [closed])] + Self.grant)
                .contains("rule 5: a grant in a lockdown"))
        let open = GateAction.keep(StandingState())
        #expect(Self.verdict([(.tick, [closed]), (.tick, [open])] + Self.grant) == "")
    }

    /// Another barrier of the same road, opened by name and not down again.
    private static func road(isDown: Bool) -> String {
        var config = SimulatedLane.config(hasStop: true)
        config.lanes[SimulatedLane.name]?.interlock = "bridge"
        var other = BarrierConfig(
            direction: .out, camera: nil, outputs: .init(raise: "lamp"),
            inputs: .init(safety: "fire", up: nil, down: "heartbeat"))
        other.interlock = "bridge"
        config.inputs["heartbeat"] = config.inputs["up"]
        config.lanes["other"] = other
        var checker = RuleChecker(config: config, at: start)
        checker.restarted(inputs: ["down": true, "heartbeat": true], at: start)
        let opened: [(GateEvent, [GateAction])] = [
            (.tick, [.store(IntentNumber(9), draft(.override, "other"))]),
            (.stored(IntentNumber(9)), [.assert("lamp", atMost: second)]),
            (.input("heartbeat", active: false), []),
            (.input("heartbeat", active: isDown), []),
        ]
        for (number, (event, actions)) in (opened + grant).enumerated() {
            let now = start + .seconds(10 + number)
            checker.note(event, at: now)
            checker.check(actions, after: event, at: now)
        }
        return checker.violations.map(\.what).joined(separator: "; ")
    }

    @Test func aGrantOntoARoadThatAnotherHasIsNoticed() {
        #expect(Self.road(isDown: false).contains("rule 5: a grant while other has the road"))
        #expect(Self.road(isDown: true) == "")
    }
}
