import EventJournal
import Foundation
import GateTypes
import Testing

@Suite struct ErasureTests {
    let fixture: JournalFixture

    init() throws {
        fixture = try JournalFixture()
    }

    private func contains(_ text: String) throws -> Bool {
        try fixture.rawBytes().range(of: Data(text.utf8)) != nil
    }

    @Test func expiredFieldsAreGoneFromEveryFileAndTheChainHolds() async throws {
        let journal = FileJournal(directory: fixture.directory)
        for second in 1...2000 as ClosedRange<Int64> {
            journal.append(
                fixture.grant(second, plate: second < 1500 ? "京AOLD\(second)" : "京ANEW\(second)"))
        }
        _ = await journal.stored(fixture.grant(2001, plate: "京ANEW2001"))
        #expect(try contains("京AOLD"))
        let outcome = try await journal.expired(before: fixture.moment(1500).wall).get()
        #expect(outcome.entryCount == 1499 && outcome.fieldCount == 2998 && outcome.logIsClean)
        #expect(try !contains("京AOLD"))
        #expect(try contains("京ANEW"))
        let report = try fixture.verify()
        #expect(report.isIntact, "\(report.problems)")
        #expect(report.erasedCount == 2998)
        let entries = try fixture.entries()
        #expect(entries[1].personal == [.plate: .erased, .person: .erased])
        #expect(entries[1].facts == ["rule": "lorries"], "facts are kept for ever")
        let erasure = try #require(entries.last)
        #expect(erasure.kind == "erasure" && erasure.facts[Facts.reason] == "expiry")
        #expect(erasure.facts[Facts.before] == fixture.moment(1500).wall.utcText)
        #expect(try Verifier.run(fixture.path)?.text ?? "intact\n" == "intact\n")
        journal.close()
        #expect(try !contains("京AOLD"))
    }

    /// Plates come and go for years: no page may keep a copy of one that was moved about.
    @Test func noPageKeepsACopyAfterManyScatteredErasures() throws {
        let database = try JournalDatabase(directory: fixture.directory)
        let text = { (n: Int64) in "PLATE\(n % 50)X" + String(repeating: "y", count: Int(n % 37)) }
        for block in 0..<20 as Range<Int64> {
            _ = try database.append(
                (1...100).map { fixture.grant($0, plate: text(block * 100 + $0)) })
        }
        for n in stride(from: 0, to: 50, by: 2) {
            let held = Set((0..<2000).filter { $0 % 50 == n }.map { text(Int64($0)) })
            for plate in held {
                _ = try database.erase(.matching(.plate, plate), by: nil)
            }
        }
        database.close()
        for n in 0..<50 {
            #expect(try contains("PLATE\(n)X") == !n.isMultiple(of: 2), "plate \(n)")
        }
        #expect(try fixture.verify().isIntact)
    }

    @Test func onePlateIsErasedOnRequestAndItsNameIsNotTold() throws {
        try fixture.fill()
        let database = try JournalDatabase(directory: fixture.directory)
        let outcome = try database.erase(.matching(.plate, "京A10003"), by: "E001")
        #expect(outcome == ErasureOutcome(entryCount: 1, fieldCount: 1, logIsClean: true))
        database.close()
        #expect(try !contains("京A10003"))
        let entries = try fixture.entries()
        #expect(entries[3].personal == [.plate: .erased, .person: .held("E017")])
        let erasure = try #require(entries.last)
        #expect(
            erasure.facts == ["reason": "request", "field": "plate", "entries": "1", "fields": "1"])
        #expect(erasure.text(.person) == "E001")
        #expect(try fixture.verify().isIntact)
        #expect(try Verifier.run(fixture.path)?.text ?? "intact\n" == "intact\n")
    }

    @Test func nothingToEraseWritesNothing() async throws {
        try fixture.fill()
        let journal = FileJournal(directory: fixture.directory)
        let outcome = try await journal.expired(before: fixture.moment(-1000).wall).get()
        #expect(outcome.fieldCount == 0)
        journal.close()
        #expect(try fixture.verify().entryCount == 7)
    }

    @Test func emptyAndLongestPersonalTextsCanBeErased() throws {
        let database = try JournalDatabase(directory: fixture.directory)
        let long = String(repeating: "q", count: 5000)
        _ = try database.append([fixture.grant(1, plate: ""), fixture.grant(2, plate: long)])
        let outcome = try database.erase(.before(fixture.moment(9).wall), by: nil)
        #expect(outcome.fieldCount == 4)
        database.close()
        #expect(try !contains("qqqq"))
        #expect(try fixture.verify().isIntact)
    }

    @Test func readerInTheMiddleDelaysTheCleanLogAndIsTold() throws {
        try fixture.fill()
        var options = JournalOptions()
        options.busyTimeout = .milliseconds(20)
        let database = try JournalDatabase(directory: fixture.directory, options: options)
        _ = try database.append([fixture.grant(50, plate: "京ALATE1")])
        var outcome = ErasureOutcome()
        var isFirst = true
        try JournalReader(directory: fixture.directory).forEach { _ in
            guard isFirst else { return }
            isFirst = false
            outcome = try database.erase(.matching(.plate, "京ALATE1"), by: nil)
        }
        #expect(outcome.fieldCount == 1 && !outcome.logIsClean)
        #expect(try database.truncateLog())
        database.close()
        #expect(try !contains("京ALATE1"))
    }

    @Test func erasureCutShortBeforeItsLogWasEmptiedIsFinishedByTheNextStart() async throws {
        let first = try JournalDatabase(directory: fixture.directory)
        _ = try first.append([fixture.grant(1, plate: "京ACRASH")])
        let slots = try first.slots(.matching(.plate, "京ACRASH"), limit: 9)
        _ = try first.erase(slots: slots, .matching(.plate, "京ACRASH"), by: nil)
        #expect(try contains("京ACRASH"), "the log still has it, as after a crash here")
        let journal = FileJournal(directory: fixture.directory)
        #expect(try await journal.expired(before: fixture.moment(-9).wall).get().logIsClean)
        #expect(try !contains("京ACRASH"))
        journal.close()
        first.close()
    }
}
