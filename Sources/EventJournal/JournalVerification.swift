import Foundation
import GRDB
import GateTypes

/// What a verification found.
package struct VerificationReport: Sendable, Hashable {
    /// One thing that is wrong, with the sequence where it shows.
    package struct Problem: Sendable, Hashable, CustomStringConvertible {
        package let sequence: Int64
        package let what: String
        package var description: String { "entry \(sequence): \(what)" }
    }

    package var entryCount: Int64 = 0
    package var heldCount = 0
    package var erasedCount = 0
    package var lateCount: Int64 = 0
    package var head = JournalHead.empty
    /// In the order of the entries, the first `problemLimit` of them.
    package var problems: [Problem] = []
    package var problemCount = 0

    package static let problemLimit = 20

    package var isIntact: Bool { problemCount == 0 }

    mutating func add(_ sequence: Int64, _ what: String) {
        problemCount += 1
        if problems.count < Self.problemLimit {
            problems.append(Problem(sequence: sequence, what: what))
        }
    }
}

extension JournalReader {
    /// Computes the whole chain anew, on one view of the journal.
    ///
    /// `anchor` is a head that was noted elsewhere: the journal must still contain it. Without one,
    /// a forger who rewrites the whole file, head included, is not found out.
    package func verify(anchor: JournalHead? = nil) throws(JournalError) -> VerificationReport {
        let path = self.path
        return try read("verifying") { db in
            var check = ChainCheck(anchor: anchor)
            let personal = try Row.fetchCursor(
                db,
                sql: "SELECT slot, field, wall_ms, erased, salt, value FROM personal ORDER BY slot")
            var next = try personal.next().map(ChainCheck.Personal.init)
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT sequence, CAST(kind AS BLOB) kind, CAST(lane AS BLOB) lane, monotonic_ns,
                    wall_ms, CAST(facts AS BLOB) facts, CAST(commitments AS BLOB) commitments, hash
                    FROM entry ORDER BY sequence
                    """)
            while let row = try rows.next() {
                guard let stored = ChainCheck.Stored(row) else {
                    check.report.add(row.whole("sequence") ?? 0, "it is unreadable")
                    continue
                }
                var own: [ChainCheck.Personal] = []
                while let item = next, item.sequence <= stored.row.sequence {
                    own.append(item)
                    next = try personal.next().map(ChainCheck.Personal.init)
                }
                check.visit(stored, personal: own)
            }
            if let next {
                check.report.add(next.sequence, "a personal field belongs to no entry")
            }
            check.finish(head: try JournalSchema.head(db, path: path))
            return check.report
        }
    }
}

/// Walks the chain; each fault is told once, and the walk goes on from what is stored.
private struct ChainCheck {
    struct Personal {
        let sequence: Int64
        let field: String
        let wallMilliseconds: Int64
        let isErased: Bool
        let salt: Data
        let value: Data

        /// An unreadable column fails the comparisons that follow.
        init(_ row: Row) {
            sequence = (row.whole("slot") ?? 0) / JournalSchema.slotsPerEntry
            field = row.text("field") ?? ""
            wallMilliseconds = row.whole("wall_ms") ?? .min
            isErased = row.whole("erased") != 0
            salt = row.bytes("salt") ?? Data()
            value = row.bytes("value") ?? Data()
        }
    }

    struct Stored {
        let row: ChainEncoding.Row
        let hash: ChainHash?

        init?(_ stored: Row) {
            guard let sequence = stored.whole("sequence"),
                (1...JournalSchema.highestSequence).contains(sequence),
                let kind = stored.bytes("kind"), let lane = stored.bytes("lane"),
                let monotonic = stored.whole("monotonic_ns"), let wall = stored.whole("wall_ms"),
                let facts = stored.bytes("facts"), let commitments = stored.bytes("commitments")
            else { return nil }
            row = ChainEncoding.Row(
                sequence: sequence, kind: kind, lane: lane, monotonicNanoseconds: monotonic,
                wallMilliseconds: wall, facts: facts, commitments: commitments)
            hash = stored.bytes("hash").flatMap { ChainHash(bytes: $0) }
        }
    }

    var report = VerificationReport()
    private let anchor: JournalHead?
    private var previous = JournalHead.empty
    private var orderedErasures = 0
    /// Far beyond any journal, and safe to add.
    private static let erasuresOfOneEntry = 1 << 40
    private static let erasuresLargest = 1 << 62

    init(anchor: JournalHead?) {
        self.anchor = anchor
    }

    mutating func visit(_ stored: Stored, personal: [Personal]) {
        let columns = stored.row
        let sequence = columns.sequence
        let expected = previous.sequence + 1
        if sequence != expected {
            let missing =
                sequence == expected + 1
                ? "entry \(expected) is" : "entries \(expected) to \(sequence - 1) are"
            report.add(sequence, "\(missing) missing before it")
        }
        let computed = ChainEncoding.hash(columns, after: previous.hash)
        // After a gap the link cannot hold, and that is told already.
        if stored.hash != computed, sequence == expected {
            report.add(sequence, "it was changed, moved or put in: its hash does not follow")
        }
        if let facts = ChainEncoding.object(columns.facts) {
            count(facts, kind: String(decoding: columns.kind, as: UTF8.self))
        } else {
            report.add(sequence, "its facts are not a JSON object of texts")
        }
        check(personal, of: columns)
        previous = JournalHead(sequence: sequence, hash: stored.hash ?? computed)
        if let anchor, anchor.sequence == sequence, anchor.hash != previous.hash {
            report.add(sequence, "its hash is not the one that was noted")
        }
        report.entryCount += 1
    }

    private mutating func count(_ facts: [String: String], kind: String) {
        if facts[Facts.late] == "true" { report.lateCount += 1 }
        guard kind == EntryKind.erasure.rawValue, let fields = facts[Facts.fields] else { return }
        // A forger writes any number: it must come out as a wrong sum, and not as a trap.
        let told = min(max(Int(fields) ?? 0, 0), Self.erasuresOfOneEntry)
        orderedErasures = min(orderedErasures + told, Self.erasuresLargest)
    }

    private mutating func check(_ personal: [Personal], of row: ChainEncoding.Row) {
        guard var commitments = ChainEncoding.object(row.commitments) else {
            return report.add(row.sequence, "its commitments are not a JSON object of texts")
        }
        for item in personal {
            guard item.sequence == row.sequence, let expected = commitments[item.field] else {
                report.add(row.sequence, "a personal field '\(item.field)' is not its own")
                continue
            }
            commitments[item.field] = nil
            if item.wallMilliseconds != row.wallMilliseconds {
                report.add(row.sequence, "'\(item.field)' has another time than its entry")
            }
            if item.isErased {
                report.erasedCount += 1
                if (item.salt + item.value).contains(where: { $0 != 0 }) {
                    report.add(row.sequence, "'\(item.field)' is marked erased and still there")
                }
            } else {
                report.heldCount += 1
                let found = ChainEncoding.commitment(salt: item.salt, value: item.value)
                if found.description != expected {
                    report.add(
                        row.sequence, "'\(item.field)' was changed: it is not what was committed")
                }
            }
        }
        for field in commitments.keys.sorted() {
            report.add(row.sequence, "'\(field)' was taken out without an erasure")
        }
    }

    mutating func finish(head: JournalHead) {
        report.head = head
        if head.sequence > previous.sequence {
            report.add(
                previous.sequence + 1, "the head is entry \(head.sequence): the tail was cut off")
        } else if head.sequence < previous.sequence {
            report.add(head.sequence + 1, "it stands behind the head, entry \(head.sequence)")
        } else if head.hash != previous.hash {
            report.add(head.sequence, "the head has another hash")
        }
        if let anchor, anchor.sequence > previous.sequence {
            report.add(
                previous.sequence + 1,
                "entry \(anchor.sequence) was noted: the tail was cut off")
        }
        if report.erasedCount != orderedErasures {
            report.add(
                head.sequence,
                "\(report.erasedCount) personal fields are erased, but erasure entries tell of "
                    + "\(orderedErasures)")
        }
    }
}
