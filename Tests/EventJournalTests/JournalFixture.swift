import EventJournal
import Foundation
import GRDB
import GateTypes
import Synchronization

/// A state directory of its own for one test, and what tests do with journals in it.
final class JournalFixture {
    let directory: String
    var path: String { JournalSchema.path(in: directory) }

    init() throws {
        let name = "gatehouse-journal-\(UUID().uuidString)"
        let url = FileManager.default.temporaryDirectory.appending(path: name)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        directory = url.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    func moment(_ seconds: Int64) -> Moment {
        Moment(
            instant: Instant(nanoseconds: seconds * 1_000_000_000),
            wall: WallTime(milliseconds: 1_790_000_000_000 + seconds * 1000))
    }

    /// The kind of entry that the gate writes most.
    func grant(_ seconds: Int64, plate: String = "京A12345", lane: LaneName = "lane1") -> EntryDraft
    {
        EntryDraft(
            .grant, lane: lane, at: moment(seconds), facts: ["rule": "lorries"],
            personal: [.plate: plate, .person: "E017"])
    }

    /// A closed journal of `count` grants a second apart, behind its first entry.
    func fill(_ count: Int64 = 6) throws {
        let database = try JournalDatabase(directory: directory)
        defer { database.close() }
        _ = try database.append((1...count).map { grant($0, plate: "京A1000\($0)") })
    }

    func verify(anchor: JournalHead? = nil) throws -> VerificationReport {
        try JournalReader(directory: directory).verify(anchor: anchor)
    }

    func entries(_ filter: EntryFilter = EntryFilter()) throws -> [JournalEntry] {
        try JournalReader(directory: directory).entries(filter)
    }

    /// Changes the file behind the journal's back.
    func tamper(_ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    /// All bytes of the journal's files, as a thief of the disk would read them.
    func rawBytes() throws -> Data {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
        return try names.reduce(into: Data()) {
            $0 += try Data(contentsOf: URL(filePath: directory).appending(path: $1))
        }
    }
}

extension Journal {
    /// Stores and waits for the answer.
    func stored(_ draft: EntryDraft, intent: UInt64 = 1) async -> Result<JournalHead, JournalError>
    {
        await withCheckedContinuation { continuation in
            store(IntentNumber(intent), draft) { continuation.resume(returning: $1) }
        }
    }

    func expired(before moment: WallTime) async -> Result<ErasureOutcome, JournalError> {
        await withCheckedContinuation { continuation in
            expire(before: moment) { continuation.resume(returning: $0) }
        }
    }
}

/// Options whose health changes can be awaited in their order.
struct WatchedOptions {
    var options = JournalOptions()
    let health: AsyncStream<JournalHealth>

    init() {
        let (stream, continuation) = AsyncStream<JournalHealth>.makeStream()
        health = stream
        options.healthChanged = { continuation.yield($0) }
        options.retryPause = .milliseconds(5)
        options.retryLongest = .milliseconds(20)
        options.busyTimeout = .milliseconds(200)
    }

    func wait(for wanted: (JournalHealth) -> Bool) async {
        for await health in health where wanted(health) { return }
    }

    func waitUntilWorking() async { await wait { $0 == .working } }
}

/// Another process's transaction that stays open.
final class WriteLock {
    private let queue: DatabaseQueue

    init(_ path: String) throws {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.unsafeReentrantWrite { try $0.beginTransaction(.immediate) }
    }

    func release() throws {
        try queue.unsafeReentrantWrite { try $0.rollback() }
        try queue.close()
    }
}
