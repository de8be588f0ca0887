import CredentialReaders
import GateConfiguration
import GateEngine
import GateTypes

extension SiteSimulation {
    // MARK: The engine

    mutating func send(_ event: GateEvent) {
        guard isAlive else { return }
        checker.note(event, at: now)
        let moment = readClocks()
        let begun = isTimed ? ContinuousClock.now : nil
        let actions = gate.handle(event, at: moment)
        if let begun { spans.append((ContinuousClock.now - begun).nanoseconds) }
        noteGate()
        checker.check(actions, after: event, at: now)
        carryOut(actions)
        report.events += 1
    }

    /// The controller comes up: every relay at rest, every input read anew.
    mutating func restart() {
        var states: [LineName: Bool] = [:]
        for input in inputs where !input.isLost { states[input.name] = input.isActive }
        checker.restarted(inputs: states, at: now)
        alarms = [:]
        for index in looks.indices { looks[index].isWanted = false }
        gate = freshGate.keeping(checker.kept)
        isAlive = true
        station = ReaderStation(config.readers)
        let actions = gate.start(inputs: states, at: readClocks())
        noteGate()
        checker.check(actions, after: nil, at: now)
        carryOut(actions)
        for index in inputs.indices where inputs[index].isLost {
            send(.inputFailed(inputs[index].name, reason: "simulated"))
        }
        for (index, name) in barrierNames.enumerated() where !barriers[index].isAtRest {
            callGuard(to: name)
        }
    }

    /// The controller is gone: every relay falls to rest, and nobody listens.
    mutating func kill() {
        guard isAlive else { return }
        isAlive = false
        noteGate()
        life += 1
        for index in barriers.indices { barriers[index].isCommandOfThisLife = false }
        for index in relays.indices {
            relays[index].rest(at: now)
            noteRelay(index)
        }
        for name in rules.keys { rules[name]?.excuse(at: now) }
    }

    private mutating func carryOut(_ actions: [GateAction]) {
        for action in actions {
            switch action {
            case .assert(let line, let limit):
                guard let relay = relayIndex[line] else { continue }
                relays[relay].assert(until: now + limit, at: now)
                noteRelay(relay)
            case .rest(let line):
                guard let relay = relayIndex[line] else { continue }
                relays[relay].rest(at: now)
                noteRelay(relay)
            case .store(let number, let draft): store(number, draft)
            case .record(let draft): written(draft)
            case .look(let camera, let wanted):
                for index in looks.indices where looks[index].camera == camera {
                    looks[index].isWanted = wanted == .waiting
                }
            case .tell(let lane, let notice): told(lane, notice)
            case .raiseAlarm(let lane, let code, _): alarm(lane, code, isOn: true)
            case .clearAlarm(let lane, let code): alarm(lane, code, isOn: false)
            case .keepPicture(let order): picture(order)
            case .keep, .erasePictures, .makeRoom, .signal: break
            }
        }
    }

    private mutating func picture(_ order: PictureOrder) {
        let hash = String(repeating: "0", count: 64)
        let report = PictureReport(
            name: order.name, outcome: .kept(sceneHash: hash, plateHash: nil, byteCount: 1))
        jobs.add(.event(.pictured(report), life: life), at: now + .milliseconds(30))
    }

    private mutating func store(_ number: IntentNumber, _ draft: EntryDraft) {
        let isSlow = random.next() % 400 == 0
        let span: Duration =
            isSlow
            ? .milliseconds(Int64(random.next() % 250) + 45)
            : .microseconds(Int64(random.next() % 5_000) + 800)
        let at = max(now, stalledUntil) + span
        jobs.add(.event(.stored(number), life: life), at: at)
        if draft.kind == .grant, let lane = draft.lane { granted[lane] = draft.personal[.plate] }
        written(draft)
    }

    private mutating func written(_ draft: EntryDraft) {
        report.add(draft, at: now)
        onEntry?(draft)
        guard let lane = draft.lane else { return }
        if let word = draft.facts["class"] { rules[lane]?.tell(word, at: now) }
        if let word = draft.facts["outcome"] { rules[lane]?.tell(word, at: now) }
    }

