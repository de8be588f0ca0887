import GateConfiguration
import GateEngine
import GateTypes

/// One vehicle on a line: approach loop 0...2 m, boom and photocell at 6.5 m, safety loop 5...8 m.
struct Driver {
    enum Manner { case plain, sleepy, neverDrives, nosesIn, stopsUnder, tailgates, gaveUp }

    let plate: String
    let isListed: Bool
    let isReadable: Bool
    var manner: Manner
    let length: Double
    let since: Instant
    var front = -4.0
    var mayGo = false
    var waitsUntil: Instant?
    var atLine: Instant?

    var rear: Double { front - length }
    var isGone: Bool { manner == .gaveUp && front < -4 }
    func covers(_ from: Double, _ to: Double) -> Bool { front > from && rear < to }
}

extension World {
    mutating func moveWorld() {
        for name in laneNames { move(name) }
        makeTrouble()
    }

    private mutating func move(_ name: LaneName) {
        guard let lane = config.lanes[name], var boom = booms[name] else { return }
        if let due = nextDriver[name], now >= due { addDriver(name) }
        var queue = drivers[name] ?? []
        for index in queue.indices {
            let ahead = index > 0 ? queue[index - 1].rear : 1_000
            drive(&queue[index], ahead: ahead, boom: boom)
        }
        driversGone += queue.filter { $0.rear > 12 || $0.isGone }.count
        queue.removeAll { $0.rear > 12 || $0.isGone }
        drivers[name] = queue
        let onSafety = queue.contains { $0.covers(5, 8) }
        let inBeam = queue.contains { $0.covers(6.4, 6.6) }
        boom.move(
            Self.step, at: now, isOccupied: onSafety || inBeam,
            isTrulyUnder: inBeam && boom.position < 0.8)
        booms[name] = boom
        if let line = lane.inputs.approach { set(line, queue.contains { $0.covers(0, 2) }) }
        set(lane.inputs.safety, onSafety)
        if let line = lane.inputs.photocell { set(line, inBeam) }
        if let line = lane.inputs.up { set(line, boom.position >= 0.999) }
        if let line = lane.inputs.down { set(line, boom.position <= 0.001) }
        if now.nanoseconds / 50_000_000 % 4 == 0 { look(name, queue, lane) }
    }

    private mutating func addDriver(_ name: LaneName) {
        nextDriver[name] = now + random.milliseconds(4_000...40_000)
        guard (drivers[name]?.count ?? 0) < 4 else { return }
        let isListed = random.chance(0.7)
        let digits = (0..<5).map { _ in Int.random(in: 0...9, using: &random) }
        let stranger = "苏E" + digits.map(String.init).joined()
        // In turn, so that nobody is back before his last passage has ended.
        let fleet = config.roster.vehicles.filter { $0.group == "lorries" }
        nextListed = (nextListed + 1) % fleet.count
        let free =
            drivers.values.contains { $0.contains { $0.plate == fleet[nextListed].plate } }
            ? nil : fleet[nextListed].plate
        let plate = isListed ? free ?? stranger : stranger
        var manner = Driver.Manner.plain
        if random.chance(troubles.oddDrivers) {
            manner =
                [.sleepy, .neverDrives, .nosesIn, .stopsUnder, .tailgates, .tailgates]
                .randomElement(using: &random) ?? .plain
        }
        let start = min(-4, (drivers[name]?.last?.rear ?? 0) - 4)
        drivers[name]?.append(
            Driver(
                plate: plate, isListed: isListed && free != nil,
                isReadable: !random.chance(troubles.oddDrivers / 8), manner: manner,
                length: Double.random(in: 4...12, using: &random), since: now,
                front: start))
    }

    /// The first vehicle at the line takes the raising boom as meant for it.
    mutating func release(_ name: LaneName) {
        guard let index = drivers[name]?.firstIndex(where: { !$0.mayGo && $0.front > 0 }) else {
            return
        }
        drivers[name]?[index].mayGo = true
        guard let driver = drivers[name]?[index] else { return }
        if driver.isListed { listedServed += 1 } else { strangersAdmitted += 1 }
        if driver.manner == .sleepy { drivers[name]?[index].waitsUntil = now + .seconds(20) }
    }

