import EventJournal
import Foundation
import GateTypes
import Testing

@Suite struct ChainTests {
    /// Hashes were computed with Python's hashlib from docs/journal-format.md.
    @Test func knownEntryHasItsKnownHash() throws {
        let draft = EntryDraft(
            .grant, lane: "lane1",
            at: Moment(
                instant: Instant(nanoseconds: 5_000_000_000),
                wall: WallTime(milliseconds: 1_790_000_000_123)),
            facts: ["rule": "lorries", "gap_ms": "12"],
            personal: [.plate: "京A12345", .badge: "0042"])
        let sealed = SealedEntry(
            draft, after: .empty, salt: { Data((0..<16).map { UInt8($0) }) })
        #expect(sealed.head.sequence == 1)
        #expect(
            String(decoding: sealed.row.facts, as: UTF8.self)
                == #"{"gap_ms":"12","rule":"lorries"}"#)
        #expect(
            sealed.head.hash.description
                == "f24d54eaa662ded9ed19eeb24050a1efb4007c5306cd0b5da67e35f254e020fc")
        let second = SealedEntry(
            EntryDraft(
                .service,
                at: Moment(instant: Instant(nanoseconds: 0), wall: WallTime(milliseconds: -1))),
            after: sealed.head)
        #expect(
            second.head.hash.description
                == "9f2a58663bb5956909a2c51e614c693d5fd8ef24bfd5288e6372525ef8e3eab6")
    }

    @Test(
        arguments: [
            ("", nil), ("7", nil), ("7:abcd", nil),
            ("-1:" + String(repeating: "0", count: 64), nil),
            ("7:" + String(repeating: "0g", count: 32), nil),
            ("7:" + String(repeating: "0a", count: 32), 7),
        ] as [(String, Int64?)])
    func notedHeadIsReadStrictly(text: String, sequence: Int64?) {
        #expect(JournalHead(text)?.sequence == sequence)
        if sequence != nil { #expect(JournalHead(text)?.description == text) }
    }

    @Test func saltsDiffer() {
        let salts = Set((0..<100).map { _ in ChainEncoding.salt() })
        #expect(salts.count == 100 && salts.allSatisfy { $0.count == 16 })
    }

    @Test func zeroBytesAndEndlessTextsAreBounded() {
        #expect(ChainEncoding.clean("a\0b", limit: 100) == "a\u{FFFD}b")
        let long = ChainEncoding.clean(String(repeating: "京", count: 5000), limit: 256)
        #expect(long.utf8.count <= 256 && long.hasSuffix("…") && long.hasPrefix("京京"))
    }

    @Test func wallTimeIsWrittenInUTC() {
        #expect(WallTime(milliseconds: 0).utcText == "1970-01-01T00:00:00.000Z")
        #expect(WallTime(milliseconds: 1_790_000_000_123).utcText == "2026-09-21T14:13:20.123Z")
        #expect(WallTime(milliseconds: -1).utcText == "1969-12-31T23:59:59.999Z")
        #expect(WallTime(milliseconds: .max).utcText.hasPrefix("9999"))
    }
}
