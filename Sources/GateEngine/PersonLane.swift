import AccessPolicy
import GateConfiguration
import GateTypes
import PassageControl

/// One turnstile or door: its machine, the people with a warrant, and their records.
struct PersonLane: Lane {
    /// A release that waits for its record.
    struct Intent: StoredIntent {
        let number: IntentNumber
        let passage: UInt64
        let side: BadgeReading.Side
        let due: Instant
        let draft: EntryDraft
    }

    /// Everything has a limit: people between badge and passage who are kept apart.
    static let passagesLargest = 32

    let name: LaneName
    var machine: PersonMachine
    var passages: [UInt64: PersonPassage] = [:]
    var intents: [Intent] = []
    /// The guessing at each of its readers.
    var attempts: [AttemptWatch.Key: AttemptWatch] = [:]
    /// Somebody on their way out by the exit button.
    var exiting: PersonPassage?
    var alarms: Set<String> = []
    var notice: Notice?
    var status: PersonLaneStatus
    /// It is a door of an air lock, and what the other one has been told last.
    var isInAirLock = false
    var toldSecured: Bool?
    /// Nil where no camera looks at faces.
    var faces: FaceDesk?
    /// Something was said to this lane in this turn.
    var isTouched = false
    /// When the machine heard something last, and when it wants to be told the time.
    var drivenAt: Instant?
    var machineDue: Instant?

    init(name: LaneName, machine: PersonMachine, faces: FaceLaneConfig? = nil) {
        self.faces = faces.map { FaceDesk($0) }
        self.name = name
        self.machine = machine
        status = PersonLaneStatus(lane: name, state: machine.stateName)
    }

    var incidentCount: Int {
        get { status.incidentCount }
        set { status.incidentCount = newValue }
    }

    var isMoving: Bool { machine.isBusy || !intents.isEmpty }

    /// What the start itself has to tell: standing faults.
    mutating func begin(_ turn: inout Turn) {
        for fault in machine.faults { faulted(fault.code, fault.text, &turn) }
        if machine.faults.isEmpty, notice == nil { tell(.ready, &turn) }
    }

    /// Whether it is secured, when the other door of the air lock has not been told that; nil else.
    ///
    /// Mutating, so that the machine is asked where it stands and not copied.
    mutating func newsOfSecuring(at now: Instant) -> Bool? {
        let isSecured = machine.isSecured(at: now)
        guard toldSecured != isSecured else { return nil }
        toldSecured = isSecured
        return isSecured
    }

    // MARK: The machine

    /// Hands one event to the machine and carries out what it asks for.
    mutating func drive(_ event: PersonMachine.Event, _ turn: inout Turn) {
        isTouched = true
        drivenAt = turn.now.instant
        let (actions, notes) = machine.handle(event, at: turn.now.instant)
        // Relays first: what is written about it can wait a moment.
        turn.actions += actions
        for note in notes { take(note, &turn) }
    }

    private mutating func take(_ note: PersonMachine.Note, _ turn: inout Turn) {
        switch note {
        case .released(let warrant, let way): released(warrant, way, &turn)
        case .ended(let warrant, let end): ended(warrant, end, &turn)
        case .followed(let warrant, let evidence):
            unasked(
                .tailgated,
                [
                    "evidence": evidence, "behind": warrant.map { String($0.number) } ?? "",
                ], &turn)
            incident("tailgated", ["evidence": evidence], &turn)
        case .forced(let way):
            unasked(.forced, ["way": way], &turn)
            incident("forced", ["way": way], &turn)
        case .passedFreely(let way):
            unasked(.passed, ["way": way, "emergency": "true"], &turn)
        case .heldOpen:
            incident("held_open", [:], &turn)
            raiseAlarm("held_open", "It stands open too long; close it.", &turn)
        case .closed: clearAlarm("held_open", &turn)
        case .reopened: incident("reversal", [:], &turn)
        case .neverOpens:
            raiseAlarm(
                "never_opens", "It was released several times and did not open; look at it.", &turn)
        case .opensAgain: clearAlarm("never_opens", &turn)
        case .lockRefused(let reason):
            turn.record(.override, name, ["wish": "close", "refused": reason])
        case .faulted(let code, let text): faulted(code, text, &turn)
        case .recovered(let code):
            turn.record(.faultCleared, name, ["code": code])
            clearAlarm(code, &turn)
            if machine.faults.isEmpty { tell(.ready, &turn) }
        }
    }

