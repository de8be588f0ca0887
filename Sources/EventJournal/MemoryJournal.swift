import GateTypes
import Synchronization

/// A journal in memory with the same chain, for tests; it answers at once, from the caller.
package final class MemoryJournal: Journal {
    private struct State {
        var entries: [JournalEntry] = []
        var head = JournalHead.empty
        var late = LateRing()
        var failure: JournalError?
        var lostCount = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let options: JournalOptions

    package init(options: JournalOptions = JournalOptions()) {
        self.options = options
    }

    /// While set, the storage "fails" with it; nil again journals the late entries.
    package var failure: JournalError? {
        get { state.withLock { $0.failure } }
        set {
            state.withLock { state in
                state.failure = newValue
                if newValue == nil, !state.late.isEmpty { write([], in: &state) }
            }
            options.healthChanged(newValue.map(JournalHealth.failing) ?? .working)
        }
    }

    package var entries: [JournalEntry] { state.withLock { $0.entries } }

    package func append(_ draft: EntryDraft) {
        state.withLock { state in
            if state.isClosed {
                state.lostCount += 1
            } else if state.failure != nil {
                state.late.add(draft, limit: options.lateLimit)
            } else {
                write([draft], in: &state)
            }
        }
    }

    package func store(
        _ intent: IntentNumber, _ draft: EntryDraft, completion: @escaping StoreCompletion
    ) {
        let result: Result<JournalHead, JournalError> = state.withLock { state in
            if state.isClosed { return .failure(.closed) }
            if let failure = state.failure { return .failure(failure) }
            write([draft], in: &state)
            return .success(state.head)
        }
        completion(intent, result)
    }

    package func expire(before moment: WallTime, completion: @escaping ErasureCompletion) {
        let result: Result<ErasureOutcome, JournalError> = state.withLock { state in
            if state.isClosed { return .failure(.closed) }
            if let failure = state.failure { return .failure(failure) }
            var outcome = ErasureOutcome()
            for (index, entry) in state.entries.enumerated() where entry.wall < moment {
                let held = entry.personal.filter { $0.value != .erased }
                guard !held.isEmpty else { continue }
                outcome.entryCount += 1
                outcome.fieldCount += held.count
                state.entries[index] = entry.erased()
            }
            guard outcome.fieldCount > 0 else { return .success(outcome) }
            let draft = EntryDraft.erasure(.before(moment), outcome, by: nil, at: options.now())
            write([draft], in: &state)
            return .success(outcome)
        }
        completion(result)
    }

    package var status: JournalStatus {
        state.withLock { state in
            JournalStatus(
                health: state.failure.map(JournalHealth.failing) ?? .working, head: state.head,
                lateCount: state.late.drafts.count,
                lostCount: state.lostCount + state.late.lostSinceReport)
        }
    }

    @discardableResult package func close() -> Int {
        state.withLock { state in
            state.isClosed = true
            return state.late.drafts.count
        }
    }

    private func write(_ drafts: [EntryDraft], in state: inout State) {
        for draft in state.late.marked(at: options.now()) + drafts {
            let sealed = SealedEntry(draft, after: state.head)
            state.entries.append(JournalEntry(draft, as: sealed))
            state.head = sealed.head
        }
        state.late.clear()
    }
}

extension JournalEntry {
    fileprivate init(_ draft: EntryDraft, as sealed: SealedEntry) {
        self.init(
            sequence: sealed.head.sequence, kind: draft.kind.rawValue, lane: draft.lane,
            instant: draft.instant, wall: draft.wall, facts: ChainEncoding.clean(draft.facts),
            personal: draft.personal.mapValues {
                .held(ChainEncoding.clean($0, limit: ChainEncoding.personalByteLimit))
            },
            hash: sealed.head.hash)
    }

    fileprivate func erased() -> JournalEntry {
        JournalEntry(
            sequence: sequence, kind: kind, lane: lane, instant: instant, wall: wall, facts: facts,
            personal: personal.mapValues { _ in .erased }, hash: hash)
    }
}
