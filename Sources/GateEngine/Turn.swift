import GateTypes

/// One event being handled: its time, and the actions gathered so far.
struct Turn {
    let now: Moment
    var actions: [GateAction] = []
    /// Numbers passages and intents over all lanes.
    var lastNumber: UInt64

    mutating func nextNumber() -> UInt64 {
        lastNumber &+= 1
        return lastNumber
    }

    mutating func record(
        _ kind: EntryKind, _ lane: LaneName?, _ facts: [String: String], plate: String = ""
    ) {
        actions.append(
            .record(
                EntryDraft(
                    kind, lane: lane, at: now, facts: facts,
                    personal: plate.isEmpty ? [:] : [.plate: plate])))
    }
}
