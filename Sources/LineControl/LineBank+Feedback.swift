import GateConfiguration
import GateTypes

/// Compares one output with its auxiliary contact, which shows whether the relay really obeys.
struct FeedbackWatch: Hashable {
    let input: LineName
    /// The relay and the settling of the input take so long at most.
    let settling: Duration
    /// What the relay was last told, and when that must show.
    private(set) var isEnergised: Bool
    private(set) var checkAt: Instant?
    /// The contact contradicts what the relay was told.
    private(set) var isWrong = false

    init(input: LineName, config: InputConfig, isEnergised: Bool, at now: Instant) {
        self.input = input
        settling = max(config.activeAfter, config.clearAfter) + LineLimits.feedbackTime
        self.isEnergised = isEnergised
        checkAt = now + settling
    }

    mutating func told(isEnergised: Bool, at now: Instant) {
        guard isEnergised != self.isEnergised else { return }
        self.isEnergised = isEnergised
        checkAt = now + settling
    }

    /// True when the comparison has just begun to fail, or fails anew after another change.
    mutating func compare(isActive: Bool, at now: Instant) -> Change? {
        guard let due = checkAt, now >= due else { return nil }
        let wasNew = due != .distantPast
        let was = isWrong
        isWrong = isActive != isEnergised
        checkAt = .distantPast
        if isWrong { return !was || wasNew ? .failed : nil }
        return was ? .recovered : nil
    }

    enum Change: Hashable { case failed, recovered }

    /// The relay is on although it was told to rest.
    var isWelded: Bool { isWrong && !isEnergised }
}

extension Instant {
    /// A comparison that holds from now on: any later look may find it broken.
    fileprivate static let distantPast = Instant(nanoseconds: .min)
}

extension LineBank {
    func adoptFeedback(_ config: GateConfig, at now: Instant) {
        feedback = [:]
        for (name, output) in config.outputs {
            guard let input = output.feedback, let line = config.inputs[input] else { continue }
            feedback[name] = FeedbackWatch(
                input: input, config: line, isEnergised: output.rest == .energised, at: now)
        }
    }

    func noteFeedback(_ line: LineName, at now: Instant) {
        guard let energised = energised(line) else { return }
        feedback[line]?.told(isEnergised: energised, at: now)
    }

    /// What the contacts contradict now; a failed feedback input contradicts nothing.
    func compareFeedback(at now: Instant) -> [LineReport] {
        guard !feedback.isEmpty else { return [] }
        let active = trustedInputs
        var reports: [LineReport] = []
        for name in feedback.keys.sorted() {
            guard var watch = feedback[name] else { continue }
            if let energised = energised(name) { watch.told(isEnergised: energised, at: now) }
            if let isActive = active[watch.input] {
                switch watch.compare(isActive: isActive, at: now) {
                case .failed: reports.append(.outputFailed(name, reason: Self.reason(watch)))
                case .recovered: reports.append(.outputRecovered(name))
                case nil: break
                }
            }
            feedback[name] = watch
        }
        return reports
    }

    private static func reason(_ watch: FeedbackWatch) -> String {
        watch.isEnergised
            ? "the relay did not answer: its feedback '\(watch.input)' shows it at rest; look at "
                + "coil, supply and wiring"
            : "the relay is welded or driven by something else: its feedback '\(watch.input)' shows "
                + "it energised; change the relay"
    }

    var feedbackDeadline: Instant? {
        feedback.values.compactMap(\.checkAt).filter { $0 != .distantPast }.min()
    }
}
