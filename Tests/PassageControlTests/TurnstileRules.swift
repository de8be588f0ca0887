import GateTypes
import PassageControl

/// Watches events and effects of a turnstile and holds them against DESIGN section 7; it never
/// asks the machine.
struct TurnstileRules {
    typealias Drive = Turnstile.Drive

    let longest: [Drive: Duration]
    let deadTime: Duration
    var findings = Findings()
    private(set) var passages = 0
    private(set) var ended: [UInt64: PersonWarrant.End] = [:]
    private(set) var heldOpen = 0
    private var relays = RelayBook<Drive>()
    private var asked: [UInt64: (warrant: PersonWarrant, way: Turnstile.Way)] = [:]
    private var live: (warrant: PersonWarrant, way: Turnstile.Way)?
    private var failed: Set<Turnstile.Sensor> = []
    private var covered: Set<Turnstile.Sensor> = []
    /// Begun, and neither reset nor clear yet.
    private var isEmergency = false
    private var isReset = false
    /// It has let go in this step, all at once.
    private var isSecured = false
    private var lost: Set<Drive> = []
    private var alarms: Set<String> = []

    init(longest: [Drive: Duration], deadTime: Duration) {
        self.longest = longest
        self.deadTime = deadTime
    }

    var openWarrants: [UInt64] { asked.keys.filter { ended[$0] == nil }.sorted() }

    mutating func check(
        _ event: Turnstile.Event, _ effects: [Turnstile.Effect], at now: Instant
    ) {
        findings.step("\(now.nanoseconds / 1_000_000) \(event) -> \(effects)")
        note(event)
        for effect in effects {
            switch effect {
            case .assert(let drive, let limit): asserted(drive, limit, effects, at: now)
            case .rest(let drive): rested(drive, at: now)
            case .note(let note): told(note, at: now)
            }
        }
        checkState(event, at: now)
    }

    private mutating func note(_ event: Turnstile.Event) {
        switch event {
        case .reads(let sensor, let active):
            failed.remove(sensor)
            if active { covered.insert(sensor) } else { covered.remove(sensor) }
        case .sensorFailed(let sensor):
            failed.insert(sensor)
            covered.insert(sensor)
        case .ask(let warrant, let way): asked[warrant.number] = (warrant, way)
        case .driveFailed(let drive): lost.insert(drive)
        case .emergencyRelease:
            isEmergency = true
            isReset = false
        case .emergencyReset: isReset = isEmergency
        case .takeBack, .counted, .lock, .clearFault, .tick: break
        }
    }

    private mutating func asserted(
        _ drive: Drive, _ limit: Duration, _ effects: [Turnstile.Effect], at now: Instant
    ) {
        if limit <= .zero || limit > longest[drive] ?? .zero {
            findings.violate("rule 2: \(drive) asserted for \(limit)", at: now)
        }
        if !isEmergency {
            // The word of a new release stands in the same list of effects.
            for case .note(.released(let warrant, let way)) in effects { live = (warrant, way) }
            if live?.way.rawValue != drive.rawValue {
                findings.violate("rule 5: \(drive) without a grant", at: now)
            }
            for other in [Drive.entry, .exit, .gate] where other != drive {
                if relays.isOn(other, at: now) {
                    findings.violate("rule 2: \(drive) beside \(other)", at: now)
                } else if let end = relays.end(of: other), now < end + deadTime {
                    findings.violate("rule 2: \(drive) in the dead time of \(other)", at: now)
                }
            }
        }
        lost.remove(drive)
        relays.assert(drive, until: now + limit, at: now)
    }

    private mutating func rested(_ drive: Drive, at now: Instant) {
        if isEmergency {
            let mayRest = isReset && (covered.isDisjoint(with: [.outer, .inner]) || isByName)
            if !mayRest { findings.violate("rule 3: \(drive) let go in an emergency", at: now) }
            isSecured = true
        }
        if !lost.contains(drive) { relays.rest(drive, at: now) }
    }

    /// A named person overrules sensors that cannot tell.
    private var isByName: Bool {
        covered.subtracting(failed).isDisjoint(with: [.outer, .inner])
            || alarms.contains { $0.hasPrefix("sensor_stuck") }
    }

    private mutating func told(_ note: Turnstile.Note, at now: Instant) {
        switch note {
        case .released(let warrant, let way):
            if asked[warrant.number]?.way != way || ended[warrant.number] != nil {
                findings.violate("rule 5: released \(warrant) without a grant", at: now)
            }
            if warrant.word == .policy, !alarms.isEmpty {
                findings.violate("rule 7: policy released somebody in a fault", at: now)
            }
            live = (warrant, way)
        case .ended(let warrant, let end):
            if ended[warrant.number] != nil {
                findings.violate("\(warrant) ended twice", at: now)
            }
            ended[warrant.number] = end
            if live?.warrant == warrant { live = nil }
            if end == .passed || end == .wrongWay { passages += 1 }
        case .followed(_, let evidence):
            if evidence != .sensorsAgain { passages += 1 }
        case .forced, .passedFreely: passages += 1
        case .faulted(let fault):
            if !alarms.insert(fault.code).inserted {
                findings.violate("\(fault.code) told twice", at: now)
            }
        case .recovered(let fault): alarms.remove(fault.code)
        case .gateHeldOpen: heldOpen += 1
        case .gateClosed, .lockRefused: break
        }
    }

    private mutating func checkState(_ event: Turnstile.Event, at now: Instant) {
        if isSecured { isEmergency = false }
        isSecured = false
        if isEmergency {
            for drive in longest.keys where !relays.isOn(drive, at: now) {
                findings.violate("rule 3: \(drive) is not released", at: now)
            }
        }
        for sensor in failed where !alarms.contains("sensor_failed_\(sensor.rawValue)") {
            findings.violate("rule 7: \(sensor) failed without an alarm", at: now)
        }
        if !isEmergency, live == nil {
            for drive in [Drive.entry, .exit, .gate]
            where relays.isOn(drive, at: now) && !lost.contains(drive) {
                findings.violate("rule 5: \(drive) outlives its grant", at: now)
            }
        }
    }
}
