import GateConfiguration
import GateTypes

/// All lines of the gate: settled inputs in the order of their edges, outputs that let go by
/// themselves.
///
/// Everything runs on one thread. `poll` is to be called when a descriptor of an input is readable
/// and at `nextDeadline`; `attach(to:)` does both on an event loop. An assertion ends at its limit
/// by the bank's own timer. A loop that hangs cannot end it: then the heartbeat stops, and the
/// watchdog relay takes the power from every motion relay.
package final class LineBank {
    private var chips: [String: any LineChip]
    private var inputs: [InputChannel] = []
    var pulses: [PulseChannel] = []
    var feedback: [LineName: FeedbackWatch] = [:]
    private var outputs: [LineName: OutputChannel] = [:]
    private var opposites: [LineName: Set<LineName>] = [:]
    private var nextAudit: Instant
    /// What went wrong in calls without a report of their own, told by the next `poll`.
    private var pending: [LineReport] = []
    /// Called after each change of `nextDeadline` outside of `poll`.
    var deadlineChanged: (() -> Void)?
    /// Called when descriptors came or went outside of `poll`.
    var linesChanged: (() -> Void)?

    /// What could not be opened at first; such lines read active or refuse, and are tried again.
    package private(set) var openingErrors: [LineError] = []

    /// Requests every line of the configuration; outputs first, each at its rest value.
    ///
    /// - Parameter chips: by the names of `config.chips`.
    package init(config: GateConfig, chips: [String: any LineChip], at now: Instant) {
        self.chips = chips
        nextAudit = now + LineLimits.auditInterval
        adopt(config, keepingLinesOf: [])
        for chip in chips.values { chip.advance(to: now) }
        openAll(at: now, isFirst: true)
        adoptFeedback(config, at: now)
    }

    /// Takes a new configuration: what is the same stays as it is, settled state and all; the rest
    /// is released first, and then requested. To be called while every output is at rest.
    ///
    /// - Parameter chips: by name; another object for a name means another chip.
    package func reconfigure(
        _ config: GateConfig, chips new: [String: any LineChip], at now: Instant
    ) {
        let same = Set(new.keys.filter { chips[$0] === new[$0] })
        openingErrors = []
        adopt(config, keepingLinesOf: same)
        chips = new
        for chip in chips.values { chip.advance(to: now) }
        linesChanged?()
        openAll(at: now, isFirst: true)
        adoptFeedback(config, at: now)
        linesChanged?()
    }

    /// Makes channels for the lines of `config`; dropping an old channel releases its line.
    private func adopt(_ config: GateConfig, keepingLinesOf same: Set<String>) {
        let oldInputs = inputs
        inputs = config.inputs.sorted { $0.key < $1.key }
            .map { name, input in
                oldInputs.first {
                    $0.name == name && $0.config == input && same.contains(input.chip)
                } ?? InputChannel(name: name, config: input)
            }
        adoptPulses(config, keepingLinesOf: same)
        let oldOutputs = outputs
        outputs = [:]
        for (name, output) in config.outputs {
            let old = oldOutputs[name].flatMap {
                $0.config == output && same.contains(output.chip) ? $0 : nil
            }
            outputs[name] = old ?? OutputChannel(name: name, config: output)
        }
        opposites = [:]
        for lane in config.lanes.values {
            guard let lower = lane.outputs.lower else { continue }
            opposites[lane.outputs.raise, default: []].insert(lower)
            opposites[lower, default: []].insert(lane.outputs.raise)
        }
    }

    // MARK: State

    /// What the gate is to believe of each input now.
    package var inputStates: [LineName: Bool] {
        Dictionary(uniqueKeysWithValues: inputs.map { ($0.name, $0.isActive) })
    }

    /// The inputs that can be trusted, with what they read.
    package var trustedInputs: [LineName: Bool] {
        let working = inputs.filter { $0.condition == .working }
        return Dictionary(uniqueKeysWithValues: working.map { ($0.name, $0.isActive) })
    }

    /// Whether a relay's coil has power as far as we told it; nil while the line is not ours.
    func energised(_ line: LineName) -> Bool? { outputs[line]?.isEnergised }

    /// The outputs that are, or may be, away from their rest.
    package var assertedOutputs: Set<LineName> {
        Set(outputs.values.filter(\.mayBeAsserted).map(\.name))
    }

    /// When `poll` is due at the latest.
    package var nextDeadline: Instant {
        var deadlines = inputs.compactMap(\.nextDeadline)
        deadlines += pulses.compactMap(\.retryAt)
        deadlines += outputs.values.compactMap(\.nextDeadline)
        deadlines += chips.values.compactMap(\.nextChange)
        if let feedbackDeadline { deadlines.append(feedbackDeadline) }
        return deadlines.reduce(nextAudit) { min($0, $1) }
    }

    /// The inputs to be watched for edges, with their descriptors.
    var watched: [(line: LineName, port: any InputPort)] {
        let all =
            inputs.map { ($0.name, $0.condition, $0.port) }
            + pulses.map { ($0.name, $0.condition, $0.port) }
        return all.compactMap { name, condition, port in
            guard condition == .working, let port else { return nil }
            return (name, port)
        }
    }

    // MARK: Outputs

    /// Takes an output away from its rest, for `limit` or its longest assertion, whichever is less.
    ///
    /// Asserting again before the end sets a new end. Refused while an opposite output is, or may
    /// be, away from its rest.
    package func assert(_ line: LineName, atMost limit: Duration, at now: Instant)
        throws(LineError)
    {
        guard var output = outputs[line] else { throw .unknown(line) }
        chips[output.config.chip]?.advance(to: now)
        for other in opposites[line, default: []] {
            guard outputs[other]?.mayBeAsserted != true, feedback[other]?.isWelded != true
            else { throw .excluded(line, by: other) }
        }
        defer {
            outputs[line] = output
            noteFeedback(line, at: now)
            deadlineChanged?()
        }
        try output.assert(atMost: limit, at: now)
    }

    /// Puts an output in the rest state of its configuration.
    package func rest(_ line: LineName, at now: Instant) throws(LineError) {
        guard var output = outputs[line] else { throw .unknown(line) }
        chips[output.config.chip]?.advance(to: now)
        defer {
            outputs[line] = output
            noteFeedback(line, at: now)
            deadlineChanged?()
        }
        try output.rest(at: now)
    }

    /// Puts every output to rest, whatever fails on the way; what failed is returned.
    @discardableResult
    package func restAll(at now: Instant) -> [LineError] {
        var errors: [LineError] = []
        for name in outputs.keys.sorted() {
            do throws(LineError) { try rest(name, at: now) } catch { errors.append(error) }
        }
        return errors
    }

    // MARK: Polling

    /// Everything that has happened up to now, in the order in which it counted.
    package func poll(at now: Instant) -> [LineReport] {
        for chip in chips.values { chip.advance(to: now) }
        var told = pending.map { (now, $0) }
        pending = []
        for name in outputs.keys.sorted() {
            guard let report = outputs[name]?.enforce(at: now) else { continue }
            told.append((now, report))
        }
        told += drain(at: now)
        told += drainPulses(at: now)
        if now >= nextAudit {
            nextAudit = now + LineLimits.auditInterval
            told += (audit(at: now) + auditPulses(at: now)).map { (now, $0) }
        }
        told += (compareFeedback(at: now) + openAll(at: now, isFirst: false)).map { (now, $0) }
        return told.enumerated()
            .sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }
            .map(\.element.1)
    }

    /// Lets the next `poll` look at every line, for a descriptor told of a failure.
    func suspectFailure() { nextAudit = Instant(nanoseconds: .min) }

    /// Applies the waiting edges of all inputs in the order of their kernel times.
    private func drain(at now: Instant) -> [(Instant, LineReport)] {
        var told: [(Instant, LineReport)] = []
        var waiting: [(instant: Instant, index: Int, active: Bool)] = []
        var touched: Set<Int> = []
        for index in inputs.indices where inputs[index].condition == .working {
            do throws(LineError) {
                for edge in try inputs[index].waitingEdges() {
                    waiting.append((edge.instant, index, edge.active))
                    touched.insert(index)
                }
            } catch {
                told.append((now, lose(index, error, at: now)))
            }
        }
        // Stable: edges of one line with one time keep their order.
        let ordered = waiting.enumerated()
            .sorted { ($0.element.instant, $0.offset) < ($1.element.instant, $1.offset) }
        for (_, edge) in ordered {
            for report in inputs[edge.index].take(edge.active, at: edge.instant) {
                told.append((report.instant ?? edge.instant, report))
            }
        }
        for index in touched.sorted() { told += check(index, at: now) }
        for index in inputs.indices {
            for report in inputs[index].advance(to: now) {
                told.append((report.instant ?? now, report))
            }
        }
        return told
    }

    /// After edges, the level must be that of the last one.
    private func check(_ index: Int, at now: Instant) -> [(Instant, LineReport)] {
        guard inputs[index].condition == .working else { return [] }
        do throws(LineError) {
            return try inputs[index].compare(at: now).map { ($0.instant ?? now, $0) }
        } catch {
            return [(now, lose(index, error, at: now))]
        }
    }

    private func audit(at now: Instant) -> [LineReport] {
        var reports: [LineReport] = []
        for index in inputs.indices {
            do throws(LineError) {
                reports += try inputs[index].audit(at: now)
            } catch {
                reports.append(lose(index, error, at: now))
            }
        }
        return reports
    }

    // MARK: Losing and opening

    private func lose(_ index: Int, _ error: LineError, at now: Instant) -> LineReport {
        inputs[index].lose(at: now)
        // The next request opens the chip afresh; its other lines keep the old one until they fail.
        resetChip(inputs[index].config.chip)
        return .inputFailed(inputs[index].name, reason: error.description)
    }

    /// Requests what is not open and due; tells of what came back.
    @discardableResult
    private func openAll(at now: Instant, isFirst: Bool) -> [LineReport] {
        var reports: [LineReport] = []
        for name in outputs.keys.sorted() {
            guard var output = outputs[name], output.isDueForReopening(at: now) else { continue }
            do throws(LineError) {
                try output.open(on: try chip(output.config.chip))
                if !isFirst { reports.append(.outputRecovered(name)) }
            } catch {
                output.lose(at: now)
                if isFirst { note(error, .outputFailed(name, reason: error.description)) }
            }
            outputs[name] = output
        }
        for index in inputs.indices where inputs[index].isDueForReopening(at: now) {
            do throws(LineError) {
                try inputs[index].open(on: try chip(inputs[index].config.chip), at: now)
                let active = inputs[index].isActive
                if !isFirst {
                    reports.append(.inputRecovered(inputs[index].name, active: active))
                }
            } catch {
                inputs[index].lose(at: now)
                let failed = LineReport.inputFailed(
                    inputs[index].name, reason: error.description)
                if isFirst { note(error, failed) }
            }
        }
        return reports + openPulses(at: now, isFirst: isFirst)
    }

    func resetChip(_ name: String) { chips[name]?.reset() }

    func note(_ error: LineError, _ report: LineReport) {
        openingErrors.append(error)
        pending.append(report)
    }

    func chip(_ name: String) throws(LineError) -> any LineChip {
        guard let chip = chips[name] else {
            throw .chipMissing(chip: name, path: "it", reason: "not configured")
        }
        return chip
    }
}

extension LineReport {
    /// When a settled change counted; nil for what has no time of its own.
    var instant: Instant? {
        if case .input(_, _, _, let settled) = self { settled } else { nil }
    }
}
