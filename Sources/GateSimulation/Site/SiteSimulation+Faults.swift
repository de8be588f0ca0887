import GateConfiguration
import GateEngine
import GateTypes

extension SiteSimulation {
    /// The adapter needs so long to give up on a line.
    private static let noticeLost = Duration.milliseconds(400)
    /// A controller that was killed, or a machine that boots.
    private static let boot = Duration.seconds(20)

    mutating func begin(
        _ kind: Scenario.FaultKind, line: LineName?, lane: LaneName?, lasts: Duration, by: Duration
    ) {
        report.faults[kind.rawValue, default: 0] += 1
        excuse(line: line, lane: lane)
        switch kind {
        case .stuck: breakInput(line, .stuckActive)
        case .dead: breakInput(line, .stuckClear)
        case .late: breakInput(line, .late(by > .zero ? by : .seconds(2)))
        case .flapping, .gone:
            breakInput(line, kind == .gone ? .gone : .flapping)
            if let line { jobs.add(.lineLost(line), at: now + Self.noticeLost) }
            if let line, let relay = relayIndex[line] {
                send(.outputFailed(relays[relay].name, reason: "simulated"))
            }
        case .relayDead: breakRelay(line, .noAnswer)
        case .relayWelded: breakRelay(line, .welded)
        case .motor: motor(lane, isBroken: true)
        case .camera: camera(lane, isBlind: true)
        case .storageStall: stalledUntil = max(stalledUntil, now + lasts)
        case .kill:
            kill()
            jobs.add(.start, at: now + lasts)
        case .powerCut: cutPower()
        case .fire: fire(true)
        case .clockJump: clockOffset += by == .zero ? .seconds(3_600) : by
        }
        if lasts > .zero { jobs.add(.end(kind, line: line, lane: lane), at: now + lasts) }
    }

    mutating func end(_ kind: Scenario.FaultKind, line: LineName?, lane: LaneName?) {
        excuse(line: line, lane: lane)
        switch kind {
        case .stuck, .dead, .late, .flapping, .gone: breakInput(line, nil)
        case .relayDead, .relayWelded: breakRelay(line, nil)
        case .motor: motor(lane, isBroken: false)
        case .camera: camera(lane, isBlind: false)
        case .storageStall, .kill, .clockJump: break
        case .powerCut: returnPower()
        case .fire: fire(false)
        }
    }

    private mutating func excuse(line: LineName?, lane: LaneName?) {
        if let lane { rules[lane]?.excuse(at: now) }
        guard let line, let owner = owner(of: line) else { return }
        rules[owner]?.excuse(at: now)
    }

    /// The lane that a line belongs to.
    func owner(of line: LineName) -> LaneName? {
        if let index = inputIndex[line] {
            for (lane, lines) in zip(barrierNames, barrierLines) where lines.contains(index) {
                return lane
            }
            for (lane, lines) in zip(turnstileNames, turnstileLines) where lines.contains(index) {
                return lane
            }
            for (lane, lines) in zip(doorNames, doorLines) where lines.contains(index) {
                return lane
            }
        }
        guard let index = relayIndex[line], let place = drives[index] else { return nil }
        return switch place {
        case .barrier(let lane, _): barrierNames[lane]
        case .turnstile(let lane, _): turnstileNames[lane]
        case .door(let lane, _): doorNames[lane]
        }
    }

    private mutating func breakInput(_ line: LineName?, _ fault: LineFault?) {
        guard let line, let index = inputIndex[line] else { return }
        inputs[index].set(fault, at: now, &random)
        noteInput(index)
        if fault == nil, inputs[index].isLost {
            inputs[index].isLost = false
            send(.inputRecovered(line, active: inputs[index].isActive))
        }
        markBlind()
        if fault == .stuckActive, let lane = owner(of: line), let after = stuckAfter(line, lane) {
            jobs.add(.stuckFor(line, lane, life: life), at: now + after)
        }
    }

