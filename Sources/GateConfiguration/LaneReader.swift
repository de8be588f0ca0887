import GateTypes

/// What a lane's `kind:` may be; it decides which other keys the lane has.
enum LaneKind: String, CaseIterable {
    case barrier, turnstile, door

    /// Nil when the kind is missing or unknown, which the reader of barriers tells.
    init?(of node: SourceNode) {
        guard case .mapping(let pairs, _) = node,
            let kind = pairs.first(where: { $0.key == "kind" }),
            case .scalar(let text, _) = kind.value
        else { return nil }
        self.init(rawValue: text)
    }
}

extension ConfigReader {
    mutating func readLanes(_ node: SourceNode) {
        var cameras: [String: SourcePlace] = [:]
        for entry in namedEntries(node, "lanes", "lane", atMost: ConfigLimits.lanesMaximum) {
            declared.lanes[entry.key] = entry.keyPlace
            switch LaneKind(of: entry.value) {
            case .turnstile:
                readTurnstile(entry)
                continue
            case .door:
                readDoor(entry)
                continue
            case .barrier, nil:
                break
            }
            guard let lane = laneSection(entry) else { continue }
            let camera = readCameraName(lane)
            if let camera {
                if let first = cameras[camera.text] {
                    report.error(
                        lane.place(of: "camera"), "\(lane.title) has the camera of another lane",
                        hint: "that one is at \(first); each lane needs a camera of its own")
                }
                cameras[camera.text] = lane.place(of: "camera")
            }
            readBarrier(LaneName(entry.key), lane, camera)
        }
        checkAirLocks()
        checkRoads()
    }

    private mutating func laneSection(_ entry: SourceNode.Entry) -> Section? {
        let keys = [
            "kind", "direction", "camera", "outputs", "inputs", "timing", "on_storage_failure",
            "fallback", "emergency", "false_accept_rate", "interlock",
        ]
        let title = "lane '\(entry.key)'"
        guard let lane = Section(entry.value, title, keys: keys, &report) else { return nil }
        _ = lane.requiredChoice(
            "kind", LaneKind.self, hint: "write kind: barrier, turnstile or door", &report)
        return lane
    }

    private mutating func readBarrier(_ name: LaneName, _ lane: Section, _ camera: CameraName?) {
        let direction = lane.requiredChoice(
            "direction", BarrierConfig.Direction.self, hint: "write in, out or both", &report)
        let outputs = readOutputs(lane)
        let inputs = readInputs(lane)
        guard let outputs, let inputs else { return }
        var barrier = BarrierConfig(
            direction: direction ?? .both, camera: camera, outputs: outputs, inputs: inputs)
        barrier.timing = lane.node("timing").map { readTiming($0, lane.title) } ?? barrier.timing
        barrier.onStorageFailure =
            lane.choice("on_storage_failure", BarrierConfig.StorageFailure.self, &report)
            ?? barrier.onStorageFailure
        barrier.fallback =
            lane.choice("fallback", BarrierConfig.Fallback.self, &report) ?? barrier.fallback
        barrier.emergencyExemption = readExemption(lane)
        if let rate = lane.node("false_accept_rate")?.number(
            "false_accept_rate", 1e-9...0.01, units: [("%", 0.01)],
            hint: "write a share, e.g. 0.0002 or 0.02%", &report)
        {
            barrier.falseAcceptRate = rate
        }
        if let road = lane.node("interlock")?.name("road", &report) {
            barrier.interlock = road
            roads[road, default: []].append(lane.place(of: "interlock"))
        }
        checkBarrier(lane)
        config.lanes[name] = barrier
    }

    private mutating func readCameraName(_ lane: Section) -> CameraName? {
        let hint = "name one of the cameras"
        guard let name = lane.text("camera", hint: hint, &report) else { return nil }
        if declared.cameras[name] != nil { return CameraName(name) }
        report.error(
            lane.place(of: "camera"), "there is no camera '\(name.shortened)'",
            hint: Suggestion.hint(
                for: name, among: Array(declared.cameras.keys), none: "add it under cameras:"))
        return nil
    }

    private mutating func readOutputs(_ lane: Section) -> BarrierConfig.Outputs? {
        let hint = "add outputs: { raise: LINE, lower: LINE, lamp: LINE }"
        let keys = ["raise", "lower", "stop", "lamp"]
        guard let node = lane.required("outputs", hint: hint, &report),
            let section = Section(node, "'outputs' of \(lane.title)", keys: keys, &report)
        else { return nil }
        let lines = keys.reduce(into: [String: LineName]()) { lines, key in
            let isMotion = key != "lamp"
            lines[key] = section.node(key).flatMap {
                use($0, key, as: "'\(key)' of \(lane.title)", .output(isMotion: isMotion))
            }
        }
        _ = section.required("raise", hint: hint, &report)
        return lines["raise"].map {
            BarrierConfig.Outputs(
                raise: $0, lower: lines["lower"], stop: lines["stop"], lamp: lines["lamp"])
        }
    }

