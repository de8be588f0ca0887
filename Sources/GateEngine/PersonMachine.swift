import GateConfiguration
import GateTypes
import PassageControl

/// The machine of a person lane, with its lines; the lane itself does not care which kind it is.
struct PersonMachine: Sendable {
    enum Sensor: Hashable, Sendable {
        case turnstile(Turnstile.Sensor)
        case door(Door.Sensor)
    }

    enum Drive: Hashable, Sendable {
        case turnstile(Turnstile.Drive)
        case door(Door.Drive)
    }

    /// What every person lane understands.
    enum Event: Hashable, Sendable {
        case reads(Sensor, active: Bool)
        case sensorFailed(Sensor)
        case driveFailed(Drive)
        case ask(PersonWarrant, BadgeReading.Side)
        case takeBack(UInt64)
        case counted(Int)
        case partner(isSecured: Bool)
        case lock, clearFault, emergencyRelease, emergencyReset, tick
    }

    /// What every person lane tells, beside its relays.
    enum Note: Hashable, Sendable {
        /// Nil is the exit button.
        case released(PersonWarrant?, way: String?)
        case ended(PersonWarrant?, PersonWarrant.End)
        case followed(PersonWarrant?, evidence: String)
        case forced(way: String)
        case passedFreely(way: String)
        case heldOpen, closed, reopened, neverOpens, opensAgain
        case lockRefused(String)
        case faulted(code: String, text: String)
        case recovered(code: String)
    }

    // One of the two is there; both are changed where they stand, for a copy would cost more than the event.
    private var turnstile: Turnstile?
    private var door: Door?
    private let turnstileConfig: TurnstileConfig?
    private let doorConfig: DoorConfig?
    let onStorageFailure: BarrierConfig.StorageFailure
    let deadline: Duration
    let storage: Duration
    let emergencyExemption: String?

    // MARK: Lines

    func line(of drive: Drive) -> LineName? {
        switch drive {
        case .turnstile(let drive): turnstileConfig?.outputs[drive]
        case .door(let drive): doorConfig?.outputs[drive]
        }
    }

    // MARK: State

    var stateName: String { turnstile?.state.name ?? door?.state.name ?? "" }
    var acceptsPolicy: Bool { turnstile?.acceptsPolicy ?? door?.acceptsPolicy ?? false }
    var isBusy: Bool { turnstile?.isBusy ?? door?.isBusy ?? false }

    var faults: [(code: String, text: String)] {
        (turnstile?.faults.sorted().map { ($0.code, $0.text) } ?? [])
            + (door?.faults.sorted().map { ($0.code, $0.text) } ?? [])
    }

    /// Codes of the faults that only a named person ends.
    var lastingFaults: Set<String> { turnstile?.lastingFaults ?? door?.lastingFaults ?? [] }

    /// The other door of an air lock.
    var interlock: LaneName? { doorConfig?.interlock }

    /// Which way a guard's opening is meant: in, unless the turnstile lets out only.
    var sideOfGuard: BadgeReading.Side {
        turnstileConfig.map { $0.outputs.entry == nil ? .inside : .outside } ?? .outside
    }

    /// Whether a warrant of policy from this side would have to wait for its turn.
    func isTaken(_ side: BadgeReading.Side, at now: Instant) -> Bool {
        guard acceptsPolicy else { return false }
        if let isFree = turnstile?.isFree(.init(side), at: now) { return !isFree }
        guard let traveller = doorConfig?.traveller(by: .policy, from: side) else { return false }
        return door?.mayRelease(traveller) == false
    }

    func isSecured(at now: Instant) -> Bool { door?.isSecured(at: now) ?? true }

    func nextDeadline(after now: Instant) -> Instant? {
        turnstile?.nextDeadline(after: now) ?? door?.nextDeadline(after: now)
    }

    // MARK: Events

    /// Relays and words, in the machine's own order.
    mutating func handle(
        _ event: Event, at now: Instant
    ) -> (actions: [GateAction], notes: [Note]) {
        if turnstile != nil {
            guard let event = Turnstile.Event(event) else { return ([], []) }
            let effects = turnstile?.handle(event, at: now) ?? []
            guard !effects.isEmpty else { return ([], []) }
            return (effects.compactMap { action($0) }, effects.compactMap { note($0) })
        }
        guard let doorConfig, let event = Door.Event(event, doorConfig) else { return ([], []) }
        let effects = door?.handle(event, at: now) ?? []
        guard !effects.isEmpty else { return ([], []) }
        return (effects.compactMap { action($0) }, effects.compactMap { note($0) })
    }

