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

    /// Plates and the names of people are personal: they can be erased without breaking the chain.
    mutating func record(
        _ kind: EntryKind, _ lane: LaneName?, _ facts: [String: String], plate: String = "",
        person: String? = nil
    ) {
        actions.append(
            .record(
                EntryDraft(
                    kind, lane: lane, at: now, facts: facts,
                    personal: .told(plate: plate, person: person))))
    }
}

extension [PersonalField: String] {
    /// The personal fields of an entry, without those that are empty.
    static func told(plate: String, person: String?) -> Self {
        var fields: Self = plate.isEmpty ? [:] : [.plate: plate]
        fields[.person] = person
        return fields
    }
}