    private mutating func drive(_ driver: inout Driver, ahead: Double, boom: Boom) {
        let pace = 2.0 * Self.step.milliseconds / 1000
        let isBeforeBoom = driver.front < 4.5
        if driver.front > 0 { driver.atLine = driver.atLine ?? now }
        var goal = 100.0
        switch driver.manner {
        case .plain, .stopsUnder: if isBeforeBoom, !driver.mayGo { goal = 1.5 }
        case .sleepy:
            if isBeforeBoom, !driver.mayGo || now < driver.waitsUntil ?? now { goal = 1.5 }
        case .neverDrives:
            goal = 1.5
            if driver.mayGo, driver.waitsUntil == nil { driver.waitsUntil = now + .seconds(50) }
            if let until = driver.waitsUntil, now >= until { driver.manner = .gaveUp }
        case .nosesIn:
            goal = driver.mayGo ? 5.6 : 1.5
            if driver.front >= 5.6 { driver.manner = .gaveUp }
        case .tailgates: if isBeforeBoom, boom.position < 0.95 { goal = 1.5 }
        case .gaveUp: goal = -100
        }
        if !driver.mayGo, isBeforeBoom, driver.front > 0,
            now - (driver.atLine ?? now) > .seconds(60)
        {
            driver.manner = .gaveUp
        }
        // Nobody drives into a boom that he sees.
        if driver.front < 6.3, goal > 6.3, boom.position < 0.9 { goal = min(goal, 4.4) }
        if driver.manner == .stopsUnder, driver.front > 7 {
            driver.waitsUntil = driver.waitsUntil ?? now + .seconds(8)
            if now < driver.waitsUntil ?? now { return }
        }
        goal = min(goal, ahead - (driver.manner == .tailgates ? 0.8 : 3.2))
        if driver.manner == .gaveUp {
            driver.front -= pace
        } else if driver.front < goal {
            driver.front = min(driver.front + pace, goal)
        }
    }

    private mutating func look(_ name: LaneName, _ queue: [Driver], _ lane: BarrierConfig) {
        guard let camera = lane.camera else { return }
        let seen = queue.filter { $0.front > -3 && $0.front < 4 }
        var readings: [PlateReading] = []
        for (number, driver) in seen.enumerated() where driver.isReadable {
            let isClear = random.chance(0.7)
            var doubts: [Int: [(Character, Double)]] = [:]
            if !isClear {
                let place = Int.random(in: 2..<7, using: &random)
                let right = Array(driver.plate)[place]
                let other = PlateGrammar.digits.randomElement(using: &random) ?? "8"
                let share = Double.random(in: 0.5...0.99, using: &random)
                doubts[place] = [(right, share)] + (other == right ? [] : [(other, 0.99 - share)])
            }
            readings.append(
                Reader.reading(
                    driver.plate, confidence: isClear ? 0.98 : 0.7,
                    width: max(60, 170 - 60 * Double(number) + driver.front * 5), doubts: doubts))
        }
        let isLate = random.chance(troubles.lateReadings)
        let delay = random.milliseconds(isLate ? 500...3_000 : 30...120)
        post(
            .plates(Reader.observation(readings, camera: camera, frame: now, read: now + delay)),
            after: delay)
    }

    // MARK: Troubles

    private mutating func happens(_ perHour: Double) -> Bool {
        random.chance(perHour * Self.step.milliseconds / 3_600_000)
    }

    private mutating func makeTrouble() {
        let inputs = lineNames
        guard let some = inputs.randomElement(using: &random) else { return }
        if some != "fire", happens(troubles.disturbancesPerHour),
            lines[some]?.edges.isEmpty == true,
            let raw = lines[some]?.raw
        {
            lines[some]?.edges = [(now, !raw), (now + random.milliseconds(0.1...9), raw)]
        }
        if some != "fire", happens(troubles.stuckPerHour) {
            lines[some]?.stuckAt = Bool.random(using: &random)
            lines[some]?.stuckUntil = now + random.milliseconds(1_000...60_000)
        }
        if some != "fire", happens(troubles.inputFailuresPerHour), lines[some]?.isFailed == false {
            lines[some]?.isFailed = true
            send(.inputFailed(some, reason: "chip gone"))
        }
        for line in inputs where lines[line]?.isFailed == true && random.chance(0.002) {
            lines[line]?.isFailed = false
            send(.inputRecovered(line, active: lines[line]?.debounce.isActive ?? true))
        }
        if happens(troubles.outputFailuresPerHour),
            let output = config.outputs.keys.sorted().randomElement(using: &random)
        {
            send(.outputFailed(output, reason: "EIO"))
        }
        if happens(troubles.firesPerHour) { fireUntil = now + random.milliseconds(500...60_000) }
        set("fire", fireUntil.map { now < $0 } ?? false)
        if happens(troubles.restartsPerHour) { restart() }
        command()
    }

    private mutating func command() {
        let names = laneNames
        guard let lane = names.randomElement(using: &random) else { return }
        let isHelpNeeded = gate.status.contains { $0.state == "fault" || $0.state == "emergency" }
        guard troubles.commandsPerHour > 0,
            happens(troubles.commandsPerHour) || isHelpNeeded && random.chance(0.003)
        else {
            return
        }
        let wishes: [OperatorCommand.Wish] = [
            .open(lane), .close(lane), .close(lane), .clearFault(lane), .clearFault(lane),
            random.chance(0.1) ? .emergencyRelease : .emergencyReset, .emergencyReset,
        ]
        guard let wish = wishes.randomElement(using: &random) else { return }
        send(.command(.init(wish, by: "E017")))
    }
}
