import ArgumentParser
import EventJournal
import Foundation
import GateTypes
import Synchronization

/// Measures how long an intent takes to be durable on a disk.
enum JournalBench {
    struct Figures: Sendable {
        /// Sorted spans from `store` to its completion, in milliseconds.
        var alone: [Double] = []
        /// Entries a second when very many wait.
        var burstPerSecond = 0.0
    }

    /// Writes a journal of its own into a new folder under `directory` and removes it again.
    static func run(in directory: String, commits: Int) throws -> Figures {
        let folder = URL(filePath: directory).appending(path: "journal-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let journal = FileJournal(directory: folder.path)
        defer { journal.close() }
        var figures = Figures()
        _ = try commit(journal, 0)  // Opening the file is not part of a commit.
        for number in 0..<commits {
            figures.alone.append(try commit(journal, UInt64(number)).milliseconds)
        }
        figures.alone.sort()
        let begun = ContinuousClock.now
        let burst = 2000
        for number in 0..<burst { journal.append(draft(UInt64(number))) }
        _ = try commit(journal, 0)
        figures.burstPerSecond =
            Double(burst) / ((ContinuousClock.now - begun).milliseconds / 1000)
        return figures
    }

    /// One intent from the caller's thread and back.
    private static func commit(_ journal: FileJournal, _ number: UInt64) throws -> Duration {
        let done = DispatchSemaphore(value: 0)
        let failure = Mutex<JournalError?>(nil)
        let begun = ContinuousClock.now
        journal.store(IntentNumber(number), draft(number)) { _, result in
            if case .failure(let error) = result { failure.withLock { $0 = error } }
            done.signal()
        }
        done.wait()
        if let error = failure.withLock({ $0 }) { throw error }
        return ContinuousClock.now - begun
    }

    private static func draft(_ number: UInt64) -> EntryDraft {
        EntryDraft(
            .grant, lane: "lane1", at: SystemClock.now(),
            facts: ["passage": String(number), "rule": "policy.yaml:12", "decision_ms": "212.4"],
            personal: [.plate: "京A\(10_000 + number % 90_000)"])
    }
}

/// `gatectl journal bench`, for `make bench`.
struct JournalBenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures durable commits on a directory's disk.",
        shouldDisplay: false)

    @Option(help: "The directory whose disk is measured.") var directory = "."
    @Option(help: "Intents, one after another.") var commits = 500

    func validate() throws {
        guard (1...1_000_000).contains(commits) else {
            throw ValidationError("--commits is \(commits), must be 1 to 1000000")
        }
    }

    func run() throws {
        do {
            let figures = try JournalBench.run(in: directory, commits: commits)
            let spans = [0.5, 0.95, 0.99, 1].map {
                String(format: "%.2f", figures.alone.nearestRank($0))
            }
            print(
                "journal commit ms: p50 \(spans[0])  p95 \(spans[1])  p99 \(spans[2])  "
                    + "max \(spans[3])  (\(commits) intents)")
            print("journal burst: \(Int(figures.burstPerSecond)) entries/s")
        } catch let error as JournalError {
            ErrorOutput.write([error.description])
            throw ExitCode(1)
        }
    }
}
