import GateTypes
import PassageControl

/// Watches events and effects of one door and holds them against DESIGN section 7; it never asks
/// the machine.
struct DoorRules {
    typealias Drive = Door.Drive

    let longest: [Drive: Duration]
    let fitted: Set<Door.Sensor>
    var findings = Findings()
    /// Warrants that ended with a passage, and followers.
    private(set) var passed = 0
    private(set) var followers = 0
    private(set) var ended: [UInt64: PersonWarrant.End] = [:]
    private var relays = RelayBook<Drive>()
    private var asked: [UInt64: PersonWarrant] = [:]
    private var live: [Door.Ground] = []
    private var isExitPressed = false
    private(set) var active: Set<Door.Sensor> = []
    private var failed: Set<Door.Sensor> = []
    private var lost: Set<Drive> = []
    private var isEmergency = false
    private var isReset = false
    private var isByName = false
    private var isSecured = false
    private var alarms: Set<String> = []
    /// The motor has been asked to open on a grant and has not come to rest since.
    private var mayHold = false
    /// The last event released the strike, and no emergency did.
    private(set) var hasReleased = false

    init(longest: [Drive: Duration], fitted: Set<Door.Sensor>) {
        self.longest = longest
        self.fitted = fitted
    }

    var openWarrants: [UInt64] { asked.keys.filter { ended[$0] == nil }.sorted() }

    /// The leaf is open, or the strike or the motor lets it open.
    func mayBeOpen(at now: Instant) -> Bool {
        active.contains(.contact) || isReleased(at: now)
    }

    func isReleased(at now: Instant) -> Bool {
        Drive.allCases.contains { relays.isOn($0, at: now) }
    }

    mutating func check(_ event: Door.Event, _ effects: [Door.Effect], at now: Instant) {
        findings.step("\(now.nanoseconds / 1_000_000) \(event) -> \(effects)")
        hasReleased = false
        note(event, at: now)
        for effect in effects {
            switch effect {
            case .assert(let drive, let limit): asserted(drive, limit, effects, at: now)
            case .rest(let drive): rested(drive, at: now)
            case .note(let note): told(note, at: now)
            }
        }
        checkState(event, effects, at: now)
    }

    private mutating func note(_ event: Door.Event, at now: Instant) {
        isByName = false
        switch event {
        case .reads(let sensor, let isActive):
            guard fitted.contains(sensor) else { return }
            let wasFailed = failed.remove(sensor) != nil
            if sensor == .exit, isActive, !wasFailed, !active.contains(.exit) {
                isExitPressed = true
            }
            if isActive { active.insert(sensor) } else { active.remove(sensor) }
        case .sensorFailed(let sensor):
            guard fitted.contains(sensor) else { return }
            failed.insert(sensor)
            active.insert(sensor)
        case .ask(let warrant, _): asked[warrant.number] = warrant
        case .driveFailed(let drive): lost.insert(drive)
        case .lock: isByName = true
        case .emergencyRelease:
            isEmergency = true
            isReset = false
        case .emergencyReset: isReset = isEmergency
        case .takeBack, .partner, .clearFault, .tick: break
        }
    }

    private mutating func asserted(
        _ drive: Drive, _ limit: Duration, _ effects: [Door.Effect], at now: Instant
    ) {
        if limit <= .zero || limit > longest[drive] ?? .zero {
            findings.violate("rule 2: \(drive) asserted for \(limit)", at: now)
        }
        if !isEmergency {
            // The word of a new release stands in the same list of effects.
            let isGranted = effects.contains {
                if case .note(.released) = $0 { true } else { false }
            }
            switch drive {
            case .strike:
                hasReleased = true
                if !isGranted, live.isEmpty {
                    findings.violate("rule 5: the strike without a grant", at: now)
                }
            case .opener:
                let reopens = effects.contains(.note(.reopened))
                if isGranted || !live.isEmpty { mayHold = true }
                if !mayHold, !reopens {
                    findings.violate("rule 5: the motor without a grant", at: now)
                }
                if reopens { mayHold = true }
            }
        }
        lost.remove(drive)
        relays.assert(drive, until: now + limit, at: now)
    }

    private mutating func rested(_ drive: Drive, at now: Instant) {
        let isBlocked = active.contains(.obstacle) && longest[.opener] != nil
        let isOverruled =
            isByName
            && (failed.contains(.obstacle) || alarms.contains("sensor_stuck_obstacle"))
        if isEmergency {
            if !isReset || isBlocked && !isOverruled {
                findings.violate("rule 3: \(drive) let go in an emergency", at: now)
            }
            isSecured = true
        }
        if drive == .opener {
            let isLost = lost.contains(.opener)
            if isBlocked, !isOverruled, active.contains(.contact), relays.isOn(.opener, at: now),
                !isLost
            {
                findings.violate("rule 1: the motor closes on an obstacle", at: now)
            }
            mayHold = false
        }
        if !lost.contains(drive) { relays.rest(drive, at: now) }
    }

    private mutating func told(_ note: Door.Note, at now: Instant) {
        switch note {
        case .released(let ground):
            switch ground {
            case .warrant(let warrant):
                if asked[warrant.number] == nil || ended[warrant.number] != nil {
                    findings.violate("rule 5: released \(warrant) without a grant", at: now)
                }
                if warrant.word == .policy, !alarms.isEmpty {
                    findings.violate("rule 7: policy released somebody in a fault", at: now)
                }
            case .exitButton:
                if !isExitPressed {
                    findings.violate("rule 5: released for a button nobody pressed", at: now)
                }
            }
            live.append(ground)
        case .ended(let ground, let end):
            if case .warrant(let warrant) = ground {
                if ended[warrant.number] != nil {
                    findings.violate("\(warrant) ended twice", at: now)
                }
                ended[warrant.number] = end
            }
            if let index = live.firstIndex(of: ground) { live.remove(at: index) }
            if end == .passed { passed += 1 }
        case .followed: followers += 1
        case .faulted(let fault):
            if !alarms.insert(fault.code).inserted {
                findings.violate("\(fault.code) told twice", at: now)
            }
        case .recovered(let fault): alarms.remove(fault.code)
        case .forced, .opened, .heldOpen, .closed, .reopened, .neverOpens, .opensAgain,
            .lockRefused:
            break
        }
    }

    private mutating func checkState(
        _ event: Door.Event, _ effects: [Door.Effect], at now: Instant
    ) {
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
        if !isEmergency, live.isEmpty, relays.isOn(.strike, at: now), !lost.contains(.strike) {
            findings.violate("rule 5: the strike outlives its grant", at: now)
        }
        if fitted.contains(.contact), case .reads(.contact, true) = event {
            checkOpened(effects, at: now)
        }
    }

    /// A leaf that opens is either released, or forced and told so.
    private mutating func checkOpened(_ effects: [Door.Effect], at now: Instant) {
        let isTold = effects.contains { effect in
            switch effect {
            case .note(.forced), .note(.opened): true
            case .assert, .rest, .note: false
            }
        }
        if !isTold, wasClosed { findings.violate("rule 6: an open leaf is not noticed", at: now) }
        wasClosed = false
    }

    /// Told by the world: the leaf was closed, and the contact said so.
    var wasClosed = false
}
