import Foundation
import GRDB
import GateTypes

/// Extends the chain inside a transaction that has already begun as a writer.
struct ChainWriter {
    let db: Database
    let path: String

    func append(_ drafts: [EntryDraft]) throws -> [JournalHead] {
        var head = try JournalSchema.head(db, path: path)
        var heads: [JournalHead] = []
        for draft in drafts {
            head = try append(draft, after: head)
            heads.append(head)
        }
        let update = try db.cachedStatement(
            sql: "UPDATE head SET sequence = ?, hash = ? WHERE id = 1")
        try update.execute(arguments: [head.sequence, Data(head.hash.bytes)])
        return heads
    }

    private func append(_ draft: EntryDraft, after head: JournalHead) throws -> JournalHead {
        let sealed = SealedEntry(draft, after: head)
        let row = sealed.row
        let insert = try db.cachedStatement(
            sql: "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        try insert.execute(arguments: [
            row.sequence, String(decoding: row.kind, as: UTF8.self),
            String(decoding: row.lane, as: UTF8.self), row.monotonicNanoseconds,
            row.wallMilliseconds, String(decoding: row.facts, as: UTF8.self),
            String(decoding: row.commitments, as: UTF8.self), Data(sealed.head.hash.bytes),
        ])
        for (position, item) in sealed.personal.enumerated() {
            let insert = try db.cachedStatement(
                sql: "INSERT INTO personal VALUES (?, ?, ?, 0, ?, ?)")
            try insert.execute(arguments: [
                row.sequence * JournalSchema.slotsPerEntry + Int64(position), item.field.rawValue,
                row.wallMilliseconds, item.salt, item.value,
            ])
        }
        return sealed.head
    }
}

/// A draft with its place in the chain: its columns, salts and hash.
package struct SealedEntry {
    package let row: ChainEncoding.Row
    let personal: [(field: PersonalField, salt: Data, value: Data)]
    package let head: JournalHead

    package init(
        _ draft: EntryDraft, after previous: JournalHead,
        salt: () -> Data = ChainEncoding.salt
    ) {
        personal = draft.personal.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            let text = ChainEncoding.clean($0.value, limit: ChainEncoding.personalByteLimit)
            return ($0.key, salt(), Data(text.utf8))
        }
        let commitments = Dictionary(
            uniqueKeysWithValues: personal.map {
                (
                    $0.field.rawValue,
                    ChainEncoding.commitment(salt: $0.salt, value: $0.value).description
                )
            })
        let lane = ChainEncoding.clean(
            draft.lane?.text ?? "", limit: ChainEncoding.personalByteLimit)
        row = ChainEncoding.Row(
            sequence: previous.sequence + 1, kind: Data(draft.kind.rawValue.utf8),
            lane: Data(lane.utf8), monotonicNanoseconds: draft.instant.nanoseconds,
            wallMilliseconds: draft.wall.milliseconds,
            facts: ChainEncoding.json(ChainEncoding.clean(draft.facts)),
            commitments: ChainEncoding.json(commitments))
        head = JournalHead(
            sequence: row.sequence, hash: ChainEncoding.hash(row, after: previous.hash))
    }
}