    private mutating func faulted(_ code: String, _ text: String, _ turn: inout Turn) {
        turn.record(.fault, name, ["code": code])
        raiseAlarm(code, text, &turn)
        incident("fault", ["code": code], &turn)
        tell(.fault, &turn)
    }

    private mutating func released(
        _ warrant: PersonWarrant?, _ way: String?, _ turn: inout Turn
    ) {
        if let warrant {
            passages[warrant.number]?.released = turn.now.instant
            passages[warrant.number]?.way = way
            guard let passage = passages[warrant.number] else { return }
            status.releasedCount += 1
            status.arrivalToReleaseMilliseconds =
                (turn.now.instant - passage.arrival).milliseconds
            notice = nil  // Each person is told, also the second in a row.
            signal(.granted, passage.reader, &turn)
            return tell(.welcome, &turn)
        }
        var passage = PersonPassage(
            number: turn.nextNumber(), trigger: .exitButton, at: turn.now.instant, now: turn.now)
        passage.released = turn.now.instant
        exiting = passage
    }

    private mutating func ended(
        _ warrant: PersonWarrant?, _ end: PersonWarrant.End, _ turn: inout Turn
    ) {
        let passage: PersonPassage?
        if let warrant {
            passage = passages.removeValue(forKey: warrant.number)
        } else {
            passage = exiting
            exiting = nil
        }
        guard let passage else { return }
        var facts: [String: String] = [:]
        if case .refused(let reason) = end { facts["refused"] = reason.rawValue }
        if end == .lapsed { facts["lapsed"] = "true" }
        finish(passage, .init(end), facts, &turn)
        switch end {
        case .turnedBack: incident("turned_back", [:], personal: passage.personal, &turn)
        case .wrongWay: incident("wrong_way", [:], personal: passage.personal, &turn)
        case .lapsed where passage.trigger == .face:
            // Another one is on their way, and the notice is theirs.
            lookAgain(at: passage)
        case .refused, .lapsed:
            signal(.refused, passage.reader, &turn)
            tell(.askGuard, &turn)
        case .passed, .unused, .interrupted, .unobserved: break
        }
    }

    /// Somebody of whom nobody knows who it is.
    private mutating func unasked(
        _ outcome: PersonPassage.Outcome, _ facts: [String: String], _ turn: inout Turn
    ) {
        let passage = PersonPassage(
            number: turn.nextNumber(), trigger: .sensors, at: turn.now.instant, now: turn.now)
        finish(passage, outcome, facts, &turn)
    }

    mutating func finish(
        _ passage: PersonPassage, _ outcome: PersonPassage.Outcome, _ facts: [String: String],
        _ turn: inout Turn
    ) {
        turn.actions.append(.record(passage.record(outcome, facts, lane: name, at: turn.now)))
        status.passageCount += 1
        status.lastOutcome = outcome.rawValue
    }

    // MARK: Telling

    func signal(_ signal: ReaderSignal, _ reader: ReaderName?, _ turn: inout Turn) {
        if let reader { turn.actions.append(.signal(reader, signal)) }
    }

    /// The lane as people see it now.
    var shown: PersonLaneStatus {
        var shown = status
        shown.state = machine.stateName
        shown.notice = notice
        shown.alarms = alarms.sorted()
        return shown
    }
}

/// One turnstile or door as people see it; read only.
package struct PersonLaneStatus: Hashable, Sendable, Codable {
    package var lane: LaneName
    /// The machine's state by its name in docs/turnstile.md or docs/door.md.
    package var state: String
    package var notice: Notice?
    /// Outcome of the last passage that ended.
    package var lastOutcome: String?
    /// Codes of the alarms that stand.
    package var alarms: [String] = []
    package var arrivalToReleaseMilliseconds: Double?
    package var passageCount = 0
    package var releasedCount = 0
    package var incidentCount = 0

    init(lane: LaneName, state: String) {
        self.lane = lane
        self.state = state
    }
}
