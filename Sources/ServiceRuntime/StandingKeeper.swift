import EventLoop
import GateTypes
import Glibc

/// Makes standing states durable beside the loop; what is to be written after them waits.
///
/// It belongs to the loop's thread; the disk's slowness stays on a thread of its own.
final class StandingKeeper {
    /// Writes held back at most; beyond that they go out before the state is durable.
    private static let heldLimit = 1000
    /// States on their way at most, so that each finds room in the worker's queue and its answer.
    private static let inFlightLimit = 100

    private let file: StandingStateFile
    private let worker: SerialWorker
    private let onAnswer: (SystemError?) -> Void
    private var answers: Mailbox<SystemError?>?
    private var inFlight = 0
    /// The newest state, while it finds no room.
    private var missed: StandingState?
    private var held: [() -> Void] = []

    /// - Parameter onAnswer: after each state: nil, or why it could not be kept, or not yet.
    init(
        file: StandingStateFile, loop: EventLoop, onAnswer: @escaping (SystemError?) -> Void
    ) throws(SystemError) {
        self.file = file
        self.onAnswer = onAnswer
        worker = try SerialWorker(name: "standing", limit: Self.inFlightLimit)
        answers = try loop.makeMailbox(limit: Self.inFlightLimit) { [weak self] error in
            onAnswer(error)
            self?.answered()
        }
        submit { (file) throws(SystemError) in try file.prepare() }
    }

    func keep(_ state: StandingState) {
        if submit({ (file) throws(SystemError) in try file.save(state) }) {
            missed = nil
        } else {
            // It is the newest that counts after a restart: it goes as soon as there is room.
            missed = state
            onAnswer(SystemError("queue", file.path, code: EBUSY))
        }
    }

    /// Runs `write` as soon as no standing state is on its way to the disk.
    func afterwards(_ write: @escaping () -> Void) {
        if inFlight == 0 || held.count >= Self.heldLimit {
            write()
        } else {
            held.append(write)
        }
    }

    /// Waits for what is on its way; to be called when the loop no longer turns.
    func finish(within limit: Duration) {
        if let missed { worker.submit { [file] in try? file.save(missed) } }
        worker.finish(within: limit)
        release()
    }

    /// False when there is no room.
    @discardableResult
    private func submit(
        _ job: @escaping @Sendable (StandingStateFile) throws(SystemError) -> Void
    ) -> Bool {
        guard let answers, inFlight < Self.inFlightLimit else { return false }
        let isAccepted = worker.submit { [file] in
            do throws(SystemError) {
                try job(file)
                answers.post(nil)
            } catch {
                answers.post(error)
            }
        }
        if isAccepted { inFlight += 1 }
        return isAccepted
    }

    private func answered() {
        inFlight -= 1
        if let missed { keep(missed) }
        if inFlight == 0 { release() }
    }

    private func release() {
        let writes = held
        held = []
        for write in writes { write() }
    }
}
