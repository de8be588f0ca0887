import GateConfiguration
import GateEngine
import GateTypes

/// A gate on a bench: events by hand, time by the gate's own deadlines, storage that answers.
struct GateBench {
    var gate: Gate
    let config: GateConfig
    var actions: [GateAction] = []
    private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    var clockIsTrusted = true
    /// Intents that nobody has answered yet.
    var unanswered: [IntentNumber] = []

    init(
        _ options: Site.Options = .init(), standing: StandingState = .init(),
        inputs: [String: Bool] = [:], change: (inout GateConfig) -> Void = { _ in }
    ) {
        var config = Site.config(options)
        change(&config)
        self.config = config
        gate = Gate(config: config, standing: standing)
        var all: [LineName: Bool] = [:]
        for line in config.inputs.keys { all[line] = line.text.hasSuffix("-down") }
        for (line, active) in inputs { all[LineName(line)] = active }
        take(gate.start(inputs: all, at: moment))
    }

    var moment: Moment {
        Moment(
            instant: now,
            wall: WallTime(milliseconds: 1_770_000_000_000 + now.nanoseconds / 1_000_000),
            wallIsTrusted: clockIsTrusted)
    }

    private mutating func take(_ new: [GateAction]) {
        actions += new
        for case .store(let number, _) in new { unanswered.append(number) }
    }

    @discardableResult
    mutating func send(_ event: GateEvent) -> [GateAction] {
        let new = gate.handle(event, at: moment)
        take(new)
        return new
    }

    @discardableResult
    mutating func input(_ line: String, _ active: Bool) -> [GateAction] {
        send(.input(LineName(line), active: active))
    }

    @discardableResult
    mutating func wait(_ span: Duration) -> [GateAction] {
        let end = now + span
        let before = actions.count
        while let due = gate.nextDeadline, due <= end {
            now = max(now, due)
            send(.tick)
        }
        now = end
        send(.tick)
        return Array(actions[before...])
    }

    /// One frame, read 40 ms after it was taken.
    @discardableResult
    mutating func see(
        _ text: String?, age: Duration = .milliseconds(40), confidence: Double = 0.98,
        width: Double = 160, lane: String = "lane1", doubts: [Int: [(Character, Double)]] = [:]
    ) -> [GateAction] {
        let readings =
            text.map {
                [Reader.reading($0, confidence: confidence, width: width, doubts: doubts)]
            } ?? []
        return send(
            .plates(
                Reader.observation(
                    readings, camera: CameraName(lane), frame: now - age, read: now)))
    }

    @discardableResult
    mutating func store() -> [GateAction] {
        guard !unanswered.isEmpty else { return [] }
        return send(.stored(unanswered.removeFirst()))
    }

    @discardableResult
    mutating func command(_ wish: OperatorCommand.Wish, by name: String = "E017") -> [GateAction] {
        send(.command(.init(wish, by: name)))
    }

    /// Up, as the switches tell it.
    mutating func rise(lane: String = "lane1") {
        wait(.milliseconds(500))
        input("\(lane)-down", false)
        wait(.seconds(2))
        input("\(lane)-up", true)
    }

    /// A vehicle drives up, is read, stored and waits before the open boom.
    mutating func letIn(_ plate: String) {
        input("lane1-approach", true)
        wait(.milliseconds(100))
        see(plate)
        store()
        rise()
    }

    mutating func driveThrough(lane: String = "lane1") {
        input("\(lane)-approach", true)
        input("\(lane)-safety", true)
        input("\(lane)-photocell", true)
        wait(.seconds(1))
        input("\(lane)-approach", false)
        wait(.seconds(1))
        input("\(lane)-photocell", false)
        input("\(lane)-safety", false)
    }

    func status(_ lane: String = "lane1") -> LaneStatus? {
        gate.status.first { $0.lane == LaneName(lane) }
    }
}

extension [GateAction] {
    func asserts(_ line: String) -> Int {
        filter { if case .assert(LineName(line), _) = $0 { true } else { false } }.count
    }

    func records(_ kind: EntryKind) -> [EntryDraft] {
        compactMap {
            if case .record(let draft) = $0, draft.kind == kind { draft } else { nil }
        }
    }

    func incidents(_ name: String) -> Int {
        records(.incident).filter { $0.facts["class"] == name }.count
    }

    func told(_ notice: Notice) -> Bool {
        contains { if case .tell(_, notice) = $0 { true } else { false } }
    }

    func alarms(_ code: String) -> Int {
        filter { if case .raiseAlarm(_, code, _) = $0 { true } else { false } }.count
    }

    var stores: [EntryDraft] {
        compactMap { if case .store(_, let draft) = $0 { draft } else { nil } }
    }
}
