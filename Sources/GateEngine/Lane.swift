import GateTypes

/// An opening that waits for its record.
protocol StoredIntent: Hashable, Sendable {
    var number: IntentNumber { get }
    var due: Instant { get }
    var draft: EntryDraft { get }
}

/// What lanes for vehicles and for people have in common: they tell people what is going on, raise
/// alarms, and open nothing before its record is durable.
protocol Lane: Sendable {
    associatedtype Intent: StoredIntent

    var name: LaneName { get }
    var notice: Notice? { get set }
    var alarms: Set<String> { get set }
    var incidentCount: Int { get set }
    var intents: [Intent] { get set }
    /// Something was said to this lane in this turn.
    var isTouched: Bool { get set }

    /// The record is durable, or may follow: opens, if everything still allows it.
    mutating func release(_ intent: Intent, _ turn: inout Turn)
}

/// Everything has a limit.
private let intentsLargest = 16

extension Lane {
    // MARK: Telling

    mutating func tell(_ new: Notice, _ turn: inout Turn) {
        guard new != notice else { return }
        notice = new
        turn.actions.append(.tell(name, new))
    }

    mutating func raiseAlarm(_ code: String, _ text: String, _ turn: inout Turn) {
        guard alarms.insert(code).inserted else { return }
        turn.actions.append(.raiseAlarm(name, code: code, text: text))
    }

    mutating func clearAlarm(_ code: String, _ turn: inout Turn) {
        guard alarms.remove(code) != nil else { return }
        turn.actions.append(.clearAlarm(name, code: code))
    }

    mutating func incident(
        _ incidentClass: String, _ facts: [String: String],
        personal: [PersonalField: String] = [:], _ turn: inout Turn
    ) {
        incidentCount += 1
        turn.actions.append(
            .record(
                EntryDraft(
                    .incident, lane: name, at: turn.now,
                    facts: facts.merging(["class": incidentClass]) { $1 }, personal: personal)))
    }

    // MARK: Record first, then the relay

    /// False, with an alarm, while too many openings wait already.
    mutating func mayStore(_ turn: inout Turn) -> Bool {
        guard intents.count >= intentsLargest else { return true }
        raiseAlarm("storage", "Too many openings wait for the journal; none is added.", &turn)
        return false
    }

    /// The entry is durable; presence and deadline are looked at again.
    mutating func stored(_ number: IntentNumber, _ turn: inout Turn) {
        guard let intent = removeIntent(number) else { return }
        isTouched = true
        clearAlarm("storage", &turn)
        release(intent, &turn)
    }

    /// Takes an intent that the journal did not store from those that wait, with an alarm.
    mutating func failedIntent(
        _ number: IntentNumber, reason: String, _ turn: inout Turn
    ) -> Intent? {
        guard let intent = removeIntent(number) else { return nil }
        isTouched = true
        raiseAlarm("storage", "The journal cannot store an opening: \(reason)", &turn)
        return intent
    }

    /// Opens although nothing is durable, where the site wants it so; the record is written when it can be.
    mutating func releaseUnstored(_ intent: Intent, reason: String, _ turn: inout Turn) {
        var draft = intent.draft
        draft.facts["late"] = "true"
        draft.facts["storage_failure"] = reason
        turn.actions.append(.record(draft))
        release(intent, &turn)
    }

    private mutating func removeIntent(_ number: IntentNumber) -> Intent? {
        guard let index = intents.firstIndex(where: { $0.number == number }) else { return nil }
        return intents.remove(at: index)
    }
}
