import Foundation
import GRDB
import GateTypes

extension JournalReader {
    /// Hands over each entry's columns as one line of JSON, enough to verify the chain without us.
    ///
    /// `facts` and `commitments` are the stored texts, for the hash covers their very bytes. With
    /// `personal`, fields still held come with their salts; an erased one is null.
    package func exportLines(
        since: WallTime? = nil, until: WallTime? = nil, personal: Bool,
        _ body: (String) throws -> Void
    ) throws(JournalError) {
        try read("exporting") { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT sequence, kind, lane, monotonic_ns, wall_ms, facts, commitments, hash
                    FROM entry WHERE wall_ms >= ? AND wall_ms < ? ORDER BY sequence
                    """,
                arguments: [since?.milliseconds ?? .min, until?.milliseconds ?? .max])
            while let row = try rows.next() {
                let sequence = row.whole("sequence") ?? 0
                var line = ExportLine(
                    sequence: sequence, kind: row.text("kind") ?? "",
                    lane: row.text("lane") ?? "", monotonicNanoseconds: row.whole("monotonic_ns"),
                    wallMilliseconds: row.whole("wall_ms"), facts: row.text("facts") ?? "",
                    commitments: row.text("commitments") ?? "",
                    hash: Hex.text(row.bytes("hash") ?? Data()))
                if personal { line.personal = try Self.fields(of: sequence, in: db) }
                try body(line.text)
            }
        }
    }

    private static func fields(
        of sequence: Int64, in db: Database
    ) throws -> [String: ExportLine.Field?] {
        guard (1...JournalSchema.highestSequence).contains(sequence) else { return [:] }
        let low = sequence * JournalSchema.slotsPerEntry
        let statement = try db.cachedStatement(
            sql: "SELECT field, erased, salt, value FROM personal WHERE slot >= ? AND slot < ?")
        var fields: [String: ExportLine.Field?] = [:]
        let range: StatementArguments = [low, low + JournalSchema.slotsPerEntry]
        for row in try Row.fetchAll(statement, arguments: range) {
            let isHeld = row.whole("erased") == 0
            let field = ExportLine.Field(
                salt: Hex.text(row.bytes("salt") ?? Data()),
                value: String(decoding: row.bytes("value") ?? Data(), as: UTF8.self))
            fields.updateValue(isHeld ? field : nil, forKey: row.text("field") ?? "")
        }
        return fields
    }
}

private struct ExportLine: Encodable {
    struct Field: Encodable {
        let salt: String
        let value: String
    }

    let sequence: Int64
    let kind: String
    let lane: String
    let monotonicNanoseconds: Int64?
    let wallMilliseconds: Int64?
    let facts: String
    let commitments: String
    let hash: String
    var personal: [String: Field?]?

    enum CodingKeys: String, CodingKey {
        case sequence, kind, lane, facts, commitments, hash, personal
        case monotonicNanoseconds = "monotonic_ns"
        case wallMilliseconds = "wall_ms"
    }

    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
