import EventLoop
import GateConfiguration
import GateEngine
import GateTypes
import LineControl

/// The physical side of a site: booms, loops, vehicles and faults, in virtual or real time.
///
/// It moves only when it is told the time, in steps of `step` while anything is in motion, and
/// jumps over the rest. Connect it to a `LineBank` through a `SimulatedChip`.
package final class SimulatedWorld {
    package struct PlannedFault: Hashable, Sendable {
        package var after: Duration
        package var lasts: Duration
        package var line: LineName
        package var fault: LineFault

        package init(after: Duration, lasts: Duration, line: LineName, fault: LineFault) {
            self.after = after
            self.lasts = lasts
            self.line = line
            self.fault = fault
        }
    }

    private enum Appointment {
        case arrival(LaneName, VehiclePlan)
        case fault(LineName, LineFault?)
        case input(LineName, Bool)
    }

    package static let step = Duration.milliseconds(10)
    /// The scene is published this often while anything moves.
    private static let sceneInterval = Duration.milliseconds(40)
    /// Without a change of the heartbeat for this long the watchdog relay lets go.
    package static let watchdogTime = Duration.milliseconds(500)
    private static let eventLimit = 10_000

    package let start: Instant
    package private(set) var clock: Instant
    package private(set) var lanes: [LaneName: LaneModel] = [:]
    /// What happened, oldest first; the oldest are dropped beyond a limit.
    package private(set) var events: [(instant: Instant, event: WorldEvent)] = []
    package private(set) var totals = SceneState.Totals()
    /// Called with each new scene.
    package var onScene: ((SceneState) -> Void)?

    private let config: GateConfig
    private var people: PeopleModel
    private var random: SeededRandom
    /// Latest first, so that the next is taken from the end.
    private var appointments: [(due: Instant, what: Appointment)] = []
    /// Vehicles whose lane's entry is still taken.
    private var held: [(LaneName, VehiclePlan)] = []
    private var inputs: [LineName: SimulatedInput] = [:]
    private var levels: [LineName: Bool] = [:]
    private var faults: [LineName: LineFault] = [:]
    /// Inputs of no lane, such as fire, set by hand.
    private var manual: [LineName: Bool] = [:]
    private var asked: [CameraName: SceneState.Turn] = [:]
    private var heartbeatChanged: Instant?
    private var scenePublished = Instant(nanoseconds: .min)

    /// - Parameters:
    ///   - travel: how long a boom takes from end to end.
    ///   - resume: the time now, when a world that began at `start` goes on after a restart;
    ///     whoever should have come before it is gone.
    package init(
        config: GateConfig, traffic: TrafficPlan = TrafficPlan(), faults: [PlannedFault] = [],
        seed: UInt64 = 1, travel: Duration = .milliseconds(2500), start: Instant,
        resume: Instant? = nil
    ) {
        self.config = config
        self.start = start
        clock = max(start, resume ?? start)
        random = SeededRandom(seed: seed)
        // People come as long as vehicles do; without a plan nobody comes.
        people = PeopleModel(
            config: config, seed: seed, from: max(start, resume ?? start),
            until: start + (traffic.arrivals.last?.after ?? .zero))
        for (name, lane) in config.lanes {
            lanes[name] = LaneModel(name, lane, travel: travel)
        }
        for arrival in traffic.arrivals {
            appoint(start + arrival.after, .arrival(arrival.lane, arrival.vehicle))
        }
        for planned in faults {
            appoint(start + planned.after, .fault(planned.line, planned.fault))
            appoint(start + planned.after + planned.lasts, .fault(planned.line, nil))
        }
        appointments.removeAll { $0.due < clock }
        for (name, input) in config.inputs {
            inputs[name] = SimulatedInput(name, input.contact)
        }
        // Data lines of readers rest high; nobody holds a badge there.
        for name in config.pulses.keys { inputs[name] = SimulatedInput(name, .normallyClosed) }
        for input in inputs.values { sense(input, of: sensed()) }
    }

    // MARK: Playing the outside

    /// Sets an input that belongs to no lane, from the next step on.
    package func set(_ line: LineName, active: Bool, at time: Instant) {
        appoint(time, .input(line, active))
    }

    /// Breaks a line, or mends it with nil.
    package func set(_ fault: LineFault?, of line: LineName, at time: Instant) {
        appoint(time, .fault(line, fault))
    }

    package func spawn(_ vehicle: VehiclePlan, on lane: LaneName, at time: Instant) {
        appoint(time, .arrival(lane, vehicle))
    }

    /// Badges that were shown since the last call; the world has no reader's wires.
    package func takeBadges() -> [BadgeReading] { people.takeBadges() }

    /// Shows what a lane's display says, at once, to whoever is asked to turn their head there.
    package func told(_ lane: LaneName, _ notice: Notice) {
        let turn: SceneState.Turn? =
            notice == .turnLeft ? .left : notice == .turnRight ? .right : nil
        let before = asked
        for way in [config.faces[lane]?.entry, config.faces[lane]?.exit] {
            if let way, way.asksChallenge { asked[way.camera] = turn }
        }
        guard asked != before else { return }
        scenePublished = clock
        onScene?(scene)
    }

    private func appoint(_ due: Instant, _ what: Appointment) {
        let place = appointments.firstIndex { $0.due < due } ?? appointments.endIndex
        appointments.insert((due, what), at: place)
    }

    // MARK: Lines

    func openInput(_ line: LineName) throws(LineError) -> any InputPort {
        guard let input = inputs[line] else { throw .unknown(line) }
        try input.answer()
        return input
    }

    func openOutput(_ line: LineName, isHigh: Bool) throws(LineError) -> any OutputPort {
        guard config.outputs[line] != nil else { throw .unknown(line) }
        try setOutput(line, isHigh: isHigh)
        return SimulatedOutput(line, of: self)
    }

    func setOutput(_ line: LineName, isHigh: Bool) throws(LineError) {
        if faults[line] == .gone {
            throw .failed(line, operation: "write", reason: "No such device (simulated)")
        }
        if line == config.heartbeat, let before = levels[line], before != isHigh {
            heartbeatChanged = clock
        }
        let isNew = levels.updateValue(isHigh, forKey: line) != isHigh
        driveRelay(line)
        if isNew, isFed, let output = config.outputs[line], isHigh != (output.rest == .energised) {
            walk(through: line, of: config)
        }
    }

    /// The relay's contact commands the motor while the output is away from rest and, where there
    /// is a heartbeat, while the watchdog relay feeds it. A heartbeat that never began does not
    /// count: then the watchdog relay is bridged.
    private func driveRelay(_ line: LineName) {
        guard let output = config.outputs[line], let isHigh = levels[line] else { return }
        let isAway = isHigh != (output.rest == .energised)
        for name in lanes.keys where lanes[name]?.owns(line) ?? false {
            lanes[name]?.setCoil(line, isOn: isAway && isFed, at: clock)
        }
        if people.owns(line) { people.setCoil(line, isOn: isAway && isFed, at: clock) }
    }

    private var isFed: Bool {
        heartbeatChanged.map { clock - $0 <= Self.watchdogTime } ?? true
    }

    // MARK: Time

    private var isQuiet: Bool {
        held.isEmpty && lanes.values.allSatisfy(\.isQuiet) && !people.isSettling
            && !inputs.values.contains { $0.isBusy }
    }

    /// When the world moves next by itself.
    package var nextChange: Instant? {
        isQuiet ? nextAppointment.map { max($0, clock) } : clock + Self.step
    }

    private var nextAppointment: Instant? {
        [appointments.last?.due, people.next].compactMap { $0 }.min()
    }

    /// Lets everything happen that happens until `now`.
    package func advance(to now: Instant) {
        while clock <= now {
            if isQuiet {
                guard let due = nextAppointment, due <= now else {
                    clock = now
                    break
                }
                clock = max(clock, due)
                keepAppointments()
                people.step(to: clock)
                senseAll()
            } else {
                guard clock + Self.step <= now else { break }
                stepOnce()
            }
        }
        publish(at: now)
    }

    private func stepOnce() {
        clock = clock + Self.step
        keepAppointments()
        if heartbeatChanged != nil { for line in levels.keys { driveRelay(line) } }
        for name in lanes.keys.sorted() {
            guard var lane = lanes[name], !lane.isQuiet else { continue }
            for event in lane.step(by: Self.step, to: clock) { note(event) }
            lanes[name] = lane
        }
        people.step(to: clock)
        senseAll()
    }

    private func senseAll() {
        let sensed = sensed()
        for input in config.inputs.keys.sorted().compactMap({ inputs[$0] }) {
            sense(input, of: sensed)
        }
    }

    private func sense(_ input: SimulatedInput, of sensed: [LineName: Bool]) {
        input.sense(
            sensed[input.name] ?? false, at: clock, step: Self.step, random: &random)
    }

    private func sensed() -> [LineName: Bool] {
        lanes.values.reduce(into: manual.merging(people.sensed) { $1 }) { states, lane in
            states.merge(lane.sensed) { $1 }
        }
    }

    private func keepAppointments() {
        while let next = appointments.last, next.due <= clock {
            appointments.removeLast()
            switch next.what {
            case .arrival(let lane, let plan): held.append((lane, plan))
            case .input(let line, let active): manual[line] = active
            case .fault(let line, let fault): apply(fault, to: line)
            }
        }
        // A queue up to the entry keeps the next ones waiting outside.
        var waiting: [(LaneName, VehiclePlan)] = []
        for (lane, plan) in held {
            if lanes[lane]?.hasRoom ?? true {
                lanes[lane]?.add(plan)
            } else {
                waiting.append((lane, plan))
            }
        }
        held = waiting
    }

    private func apply(_ fault: LineFault?, to line: LineName) {
        faults[line] = fault
        inputs[line]?.fault = fault
        let relayFault: RelayModel.Fault? = if case .relay(let kind) = fault { kind } else { nil }
        for name in lanes.keys where lanes[name]?.owns(line) ?? false {
            lanes[name]?.setFault(relayFault, of: line)
        }
    }

    private func note(_ event: WorldEvent) {
        if events.count >= Self.eventLimit { events.removeFirst(Self.eventLimit / 10) }
        events.append((clock, event))
        switch event {
        case .arrived: totals.arrived += 1
        case .passed: totals.passed += 1
        case .turnedBack: totals.turnedBack += 1
        case .forced: totals.forced += 1
        case .struck: totals.struck += 1
        case .entered, .opposed: break
        }
    }

    // MARK: The scene

    package var scene: SceneState {
        var scene = SceneState(start: start, time: clock)
        scene.totals = totals
        scene.asked = asked
        for (name, lane) in lanes {
            let vehicles = lane.vehicles
                .filter { $0.rear < LaneGeometry.photocell }
                .map { SceneState.Standing(vehicle: $0.plan.number, distance: -$0.front) }
            scene.lanes[name] = SceneState.Lane(opening: lane.boom.opening, vehicles: vehicles)
        }
        return scene
    }

    private func publish(at now: Instant) {
        guard let onScene, now - scenePublished >= Self.sceneInterval else { return }
        scenePublished = now
        onScene(scene)
    }
}
