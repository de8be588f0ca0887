import GateConfiguration
import GateTypes

/// What must hold at one boom; told of sensors, relays and records, it never asks the machine.
struct BarrierRules {
    enum Sensor: Int, CaseIterable { case approach, safety, photocell, up, down }
    enum Drive { case raise, lower, stop, lamp }

    /// Judgements of one `checkState`.
    static let checksEach = 7
    /// A contact opens so long after its coil.
    private static let stopGap = Duration.milliseconds(25)

    let name: LaneName
    let config: BarrierConfig
    private let isSinglePulse: Bool
    private let isExempt: Bool
    private var active: [Bool]
    private var failed: [Bool]
    private var failedCount = 0
    /// Latest moment at which the safety loop or the photocell read active.
    private var lastOccupied: Instant
    /// Asserted until then at the latest; the dead time runs from the end.
    private var raiseUntil = Instant(nanoseconds: .min)
    private var lowerUntil = Instant(nanoseconds: .min)
    private var stopUntil = Instant(nanoseconds: .min)
    /// The last word to the boom was down, and its lower end has not been told since.
    private var isCommandedDown = false
    /// It has been stopped since.
    private var isStopped = false
    /// Without limit switches the motor's time is all there is to know.
    private var downBy = Instant(nanoseconds: .min)
    /// A grant or a named opening is on record until then.
    private var warrantUntil = Instant(nanoseconds: .min)
    private var isOpenByWarrant = false
    /// The boom must have been told to rise by then (reversal, emergency).
    var raiseDue: Instant?
    var mayCloseAfterEmergency = true
    var isHeldByEmergency = false
    var alarms = StandingAlarms()
    /// Broken rules, for the checker to take.
    var found: [String] = []

    init(_ name: LaneName, _ config: BarrierConfig, at now: Instant) {
        self.name = name
        self.config = config
        isSinglePulse = config.outputs.lower == nil
        isExempt = config.emergencyExemption != nil
        active = Sensor.allCases.map { _ in false }
        failed = active
        lastOccupied = now
    }

    static func lines(_ lane: BarrierConfig) -> [(Sensor, LineName)] {
        let lines: [(Sensor, LineName?)] = [
            (.approach, lane.inputs.approach), (.safety, lane.inputs.safety),
            (.photocell, lane.inputs.photocell), (.up, lane.inputs.up), (.down, lane.inputs.down),
        ]
        return lines.compactMap { sensor, line in line.map { (sensor, $0) } }
    }

    static func outputs(_ lane: BarrierConfig) -> [(Drive, LineName)] {
        let lines: [(Drive, LineName?)] = [
            (.raise, lane.outputs.raise), (.lower, lane.outputs.lower),
            (.stop, lane.outputs.stop), (.lamp, lane.outputs.lamp),
        ]
        return lines.compactMap { drive, line in line.map { (drive, $0) } }
    }

    private func reads(_ sensor: Sensor) -> Bool { active[sensor.rawValue] }
    private var isOccupied: Bool { reads(.safety) || reads(.photocell) }

    private var isDown: Bool {
        config.inputs.down != nil && reads(.down) && !failed[Sensor.down.rawValue]
    }

    /// It was opened on a warrant and has not come down since; where it has an alarm, nobody knows.
    var hasRoad: Bool { isOpenByWarrant && !isDown && alarms.isEmpty && failedCount == 0 }

    // MARK: What goes in

    mutating func restart(_ states: [LineName: Bool], at now: Instant) {
        raiseUntil = min(raiseUntil, now)
        lowerUntil = min(lowerUntil, now)
        stopUntil = min(stopUntil, now)
        warrantUntil = Instant(nanoseconds: .min)
        isOpenByWarrant = false
        isCommandedDown = false
        isHeldByEmergency = false
        raiseDue = nil
        failed = failed.map { _ in false }
        failedCount = 0
        alarms.clear()
        active = active.map { _ in false }
        for (sensor, line) in Self.lines(config) {
            active[sensor.rawValue] = states[line] == true
        }
        lastOccupied = now
    }

    mutating func reads(_ sensor: Sensor, active isActive: Bool, isFailed: Bool, at now: Instant) {
        if isOccupied { lastOccupied = now }
        active[sensor.rawValue] = isActive
        if failed[sensor.rawValue] != isFailed { failedCount += isFailed ? 1 : -1 }
        failed[sensor.rawValue] = isFailed
        if isOccupied { lastOccupied = now }
        if sensor == .down, isActive, !isFailed {
            isCommandedDown = false
            isOpenByWarrant = false
        }
        if config.inputs.down == nil, now >= downBy { isCommandedDown = false }
        let isLimit = sensor == .up || sensor == .down
        if isOccupied, !isLimit, isCommandedDown, !isStopped, raiseDue == nil {
            raiseDue = now + config.timing.deadTime
        }
    }

