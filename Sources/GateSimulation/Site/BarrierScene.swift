import GateConfiguration
import GateTypes

/// One barrier lane as it is in the world: boom, sensors, and the vehicles before and under it.
struct BarrierScene {
    /// In the order of `BarrierRules.Sensor`.
    enum Role: Int, CaseIterable { case approach, safety, photocell, up, down }

    /// A boom that stays up so long before a waiting driver is an invitation.
    private static let invitation = Duration.seconds(12)
    /// Who comes from the far side waits so long after the last one was seen on this side.
    private static let faced = Duration.seconds(12)
    private static let never = Instant(nanoseconds: .max)

    let name: LaneName
    private(set) var boom: BoomTrack
    /// Those from below in driving order, the first nearest to the exit; then those from the far side.
    private(set) var vehicles: [RoadVehicle] = []
    private var contacts = (raise: false, lower: false, stop: false)
    private var sensed: [Bool]
    private var upSince: Instant?
    private var loopClearSince: Instant?
    private var safetyClearSince: Instant?
    private(set) var due = Instant(nanoseconds: .max)
    private(set) var outputs: [SceneOutput] = []
    private var random: SeededRandom
    /// Sensors that cannot see a vehicle now, for the judgement of a strike.
    var loopIsBroken = false
    var beamIsBroken = false
    /// The controller that gave the boom's last command is still the one that runs.
    var isCommandOfThisLife = true
    var relayIsWelded = false

    init(_ name: LaneName, _ config: BarrierConfig, seed: UInt64, at now: Instant) {
        self.name = name
        let wiring: BoomModel.Wiring =
            config.outputs.lower == nil
            ? .singlePulse : config.outputs.stop == nil ? .held : .latched
        boom = BoomTrack(wiring: wiring, travel: config.timing.motor * 5 / 16, at: now)
        sensed = [false, false, false, false, true]
        loopClearSince = now - .seconds(60)
        safetyClearSince = now - .seconds(60)
        random = SeededRandom(seed: seed)
    }

    mutating func takeOutputs() -> [SceneOutput] {
        defer { outputs.removeAll(keepingCapacity: true) }
        return outputs
    }

    var hasSomebodyStanding: Bool { vehicles.contains { $0.speed == 0 } }

    /// Nobody is near, and the boom is down.
    var isAtRest: Bool { vehicles.isEmpty && boom.isDown }

    var isUnderClear: Bool { !sensed[Role.safety.rawValue] && !sensed[Role.photocell.rawValue] }

    /// Who stands before the boom, nearest first, as a camera sees it.
    func inView(at now: Instant) -> [(user: RoadUser, distance: Double, isMoving: Bool)] {
        vehicles.filter { !$0.isFar && (-9.0 ... -0.4).contains($0.front) }
            .map { ($0.user, -$0.front, $0.speed != 0) }
    }

    // MARK: What comes from outside

    mutating func add(_ user: RoadUser, at now: Instant) {
        let rear = vehicles.last { !$0.isFar }?.rear
        var vehicle = RoadVehicle(user, behind: rear, at: now, &random)
        if user.manner == .tailgates, let rear, rear > -8, rear < 2 {
            vehicle.front = min(rear - 1.2, LaneGeometry.stopLine)  // Right behind the one ahead.
        }
        vehicles.append(vehicle)
        update(to: now)
    }

    mutating func setContact(_ drive: BarrierRules.Drive, _ isOn: Bool, at now: Instant) {
        boom.advance(to: now, isOccupied: isBeamCovered)
        let wasOpposed = boom.isOpposed
        switch drive {
        case .raise: contacts.raise = isOn
        case .lower: contacts.lower = isOn
        case .stop: contacts.stop = isOn
        case .lamp: return
        }
        boom.command(raise: contacts.raise, lower: contacts.lower, stop: contacts.stop)
        if boom.isOpposed, !wasOpposed { outputs.append(.fact(.opposed)) }
        if isOn { isCommandOfThisLife = true }
        update(to: now)
    }

    mutating func set(motorIsBroken: Bool, at now: Instant) {
        boom.advance(to: now, isOccupied: isBeamCovered)
        boom.isBroken = motorIsBroken
        if motorIsBroken { boom.halt() }
        update(to: now)
    }

    /// The boom opens for a plate; without one, the first at the line takes it as meant for it.
    mutating func letIn(_ plate: String?, at now: Instant) {
        let named = vehicles.firstIndex { !$0.isFar && !$0.mayGo && $0.body.user.plate == plate }
        let first = vehicles.firstIndex {
            !$0.isFar && !$0.mayGo && $0.front > LaneGeometry.approachLoop.lowerBound
                && $0.front < LaneGeometry.safetyLoop.lowerBound
        }
        guard let index = named ?? first else { return }
        vehicles[index].mayGo = true
        update(to: now)
    }

