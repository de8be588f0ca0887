import GateConfiguration
import GateEngine
import GateSimulation
import GateTypes
import LineControl
import Testing

/// The real engine over the real line bank over the simulated world, in virtual time.
private final class SimulatedSite {
    let world: SimulatedWorld
    let bank: LineBank
    private var gate: Gate
    private var now = Instant(nanoseconds: 1_000_000_000_000)
    /// Answers of the storage that are on their way, and a guard's decisions.
    private var later: [(due: Instant, event: GateEvent)] = []
    private var random: SeededRandom
    private(set) var refusals: [String] = []
    private(set) var entries: [EntryDraft] = []

    init(
        _ config: GateConfig, traffic: TrafficPlan, faults: [SimulatedWorld.PlannedFault] = [],
        seed: UInt64
    ) {
        random = SeededRandom(seed: seed ^ 0xABCD)
        world = SimulatedWorld(
            config: config, traffic: traffic, faults: faults, seed: seed, start: now)
        bank = LineBank(config: config, chips: ["board": SimulatedChip(world)], at: now)
        gate = Gate(config: config)
        perform(gate.start(inputs: bank.inputStates, at: moment))
    }

    private var moment: Moment {
        Moment(instant: now, wall: WallTime(milliseconds: now.nanoseconds / 1_000_000))
    }

    func run(_ span: Duration) {
        let end = now + span
        while now < end {
            var next = min(end, bank.nextDeadline)
            if let deadline = gate.nextDeadline { next = min(next, deadline) }
            if let due = later.map(\.due).min() { next = min(next, due) }
            now = max(next, now + .nanoseconds(1))
            for report in bank.poll(at: now) { take(report) }
            let due = later.filter { $0.due <= now }
            later.removeAll { $0.due <= now }
            for item in due { handle(item.event) }
            handle(.tick)
        }
    }

    private func take(_ report: LineReport) {
        switch report {
        case .input(let line, let active, _, _):
            handle(.input(line, active: active))
            if line == "loop" && active { callGuard() }
        case .inputFailed(let line, let reason): handle(.inputFailed(line, reason: reason))
        case .inputRecovered(let line, let active):
            handle(.inputRecovered(line, active: active))
        case .outputFailed(let line, let reason): handle(.outputFailed(line, reason: reason))
        case .outputRecovered, .edgesLost, .pulse, .pulsesLost: break
        }
    }

    /// The guard opens for three of four vehicles, and takes the lane back into service first.
    private func callGuard() {
        guard Int.random(in: 0..<4, using: &random) > 0 else { return }
        let pause = Duration.milliseconds(Int64.random(in: 300...3000, using: &random))
        for wish in [.clearFault("lane1"), .open("lane1")] as [OperatorCommand.Wish] {
            later.append((now + pause, .command(OperatorCommand(wish, by: "E017"))))
        }
    }

    private func handle(_ event: GateEvent) { perform(gate.handle(event, at: moment)) }

    private func perform(_ actions: [GateAction]) {
        for action in actions {
            do throws(LineError) {
                switch action {
                case .assert(let line, let limit):
                    try bank.assert(line, atMost: limit, at: now)
                case .rest(let line): try bank.rest(line, at: now)
                case .store(let number, let draft):
                    entries.append(draft)
                    later.append((now + .milliseconds(8), .stored(number)))
                case .record(let draft): entries.append(draft)
                case .keep, .look, .keepPicture, .erasePictures, .makeRoom, .tell, .signal,
                    .raiseAlarm, .clearAlarm:
                    break
                }
            } catch {
                refusals.append(error.description)
                if case .assert(let line, _) = action {
                    later.append((now, .outputFailed(line, reason: error.description)))
                }
            }
        }
    }
}

@Suite struct EngineOnLinesTests {
    private static func traffic(seed: UInt64) -> TrafficPlan {
        TrafficPlan.random(seed: seed, lanes: ["lane1"], perHour: 80, for: .seconds(1800))
    }

    private func check(_ site: SimulatedSite, seed: UInt64) {
        let events = site.world.events.map(\.event)
        for event in events {
            switch event {
            case .struck, .opposed: Issue.record("\(event) with seed \(seed)")
            case .arrived, .entered, .passed, .turnedBack, .forced: break
            }
        }
        let excluded = site.refusals.filter { $0.contains("its opposite") }
        #expect(excluded == [], "the engine keeps opposites apart by itself; seed \(seed)")
    }

    @Test(arguments: [1, 2] as [UInt64], [true, false])
    func boomNeverComesDownOnAVehicle(seed: UInt64, hasStop: Bool) {
        let site = SimulatedSite(
            SimulatedLane.config(hasStop: hasStop), traffic: Self.traffic(seed: seed), seed: seed)
        site.run(.seconds(1900))
        check(site, seed: seed)
        #expect(site.world.totals.passed > 5, "traffic flows; seed \(seed)")
        #expect(site.refusals == [])
    }

    /// One broken line after the other, while vehicles come and go.
    @Test(
        arguments: [
            LineFault.stuckActive, .stuckClear, .gone, .flapping, .late(.seconds(2)),
        ], [11] as [UInt64])
    func boomNeverComesDownOnAVehicleWithABrokenLine(fault: LineFault, seed: UInt64) {
        let lines: [LineName] = ["loop", "safety", "beam", "up", "down"]
        let faults = lines.enumerated().map { index, line in
            SimulatedWorld.PlannedFault(
                after: .seconds(100 + 300 * index), lasts: .seconds(150), line: line, fault: fault)
        }
        let site = SimulatedSite(
            SimulatedLane.config(hasStop: true), traffic: Self.traffic(seed: seed), faults: faults,
            seed: seed)
        site.run(.seconds(1900))
        check(site, seed: seed)
    }

    @Test(arguments: [RelayModel.Fault.noAnswer, .welded], ["raise", "lower"] as [LineName])
    func relayThatDoesNotObeyIsNoticed(fault: RelayModel.Fault, line: LineName) {
        let site = SimulatedSite(
            SimulatedLane.config(hasStop: true), traffic: Self.traffic(seed: 21),
            faults: [
                SimulatedWorld.PlannedFault(
                    after: .seconds(60), lasts: .seconds(1700), line: line, fault: .relay(fault))
            ], seed: 21)
        site.run(.seconds(1900))
        if fault == .noAnswer {
            #expect(site.entries.contains { $0.kind == .fault })
        }
        let isStruck = site.world.events.contains {
            if case .struck = $0.event { true } else { false }
        }
        #expect(!isStruck)
    }
}
