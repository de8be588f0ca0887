import EventJournal
import Foundation
import GateTypes
import Testing

/// One thing that somebody with a database tool could do, and what verification must say of it.
struct Tampering: Sendable, CustomTestStringConvertible {
    let name: String
    let sql: String
    /// Where the first problem shows.
    let sequence: Int64
    let words: String
    var testDescription: String { name }

    static let renumberFrom4 = """
        UPDATE entry SET sequence = sequence - 1 WHERE sequence > 4;
        UPDATE personal SET slot = slot - 8 WHERE slot >= 40;
        """

    /// The journal has entries 1 (its beginning) to 7.
    static let all: [Tampering] = [
        .init(
            name: "a fact changed",
            sql: "UPDATE entry SET facts = '{\"rule\":\"x\"}' WHERE sequence = 3",
            sequence: 3, words: "hash does not follow"),
        .init(
            name: "a fact's spelling changed",
            sql: "UPDATE entry SET facts = ' ' || facts WHERE sequence = 3",
            sequence: 3, words: "hash does not follow"),
        .init(
            name: "a kind changed", sql: "UPDATE entry SET kind = 'refusal' WHERE sequence = 4",
            sequence: 4, words: "hash does not follow"),
        .init(
            name: "a lane changed", sql: "UPDATE entry SET lane = 'lane2' WHERE sequence = 4",
            sequence: 4, words: "hash does not follow"),
        .init(
            name: "a time changed",
            sql: "UPDATE entry SET wall_ms = wall_ms - 1 WHERE sequence = 5",
            sequence: 5, words: "hash does not follow"),
        .init(
            name: "a monotonic time changed",
            sql: "UPDATE entry SET monotonic_ns = 0 WHERE sequence = 5",
            sequence: 5, words: "hash does not follow"),
        .init(
            name: "a commitment changed",
            sql: "UPDATE entry SET commitments = replace(commitments, 'plate', 'badge') "
                + "WHERE sequence = 2",
            sequence: 2, words: "hash does not follow"),
        .init(
            name: "a hash changed", sql: "UPDATE entry SET hash = zeroblob(32) WHERE sequence = 6",
            sequence: 6, words: "hash does not follow"),
        .init(
            name: "a hash of another size", sql: "UPDATE entry SET hash = x'00' WHERE sequence = 6",
            sequence: 6, words: "hash does not follow"),
        .init(
            name: "an entry deleted", sql: "DELETE FROM entry WHERE sequence = 4",
            sequence: 5, words: "entry 4 is missing"),
        .init(
            name: "entries deleted", sql: "DELETE FROM entry WHERE sequence IN (3, 4, 5)",
            sequence: 6, words: "entries 3 to 5 are missing"),
        .init(
            name: "the first entry deleted", sql: "DELETE FROM entry WHERE sequence = 1",
            sequence: 2, words: "entry 1 is missing"),
        .init(
            name: "an entry deleted and the rest moved up",
            sql: "DELETE FROM personal WHERE slot / 8 = 4; DELETE FROM entry WHERE sequence = 4; "
                + renumberFrom4,
            sequence: 4, words: "hash does not follow"),
        .init(
            name: "two entries exchanged",
            sql: """
                UPDATE entry SET sequence = 100 WHERE sequence = 3;
                UPDATE entry SET sequence = 3 WHERE sequence = 4;
                UPDATE entry SET sequence = 4 WHERE sequence = 100;
                """, sequence: 3, words: "hash does not follow"),
        .init(
            name: "an entry put in at the end",
            sql: "INSERT INTO entry SELECT 8, kind, lane, monotonic_ns, wall_ms, facts, '{}', hash "
                + "FROM entry WHERE sequence = 7",
            sequence: 8, words: "hash does not follow"),
        .init(
            name: "the tail cut off",
            sql: "DELETE FROM entry WHERE sequence > 5; DELETE FROM personal WHERE slot >= 48",
            sequence: 6, words: "the tail was cut off"),
        .init(
            name: "everything deleted", sql: "DELETE FROM entry; DELETE FROM personal",
            sequence: 1, words: "the tail was cut off"),
        .init(
            name: "the head set back", sql: "UPDATE head SET sequence = 6",
            sequence: 7, words: "stands behind the head"),
        .init(
            name: "the head's hash changed", sql: "UPDATE head SET hash = zeroblob(32)",
            sequence: 7, words: "the head has another hash"),
        .init(
            name: "a plate changed",
            sql: "UPDATE personal SET value = CAST('京A99999' AS BLOB) WHERE slot = 17",
            sequence: 2, words: "'plate' was changed"),
        .init(
            name: "a salt changed", sql: "UPDATE personal SET salt = zeroblob(16) WHERE slot = 24",
            sequence: 3, words: "'person' was changed"),
        .init(
            name: "personal fields exchanged between entries",
            sql: """
                UPDATE personal SET slot = 1000 WHERE slot = 17;
                UPDATE personal SET slot = 17 WHERE slot = 25;
                UPDATE personal SET slot = 25 WHERE slot = 1000;
                """, sequence: 2, words: "another time than its entry"),
        .init(
            name: "a personal field taken out", sql: "DELETE FROM personal WHERE slot = 17",
            sequence: 2, words: "taken out without an erasure"),
        .init(
            name: "a personal field put in",
            sql: "INSERT INTO personal SELECT 23, 'badge', wall_ms, 0, salt, value FROM personal "
                + "WHERE slot = 17",
            sequence: 2, words: "'badge' is not its own"),
        .init(
            name: "a personal field for no entry",
            sql: "INSERT INTO personal SELECT 800, field, wall_ms, 0, salt, value FROM personal "
                + "WHERE slot = 17",
            sequence: 100, words: "belongs to no entry"),
        .init(
            name: "a personal field erased in secret",
            sql: "UPDATE personal SET erased = 1, salt = zeroblob(16), "
                + "value = zeroblob(length(value)) WHERE slot = 17",
            sequence: 7, words: "1 personal fields are erased, but erasure entries tell of 0"),
        .init(
            name: "a personal field marked erased and kept",
            sql: "UPDATE personal SET erased = 1 WHERE slot = 17",
            sequence: 2, words: "marked erased and still there"),
        .init(
            name: "facts that are no JSON", sql: "UPDATE entry SET facts = '[' WHERE sequence = 3",
            sequence: 3, words: "hash does not follow"),
        .init(
            name: "erasures beyond all numbers",
            sql: "UPDATE entry SET kind = 'erasure', "
                + "facts = '{\"fields\":\"9223372036854775807\"}' WHERE sequence IN (3, 4)",
            sequence: 3, words: "hash does not follow"),
        .init(
            name: "an entry far away",
            sql: "UPDATE entry SET sequence = 9223372036854775807 WHERE sequence = 7",
            sequence: 9_223_372_036_854_775_807, words: "unreadable"),
    ]
}

