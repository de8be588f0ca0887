import GateConfiguration
import GateEngine
import GateTypes
import Testing

/// The site closed to all but some groups.
@Suite struct LockdownTests {
    static func bench(
        standing: StandingState = .init(), inputs: [String: Bool] = [:]
    ) -> GateBench {
        GateBench(.init(), standing: standing, inputs: inputs) { config in
            config.inputs["lock-switch"] = InputConfig(
                chip: "sim", address: .offset(0), contact: .normallyOpen)
            var lockdown = LockdownConfig()
            lockdown.input = "lock-switch"
            lockdown.except = ["responders"]
            config.lockdown = lockdown
            config.policy.groups.formUnion(["staff", "responders"])
            config.policy.rules += [
                .init(.allow, group: "staff"), .init(.allow, group: "responders"),
            ]
            for line in ["a-strike", "b-strike"] as [LineName] {
                config.outputs[line] = OutputConfig(
                    chip: "sim", address: .name(line.text), rest: .deEnergised,
                    longest: .seconds(6), failure: .released)
            }
            for line in ["a-contact", "a-exit"] as [LineName] {
                config.inputs[line] = InputConfig(
                    chip: "sim", address: .offset(0), contact: .normallyClosed)
            }
            config.doors["a"] = DoorConfig(
                outputs: .init(strike: "a-strike"),
                inputs: .init(contact: "a-contact", exit: "a-exit"))
            config.roster.people = [
                .init(person: "E001", group: "staff"), .init(person: "E002", group: "responders"),
                .init(person: "E003", group: "staff"), .init(person: "E003", group: "responders"),
            ]
            config.roster.badges = [
                .init(badge: "11", person: "E001"), .init(badge: "22", person: "E002"),
                .init(badge: "33", person: "E003"),
            ]
            config.roster.vehicles.append(.init(plate: "苏E00119", group: "responders"))
        }
    }

