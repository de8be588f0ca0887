import GateTypes

/// What runs on the journal's thread: writes groups of entries, retries late ones, erases.
final class JournalWorker {
    /// Commits after which an idle journal copies its log into the database.
    private static let checkpointCommits = 200
    private static let idlePause = Duration.seconds(1)

    private let directory: String
    private let options: JournalOptions
    private let mailbox: JournalMailbox
    private var database: JournalDatabase?
    private var late = LateRing()
    private var health = JournalHealth.opening
    private var pause: Duration
    private var nextRetry = ContinuousClock.now
    private var commitsSinceCheckpoint = 0
    /// Erased text may still stand in the log of an earlier run.
    private var logNeedsTruncation = true

    init(directory: String, options: JournalOptions, mailbox: JournalMailbox) {
        self.directory = directory
        self.options = options
        self.mailbox = mailbox
        pause = options.retryPause
    }

    func run() {
        attempt { () throws(JournalError) in _ = try self.opened() }
        while true {
            let work = mailbox.take(timeout: isBehind ? pause : Self.idlePause)
            late.countLost(work.overflowCount)
            if !work.orders.isEmpty {
                write(work.orders)
            } else if let expiry = work.expiry {
                expire(expiry)
            } else if isBehind {
                if ContinuousClock.now >= nextRetry { retry() }
            } else {
                tidy()
            }
            if work.isClosing, work.orders.isEmpty { break }
        }
        if isBehind { retry() }
        database?.close()
        mailbox.end(unwritten: late.drafts.count)
    }

    private var isBehind: Bool {
        if case .failing = health { return true }
        return !late.isEmpty
    }

    /// The open database; opened anew when the file was moved away.
    private func opened() throws(JournalError) -> JournalDatabase {
        if let database, !database.isReplaced { return database }
        database?.close()
        database = nil
        let fresh = try JournalDatabase(directory: directory, options: options)
        database = fresh
        logNeedsTruncation = true
        return fresh
    }

    /// Runs one operation and keeps the health; a failed connection is given up.
    @discardableResult
    private func attempt(_ body: () throws(JournalError) -> Void) -> JournalError? {
        do throws(JournalError) {
            try body()
            pause = options.retryPause
            report(.working)
            return nil
        } catch {
            switch error {
            case .diskFull, .busy, .queueFull, .closed: break
            case .directoryMissing, .absent, .unwritable, .unreadable, .damaged, .foreign, .newer,
                .failed:
                database?.close()
                database = nil
            }
            nextRetry = ContinuousClock.now + pause
            report(.failing(error))
            return error
        }
    }

    private func report(_ new: JournalHealth) {
        let (lateCount, lost) = (late.drafts.count, late.lostSinceReport)
        mailbox.update { status in
            status.health = new
            status.lateCount = lateCount
            status.lostCount += lost
        }
        late.lostSinceReport = 0
        guard new != health else { return }
        health = new
        options.healthChanged(new)
    }

    private func write(_ orders: [JournalMailbox.Order]) {
        var heads: [JournalHead] = []
        let error = attempt { () throws(JournalError) in
            let overdue = self.late.marked(at: self.options.now())
            let database = try self.opened()
            heads = try database.append(overdue + orders.map(\.draft))
            heads.removeFirst(overdue.count)
            self.late.clear()
            self.commitsSinceCheckpoint += 1
        }
        if let error {
            for order in orders where order.completion == nil {
                late.add(order.draft, limit: options.lateLimit)
            }
            report(health)
            for order in orders {
                if let intent = order.intent { order.completion?(intent, .failure(error)) }
            }
            return
        }
        if let last = heads.last { mailbox.update { $0.head = last } }
        for (order, head) in zip(orders, heads) {
            if let intent = order.intent { order.completion?(intent, .success(head)) }
        }
    }

    private func retry() {
        let error = attempt { () throws(JournalError) in
            let database = try self.opened()
            let overdue = self.late.marked(at: self.options.now())
            if !overdue.isEmpty { _ = try database.append(overdue) }
            self.late.clear()
        }
        if error != nil { pause = min(pause * 2, options.retryLongest) }
    }

    /// One batch, then whatever was ordered meanwhile goes first.
    private func expire(_ expiry: JournalMailbox.Expiry) {
        var expiry = expiry
        var isDone = false
        let error = attempt { () throws(JournalError) in
            let database = try self.opened()
            let selection = ErasureSelection.before(expiry.moment)
            let slots = try database.slots(selection, limit: JournalDatabase.erasureBatch)
            let batch = try database.erase(slots: slots, selection, by: nil)
            expiry.outcome.entryCount += batch.entryCount
            expiry.outcome.fieldCount += batch.fieldCount
            isDone = slots.count < JournalDatabase.erasureBatch
            if isDone {
                expiry.outcome.logIsClean = try database.truncateLog()
                self.logNeedsTruncation = !expiry.outcome.logIsClean
            }
        }
        if let error {
            expiry.completion(.failure(error))
        } else if isDone {
            expiry.completion(.success(expiry.outcome))
        } else {
            mailbox.putBack(expiry)
        }
    }

    private func tidy() {
        guard logNeedsTruncation || commitsSinceCheckpoint >= Self.checkpointCommits else { return }
        attempt { () throws(JournalError) in
            let database = try self.opened()
            if self.logNeedsTruncation {
                self.logNeedsTruncation = try !database.truncateLog()
            } else {
                try database.checkpoint()
            }
            self.commitsSinceCheckpoint = 0
        }
    }
}

/// Entries that wait for the storage to come back; the oldest are given up first.
struct LateRing {
    private(set) var drafts: [EntryDraft] = []
    /// Given up and not yet journalled as such.
    private(set) var lostCount = 0
    /// Given up and not yet told to the status.
    var lostSinceReport = 0

    var isEmpty: Bool { drafts.isEmpty && lostCount == 0 }

    mutating func add(_ draft: EntryDraft, limit: Int) {
        drafts.append(draft)
        guard drafts.count > limit else { return }
        drafts.removeFirst(drafts.count - limit)
        lostCount += 1
        lostSinceReport += 1
    }

    /// Counts entries that never came into the ring; the status knows of them already.
    mutating func countLost(_ count: Int) {
        lostCount += count
    }

    /// The entries with their late mark, behind a fault entry that tells how many are missing.
    func marked(at now: Moment) -> [EntryDraft] {
        var marked: [EntryDraft] = []
        if lostCount > 0 {
            let facts = [Facts.code: "journal_entries_lost", Facts.count: String(lostCount)]
            marked.append(EntryDraft(.fault, at: now, facts: facts))
        }
        for var draft in drafts {
            draft.facts[Facts.late] = "true"
            let span = (now.instant - draft.instant).nanoseconds / 1_000_000
            draft.facts[Facts.lateBy] = String(span)
            marked.append(draft)
        }
        return marked
    }

    mutating func clear() {
        drafts = []
        lostCount = 0
    }
}
