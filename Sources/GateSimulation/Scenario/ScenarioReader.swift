import GateConfiguration
import GateTypes

/// Reads a scenario file's nodes, or tells everything that is wrong with them, each with its place.
package struct ScenarioReader {
    private static let keys = [
        "name", "about", "site", "start", "length", "traffic", "faults", "timeline", "guard",
        "expect",
    ]
    static let lengthLongest = Duration.seconds(3_660 * 86_400)
    private static let timelineLargest = 10_000

    var report: ConfigReport

    package init(report: ConfigReport = ConfigReport()) { self.report = report }

    /// - Returns: nil when anything is wrong, and the report with every problem.
    package static func read(
        _ root: SourceNode, report: ConfigReport = ConfigReport()
    ) -> (scenario: Scenario?, report: ConfigReport) {
        var reader = ScenarioReader(report: report)
        let scenario = reader.scenario(root)
        return (reader.report.hasErrors ? nil : scenario, reader.report)
    }

    private mutating func scenario(_ root: SourceNode) -> Scenario? {
        guard let top = Section(root, "the scenario", keys: Self.keys, &report) else { return nil }
        let name = top.requiredText("name", hint: "give it a title", &report)
        let site = top.requiredText(
            "site", hint: "write the configuration's folder, seen from this file", &report)
        let start = top.requiredText(
            "start", hint: "write a local date and time, e.g. 2026-03-02 06:00", &report)
        let length = top.required("length", hint: "write how long it runs, e.g. 20m", &report)?
            .duration(
                "length", .seconds(1)...Self.lengthLongest, example: .seconds(1_200), &report)
        guard let name, let site, let start, let length else { return nil }
        var scenario = Scenario(
            name: name, site: site, sitePlace: top.place(of: "site"), startText: start,
            startPlace: top.place(of: "start"), length: length)
        scenario.about = top.text("about", &report) ?? ""
        scenario.hasGuard = top.flag("guard", default: true, &report)
        if let node = top.node("traffic") { scenario.traffic = traffic(node) }
        if let node = top.node("faults") { scenario.faults = faults(node) }
        if let node = top.node("timeline") { scenario.timeline = timeline(node, length) }
        if let node = top.node("expect") { scenario.expectations = expectations(node) }
        return scenario
    }

    // MARK: By chance

    private mutating func traffic(_ node: SourceNode) -> Scenario.TrafficRates {
        var rates = Scenario.TrafficRates()
        let keys = ["vehicles", "people", "bicycles", "burst", "by_hour", "unusual", "strangers"]
        guard let section = Section(node, "traffic", keys: keys, &report) else { return rates }
        func aDay(_ key: String, _ report: inout ConfigReport) -> Double {
            section.node(key)?.number(
                key, 0...100_000, hint: "write how many come in a day, e.g. 300", &report) ?? 0
        }
        rates.vehicles = aDay("vehicles", &report)
        rates.people = aDay("people", &report)
        rates.bicycles = aDay("bicycles", &report)
        if let burst = section.node("burst")?.number(
            "burst", 1...50, hint: "write how many bicycles come together", &report)
        {
            rates.burst = Int(burst)
        }
        for (key, path) in [
            ("unusual", \Scenario.TrafficRates.unusual), ("strangers", \.strangers),
        ] {
            let share = section.node(key)?.number(
                key, 0...1, units: [("%", 0.01)], hint: "write a share, e.g. 4%", &report)
            if let share { rates[keyPath: path] = share }
        }
        if let node = section.node("by_hour") { rates.hours = hours(node) ?? rates.hours }
        return rates
    }

    private mutating func hours(_ node: SourceNode) -> [Double]? {
        let hint = "write 24 weights, from midnight on, e.g. [0, 0, 0, 0, 0, 1, 5, 9, ...]"
        guard let elements = node.elements("by_hour", hint: hint, &report) else { return nil }
        guard elements.count == 24 else {
            report.error(
                node.place, "'by_hour' has \(elements.count) weights, must have 24", hint: hint)
            return nil
        }
        let weights = elements.compactMap { $0.number("by_hour", 0...1_000, hint: hint, &report) }
        guard weights.count == 24 else { return nil }
        guard weights.contains(where: { $0 > 0 }) else {
            report.error(node.place, "'by_hour' is zero at every hour", hint: hint)
            return nil
        }
        return weights
    }

    private mutating func faults(_ node: SourceNode) -> Scenario.FaultRates {
        var rates = Scenario.FaultRates()
        let kinds = Scenario.FaultKind.allCases
        guard let section = Section(node, "faults", keys: kinds.map(\.rawValue), &report)
        else { return rates }
        for kind in kinds {
            guard let node = section.node(kind.rawValue) else { continue }
            rates.perDay[kind] = node.number(
                kind.rawValue, 0...10_000, hint: "write how often in a day, e.g. 0.5", &report)
        }
        return rates
    }

    private mutating func expectations(_ node: SourceNode) -> [Scenario.Expectation] {
        guard let entries = Section.entries(of: node, "expect", &report) else { return [] }
        let hint = "write a number, a span such as 3..5, or none"
        return entries.compactMap { entry in
            guard let text = entry.value.text(entry.key, hint: hint, &report) else { return nil }
            guard SimulationReport.words.contains(entry.key) else {
                report.error(
                    entry.keyPlace,
                    "nothing that can be expected is called '\(entry.key.shortened)'",
                    hint: Suggestion.hint(
                        for: entry.key, among: Array(SimulationReport.words), none: ""))
                return nil
            }
            let parts = text.components(of: "..")
            let numbers = parts.compactMap { Int($0) }
            if text == "none" {
                return .init(word: entry.key, least: 0, most: 0, place: entry.keyPlace)
            }
            guard numbers.count == parts.count, let least = numbers.first, least >= 0,
                numbers.count < 3, numbers.last ?? 0 >= least
            else {
                report.error(entry.value.place, "'\(entry.key)' is '\(text.shortened)'", hint: hint)
                return nil
            }
            let most = numbers.count == 2 ? numbers[1] : Int.max
            return .init(word: entry.key, least: least, most: most, place: entry.keyPlace)
        }
    }

    // MARK: By script

    private mutating func timeline(_ node: SourceNode, _ length: Duration) -> [Scenario.Act] {
        let hint = "write one line an act: - { at: 30s, lane: lane1, vehicle: lorry }"
        guard case .list(let elements, _) = node else {
            report.error(node.place, "'timeline' is \(node.kind), must be a list", hint: hint)
            return []
        }
        guard elements.count <= Self.timelineLargest else {
            report.error(
                node.place,
                "the timeline has \(elements.count) acts, at most \(Self.timelineLargest)",
                hint: "use count: and every:, or traffic:")
            return []
        }
        return elements.compactMap { act($0, length) }
    }

    private static let subjects = ["vehicle", "person", "bicycle", "press", "fault", "command"]

    private mutating func act(_ node: SourceNode, _ length: Duration) -> Scenario.Act? {
        let keys = [
            "at", "lane", "count", "every", "plate", "badge", "manner", "readable", "line", "for",
            "by", "frame",
        ]
        guard let section = Section(node, "the act", keys: keys + Self.subjects, &report) else {
            return nil
        }
        let at = section.required("at", hint: "write when, e.g. at: 30s", &report)?
            .duration("at", .zero...Self.lengthLongest, example: .seconds(30), &report)
        if let at, at >= length {
            report.error(
                section.place(of: "at"),
                "the act is at \(at.written), after the end at \(length.written)",
                hint: "make length: longer, or let it happen sooner")
        }
        let subject = Self.subjects.filter { section.has($0) }
        guard subject.count == 1, let subject = subject.first else {
            report.error(
                section.place, "an act has one of \(Self.subjects.joined(separator: ", "))",
                hint: "write what happens, e.g. vehicle: lorry")
            return nil
        }
        let what: Scenario.Act.What? =
            switch subject {
            case "vehicle": vehicle(section)
            case "person", "bicycle": walker(section, subject)
            case "press": press(section)
            case "fault": fault(section)
            default: command(section)
            }
        guard let at, let what else { return nil }
        var act = Scenario.Act(at: at, what: what, place: section.place)
        if let count = section.node("count")?.number(
            "count", 1...1_000, hint: "write how many come, e.g. 5", &report)
        {
            act.count = Int(count)
        }
        act.every = section.duration(
            "every", .milliseconds(10)...Self.lengthLongest, default: act.every, &report)
        return act
    }

    private mutating func allow(_ keys: [String], _ section: Section, _ subject: String) {
        let common = ["at", "lane", "count", "every"]
        for key in section.keys where !(common + keys + [subject]).contains(key) {
            report.error(
                section.keyPlace(of: key), "'\(key)' says nothing about a \(subject)",
                hint: "remove it; known: \((common + keys).joined(separator: ", "))")
        }
    }

    private mutating func lane(_ section: Section) -> LaneName? {
        section.requiredText("lane", hint: "name the lane of the site", &report).map {
            LaneName($0)
        }
    }

    private mutating func identity(_ key: String, _ section: Section) -> Scenario.Identity {
        guard let text = section.text(key, &report) else { return .listed }
        switch text {
        case "listed": return .listed
        case "unknown": return .unknown
        case "denied": return .denied
        default: return .text(text)
        }
    }

    private mutating func vehicle(_ section: Section) -> Scenario.Act.What? {
        allow(["plate", "manner", "readable"], section, "vehicle")
        let kind = section.choice("vehicle", VehicleKind.self, &report)
        let manner =
            section.has("manner") ? section.choice("manner", DriverManner.self, &report) : .through
        let isReadable = section.flag("readable", default: true, &report)
        let plate = identity("plate", section)
        guard let lane = lane(section), let kind, let manner else { return nil }
        return .vehicle(lane, kind, plate, manner, isReadable: isReadable)
    }

    private mutating func walker(_ section: Section, _ subject: String) -> Scenario.Act.What? {
        allow(["badge", "manner", "frame"], section, subject)
        let way = section.choice(subject, WalkerWay.self, &report)
        let manner =
            section.has("manner") ? section.choice("manner", WalkerManner.self, &report) : .through
        let badge = identity("badge", section)
        let damage =
            section.has("frame") ? section.choice("frame", FrameDamage.self, &report) : nil
        guard let lane = lane(section), let way, let manner else { return nil }
        return .walker(lane, way, badge, manner, damage)
    }

    private mutating func press(_ section: Section) -> Scenario.Act.What? {
        allow(["for"], section, "press")
        let line = section.requiredText("press", hint: "name the button's input", &report)
        let lasts = section.duration(
            "for", .milliseconds(50)...Self.lengthLongest, default: .milliseconds(500), &report)
        return line.map { .press(LineName($0), lasts: lasts) }
    }

    private mutating func fault(_ section: Section) -> Scenario.Act.What? {
        allow(["line", "for", "by"], section, "fault")
        guard let kind = section.choice("fault", Scenario.FaultKind.self, &report) else {
            return nil
        }
        let lasts = section.duration(
            "for", .zero...Self.lengthLongest, default: .seconds(60), &report)
        let by = section.duration("by", .zero...(.seconds(86_400 * 30)), default: .zero, &report)
        var line: LineName?
        var lane: LaneName?
        if kind.needsLine {
            line = section.requiredText(
                "line", hint: "name the input or output that breaks", &report
            ).map { LineName($0) }
            guard line != nil else { return nil }
        } else if kind.needsLane {
            lane = self.lane(section)
            guard lane != nil else { return nil }
        }
        return .fault(kind, line, lane, lasts: lasts, by: by)
    }

    private mutating func command(_ section: Section) -> Scenario.Act.What? {
        allow(["by"], section, "command")
        guard let wish = section.choice("command", Scenario.OperatorWish.self, &report) else {
            return nil
        }
        let name = section.text("by", &report) ?? "E017"
        guard wish.needsLane else { return .command(wish, nil, by: name) }
        return lane(section).map { .command(wish, $0, by: name) }
    }
}