    /// The guard sends the first one in the queue away.
    mutating func sendAway(at now: Instant) {
        guard
            let index = vehicles.firstIndex(where: {
                if case .waiting = $0.phase { true } else { false }
            })
        else { return }
        vehicles[index].phase = .reversing
        update(to: now)
    }

    // MARK: Time

    private var isBeamCovered: Bool { sensed[Role.photocell.rawValue] }

    mutating func update(to now: Instant) {
        boom.advance(to: now, isOccupied: isBeamCovered)
        upSince = boom.isUp ? upSince ?? now : nil
        for index in vehicles.indices { vehicles[index].advance(to: now) }
        keepOrder()
        for index in vehicles.indices { decide(index, at: now) }
        for index in vehicles.indices { vehicles[index].speed = speed(of: index) }
        for index in vehicles.indices { judge(index) }
        leave()
        sense(at: now)
        schedule()
    }

    /// Who is pushed back by the one ahead yields: two vehicles never stand in one place.
    private mutating func keepOrder() {
        for index in vehicles.indices {
            guard let ahead = ahead(of: index) else { continue }
            vehicles[index].front = min(vehicles[index].front, vehicles[ahead].rear)
        }
    }

    /// The place of the one ahead in the same direction.
    private func ahead(of index: Int) -> Int? {
        guard index > 0, !vehicles[index].isFar else { return nil }
        return vehicles[..<index].lastIndex { !$0.isFar }
    }

    private func gapWanted(_ vehicle: RoadVehicle) -> Double {
        vehicle.manner == .tailgates ? LaneGeometry.tailgateGap : LaneGeometry.gapInQueue
    }

    private func speed(of index: Int) -> Double {
        let vehicle = vehicles[index]
        let wish = vehicle.wish
        guard let ahead = ahead(of: index) else { return wish }
        let isClose = vehicle.front >= vehicles[ahead].rear - gapWanted(vehicle) - 1e-6
        return isClose ? min(wish, vehicles[ahead].speed) : wish
    }

    private mutating func decide(_ index: Int, at now: Instant) {
        var vehicle = vehicles[index]
        defer { vehicles[index] = vehicle }
        switch vehicle.phase {
        case .approaching:
            if vehicle.manner == .tailgates, boom.opening >= 0.9,
                vehicle.front >= LaneGeometry.approachLoop.lowerBound
            {
                vehicle.phase = .driving
            } else if vehicle.front >= LaneGeometry.stopLine - 1e-3 {
                vehicle.phase = .waiting(since: now)
                wait(&vehicle, since: now, at: now)
            }
        case .waiting(let since): wait(&vehicle, since: since, at: now)
        case .driving: drive(&vehicle, at: now)
        case .stalled(let until):
            guard now >= until else { return }
            vehicle.hasStalled = true
            vehicle.phase = .driving
        case .farApproaching:
            if vehicle.rear <= RoadVehicle.farStop + 1e-3 {
                vehicle.phase = .farWaiting(since: now)
            }
        case .farWaiting(let since):
            // Nobody drives towards somebody who is there, or was a moment ago.
            let isFree = !vehicles.contains { !$0.isFar && $0.front > LaneGeometry.turnedAway }
            let freeAt = loopClearSince.map { max($0, since) + Self.faced }
            vehicle.goAt = boom.opening >= 0.9 && isFree ? freeAt : nil
            if let at = vehicle.goAt, now >= at {
                vehicle.goAt = nil
                vehicle.phase = .farDriving
            } else if now - since >= vehicle.patience {
                vehicle.phase = .reversing
            }
        case .reversing, .farDriving: break
        }
    }

    private func wait(_ vehicle: inout RoadVehicle, since: Instant, at now: Instant) {
        if vehicle.manner == .forces {
            vehicle.goAt = vehicle.goAt ?? now + .seconds(3)
        } else if vehicle.manner == .tailgates, boom.opening >= 0.9 {
            vehicle.goAt = now
        } else if boom.isUp {
            let stays = vehicle.manner == .refuses || vehicle.manner == .turnsBack
            let up = upSince ?? now
            let isInvited = now - max(up, since) >= Self.invitation
            if !stays, vehicle.mayGo || isInvited {
                vehicle.goAt = vehicle.goAt ?? now + vehicle.reaction
            } else if !stays, vehicle.goAt == nil {
                vehicle.goAt = max(up, since) + Self.invitation + vehicle.reaction
            }
        } else {
            vehicle.goAt = nil
            if boom.isDown, vehicle.hasSeenOpen {
                vehicle.mayGo = false
                vehicle.hasSeenOpen = false
            }
        }
        if vehicle.mayGo, boom.isUp { vehicle.hasSeenOpen = true }
        if let at = vehicle.goAt, now >= at {
            vehicle.goAt = nil
            vehicle.phase = .driving
        } else if now - since >= vehicle.patience {
            vehicle.phase = .reversing
        }
    }