    mutating func granted(_ draft: EntryDraft, stored: Instant, at now: Instant) {
        let age = draft.facts["frame_age_ms"].flatMap(Double.init) ?? 0
        let total = (now - stored).milliseconds + age
        guard draft.kind == .override || total <= config.timing.deadline.milliseconds else {
            return
        }
        if draft.kind == .grant, config.inputs.approach != nil, !reads(.approach) { return }
        warrantUntil = now + config.timing.deadTime
        if !isDown { isOpenByWarrant = true }
    }

    mutating func grantedLate(at now: Instant) {
        guard config.onStorageFailure == .open else { return }
        warrantUntil = now + config.timing.deadTime
    }

    mutating func emergencyBegan(at now: Instant) {
        guard !isExempt else { return }
        isHeldByEmergency = true
        mayCloseAfterEmergency = false
        let dead = config.timing.deadTime
        raiseDue =
            isCommandedDown || lowerUntil > now ? now + dead : max(now, lowerUntil + dead)
        if isSinglePulse { raiseDue = nil }
    }

    // MARK: What comes out

    mutating func asserted(_ drive: Drive, _ limit: Duration, at now: Instant) {
        let dead = config.timing.deadTime
        if drive == .raise || drive == .lower, now < stopUntil + Self.stopGap {
            found.append("rule 2: \(drive) while the stop contact may be closed")
        }
        switch drive {
        case .raise:
            if now < lowerUntil + dead {
                found.append("rule 2: raise within the dead time after lower")
            }
            let isReversal = isCommandedDown || raiseDue != nil
            if warrantUntil < now, !isReversal, !isHeldByEmergency, !isOpenByWarrant {
                found.append("rules 4, 5: rises without a warrant")
            }
            raiseUntil = now + limit
            isCommandedDown = false
            raiseDue = nil
            if warrantUntil >= now { isOpenByWarrant = true }
        case .lower:
            checkLowering(at: now)
            lowerUntil = now + limit
            isCommandedDown = true
            isStopped = false
            downBy = now + config.timing.motor
        case .stop:
            isStopped = true
            stopUntil = now + limit
        case .lamp: break
        }
    }

    private mutating func checkLowering(at now: Instant) {
        if isOccupied { found.append("rule 1: lowered while occupied") }
        if now < lastOccupied + config.timing.clearance {
            found.append("rule 1: lowered within the clearance time")
        }
        if now < raiseUntil + config.timing.deadTime {
            found.append("rule 2: lower within the dead time after raise")
        }
        if failedCount > 0 { found.append("rule 7: lowered with a failed sensor") }
        if isHeldByEmergency { found.append("rule 3: lowered in an emergency") }
        if !mayCloseAfterEmergency {
            found.append("rule 3: closed after a reset without a named command")
        }
        if alarms.hasContradiction { found.append("rule 1: lowered while sensors contradict") }
    }

    mutating func rested(_ drive: Drive, at now: Instant) {
        switch drive {
        case .raise: raiseUntil = min(raiseUntil, now)
        case .lower:
            lowerUntil = min(lowerUntil, now)
            isStopped = true
        case .stop: stopUntil = min(stopUntil, now)
        case .lamp: break
        }
    }

    /// What must hold between events.
    mutating func checkState(isEmergency: Bool, at now: Instant) {
        if lowerUntil > now {
            if isOccupied { found.append("rule 1: still lowering while occupied") }
            if isHeldByEmergency { found.append("rule 3: still lowering in an emergency") }
            if raiseUntil > now { found.append("rule 2: opposite relays together") }
        }
        if let due = raiseDue, now > due, raiseUntil <= now {
            if !alarms.hasFailedOutput { found.append("rules 1, 2: did not rise in time") }
            raiseDue = nil
        }
        if isHeldByEmergency, raiseDue == nil, !isSinglePulse, raiseUntil < now {
            found.append("rule 3: let go in an emergency")
        }
        if failedCount > 0, !alarms.hasFailedSensor {
            found.append("rule 7: a sensor failed without an alarm")
        }
        if isDown, !isHeldByEmergency, !isEmergency { mayCloseAfterEmergency = true }
    }
}
