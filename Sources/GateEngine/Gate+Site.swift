import GateConfiguration
import GateTypes
import PassageControl

/// One button and whose word it is on record.
struct DeskButton: Sendable {
    let wish: OperatorCommand.Wish
    let operatorName: String

    /// The desk's buttons, and those beside the booms.
    static func all(of config: GateConfig) -> [LineName: DeskButton] {
        var buttons = config.desk.reduce(into: [LineName: DeskButton]()) { buttons, entry in
            buttons[entry.key] = DeskButton(
                wish: .init(entry.value), operatorName: "desk button \(entry.key)")
        }
        for (lane, barrier) in config.lanes {
            guard let line = barrier.inputs.button else { continue }
            buttons[line] = DeskButton(wish: .open(lane), operatorName: "push button \(line)")
        }
        return buttons
    }
}

/// Buttons that are held, and for how long.
struct StuckButtons: Sendable {
    /// Nobody presses a button for so long.
    static let longest = Duration.seconds(60)

    private var since: [LineName: Instant] = [:]
    private var told: Set<LineName> = []
    private(set) var nextDeadline: Instant?

    mutating func pressed(_ line: LineName, at now: Instant) {
        guard since[line] == nil else { return }
        since[line] = now
        plan()
    }

    /// True when it was told that the button is stuck.
    mutating func released(_ line: LineName) -> Bool {
        guard since.removeValue(forKey: line) != nil else { return false }
        plan()
        return told.remove(line) != nil
    }

    /// Buttons that have been held for too long, each of them told once.
    mutating func due(at now: Instant) -> [LineName] {
        guard let nextDeadline, now >= nextDeadline else { return [] }
        let stuck = since.filter { now >= $0.value + Self.longest && !told.contains($0.key) }
        told.formUnion(stuck.keys)
        plan()
        return stuck.keys.sorted()
    }

    private mutating func plan() {
        nextDeadline = since.filter { !told.contains($0.key) }.values.min().map {
            $0 + Self.longest
        }
    }
}

extension OperatorCommand.Wish {
    /// What a button says.
    package init(_ wish: DeskWish) {
        self =
            switch wish {
            case .open(let lane): .open(lane)
            case .close(let lane): .close(lane)
            case .clearFault(let lane): .clearFault(lane)
            case .emergencyRelease: .emergencyRelease
            case .emergencyReset: .emergencyReset
            case .lockdown: .lockdown
            case .endLockdown: .endLockdown
            }
    }
}

/// Lockdown, the guard's desk, roads that barriers share.
extension Gate {
    // MARK: Buttons

    /// A button of the emergency that is in, or has failed, counts as the fire input does, also at the start.
    var pressedRelease: DeskButton? {
        held.sorted().lazy.compactMap { buttons[$0] }.first { $0.wish == .emergencyRelease }
    }

    /// One press is one command; a failed line presses nothing but the emergency's.
    mutating func press(
        _ line: LineName, _ button: DeskButton, active: Bool, _ failure: String?,
        _ turn: inout Turn
    ) {
        guard active, failure == nil else {
            if stuckButtons.released(line) { tellOfStuck(line, isOver: true, &turn) }
            guard active else {
                held.remove(line)
                return
            }
            let isNew = held.insert(line).inserted
            guard isNew, button.wish == .emergencyRelease else { return }
            return obey(OperatorCommand(button.wish, by: button.operatorName), &turn)
        }
        // The button of an emergency latches.
        if button.wish != .emergencyRelease { stuckButtons.pressed(line, at: turn.now.instant) }
        let isNew = held.insert(line).inserted
        guard isNew else { return }
        obey(OperatorCommand(button.wish, by: button.operatorName), &turn)
    }

    /// A button that nobody lets go presses nothing again, and nobody would know.
    mutating func buttonsTimePassed(_ turn: inout Turn) {
        for line in stuckButtons.due(at: turn.now.instant) {
            tellOfStuck(line, isOver: false, &turn)
        }
    }

    private mutating func tellOfStuck(_ line: LineName, isOver: Bool, _ turn: inout Turn) {
        let code = "button_stuck_\(line)"
        turn.record(isOver ? .faultCleared : .fault, nil, ["code": code])
        if isOver {
            clearAlarm(code, &turn)
        } else {
            raiseAlarm(
                code, "Button \(line) has been pressed too long; release it or check its wiring.",
                &turn)
        }
    }

    /// Inputs that belong to no lane have nobody else who tells that they have failed.
    mutating func tellOfStray(_ line: LineName, _ failure: String?, _ turn: inout Turn) {
        guard failure != nil || hasAlarms else { return }
        let code = "input_failed_\(line)"
        guard let failure else { return clearAlarm(code, &turn) }
        turn.record(.fault, nil, ["code": code])
        raiseAlarm(code, "Input \(line) has failed (\(failure)); check its wiring.", &turn)
    }

    // MARK: Lockdown

