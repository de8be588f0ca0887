import EventJournal
import Foundation
import GateTypes
import Testing

@Suite struct ReaderTests {
    let fixture: JournalFixture

    init() throws {
        fixture = try JournalFixture()
        let database = try JournalDatabase(directory: fixture.directory)
        var drafts = (0..<5 as Range<Int64>).map {
            fixture.grant($0, plate: "京A0000\($0 % 2)", lane: $0 < 3 ? "lane1" : "lane2")
        }
        drafts.append(
            EntryDraft(.fault, lane: "lane2", at: fixture.moment(5), facts: ["code": "stuck"]))
        for second in 6..<16 as Range<Int64> {
            drafts.append(
                EntryDraft(
                    .passage, lane: "lane1", at: fixture.moment(second),
                    facts: [
                        "outcome": second < 14 ? "passed" : "refused",
                        "decision_ms": String((second - 5) * 10), "note_ms": "soon",
                    ]))
        }
        _ = try database.append(drafts)
        database.close()
    }

    private func sequences(_ change: (inout EntryFilter) -> Void) throws -> [Int64] {
        var filter = EntryFilter()
        change(&filter)
        return try fixture.entries(filter).map(\.sequence)
    }

    @Test func filtersRestrictAndCombine() throws {
        #expect(try sequences { _ in } == Array(1...17))
        #expect(try sequences { $0.kinds = [.fault] } == [7])
        #expect(
            try sequences {
                $0.kinds = [.grant]; $0.lanes = ["lane2"]
            } == [5, 6])
        #expect(try sequences { $0.personal[.plate] = "京A00001" } == [3, 5])
        #expect(
            try sequences { $0.personal = [.plate: "京A00001", .person: "E018"] } == [])
        #expect(
            try sequences {
                $0.since = fixture.moment(1).wall
                $0.until = fixture.moment(3).wall
            } == [3, 4])
        #expect(
            try sequences {
                $0.kinds = [.grant, .fault]; $0.last = 2
            } == [6, 7])
        #expect(try sequences { $0.last = 0 } == [])
        #expect(try sequences { $0.lanes = ["'; DROP TABLE entry; --"] } == [])
    }

    @Test func readingDoesNotStopTheWriter() async throws {
        let journal = FileJournal(directory: fixture.directory)
        let reader = try JournalReader(directory: fixture.directory)
        var seen = 0
        try reader.forEach {
            if $0.sequence == 1 {
                let done = DispatchSemaphore(value: 0)
                journal.store(IntentNumber(1), fixture.grant(77)) { _, _ in done.signal() }
                done.wait()
            }
            seen += 1
        }
        #expect(seen == 17, "one unchanging view")
        #expect(try reader.head().sequence == 18)
        journal.close()
    }

    @Test func statisticsCountOutcomesAndMeasureSpans() throws {
        let statistics = try JournalReader(directory: fixture.directory).passageStatistics()
        #expect(statistics.passageCount == 10)
        #expect(statistics.outcomes == ["passed": 8, "refused": 2])
        #expect(statistics.spans.map(\.name) == ["decision"])
        let span = try #require(statistics.spans.first)
        #expect(span.count == 10 && span.median == 50 && span.p95 == 100 && span.maximum == 100)
        var filter = EntryFilter()
        filter.lanes = ["lane2"]
        let none = try JournalReader(directory: fixture.directory).passageStatistics(filter)
        #expect(none.passageCount == 0 && none.spans.isEmpty)
    }
}
