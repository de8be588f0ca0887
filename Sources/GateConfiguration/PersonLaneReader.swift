import GateTypes

/// Turnstiles and doors.
extension ConfigReader {
    mutating func readTurnstile(_ entry: SourceNode.Entry) {
        let keys = [
            "kind", "outputs", "inputs", "timing", "on_storage_failure", "emergency", "faces",
        ]
        guard let lane = Section(entry.value, "lane '\(entry.key)'", keys: keys, &report)
        else { return }
        let outputs = readLines(
            lane, "outputs", ["entry", "exit", "gate", "arm"],
            hint: "add outputs: { entry: LINE, exit: LINE }", .output(isMotion: true))
        let inputs = readLines(
            lane, "inputs", ["outer", "inner", "gate"],
            hint: "add inputs: { outer: LINE, inner: LINE }", .input(isSafety: false))
        let needed = needs(
            lane, "inputs", ["outer", "inner"],
            hint: "both passage sensors are needed: their order tells who passes which way")
        checkTurnstile(lane, outputs)
        guard needed, let outputs, let inputs, let outer = inputs["outer"],
            let inner = inputs["inner"]
        else { return }
        var turnstile = TurnstileConfig(
            outputs: .init(
                entry: outputs["entry"], exit: outputs["exit"], gate: outputs["gate"],
                arm: outputs["arm"]),
            inputs: .init(outer: outer, inner: inner, gate: inputs["gate"]))
        turnstile.timing =
            lane.node("timing").map { readTurnstileTiming($0, lane.title) } ?? turnstile.timing
        turnstile.onStorageFailure =
            lane.choice("on_storage_failure", BarrierConfig.StorageFailure.self, &report)
            ?? turnstile.onStorageFailure
        turnstile.emergencyExemption = readExemption(lane)
        config.turnstiles[LaneName(entry.key)] = turnstile
        readFaces(LaneName(entry.key), lane)
    }

    private mutating func checkTurnstile(_ lane: Section, _ outputs: [String: LineName]?) {
        if lane.has("outputs"), !lane.mentions("outputs", "entry"),
            !lane.mentions("outputs", "exit")
        {
            report.error(
                lane.keyPlace(of: "outputs"), "\(lane.title) releases neither entry nor exit",
                hint: "add 'entry', 'exit' or both to its outputs")
        }
        if lane.mentions("outputs", "gate"), !lane.mentions("inputs", "gate") {
            report.error(
                lane.keyPlace(of: "inputs"), "\(lane.title) has a side gate without its contact",
                hint: "add 'gate' to its inputs: without it nobody knows that the gate stands open")
        }
        guard let arm = outputs?["arm"], let line = config.outputs[arm] else { return }
        if line.rest != .energised || line.failure != .released {
            report.error(
                declared.outputs[arm.text] ?? lane.place,
                "line '\(arm)' holds the arms of \(lane.title) and is not rest: energised, "
                    + "fail: released",
                hint: "wire the magnet so that the arms drop without power, and write "
                    + "rest: energised, fail: released")
        }
    }

