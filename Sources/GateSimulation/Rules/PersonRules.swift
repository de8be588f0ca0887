import GateConfiguration
import GateTypes

/// What must hold at one turnstile or door; told of sensors, relays and records only.
struct PersonRules {
    enum Sensor: Int, CaseIterable { case outer, inner, gate, contact, exit, presence, obstacle }
    enum Drive: Int, CaseIterable { case entry, exit, gate, arm, strike, opener }

    /// Judgements of one `checkState`.
    static let checksEach = 4

    let name: LaneName
    let inputs: [(Sensor, LineName)]
    let outputs: [(Drive, LineName)]
    private let isTurnstile: Bool
    private let isExempt: Bool
    private let hasOpener: Bool
    private let deadTime: Duration
    /// A press of the exit button is a wish for so long.
    private let wishLongest: Duration
    private let opensLate: Bool
    private var active: [Bool]
    private var failed: [Bool]
    private var failedCount = 0
    private var until: [Instant]
    private var isFitted: [Bool]
    private var lost: [Bool]
    /// Passages whose release is on record and that have not ended.
    private var granted: Set<String> = []
    private var exitWish = Instant(nanoseconds: .min)
    /// The motor opened on a grant and has not come to rest since.
    private var mayHold = false
    /// A relay came to rest while the emergency might end.
    private var hasRested = false
    private var isNew = false
    private(set) var isEmergency = false
    var isReset = false
    var isClosedByName = false
    var alarms = StandingAlarms()
    var found: [String] = []

    init(_ name: LaneName, _ config: GateConfig) {
        self.name = name
        active = Sensor.allCases.map { _ in false }
        failed = active
        until = Drive.allCases.map { _ in Instant(nanoseconds: .min) }
        lost = Drive.allCases.map { _ in false }
        let lines: [(Sensor, LineName?)]
        let drives: [(Drive, LineName?)]
        if let lane = config.turnstiles[name] {
            lines = [
                (.outer, lane.inputs.outer), (.inner, lane.inputs.inner), (.gate, lane.inputs.gate),
            ]
            drives = [
                (.entry, lane.outputs.entry), (.exit, lane.outputs.exit),
                (.gate, lane.outputs.gate), (.arm, lane.outputs.arm),
            ]
            deadTime = lane.timing.deadTime
            wishLongest = .zero
            isExempt = lane.emergencyExemption != nil
            opensLate = lane.onStorageFailure == .open
        } else {
            let lane = config.doors[name]
            lines = [
                (.contact, lane?.inputs.contact), (.exit, lane?.inputs.exit),
                (.presence, lane?.inputs.presence), (.obstacle, lane?.inputs.obstacle),
            ]
            drives = [(.strike, lane?.outputs.strike), (.opener, lane?.outputs.opener)]
            deadTime = .zero
            let timing = lane?.timing ?? DoorConfig.Timing()
            wishLongest = timing.queue + timing.release
            isExempt = lane?.emergencyExemption != nil
            opensLate = lane?.onStorageFailure == .open
        }
        isTurnstile = config.turnstiles[name] != nil
        inputs = lines.compactMap { sensor, line in line.map { (sensor, $0) } }
        let wired = drives.compactMap { drive, line in line.map { (drive, $0) } }
        outputs = wired
        isFitted = Drive.allCases.map { drive in wired.contains { $0.0 == drive } }
        hasOpener = wired.contains { $0.0 == .opener }
    }

    private func reads(_ sensor: Sensor) -> Bool { active[sensor.rawValue] }
    private func isOn(_ drive: Drive, at now: Instant) -> Bool { until[drive.rawValue] > now }

    // MARK: What goes in

    mutating func restart(_ states: [LineName: Bool], at now: Instant) {
        for index in until.indices { until[index] = min(until[index], now) }
        lost = lost.map { _ in false }
        failed = failed.map { _ in false }
        failedCount = 0
        granted = []
        exitWish = Instant(nanoseconds: .min)
        mayHold = false
        isEmergency = false
        isReset = false
        alarms.clear()
        active = active.map { _ in false }
        for (sensor, line) in inputs { active[sensor.rawValue] = states[line] ?? true }
    }