    @Test func onlyTheNamedGroupsPassUntilItIsEndedByName() {
        var bench = Self.bench()
        let begun = bench.command(.lockdown, by: "E021")
        #expect(begun.records(.lockdown).first?.facts == ["what": "begun", "how": "ordered"])
        #expect(begun.records(.lockdown).first?.personal[.person] == "E021")
        #expect(begun.alarms("lockdown") == 1)
        #expect(bench.badge("11", at: "a").stores.isEmpty)
        #expect(bench.actions.records(.refusal).last?.facts["reasons"] == "lockdown")
        #expect(bench.actions.told(.lockdown))
        // Who has rows of two groups passes by the one that may.
        for badge in ["22", "33"] { #expect(bench.badge(badge, at: "a").stores.count == 1) }
        bench.command(.endLockdown, by: "E021")
        #expect(bench.gate.standing.lockdown == nil)
        #expect(bench.badge("11", at: "a").stores.count == 1)
    }

    @Test func vehiclesAreRefusedToo() {
        var bench = Self.bench()
        bench.command(.lockdown)
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        #expect(bench.see(Site.listed[0]).stores.isEmpty)
        bench.wait(.seconds(2))
        #expect(bench.actions.records(.refusal).last?.facts["reasons"] == "lockdown")
        bench.input("lane1-approach", false)
        bench.wait(.seconds(20))
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        #expect(bench.see("苏E00119").stores.count == 1)
    }

    @Test func whatWasGrantedAndNotYetReleasedIsTakenBack() {
        var bench = Self.bench()
        bench.badge("11", at: "a")
        bench.command(.lockdown)
        #expect(bench.store().asserts("a-strike") == 0)
        #expect(bench.actions.records(.passage).last?.facts["refused"] == "lockdown")
        bench.badge("22", at: "a")
        #expect(bench.store().asserts("a-strike") == 1)
    }

    @Test(arguments: [(Site.listed[0], 0), ("苏E00119", 1)])
    func aVehicleThatWasGrantedAndNotYetLetInWaitsUnlessItsGroupMay(plate: String, rises: Int) {
        var bench = Self.bench()
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        #expect(bench.see(plate).stores.count == 1)
        bench.command(.lockdown)
        #expect(bench.store().asserts("lane1-raise") == rises)
    }

    @Test func afterAnEmergencyTheSwitchClosesNoBoomAndAPersonDoes() {
        var bench = Self.bench()
        bench.command(.emergencyRelease)
        bench.rise()
        bench.command(.emergencyReset)
        bench.wait(.seconds(10))
        bench.input("lock-switch", true)
        bench.wait(.seconds(10))
        #expect(bench.actions.asserts("lane1-lower") == 0)
        bench.input("lock-switch", false)
        bench.command(.lockdown, by: "E021")
        bench.wait(.seconds(10))
        #expect(bench.actions.asserts("lane1-lower") == 1)
    }

    @Test func aReleaseThatIsRunningEndsAndAnOpenBoomCloses() {
        var bench = Self.bench()
        bench.badge("11", at: "a")
        bench.store()
        bench.command(.open("lane1"))
        bench.store()
        bench.rise()
        let begun = bench.command(.lockdown)
        #expect(begun.contains(.rest("a-strike")))
        bench.wait(.seconds(3))
        #expect(bench.actions.asserts("lane1-lower") == 1)
    }

    @Test func theExitButtonGoesOn() {
        var bench = Self.bench()
        bench.command(.lockdown)
        #expect(bench.input("a-exit", true).asserts("a-strike") == 1)
    }

    @Test func itHoldsOverARestartAndIsShownAgain() {
        var bench = Self.bench()
        bench.command(.lockdown, by: "E021")
        var restarted = Self.bench(standing: bench.gate.standing)
        #expect(restarted.actions.alarms("lockdown") == 1)
        #expect(restarted.actions.records(.lockdown).first?.facts == ["what": "resumed"])
        #expect(restarted.badge("11", at: "a").stores.isEmpty)
    }

    @Test func fireBeatsItAndItStandsAfterTheReset() {
        var bench = Self.bench()
        bench.command(.lockdown)
        let fire = bench.input("fire", true)
        #expect(fire.asserts("a-strike") == 1 && fire.asserts("lane1-raise") == 1)
        // Ordered again in the emergency: nothing is locked.
        let again = bench.command(.endLockdown) + bench.command(.lockdown)
        #expect(!again.contains { if case .rest = $0 { true } else { false } })
        #expect(bench.gate.standing.emergency != nil)
        bench.input("fire", false)
        bench.command(.emergencyReset)
        bench.wait(.seconds(2))
        #expect(bench.badge("11", at: "a").stores.isEmpty)
    }

    @Test func theSwitchHoldsItAndEndsOnlyItsOwn() {
        var bench = Self.bench()
        bench.input("lock-switch", true)
        #expect(bench.gate.standing.lockdown != nil)
        let refused = bench.command(.endLockdown)
        #expect(refused.records(.lockdown).first?.facts["what"] == "end_refused")
        bench.input("lock-switch", false)
        #expect(bench.gate.standing.lockdown == nil)
        bench.command(.lockdown, by: "E021")
        bench.input("lock-switch", true)
        bench.input("lock-switch", false)
        #expect(bench.gate.standing.lockdown == "E021", "a named person's stays")
    }

    @Test func aBrokenSwitchNeitherClosesNorOpens() {
        var bench = Self.bench()
        let broken = bench.send(.inputFailed("lock-switch", reason: "chip gone"))
        #expect(bench.gate.standing.lockdown == nil)
        #expect(broken.alarms("input_failed_lock-switch") == 1)
        bench.send(.inputRecovered("lock-switch", active: true))
        #expect(bench.gate.standing.lockdown != nil)
        bench.send(.inputFailed("lock-switch", reason: "chip gone"))
        #expect(bench.gate.standing.lockdown != nil)
    }

    @Test func aSwitchThatIsOnAtTheStartCloses() {
        #expect(Self.bench(inputs: ["lock-switch": true]).gate.standing.lockdown != nil)
    }
}

/// Buttons at the guard's desk and beside the boom.
@Suite struct DeskTests {
    static let wishes: [LineName: DeskWish] = [
        "desk-open": .open("lane1"), "desk-close": .close("lane1"),
        "desk-fault": .clearFault("lane1"), "desk-alarm": .emergencyRelease,
        "desk-calm": .emergencyReset, "desk-lock": .lockdown, "desk-unlock": .endLockdown,
    ]

    static func bench(inputs: [String: Bool] = [:]) -> GateBench {
        GateBench(.init(), inputs: inputs) { config in
            config.desk = wishes
            config.lanes["lane1"]?.inputs.button = "lane1-button"
            for line in Array(wishes.keys) + ["lane1-button"] {
                config.inputs[line] = InputConfig(
                    chip: "sim", address: .offset(0), contact: .normallyOpen)
            }
        }
    }

    @Test(arguments: [
        ("desk-open", "desk button desk-open"), ("lane1-button", "push button lane1-button"),
    ])
    func aButtonOpensOnRecordWithItsName(line: String, name: String) {
        var bench = Self.bench()
        #expect(bench.input(line, true).asserts("lane1-raise") == 0)
        #expect(bench.actions.stores.first?.personal[.person] == name)
        #expect(bench.store().asserts("lane1-raise") == 1)
        bench.wait(.seconds(5))
        #expect(bench.actions.stores.count == 1, "a held button opens once")
        bench.input(line, false)
        bench.input(line, true)
        #expect(bench.actions.stores.count == 2)
    }

