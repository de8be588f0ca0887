import GateConfiguration
import GateTypes
import PassageControl

extension Gate {
    /// Machines of which only the sensors are known; an input that is missing reads active.
    mutating func startPersonLanes(inputs: [LineName: Bool], at now: Instant) {
        func isActive(_ line: LineName?) -> Bool { line.map { inputs[$0] ?? true } ?? false }
        personLanes = config.personLaneNames.compactMap { name in
            if let lane = config.turnstiles[name] {
                let active = Turnstile.Sensor.allCases.filter { isActive(lane.inputs[$0]) }
                return PersonLane(
                    name: name,
                    machine: PersonMachine(
                        turnstile: lane, gate: config, active: Set(active),
                        lasting: standing.faults(of: name), at: now),
                    faces: config.faces[name])
            }
            return config.doors[name].map { lane in
                let active = Door.Sensor.allCases.filter { isActive(lane.inputs[$0]) }
                return PersonLane(
                    name: name,
                    machine: PersonMachine(
                        door: lane, gate: config, active: Set(active),
                        lasting: standing.faults(of: name), at: now),
                    faces: config.faces[name])
            }
        }
        findAirLocks()
    }

    private mutating func findAirLocks() {
        airLocks = personLanes.indices.compactMap { index in
            personLanes[index].machine.interlock.flatMap { other in
                personLanes.firstIndex { $0.name == other }.map { (index, $0) }
            }
        }
        for (door, _) in airLocks { personLanes[door].isInAirLock = true }
    }

    /// By indices, for a lane is a large thing to copy.
    func personIndex(_ name: LaneName) -> Int? {
        personLanes.indices.first { personLanes[$0].name == name }
    }

    /// The lane whose release waits for this record, if there is one.
    mutating func withIntent(
        _ number: IntentNumber, _ turn: inout Turn, _ body: (inout PersonLane, inout Turn) -> Void
    ) {
        for index in personLanes.indices
        where personLanes[index].intents.contains(where: { $0.number == number }) {
            body(&personLanes[index], &turn)
            tellAirLocks(&turn)
        }
    }

    mutating func drivePersonLane(
        _ index: Int, _ event: PersonMachine.Event, _ turn: inout Turn
    ) {
        guard personLanes.indices.contains(index) else { return }
        personLanes[index].drive(event, &turn)
        if personLanes[index].isInAirLock { tellAirLocks(&turn) }
    }

    mutating func eachPersonLane(
        _ turn: inout Turn, _ body: (inout PersonLane, inout Turn) -> Void
    ) {
        for index in personLanes.indices {
            body(&personLanes[index], &turn)
            // Before the next one moves: the other door of an air lock may be it.
            tellAirLocks(&turn)
        }
    }

    /// Only lanes that are due or touched are looked at.
    mutating func personTimePassed(_ turn: inout Turn) {
        let now = turn.now.instant
        for index in personLanes.indices {
            let isDue =
                personDue.indices.contains(index) && personDue[index].map { $0 <= now } ?? false
            guard isDue || personLanes[index].isTouched else { continue }
            personLanes[index].isTouched = true  // Its next deadline is found below.
            personLanes[index].timePassed(&turn)
            if personLanes[index].isInAirLock { tellAirLocks(&turn) }
        }
        tellAirLocks(&turn)
        for index in personLanes.indices where personLanes[index].isTouched {
            personLanes[index].isTouched = false
            keepFaults(personLanes[index].machine.lastingFaults, of: personLanes[index].name)
            guard personDue.indices.contains(index) else { continue }
            personDue[index] = personLanes[index].nextDeadline(after: now)
        }
    }

    /// Each door of an air lock hears at once whether the other one is secured; what it does then
    /// the other one hears, until nothing changes.
    mutating func tellAirLocks(_ turn: inout Turn) {
        guard !airLocks.isEmpty else { return }
        let now = turn.now.instant
        for _ in 0..<Self.airLockRounds {
            var isSettled = true
            for (index, partner) in airLocks {
                guard let isSecured = personLanes[index].newsOfSecuring(at: now) else { continue }
                personLanes[partner].drive(.partner(isSecured: isSecured), &turn)
                isSettled = false
            }
            if isSettled { break }
        }
    }

    /// A door frees the other one, and that is not secured then; more rounds there are not.
    private static let airLockRounds = 8
}

extension GateConfig {
    /// Turnstiles and doors in the order of their names.
    var personLaneNames: [LaneName] { (Array(turnstiles.keys) + Array(doors.keys)).sorted() }
}

// MARK: Faces

extension Gate {
    mutating func take(_ observation: FaceObservation, _ turn: inout Turn) {
        guard let (lane, side) = routes.faceCameras[observation.camera],
            personLanes.indices.contains(lane)
        else { return }
        personLanes[lane].take(observation, side, policy: personPolicy, &turn)
        tellAirLocks(&turn)
    }

    mutating func tellFaceLanes(
        consents: [ConsentNotice]? = nil, enrolled: Set<String>? = nil, _ turn: inout Turn
    ) {
        if let consents {
            faceConsents = Dictionary(consents.map { ($0.person, $0) }, uniquingKeysWith: { $1 })
        }
        faceEnrolled = enrolled ?? faceEnrolled
        eachPersonLane(&turn) { [faceConsents, faceEnrolled, personPolicy] lane, turn in
            lane.hear(
                consents: faceConsents, enrolled: faceEnrolled, policy: personPolicy, &turn)
        }
    }

    mutating func tellCamera(_ camera: CameraName, _ health: CameraHealth, _ turn: inout Turn) {
        for lane in routes.lanes(of: camera) where lanes.indices.contains(lane) {
            lanes[lane].camera(health, &turn)
        }
        for lane in faceLanes {
            guard let config = personLanes[lane].faces?.config,
                (config.cameras + config.infraredCameras).contains(camera)
            else { continue }
            personLanes[lane].camera(camera, health, policy: personPolicy, &turn)
        }
    }

    /// Whom a badge has named before each face camera; the runtime tells the eyes, who compare with
    /// them even when others are nearer.
    package var namedFaces: [CameraName: String] {
        var named: [CameraName: String] = [:]
        for desk in personLanes.compactMap(\.faces) {
            for side in [BadgeReading.Side.outside, .inside] {
                if let camera = desk.way(side)?.camera { named[camera] = desk.named(at: side) }
            }
        }
        return named
    }

    /// What each face camera and its infrared partner are asked to do.
    var faceAttentionWanted: [(camera: CameraName, wanted: Attention)] {
        faceLanes.flatMap { index -> [(camera: CameraName, wanted: Attention)] in
            guard let desk = personLanes[index].faces else { return [] }
            return [BadgeReading.Side.outside, .inside].flatMap { side in
                guard let way = desk.way(side) else { return [(CameraName, Attention)]() }
                let wanted = desk.attention(at: side)
                return [(way.camera, wanted)] + (way.infrared.map { [($0, wanted)] } ?? [])
            }
        }
    }
}
