import GateConfiguration
import GateEngine
import GateTypes

/// What has happened at the gate lately, for displays and metrics; it decides nothing.
package struct GateView: Sendable {
    private static let platesKept = 20
    private static let alarmsKept = 100

    private var notices: [LaneName: Notice] = [:]
    private(set) var lastPlates: [LaneName: GateSnapshot.Plate] = [:]
    private(set) var plates: [GateSnapshot.Plate] = []
    private(set) var alarms: [GateSnapshot.Alarm] = []
    private(set) var counts: [String: Int] = [:]
    private var windows: [String: LatencyWindow] = [:]
    private var arrivals: [LaneName: Instant] = [:]
    private var newestFrames: [CameraName: Instant] = [:]
    private var grantedLanes: Set<LaneName> = []

    package init() {}

    // MARK: Events

    /// A settled change of an approach loop, by the time of its first edge.
    package mutating func approach(_ lane: LaneName, active: Bool, edge: Instant) {
        if active {
            guard arrivals[lane] == nil else { return }
            arrivals[lane] = edge
            // Who has just come, and may prove unreadable, must not be taken for the one before.
            lastPlates[lane] = nil
        } else {
            arrivals[lane] = nil
            grantedLanes.remove(lane)
        }
    }

    package mutating func observed(_ observation: PlateObservation) {
        newestFrames[observation.camera] = observation.frameTime
    }

    /// The raise relay of a lane was energised; counts when a plate's grant caused it.
    package mutating func raised(_ lane: LaneName, camera: CameraName?, at now: Instant) {
        guard grantedLanes.remove(lane) != nil else { return }
        if let arrival = arrivals.removeValue(forKey: lane) {
            add("arrival_to_relay", now - arrival)
        }
        if let frame = camera.flatMap({ newestFrames[$0] }) { add("frame_to_relay", now - frame) }
    }

    package mutating func told(_ lane: LaneName, _ notice: Notice) { notices[lane] = notice }

    package mutating func alarm(_ lane: LaneName?, _ code: String, _ text: String, _ wall: WallTime)
    {
        // Told again and again, it still stands since it came.
        guard !alarms.contains(where: { $0.lane == lane && $0.code == code && $0.text == text })
        else { return }
        clear(lane, code)
        guard alarms.count < Self.alarmsKept else { return }
        alarms.append(.init(lane: lane, code: code, text: text, since: wall))
    }

    package mutating func clear(_ lane: LaneName?, _ code: String) {
        alarms.removeAll { $0.lane == lane && $0.code == code }
    }

    package mutating func written(_ draft: EntryDraft) {
        counts[draft.kind.rawValue, default: 0] += 1
        if let outcome = draft.facts["outcome"] { counts["outcome_\(outcome)", default: 0] += 1 }
        guard let lane = draft.lane, draft.kind == .grant || draft.kind == .refusal else { return }
        if draft.kind == .grant { grantedLanes.insert(lane) }
        guard draft.personal[.badge] == nil else { return }  // Nobody came with a plate.
        let plate = GateSnapshot.Plate(
            lane: lane, text: draft.personal[.plate] ?? "", wall: draft.wall,
            isAdmitted: draft.kind == .grant, reason: draft.facts["reasons"] ?? "")
        lastPlates[lane] = plate
        plates.insert(plate, at: 0)
        if plates.count > Self.platesKept { plates.removeLast() }
    }

    package mutating func add(_ name: String, _ span: Duration) {
        // Names come over the link too; their number is bounded.
        guard windows.count < 32 || windows[name] != nil else { return }
        windows[name, default: LatencyWindow()].add(span)
    }

    // MARK: Showing

    package var latencies: [GateSnapshot.Latency] {
        windows.sorted { $0.key < $1.key }.map { name, window in
            GateSnapshot.Latency(
                name: name, count: window.count, p50: window.quantile(0.5).milliseconds,
                p95: window.quantile(0.95).milliseconds, p99: window.quantile(0.99).milliseconds,
                maximum: window.maximum.milliseconds)
        }
    }

    /// One lane as its lines and the newest notice show it.
    package func lane(
        _ status: LaneStatus, _ config: BarrierConfig, inputs: [LineName: Bool],
        asserted: Set<LineName>, blind: String?, texts: Texts
    ) -> GateSnapshot.Lane {
        let name = status.lane
        let active = { (line: LineName?) in line.map { inputs[$0] ?? true } ?? false }
        let roles: [(String, LineName?)] = [
            ("approach", config.inputs.approach), ("safety", config.inputs.safety),
            ("photocell", config.inputs.photocell),
        ]
        let notice = notices[name] ?? .ready
        return GateSnapshot.Lane(
            name: name, direction: config.direction.rawValue, state: status.state,
            isVehicleWaiting: status.isVehicleWaiting, notice: notice.rawValue,
            text: texts[notice], boom: Self.boom(config, active: active, asserted: asserted),
            occupied: roles.filter { active($0.1) }.map(\.0), camera: config.camera, blind: blind,
            lastPlate: lastPlates[name])
    }

    /// One turnstile or door as its lines and the newest notice show it.
    package func lane(
        _ status: PersonLaneStatus, _ config: GateConfig, inputs: [LineName: Bool],
        asserted: Set<LineName>, texts: Texts
    ) -> GateSnapshot.Lane {
        let active = { (line: LineName?) in line.map { inputs[$0] ?? true } ?? false }
        let turnstile = config.turnstiles[status.lane]
        let door = config.doors[status.lane]
        let roles: [(String, LineName?)] = [
            ("outer", turnstile?.inputs.outer), ("inner", turnstile?.inputs.inner),
            ("presence", door?.inputs.presence), ("obstacle", door?.inputs.obstacle),
        ]
        let releases = [
            turnstile?.outputs.entry, turnstile?.outputs.exit, turnstile?.outputs.gate,
            door?.outputs.strike,
        ]
        let isOpen = active(turnstile?.inputs.gate) || active(door?.inputs.contact)
        let isReleased = releases.contains { $0.map(asserted.contains) ?? false }
        let notice = notices[status.lane] ?? .ready
        let faces = config.faces[status.lane]
        return GateSnapshot.Lane(
            name: status.lane, direction: BarrierConfig.Direction.both.rawValue,
            state: status.state, isVehicleWaiting: false, notice: notice.rawValue,
            text: texts[notice], boom: isOpen ? "open" : isReleased ? "released" : "locked",
            occupied: roles.filter { active($0.1) }.map(\.0), camera: nil, blind: nil,
            lastPlate: nil,
            faceAlone: faces?.alone.map { "\($0.acceptedBy): \($0.reason)" },
            judgesLiveness: faces?.alone == nil ? nil : faces?.judgesLiveness)
    }

    private static func boom(
        _ config: BarrierConfig, active: (LineName?) -> Bool, asserted: Set<LineName>
    ) -> String {
        if let lower = config.outputs.lower, asserted.contains(lower) { return "lowering" }
        let isRaising = asserted.contains(config.outputs.raise)
        switch (active(config.inputs.up), active(config.inputs.down)) {
        case (true, false): return "up"
        case (_, _) where isRaising: return "rising"
        case (false, true): return "down"
        case (true, true): return "unknown"
        case (false, false):
            return config.inputs.up == nil && config.inputs.down == nil ? "unknown" : "between"
        }
    }
}