    @Test func aButtonHeldTooLongIsAnAlarmUntilItIsLetGo() {
        var bench = Self.bench()
        bench.input("desk-fault", true)
        bench.wait(.milliseconds(59_900))
        #expect(bench.actions.alarms("button_stuck_desk-fault") == 0)
        bench.wait(.milliseconds(200))
        #expect(bench.actions.alarms("button_stuck_desk-fault") == 1)
        #expect(
            bench.actions.records(.fault).last?.facts["code"] == "button_stuck_desk-fault")
        bench.wait(.seconds(600))
        #expect(bench.actions.alarms("button_stuck_desk-fault") == 1)
        #expect(
            bench.input("desk-fault", false).contains(
                .clearAlarm(nil, code: "button_stuck_desk-fault")))
        bench.wait(.seconds(600))
        #expect(bench.actions.alarms("button_stuck_desk-fault") == 1)
    }

    @Test func aButtonHeldSinceTheStartIsAnAlarmToo() {
        var bench = Self.bench(inputs: ["lane1-button": true])
        bench.wait(.seconds(61))
        #expect(bench.actions.alarms("button_stuck_lane1-button") == 1)
    }

    @Test func theButtonOfAnEmergencyMayLatchAndAFailedLineHasItsOwnAlarm() {
        var bench = Self.bench()
        bench.input("desk-alarm", true)
        bench.send(.inputFailed("desk-open", reason: "chip gone"))
        bench.wait(.seconds(600))
        #expect(bench.actions.alarms("button_stuck_desk-alarm") == 0)
        #expect(bench.actions.alarms("button_stuck_desk-open") == 0)
        #expect(bench.actions.alarms("input_failed_desk-open") == 1)
    }

    @Test func everyOtherWishIsCarriedOut() {
        var bench = Self.bench()
        bench.input("desk-lock", true)
        #expect(bench.gate.standing.lockdown == "desk button desk-lock")
        bench.input("desk-unlock", true)
        #expect(bench.gate.standing.lockdown == nil)
        #expect(bench.input("desk-alarm", true).asserts("lane1-raise") == 1)
        bench.rise()
        // While the latched button is in, nobody can reset what it released.
        bench.input("desk-calm", true)
        #expect(bench.gate.standing.emergency != nil)
        bench.input("desk-calm", false)
        bench.input("desk-alarm", false)
        bench.input("desk-calm", true)
        #expect(bench.gate.standing.emergency == nil)
        #expect(bench.input("desk-close", true).records(.override).count >= 1)
        #expect(bench.input("desk-fault", true).records(.override).count == 1)
    }

    @Test func aFailedLinePressesNothingButTheEmergency() {
        var bench = Self.bench()
        for line in ["desk-open", "desk-lock", "lane1-button"] {
            let actions = bench.send(.inputFailed(LineName(line), reason: "chip gone"))
            #expect(actions.stores.isEmpty && bench.gate.standing.lockdown == nil)
            #expect(actions.alarms("input_failed_\(line)") == 1)
            // Coming back as active is no press either.
            #expect(bench.send(.inputRecovered(LineName(line), active: true)).stores.isEmpty)
        }
        bench.send(.inputFailed("desk-alarm", reason: "wire broken"))
        #expect(bench.gate.standing.emergency != nil)
    }

    /// Pressed while the gate was without power, or broken: it releases all the same.
    @Test func theButtonOfAnEmergencyThatIsInAtTheStartReleases() {
        var bench = Self.bench(inputs: ["desk-alarm": true])
        #expect(bench.actions.asserts("lane1-raise") == 1)
        #expect(bench.gate.standing.emergency != nil)
        bench.rise()
        bench.input("desk-alarm", false)
        bench.command(.emergencyReset)
        #expect(bench.gate.standing.emergency == nil)
    }

    @Test func aButtonThatIsHeldAtTheStartPressesNothing() {
        var bench = Self.bench(inputs: ["desk-open": true, "desk-lock": true])
        #expect(bench.actions.stores.isEmpty && bench.gate.standing.lockdown == nil)
        bench.wait(.seconds(5))
        #expect(bench.input("desk-open", true).stores.isEmpty)
    }
}

/// Two barriers that lead onto one narrow road.
@Suite struct RoadTests {
    static func bench() -> GateBench {
        var options = Site.Options()
        options.laneCount = 3
        return GateBench(options) { config in
            config.lanes["lane1"]?.interlock = "bridge"
            config.lanes["lane2"]?.interlock = "bridge"
            // The bench answers for the journal when it wants to.
            for lane in config.lanes.keys { config.lanes[lane]?.timing.storage = .seconds(10) }
        }
    }