    private func action(_ effect: Turnstile.Effect) -> GateAction? {
        switch effect {
        case .assert(let drive, let limit):
            line(of: .turnstile(drive)).map { .assert($0, atMost: limit) }
        case .rest(let drive): line(of: .turnstile(drive)).map { .rest($0) }
        case .note: nil
        }
    }

    private func action(_ effect: Door.Effect) -> GateAction? {
        switch effect {
        case .assert(let drive, let limit):
            line(of: .door(drive)).map { .assert($0, atMost: limit) }
        case .rest(let drive): line(of: .door(drive)).map { .rest($0) }
        case .note: nil
        }
    }

    private func note(_ effect: Turnstile.Effect) -> Note? {
        guard case .note(let note) = effect else { return nil }
        return switch note {
        case .released(let warrant, let way): .released(warrant, way: way.rawValue)
        case .ended(let warrant, let end): .ended(warrant, end)
        case .followed(let warrant, let evidence):
            .followed(warrant, evidence: evidence.rawValue)
        case .forced(let way): .forced(way: way.rawValue)
        case .passedFreely(let way): .passedFreely(way: way.rawValue)
        case .gateHeldOpen: .heldOpen
        case .gateClosed: .closed
        case .lockRefused(let reason): .lockRefused(reason.rawValue)
        case .faulted(let fault): .faulted(code: fault.code, text: fault.text)
        case .recovered(let fault): .recovered(code: fault.code)
        }
    }

    private func note(_ effect: Door.Effect) -> Note? {
        guard case .note(let note) = effect else { return nil }
        return switch note {
        case .released(let ground): .released(ground.warrant, way: nil)
        case .ended(let ground, let end): .ended(ground.warrant, end)
        case .followed(let ground):
            .followed(ground?.warrant, evidence: FollowerEvidence.sensors.rawValue)
        case .forced: .forced(way: "door")
        case .opened: nil
        case .heldOpen: .heldOpen
        case .closed: .closed
        case .reopened: .reopened
        case .neverOpens: .neverOpens
        case .opensAgain: .opensAgain
        case .lockRefused(let reason): .lockRefused(reason.rawValue)
        case .faulted(let fault): .faulted(code: fault.code, text: fault.text)
        case .recovered(let fault): .recovered(code: fault.code)
        }
    }
}

extension PersonMachine {
    /// A machine of which only the sensors are known.
    init(
        turnstile config: TurnstileConfig, gate: GateConfig, active: Set<Turnstile.Sensor>,
        lasting: Set<String>, at now: Instant
    ) {
        let drives = Turnstile.Drive.allCases.compactMap { drive in
            config.outputs[drive].map { (drive, gate.outputs[$0]?.longest ?? .zero) }
        }
        let fitted = Turnstile.Sensor.allCases.filter { config.inputs[$0] != nil }
        door = nil
        doorConfig = nil
        turnstileConfig = config
        turnstile = Turnstile(
            wiring: .init(longest: Dictionary(drives) { a, _ in a }, timing: config.timing),
            sensors: SensorBank(fitted: Set(fitted), active: active, at: now), lasting: lasting,
            at: now)
        onStorageFailure = config.onStorageFailure
        deadline = config.timing.deadline
        storage = config.timing.storage
        emergencyExemption = config.emergencyExemption
    }

    init(
        door config: DoorConfig, gate: GateConfig, active: Set<Door.Sensor>, lasting: Set<String>,
        at now: Instant
    ) {
        let drives = Door.Drive.allCases.compactMap { drive in
            config.outputs[drive].map { (drive, gate.outputs[$0]?.longest ?? .zero) }
        }
        let fitted = Door.Sensor.allCases.filter { config.inputs[$0] != nil }
        turnstile = nil
        turnstileConfig = nil
        doorConfig = config
        door = Door(
            wiring: .init(
                longest: Dictionary(drives) { a, _ in a }, timing: config.timing,
                isInterlocked: config.interlock != nil),
            sensors: SensorBank(fitted: Set(fitted), active: active, at: now), lasting: lasting,
            at: now)
        onStorageFailure = config.onStorageFailure
        deadline = config.timing.deadline
        storage = config.timing.storage
        emergencyExemption = config.emergencyExemption
    }
}

