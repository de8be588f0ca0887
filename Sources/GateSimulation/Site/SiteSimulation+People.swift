import GateConfiguration
import GateEngine
import GateTypes

/// Cameras that look, and the guard who helps.
extension SiteSimulation {
    private static let lookWaiting = Duration.milliseconds(200)
    private static let lookIdle = Duration.milliseconds(400)
    /// A vehicle that has waited so long is looked at less often: nothing new is to be read.
    private static let longWait = Duration.seconds(4)
    private static let lookLong = Duration.milliseconds(1_500)

    // MARK: Cameras

    /// One look at a lane, as long as anybody is on it.
    mutating func look(_ index: Int) {
        guard !looks[index].isLooking, let camera = looks[index].camera,
            !barriers[index].vehicles.isEmpty
        else { return }
        let isWaiting = looks[index].isWanted
        if isWaiting {
            looks[index].waitingSince = looks[index].waitingSince ?? now
        } else {
            looks[index].waitingSince = nil
        }
        let isLong = looks[index].waitingSince.map { now - $0 > Self.longWait } ?? false
        let span = isWaiting ? (isLong ? Self.lookLong : Self.lookWaiting) : Self.lookIdle
        looks[index].isLooking = true
        jobs.add(.look(index), at: now + span)
        guard isAlive, blindCameras.isEmpty || !blindCameras.contains(camera),
            isWaiting || barriers[index].vehicles.count > 1 || barriers[index].hasSomebodyStanding
        else { return }
        barriers[index].update(to: now)
        drainBarrier(index)
        let seen = barriers[index].inView(at: now)
        // A lane at rest looks at change: at whoever stands there, or comes behind another.
        let isChange = seen.contains { !$0.isMoving } || barriers[index].vehicles.count > 1
        guard isWaiting || isChange && !seen.isEmpty else { return }
        let delay = Duration.milliseconds(Int64(random.next() % 60) + 40)
        let observation = PlateObservation(
            camera: camera, sequence: 0, frameTime: now, readTime: now + delay,
            readings: seen.prefix(2).map { reading(of: $0.user, at: $0.distance) },
            isSimulated: true)
        barriers[index].wereRead(observation.readings.map(\.text))
        jobs.add(.event(.plates(observation), life: life), at: now + delay)
    }

    /// What a recogniser makes of a plate: of a hundred, two are misread or doubtful in a frame.
    private mutating func reading(of user: RoadUser, at distance: Double) -> PlateReading {
        let width = max(190 - 12 * distance, 60)
        guard user.isReadable else { return Self.unread(width: width) }
        guard chance(0.02) else {
            if var known = cast.readings[user.plate] {
                known.corners = Self.corners(width: width)
                return known
            }
            let clear = Self.reading(user.plate, width: width, doubt: nil)
            cast.readings[user.plate] = clear
            return clear
        }
        let letters = Array(user.plate)
        let place = 2 + Int(random.next() % UInt64(max(letters.count - 2, 1)))
        let digits: [Character] = ["0", "1", "2", "3", "5", "6", "8", "9", "B", "D"]
        let other = digits[Int(random.next() % UInt64(digits.count))]
        return Self.reading(user.plate, width: width, doubt: (place, other))
    }

    private static func corners(width: Double) -> Quadrilateral {
        Quadrilateral(
            topLeft: .init(x: 500, y: 600), topRight: .init(x: 500 + width, y: 600),
            bottomRight: .init(x: 500 + width, y: 650), bottomLeft: .init(x: 500, y: 650))
    }

    private static func unread(width: Double) -> PlateReading {
        PlateReading(
            text: "", type: .other, confidence: 0, corners: corners(width: width), places: [])
    }

    private static func reading(
        _ plate: String, width: Double, doubt: (place: Int, other: Character)?
    ) -> PlateReading {
        var text = Array(plate)
        let places = text.enumerated().map { index, character in
            guard let doubt, doubt.place == index, doubt.other != character else {
                return CharacterPosterior([.init(character, 0.998)])
            }
            return CharacterPosterior([.init(doubt.other, 0.6), .init(character, 0.38)])
        }
        if let doubt, text.indices.contains(doubt.place) { text[doubt.place] = doubt.other }
        return PlateReading(
            text: String(text), type: .yellow, confidence: doubt == nil ? 0.98 : 0.6,
            corners: corners(width: width), places: places)
    }

    // MARK: The guard

    /// The guard comes within some minutes; to a waiting driver sooner.
    mutating func callGuard(to lane: LaneName) {
        guard scenario.hasGuard, visited.insert(lane).inserted else { return }
        let isFault = !(alarms[lane] ?? []).isEmpty || checker.kept.emergency != nil
        let span: Int64 =
            isFault
            ? 60_000 + Int64(random.next() % 120_000) : 15_000 + Int64(random.next() % 30_000)
        jobs.add(.visit(lane), at: now + .milliseconds(span))
    }

    mutating func visit(_ lane: LaneName) {
        guard isAlive else { return callGuard(to: lane) }
        let name = "E017"
        if checker.kept.emergency != nil {
            let isOver = config.fire.flatMap { inputIndex[$0] }.map { !inputs[$0].isActive } ?? true
            if isOver { send(.command(OperatorCommand(.emergencyReset, by: name))) }
            return callGuard(to: lane)
        }
        if !(alarms[lane] ?? []).isEmpty {
            send(.command(OperatorCommand(.clearFault(lane), by: name)))
        }
        switch lanes[lane] {
        case .barrier(let index): help(index, lane, by: name)
        case .turnstile(let index):
            if !(alarms[lane] ?? []).isEmpty, turnstiles[index].isClear {
                send(.command(OperatorCommand(.close(lane), by: name)))
            }
            if !(alarms[lane] ?? []).isEmpty { callGuard(to: lane) }
        case .door(let index):
            if !(alarms[lane] ?? []).isEmpty, doors[index].isClear {
                send(.command(OperatorCommand(.close(lane), by: name)))
                callGuard(to: lane)
            }
        case nil: break
        }
    }

    /// Lets in who may come in, sends away who may not, and closes a boom that was left open.
    private mutating func help(_ index: Int, _ lane: LaneName, by name: String) {
        let scene = barriers[index]
        let waiting = scene.vehicles.first {
            guard case .waiting(let since) = $0.phase else { return false }
            return now - since >= .seconds(10) && (!$0.mayGo || scene.boom.isDown)
        }
        if let waiting {
            if waiting.user.isListed {
                send(.command(OperatorCommand(.open(lane), by: name)))
            } else {
                barriers[index].sendAway(at: now)
                drainBarrier(index)
            }
        } else if !scene.boom.isDown, scene.isUnderClear,
            !scene.vehicles.contains(where: { $0.mayGo || $0.isUnderBoom })
        {
            send(.command(OperatorCommand(.close(lane), by: name)))
        }
        let isAtPeace = (alarms[lane] ?? []).isEmpty && barriers[index].isAtRest
        if !isAtPeace { callGuard(to: lane) }
    }
}
