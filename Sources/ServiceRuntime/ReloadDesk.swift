import EventLoop
import GateConfiguration
import GateEngine
import GateTypes

/// Reloads of the configuration: all or nothing, and only while nothing moves.
final class ReloadDesk {
    /// A gate that moves for longer than this keeps its old configuration.
    static let patience = Duration.seconds(60)

    private typealias Answer = (ControlReply) -> Void

    private enum State {
        case idle
        case reading(by: String, [Answer])
        case waiting(GateConfig, by: String, [Answer], since: Instant)
    }

    private unowned let service: GateService
    private let worker: SerialWorker
    private var results: Mailbox<Result<GateConfig, ConfigProblems>>?
    private var state = State.idle
    private var timer: LoopTimer?

    init(service: GateService) throws(SystemError) {
        self.service = service
        worker = try SerialWorker(name: "config", limit: 4)
        results = try service.loop.makeMailbox(limit: 4) { [weak self] in self?.received($0) }
        timer = service.loop.makeTimer { [weak self] in self?.look() }
    }

    /// Reads the files beside the loop; `answer` is told the outcome once it is known.
    func request(by name: String, answer: @escaping (ControlReply) -> Void) {
        switch state {
        case .idle: break
        case .reading, .waiting:
            answer(.refused("a reload is under way already; ask again when it has ended"))
            return
        }
        guard let results else { return }
        state = .reading(by: name, [answer])
        service.parts.notifier.reloading()
        let load = service.parts.loadConfig
        worker.submit { results.post(load()) }
    }

    private func received(_ result: Result<GateConfig, ConfigProblems>) {
        guard case .reading(let name, let answers) = state else { return }
        switch result {
        case .failure(let problems): refuse(problems, by: name, answers)
        case .success(let new):
            if let obstacle = obstacle(to: new) {
                return refuse(ConfigProblems([obstacle]), by: name, answers)
            }
            state = .waiting(new, by: name, answers, since: service.loop.now)
            tryApplying()
        }
    }

    /// What a running gate cannot change.
    private func obstacle(to new: GateConfig) -> String? {
        let old = service.config.storage
        if new.storage.stateDirectory != old.stateDirectory {
            return "'storage: state' has changed; restart gatehoused to move there"
        }
        if new.storage.runtimeDirectory != old.runtimeDirectory {
            return "'storage: runtime' has changed; restart gatehoused to move there"
        }
        return nil
    }

    /// Takes the new configuration over if nothing moves; called after every event.
    func tryApplying() {
        guard case .waiting(let new, let name, let answers, _) = state else { return }
        guard !service.gate.isMoving, !service.isDriving else {
            if timer?.deadline == nil { timer?.set(service.loop.now + .milliseconds(100)) }
            return
        }
        state = .idle
        timer?.set(nil)
        do throws(SystemError) {
            try service.adopt(new)
        } catch {
            // The watch on the lines failed; the service manager restarts what cannot go on.
            service.parts.log(.error, "the lines cannot be watched after the reload: \(error)")
            service.loop.stop()
            return
        }
        service.record(.configuration, ["event": "reloaded"], person: name)
        service.parts.log(.notice, "configuration reloaded by \(name)")
        service.parts.notifier.ready(status: service.statusLine)
        for answer in answers { answer(.done("the new configuration is in force")) }
    }

    private func look() {
        guard case .waiting(_, let name, let answers, let since) = state else { return }
        guard service.loop.now - since < Self.patience else {
            let why =
                service.gate.standing.emergency.map { "an emergency stands (\($0)); reset it" }
                ?? "a lane has been moving for \(Self.patience); see 'gatectl status'"
            return refuse(
                ConfigProblems(["not reloaded: \(why), and reload again"]), by: name, answers)
        }
        tryApplying()
    }

    private func refuse(_ problems: ConfigProblems, by name: String, _ answers: [Answer]) {
        state = .idle
        timer?.set(nil)
        for message in problems.messages { service.parts.log(.error, message) }
        service.parts.log(.error, "the configuration in force stays")
        service.record(
            .configuration,
            ["event": "reload_refused", "errors": "\(problems.messages.count)"], person: name)
        service.parts.notifier.ready(status: service.statusLine)
        let reply = ControlReply(
            ok: false, text: "not reloaded; the configuration in force stays",
            errors: problems.messages)
        for answer in answers { answer(reply) }
    }
}

extension GateService {
    /// Reads the configuration anew; errors go to the log, and the one in force stays.
    package func reload(by name: String) { reloads?.request(by: name) { _ in } }

    /// Goes on under a new configuration; nothing moves, and an emergency stands on.
    func adopt(_ new: GateConfig) throws(SystemError) {
        let old = config
        config = new
        if old.chips != new.chips { chips = parts.makeChips(new) }
        if old.lineSettings != new.lineSettings { try reopenLines() }
        readers?.adopt(new)
        let alarms = gate.raisedAlarms
        gate = Gate(config: new, standing: gate.standing)
        startEngine()
        // What the engine before has told, and this one does not know, nobody would ever clear.
        for alarm in alarms.subtracting(gate.raisedAlarms) { view.clear(alarm.lane, alarm.code) }
        resumeEyes()
    }
}

extension GateConfig {
    /// What the requested lines depend on.
    fileprivate var lineSettings: LineSettings {
        LineSettings(
            chips: chips, inputs: inputs, outputs: outputs, pulses: pulses,
            motors: lanes.mapValues { [$0.outputs.raise] + ($0.outputs.lower.map { [$0] } ?? []) })
    }

    fileprivate struct LineSettings: Equatable {
        let chips: [String: Chip]
        let inputs: [LineName: InputConfig]
        let outputs: [LineName: OutputConfig]
        let pulses: [LineName: PulseInputConfig]
        let motors: [LaneName: [LineName]]
    }
}