    static let lockdownSwitch = "lockdown switch"

    mutating func startLockdown(inputs: [LineName: Bool], _ turn: inout Turn) {
        if let line = config.lockdown?.input { isLockdownSwitchOn = inputs[line] ?? false }
        if let by = standing.lockdown {
            closeToOthers()
            turn.record(.lockdown, nil, ["what": "resumed"], person: by)
            raiseAlarm("lockdown", Self.lockdownText(by), &turn)
        } else if isLockdownSwitchOn {
            beginLockdown("switch", by: Self.lockdownSwitch, &turn)
        }
    }

    mutating func lockdownSwitch(active: Bool, _ failure: String?, _ turn: inout Turn) {
        // A broken wire neither closes the site nor opens it; the alarm tells.
        guard failure == nil else { return }
        isLockdownSwitchOn = active
        if active {
            beginLockdown("switch", by: Self.lockdownSwitch, &turn)
        } else if standing.lockdown == Self.lockdownSwitch {
            endLockdown(by: Self.lockdownSwitch, &turn)
        }
    }

    /// Closes to all but the groups of the configuration; an emergency goes on untouched.
    mutating func beginLockdown(_ how: String, by name: String, _ turn: inout Turn) {
        guard standing.lockdown == nil else { return }
        standing.lockdown = name
        turn.actions.append(.keep(standing))
        turn.record(.lockdown, nil, ["what": "begun", "how": how], person: name)
        raiseAlarm("lockdown", Self.lockdownText(name), &turn)
        closeToOthers()
        let except = config.lockdown?.except ?? []
        for index in lanes.indices {
            // After an emergency only a person's word closes a boom, and a switch is nobody.
            let mayClose =
                name != Self.lockdownSwitch || !lanes[index].barrier.closesByNameOnly
            lanes[index].lockDown(except, closes: mayClose && standing.emergency == nil, &turn)
        }
        eachPersonLane(&turn) { lane, turn in lane.lockDown(except, &turn) }
    }

    mutating func endLockdown(by name: String, _ turn: inout Turn) {
        guard standing.lockdown != nil else { return }
        guard !isLockdownSwitchOn else {
            return turn.record(
                .lockdown, nil, ["what": "end_refused", "because": "switch_on"], person: name)
        }
        standing.lockdown = nil
        turn.actions.append(.keep(standing))
        turn.record(.lockdown, nil, ["what": "ended"], person: name)
        clearAlarm("lockdown", &turn)
        policy.lockDown(exceptFor: nil)
        personPolicy.lockDown(exceptFor: nil)
        for index in lanes.indices where lanes[index].notice == .lockdown {
            lanes[index].tell(.ready, &turn)
        }
        eachPersonLane(&turn) { lane, turn in
            if lane.notice == .lockdown { lane.tell(.ready, &turn) }
        }
    }

    private mutating func closeToOthers() {
        let except = config.lockdown?.except ?? []
        policy.lockDown(exceptFor: except)
        personPolicy.lockDown(exceptFor: except)
    }

    private static func lockdownText(_ name: String) -> String {
        "Lockdown (\(name)): closed to all but the groups of 'lockdown: except' until it is ended."
    }

    // MARK: Roads

    /// True unless another barrier of the same road has it.
    func isRoadFree(for index: Int) -> Bool {
        guard let road = lanes[index].config.interlock else { return true }
        return !lanes.indices.contains {
            $0 != index && lanes[$0].config.interlock == road && lanes[$0].holdsRoad
        }
    }
}

extension VehicleLane {
    /// Takes back what policy has granted and not yet opened, and closes as soon as it is clear.
    mutating func lockDown(_ except: Set<String>, closes: Bool, _ turn: inout Turn) {
        isTouched = true
        for intent in intents {
            guard case .policy(let passage, _) = intent.ground,
                !except.contains(intent.draft.facts["group"] ?? "")
            else { continue }
            dropIntents(of: passage)
            if waiting?.number == passage { waiting?.phase = .reading }
        }
        guard closes else { return }
        tell(.lockdown, &turn)
        drive(.close, &turn)
    }
}

extension PersonLane {
    /// Takes back what policy has granted, released or not; whoever stands in the way is let through.
    mutating func lockDown(_ except: Set<String>, _ turn: inout Turn) {
        isTouched = true
        for intent in intents where !except.contains(intent.draft.facts["group"] ?? "") {
            guard let trigger = passages[intent.passage]?.trigger,
                trigger == .badge || trigger == .face
            else { continue }
            intents.removeAll { $0.number == intent.number }
            if let passage = passages.removeValue(forKey: intent.passage) {
                signal(.refused, passage.reader, &turn)
                finish(passage, .refused, ["refused": "lockdown"], &turn)
            }
        }
        stopWaitingForFaces(except: except, &turn)
        guard machine.acceptsPolicy else { return }
        tell(.lockdown, &turn)
        drive(.lock, &turn)
    }
}