    private func drive(_ vehicle: inout RoadVehicle, at now: Instant) {
        let isBefore = vehicle.front < LaneGeometry.safetyLoop.lowerBound
        if isBefore, vehicle.manner != .forces, !boom.isUp, boom.motion != .rising {
            vehicle.phase = .waiting(since: now)  // Nobody drives into a boom that he sees coming.
            return
        }
        guard let target = vehicle.target, vehicle.front >= target - 1e-3 else { return }
        if vehicle.manner == .nosesIn {
            vehicle.phase = .reversing
        } else if vehicle.manner == .stalls {
            vehicle.phase = .stalled(until: now + .seconds(12))
        }
    }

    // MARK: What happens

    private mutating func judge(_ index: Int) {
        let vehicle = vehicles[index]
        let isUnder = vehicle.isUnderBoom
        if isUnder, !vehicle.wasUnder {
            vehicles[index].wasUnder = true
            if boom.isLow {
                vehicles[index].isHit = true
                outputs.append(.fact(.brokeThrough))
            }
        }
        guard isUnder, boom.isLow, boom.motion == .lowering, !vehicles[index].isHit else { return }
        vehicles[index].isHit = true
        let isBlind = beamIsBroken && (loopIsBroken || vehicle.body.isHigh)
        let isExcused = isBlind || !isCommandOfThisLife || relayIsWelded
        outputs.append(.fact(isExcused ? .struckBlindly : .struck))
    }

    private mutating func leave() {
        guard vehicles.contains(where: \.isGone) else { return }
        for vehicle in vehicles where vehicle.isGone {
            switch vehicle.phase {
            case .reversing:
                let wasIn = !vehicle.isFar && vehicle.mayGo
                outputs.append(.fact(wasIn ? .turnedBack : .wentAway))
            case .farDriving: outputs.append(.fact(.wrongWay))
            case .approaching, .waiting, .driving, .stalled, .farApproaching, .farWaiting:
                outputs.append(
                    .fact(vehicle.mayGo ? .passed : .passedUnasked(isTold: vehicle.isTold)))
            }
        }
        vehicles.removeAll(where: \.isGone)
    }

    /// A loop that was clear for less than its hold time has not told two vehicles apart.
    private static let apart = Duration.milliseconds(500)

    private mutating func sense(at now: Instant) {
        for index in vehicles.indices where !vehicles[index].wasOnLoop {
            guard vehicles[index].covers(LaneGeometry.approachLoop, byLoop: true) else { continue }
            vehicles[index].wasOnLoop = true
            if let since = loopClearSince, now - since >= Self.apart {
                vehicles[index].isTold = true
            }
        }
        for index in vehicles.indices where !vehicles[index].wasOnSafety {
            guard vehicles[index].covers(LaneGeometry.safetyLoop, byLoop: true) else { continue }
            vehicles[index].wasOnSafety = true
            if vehicles[index].wasRead, let since = safetyClearSince, now - since >= Self.apart {
                vehicles[index].isTold = true
            }
        }
        var found = [false, false, false, boom.isUp, boom.isDown]
        for vehicle in vehicles {
            if vehicle.covers(LaneGeometry.approachLoop, byLoop: true) { found[0] = true }
            if vehicle.covers(LaneGeometry.safetyLoop, byLoop: true) { found[1] = true }
            if vehicle.covers(0...0, byLoop: false) { found[2] = true }
        }
        for role in found.indices where found[role] != sensed[role] {
            outputs.append(.sense(role, found[role]))
        }
        if found[0] { loopClearSince = nil } else if sensed[0] { loopClearSince = now }
        if found[1] { safetyClearSince = nil } else if sensed[1] { safetyClearSince = now }
        sensed = found
    }

    /// A camera has read these plates.
    mutating func wereRead(_ plates: [String]) {
        for index in vehicles.indices where plates.contains(vehicles[index].user.plate) {
            vehicles[index].wasRead = true
        }
    }

    private mutating func schedule() {
        due = boom.next ?? Self.never
        for index in vehicles.indices {
            let ahead = ahead(of: index)
            let limit = ahead.map { vehicles[$0].rear - gapWanted(vehicles[index]) }
            let speed = ahead.map { vehicles[$0].speed } ?? 0
            if let next = vehicles[index].next(aheadRear: limit, aheadSpeed: speed) {
                due = min(due, next)
            }
        }
        if !outputs.isEmpty { due = Instant(nanoseconds: .min) }
    }

    /// To be called when the outputs were taken.
    mutating func settled() { schedule() }
}
