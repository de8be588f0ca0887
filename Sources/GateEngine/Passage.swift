import AccessPolicy
import GateTypes

/// One vehicle at one lane from its arrival to its leaving: one passage is one event.
struct Passage: Hashable, Sendable {
    enum Trigger: String, Hashable, Sendable {
        case loop, camera
        /// It stood there when the gate started, or after an opening that it did not use.
        case standing
        /// It came from the far side, or close behind another.
        case boom
    }

    enum Phase: Hashable, Sendable {
        case reading
        /// Decided; the boom waits for the record.
        case storing(IntentNumber)
        case admitted
        /// Went in without a warrant.
        case followed
    }

    /// How a passage ended, for its record.
    enum Outcome: String, Hashable, Sendable, CaseIterable {
        case passed, tailgated, refused, unreadable, forced
        case turnedBack = "turned_back"
        case timedOut = "timed_out"
        case wrongWay = "wrong_way"
    }

    let number: UInt64
    let trigger: Trigger
    let arrival: Instant
    let arrivalWall: WallTime
    /// Openings that this vehicle did not use before.
    var attempts = 0
    var phase = Phase.reading
    var evidence = PlateEvidence()
    var decision: AccessDecision?
    var operatorName: String?
    var isFromFarSide = false
    var isSimulated = false
    /// It went through while everything was held open.
    var isInEmergency = false

    var firstReading: Instant?
    var latestFrame: Instant?
    /// When the frame that decided was taken, and when its reading was ready.
    var decidingFrame: Instant?
    var decidingRead: Instant?
    var decided: Instant?
    var released: Instant?
    var passed: Instant?
    /// It seemed to go back onto the approach loop then.
    var withdrew: Instant?
    /// Loop and beam saw it under the boom although that is down: whose plate is read now may stand behind.
    var isUnderClosedBoom = false
    /// The fallback has begun.
    var isHandedOver = false
    var lateDrops = 0
    var recordedReason: RefusalReason?
    var isDenialRecorded = false
    var picture = PassagePicture()

    init(number: UInt64, trigger: Trigger, at arrival: Instant, now: Moment) {
        self.number = number
        self.trigger = trigger
        self.arrival = min(arrival, now.instant)
        let ago = (now.instant - self.arrival).nanoseconds / 1_000_000
        arrivalWall = WallTime(milliseconds: now.wall.milliseconds &- ago)
    }

    var pictureName: PictureName { PictureName(arrival: arrivalWall, passage: number) }

    /// The plate as the record names it: the listed one, else what was read.
    var plate: String { decision?.plate ?? evidence.text }

    var isAdmitted: Bool { phase == .admitted }

    /// When it ends whatever loops and boom say.
    ///
    /// - Parameter absence: where no loop tells, it is gone when no plate was seen for so long.
    func end(timeout: Duration, absence: Duration?) -> Instant {
        let end = (released ?? arrival) + timeout
        guard let absence, !isAdmitted else { return end }
        return min(end, (latestFrame ?? arrival) + absence)
    }

    /// The outcome when the vehicle is gone and was never under the boom.
    func outcome(timedOut: Bool) -> Outcome {
        switch phase {
        case .followed: return .tailgated
        case .admitted: return timedOut ? .timedOut : .turnedBack
        case .reading, .storing: return evidence.isEmpty ? .unreadable : .refused
        }
    }

    /// Span from arrival in milliseconds, for the record.
    private func span(to instant: Instant?) -> String? {
        instant.map { Self.milliseconds($0 - arrival) }
    }

    static func milliseconds(_ span: Duration) -> String {
        let tenths = span.nanoseconds / 100_000
        return "\(tenths / 10).\((tenths % 10).magnitude)"
    }

    /// The whole passage as one entry; spans count from the arrival.
    func record(_ outcome: Outcome, lane: LaneName, direction: String, at now: Moment) -> EntryDraft
    {
        var facts: [String: String] = [
            "passage": String(number), "outcome": outcome.rawValue, "trigger": trigger.rawValue,
            "direction": direction, "frames": String(evidence.frameCount),
            "arrival_unix_ms": String(arrivalWall.milliseconds),
        ]
        facts.reserveCapacity(24)  // Growing step by step costs more than all the rest.
        facts["first_reading_ms"] = span(to: firstReading)
        facts["decision_ms"] = span(to: decided)
        facts["release_ms"] = span(to: released)
        facts["passed_ms"] = span(to: passed)
        facts["cleared_ms"] = span(to: now.instant)
        if let frame = decidingFrame {
            facts["read_ms"] = decidingRead.map { Self.milliseconds($0 - frame) }
            facts["decide_ms"] = decided.map { Self.milliseconds($0 - (decidingRead ?? frame)) }
            if let released, let decided {
                facts["store_ms"] = Self.milliseconds(released - decided)
                facts["frame_to_release_ms"] = Self.milliseconds(released - frame)
            }
        }
        if let decision {
            facts["reasons"] =
                decision.isAdmitted
                ? nil : decision.reasons.map(\.rawValue).joined(separator: " ")
            facts["rule"] = decision.rulePlace
            facts["roster"] = decision.rosterPlace
            facts["group"] = decision.group
        }
        facts.merge(picture.facts(pictureName)) { $1 }
        if lateDrops > 0 { facts["late_drops"] = String(lateDrops) }
        if isSimulated { facts["simulated"] = "true" }
        if isInEmergency { facts["emergency"] = "true" }
        return EntryDraft(
            .passage, lane: lane, at: now, facts: facts,
            personal: .told(plate: plate, person: operatorName))
    }
}
