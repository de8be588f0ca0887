import EventJournal
import Foundation
import GateTypes
import Synchronization
import Testing

@Suite struct FileJournalTests {
    let fixture: JournalFixture

    init() throws {
        fixture = try JournalFixture()
    }

    @Test func storedEntryIsThereWhenTheCompletionSaysSo() async throws {
        let journal = FileJournal(directory: fixture.directory)
        let head = try await journal.stored(fixture.grant(1)).get()
        #expect(head.sequence == 2, "the first entry tells of the journal's beginning")
        let entry = try #require(try fixture.entries().last)
        #expect(entry.sequence == 2 && entry.hash == head.hash)
        #expect(entry.kind == "grant" && entry.lane == "lane1")
        #expect(entry.text(.plate) == "京A12345" && entry.text(.person) == "E017")
        #expect(entry.facts == ["rule": "lorries"] && !entry.isLate)
        #expect(entry.wall == fixture.moment(1).wall && entry.instant == fixture.moment(1).instant)
        #expect(journal.close() == 0)
        #expect(try fixture.verify().isIntact)
    }

    @Test func entriesKeepTheOrderInWhichTheyWereHandedOver() async throws {
        let journal = FileJournal(directory: fixture.directory)
        for second in 1...1000 { journal.append(fixture.grant(Int64(second))) }
        _ = await journal.stored(fixture.grant(1001))
        let times = try fixture.entries().dropFirst().map(\.instant)
        #expect(times.count == 1001 && times == times.sorted())
        #expect(try fixture.verify().isIntact)
    }

    @Test func closingWritesWhatWaits() throws {
        let journal = FileJournal(directory: fixture.directory)
        for second in 1...700 { journal.append(fixture.grant(Int64(second))) }
        #expect(journal.close() == 0)
        #expect(try fixture.verify().entryCount == 701)
    }

    @Test func closedJournalRefusesAndSaysSo() async throws {
        let journal = FileJournal(directory: fixture.directory)
        journal.close()
        #expect(await journal.stored(fixture.grant(1)) == .failure(.closed))
        #expect(await journal.expired(before: fixture.moment(9).wall) == .failure(.closed))
        journal.append(fixture.grant(2))
        #expect(journal.status.lostCount == 1)
    }

    @Test func everyCompletionIsCalledOnceWithItsOwnIntent() async throws {
        let journal = FileJournal(directory: fixture.directory)
        let answers = Mutex<[UInt64: Int]>([:])
        for number in 1...500 as ClosedRange<UInt64> {
            journal.store(IntentNumber(number), fixture.grant(Int64(number))) { intent, result in
                if case .success(let head) = result, head.sequence == Int64(intent.value) + 1 {
                    answers.withLock { $0[intent.value, default: 0] += 1 }
                }
            }
        }
        journal.close()
        #expect(answers.withLock { $0.count } == 500)
        #expect(answers.withLock { $0.values.allSatisfy { $0 == 1 } })
    }

    @Test func journalGoesOnWhereItStopped() async throws {
        for round in 1...3 as ClosedRange<Int64> {
            let journal = FileJournal(directory: fixture.directory)
            #expect(try await journal.stored(fixture.grant(round)).get().sequence == round + 1)
            journal.close()
        }
        #expect(try fixture.verify().isIntact)
    }

    @Test func fullQueueRefusesIntentsAndCountsLostEntries() async throws {
        var watched = WatchedOptions()
        watched.options.queueLimit = 3
        let (gate, started) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        watched.options.threadStart = {
            started.signal()
            gate.wait()
        }
        let journal = FileJournal(directory: fixture.directory, options: watched.options)
        await Task.detached { Self.wait(started) }.value
        for second in 1...5 { journal.append(fixture.grant(Int64(second))) }
        #expect(await journal.stored(fixture.grant(6)) == .failure(.queueFull(limit: 3)))
        #expect(journal.status.queuedCount == 3 && journal.status.lostCount == 2)
        gate.signal()
        journal.close()
        let told = try fixture.entries().filter { $0.facts[Facts.code] == "journal_entries_lost" }
        #expect(told.map { $0.facts[Facts.count] } == ["2"])
        #expect(try fixture.verify().entryCount == 5)
    }

    private static func wait(_ semaphore: DispatchSemaphore) { semaphore.wait() }

    @Test func fileMovedAwayMakesRoomForANewJournal() async throws {
        let journal = FileJournal(directory: fixture.directory)
        _ = try await journal.stored(fixture.grant(1)).get()
        let old = fixture.directory + "/old"
        try FileManager.default.createDirectory(atPath: old, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: fixture.directory)
        where name.hasPrefix("journal.sqlite") {
            try FileManager.default.moveItem(
                atPath: "\(fixture.directory)/\(name)", toPath: "\(old)/\(name)")
        }
        #expect(try await journal.stored(fixture.grant(2)).get().sequence == 2)
        journal.close()
        #expect(try fixture.verify().isIntact)
        #expect(try JournalReader(directory: old).verify().entryCount == 2)
    }

    @Test func filesAreNotForEveryoneOnTheMachine() async throws {
        let journal = FileJournal(directory: fixture.directory)
        _ = try await journal.stored(fixture.grant(1)).get()
        for name in ["journal.sqlite", "journal.sqlite-wal"] {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: "\(fixture.directory)/\(name)")
            let mode = try #require(attributes[.posixPermissions] as? NSNumber).intValue
            #expect(mode & 0o027 == 0, "\(name) has mode \(String(mode, radix: 8))")
        }
        journal.close()
    }

    @Test func untrustedClockIsOnRecord() {
        let moment = Moment(
            instant: Instant(nanoseconds: 1), wall: WallTime(milliseconds: 2), wallIsTrusted: false)
        #expect(EntryDraft(.service, at: moment).facts == ["wall_time": "untrusted"])
    }

    @Test func memoryJournalKeepsTheSameChainAndLateEntries() async throws {
        let journal = MemoryJournal()
        #expect(try await journal.stored(fixture.grant(1)).get().sequence == 1)
        journal.failure = .diskFull(path: "/var/lib/gatehouse/journal.sqlite")
        #expect(await journal.stored(fixture.grant(2)) == .failure(try #require(journal.failure)))
        journal.append(fixture.grant(3))
        #expect(journal.status.lateCount == 1)
        journal.failure = nil
        journal.append(fixture.grant(4))
        #expect(journal.entries.map(\.isLate) == [false, true, false])
        let outcome = try await journal.expired(before: fixture.moment(4).wall).get()
        #expect(outcome.entryCount == 2 && outcome.fieldCount == 4)
        #expect(journal.entries.map { $0.text(.plate) } == [nil, nil, "京A12345", nil])
        #expect(journal.entries.last?.kind == "erasure")
    }
}
