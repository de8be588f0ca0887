import AccessPolicy
import GateConfiguration
import GateTypes
import PassageControl

/// The whole gate as a value: events in, actions out, no clock, no I/O.
package struct Gate: Sendable {
    package let config: GateConfig
    package internal(set) var standing: StandingState

    var policy: VehiclePolicy
    var personPolicy: PersonPolicy
    /// Whose face may be used, and who is enrolled, as told last.
    var faceConsents: [String: ConsentNotice] = [:]
    var faceEnrolled: Set<String> = []
    let routes: Routes
    /// In the order of their names; empty until `start`.
    var lanes: [VehicleLane] = []
    /// When each lane wants to be told the time; only lanes that are due or touched are looked at.
    private var due: [Instant?] = []
    /// Turnstiles and doors, in the order of their names, with their times.
    var personLanes: [PersonLane] = []
    var personDue: [Instant?] = []
    /// Doors of air locks with the place of the other one, by their places among turnstiles and doors.
    var airLocks: [(door: Int, other: Int)] = []
    private var isFireActive = false
    var isLockdownSwitchOn = false
    /// Buttons by their inputs, and those that are held.
    let buttons: [LineName: DeskButton]
    var held: Set<LineName> = []
    var stuckButtons = StuckButtons()
    /// What each camera was asked for last: those of the routes by their place, and those that look at faces.
    private var attention: [Attention?] = []
    private var faceAttention: [CameraName: Attention] = [:]
    /// Which of the turnstiles and doors look at faces.
    var faceLanes: [Int] = []
    private(set) var alarms: Set<String> = []
    var hasAlarms: Bool { !alarms.isEmpty }
    /// Lasting faults came or went in this turn.
    var hasNewFaults = false
    private var pictures: PictureDesk
    private var lastNumber: UInt64 = 0
    private var latest = Instant(nanoseconds: .min)

    /// A gate at rest; an emergency in `standing` is resumed by `start`.
    package init(config: GateConfig, standing: StandingState = StandingState()) {
        self.config = config
        self.standing = standing
        policy = VehiclePolicy(config.policy, roster: config.roster, zone: config.site.timeZone)
        personPolicy = PersonPolicy(
            config.policy, roster: config.roster, zone: config.site.timeZone)
        buttons = DeskButton.all(of: config)
        routes = Routes(config, buttons: buttons)
        pictures = PictureDesk(kept: config.storage.picturesKept)
    }

    /// Before its first call, the same gate with what was kept: lists are made ready once.
    package func keeping(_ standing: StandingState) -> Gate {
        var gate = self
        gate.standing = standing
        return gate
    }

    /// The first call, with the settled state of every input at that moment.
    ///
    /// Nothing moves, except that an emergency is resumed. An input that is missing in `inputs`
    /// reads active until it is told otherwise.
    package mutating func start(inputs: [LineName: Bool], at now: Moment) -> [GateAction] {
        var turn = Turn(now: now, lastNumber: lastNumber)
        latest = now.instant
        lanes = config.lanes.sorted { $0.key < $1.key }.map { name, lane in
            let active = lane.inputs.fitted.filter { sensor in
                let isPresence = sensor != .up && sensor != .down && sensor != .detached
                return lane.inputs[sensor].map { inputs[$0] ?? isPresence } ?? false
            }
            return VehicleLane(
                name: name, config: lane, gate: config, active: active, standing: standing,
                at: now.instant)
        }
        startPersonLanes(inputs: inputs, at: now.instant)
        if let fire = config.fire { isFireActive = inputs[fire] ?? true }
        held = Set(buttons.keys.filter { inputs[$0] ?? true })
        for line in held where buttons[line]?.wish != .emergencyRelease {
            stuckButtons.pressed(line, at: now.instant)
        }
        startLockdown(inputs: inputs, &turn)
        if let reason = standing.emergency {
            releaseLanes(&turn)
            turn.record(
                .emergency, nil, ["what": "resumed", "reason": EmergencyReason.fact(reason)],
                person: EmergencyReason.person(reason))
            raiseAlarm("emergency", Self.emergencyText(reason), &turn)
        } else if isFireActive {
            beginEmergency("fire alarm", &turn)
        } else if let button = pressedRelease {
            beginEmergency(EmergencyReason.released(by: button.operatorName), &turn)
        }
        for index in lanes.indices {
            lanes[index].begin(&turn)
        }
        for index in personLanes.indices { personLanes[index].begin(&turn) }
        tellAirLocks(&turn)
        due = lanes.indices.map { lanes[$0].nextDeadline(after: latest) }
        personDue = personLanes.indices.map { personLanes[$0].nextDeadline(after: latest) }
        startFaults()
        faceLanes = personLanes.indices.filter { personLanes[$0].faces != nil }
        attention = routes.cameras.map { _ in nil }
        pictures.begin(at: latest)
        findDeadline()
        return finish(&turn)
    }

    /// Applies one event; the actions are to be carried out in order.
    package mutating func handle(_ event: GateEvent, at now: Moment) -> [GateAction] {
        // The order of events is theirs; an event that claims to be older counts as simultaneous.
        latest = max(latest, now.instant)
        let now = Moment(
            instant: latest, wall: now.wall, wallIsTrusted: now.wallIsTrusted)
        var turn = Turn(now: now, lastNumber: lastNumber)
        switch event {
        case .input(let line, let active), .inputRecovered(let line, let active):
            input(line, active: active, failure: nil, &turn)
        case .inputFailed(let line, let reason):
            input(line, active: true, failure: reason, &turn)
        case .outputFailed(let line, let reason):
            if let (lane, drive) = routes.outputs[line], lanes.indices.contains(lane) {
                lanes[lane].drive(.driveFailed(drive), &turn)
            } else if let (lane, drive) = routes.personOutputs[line] {
                drivePersonLane(lane, .driveFailed(drive), &turn)
            } else {
                raiseAlarm(
                    "output_failed_\(line)", "Output \(line) has failed: \(reason)", &turn)
            }
        case .plates(let observation):
            for lane in routes.lanes(of: observation.camera) where lanes.indices.contains(lane) {
                lanes[lane].roadIsFree = isRoadFree(for: lane)
                lanes[lane].take(observation, policy: policy, &turn)
            }
        case .badge(let reading):
            guard let index = personIndex(reading.lane) else { break }
            let limits = reading.reader.flatMap { config.readers[$0]?.attempts }
            personLanes[index].take(
                reading, policy: personPolicy, limits: limits ?? ReaderConfig.Attempts(), &turn)
        case .people(let lane, let count):
            guard let index = personIndex(lane) else { break }
            drivePersonLane(index, .counted(count), &turn)
        case .faces(let observation): take(observation, &turn)
        case .consents(let notices): tellFaceLanes(consents: notices, &turn)
        case .enrolled(let people): tellFaceLanes(enrolled: people, &turn)
        case .camera(let camera, let health):
            tellCamera(camera, health, &turn)
        case .stored(let number):
            for index in lanes.indices { lanes[index].stored(number, &turn) }
            withIntent(number, &turn) { $0.stored(number, &$1) }
        case .storageFailed(let number, let reason):
            for index in lanes.indices {
                lanes[index].storageFailed(number, reason: reason, &turn)
            }
            withIntent(number, &turn) { $0.storageFailed(number, reason: reason, &$1) }
        case .command(let command):
            obey(command, &turn)
        case .pictured(let report):
            for index in lanes.indices { lanes[index].pictured(report, &turn) }
        case .picturesErased(let erasure): pictures.erased(erasure, &turn)
        case .pictureTrouble(let reason): pictureTrouble(reason, &turn)
        case .journalDisk(let isFull): pictures.journalDisk(isFull: isFull, &turn)
        case .tick:
            break
        }
        pictures.timePassed(&turn)
        buttonsTimePassed(&turn)
        for index in lanes.indices {
            let isDue = due[index].map { $0 <= latest } ?? false
            guard isDue || lanes[index].isTouched else { continue }
            lanes[index].timePassed(&turn)
            lanes[index].isTouched = false
            keepFaults(lanes[index].barrier.lastingFaults, of: lanes[index].name)
            due[index] = lanes[index].nextDeadline(after: latest)
        }
        personTimePassed(&turn)
        findDeadline()
        return finish(&turn)
    }

    /// When `tick` is due at the latest; nil when only events matter.
    package private(set) var nextDeadline: Instant?

    private mutating func findDeadline() {
        var first = Soonest()
        first.consider(pictures.nextDeadline)
        first.consider(stuckButtons.nextDeadline)
        for time in due { first.consider(time) }
        for time in personDue { first.consider(time) }
        nextDeadline = first.moment
    }

    /// True while something moves or is about to: a reload waits.
    package var isMoving: Bool {
        lanes.contains(where: \.isMoving) || personLanes.contains(where: \.isMoving)
    }

    /// Every lane as people see it now, in the order of the names.
    package var status: [LaneStatus] { lanes.map(\.shown) }

    /// Every turnstile and door as people see it now, in the order of the names.
    package var personStatus: [PersonLaneStatus] { personLanes.map(\.shown) }

    /// What the rules say about one plate at one lane and moment; nil when there is no such lane.
    package func explain(lane: LaneName, plate: String, at now: Moment) -> AccessDecision? {
        guard config.lanes[lane] != nil else { return nil }
        return policy.explain(plate: plate, at: lane, now: now)
    }

    // MARK: Inputs and commands

    private mutating func input(
        _ line: LineName, active: Bool, failure: String?, _ turn: inout Turn
    ) {
        guard let meaning = routes.inputs[line] else { return tellOfStray(line, failure, &turn) }
        if meaning.isFire {
            isFireActive = active
            if let failure {
                raiseAlarm(
                    "fire_input_failed",
                    "The fire input has failed (\(failure)) and reads as alarm; check its wiring.",
                    &turn)
            } else {
                clearAlarm("fire_input_failed", &turn)
            }
            if active { beginEmergency("fire alarm", &turn) }
        }
        if meaning.isLockdown { lockdownSwitch(active: active, failure, &turn) }
        if let button = meaning.button { press(line, button, active: active, failure, &turn) }
        if !meaning.hasOwner { tellOfStray(line, failure, &turn) }
        if let (lane, sensor) = meaning.person {
            drivePersonLane(
                lane, failure == nil ? .reads(sensor, active: active) : .sensorFailed(sensor), &turn
            )
        }
        guard let (lane, sensor) = meaning.barrier, lanes.indices.contains(lane) else { return }
        lanes[lane].drive(
            failure == nil ? .reads(sensor, active: active) : .sensorFailed(sensor), &turn)
    }

    mutating func obey(_ command: OperatorCommand, _ turn: inout Turn) {
        let name = command.operatorName.isEmpty ? "unidentified" : command.operatorName
        switch command.wish {
        case .open(let lane):
            pass(.open(.named), .open, to: lane, by: name, &turn)
        case .close(let lane):
            pass(.close, .close, to: lane, by: name, &turn)
        case .clearFault(let lane):
            pass(.clearFault, .clearFault, to: lane, by: name, &turn)
        case .emergencyRelease:
            beginEmergency(EmergencyReason.released(by: name), &turn)
        case .emergencyReset:
            endEmergency(by: name, &turn)
        case .lockdown:
            beginLockdown("ordered", by: name, &turn)
        case .endLockdown:
            endLockdown(by: name, &turn)
        }
    }

    private mutating func pass(
        _ event: Barrier.Event, _ wish: LaneWish, to lane: LaneName, by name: String,
        _ turn: inout Turn
    ) {
        if let index = personIndex(lane) {
            personLanes[index].command(wish, by: name, &turn)
            return tellAirLocks(&turn)
        }
        guard let index = lanes.firstIndex(where: { $0.name == lane }) else {
            return turn.record(
                .override, lane, ["wish": wish.rawValue, "refused": "no_such_lane"], person: name)
        }
        lanes[index].roadIsFree = isRoadFree(for: index)
        lanes[index].command(event, named: wish.rawValue, by: name, &turn)
    }

    // MARK: Emergency

    /// Booms first, then what has to outlive a restart, then the record: no disk is waited for.
    private mutating func beginEmergency(_ reason: String, _ turn: inout Turn) {
        guard standing.emergency == nil else { return }
        releaseLanes(&turn)
        standing.emergency = reason
        turn.actions.append(.keep(standing))
        turn.record(
            .emergency, nil, ["what": "begun", "reason": EmergencyReason.fact(reason)],
            person: EmergencyReason.person(reason))
        raiseAlarm("emergency", Self.emergencyText(reason), &turn)
    }

    private mutating func releaseLanes(_ turn: inout Turn) {
        var later = Turn(now: turn.now, lastNumber: turn.lastNumber)
        for index in lanes.indices where lanes[index].config.emergencyExemption == nil {
            lanes[index].drive(.emergencyRelease, &later)
            lanes[index].tell(.emergency, &later)
            standing.closedByNameOnly.insert(lanes[index].name)
        }
        for index in personLanes.indices
        where personLanes[index].machine.emergencyExemption == nil {
            personLanes[index].drive(.emergencyRelease, &later)
            personLanes[index].tell(.emergency, &later)
        }
        // All booms move before the first word is written.
        turn.actions += later.actions.filter(\.movesSomething)
        turn.actions += later.actions.filter { !$0.movesSomething }
        turn.lastNumber = later.lastNumber
    }

    private mutating func endEmergency(by name: String, _ turn: inout Turn) {
        guard let reason = standing.emergency else { return }
        // Else every restart and reload would release anew.
        guard !isFireActive, pressedRelease == nil else {
            let why = isFireActive ? "fire_input_active" : "release_button_active"
            return turn.record(
                .emergency, nil, ["what": "reset_refused", "because": why], person: name)
        }
        standing.emergency = nil
        turn.actions.append(.keep(standing))
        turn.record(
            .emergency, nil, ["what": "reset", "reason": EmergencyReason.fact(reason)],
            person: name)
        clearAlarm("emergency", &turn)
        for index in lanes.indices {
            lanes[index].drive(.emergencyReset, &turn)
            lanes[index].tell(lanes[index].barrier.faults.isEmpty ? .ready : .fault, &turn)
        }
        eachPersonLane(&turn) { lane, turn in
            lane.drive(.emergencyReset, &turn)
            lane.tell(lane.machine.faults.isEmpty ? .ready : .fault, &turn)
        }
    }

    private static func emergencyText(_ reason: String) -> String {
        "Emergency (\(reason)): every lane is held open until a named person resets it."
    }

    // MARK: After each event

    private mutating func finish(_ turn: inout Turn) -> [GateAction] {
        lastNumber = turn.lastNumber
        noteClosedLanes(&turn)
        if hasNewFaults {
            hasNewFaults = false
            turn.actions.append(.keep(standing))
        }
        for index in attention.indices {
            let wanted = Self.attention(of: routes.cameras[index].lanes, lanes)
            guard attention[index] != wanted else { continue }
            attention[index] = wanted
            turn.actions.append(.look(routes.cameras[index].camera, wanted))
        }
        if !faceLanes.isEmpty {
            for (camera, wanted) in faceAttentionWanted where faceAttention[camera] != wanted {
                faceAttention[camera] = wanted
                turn.actions.append(.look(camera, wanted))
            }
        }
        return turn.actions
    }

    // Static, and so are others that are asked after every event: for a method of the whole gate, all of
    // it would be copied.
    private static func attention(of served: [Int], _ lanes: [VehicleLane]) -> Attention {
        for lane in served where lanes.indices.contains(lane) && lanes[lane].isAttended {
            return .waiting
        }
        return .idle
    }

    /// A lane that a named person has closed after an emergency is an ordinary lane again.
    private mutating func noteClosedLanes(_ turn: inout Turn) {
        guard standing.emergency == nil, !standing.closedByNameOnly.isEmpty else { return }
        let open = standing.closedByNameOnly.filter { name in
            lanes.contains { $0.name == name && $0.barrier.closesByNameOnly }
        }
        guard open != standing.closedByNameOnly else { return }
        standing.closedByNameOnly = open
        turn.actions.append(.keep(standing))
    }

    private mutating func pictureTrouble(_ reason: String?, _ turn: inout Turn) {
        guard pictures.isNews(reason, &turn) else { return }
        if let reason {
            raiseAlarm("pictures", "No pictures are kept: \(reason)", &turn)
        } else {
            clearAlarm("pictures", &turn)
        }
    }

    mutating func raiseAlarm(_ code: String, _ text: String, _ turn: inout Turn) {
        guard alarms.insert(code).inserted else { return }
        turn.actions.append(.raiseAlarm(nil, code: code, text: text))
    }

    mutating func clearAlarm(_ code: String, _ turn: inout Turn) {
        guard alarms.remove(code) != nil else { return }
        turn.actions.append(.clearAlarm(nil, code: code))
    }
}

extension GateAction {
    /// True for what reaches a relay.
    var movesSomething: Bool {
        switch self {
        case .assert, .rest: true
        case .store, .record, .keep, .look, .keepPicture, .erasePictures, .makeRoom, .tell,
            .signal, .raiseAlarm, .clearAlarm:
            false
        }
    }
}
