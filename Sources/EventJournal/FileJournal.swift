import Dispatch
import Foundation
import GateTypes
import Synchronization

/// The journal on disk: SQLite behind a bounded queue and a thread of its own.
///
/// It can always be made and used: while its file cannot be opened or written, `store` fails with
/// the reason, appended entries wait in memory, and attempts go on. Safe from any thread.
package final class FileJournal: Journal {
    private let mailbox: JournalMailbox
    private let options: JournalOptions

    /// Begins at once to open the journal in `directory`; `options.healthChanged` tells the result.
    package init(directory: String, options: JournalOptions = JournalOptions()) {
        let mailbox = JournalMailbox(options)
        self.mailbox = mailbox
        self.options = options
        let thread = Thread {
            options.threadStart()
            JournalWorker(directory: directory, options: options, mailbox: mailbox).run()
        }
        thread.name = "journal"
        thread.start()
    }

    deinit {
        mailbox.close()
    }

    package func append(_ draft: EntryDraft) {
        mailbox.put(JournalMailbox.Order(draft: draft))
    }

    package func store(
        _ intent: IntentNumber, _ draft: EntryDraft, completion: @escaping StoreCompletion
    ) {
        let order = JournalMailbox.Order(draft: draft, intent: intent, completion: completion)
        if let refusal = mailbox.put(order) { completion(intent, .failure(refusal)) }
    }

    package func expire(before moment: WallTime, completion: @escaping ErasureCompletion) {
        let task = JournalMailbox.Expiry(moment: moment, completion: completion)
        if let refusal = mailbox.put(task) { completion(.failure(refusal)) }
    }

    package var status: JournalStatus { mailbox.status }

    @discardableResult package func close() -> Int {
        mailbox.close()
        mailbox.waitForEnd()
        return mailbox.unwrittenCount
    }
}

/// Where the callers leave their orders and the journal's thread takes them.
final class JournalMailbox: Sendable {
    struct Order: Sendable {
        var draft: EntryDraft
        var intent: IntentNumber?
        var completion: StoreCompletion?
    }

    struct Expiry: Sendable {
        var moment: WallTime
        var completion: ErasureCompletion
        var outcome = ErasureOutcome()
    }

    struct Work {
        var orders: [Order] = []
        var expiry: Expiry?
        var isClosing = false
        /// Entries that found the queue full since the last call.
        var overflowCount = 0
    }

    private struct State {
        var orders: [Order] = []
        var expiries: [Expiry] = []
        var isClosing = false
        var overflowCount = 0
        var unwrittenCount = 0
        var status = JournalStatus()
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let ended = DispatchGroup()
    private let options: JournalOptions

    init(_ options: JournalOptions) {
        self.options = options
        ended.enter()
    }

    /// Queues an order; an error is the reason why it was not taken.
    @discardableResult func put(_ order: Order) -> JournalError? {
        state.withLock { state in
            guard !state.isClosing else {
                if order.completion == nil { state.status.lostCount += 1 }
                return .closed
            }
            guard state.orders.count < options.queueLimit else {
                // A refused intent is told to its caller; an entry nobody waits for is lost.
                if order.completion == nil {
                    state.overflowCount += 1
                    state.status.lostCount += 1
                }
                return .queueFull(limit: options.queueLimit)
            }
            if state.orders.isEmpty { wake.signal() }
            state.orders.append(order)
            return nil
        }
    }

    func put(_ expiry: Expiry) -> JournalError? {
        state.withLock { state in
            guard !state.isClosing else { return .closed }
            guard state.expiries.count < 16 else { return .queueFull(limit: 16) }
            state.expiries.append(expiry)
            wake.signal()
            return nil
        }
    }

    /// The next group of orders; an expiry only when no order waits. Blocks up to `timeout`.
    func take(timeout: Duration) -> Work {
        _ = wake.wait(timeout: .now() + .nanoseconds(Int(clamping: timeout.nanoseconds)))
        return state.withLock { state in
            var work = Work(isClosing: state.isClosing, overflowCount: state.overflowCount)
            state.overflowCount = 0
            work.orders = Array(state.orders.prefix(options.groupLimit))
            state.orders.removeFirst(work.orders.count)
            if work.orders.isEmpty, !state.expiries.isEmpty {
                work.expiry = state.expiries.removeFirst()
            }
            // Who puts something into empty queues signals; whoever leaves something does, too.
            if !state.orders.isEmpty || !state.expiries.isEmpty || state.isClosing { wake.signal() }
            if !state.orders.isEmpty { work.isClosing = false }
            return work
        }
    }

    /// Puts an unfinished expiry back, behind whatever else waits.
    func putBack(_ expiry: Expiry) {
        state.withLock { $0.expiries.insert(expiry, at: 0) }
        wake.signal()
    }

    func update(_ change: (inout JournalStatus) -> Void) {
        state.withLock { change(&$0.status) }
    }

    var status: JournalStatus {
        state.withLock { state in
            var status = state.status
            status.queuedCount = state.orders.count
            return status
        }
    }

    var unwrittenCount: Int { state.withLock { $0.unwrittenCount } }

    func close() {
        state.withLock { $0.isClosing = true }
        wake.signal()
    }

    func end(unwritten: Int) {
        let expiries = state.withLock { state in
            state.unwrittenCount = unwritten
            let expiries = state.expiries
            state.expiries = []
            return expiries
        }
        expiries.forEach { $0.completion(.failure(.closed)) }
        ended.leave()
    }

    func waitForEnd() {
        ended.wait()
    }
}