    static func arrive(_ lane: String, _ plate: String, _ bench: inout GateBench) -> [GateAction] {
        bench.input("\(lane)-approach", true)
        bench.wait(.milliseconds(100))
        return bench.see(plate, lane: lane)
    }

    @Test func theSecondWaitsUntilTheFirstHasClearedTheRoad() {
        var bench = Self.bench()
        #expect(Self.arrive("lane1", Site.listed[0], &bench).stores.count == 1)
        // Not even while the first one's opening is being stored.
        let second = Self.arrive("lane2", Site.listed[1], &bench)
        #expect(second.stores.isEmpty && second.told(.roadBusy))
        bench.store()
        bench.rise()
        bench.driveThrough()
        #expect(bench.see(Site.listed[1], lane: "lane2").stores.isEmpty)
        bench.wait(.seconds(2))
        bench.input("lane1-up", false)
        bench.wait(.seconds(2))
        #expect(bench.see(Site.listed[1], lane: "lane2").stores.isEmpty, "the boom is not down yet")
        bench.input("lane1-down", true)
        bench.wait(.seconds(1))
        #expect(bench.see(Site.listed[1], lane: "lane2").stores.count == 1)
    }

    @Test func aLaneOfNoRoadIsNotHeldUp() {
        var bench = Self.bench()
        _ = Self.arrive("lane1", Site.listed[0], &bench)
        #expect(Self.arrive("lane3", Site.listed[1], &bench).stores.count == 1)
    }

    @Test func aNamedPersonOverridesItOnRecordAndFireDoesAnyway() {
        var bench = Self.bench()
        _ = Self.arrive("lane1", Site.listed[0], &bench)
        bench.store()
        let opened = bench.command(.open("lane2"))
        #expect(opened.stores.first?.facts["interlock"] == "overridden")
        #expect(bench.store().asserts("lane2-raise") == 1)
        var other = Self.bench()
        let fire = other.input("fire", true)
        #expect(fire.asserts("lane1-raise") == 1 && fire.asserts("lane2-raise") == 1)
    }

    /// Random days of two lanes: policy never opens one while the other has the road.
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func policyNeverOpensBothAtOnce(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var bench = Self.bench()
        var openings = 0
        for _ in 0..<2000 {
            let lane = random.chance(0.5) ? "lane1" : "lane2"
            let other = lane == "lane1" ? "lane2" : "lane1"
            switch Int.random(in: 0..<8, using: &random) {
            case 0, 1:
                let isFree = bench.status(other)?.state == "resting"
                let stored = Self.arrive(lane, Site.listed[0], &bench).stores
                if !stored.isEmpty {
                    openings += 1
                    #expect(isFree, "seed \(seed)")
                }
            case 2: bench.store()
            case 3: bench.input("\(lane)-up", random.chance(0.5))
            case 4: bench.input("\(lane)-down", random.chance(0.5))
            case 5: bench.driveThrough(lane: lane)
            case 6: bench.input("\(lane)-approach", false)
            default: bench.wait(random.milliseconds(100...20_000))
            }
            bench.command(.clearFault(LaneName(lane)))
        }
        #expect(openings > 10, "seed \(seed)")
    }
}

/// The switch that tells that the boom is off its arm.
@Suite struct DetachedBoomTests {
    @Test func aDetachedBoomIsAFaultUntilItIsBackAndCleared() {
        var bench = GateBench { config in
            config.lanes["lane1"]?.inputs.detached = "lane1-detached"
            config.inputs["lane1-detached"] = InputConfig(
                chip: "sim", address: .offset(0), contact: .normallyClosed)
        }
        bench.command(.open("lane1"))
        bench.store()
        bench.rise()
        bench.wait(.seconds(1))
        #expect(bench.input("lane1-detached", true).alarms("boom_detached") == 1)
        bench.driveThrough()
        bench.wait(.seconds(120))
        #expect(bench.actions.asserts("lane1-lower") == 0)
        bench.input("lane1-approach", true)
        bench.wait(.milliseconds(100))
        #expect(bench.see(Site.listed[0]).stores.isEmpty)
        bench.command(.clearFault("lane1"))
        #expect(bench.status()?.alarms.contains("boom_detached") == true)
        bench.input("lane1-detached", false)
        bench.wait(.seconds(1))
        #expect(bench.status()?.alarms.contains("boom_detached") == true)
        bench.command(.clearFault("lane1"))
        #expect(bench.status()?.alarms == [])
    }
}
