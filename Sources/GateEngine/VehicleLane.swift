import AccessPolicy
import GateConfiguration
import GateTypes
import PassageControl

/// One barrier lane: the boom's machine, the vehicles before and under it, and their records.
struct VehicleLane: Lane {
    /// An opening that waits for its record.
    struct Intent: StoredIntent {
        enum Ground: Hashable, Sendable {
            /// The passage and the frame that the decision rests on.
            case policy(passage: UInt64, frame: Instant)
            case named(String)
        }

        let number: IntentNumber
        let ground: Ground
        let due: Instant
        let draft: EntryDraft
    }

    /// Everything has a limit: vehicles between boom and clearance that are kept apart.
    static let leavingLargest = 8
    /// A vehicle that twice did not use its opening is the guard's.
    static let attemptsLargest = 2
    /// Without a loop, a vehicle is gone when no plate was seen for so long.
    static let absence = Duration.seconds(5)
    /// A vehicle from the far side is over the approach loop in this time.
    static let crossingLongest = Duration.seconds(10)
    /// A plate that stands in the region so long while the approach loop is clear.
    static let unseenByLoop = Duration.seconds(10)

    let name: LaneName
    let config: BarrierConfig
    let narrowestPlatePixels: Double
    let hasLoop: Bool
    let keepsPictures: Bool
    var barrier: Barrier
    /// Before the boom; at most one vehicle is the next.
    var waiting: Passage?
    /// Under or behind the boom, in order, until the clearance.
    var leaving: [Passage] = []
    var intents: [Intent] = []
    var latePictures: [LatePicture] = []
    /// Who opened this lane by hand last.
    var openedBy: String?
    var alarms: Set<String> = []
    var isBlind = false
    var notice: Notice?
    /// Another plate was read on the approach loop while a vehicle that was let in is under the boom.
    var isFollowedByPlate = false
    /// False while another barrier has the road that both lead onto.
    var roadIsFree = true
    var plateWithoutLoopSince: Instant?
    var plateWithoutLoopLast: Instant?
    var status: LaneStatus
    /// Something was said to this lane in this turn.
    var isTouched = false
    /// When the boom's machine heard something last, and when it wants to be told the time.
    var drivenAt: Instant?
    var machineDue: Instant?

    init(
        name: LaneName, config: BarrierConfig, gate: GateConfig, active: Set<BarrierSensor>,
        standing: StandingState, at now: Instant
    ) {
        self.name = name
        self.config = config
        narrowestPlatePixels =
            config.camera.flatMap { gate.cameras[$0]?.narrowestPlatePixels } ?? 0
        hasLoop = config.inputs.approach != nil
        keepsPictures = gate.storage.picturesKept > .zero
        let outputs = config.outputs
        let lines: [Barrier.Drive: LineName?] = [
            .raise: outputs.raise, .lower: outputs.lower, .stop: outputs.stop, .lamp: outputs.lamp,
        ]
        let longest = lines.compactMapValues { $0.map { gate.outputs[$0]?.longest ?? .zero } }
        barrier = Barrier(
            wiring: .init(
                longest: longest, timing: config.timing, limitHold: config.limitHold(gate)),
            sensors: BarrierSensors(fitted: config.inputs.fitted, active: active, at: now),
            closesByNameOnly: standing.closedByNameOnly.contains(name),
            lasting: standing.faults(of: name), at: now)
        status = LaneStatus(
            lane: name, state: "resting", boom: nil, isVehicleWaiting: false, isOccupied: false,
            notice: nil, plate: "", lastOutcome: nil, alarms: [],
            arrivalToReleaseMilliseconds: nil, frameToReleaseMilliseconds: nil, passageCount: 0,
            admittedCount: 0, incidentCount: 0)
    }

    /// Nobody else is to be let onto the shared road: this boom is up, or is about to be, or somebody
    /// let through by it has not cleared it. A boom of which nobody knows where it is blocks nobody.
    var holdsRoad: Bool {
        if !intents.isEmpty || !leaving.isEmpty { return true }
        switch barrier.state {
        case .resting, .fault(_, .none): return barrier.position != nil && barrier.position != .down
        case .raising, .open, .reversing, .lowering, .fault, .emergency: return true
        }
    }

    var incidentCount: Int {
        get { status.incidentCount }
        set { status.incidentCount = newValue }
    }

    var isMoving: Bool { barrier.isBusy || !intents.isEmpty || !leaving.isEmpty }

    /// Every frame is wanted. Asked after every event: the passage itself is not copied for it.
    var isAttended: Bool {
        switch waiting?.phase {
        case .reading, .storing: true
        case .admitted, .followed, nil: false
        }
    }

    /// What the start itself has to tell: standing faults, and who stands there already.
    mutating func begin(_ turn: inout Turn) {
        for fault in barrier.faults.sorted() { take(.faulted(fault), &turn) }
        if barrier.faults.isEmpty, notice == nil { tell(.ready, &turn) }
        if hasLoop, barrier.sensors.isActive(.approach), waiting == nil {
            arrive(.standing, at: turn.now.instant, &turn)
        }
    }

    // MARK: The boom

