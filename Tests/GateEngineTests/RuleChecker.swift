import GateConfiguration
import GateEngine
import GateTypes

/// Watches events and actions, and holds them against DESIGN section 7; it never asks the engine.
struct RuleChecker {
    struct Lane {
        let name: LaneName
        let config: BarrierConfig
        var active: Set<LineName> = []
        var failed: Set<LineName> = []
        /// Latest moment at which the safety loop or the photocell read active.
        var lastOccupied: Instant
        /// Asserted from ... at the latest until ...; the dead time runs from the end.
        var raiseUntil = Instant(nanoseconds: .min)
        var lowerUntil = Instant(nanoseconds: .min)
        /// The last word to the boom was down, and its lower end has not been told since.
        var isCommandedDown = false
        /// Without limit switches the motor's time is all there is to know.
        var downBy = Instant(nanoseconds: .min)
        /// A grant or a named opening is on record until then.
        var warrantUntil = Instant(nanoseconds: .min)
        var isOpenByWarrant = false
        /// The boom must have been told to rise by then (reversal, emergency).
        var raiseDue: Instant?
        var mayCloseAfterEmergency = true
        var isHeldByEmergency = false
        var alarms: Set<String> = []
    }

    let config: GateConfig
    var lanes: [LaneName: Lane] = [:]
    var isFireActive = false
    var emergency: String?
    var violations: [String] = []
    var storyLength = 50
    var pending: [IntentNumber: (lane: LaneName, draft: EntryDraft, at: Instant)] = [:]
    var kept = StandingState()
    /// What happened last, for the report of a violation.
    var history: [(at: Instant, event: GateEvent?, actions: [GateAction])] = []
    var counts: [String: Int] = [:]

    init(config: GateConfig, at now: Instant) {
        self.config = config
        for (name, lane) in config.lanes {
            lanes[name] = Lane(name: name, config: lane, lastOccupied: now)
        }
    }

    /// The latest events of interest, for the report of a violation.
    var story: String {
        history.suffix(storyLength).map { entry in
            let event = entry.event.map { event in
                if case .plates(let seen) = event {
                    return
                        "plates \(seen.readings.map(\.text)) of \(seen.frameTime.nanoseconds / 1_000_000)"
                }
                return "\(event)"
            }
            let actions = entry.actions.map { action in
                switch action {
                case .record(let draft):
                    "record \(draft.kind) \(draft.personal.values) \(draft.facts)"
                case .store(let number, let draft):
                    "store \(number.value) \(draft.kind) \(draft.personal.values) \(draft.lane?.text ?? "")"
                case .raiseAlarm(_, let code, _): "alarm \(code)"
                case .assert, .rest, .keep, .look, .keepPicture, .erasePictures, .makeRoom, .tell,
                    .signal, .clearAlarm:
                    "\(action)"
                }
            }
            return (["\(entry.at.nanoseconds / 1_000_000) ms \(event ?? "start")"] + actions)
                .joined(separator: "\n    -> ")
        }
        .joined(separator: "\n")
    }

    mutating func violate(_ what: String, at now: Instant) {
        violations.append("\(what) at \(now.nanoseconds / 1_000_000) ms")
    }

    /// All relays have fallen to rest; the settled inputs are told anew.
    mutating func restarted(inputs: [LineName: Bool], at now: Instant) {
        pending = [:]
        emergency = kept.emergency
        isFireActive = inputs["fire"] ?? true
        for name in lanes.keys {
            update(name) { lane in
                lane.raiseUntil = min(lane.raiseUntil, now)
                lane.lowerUntil = min(lane.lowerUntil, now)
                lane.warrantUntil = Instant(nanoseconds: .min)
                lane.isOpenByWarrant = false
                lane.isCommandedDown = false
                lane.isHeldByEmergency = false
                lane.raiseDue = nil
                lane.failed = []
                lane.alarms = []
                lane.active = Set(lane.lines.filter { inputs[$0] == true })
                lane.lastOccupied = now
            }
        }
        if isFireActive { emergency = emergency ?? "fire alarm" }
        if emergency != nil { emergencyBegan(at: now) }
    }

