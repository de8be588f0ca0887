import EventJournal
import Foundation
import GateTypes
import Testing

/// The test program started once more as a writer of its own, to be killed at any moment.
struct WriterProcess {
    private static let directoryVariable = "GATEHOUSE_TEST_JOURNAL_WRITER"

    /// Where this process shall write, when it is the second one.
    static let ownDirectory = ProcessInfo.processInfo.environment[directoryVariable]

    static let isPossible =
        ownDirectory == nil && FileManager.default.fileExists(atPath: "/proc/self/exe")

    let process = Process()
    private let output = Pipe()

    init(directory: String) throws {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(filePath: program)
        process.arguments = ["--testing-library", "swift-testing", "--filter", "writesUntilKilled"]
        var environment = ProcessInfo.processInfo.environment
        environment[Self.directoryVariable] = directory
        process.environment = environment
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// Lets it acknowledge `count` entries, then kills it (unless zero entries are left to wait
    /// for); all that it acknowledged, in whole lines.
    func acknowledged(killAfter count: Int) -> [JournalHead] {
        let reading = output.fileHandleForReading
        var data = Data()
        var isKilled = false
        while true {
            let more = reading.availableData
            if more.isEmpty { break }
            data += more
            if !isKilled, Self.heads(data).count >= count {
                kill(process.processIdentifier, SIGKILL)
                isKilled = true
            }
        }
        process.waitUntilExit()
        return Self.heads(data)
    }

    private static func heads(_ data: Data) -> [JournalHead] {
        let text = String(decoding: data, as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .filter { $0.hasPrefix("stored ") }
            .compactMap { JournalHead(String($0.dropFirst(7))) }
    }
}

@Suite struct ProcessTests {
    let fixture: JournalFixture

    init() throws {
        fixture = try JournalFixture()
    }

    /// Runs only in the second process: intents and entries without end, as a busy gate writes.
    @Test(.enabled(if: WriterProcess.ownDirectory != nil, "runs in the process that is killed"))
    func writesUntilKilled() async throws {
        let journal = FileJournal(directory: try #require(WriterProcess.ownDirectory))
        for number in 1...200_000 as ClosedRange<UInt64> {
            let second = Int64(number)
            journal.append(fixture.grant(second))
            journal.store(IntentNumber(number), fixture.grant(second, plate: "京A\(number)")) {
                if case .success(let head) = $1 {
                    FileHandle.standardOutput.write(Data("stored \(head)\n".utf8))
                }
            }
            if number.isMultiple(of: 16) { _ = await journal.stored(fixture.grant(second)) }
        }
    }

    /// The seed decides after how many acknowledgements the process dies, each time anew.
    @Test(.enabled(if: WriterProcess.isPossible, "needs /proc"), arguments: [1, 2] as [UInt64])
    func noAcknowledgedEntryIsLostByKill(seed: UInt64) throws {
        var acknowledged: [JournalHead] = []
        var state = seed
        for _ in 0..<6 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let writer = try WriterProcess(directory: fixture.directory)
            let count = Int(state >> 33) % 200
            let round = writer.acknowledged(killAfter: count)
            #expect(round.count >= count && writer.process.terminationReason == .uncaughtSignal)
            acknowledged += round
            let report = try fixture.verify(anchor: round.last)
            #expect(report.isIntact, "seed \(seed): \(report.problems)")
        }
        let hashes = Dictionary(
            uniqueKeysWithValues: try fixture.entries().map { ($0.sequence, $0.hash) })
        for head in acknowledged {
            #expect(hashes[head.sequence] == head.hash, "seed \(seed): entry \(head) is lost")
        }
        #expect(Set(acknowledged).count == acknowledged.count)
    }

    @Test(.enabled(if: WriterProcess.isPossible, "needs /proc"))
    func twoProcessesExtendOneChain() async throws {
        let writer = try WriterProcess(directory: fixture.directory)
        let other = Task.detached { writer.acknowledged(killAfter: 400) }
        let database = try JournalDatabase(directory: fixture.directory)
        var erasedCount = 0
        for second in 1...60 as ClosedRange<Int64> {
            _ = try database.append([fixture.grant(second, plate: "京AMINE")])
            if second.isMultiple(of: 10) {
                erasedCount += try database.erase(.matching(.plate, "京AMINE"), by: nil).fieldCount
            }
        }
        let acknowledged = await other.value
        #expect(erasedCount == 60)
        database.close()
        let report = try fixture.verify(anchor: acknowledged.last)
        #expect(report.isIntact, "\(report.problems)")
        #expect(report.erasedCount == 60)
        var mine = EntryFilter()
        mine.personal[.plate] = "京A\(acknowledged.count - 1)"
        #expect(try fixture.entries(mine).count == 1)
    }
}
