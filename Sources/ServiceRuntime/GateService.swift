import EventJournal
import EventLoop
import GateConfiguration
import GateEngine
import GateTypes
import Glibc
import LineControl
import VisionLink

/// The controller: adapters joined to the engine on one event loop.
///
/// Everything runs on the loop's thread. Order of the start: lock, standing state, lines at rest,
/// engine (which resumes an emergency), and only then journal answers, eyes and visitors.
package final class GateService {
    /// How long eyes and cameras may take after a start before they count as blind.
    static let eyesGrace = Duration.seconds(5)

    let loop: EventLoop
    let parts: GateParts
    private let lock: InstanceLock
    private let keeperFile: StandingStateFile

    var config: GateConfig
    var gate: Gate
    var view = GateView()
    let started: Instant

    var chips: [String: any LineChip]
    var bank: LineBank
    private var lineWatch: LineWatch?
    var journal: (any Journal)?
    private var keeper: StandingKeeper?
    private var storageAnswers: Mailbox<StorageAnswer>?
    private var heartbeat: Heartbeat?
    private var simulatedReaders: RepeatingTimer?
    private var heartbeatFailed = false
    private var coreTimer: LoopTimer?
    private var minder: Housekeeping?

    var eyes: EyesListener?
    var eyesState = EyesState()
    var control: ControlServer?
    var reloads: ReloadDesk?
    var consents: ConsentDesk?
    var consentTimer: RepeatingTimer?
    var toldConsents: [ConsentNotice]?
    /// Who has templates, and why faces are not compared, as the eyes told last.
    var enrolled: Set<String> = []
    var faceTrouble: String?
    /// Whom the eyes have been told to compare with, by camera.
    var toldNamedFaces: [CameraName: String] = [:]
    private(set) var readers: ReaderDesk?

    private var pending: [(event: GateEvent, at: Instant?)] = []
    private var isHandling = false
    private var storesBegun: [IntentNumber: Instant] = [:]
    private var engine: UInt64 = 0
    /// Notices given while the newest command was handled, for the answer to its sender.
    var noticesOfCommand: [(LaneName, Notice)] = []

    private enum StorageAnswer: Sendable {
        /// `engine` tells answers to an earlier engine from those to the present one.
        case stored(IntentNumber, engine: UInt64)
        case failed(IntentNumber, engine: UInt64, reason: String)
        case health(JournalHealth)
    }

    /// Takes the state directory, drives every line to its rest, and starts the engine.
    package init(loop: EventLoop, config: GateConfig, parts: GateParts) throws(StartError) {
        let directory = config.storage.stateDirectory
        // Where this fails, the lock says what is wrong.
        try? Directories.make(directory, mode: 0o750)
        lock = try InstanceLock(stateDirectory: directory)
        keeperFile = StandingStateFile(directory: directory)
        self.loop = loop
        self.parts = parts
        self.config = config
        started = loop.now
        gate = Gate(config: config, standing: keeperFile.load())
        // Simulated lines publish their scene there; openSockets says what is wrong.
        try? Directories.make(config.storage.runtimeDirectory)
        chips = parts.makeChips(config)
        bank = LineBank(config: config, chips: chips, at: loop.now)
        coreTimer = loop.makeTimer { [weak self] in self?.handle(.tick) }
        do throws(SystemError) {
            try startParts()
        } catch {
            bank.restAll(at: loop.now)
            throw StartError("the gate cannot start: \(error)")
        }
    }

    private func startParts() throws(SystemError) {
        let directory = config.storage.stateDirectory
        if let obstacle = Directories.obstacle(toWritingIn: directory) {
            parts.log(.error, "\(obstacle); until it can, lanes follow their on_storage_failure")
        }
        let answers = try loop.makeMailbox(limit: 4096) { [weak self] (answer: StorageAnswer) in
            self?.received(answer)
        }
        storageAnswers = answers
        var options = JournalOptions()
        options.threadStart = { WorkerThread.becomeOrdinary() }
        options.healthChanged = { answers.post(.health($0)) }
        journal = parts.makeJournal(directory, options)
        keeper = try StandingKeeper(file: keeperFile, loop: loop) { [weak self] error in
            self?.kept(error)
        }
        for error in bank.openingErrors { parts.log(.error, error.description) }
        readers = ReaderDesk(service: self)
        try watchLines()
        startEngine()
        if let emergency = gate.standing.emergency {
            parts.log(.warning, "an emergency stands: \(emergency)")
        }
        heartbeat = Heartbeat(loop: loop) { [weak self] in self?.beat($0) }
        watchSimulatedReaders()
        reloads = try ReloadDesk(service: self)
        minder = Housekeeping(service: self)
        try openSockets()
        record(.service, ["event": "started", "version": parts.program])
    }

    private func openSockets() throws(SystemError) {
        try Directories.make(config.storage.runtimeDirectory)
        try openConsents()
        try openEyes()
        let peers = PeerMemory()
        control = try ControlServer(
            loop: loop, path: RuntimePaths.control(config),
            judge: { [weak self, loop] in
                peers.judged($0, self?.config.control ?? ControlConfig(), at: loop.now)
            },
            handler: { [weak self] in self?.answer($0, $1) })
    }

    /// Tells the service manager that the gate works; to be called right before the loop runs.
    package func announce() {
        parts.notifier.ready(status: statusLine)
        parts.log(.notice, statusLine)
    }

    /// Drives every line to its rest, then writes what waits; the loop may end after it.
    package func stop(_ reason: String) {
        parts.notifier.stopping()
        heartbeat?.stop()
        simulatedReaders?.stop()
        lineWatch = nil
        for error in bank.restAll(at: loop.now) { parts.log(.error, error.description) }
        record(.service, ["event": "stopped", "reason": reason])
        keeper?.finish(within: .seconds(2))
        consents?.finish()
        let unwritten = journal?.close() ?? 0
        if unwritten > 0 {
            parts.log(.error, "\(unwritten) entries could not be journalled; the disk refused them")
        }
        parts.log(.notice, "stopped: \(reason); every line is at rest")
    }

    // MARK: Engine

    func moment() -> Moment {
        Moment(
            instant: loop.now, wall: .now(), wallIsTrusted: minder?.clockIsTrusted ?? clockIsKnown)
    }

    /// The first call to a new engine, with the inputs as they are.
    func startEngine() {
        engine += 1
        storesBegun = [:]
        isHandling = true
        let trusted = bank.trustedInputs
        perform(gate.start(inputs: trusted, at: moment()))
        // The engine has its own idea of what cannot be read, and is told that it cannot.
        for line in bank.inputStates.keys.sorted() where trusted[line] == nil {
            pending.append((.inputFailed(line, reason: "it cannot be read at the start"), nil))
        }
        recordFaceAcceptances()
        drain()
    }

    /// Hands one event to the engine and carries out what it answers, in order.
    ///
    /// - Parameter instant: when it happened by the kernel, where that is known; else now.
    func handle(_ event: GateEvent, at instant: Instant? = nil) {
        pending.append((event, instant))
        guard !isHandling else { return }
        isHandling = true
        drain()
        reloads?.tryApplying()
    }

    /// What fails while actions are carried out comes back as the next events.
    private func drain() {
        while !pending.isEmpty {
            let (event, happened) = pending.removeFirst()
            let begun = moment()
            let now = Moment(
                instant: happened ?? begun.instant, wall: begun.wall,
                wallIsTrusted: begun.wallIsTrusted)
            let actions = gate.handle(event, at: now)
            if case .plates = event { view.add("decide", loop.now - begun.instant) }
            perform(actions)
        }
        isHandling = false
        if !config.faces.isEmpty { tellNamedFaces() }
        arm()
    }

    private func arm() {
        guard let due = gate.nextDeadline else {
            coreTimer?.set(nil)
            return
        }
        // A deadline that is not used up by its tick must not spin the loop.
        coreTimer?.set(max(due, loop.now + .microseconds(200)))
    }

    private func perform(_ actions: [GateAction]) {
        for action in actions { perform(action) }
    }

    private func perform(_ action: GateAction) {
        switch action {
        case .assert(let line, let limit): assert(line, atMost: limit)
        case .rest(let line):
            do throws(LineError) {
                try bank.rest(line, at: loop.now)
            } catch {
                pending.append((.outputFailed(line, reason: error.description), nil))
            }
        case .store(let intent, let draft): store(intent, draft)
        case .record(let draft): write(draft)
        case .keep(let state): keeper?.keep(state)
        case .look(let camera, let attention): look(camera, attention)
        case .keepPicture(let order): keepPicture(order)
        case .erasePictures(let moment): eyes?.send(.erasePictures(before: moment))
        case .makeRoom: eyes?.send(.makeRoom)
        case .tell(let lane, let notice):
            view.told(lane, notice)
            parts.simulatedDisplay(lane, notice)
            noticesOfCommand.append((lane, notice))
            happened(lane, "notice", texts[notice])
        case .signal(let reader, let signal): readers?.signal(reader, signal)
        case .raiseAlarm(let lane, let code, let text):
            let shown = texts.alarm(code, text)
            view.alarm(lane, code, shown, .now())
            let place = lane.map { "lane \($0): " } ?? ""
            parts.log(.warning, "\(place)\(text) (\(code))")
            happened(lane, "alarm", shown)
        case .clearAlarm(let lane, let code):
            view.clear(lane, code)
            parts.log(.notice, "\(lane.map { "lane \($0): " } ?? "")alarm over (\(code))")
        }
    }

    private func assert(_ line: LineName, atMost limit: Duration) {
        let before = loop.now
        do throws(LineError) {
            try bank.assert(line, atMost: limit, at: before)
        } catch {
            pending.append((.outputFailed(line, reason: error.description), nil))
            return
        }
        let now = loop.now
        guard let lane = config.lanes.first(where: { $0.value.outputs.raise == line }) else {
            return
        }
        view.add("relay", now - before)
        view.raised(lane.key, camera: lane.value.camera, at: now)
    }

    // MARK: Lines

    private func watchLines() throws(SystemError) {
        lineWatch = try bank.attach(to: loop) { [weak self] in self?.lines($0) }
    }

    /// Badges of the simulated world come without wires; real readers have theirs.
    private func watchSimulatedReaders() {
        guard config.chips.values.contains(where: { $0.backing == .simulated }),
            !config.turnstiles.isEmpty || !config.doors.isEmpty
        else { return }
        simulatedReaders = RepeatingTimer(loop: loop, every: .milliseconds(20)) { [weak self] in
            for reading in self?.parts.simulatedBadges() ?? [] { self?.handle(.badge(reading)) }
        }
    }

    private func lines(_ report: LineReport) {
        switch report {
        case .input(let line, let active, let edge, let settled):
            for (name, lane) in config.lanes where lane.inputs.approach == line {
                view.approach(name, active: active, edge: edge)
            }
            // Arrival is the kernel's time of the edge; clear counts from when it was settled.
            handle(.input(line, active: active), at: active ? edge : settled)
        case .inputFailed(let line, let reason):
            if readers?.failed(line, reason: reason) == true { break }
            handle(.inputFailed(line, reason: reason))
        case .inputRecovered(let line, let active):
            if readers?.recovered(line) == true { break }
            handle(.inputRecovered(line, active: active))
        case .pulse(let line, let instant): readers?.pulse(line, at: instant)
        case .pulsesLost(let line): readers?.pulsesLost(line)
        case .outputFailed(let line, let reason): handle(.outputFailed(line, reason: reason))
        case .outputRecovered(let line):
            parts.log(.notice, "output '\(line)' answers again")
        case .edgesLost(let line, let count):
            parts.log(.warning, "input '\(line)': \(count) edges were lost")
            record(.fault, ["event": "edges_lost", "line": line.text, "count": "\(count)"])
        }
    }

    /// Changes the lines with their configuration; everything is at rest then.
    func reopenLines() throws(SystemError) {
        bank.restAll(at: loop.now)
        bank.reconfigure(config, chips: chips, at: loop.now)
        for error in bank.openingErrors { parts.log(.error, error.description) }
    }

    /// True while an output other than the heartbeat and the readers' is away from its rest.
    var isDriving: Bool {
        let signals = Set(config.readers.values.flatMap { [$0.led, $0.beeper] })
        return bank.assertedOutputs.contains { $0 != config.heartbeat && !signals.contains($0) }
    }

    private func beat(_ isHigh: Bool) {
        guard let line = config.heartbeat else { return }
        do throws(LineError) {
            guard isHigh else { return try bank.rest(line, at: loop.now) }
            try bank.assert(line, atMost: Heartbeat.interval * 5, at: loop.now)
            // Only this proves it: a lost line can always be left at rest.
            if heartbeatFailed { parts.log(.notice, "the heartbeat output works again") }
            heartbeatFailed = false
        } catch {
            if !heartbeatFailed { parts.log(.error, "no heartbeat: \(error)") }
            heartbeatFailed = true
        }
    }

    // MARK: Storage

    private func store(_ intent: IntentNumber, _ draft: EntryDraft) {
        guard let journal, let storageAnswers else { return }
        view.written(draft)
        happened(draft)
        storesBegun[intent] = loop.now
        let engine = engine
        keeper?.afterwards {
            journal.store(intent, draft) { intent, result in
                switch result {
                case .success: storageAnswers.post(.stored(intent, engine: engine))
                case .failure(let error):
                    storageAnswers.post(
                        .failed(intent, engine: engine, reason: error.description))
                }
            }
        }
    }

    func write(_ draft: EntryDraft) {
        guard let journal else { return }
        view.written(draft)
        happened(draft)
        keeper?.afterwards { journal.append(draft) }
    }

    /// - Parameter person: who ordered it; facts are kept for ever, and no place for a name.
    func record(_ kind: EntryKind, _ facts: [String: String], person: String? = nil) {
        write(
            EntryDraft(
                kind, at: moment(), facts: facts, personal: person.map { [.person: $0] } ?? [:]))
    }

    private func received(_ answer: StorageAnswer) {
        switch answer {
        case .stored(_, let engine) where engine != self.engine: break
        case .failed(_, let engine, _) where engine != self.engine: break
        case .stored(let intent, _):
            if let begun = storesBegun.removeValue(forKey: intent) {
                view.add("journal", loop.now - begun)
            }
            handle(.stored(intent))
        case .failed(let intent, _, let reason):
            storesBegun[intent] = nil
            handle(.storageFailed(intent, reason: reason))
        case .health(.opening): break
        case .health(.working):
            view.clear(nil, "storage")
            parts.log(.notice, "the journal is written")
            handle(.journalDisk(isFull: false))
        case .health(.failing(let error)):
            if case .diskFull = error { handle(.journalDisk(isFull: true)) }
            view.alarm(nil, "storage", error.description, .now())
            parts.log(.error, "\(error); until then lanes follow their on_storage_failure")
        }
    }

    private func kept(_ error: SystemError?) {
        guard let error else { return view.clear(nil, "standing_state") }
        let text =
            "the standing state cannot be kept over a restart (\(error)); make the "
            + "state directory writable"
        view.alarm(nil, "standing_state", text, .now())
        parts.log(.error, text)
    }
}