    private mutating func readInputs(_ lane: Section) -> BarrierConfig.Inputs? {
        let hint =
            "add inputs: { approach: LINE, safety: LINE, photocell: LINE, up: LINE, "
            + "down: LINE }"
        let keys = ["approach", "safety", "photocell", "up", "down", "detached", "button"]
        guard let node = lane.required("inputs", hint: hint, &report),
            let section = Section(node, "'inputs' of \(lane.title)", keys: keys, &report)
        else { return nil }
        let lines = keys.reduce(into: [String: LineName]()) { lines, key in
            let isSafety = key == "safety" || key == "photocell"
            lines[key] = section.node(key).flatMap {
                use($0, key, as: "'\(key)' of \(lane.title)", .input(isSafety: isSafety))
            }
        }
        _ = section.required("safety", hint: "add the safety loop under the boom", &report)
        return lines["safety"].map {
            BarrierConfig.Inputs(
                approach: lines["approach"], safety: $0, photocell: lines["photocell"],
                up: lines["up"], down: lines["down"], detached: lines["detached"],
                button: lines["button"])
        }
    }

    private mutating func readTiming(_ node: SourceNode, _ title: String) -> BarrierConfig.Timing {
        typealias Timing = BarrierConfig.Timing
        let spans: [(String, ClosedRange<Duration>, WritableKeyPath<Timing, Duration>)] = [
            ("deadline", .milliseconds(200)...(.seconds(10)), \.deadline),
            ("dead_time", .milliseconds(100)...(.seconds(5)), \.deadTime),
            ("clearance", .milliseconds(500)...(.seconds(10)), \.clearance),
            ("motor", .seconds(1)...(.seconds(60)), \.motor),
            ("wait_for_passage", .seconds(5)...(.seconds(600)), \.waitForPassage),
            ("passage_timeout", .seconds(10)...(.seconds(3_600)), \.passageTimeout),
            ("stuck", .seconds(60)...(.seconds(86_400)), \.stuck),
            ("storage", .milliseconds(10)...(.seconds(1)), \.storage),
        ]
        return readSpans(
            node, title, Timing(), spans,
            shorter: [
                ("storage", \.storage, "deadline", \.deadline),
                ("wait_for_passage", \.waitForPassage, "passage_timeout", \.passageTimeout),
            ])
    }

    typealias Span<Timing> = (String, ClosedRange<Duration>, WritableKeyPath<Timing, Duration>)
    typealias SpanPair<Timing> = (
        String, WritableKeyPath<Timing, Duration>, String, WritableKeyPath<Timing, Duration>
    )

    /// The spans under `timing:`, each in its range, and those that must be shorter than others.
    mutating func readSpans<Timing>(
        _ node: SourceNode, _ title: String, _ standard: Timing, _ spans: [Span<Timing>],
        shorter pairs: [SpanPair<Timing>]
    ) -> Timing {
        var timing = standard
        let keys = spans.map(\.0)
        guard let section = Section(node, "'timing' of \(title)", keys: keys, &report) else {
            return timing
        }
        for (key, range, path) in spans {
            timing[keyPath: path] = section.duration(
                key, range, default: timing[keyPath: path], &report)
        }
        for (key, path, bound, boundPath) in pairs
        where timing[keyPath: path] >= timing[keyPath: boundPath] {
            let place = section.place(of: section.has(key) ? key : bound)
            let (short, long) = (timing[keyPath: path].written, timing[keyPath: boundPath].written)
            report.error(
                place, "'\(key)' (\(short)) is not shorter than '\(bound)' (\(long))",
                hint: "shorten '\(key)' or lengthen '\(bound)'")
        }
        return timing
    }

    mutating func readExemption(_ lane: Section) -> String? {
        guard let node = lane.node("emergency"),
            let section = Section(
                node, "'emergency' of \(lane.title)", keys: ["exempt"], &report)
        else { return nil }
        let hint = "write exempt: REASON, or remove 'emergency' so that the lane opens on fire"
        guard let reason = section.requiredText("exempt", hint: hint, &report) else { return nil }
        // "yes" is no reason that anybody can judge later.
        guard reason.count >= 8 else {
            report.error(
                section.place(of: "exempt"), "'exempt' is '\(reason)', which is no reason",
                hint: "say why this lane may stay closed on fire")
            return nil
        }
        report.warn(
            section.place, "\(lane.title) stays as it is on fire (\(reason.shortened))",
            hint: "make sure that nobody needs it to get out")
        return reason
    }

    /// What the parts of a lane ask of each other; a part whose line is wrong counts as there.
    private mutating func checkBarrier(_ lane: Section) {
        let hasLower = lane.mentions("outputs", "lower")
        let hasSwitches = lane.mentions("inputs", "up") && lane.mentions("inputs", "down")
        if !hasLower, !hasSwitches {
            report.error(
                lane.keyPlace(of: "outputs"),
                "\(lane.title) has no 'lower' and not both limit switches",
                hint: "add 'lower' to its outputs, or 'up' and 'down' to its inputs: without them "
                    + "nobody knows what a pulse of 'raise' will do")
        } else if !hasLower {
            report.warn(
                lane.keyPlace(of: "outputs"), "\(lane.title) has no 'lower'",
                hint: "Gatehouse raises its boom by pulses and never lowers it")
        }
        if hasLower, !lane.mentions("inputs", "photocell") {
            report.warn(
                lane.keyPlace(of: "inputs"), "\(lane.title) lowers its boom without a photocell",
                hint: "a high lorry can vanish from a small loop; add 'photocell'")
        }
        guard !lane.has("camera") else { return }
        if lane.mentions("inputs", "approach") {
            report.warn(
                lane.place, "\(lane.title) has no camera", hint: "only the guard can open it")
        } else {
            report.error(
                lane.place, "\(lane.title) has neither an approach loop nor a camera",
                hint: "add 'approach' to its inputs or a 'camera': nothing tells that somebody "
                    + "is there")
        }
    }
}
