import EventJournal
import Foundation
import GateTypes
import Testing

@Suite struct StorageFailureTests {
    let fixture: JournalFixture

    init() throws {
        fixture = try JournalFixture()
    }

    private func openError(_ directory: String) -> String {
        do throws(JournalError) {
            try JournalDatabase(directory: directory).close()
            return ""
        } catch {
            return error.description
        }
    }

    @Test func missingStateDirectoryIsNamed() {
        #expect(
            openError("/nonexistent/gate")
                == "journal: there is no state directory '/nonexistent/gate'; create it or name another"
        )
        #expect {
            try JournalReader(directory: "/nonexistent/gate")
        } throws: {
            "\($0)".contains("there is no '/nonexistent/gate/journal.sqlite'")
        }
    }

    /// Not even root can make a file there.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self")))
    func unwritableDirectoryIsOneClearSentence() {
        #expect(
            openError("/proc/self").hasPrefix(
                "journal '/proc/self/journal.sqlite' cannot be written;"))
    }

    @Test(arguments: ["text of another kind", String(repeating: "x", count: 10_000)])
    func fileThatIsNoDatabaseIsDamagedWithARemedy(content: String) throws {
        try content.write(toFile: fixture.path, atomically: true, encoding: .utf8)
        let text = openError(fixture.directory)
        #expect(
            text.contains(
                "is damaged (file is not a database); move it and its -wal and -shm files away"))
        #expect(
            try String(contentsOfFile: fixture.path, encoding: .utf8) == content, "left as it was")
        #expect(throws: JournalError.self) { try JournalReader(directory: fixture.directory) }
    }

    @Test func damagedPagesAreToldNotFatal() throws {
        try fixture.fill(400)
        let handle = try #require(FileHandle(forUpdatingAtPath: fixture.path))
        for page in stride(from: 2, to: 20, by: 3) as StrideTo<UInt64> {
            try handle.seek(toOffset: page * 4096)
            try handle.write(contentsOf: Data(repeating: 0x5A, count: 4096))
        }
        try handle.close()
        #expect {
            _ = try fixture.verify()
        } throws: {
            "\($0)".contains("is damaged")
        }
        #expect {
            let database = try JournalDatabase(directory: fixture.directory)
            defer { database.close() }
            _ = try database.append([fixture.grant(1)])
        } throws: {
            "\($0)".contains("is damaged")
        }
    }

    @Test func truncatedFileIsToldNotFatal() throws {
        try fixture.fill(400)
        let handle = try #require(FileHandle(forUpdatingAtPath: fixture.path))
        try handle.truncate(atOffset: 5 * 4096 + 100)
        try handle.close()
        #expect(throws: JournalError.self) { _ = try fixture.verify() }
    }

    @Test func foreignDatabaseIsLeftAlone() throws {
        try fixture.tamper("CREATE TABLE shopping (item TEXT)")
        #expect(
            openError(fixture.directory).contains("is a database, but not a journal of Gatehouse"))
        try fixture.tamper("INSERT INTO shopping VALUES ('milk')")
    }

    @Test func newerFormatIsRefusedByWriterAndReader() throws {
        try fixture.fill()
        try fixture.tamper("PRAGMA user_version = 7")
        #expect(
            openError(fixture.directory).contains("has format 7 and this Gatehouse knows up to 1"))
        #expect(throws: JournalError.newer(path: fixture.path, found: 7, known: 1)) {
            _ = try JournalReader(directory: fixture.directory)
        }
    }

    @Test(arguments: [
        "DELETE FROM head", "UPDATE head SET sequence = 9223372036854775807",
        "UPDATE head SET hash = x'00'",
    ])
    func unusableHeadIsDamage(sql: String) throws {
        try fixture.fill()
        try fixture.tamper(sql)
        #expect(openError(fixture.directory).contains("is damaged (its head record is missing or"))
    }

    @Test func headSetBackDoesNotOverwriteEntries() throws {
        try fixture.fill()
        try fixture.tamper("UPDATE head SET sequence = 3")
        let database = try JournalDatabase(directory: fixture.directory)
        #expect {
            _ = try database.append([fixture.grant(1)])
        } throws: {
            "\($0)".contains("is damaged")
        }
        database.close()
        #expect(try fixture.entries().count == 7)
    }

    @Test func fullFileRefusesIntentsKeepsEntriesAndRecovers() async throws {
        var watched = WatchedOptions()
        watched.options.pageLimit = 24
        watched.options.lateLimit = 10
        let journal = FileJournal(directory: fixture.directory, options: watched.options)
        var answer = await journal.stored(fixture.grant(1))
        var second: Int64 = 1
        while case .success = answer {
            second += 1
            answer = await journal.stored(fixture.grant(second))
        }
        #expect(answer == .failure(.diskFull(path: fixture.path)))
        #expect(journal.status.health == .failing(.diskFull(path: fixture.path)))
        let writtenCount = Int(second)
        for late in 0..<15 as Range<Int64> { journal.append(fixture.grant(second + late)) }
        #expect(await journal.stored(fixture.grant(99)) == .failure(.diskFull(path: fixture.path)))
        #expect(journal.status.lateCount == 10 && journal.status.lostCount == 5)
        #expect(journal.close() == 10, "what could not be written is told at the end")
        #expect(try fixture.verify().isIntact)
        #expect(try fixture.verify().entryCount == writtenCount)
    }

    @Test func lateEntriesAreJournalledWithTheirMarkWhenTheStorageIsBack() async throws {
        let directory = fixture.directory + "/later"
        var watched = WatchedOptions()
        watched.options.lateLimit = 3
        let journal = FileJournal(directory: directory, options: watched.options)
        for second in 1...5 { journal.append(fixture.grant(Int64(second))) }
        #expect(
            await journal.stored(fixture.grant(6)) == .failure(.directoryMissing(path: directory)))
        #expect(journal.status.lateCount == 3 && journal.status.lostCount == 2)
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        await watched.waitUntilWorking()
        #expect(journal.status.lateCount == 0)
        _ = try await journal.stored(fixture.grant(7)).get()
        journal.close()
        let reader = try JournalReader(directory: directory)
        let entries = try reader.entries().dropFirst()
        #expect(entries.map(\.kind) == ["fault", "grant", "grant", "grant", "grant"])
        #expect(entries.map(\.isLate) == [false, true, true, true, false])
        #expect(entries.first?.facts[Facts.count] == "2")
        #expect(entries.dropFirst().allSatisfy { !$0.isLate || $0.facts[Facts.lateBy] != nil })
        #expect(
            entries.map(\.instant).suffix(4) == [3, 4, 5, 7].map { fixture.moment($0).instant })
        #expect(try reader.verify().isIntact && reader.verify().lateCount == 3)
    }

    @Test func corruptFileFailsIntentsUntilItIsMovedAway() async throws {
        try "not a database, whatever".write(
            toFile: fixture.path, atomically: true, encoding: .utf8)
        let watched = WatchedOptions()
        let journal = FileJournal(directory: fixture.directory, options: watched.options)
        guard case .failure(.damaged) = await journal.stored(fixture.grant(1)) else {
            Issue.record("a damaged file must fail intents")
            return
        }
        journal.append(fixture.grant(2))
        try FileManager.default.moveItem(atPath: fixture.path, toPath: fixture.path + ".old")
        await watched.waitUntilWorking()
        _ = try await journal.stored(fixture.grant(3)).get()
        journal.close()
        #expect(try fixture.entries().map(\.kind) == ["service", "grant", "grant"])
    }

    @Test func otherProcessesLockIsWaitedForThenTold() async throws {
        try fixture.fill()
        let watched = WatchedOptions()
        let journal = FileJournal(directory: fixture.directory, options: watched.options)
        _ = try await journal.stored(fixture.grant(1)).get()
        let lock = try WriteLock(fixture.path)
        #expect(await journal.stored(fixture.grant(2)) == .failure(.busy(path: fixture.path)))
        try lock.release()
        #expect(try await journal.stored(fixture.grant(3)).get().sequence == 9)
        journal.close()
        #expect(try fixture.verify().isIntact)
    }

    /// A real full disk: a file system of two mebibytes, where the tests may mount one.
    @Test(.enabled(if: SmallDisk.isPossible, "needs root and mount"))
    func fullDiskIsToldAndFreedSpaceIsUsedAgain() async throws {
        let disk = try SmallDisk(at: fixture.directory + "/disk")
        defer { disk.unmount() }
        let ballast = disk.path + "/ballast"
        try Data(count: 1_000_000).write(to: URL(filePath: ballast))
        var watched = WatchedOptions()
        watched.options.lateLimit = 5
        let journal = FileJournal(directory: disk.path, options: watched.options)
        var answer = await journal.stored(fixture.grant(1))
        var second: Int64 = 1
        while case .success = answer {
            second += 1
            answer = await journal.stored(fixture.grant(second))
        }
        let path = disk.path + "/journal.sqlite"
        #expect(answer == .failure(.diskFull(path: path)))
        journal.append(fixture.grant(second + 1))
        #expect(await journal.stored(fixture.grant(0)) == .failure(.diskFull(path: path)))
        try FileManager.default.removeItem(atPath: ballast)
        await watched.waitUntilWorking()
        await watched.wait { $0 == .failing(.diskFull(path: path)) }
        await watched.waitUntilWorking()
        _ = try await journal.stored(fixture.grant(second + 2)).get()
        journal.close()
        let reader = try JournalReader(directory: disk.path)
        #expect(try reader.verify().isIntact && reader.verify().lateCount == 1)
        #expect(try reader.verify().entryCount == second + 2)
    }
}

/// A file system of its own that is soon full.
struct SmallDisk {
    let path: String

    static var isPossible: Bool {
        guard let probe = try? JournalFixture(),
            let disk = try? SmallDisk(at: probe.directory + "/probe")
        else { return false }
        disk.unmount()
        return true
    }

    init(at path: String) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Self.run("mount", ["-t", "tmpfs", "-o", "size=2m", "gatehouse-test", path])
    }

    func unmount() {
        try? Self.run("umount", [path])
    }

    private static func run(_ tool: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [tool] + arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}