    mutating func reads(_ sensor: Sensor, active isActive: Bool, isFailed: Bool, at now: Instant) {
        let wasActive = active[sensor.rawValue]
        active[sensor.rawValue] = isActive
        if failed[sensor.rawValue] != isFailed { failedCount += isFailed ? 1 : -1 }
        failed[sensor.rawValue] = isFailed
        if sensor == .exit, isActive, !wasActive, !isFailed { exitWish = now + wishLongest }
    }

    mutating func lose(_ drive: Drive) { lost[drive.rawValue] = true }

    mutating func granted(_ draft: EntryDraft) {
        guard let passage = draft.facts["passage"] else { return }
        granted.insert(passage)
    }

    mutating func recorded(_ draft: EntryDraft) {
        guard let passage = draft.facts["passage"] else { return }
        if draft.kind == .passage {
            granted.remove(passage)
        } else if draft.facts["late"] == "true", opensLate {
            granted.insert(passage)
        }
    }

    mutating func emergencyBegan() {
        guard !isExempt else { return }
        isEmergency = true
        isReset = false
        isNew = true
    }

    // MARK: What comes out

    mutating func asserted(_ drive: Drive, _ limit: Duration, at now: Instant) {
        let isGranted = !granted.isEmpty || exitWish >= now
        if !isEmergency {
            switch drive {
            case .entry, .exit, .gate:
                if granted.isEmpty { found.append("rule 5: \(drive) without a grant") }
                for other in [Drive.entry, .exit, .gate] where other != drive {
                    if now < until[other.rawValue] + deadTime {
                        found.append("rule 2: \(drive) beside \(other) or in its dead time")
                    }
                }
            case .arm: found.append("rule 5: arms dropped without an emergency")
            case .strike:
                if !isGranted { found.append("rule 5: the strike without a grant") }
            case .opener:
                if isGranted { mayHold = true }
                if !mayHold, !reads(.obstacle), !reads(.contact) {
                    found.append("rule 5: the motor without a grant")
                }
            }
        }
        lost[drive.rawValue] = false
        until[drive.rawValue] = now + limit
    }

    mutating func rested(_ drive: Drive, at now: Instant) {
        if isEmergency {
            let isInTheWay =
                isTurnstile ? reads(.outer) || reads(.inner) : hasOpener && reads(.obstacle)
            let isOverruled = isClosedByName || failedCount > 0 || alarms.hasStuckSensor
            if !isReset || isInTheWay && !isOverruled {
                found.append("rule 3: \(drive) let go in an emergency")
            }
            hasRested = true
        }
        if drive == .opener { mayHold = false }
        // Of a lost output only its own limit is certain.
        if !lost[drive.rawValue] { until[drive.rawValue] = min(until[drive.rawValue], now) }
    }

    /// What must hold between events.
    mutating func checkState(at now: Instant) {
        if hasRested {
            isEmergency = false
            isReset = false
            isClosedByName = false
            hasRested = false
        }
        if isEmergency {
            for drive in Drive.allCases where isFitted[drive.rawValue] && !lost[drive.rawValue] {
                if until[drive.rawValue] < now || isNew && until[drive.rawValue] <= now {
                    found.append("rule 3: \(drive) is not released")
                }
            }
            isNew = false
            return
        }
        if failedCount > 0, !alarms.hasFailedSensor {
            found.append("rule 7: a sensor failed without an alarm")
        }
        guard granted.isEmpty else { return }
        if isTurnstile {
            for drive in [Drive.entry, .exit, .gate]
            where isOn(drive, at: now) && !lost[drive.rawValue] {
                found.append("rule 5: \(drive) outlives its grant")
            }
        } else if exitWish < now, isOn(.strike, at: now), !lost[Drive.strike.rawValue] {
            found.append("rule 5: the strike outlives its grant")
        }
    }
}