extension Scenario {
    /// Lanes and lines that the site has not.
    package func check(against config: GateConfig, _ report: inout ConfigReport) {
        for act in timeline {
            switch act.what {
            case .vehicle(let lane, _, _, _, _):
                check(lane, among: Set(config.lanes.keys), "barrier", act.place, &report)
            case .walker(let lane, let way, _, _, let damage):
                let people = Set(config.turnstiles.keys).union(config.doors.keys)
                check(lane, among: people, "turnstile or door", act.place, &report)
                let isDoor = config.doors[lane] != nil
                if isDoor && way == .gate || !isDoor && way == .exitButton && people.contains(lane)
                {
                    report.error(
                        act.place, "lane '\(lane)' has no way '\(way.rawValue)'",
                        hint: isDoor ? "write in, out or exit-button" : "write in, out or gate")
                }
                let hasReader = config.readers.values.contains { $0.lane == lane }
                if damage != nil, people.contains(lane), !hasReader {
                    report.error(
                        act.place, "lane '\(lane)' has no reader whose frame could be damaged",
                        hint: "remove frame:, or take a site with readers:")
                }
            case .press(let line, _):
                guard config.inputs[line] == nil else { continue }
                report.error(
                    act.place, "the site has no input '\(line.text.shortened)'",
                    hint: Suggestion.hint(
                        for: line.text, among: config.inputs.keys.map(\.text),
                        none: "name the input of a button or switch"))
            case .fault(_, let line, let lane, _, _):
                if let lane {
                    check(lane, among: Set(config.lanes.keys), "barrier", act.place, &report)
                }
                guard let line, config.inputs[line] == nil, config.outputs[line] == nil else {
                    continue
                }
                let known = (config.inputs.keys.map(\.text) + config.outputs.keys.map(\.text))
                report.error(
                    act.place, "the site has no line '\(line.text.shortened)'",
                    hint: Suggestion.hint(
                        for: line.text, among: known, none: "name an input or output"))
            case .command(_, let lane, _):
                if let lane { check(lane, among: config.laneNames, "lane", act.place, &report) }
            }
        }
    }

    private func check(
        _ lane: LaneName, among known: Set<LaneName>, _ kind: String, _ place: SourcePlace,
        _ report: inout ConfigReport
    ) {
        guard !known.contains(lane) else { return }
        report.error(
            place, "the site has no \(kind) '\(lane.text.shortened)'",
            hint: Suggestion.hint(
                for: lane.text, among: known.map(\.text), none: "name another site"))
    }
}

extension String {
    /// The parts between a separator of some characters.
    fileprivate func components(of separator: String) -> [String] {
        var parts = [""]
        var rest = Substring(self)
        while let character = rest.first {
            if rest.hasPrefix(separator) {
                parts.append("")
                rest = rest.dropFirst(separator.count)
            } else {
                parts[parts.count - 1].append(character)
                rest = rest.dropFirst()
            }
        }
        return parts
    }
}