@Suite struct TamperingTests {
    let fixture: JournalFixture

    init() throws {
        fixture = try JournalFixture()
        try fixture.fill()
    }

    @Test func untouchedJournalIsIntact() throws {
        let report = try fixture.verify()
        #expect(report.isIntact && report.problems.isEmpty)
        #expect(report.entryCount == 7 && report.heldCount == 12 && report.erasedCount == 0)
        #expect(report.head.sequence == 7)
        #expect(try Verifier.run(fixture.path)?.isIntact ?? true)
    }

    @Test(arguments: Tampering.all)
    func tamperingShows(tampering: Tampering) throws {
        try fixture.tamper(tampering.sql)
        let report = try fixture.verify()
        let first = try #require(report.problems.first)
        #expect(first.sequence == tampering.sequence, "\(report.problems)")
        #expect(first.what.contains(tampering.words), "\(report.problems)")
    }

    /// Another program, written from the format's description alone, has to agree.
    @Test(.enabled(if: Verifier.isThere, "needs python3"), arguments: Tampering.all)
    func independentVerifierAgrees(tampering: Tampering) throws {
        try fixture.tamper(tampering.sql)
        let answer = try #require(try Verifier.run(fixture.path))
        #expect(!answer.isIntact, "\(answer.text)")
    }

    @Test func cutTailWithItsHeadSetBackShowsOnlyAgainstANotedHead() throws {
        let noted = try JournalReader(directory: fixture.directory).head()
        try fixture.tamper(
            """
            DELETE FROM entry WHERE sequence > 5; DELETE FROM personal WHERE slot >= 48;
            UPDATE head SET sequence = 5, hash = (SELECT hash FROM entry WHERE sequence = 5);
            """)
        #expect(
            try fixture.verify().isIntact, "what one file cannot tell, said in the format's page")
        let problem = try #require(try fixture.verify(anchor: noted).problems.first)
        #expect(problem.sequence == 6 && problem.what.contains("entry 7 was noted"))
    }

    @Test func notedHeadStaysGoodWhileTheJournalGrowsAndNotForAnotherJournal() throws {
        let noted = try JournalReader(directory: fixture.directory).head()
        try fixture.fill(3)
        #expect(try fixture.verify(anchor: noted).isIntact)
        let other = try JournalFixture()
        try other.fill(9)
        let problem = try #require(try other.verify(anchor: noted).problems.first)
        #expect(problem.sequence == 7 && problem.what.contains("not the one that was noted"))
    }

    @Test func unreadableColumnsAreReportedNotFatal() throws {
        try fixture.tamper(
            """
            CREATE TABLE loose AS SELECT * FROM entry; DROP TABLE entry;
            ALTER TABLE loose RENAME TO entry; UPDATE entry SET wall_ms = 'noon' WHERE sequence = 3;
            """)
        #expect(try fixture.verify().problems.first?.description == "entry 3: it is unreadable")
        #expect {
            try fixture.entries()
        } throws: {
            "\($0)".contains("is damaged (entry 3 is unreadable)")
        }
        try fixture.tamper("ALTER TABLE entry DROP COLUMN lane")
        #expect(throws: JournalError.self) { try fixture.entries() }
        #expect(throws: JournalError.self) { try fixture.verify() }
    }

    @Test(.enabled(if: Verifier.isThere, "needs python3"))
    func theScriptSaysHowItIsUsedAndWhatItCannotRead() throws {
        let none = try #require(try Verifier.run())
        #expect(!none.isIntact && none.text.hasPrefix("usage: "), "\(none.text)")
        let missing = try #require(try Verifier.run("/nowhere/journal.sqlite"))
        #expect(!missing.isIntact && missing.text.hasPrefix("/nowhere/journal.sqlite: "))
    }
}

/// docs/verify-journal.py, where there is a python3.
enum Verifier {
    struct Answer {
        let isIntact: Bool
        let text: String
    }

    static let isThere = FileManager.default.fileExists(atPath: script) && python != nil

    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/verify-journal.py").standardized.path

    private static let python = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin")
        .split(separator: ":").map { "\($0)/python3" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Nil where there is no python3.
    static func run(_ paths: String...) throws -> Answer? {
        guard isThere, let python else { return nil }
        let process = Process()
        process.executableURL = URL(filePath: python)
        process.arguments = [script] + paths
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Answer(
            isIntact: process.terminationStatus == 0, text: String(decoding: data, as: UTF8.self))
    }
}