    /// Before the engine sees an event.
    mutating func note(_ event: GateEvent, at now: Instant) {
        switch event {
        case .input(let line, let active), .inputRecovered(let line, let active):
            input(line, active: active, isFailed: false, at: now)
        case .inputFailed(let line, _):
            input(line, active: true, isFailed: true, at: now)
        case .stored(let number):
            guard let (lane, draft, stored) = pending.removeValue(forKey: number) else { return }
            update(lane) { lane in
                let age = draft.facts["frame_age_ms"].flatMap(Double.init) ?? 0
                let total = (now - stored).milliseconds + age
                guard draft.kind == .override || total <= lane.config.timing.deadline.milliseconds
                else { return }
                if draft.kind == .grant, let approach = lane.config.inputs.approach,
                    !lane.active.contains(approach)
                {
                    return
                }
                lane.warrantUntil = now + lane.config.timing.deadTime
                if !lane.isDown { lane.isOpenByWarrant = true }
            }
        case .storageFailed(let number, _):
            pending[number] = nil
        case .command(let command):
            if case .close(let name) = command.wish {
                update(name) { $0.mayCloseAfterEmergency = true }
            }
            if command.wish == .emergencyRelease, emergency == nil {
                emergency = "named"
                emergencyBegan(at: now)
            }
            if command.wish == .emergencyReset, !isFireActive { emergencyEnded() }
        case .outputFailed, .plates, .badge, .people, .camera, .pictured, .picturesErased,
            .pictureTrouble, .journalDisk, .tick, .faces, .consents, .enrolled:
            break
        }
    }

    private mutating func input(
        _ line: LineName, active: Bool, isFailed: Bool, at now: Instant
    ) {
        if line == config.fire {
            isFireActive = active
            if active, emergency == nil {
                emergency = "fire alarm"
                emergencyBegan(at: now)
            }
            return
        }
        for (name, lane) in lanes where lane.lines.contains(line) {
            update(name) { lane in
                if lane.isOccupied { lane.lastOccupied = now }
                if active { lane.active.insert(line) } else { lane.active.remove(line) }
                if isFailed { lane.failed.insert(line) } else { lane.failed.remove(line) }
                if lane.isOccupied { lane.lastOccupied = now }
                if line == lane.config.inputs.down, active, !isFailed {
                    lane.isCommandedDown = false
                    lane.isOpenByWarrant = false
                }
                if lane.config.inputs.down == nil, now >= lane.downBy {
                    lane.isCommandedDown = false
                }
                let limitTold = line == lane.config.inputs.down || line == lane.config.inputs.up
                if lane.isOccupied, !limitTold, lane.isCommandedDown, lane.raiseDue == nil {
                    lane.raiseDue = now + lane.config.timing.deadTime
                }
            }
        }
    }

    private mutating func emergencyBegan(at now: Instant) {
        for (name, lane) in lanes where lane.config.emergencyExemption == nil {
            _ = lane
            update(name) { lane in
                lane.isHeldByEmergency = true
                lane.mayCloseAfterEmergency = false
                let isFalling = lane.isCommandedDown || lane.lowerUntil > now
                let dead = lane.config.timing.deadTime
                lane.raiseDue =
                    isFalling ? now + dead : max(now, lane.lowerUntil + dead)
                if lane.isSinglePulse { lane.raiseDue = nil }
            }
        }
    }

    private mutating func emergencyEnded() {
        emergency = nil
        for name in lanes.keys {
            update(name) { lane in
                lane.isHeldByEmergency = false
                lane.raiseDue = nil
            }
        }
    }

    mutating func update(_ name: LaneName, _ change: (inout Lane) -> Void) {
        guard var lane = lanes[name] else { return }
        change(&lane)
        lanes[name] = lane
    }
}

extension RuleChecker.Lane {
    var lines: [LineName] {
        let inputs = config.inputs
        return [inputs.approach, inputs.safety, inputs.photocell, inputs.up, inputs.down]
            .compactMap { $0 }
    }

    var isOccupied: Bool {
        active.contains(config.inputs.safety)
            || config.inputs.photocell.map { active.contains($0) } ?? false
    }

    var isSinglePulse: Bool { config.outputs.lower == nil }
}