extension Turnstile.Event {
    /// Nil for what a turnstile does not know.
    fileprivate init?(_ event: PersonMachine.Event) {
        switch event {
        case .reads(.turnstile(let sensor), let active): self = .reads(sensor, active: active)
        case .sensorFailed(.turnstile(let sensor)): self = .sensorFailed(sensor)
        case .driveFailed(.turnstile(let drive)): self = .driveFailed(drive)
        case .ask(let warrant, let side): self = .ask(warrant, .init(side))
        case .takeBack(let number): self = .takeBack(number)
        case .counted(let persons): self = .counted(persons)
        case .lock: self = .lock
        case .clearFault: self = .clearFault
        case .emergencyRelease: self = .emergencyRelease
        case .emergencyReset: self = .emergencyReset
        case .tick: self = .tick
        case .reads(.door, _), .sensorFailed(.door), .driveFailed(.door), .partner: return nil
        }
    }
}

extension Door.Event {
    /// Nil for what a door does not know.
    fileprivate init?(_ event: PersonMachine.Event, _ config: DoorConfig) {
        switch event {
        case .reads(.door(let sensor), let active): self = .reads(sensor, active: active)
        case .sensorFailed(.door(let sensor)): self = .sensorFailed(sensor)
        case .driveFailed(.door(let drive)): self = .driveFailed(drive)
        case .ask(let warrant, let side):
            self = .ask(warrant, config.traveller(by: warrant.word, from: side))
        case .takeBack(let number): self = .takeBack(number)
        case .partner(let isSecured): self = .partner(isSecured: isSecured)
        case .lock: self = .lock
        case .clearFault: self = .clearFault
        case .emergencyRelease: self = .emergencyRelease
        case .emergencyReset: self = .emergencyReset
        case .tick: self = .tick
        case .reads(.turnstile, _), .sensorFailed(.turnstile), .driveFailed(.turnstile), .counted:
            return nil
        }
    }
}

extension Turnstile.Way {
    fileprivate init(_ side: BadgeReading.Side) {
        self =
            switch side {
            case .outside: .entry
            case .inside: .exit
            case .gate: .gate
            }
    }
}

extension DoorConfig {
    /// The guard looks, and who comes from inside is no bicycle before the sensor.
    fileprivate func traveller(
        by word: PersonWarrant.Word, from side: BadgeReading.Side
    ) -> Traveller {
        word == .policy && side == .outside ? traveller : .person
    }
}

extension TurnstileConfig.Outputs {
    subscript(drive: Turnstile.Drive) -> LineName? {
        switch drive {
        case .entry: entry
        case .exit: exit
        case .gate: gate
        case .arm: arm
        }
    }
}

extension TurnstileConfig.Inputs {
    subscript(sensor: Turnstile.Sensor) -> LineName? {
        switch sensor {
        case .outer: outer
        case .inner: inner
        case .gate: gate
        }
    }
}

extension DoorConfig.Outputs {
    subscript(drive: Door.Drive) -> LineName? {
        switch drive {
        case .strike: strike
        case .opener: opener
        }
    }
}

extension DoorConfig.Inputs {
    subscript(sensor: Door.Sensor) -> LineName? {
        switch sensor {
        case .contact: contact
        case .exit: exit
        case .presence: presence
        case .obstacle: obstacle
        }
    }
}

extension Turnstile.State {
    var name: String {
        switch self {
        case .locked: "locked"
        case .released: "released"
        case .relocking: "relocking"
        case .fault: "fault"
        case .emergency: "emergency"
        }
    }
}

extension Door.State {
    var name: String {
        switch self {
        case .fault: "fault"
        case .emergency: "emergency"
        case .working(.secured): "secured"
        case .working(.released): "released"
        case .working(.open): "open"
        case .working(.closing): "closing"
        }
    }
}

extension Turnstile.Fault {
    /// One sentence with the remedy, for the alarm.
    var text: String {
        switch self {
        case .sensorFailed(let sensor):
            "The \(sensor.rawValue) sensor has failed and reads as active; check its wiring."
        case .stuck(let sensor):
            "The \(sensor.rawValue) sensor has been active too long; look for somebody, or a stuck sensor."
        case .silent(let sensor):
            "The \(sensor.rawValue) sensor has missed people whom the other one saw; check it."
        case .driveFailed(let drive):
            "The \(drive.rawValue) output has failed; check chip and wiring, then clear the fault."
        }
    }
}

extension Door.Fault {
    /// One sentence with the remedy, for the alarm.
    var text: String {
        switch self {
        case .sensorFailed(let sensor):
            "The \(sensor.rawValue) input has failed and reads as active; check its wiring."
        case .stuck(let sensor):
            "The \(sensor.rawValue) input has been active too long; look for an obstacle or a stuck sensor."
        case .driveFailed(let drive):
            "The \(drive.rawValue) output has failed; check chip and wiring, then clear the fault."
        }
    }
}
