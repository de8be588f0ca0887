import GateTypes

extension ConfigReader {
    mutating func readPolicy(_ root: SourceNode, lanesAreKnown: Bool) {
        let keys = ["groups", "schedules", "holidays", "rules"]
        guard let top = Section(root, "policy.yaml", keys: keys, &report) else { return }
        if let node = top.required(
            "groups", hint: "add groups: [lorries, blocked], the groups of the roster", &report)
        {
            readGroups(node)
        }
        let holidays = top.node("holidays").map { readHolidays($0) } ?? []
        if let node = top.node("schedules") { readSchedules(node, holidays) }
        if let node = top.required(
            "rules", hint: "add rules: with lines such as - { allow: lorries }", &report)
        {
            readRules(node, lanesAreKnown: lanesAreKnown)
        }
    }

    private mutating func readGroups(_ node: SourceNode) {
        let hint = "write [lorries, blocked]"
        for element in node.elements("groups", hint: hint, &report) ?? [] {
            guard let name = element.name("group", &report) else { continue }
            if let first = declared.groups[name] {
                report.error(
                    element.place, "group '\(name)' is there twice",
                    hint: "the first is at \(first); remove one")
            } else {
                declared.groups[name] = element.place
                config.policy.groups.insert(name)
            }
        }
    }

    // MARK: Schedules

    private mutating func readSchedules(_ node: SourceNode, _ holidays: Set<String>) {
        for entry in namedEntries(node, "schedules", "schedule", atMost: ConfigLimits.rulesMaximum)
        {
            declared.schedules[entry.key] = entry.keyPlace
            var hours = entry.value
            var observed = holidays
            if case .mapping = entry.value {
                let title = "schedule '\(entry.key)'"
                guard
                    let section = Section(
                        entry.value, title, keys: ["open", "holidays"], &report),
                    let open = section.required("open", hint: ScheduleText.hint, &report)
                else { continue }
                hours = open
                let choices = [("closed", holidays), ("open", [])]
                observed =
                    section.node("holidays")?.choice("holidays", choices, &report) ?? holidays
            }
            var windows: [Schedule.Window] = []
            for element in hours.elements(entry.key, hint: ScheduleText.hint, &report) ?? [] {
                guard let text = element.text(entry.key, hint: ScheduleText.hint, &report) else {
                    continue
                }
                switch ScheduleText.parse(text) {
                case .success(let parsed): windows += parsed
                case .failure(let problem):
                    report.error(
                        element.place, "'\(text.shortened)' is no schedule: \(problem.text)",
                        hint: ScheduleText.hint)
                }
            }
            config.policy.schedules[entry.key] = Schedule(windows: windows, holidays: observed)
        }
    }

    private mutating func readHolidays(_ node: SourceNode) -> Set<String> {
        let hint = "write dates such as 2026-10-01, or spans such as 2026-10-01..2026-10-07"
        var holidays: Set<String> = []
        for element in node.elements("holidays", hint: hint, &report) ?? [] {
            guard let text = element.text("holidays", hint: hint, &report) else { continue }
            switch ScheduleText.dates(text) {
            case .success(let dates): holidays.formUnion(dates)
            case .failure(let problem):
                report.error(
                    element.place, "holiday '\(text.shortened)' \(problem.text)", hint: hint)
            }
        }
        if holidays.count > ConfigLimits.holidaysMaximum {
            report.error(
                node.place,
                "there are \(holidays.count) holidays, at most "
                    + "\(ConfigLimits.holidaysMaximum)", hint: "remove those that are over")
        }
        return holidays
    }

    // MARK: Rules

    private mutating func readRules(_ node: SourceNode, lanesAreKnown: Bool) {
        let hint = "write lines such as - { allow: lorries, lanes: [lane1], during: day }"
        guard case .list(let elements, let place) = node else {
            return report.error(node.place, "'rules' is \(node.kind), must be a list", hint: hint)
        }
        if elements.count > ConfigLimits.rulesMaximum {
            report.error(
                place, "there are \(elements.count) rules, at most \(ConfigLimits.rulesMaximum)",
                hint: "give vehicles with the same rights one group")
        }
        for element in elements {
            let keys = ["allow", "deny", "lanes", "during"]
            guard let section = Section(element, "a rule", keys: keys, &report) else { continue }
            guard section.has("allow") != section.has("deny") else {
                report.error(
                    section.place,
                    section.has("allow")
                        ? "a rule has both 'allow' and 'deny'" : "a rule has no 'allow' or 'deny'",
                    hint: hint)
                continue
            }
            readRule(section, lanesAreKnown: lanesAreKnown)
        }
    }

    private mutating func readRule(_ section: Section, lanesAreKnown: Bool) {
        let effect = section.has("allow") ? PolicyConfig.Rule.Effect.allow : .deny
        let key = effect.rawValue
        let group = section.requiredText(key, hint: "name one of the groups", &report)
        if let group, declared.groups[group] == nil {
            report.error(
                section.place(of: key), "there is no group '\(group.shortened)'",
                hint: Suggestion.hint(
                    for: group, among: Array(declared.groups.keys), none: "add it under groups:"))
        }
        var lanes: Set<LaneName> = []
        let laneHint = "write lanes: [lane1, lane2], or leave it out for every lane"
        let elements = section.node("lanes")?.elements("lanes", hint: laneHint, &report)
        if let elements, elements.isEmpty {
            report.error(section.place(of: "lanes"), "'lanes' is empty", hint: laneHint)
        }
        for element in elements ?? [] {
            guard let name = element.text("lanes", hint: laneHint, &report) else { continue }
            lanes.insert(LaneName(name))
            if lanesAreKnown, declared.lanes[name] == nil {
                report.error(
                    element.place, "there is no lane '\(name.shortened)'",
                    hint: Suggestion.hint(
                        for: name, among: Array(declared.lanes.keys),
                        none: "add it under lanes: in gatehouse.yaml"))
            }
        }
        let during = section.text("during", hint: "name one of the schedules", &report)
        if let during, declared.schedules[during] == nil {
            report.error(
                section.place(of: "during"), "there is no schedule '\(during.shortened)'",
                hint: Suggestion.hint(
                    for: during, among: Array(declared.schedules.keys),
                    none: "add it under schedules:"))
        }
        config.policy.rules.append(
            PolicyConfig.Rule(
                effect, group: group ?? "", lanes: lanes, during: during,
                place: section.place.description))
    }

    mutating func checkRules() {
        let ruled = Set(config.policy.rules.map(\.group))
        for (name, place) in declared.groups where !ruled.contains(name) {
            report.warn(
                place, "group '\(name)' has no rule", hint: "its vehicles are refused everywhere")
        }
        let used = Set(config.policy.rules.compactMap(\.during))
        for (name, place) in declared.schedules where !used.contains(name) {
            report.warn(place, "schedule '\(name)' is used by no rule", hint: "use or remove it")
        }
    }
}