    mutating func readDoor(_ entry: SourceNode.Entry) {
        let keys = [
            "kind", "outputs", "inputs", "opens_for", "escape", "interlock", "timing",
            "on_storage_failure", "emergency", "faces",
        ]
        guard let lane = Section(entry.value, "lane '\(entry.key)'", keys: keys, &report)
        else { return }
        let outputs = readLines(
            lane, "outputs", ["strike", "opener"], hint: "add outputs: { strike: LINE }",
            .output(isMotion: true))
        let inputs = readLines(
            lane, "inputs", ["contact", "exit", "presence"],
            hint: "add inputs: { contact: LINE, exit: LINE }", .input(isSafety: false),
            safety: ["obstacle"])
        let needed = needs(
            lane, "outputs", ["strike"], hint: "name the output of the strike or magnet")
        let escapeHint = "write escape: yes when people must get out through it in a fire, or no"
        let hasEscape = lane.required("escape", hint: escapeHint, &report) != nil
        let isEscape = lane.flag("escape", default: true, &report)
        let traveller = lane.choice("opens_for", DoorConfig.Traveller.self, &report) ?? .person
        checkDoor(lane, traveller)
        guard needed, hasEscape, let strike = outputs?["strike"], let inputs else { return }
        var door = DoorConfig(
            outputs: .init(strike: strike, opener: outputs?["opener"]),
            inputs: .init(
                contact: inputs["contact"], exit: inputs["exit"], presence: inputs["presence"],
                obstacle: inputs["obstacle"]),
            traveller: traveller, isEscape: isEscape)
        door.timing = lane.node("timing").map { readDoorTiming($0, lane.title) } ?? door.timing
        door.onStorageFailure =
            lane.choice("on_storage_failure", BarrierConfig.StorageFailure.self, &report)
            ?? door.onStorageFailure
        door.emergencyExemption = readExemption(lane)
        if let other = lane.text("interlock", hint: "name the other door", &report) {
            door.interlock = LaneName(other)
            airLocks[LaneName(entry.key)] = lane.place(of: "interlock")
        }
        checkEscape(lane, door)
        config.doors[LaneName(entry.key)] = door
        readFaces(LaneName(entry.key), lane)
    }

    /// What the parts of a door ask of each other; a part whose line is wrong counts as there.
    private mutating func checkDoor(_ lane: Section, _ traveller: DoorConfig.Traveller) {
        func lacks(_ input: String) -> Bool { !lane.mentions("inputs", input) }
        let place = lane.keyPlace(of: "inputs")
        if lane.mentions("outputs", "opener") {
            if lacks("obstacle") {
                report.error(
                    place, "\(lane.title) has a motor without an obstacle sensor",
                    hint: "add 'obstacle' to its inputs, normally-closed")
            }
            if lacks("contact") {
                report.error(
                    place, "\(lane.title) has a motor without a door contact",
                    hint: "add 'contact' to its inputs")
            }
        }
        if traveller == .bicycle, lacks("presence") {
            report.error(
                lane.keyPlace(of: "opens_for"),
                "\(lane.title) opens for bicycles and has no presence sensor",
                hint: "add 'presence' to its inputs: it opens when the bicycle is there")
        }
        if lane.has("interlock"), lacks("contact") {
            report.error(
                lane.keyPlace(of: "interlock"),
                "\(lane.title) is part of an air lock and has no door contact",
                hint: "add 'contact' to its inputs: the other door waits for it")
        } else if lacks("contact") {
            report.warn(
                place, "\(lane.title) has no door contact",
                hint: "nobody is told when it is forced or held open; add 'contact'")
        }
    }

    private mutating func checkEscape(_ lane: Section, _ door: DoorConfig) {
        guard door.isEscape else { return }
        let strike = door.outputs.strike
        if let line = config.outputs[strike], line.failure == .secured {
            report.error(
                declared.outputs[strike.text] ?? lane.place,
                "line '\(strike)' is a fail-secure strike on an escape door, \(lane.title)",
                hint: "use a strike or magnet that releases without power, through the fire relay, "
                    + "and write fail: released")
        }
        if door.emergencyExemption != nil {
            report.error(
                lane.keyPlace(of: "emergency"), "\(lane.title) is an escape door and exempt",
                hint: "remove 'emergency', or write escape: no")
        }
    }

    /// Both doors of an air lock name each other.
    mutating func checkAirLocks() {
        for (name, place) in airLocks {
            guard let other = config.doors[name]?.interlock else { continue }
            if other == name {
                report.error(
                    place, "lane '\(name)' is interlocked with itself", hint: "name the other door")
            } else if declared.lanes[other.text] == nil {
                report.error(
                    place, "there is no lane '\(other.text.shortened)'",
                    hint: Suggestion.hint(
                        for: other.text, among: Array(declared.lanes.keys),
                        none: "add it under lanes:"))
            } else if let door = config.doors[other], door.interlock != name {
                report.error(
                    place, "lane '\(other)' is not interlocked with '\(name)'",
                    hint: "write interlock: \(name) on '\(other)' too")
            } else if config.lanes[other] != nil || config.turnstiles[other] != nil {
                report.error(
                    place, "lane '\(other)' is no door", hint: "an air lock is made of two doors")
            }
        }
    }

