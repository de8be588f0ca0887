import GateConfiguration
import GateEngine
import GateTypes

/// Holds every event and every action of a gate against the rules that no lane may break.
///
/// It sees what goes in and what comes out, never the engine or its machines. The numbers of the rules:
/// 1 the boom's way down, 2 relays and their limits, 3 emergency, 4 restart, 5 openings on record,
/// 6 followers and those who turn back, 7 what is broken is told.
package struct RuleChecker {
    /// One broken rule.
    package struct Violation: Hashable, Sendable, CustomStringConvertible {
        package let at: Instant
        /// When that happened which was not told.
        package let since: Instant
        package let lane: LaneName?
        /// The rule and what broke it, e.g. "rule 1: lowered while occupied".
        package let what: String

        package var description: String {
            "\(what) at \(at.nanoseconds / 1_000_000) ms" + (lane.map { " (\($0))" } ?? "")
        }
    }

    /// Violations are counted beyond this number, and kept up to it.
    private static let keptLargest = 100
    private static let historyLargest = 400

    let config: GateConfig
    var barriers: [BarrierRules] = []
    var people: [PersonRules] = []
    private var barrierIndex: [LaneName: Int] = [:]
    private var personIndex: [LaneName: Int] = [:]
    private var inputs: [LineName: InputOwner] = [:]
    private var outputs: [LineName: OutputOwner] = [:]
    package private(set) var violations: [Violation] = []
    package private(set) var violationCount = 0
    /// How many single judgements were made.
    package private(set) var checkCount = 0
    private var isFireActive = false
    private var emergency: String?
    /// Buttons that are held: one press is one command.
    private var held: Set<LineName> = []
    private var pending: [IntentNumber: (lane: LaneName, draft: EntryDraft, at: Instant)] = [:]
    /// What the gate asked to be kept over restarts.
    package private(set) var kept = StandingState()
    /// What happened last, for the report of a violation.
    private var history: [(at: Instant, event: GateEvent?, actions: [GateAction])] = []
    /// Entries by kind, outcome and class of incident.
    package private(set) var counts: [String: Int] = [:]

    private enum InputOwner {
        case fire
        case barrier(Int, BarrierRules.Sensor)
        case person(Int, PersonRules.Sensor)
        case button(DeskWish)
    }

    private enum OutputOwner {
        case barrier(Int, BarrierRules.Drive)
        case person(Int, PersonRules.Drive)
    }

    package init(config: GateConfig, at now: Instant) {
        self.config = config
        if let fire = config.fire { inputs[fire] = .fire }
        for (line, wish) in config.desk { inputs[line] = .button(wish) }
        for (name, lane) in config.lanes {
            if let line = lane.inputs.button { inputs[line] = .button(.open(name)) }
        }
        for (index, name) in config.lanes.keys.sorted().enumerated() {
            guard let lane = config.lanes[name] else { continue }
            barriers.append(BarrierRules(name, lane, at: now))
            barrierIndex[name] = index
            for (sensor, line) in BarrierRules.lines(lane) {
                inputs[line] = .barrier(index, sensor)
            }
            for (drive, line) in BarrierRules.outputs(lane) {
                outputs[line] = .barrier(index, drive)
            }
        }
        let names = (Array(config.turnstiles.keys) + Array(config.doors.keys)).sorted()
        for (index, name) in names.enumerated() {
            people.append(PersonRules(name, config))
            personIndex[name] = index
            for (sensor, line) in people[index].inputs { inputs[line] = .person(index, sensor) }
            for (drive, line) in people[index].outputs { outputs[line] = .person(index, drive) }
        }
    }

    // MARK: Findings

    mutating func violate(
        _ what: String, _ lane: LaneName? = nil, since: Instant? = nil, at now: Instant
    ) {
        violationCount += 1
        guard violations.count < Self.keptLargest else { return }
        violations.append(Violation(at: now, since: since ?? now, lane: lane, what: what))
    }

    /// A rule that the physical world showed to be broken.
    package mutating func worldViolates(
        _ what: String, lane: LaneName, since: Instant? = nil, at now: Instant
    ) {
        violate(what, lane, since: since, at: now)
    }

    private mutating func take(_ found: [String], _ lane: LaneName, at now: Instant) {
        for what in found { violate(what, lane, at: now) }
    }

    /// The latest events with what came of them, oldest first.
    package func story(_ length: Int = 50, lane: LaneName? = nil) -> String {
        history.filter { entry in lane.map { concerns(entry, $0) } ?? true }.suffix(length).map {
            entry in
            let event = entry.event.map(Self.text) ?? "start"
            return
                (["\(entry.at.nanoseconds / 1_000_000) ms \(event)"] + entry.actions.map(Self.text))
                .joined(separator: "\n    -> ")
        }
        .joined(separator: "\n")
    }

    package var story: String { story() }

    private func concerns(
        _ entry: (at: Instant, event: GateEvent?, actions: [GateAction]), _ lane: LaneName
    ) -> Bool {
        guard let event = entry.event else { return true }
        let isTold = entry.actions.contains { self.lane(of: $0) == lane }
        switch event {
        case .input(let line, _), .inputRecovered(let line, _), .inputFailed(let line, _):
            return isTold
                || inputs[line].map { name(of: $0) == lane || name(of: $0) == nil } ?? false
        case .outputFailed, .plates, .badge, .people, .camera, .stored, .storageFailed, .command,
            .pictured, .picturesErased, .pictureTrouble, .journalDisk, .faces, .consents, .enrolled,
            .tick:
            return isTold
        }
    }

    private func name(of owner: InputOwner) -> LaneName? {
        switch owner {
        case .fire, .button: nil
        case .barrier(let index, _): barriers[index].name
        case .person(let index, _): people[index].name
        }
    }

    private func lane(of action: GateAction) -> LaneName? {
        switch action {
        case .assert(let line, _), .rest(let line):
            switch outputs[line] {
            case .barrier(let index, _): barriers[index].name
            case .person(let index, _): people[index].name
            case nil: nil
            }
        case .store(_, let draft), .record(let draft): draft.lane
        case .tell(let lane, _): lane
        case .raiseAlarm(let lane, _, _), .clearAlarm(let lane, _): lane
        case .keep, .look, .keepPicture, .erasePictures, .makeRoom, .signal: nil
        }
    }

    private static func text(_ event: GateEvent) -> String {
        if case .plates(let seen) = event {
            let texts = seen.readings.map { $0.text.isEmpty ? "unread" : $0.text }
            return
                "plates \(texts) at \(seen.camera), frame of \(seen.frameTime.nanoseconds / 1_000_000) ms"
        }
        return "\(event)"
    }

    private static func text(_ action: GateAction) -> String {
        func told(_ draft: EntryDraft) -> String {
            let facts = draft.facts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let personal = draft.personal.values.sorted()
            return "\(draft.kind.rawValue) \(draft.lane?.text ?? "-") "
                + (personal + facts).joined(separator: " ")
        }
        switch action {
        case .assert(let line, let limit): return "assert \(line) for \(limit.written)"
        case .rest(let line): return "rest \(line)"
        case .record(let draft): return "record " + told(draft)
        case .store(let number, let draft): return "store \(number.value) " + told(draft)
        case .raiseAlarm(_, let code, _): return "alarm \(code)"
        case .clearAlarm(_, let code): return "alarm \(code) ends"
        case .tell(let lane, let notice): return "tell \(lane) \(notice.rawValue)"
        case .keep, .look, .keepPicture, .erasePictures, .makeRoom, .signal: return "\(action)"
        }
    }

    // MARK: Events

    /// All relays have fallen to rest; the settled inputs are told anew.
    package mutating func restarted(inputs states: [LineName: Bool], at now: Instant) {
        pending = [:]
        emergency = kept.emergency
        isFireActive = config.fire.map { states[$0] ?? true } ?? false
        held = Set(inputs.keys.filter { isButton($0) && states[$0] ?? true })
        for index in barriers.indices { barriers[index].restart(states, at: now) }
        for index in people.indices { people[index].restart(states, at: now) }
        if isFireActive { emergency = emergency ?? "fire alarm" }
        if emergency != nil { emergencyBegan(at: now) }
    }

    /// Before the engine sees an event.
    package mutating func note(_ event: GateEvent, at now: Instant) {
        switch event {
        case .input(let line, let active), .inputRecovered(let line, let active):
            input(line, active: active, isFailed: false, at: now)
        case .inputFailed(let line, _):
            input(line, active: true, isFailed: true, at: now)
        case .outputFailed(let line, _):
            if case .person(let index, let drive) = outputs[line] { people[index].lose(drive) }
        case .stored(let number):
            guard let (lane, draft, stored) = pending.removeValue(forKey: number) else { return }
            granted(lane, draft, stored: stored, at: now)
        case .storageFailed(let number, _):
            pending[number] = nil
        case .command(let command):
            obey(command.wish, at: now)
        case .plates, .badge, .people, .camera, .pictured, .picturesErased, .pictureTrouble,
            .journalDisk, .faces, .consents, .enrolled, .tick:
            break
        }
    }

    private mutating func granted(
        _ lane: LaneName, _ draft: EntryDraft, stored: Instant, at now: Instant
    ) {
        if let index = barrierIndex[lane] {
            barriers[index].granted(draft, stored: stored, at: now)
        } else if let index = personIndex[lane] {
            people[index].granted(draft)
        }
    }

    private func isButton(_ line: LineName) -> Bool {
        if case .button = inputs[line] { true } else { false }
    }

    private mutating func press(
        _ line: LineName, _ wish: DeskWish, active: Bool, isFailed: Bool, at now: Instant
    ) {
        guard active else {
            held.remove(line)
            return
        }
        guard held.insert(line).inserted, !isFailed || wish == .emergencyRelease else { return }
        obey(OperatorCommand.Wish(wish), at: now)
    }

    /// What no lane may do to another, or while the site is closed.
    private mutating func stored(_ draft: EntryDraft, _ lane: LaneName, at now: Instant) {
        guard draft.kind == .grant else { return }
        let groups = config.lockdown?.except ?? []
        if kept.lockdown != nil, !groups.contains(draft.facts["group"] ?? "") {
            violate("rule 5: a grant in a lockdown", lane, at: now)
        }
        guard let index = barrierIndex[lane], let road = config.lanes[lane]?.interlock else {
            return
        }
        for other in barriers.indices where other != index && barriers[other].hasRoad {
            guard barriers[other].config.interlock == road else { continue }
            violate("rule 5: a grant while \(barriers[other].name) has the road", lane, at: now)
        }
    }

    private mutating func obey(_ wish: OperatorCommand.Wish, at now: Instant) {
        switch wish {
        case .close(let name):
            if let index = barrierIndex[name] { barriers[index].mayCloseAfterEmergency = true }
            if let index = personIndex[name] { people[index].isClosedByName = true }
        case .emergencyRelease where emergency == nil:
            emergency = "named"
            emergencyBegan(at: now)
        case .emergencyReset where !isFireActive:
            emergency = nil
            for index in barriers.indices {
                barriers[index].isHeldByEmergency = false
                barriers[index].raiseDue = nil
            }
            for index in people.indices { people[index].isReset = people[index].isEmergency }
        case .open, .clearFault, .emergencyRelease, .emergencyReset, .lockdown, .endLockdown: break
        }
    }

    private mutating func input(
        _ line: LineName, active: Bool, isFailed: Bool, at now: Instant
    ) {
        switch inputs[line] {
        case .fire:
            isFireActive = active
            guard active, emergency == nil else { return }
            emergency = "fire alarm"
            emergencyBegan(at: now)
        case .barrier(let index, let sensor):
            barriers[index].reads(sensor, active: active, isFailed: isFailed, at: now)
        case .person(let index, let sensor):
            people[index].reads(sensor, active: active, isFailed: isFailed, at: now)
        case .button(let wish): press(line, wish, active: active, isFailed: isFailed, at: now)
        case nil: break
        }
    }

    private mutating func emergencyBegan(at now: Instant) {
        for index in barriers.indices { barriers[index].emergencyBegan(at: now) }
        for index in people.indices { people[index].emergencyBegan() }
    }

    /// After the engine has answered an event; nil is a start.
    package mutating func check(
        _ actions: [GateAction], after event: GateEvent?, at now: Instant
    ) {
        remember(actions, event, at: now)
        for action in actions {
            switch action {
            case .assert(let line, let limit): asserted(line, limit, at: now)
            case .rest(let line): rested(line, at: now)
            case .store(let number, let draft):
                guard let lane = draft.lane else { continue }
                pending[number] = (lane, draft, now)
                stored(draft, lane, at: now)
            case .record(let draft): recorded(draft, at: now)
            case .keep(let state): kept = state
            case .raiseAlarm(let lane, let code, _): alarm(lane, code, isOn: true, at: now)
            case .clearAlarm(let lane, let code): alarm(lane, code, isOn: false, at: now)
            case .look, .tell, .keepPicture, .erasePictures, .makeRoom, .signal: break
            }
        }
        for index in barriers.indices {
            barriers[index].checkState(isEmergency: emergency != nil, at: now)
            if !barriers[index].found.isEmpty {
                take(barriers[index].found, barriers[index].name, at: now)
                barriers[index].found = []
            }
        }
        for index in people.indices {
            people[index].checkState(at: now)
            if !people[index].found.isEmpty {
                take(people[index].found, people[index].name, at: now)
                people[index].found = []
            }
        }
        checkCount +=
            BarrierRules.checksEach * barriers.count + PersonRules.checksEach * people.count
        if emergency != nil, kept.emergency == nil {
            violate("rule 3: an emergency is not kept", at: now)
        }
    }

    private mutating func asserted(_ line: LineName, _ limit: Duration, at now: Instant) {
        let longest = config.outputs[line]?.longest ?? .zero
        if limit <= .zero || limit > longest {
            violate(
                "rule 2: \(line) asserted for \(limit.written), longest \(longest.written)", at: now
            )
        }
        switch outputs[line] {
        case .barrier(let index, let drive): barriers[index].asserted(drive, limit, at: now)
        case .person(let index, let drive): people[index].asserted(drive, limit, at: now)
        case nil: break
        }
    }

    private mutating func rested(_ line: LineName, at now: Instant) {
        switch outputs[line] {
        case .barrier(let index, let drive): barriers[index].rested(drive, at: now)
        case .person(let index, let drive): people[index].rested(drive, at: now)
        case nil: break
        }
    }

    private mutating func recorded(_ draft: EntryDraft, at now: Instant) {
        counts[draft.kind.rawValue, default: 0] += 1
        if let outcome = draft.facts["outcome"] { counts[outcome, default: 0] += 1 }
        if let incident = draft.facts["class"] { counts[incident, default: 0] += 1 }
        guard let lane = draft.lane else { return }
        if let index = barrierIndex[lane] {
            if draft.facts["late"] == "true" { barriers[index].grantedLate(at: now) }
        } else if let index = personIndex[lane] {
            people[index].recorded(draft)
        }
    }

    private mutating func alarm(_ lane: LaneName?, _ code: String, isOn: Bool, at now: Instant) {
        guard let lane else { return }
        if let index = barrierIndex[lane] {
            if !barriers[index].alarms.change(code, isOn: isOn) {
                violate("alarm \(code) raised twice", lane, at: now)
            }
        } else if let index = personIndex[lane] {
            if !people[index].alarms.change(code, isOn: isOn) {
                violate("alarm \(code) raised twice", lane, at: now)
            }
        }
    }

    private mutating func remember(
        _ actions: [GateAction], _ event: GateEvent?, at now: Instant
    ) {
        if actions.isEmpty {
            switch event {
            case .plates, .faces, .tick: return
            case nil, .input, .inputFailed, .inputRecovered, .outputFailed, .camera, .badge,
                .people, .stored, .storageFailed, .command, .pictured, .picturesErased,
                .pictureTrouble, .journalDisk, .consents, .enrolled:
                break
            }
        }
        history.append((now, event, actions))
        if history.count > Self.historyLargest { history.removeFirst(Self.historyLargest / 2) }
    }
}

/// The alarms of one lane that stand, and what the rules ask of them.
struct StandingAlarms {
    private var codes: Set<String> = []
    private(set) var hasFailedSensor = false
    private(set) var hasFailedOutput = false
    private(set) var hasContradiction = false
    private(set) var hasStuckSensor = false

    var isEmpty: Bool { codes.isEmpty }

    /// False when an alarm is raised that stands already.
    mutating func change(_ code: String, isOn: Bool) -> Bool {
        var isNews = true
        if isOn { isNews = codes.insert(code).inserted } else { codes.remove(code) }
        hasFailedSensor = codes.contains { $0.hasPrefix("sensor_failed") }
        hasFailedOutput = codes.contains { $0.hasPrefix("output_failed") }
        hasContradiction = codes.contains("presence_contradicts")
        hasStuckSensor = codes.contains { $0.hasPrefix("sensor_stuck") }
        return isNews
    }

    mutating func clear() { self = StandingAlarms() }
}
