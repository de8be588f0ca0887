import GateConfiguration
import GateTypes

/// One input: from raw edges to settled, trusted changes.
struct InputChannel {
    enum Condition: Hashable {
        case working
        /// Too many edges: read at intervals, active meanwhile.
        case muted(quietSince: Instant)
        /// Gone: requested again at `retryAt`.
        case lost(retryAt: Instant, pause: Duration)

        /// Given up; each time the pause before the next try grows.
        func lost(at now: Instant) -> Condition {
            guard case .lost(_, let before) = self else {
                return .lost(retryAt: now + LineLimits.reopenPause, pause: LineLimits.reopenPause)
            }
            let pause = min(before * 2, LineLimits.reopenPauseLongest)
            return .lost(retryAt: now + pause, pause: pause)
        }
    }

    let name: LineName
    let config: InputConfig
    private(set) var condition = Condition.working
    private(set) var port: (any InputPort)?
    private var debounce: InputDebounce
    /// How the present level came to be known.
    private enum Source {
        case edge
        /// Read when the line was opened; its edge may or may not still come.
        case opening
        /// Read where an edge should have told it; counted as lost unless that edge comes.
        case reading
    }

    /// Active or not after the last edge or reading.
    private var level: Bool
    private var source = Source.opening
    private var edgesLost = 0
    private var window = EdgeWindow()

    /// A channel not yet open, which reads as active.
    init(name: LineName, config: InputConfig) {
        self.name = name
        self.config = config
        level = true
        debounce = InputDebounce(
            activeAfter: config.activeAfter, clearAfter: config.clearAfter, active: true,
            at: Instant(nanoseconds: .min))
        condition = .lost(retryAt: Instant(nanoseconds: .min), pause: LineLimits.reopenPause)
    }

    /// What the gate believes: a line that cannot be trusted is active.
    var isActive: Bool { condition == .working ? debounce.isActive : true }

    /// A closed contact lets current flow; a broken wire looks like an open one.
    static func isActive(_ contact: InputConfig.Contact, isHigh: Bool) -> Bool {
        switch contact {
        case .normallyClosed: !isHigh
        case .normallyOpen: isHigh
        }
    }

    var nextDeadline: Instant? {
        switch condition {
        case .working: debounce.deadline
        case .muted: nil
        case .lost(let retryAt, _): retryAt
        }
    }

    // MARK: Opening

    mutating func open(on chip: any LineChip, at now: Instant) throws(LineError) {
        let opened = try chip.openInput(
            InputRequest(
                line: name, address: config.address, isActiveLow: config.isActiveLow,
                bias: config.bias))
        let isHigh = try opened.isHigh()
        port = opened
        trust(Self.isActive(config.contact, isHigh: isHigh), at: now)
    }

    /// Starts afresh from a level just read.
    private mutating func trust(_ active: Bool, at now: Instant) {
        level = active
        source = .opening
        debounce = InputDebounce(
            activeAfter: config.activeAfter, clearAfter: config.clearAfter, active: active, at: now)
        window = EdgeWindow()
        condition = .working
    }

    /// Gives the line up until it is requested again.
    mutating func lose(at now: Instant) {
        port = nil
        condition = condition.lost(at: now)
    }

    func isDueForReopening(at now: Instant) -> Bool {
        if case .lost(let retryAt, _) = condition { now >= retryAt } else { false }
    }

    // MARK: Edges

    /// The edges waiting now, as active or clear.
    func waitingEdges() throws(LineError) -> [(instant: Instant, active: Bool)] {
        guard let port else { return [] }
        return try port.edges(limit: LineLimits.edgesPerTurn)
            .map { ($0.instant, Self.isActive(config.contact, isHigh: $0.isHigh)) }
    }

    /// Applies one edge; a direction that repeats shows an edge that was lost between.
    mutating func take(_ active: Bool, at instant: Instant) -> [LineReport] {
        if case .muted = condition { return [] }
        var reports: [LineReport] = []
        switch (source, active == level) {
        case (.edge, true):
            edgesLost += 1
            reports += settle(debounce.edge(active: !active, at: instant))
            reports += settle(debounce.edge(active: active, at: instant))
        case (.reading, false):
            edgesLost += 1
            reports += settle(debounce.edge(active: active, at: instant))
        case (.edge, false), (.opening, false):
            reports += settle(debounce.edge(active: active, at: instant))
        case (.opening, true), (.reading, true):
            break  // The edge that the reading was ahead of.
        }
        source = .edge
        level = active
        if window.count(instant) > LineLimits.edgesPerSecond {
            reports.append(mute(at: instant))
        }
        return reports
    }

    mutating func advance(to now: Instant) -> [LineReport] {
        condition == .working ? settle(debounce.advance(to: now)) : []
    }

    private func settle(_ changes: [InputDebounce.Change]) -> [LineReport] {
        changes.map { change in
            let hold = change.active ? config.activeAfter : config.clearAfter
            return .input(
                name, active: change.active, edge: change.at - hold, settled: change.at)
        }
    }

    private mutating func mute(at instant: Instant) -> LineReport {
        condition = .muted(quietSince: instant)
        let told = "more than \(LineLimits.edgesPerSecond) edges in a second; look for a loose "
        return .inputFailed(name, reason: told + "contact, a missing bias or a disturbed cable")
    }

    // MARK: Looking without an edge

    /// Compares the level with the last edge; a difference acts at once, as an edge would.
    mutating func compare(at now: Instant) throws(LineError) -> [LineReport] {
        guard condition == .working, let port else { return [] }
        let active = Self.isActive(config.contact, isHigh: try port.isHigh())
        guard active != level else { return [] }
        level = active
        source = .reading
        return settle(debounce.edge(active: active, at: now))
    }

    /// The look at regular intervals, edges or not.
    mutating func audit(at now: Instant) throws(LineError) -> [LineReport] {
        guard let port else { return [] }
        switch condition {
        case .lost:
            return []
        case .muted(let quietSince):
            // A second edge in one look begins the quiet time anew.
            if try port.edges(limit: LineLimits.edgesPerTurn).count > 1 {
                condition = .muted(quietSince: now)
            } else if now - quietSince >= LineLimits.quietTime {
                let active = Self.isActive(config.contact, isHigh: try port.isHigh())
                trust(active, at: now)
                return [.inputRecovered(name, active: active)]
            }
            return []
        case .working:
            var reports: [LineReport] = []
            if source == .reading {
                edgesLost += 1
                source = .edge
            }
            reports += try compare(at: now)
            if edgesLost > 0 {
                reports.append(.edgesLost(name, count: edgesLost))
                edgesLost = 0
            }
            return reports
        }
    }
}

/// Counts edges by the second.
struct EdgeWindow {
    private var start = Instant(nanoseconds: .min)
    private var edges = 0

    mutating func count(_ instant: Instant) -> Int {
        if instant - start >= .seconds(1) {
            start = instant
            edges = 0
        }
        edges += 1
        return edges
    }
}
