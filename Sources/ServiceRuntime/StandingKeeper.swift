import EventLoop
import GateTypes

/// Makes standing states durable beside the loop; what is to be written after them waits.
///
/// It belongs to the loop's thread; the disk's slowness stays on a thread of its own.
final class StandingKeeper {
    /// Writes held back at most; beyond that they go out before the state is durable.
    private static let heldLimit = 1000

    private let file: StandingStateFile
    private let worker: SerialWorker
    private var answers: Mailbox<SystemError?>?
    private var inFlight = 0
    private var held: [() -> Void] = []

    /// - Parameter onAnswer: after each state: nil, or why it could not be kept.
    init(
        file: StandingStateFile, loop: EventLoop, onAnswer: @escaping (SystemError?) -> Void
    ) throws(SystemError) {
        self.file = file
        worker = try SerialWorker(name: "standing", limit: 100)
        answers = try loop.makeMailbox(limit: 100) { [weak self] error in
            self?.answered()
            onAnswer(error)
        }
        submit { (file) throws(SystemError) in try file.prepare() }
    }

    func keep(_ state: StandingState) {
        submit { (file) throws(SystemError) in try file.save(state) }
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
        worker.finish(within: limit)
        release()
    }

    private func submit(_ job: @escaping @Sendable (StandingStateFile) throws(SystemError) -> Void)
    {
        guard let answers else { return }
        let isAccepted = worker.submit { [file] in
            do throws(SystemError) {
                try job(file)
                answers.post(nil)
            } catch {
                answers.post(error)
            }
        }
        if isAccepted { inFlight += 1 }
    }

    private func answered() {
        inFlight -= 1
        if inFlight == 0 { release() }
    }

    private func release() {
        let writes = held
        held = []
        for write in writes { write() }
    }
}