    private mutating func told(_ lane: LaneName, _ notice: Notice) {
        switch notice {
        case .opening:
            guard case .barrier(let index) = lanes[lane] else { return }
            barriers[index].letIn(granted.removeValue(forKey: lane), at: now)
            drainBarrier(index)
        case .refused, .ambiguous, .denied, .unreadable, .tooLate, .askGuard, .storageFailed,
            .fault, .roadBusy:
            callGuard(to: lane)
        case .paused, .lockdown, .welcome, .closing, .emergency, .ready, .showYourFace, .oneAtATime,
            .turnLeft, .turnRight, .stepCloser, .lookAtTheCamera, .tooDark, .tooBright, .holdStill,
            .uncoverTheFace:
            break
        }
    }

    private mutating func alarm(_ lane: LaneName?, _ code: String, isOn: Bool) {
        if isOn { report.alarms[Self.family(code), default: 0] += 1 }
        guard let lane else {
            guard code == "emergency" else { return }
            if isOn {
                for name in lanes.keys.sorted() { callGuard(to: name) }
            } else {
                // Who stood under an open boom when the emergency ended went through in it.
                for name in rules.keys { rules[name]?.excuse(at: now, for: .seconds(30)) }
            }
            return
        }
        if isOn {
            alarms[lane, default: []].insert(code)
            rules[lane]?.excuse(at: now)
            rules[lane]?.tell(code, at: now)
            callGuard(to: lane)
        } else {
            alarms[lane]?.remove(code)
            rules[lane]?.excuse(at: now)
        }
    }

    /// The alarm without the name of a line or a camera in it.
    private static func family(_ code: String) -> String {
        RecordWords.alarmFamilies.first { code.hasPrefix($0) } ?? code
    }

    // MARK: Jobs

    mutating func carryOut(_ job: Job) {
        switch job {
        case .event(let event, let life): if life == self.life { send(event) }
        case .vehicle(let index, let user):
            barriers[index].add(user, at: now)
            drainBarrier(index)
            look(index)
        case .walker(let lane, let walker): add(walker, to: lane)
        case .begin(let kind, let line, let lane, let lasts, let by):
            begin(kind, line: line, lane: lane, lasts: lasts, by: by)
        case .end(let kind, let line, let lane): end(kind, line: line, lane: lane)
        case .lineLost(let line): lose(line)
        case .look(let index):
            looks[index].isLooking = false
            look(index)
        case .visit(let lane):
            visited.remove(lane)
            visit(lane)
        case .judge(let lane): judge(lane)
        case .stuckFor(let line, let lane, let life):
            if life == self.life { judgeStuck(line, lane) }
        case .command(let command): send(.command(command))
        case .pulse(let line): pulse(line)
        case .readFrames: readFrames()
        case .show(let badge, let lane): self.badge(badge, lane)
        case .press(let line, let isPressed): press(line, isPressed)
        case .start: if !isAlive, hasPower { restart() }
        case .dawn: planDay()
        }
    }

    private mutating func add(_ walker: Walker, to lane: LaneName) {
        switch lanes[lane] {
        case .turnstile(let index):
            turnstiles[index].add(walker, at: now)
            drainTurnstile(index)
        case .door(let index):
            doors[index].add(walker, at: now)
            drainDoor(index)
        case .barrier, nil: break
        }
    }

    private mutating func judge(_ lane: LaneName) {
        for missed in rules[lane]?.overdue(at: now) ?? [] {
            checker.worldViolates(
                "rule 6: '\(missed.fact.word)' was not told", lane: lane, since: missed.at, at: now)
        }
        if let next = rules[lane]?.next, next < end { jobs.add(.judge(lane), at: next) }
    }

    /// What was never told by the end of the run is judged as far as its time was up.
    mutating func finish() {
        let span = (now - Self.origin).nanoseconds / 1_000_000
        report.end = WallTime(milliseconds: startWall.milliseconds + span)
        report.steps = steps
        report.violations = checker.violations
        report.checks = checker.checkCount
        report.excused = rules.values.reduce(0) { $0 + $1.excusedCount }
        report.judged = rules.values.reduce(0) { $0 + $1.judgedCount }
        report.judge(scenario.expectations)
    }

    /// What led to the first broken rule, as far as it concerns the lane.
    ///
    /// What was never told happened some minutes before: the same run is run again up to then.
    package func story(of violation: RuleChecker.Violation, length: Int = 30) -> String {
        guard violation.since < violation.at else {
            return checker.story(length, lane: violation.lane)
        }
        var shorter = scenario
        shorter.length = violation.since - Self.origin + .seconds(20)
        var again = SiteSimulation(config: config, scenario: shorter, start: startWall, seed: seed)
        again.run()
        return again.checker.story(length, lane: violation.lane)
    }
}