    /// Which booms have nothing left that could see a vehicle.
    private mutating func markBlind() {
        for index in barriers.indices {
            func isBroken(_ role: BarrierScene.Role) -> Bool {
                guard let line = barrierLines[index][role.rawValue] else { return true }
                switch inputs[line].fault {
                case .stuckClear, .late: return true
                case nil, .stuckActive, .gone, .flapping, .relay: return false
                }
            }
            barriers[index].loopIsBroken = isBroken(.safety)
            barriers[index].beamIsBroken = isBroken(.photocell)
        }
    }

    /// By when an input that is stuck has to be an alarm; nil where none is asked for.
    private func stuckAfter(_ line: LineName, _ lane: LaneName) -> Duration? {
        let margin = Duration.seconds(150)
        if let barrier = config.lanes[lane] {
            let inputs = barrier.inputs
            let isPresence = [inputs.safety, inputs.photocell, inputs.approach].contains(line)
            return isPresence ? barrier.timing.stuck + barrier.timing.passageTimeout + margin : nil
        }
        if let turnstile = config.turnstiles[lane] {
            let isBeam = [turnstile.inputs.outer, turnstile.inputs.inner].contains(line)
            return isBeam ? turnstile.timing.stuck + margin : nil
        }
        guard let door = config.doors[lane] else { return nil }
        let isWatched = [door.inputs.exit, door.inputs.presence, door.inputs.obstacle].contains(
            line)
        return isWatched ? door.timing.stuck + margin : nil
    }

    /// It has been stuck all the time, and the controller was there.
    mutating func judgeStuck(_ line: LineName, _ lane: LaneName) {
        guard let index = inputIndex[line], inputs[index].fault == .stuckActive, isAlive,
            alarms[lane, default: []].isEmpty
        else { return }
        checker.worldViolates("rule 7: '\(line)' is stuck without an alarm", lane: lane, at: now)
    }

    mutating func lose(_ line: LineName) {
        guard let index = inputIndex[line], !inputs[index].isLost else { return }
        switch inputs[index].fault {
        case .gone, .flapping:
            inputs[index].isLost = true
            send(.inputFailed(line, reason: "simulated"))
        case nil, .stuckActive, .stuckClear, .late, .relay: break
        }
    }

    private mutating func breakRelay(_ line: LineName?, _ fault: RelayModel.Fault?) {
        guard let line, let index = relayIndex[line] else { return }
        relays[index].set(fault, at: now)
        noteRelay(index)
        guard case .barrier(let lane, _)? = drives[index] else { return }
        let isWelded = relays.indices.contains { other in
            guard case .barrier(lane, _)? = drives[other] else { return false }
            return relays[other].fault == .welded
        }
        barriers[lane].relayIsWelded = isWelded
    }

    private mutating func motor(_ lane: LaneName?, isBroken: Bool) {
        guard let lane, case .barrier(let index) = lanes[lane] else { return }
        barriers[index].set(motorIsBroken: isBroken, at: now)
        drainBarrier(index)
    }

    private mutating func camera(_ lane: LaneName?, isBlind: Bool) {
        guard let lane, let camera = config.lanes[lane]?.camera else { return }
        if isBlind { blindCameras.insert(camera) } else { blindCameras.remove(camera) }
        send(.camera(camera, isBlind ? .blind(reason: "simulated") : .seeing))
    }

    private mutating func fire(_ isActive: Bool) {
        guard let line = config.fire, let index = inputIndex[line] else { return }
        inputs[index].sense(isActive, at: now, &random)
        noteInput(index)
    }

    // MARK: Power

    private mutating func cutPower() {
        kill()
        hasPower = false
        for index in barriers.indices {
            barriers[index].set(motorIsBroken: true, at: now)
            drainBarrier(index)
        }
        for index in relays.indices where relays[index].restsEnergised { contactMoved(index) }
    }

    private mutating func returnPower() {
        hasPower = true
        for index in barriers.indices {
            barriers[index].set(motorIsBroken: false, at: now)
            drainBarrier(index)
        }
        for index in relays.indices where relays[index].restsEnergised { contactMoved(index) }
        jobs.add(.start, at: now + Self.boot)
    }
}