    /// Hands one event to the boom's machine and carries out what it asks for.
    mutating func drive(_ event: Barrier.Event, _ turn: inout Turn) {
        isTouched = true
        drivenAt = turn.now.instant
        let effects = barrier.handle(event, at: turn.now.instant)
        // Relays first: what is written about it can wait a moment.
        for effect in effects {
            switch effect {
            case .assert(let drive, let limit):
                guard let line = config.outputs[drive] else { continue }
                turn.actions.append(.assert(line, atMost: limit))
            case .rest(let drive):
                guard let line = config.outputs[drive] else { continue }
                turn.actions.append(.rest(line))
            case .note:
                break
            }
        }
        for case .note(let note) in effects { take(note, &turn) }
        if waiting?.phase == .reading, barrier.sensors.isActive(.photocell),
            barrier.sensors.isActive(.safety), barrier.position == .down
        {
            waiting?.isUnderClosedBoom = true
            waiting?.withdrew = nil
        }
    }

    /// What the boom's machine noticed: records, incidents, alarms, the vehicles' progress.
    private mutating func take(_ note: Barrier.Note, _ turn: inout Turn) {
        switch note {
        case .sighted(let sighting): follow(sighting, &turn)
        case .followed(let byApproachOnly): followed(byApproachOnly: byApproachOnly, &turn)
        case .forced(let side): wentThrough(from: side, isEmergency: false, &turn)
        case .passedFreely(let side): wentThrough(from: side, isEmergency: true, &turn)
        case .movedUncommanded: incident("forced", ["what": "boom_moved_uncommanded"], &turn)
        case .rose: tell(.welcome, &turn)
        case .closing:
            waitedInVain(&turn)
            endPassed(&turn)
            tell(.closing, &turn)
        case .closed:
            endPassed(&turn)
            tell(.ready, &turn)
        case .reversed: incident("reversal", [:], &turn)
        case .waitedInVain: waitedInVain(&turn)
        case .closeRefused(let reason):
            turn.record(.override, name, ["wish": "close", "refused": reason.rawValue])
        case .faulted(let fault):
            turn.record(.fault, name, ["code": fault.code])
            openedBy = nil  // From here on it counts who opens in spite of the fault.
            raiseAlarm(fault.code, fault.text, &turn)
            incident("fault", ["code": fault.code], &turn)
            tell(.fault, &turn)
        case .recovered(let fault):
            turn.record(.faultCleared, name, ["code": fault.code])
            clearAlarm(fault.code, &turn)
            if barrier.faults.isEmpty { tell(.ready, &turn) }
        }
    }

    // MARK: Telling

    mutating func incident(
        _ incidentClass: String, _ facts: [String: String], plate: String, _ turn: inout Turn
    ) {
        incident(incidentClass, facts, personal: .told(plate: plate, person: nil), &turn)
    }

    /// The lane as people see it now.
    var shown: LaneStatus {
        var shown = status
        shown.state = barrier.state.name
        shown.boom = barrier.position?.rawValue
        shown.isVehicleWaiting = waiting != nil
        shown.isOccupied = barrier.sensors.isOccupied
        shown.notice = notice
        if let waiting, !waiting.plate.isEmpty { shown.plate = waiting.plate }
        shown.alarms = alarms.sorted()
        return shown
    }
}

extension BarrierConfig {
    /// How long a limit switch may go on reading active after the boom has left it.
    func limitHold(_ gate: GateConfig) -> Duration {
        let holds = [inputs.up, inputs.down].compactMap {
            $0.flatMap { gate.inputs[$0]?.clearAfter }
        }
        return (holds.max() ?? .zero) + .milliseconds(200)
    }
}

extension BarrierConfig.Inputs {
    subscript(sensor: BarrierSensor) -> LineName? {
        switch sensor {
        case .approach: approach
        case .safety: safety
        case .photocell: photocell
        case .up: up
        case .down: down
        case .detached: detached
        }
    }

    var fitted: Set<BarrierSensor> { Set(BarrierSensor.allCases.filter { self[$0] != nil }) }
}

extension BarrierConfig.Outputs {
    subscript(drive: Barrier.Drive) -> LineName? {
        switch drive {
        case .raise: raise
        case .lower: lower
        case .stop: stop
        case .lamp: lamp
        }
    }
}

extension Barrier.State {
    var name: String {
        switch self {
        case .resting: "resting"
        case .raising: "raising"
        case .open: "open"
        case .reversing: "reversing"
        case .lowering: "lowering"
        // After a reset during the rise nothing is wrong: it only ends.
        case .fault([], .waiting), .fault([], .driving): "raising"
        case .fault: "fault"
        case .emergency: "emergency"
        }
    }
}

extension Barrier.Fault {
    /// One sentence with the remedy, for the alarm; the daemon's table of texts translates by code.
    var text: String {
        switch self {
        case .sensorFailed(let sensor):
            "The \(sensor.rawValue) input has failed and reads as active; check its wiring."
        case .stuck(let sensor):
            "The \(sensor.rawValue) input has been active too long; look for a vehicle or a stuck sensor."
        case .limitsContradict:
            "Both limit switches read at once; check the switches and their wiring."
        case .presenceContradicts:
            "Loop, photocell or camera contradict each other; the boom stays up until a named person clears the fault."
        case .noUpperLimit:
            "The boom did not reach its upper end within the motor's time; look at the boom, then clear the fault."
        case .noLowerLimit:
            "The boom did not reach its lower end within the motor's time; look at the boom, then clear the fault."
        case .boomMoved:
            "The boom left its upper end without a command; look at the boom, then clear the fault."
        case .boomDetached:
            "The boom has been knocked off its arm; put it back, then clear the fault."
        case .driveFailed(let drive):
            "The \(drive.rawValue) output has failed; check chip and wiring, then clear the fault."
        }
    }
}
