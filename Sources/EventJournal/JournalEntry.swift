import GateTypes

/// One SHA-256 of the chain.
package struct ChainHash: Hashable, Sendable, CustomStringConvertible {
    /// 32 bytes.
    package let bytes: [UInt8]

    /// Stands before the first entry.
    package static let origin = ChainHash(unchecked: [UInt8](repeating: 0, count: 32))

    /// Nil unless there are 32 bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.bytes = Array(bytes)
    }

    /// Nil unless there are 64 hexadecimal digits.
    package init?(hex: String) {
        guard let bytes = Hex.bytes(hex) else { return nil }
        self.init(bytes: bytes)
    }

    init(unchecked bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// 64 lower-case hexadecimal digits.
    package var description: String { Hex.text(bytes) }
}

/// The newest entry of a journal: noted elsewhere, it proves later that nothing was cut off.
package struct JournalHead: Hashable, Sendable, CustomStringConvertible {
    /// The first entry has sequence 1; 0 is an empty journal.
    package let sequence: Int64
    package let hash: ChainHash

    package static let empty = JournalHead(sequence: 0, hash: .origin)

    package init(sequence: Int64, hash: ChainHash) {
        self.sequence = sequence
        self.hash = hash
    }

    /// Reads `SEQUENCE:HASH` as `description` writes it.
    package init?(_ text: String) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let sequence = Int64(parts[0]), sequence >= 0,
            let hash = ChainHash(hex: String(parts[1]))
        else { return nil }
        self.init(sequence: sequence, hash: hash)
    }

    package var description: String { "\(sequence):\(hash)" }
}

/// One entry as it stands in the journal.
package struct JournalEntry: Hashable, Sendable {
    package enum PersonalValue: Hashable, Sendable {
        case held(String)
        case erased
    }

    package let sequence: Int64
    /// As written; a newer Gatehouse may know more kinds than `EntryKind` here.
    package let kind: String
    package let lane: LaneName?
    package let instant: Instant
    package let wall: WallTime
    package let facts: [String: String]
    package let personal: [PersonalField: PersonalValue]
    package let hash: ChainHash

    /// True for an entry written after its moment, because the storage had failed.
    package var isLate: Bool { facts[Facts.late] == "true" }

    /// The field's text; nil when the entry has none or it is erased.
    package func text(_ field: PersonalField) -> String? {
        guard case .held(let text) = personal[field] else { return nil }
        return text
    }
}

/// What an erasure did.
package struct ErasureOutcome: Hashable, Sendable {
    package var entryCount = 0
    package var fieldCount = 0
    /// False while another process's reading keeps erased text in the write-ahead log.
    package var logIsClean = true

    package init(entryCount: Int = 0, fieldCount: Int = 0, logIsClean: Bool = true) {
        self.entryCount = entryCount
        self.fieldCount = fieldCount
        self.logIsClean = logIsClean
    }
}

/// Whose personal fields are to be erased.
package enum ErasureSelection: Hashable, Sendable {
    case before(WallTime)
    case matching(PersonalField, String)
}

extension EntryDraft {
    /// What is journalled of an erasure; whose fields they were is just what must not be told.
    static func erasure(
        _ selection: ErasureSelection, _ outcome: ErasureOutcome, by person: String?,
        at moment: Moment
    ) -> EntryDraft {
        var draft = EntryDraft(.erasure, at: moment)
        draft.facts = [
            Facts.entries: String(outcome.entryCount), Facts.fields: String(outcome.fieldCount),
        ]
        switch selection {
        case .before(let moment):
            draft.facts[Facts.reason] = "expiry"
            draft.facts[Facts.before] = moment.utcText
        case .matching(let field, _):
            draft.facts[Facts.reason] = "request"
            draft.facts[Facts.field] = field.rawValue
        }
        if let person { draft.personal[.person] = person }
        return draft
    }
}

/// Keys of facts that the journal itself writes.
package enum Facts {
    package static let late = "late"
    package static let lateBy = "late_ms"
    package static let event = "event"
    package static let code = "code"
    package static let count = "count"
    package static let reason = "reason"
    package static let before = "before"
    package static let entries = "entries"
    package static let fields = "fields"
    package static let field = "field"
    package static let outcome = "outcome"

    /// True for a key whose value is a span of the passage in milliseconds.
    package static func isSpan(_ key: String) -> Bool {
        key.hasSuffix("_ms") && !key.hasSuffix("unix_ms") && key != lateBy
    }
}

enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    static func text(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func bytes(_ text: String) -> [UInt8]? {
        let nibbles = text.utf8.map { digits.firstIndex(of: $0) }
        guard nibbles.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for at in stride(from: 0, to: nibbles.count, by: 2) {
            guard let high = nibbles[at], let low = nibbles[at + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }
}
