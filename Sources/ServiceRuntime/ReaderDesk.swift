import CredentialReaders
import EventLoop
import GateConfiguration
import GateEngine
import GateTypes
import LineControl

/// The credential readers of the gate: their pulses in, badges to the engine, answers to lamp and
/// beeper; what they cannot tell is counted and told.
final class ReaderDesk {
    /// Unreadable frames in a row after which the reader's wiring is in doubt.
    static let unreadableLargest = 5
    /// Damage of one kind is on record once in this time at most, with its number.
    static let recordInterval = Duration.seconds(60)

    private struct Told {
        var since: Instant
        var count = 0
    }

    private struct DamageKey: Hashable {
        let reader: ReaderName
        let damage: ReaderDamage
    }

    private unowned let service: GateService
    private var station: ReaderStation
    private var timer: LoopTimer?
    private var signalTimer: LoopTimer?
    /// Steps of lamps and beepers that are to come, by their times.
    private var steps: [(due: Instant, reader: ReaderName, step: SignalPattern.Step)] = []
    private var damage: [DamageKey: Told] = [:]
    private var unreadable: [ReaderName: Int] = [:]
    private var failed: [LineName: String] = [:]

    init(service: GateService) {
        self.service = service
        station = ReaderStation(service.config.readers)
        timer = service.loop.makeTimer { [weak self] in self?.timePassed() }
        signalTimer = service.loop.makeTimer { [weak self] in self?.playSteps() }
    }

    /// After a reload: other readers, other lines.
    func adopt(_ config: GateConfig) {
        for reader in unreadable.keys { clearAlarm("reader_unreadable", reader) }
        for line in failed.keys { station.reader(of: line).map { clearAlarm("reader_failed", $0) } }
        station = ReaderStation(config.readers)
        steps = []
        unreadable = [:]
        failed = failed.filter { station.reader(of: $0.key) != nil }
        for (line, reason) in failed { tellFailed(line, reason) }
        timer?.set(nil)
    }

    // MARK: Lines

    func pulse(_ line: LineName, at instant: Instant) {
        take(station.pulse(line, at: instant))
        timer?.set(station.deadline)
    }

    func pulsesLost(_ line: LineName) { station.lostPulses(line, at: service.loop.now) }

    /// False when the line belongs to no reader.
    func failed(_ line: LineName, reason: String) -> Bool {
        guard let reader = station.reader(of: line) else { return false }
        failed[line] = reason
        service.record(
            .fault, ["event": "reader_failed", "reader": reader.text, "line": line.text])
        tellFailed(line, reason)
        return true
    }

    func recovered(_ line: LineName) -> Bool {
        guard let reader = station.reader(of: line) else { return false }
        pulsesLost(line)  // A frame may be half over.
        guard failed.removeValue(forKey: line) != nil else { return true }
        if !failed.keys.contains(where: { station.reader(of: $0) == reader }) {
            service.record(.faultCleared, ["event": "reader_failed", "reader": reader.text])
            clearAlarm("reader_failed", reader)
        }
        return true
    }

    private func tellFailed(_ line: LineName, _ reason: String) {
        guard let reader = station.reader(of: line) else { return }
        raiseAlarm("reader_failed", reader, "Line '\(line)' of reader '\(reader)': \(reason)")
    }

    // MARK: Reports

    private func timePassed() {
        take(station.advance(to: service.loop.now))
        timer?.set(station.deadline)
    }

    private func take(_ told: [ReaderStation.Told]) {
        for (reader, report) in told {
            switch report {
            case .credential(let text, let instant): read(reader, text, at: instant)
            case .damaged(let damage, let instant): damaged(reader, damage, at: instant)
            }
        }
    }

    private func read(_ reader: ReaderName, _ text: String, at instant: Instant) {
        guard let config = service.config.readers[reader] else { return }
        if unreadable.removeValue(forKey: reader) != nil { clearAlarm("reader_unreadable", reader) }
        service.handle(
            .badge(
                BadgeReading(
                    lane: config.lane, side: config.side, badge: text, readTime: instant,
                    reader: reader)))
    }

    private func damaged(_ reader: ReaderName, _ damage: ReaderDamage, at instant: Instant) {
        note(DamageKey(reader: reader, damage: damage), at: instant)
        // A stray pulse is nobody who waits for an answer.
        if damage == .noise { return }
        signal(reader, .unreadable)
        unreadable[reader, default: 0] += 1
        guard unreadable[reader] == Self.unreadableLargest else { return }
        raiseAlarm(
            "reader_unreadable", reader,
            "Reader '\(reader)' told nothing readable \(Self.unreadableLargest) times in a row "
                + "(\(damage.rawValue) last); check its wiring and formats.")
    }

    private func note(_ key: DamageKey, at instant: Instant) {
        var told = damage[key] ?? Told(since: instant - Self.recordInterval)
        told.count += 1
        if instant - told.since >= Self.recordInterval {
            service.parts.log(
                .warning,
                "reader '\(key.reader)': \(told.count) times \(key.damage.rawValue), not believed")
            service.record(
                .fault,
                [
                    "event": "reader_damaged", "reader": key.reader.text,
                    "what": key.damage.rawValue, "count": String(told.count),
                ])
            told = Told(since: instant)
        }
        damage[key] = told
    }

    private func raiseAlarm(_ code: String, _ reader: ReaderName, _ text: String) {
        guard let lane = service.config.readers[reader]?.lane else { return }
        let code = "\(code)_\(reader)"
        service.view.alarm(lane, code, service.texts.alarm(code, text), .now())
        service.parts.log(.warning, "lane \(lane): \(text) (\(code))")
        service.happened(lane, "alarm", service.texts.alarm(code, text))
    }

    private func clearAlarm(_ code: String, _ reader: ReaderName) {
        guard let lane = service.config.readers[reader]?.lane else { return }
        service.view.clear(lane, "\(code)_\(reader)")
    }

    // MARK: Answers

    /// A new answer takes the place of one that is still being told.
    func signal(_ reader: ReaderName, _ signal: ReaderSignal) {
        let now = service.loop.now
        steps.removeAll { $0.reader == reader }
        steps += SignalPattern(signal).steps.map { (now + $0.start, reader, $0) }
        playSteps()
    }

    private func playSteps() {
        let now = service.loop.now
        let due = steps.filter { $0.due <= now }
        steps.removeAll { $0.due <= now }
        for item in due { play(item.reader, item.step, at: now) }
        signalTimer?.set(steps.map(\.due).min())
    }

    private func play(_ reader: ReaderName, _ step: SignalPattern.Step, at now: Instant) {
        guard let config = service.config.readers[reader] else { return }
        let line =
            switch step.part {
            case .led: config.led
            case .beeper: config.beeper
            }
        guard let line else { return }
        // Without its lamp or beeper a reader still reads; the bank requests the line anew.
        try? service.bank.assert(line, atMost: step.length, at: now)
    }

    // MARK: Showing

    var snapshot: [GateSnapshot.Reader] {
        service.config.readers.sorted { $0.key < $1.key }.map { name, config in
            let health = station.health(of: name) ?? ReaderHealth()
            let trouble = failed.filter { station.reader(of: $0.key) == name }
                .min { $0.key < $1.key }
            return GateSnapshot.Reader(
                name: name, lane: config.lane, side: config.side.rawValue,
                credentials: health.credentialCount, unreadable: health.damageCount,
                trouble: trouble.map { "line '\($0.key)': \($0.value)" })
        }
    }
}
