import GateConfiguration
import GateEngine
import GateTypes

extension SiteSimulation {
    private static let day = Duration.seconds(86_400)

    /// Puts the timeline and the first day on the list.
    mutating func plan() {
        for act in scenario.timeline {
            for number in 0..<act.count {
                plan(act, at: Self.origin + act.at + act.every * number)
            }
        }
        let rates = scenario.traffic
        if rates.vehicles + rates.people + rates.bicycles > 0
            || scenario.faults.perDay.values.contains(where: { $0 > 0 })
        {
            jobs.add(.dawn, at: Self.origin)
        }
    }

    private mutating func plan(_ act: Scenario.Act, at time: Instant) {
        switch act.what {
        case .vehicle(let lane, let kind, let identity, let manner, let isReadable):
            guard case .barrier(let index) = lanes[lane] else { return }
            let (plate, isListed) = cast.plate(identity)
            var user = RoadUser(kind, plate: plate, isListed: isListed)
            user.manner = manner
            user.isReadable = isReadable
            jobs.add(.vehicle(index, user), at: time)
        case .walker(let lane, let way, let identity, let manner, let damage):
            let (badge, isListed) = cast.badge(identity)
            var walker = Walker(way, badge: badge, isListed: isListed)
            walker.manner = manner
            walker.damage = damage
            jobs.add(.walker(lane, walker), at: time)
        case .press(let line, let lasts):
            jobs.add(.press(line, true), at: time)
            jobs.add(.press(line, false), at: time + lasts)
        case .fault(let kind, let line, let lane, let lasts, let by):
            jobs.add(.begin(kind, line: line, lane: lane, lasts: lasts, by: by), at: time)
        case .command(let wish, let lane, let name):
            jobs.add(.command(OperatorCommand(command(wish, lane), by: name)), at: time)
        }
    }

    private mutating func command(
        _ wish: Scenario.OperatorWish, _ lane: LaneName?
    ) -> OperatorCommand.Wish {
        let lane = lane ?? ""
        return switch wish {
        case .open: .open(lane)
        case .close: .close(lane)
        case .clearFault: .clearFault(lane)
        case .emergency: .emergencyRelease
        case .emergencyReset: .emergencyReset
        case .lockdown: .lockdown
        case .endLockdown: .endLockdown
        }
    }

    // MARK: One day

    mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }

    /// Everybody and everything of the day that begins now, or of what is left of it.
    mutating func planDay() {
        let wall = startWall.milliseconds + (now - Self.origin).nanoseconds / 1_000_000
        let local = wall / 1000 + config.site.timeZone.offset(at: wall / 1000)
        let second = (local % 86_400 + 86_400) % 86_400
        let left = Duration.seconds(86_400 - second)
        let rates = scenario.traffic
        let midnight = now - .seconds(second)
        for _ in 0..<Int(rates.vehicles.rounded()) { planVehicle(from: midnight) }
        for _ in 0..<Int(rates.people.rounded()) { planPerson(from: midnight) }
        let bursts = Int((rates.bicycles / Double(max(rates.burst, 1))).rounded())
        for _ in 0..<bursts { planBurst(from: midnight) }
        for kind in Scenario.FaultKind.allCases {
            var rate = scenario.faults.perDay[kind] ?? 0
            while rate > 0 {
                if chance(min(rate, 1)) { planFault(kind, from: midnight) }
                rate -= 1
            }
        }
        if now + left < end { jobs.add(.dawn, at: now + left) }
    }

    /// A moment of the day by the weights of its hours; nil when it is over already.
    private mutating func momentOfDay(from midnight: Instant) -> Instant? {
        let hours = scenario.traffic.hours
        var rest = Double.random(in: 0..<max(hours.reduce(0, +), 1e-9), using: &random)
        var hour = 0
        while hour < 23, rest >= hours[hour] {
            rest -= hours[hour]
            hour += 1
        }
        let milliseconds = Int64(random.next() % 3_600_000)
        let time = midnight + .seconds(hour * 3_600) + .milliseconds(milliseconds)
        return time > now ? time : nil
    }

    private mutating func planVehicle(from midnight: Instant) {
        guard let time = momentOfDay(from: midnight), !barriers.isEmpty else { return }
        let index = Int(random.next() % UInt64(barriers.count))
        let isStranger = chance(scenario.traffic.strangers)
        let (plate, isListed) = cast.plate(isStranger ? .unknown : .listed)
        let kinds: [VehicleKind] = [
            .lorry, .lorry, .lorry, .lorry, .trailer, .trailer, .van, .car, .car, .motorcycle,
        ]
        var user = RoadUser(
            kinds[Int(random.next() % UInt64(kinds.count))], plate: plate, isListed: isListed)
        if chance(scenario.traffic.unusual) {
            let manners: [DriverManner] = [
                .sleeps, .refuses, .turnsBack, .nosesIn, .stalls, .tailgates, .wrongWay, .forces,
            ]
            user.manner = manners[Int(random.next() % UInt64(manners.count))]
        }
        user.isReadable = !chance(0.005)
        jobs.add(.vehicle(index, user), at: time)
        if user.manner == .tailgates {  // Somebody has to be followed.
            let (ahead, isKnown) = cast.plate(.listed)
            jobs.add(
                .vehicle(index, RoadUser(.car, plate: ahead, isListed: isKnown)),
                at: max(now, time - .milliseconds(2_500)))
        }
    }

    private mutating func unusualWalker() -> WalkerManner {
        let manners: [WalkerManner] = [
            .hesitates, .leaves, .stepsBack, .followed, .carries, .forces, .hesitates, .followed,
        ]
        return manners[Int(random.next() % UInt64(manners.count))]
    }

    private mutating func planPerson(from midnight: Instant) {
        guard let time = momentOfDay(from: midnight) else { return }
        let isStranger = chance(scenario.traffic.strangers)
        let (badge, isListed) = cast.badge(isStranger ? .unknown : .listed)
        let ways: [WalkerWay] = [.enters, .leaves, .enters, .leaves, .enters, .leaves, .gate]
        var walker = Walker(
            ways[Int(random.next() % UInt64(ways.count))], badge: badge, isListed: isListed)
        if chance(scenario.traffic.unusual) { walker.manner = unusualWalker() }
        let plain = doorNames.filter { config.doors[$0]?.traveller == .person }
        if !plain.isEmpty, turnstiles.isEmpty || chance(0.1) {
            let lane = plain[Int(random.next() % UInt64(plain.count))]
            walker.way = walker.way == .enters ? .enters : .exitButton
            if walker.manner == .stepsBack || walker.manner == .carries { walker.manner = .through }
            if config.doors[lane]?.inputs.exit == nil { walker.way = .enters }
            jobs.add(.walker(lane, walker), at: time)
        } else if !turnstileNames.isEmpty {
            let lane = turnstileNames[Int(random.next() % UInt64(turnstileNames.count))]
            jobs.add(.walker(lane, walker), at: time)
        }
    }

    /// Cyclists come in a bunch to one door.
    private mutating func planBurst(from midnight: Instant) {
        let wide = doorNames.filter { config.doors[$0]?.traveller == .bicycle }
        guard let time = momentOfDay(from: midnight), !wide.isEmpty else { return }
        let lane = wide[Int(random.next() % UInt64(wide.count))]
        for number in 0..<scenario.traffic.burst {
            let isStranger = chance(scenario.traffic.strangers / 2)
            let (badge, isListed) = cast.badge(isStranger ? .unknown : .listed)
            var walker = Walker(.enters, badge: badge, isListed: isListed)
            if chance(scenario.traffic.unusual) {
                walker.manner = [.hesitates, .leaves, .followed][Int(random.next() % 3)]
            }
            let gap = Duration.milliseconds(Int64(random.next() % 4_000) + 500)
            jobs.add(.walker(lane, walker), at: time + .seconds(number) + gap)
        }
    }

    private mutating func planFault(_ kind: Scenario.FaultKind, from midnight: Instant) {
        let time = midnight + .milliseconds(Int64(random.next() % 86_400_000))
        guard time > now else { return }
        var line: LineName?
        var lane: LaneName?
        switch kind {
        case .stuck, .dead, .flapping, .gone, .late:
            let names = inputs.map(\.name).filter { $0 != config.fire }
            if !names.isEmpty { line = names[Int(random.next() % UInt64(names.count))] }
        case .relayDead, .relayWelded:
            let moving = relays.indices.filter { drives[$0] != nil }.map { relays[$0].name }
            if !moving.isEmpty { line = moving[Int(random.next() % UInt64(moving.count))] }
        case .motor, .camera:
            if !barrierNames.isEmpty {
                lane = barrierNames[Int(random.next() % UInt64(barrierNames.count))]
            }
        case .storageStall, .kill, .powerCut, .fire, .clockJump: break
        }
        let lasts: Duration =
            switch kind {
            case .stuck, .dead, .flapping, .gone, .late, .relayDead, .relayWelded, .motor, .camera:
                .seconds(Int64(random.next() % 1_700) + 30)
            case .storageStall: .milliseconds(Int64(random.next() % 3_000) + 200)
            case .kill: .milliseconds(Int64(random.next() % 5_000) + 500)
            case .powerCut: .seconds(Int64(random.next() % 300) + 5)
            case .fire: .seconds(Int64(random.next() % 600) + 5)
            case .clockJump: .zero
            }
        let by = Duration.seconds(Int64(random.next() % 7_200) - 3_600)
        jobs.add(.begin(kind, line: line, lane: lane, lasts: lasts, by: by), at: time)
    }
}

extension TimeZoneTable {
    /// Local time minus UTC at a second since 1970.
    func offset(at seconds: Int64) -> Int64 {
        (transitions.last { $0.fromSeconds <= seconds } ?? transitions.first)?.offsetSeconds ?? 0
    }
}
