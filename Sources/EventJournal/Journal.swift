import GateTypes

/// Where decisions are written; the file journal serves the gate, the one in memory tests.
package protocol Journal: AnyObject, Sendable {
    /// Hands over an entry to be written when convenient; never blocks, never fails.
    func append(_ draft: EntryDraft)

    /// Writes an entry durably; the relay may move after the completion says so, not before.
    ///
    /// The completion is called exactly once, from the journal's thread (from the caller's when the
    /// queue is full or the journal closed); it must only post to the event loop. An entry whose
    /// completion is a failure is not written later either: who opens all the same appends it.
    func store(
        _ intent: IntentNumber, _ draft: EntryDraft, completion: @escaping StoreCompletion)

    /// Erases personal fields of entries older than `moment`, and journals that it was done.
    func expire(before moment: WallTime, completion: @escaping ErasureCompletion)

    /// What is known of the journal's condition at this moment.
    var status: JournalStatus { get }

    /// Writes what is queued, then ends; returns how many entries could not be written.
    @discardableResult func close() -> Int
}

package typealias StoreCompletion =
    @Sendable (IntentNumber, Result<JournalHead, JournalError>) -> Void
package typealias ErasureCompletion = @Sendable (Result<ErasureOutcome, JournalError>) -> Void

/// Whether entries reach the disk.
package enum JournalHealth: Hashable, Sendable {
    /// No attempt has been made yet.
    case opening
    case working
    /// The last attempt failed; late entries are kept in memory and attempts go on.
    case failing(JournalError)
}

/// The journal's condition, for status displays and metrics.
package struct JournalStatus: Sendable, Hashable {
    package var health = JournalHealth.opening
    /// The newest durable entry written by this process.
    package var head: JournalHead?
    /// Entries handed over and not yet tried.
    package var queuedCount = 0
    /// Entries that failed and wait in memory to be journalled with a late mark.
    package var lateCount = 0
    /// Entries given up since the start because queue or ring was full.
    package var lostCount = 0
}

/// The limits of the file journal, in one place.
package struct JournalOptions: Sendable {
    /// Entries that may wait for the journal's thread.
    package var queueLimit = 4096
    /// Entries kept in memory while the storage fails; then the oldest are given up and counted.
    package var lateLimit = 1024
    /// Entries joined into one commit at most.
    package var groupLimit = 256
    /// First pause between attempts while the storage fails; doubles up to `retryLongest`.
    package var retryPause = Duration.seconds(1)
    package var retryLongest = Duration.seconds(30)
    /// How long a commit waits for another process that writes (an erasure).
    package var busyTimeout = Duration.seconds(2)
    /// Largest database in pages of 4096 bytes; nil for as large as the disk.
    package var pageLimit: Int?
    /// Runs first on the journal's thread, to set its scheduling class.
    package var threadStart: @Sendable () -> Void = {}
    /// Told of each change of health, from the journal's thread.
    package var healthChanged: @Sendable (JournalHealth) -> Void = { _ in }
    /// Both clocks, for entries of the journal's own.
    package var now: @Sendable () -> Moment = SystemClock.now

    package init() {}
}