    mutating func checkWhoPasses(hasBadges: Bool) {
        guard !hasBadges, let first = config.turnstiles.keys.min() ?? config.doors.keys.min(),
            let place = declared.lanes[first.text]
        else { return }
        report.warn(
            place, "there are no badges: only the guard and exit buttons open turnstiles and doors",
            hint: "add roster/people.csv and roster/badges.csv")
    }

    // MARK: Pieces

    /// The lines under `outputs:` or `inputs:`, by role.
    private mutating func readLines(
        _ lane: Section, _ key: String, _ roles: [String], hint: String, _ role: LineUses.Role,
        safety: [String] = []
    ) -> [String: LineName]? {
        guard let node = lane.required(key, hint: hint, &report),
            let section = Section(
                node, "'\(key)' of \(lane.title)", keys: roles + safety, &report)
        else { return nil }
        var lines: [String: LineName] = [:]
        for name in roles + safety {
            guard let node = section.node(name) else { continue }
            lines[name] = use(
                node, name, as: "'\(name)' of \(lane.title)",
                safety.contains(name) ? .input(isSafety: true) : role)
        }
        return lines
    }

    private mutating func needs(
        _ lane: Section, _ key: String, _ roles: [String], hint: String
    ) -> Bool {
        guard lane.has(key) else { return false }
        let missing = roles.filter { !lane.mentions(key, $0) }
        for role in missing {
            report.error(
                lane.keyPlace(of: key), "'\(key)' of \(lane.title) has no '\(role)'", hint: hint)
        }
        return missing.isEmpty
    }

    private mutating func readTurnstileTiming(
        _ node: SourceNode, _ title: String
    ) -> TurnstileConfig.Timing {
        readSpans(
            node, title, TurnstileConfig.Timing(),
            [
                ("deadline", .milliseconds(100)...(.seconds(10)), \.deadline),
                ("release", .seconds(1)...(.seconds(30)), \.release),
                ("relock", .milliseconds(100)...(.seconds(5)), \.relock),
                ("dead_time", .milliseconds(100)...(.seconds(5)), \.deadTime),
                ("queue", .seconds(1)...(.seconds(60)), \.queue),
                ("gap", .milliseconds(200)...(.seconds(5)), \.gap),
                ("held_open", .seconds(5)...(.seconds(600)), \.heldOpen),
                ("stuck", .seconds(20)...(.seconds(3_600)), \.stuck),
                ("storage", .milliseconds(10)...(.seconds(1)), \.storage),
            ],
            shorter: [
                ("storage", \.storage, "deadline", \.deadline),
                ("release", \.release, "stuck", \.stuck),
            ])
    }

    private mutating func readDoorTiming(
        _ node: SourceNode, _ title: String
    ) -> DoorConfig.Timing {
        readSpans(
            node, title, DoorConfig.Timing(),
            [
                ("deadline", .milliseconds(100)...(.seconds(10)), \.deadline),
                ("release", .seconds(1)...(.seconds(30)), \.release),
                ("stay", .seconds(1)...(.seconds(60)), \.stay),
                ("motor", .seconds(1)...(.seconds(60)), \.motor),
                ("queue", .seconds(1)...(.seconds(60)), \.queue),
                ("held_open", .seconds(5)...(.seconds(3_600)), \.heldOpen),
                ("stuck", .seconds(30)...(.seconds(86_400)), \.stuck),
                ("storage", .milliseconds(10)...(.seconds(1)), \.storage),
            ],
            shorter: [
                ("storage", \.storage, "deadline", \.deadline),
                ("release", \.release, "held_open", \.heldOpen),
            ])
    }
}
