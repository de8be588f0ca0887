import GateTypes

/// What belongs to the whole site: lockdown, the guard's desk, roads that barriers share, feedback.
extension ConfigReader {
    mutating func readLockdown(_ node: SourceNode) {
        let keys = ["input", "except"]
        guard let section = Section(node, "'lockdown'", keys: keys, &report) else { return }
        var lockdown = LockdownConfig()
        lockdown.input = section.node("input").flatMap {
            use($0, "input", as: "the lockdown switch", .input(isSafety: false))
        }
        let hint = "name the groups of policy.yaml that pass all the same, e.g. [responders]"
        for node in section.node("except")?.elements("except", hint: hint, &report) ?? [] {
            guard let group = node.text("except", hint: hint, &report) else { continue }
            lockdown.except.insert(group)
            lockdownGroups.append((group, node.place))
        }
        config.lockdown = lockdown
    }

    /// To be called when the groups are known.
    mutating func checkLockdownGroups() {
        for (group, place) in lockdownGroups where declared.groups[group] == nil {
            report.error(
                place, "there is no group '\(group.shortened)'",
                hint: Suggestion.hint(
                    for: group, among: Array(declared.groups.keys),
                    none: "add it under groups: in policy.yaml"))
        }
    }

    // MARK: The guard's desk

    /// Each entry is an input and what it stands for, e.g. `desk-1: { open: lane1 }`.
    mutating func readDesk(_ node: SourceNode) {
        let keys = ["open", "close", "clear_fault", "emergency", "lockdown"]
        for entry in Section.entries(of: node, "'desk'", &report) ?? [] {
            let title = "desk button '\(entry.key.shortened)'"
            guard let section = Section(entry.value, title, keys: keys, &report) else { continue }
            let there = keys.filter(section.has)
            guard let key = there.first, there.count == 1 else {
                report.error(
                    entry.keyPlace,
                    there.isEmpty ? "\(title) does nothing" : "\(title) does several things",
                    hint: "write one of " + keys.joined(separator: ", "))
                continue
            }
            let wish = readWish(key, section)
            // Only the emergency button must not be missed when its wire breaks.
            let line = use(
                .scalar(entry.key, entry.keyPlace), entry.key, as: "a button at the desk",
                .input(isSafety: wish == .emergencyRelease))
            if let wish, let line { config.desk[line] = wish }
        }
    }

    private mutating func readWish(_ key: String, _ section: Section) -> DeskWish? {
        switch key {
        case "emergency":
            return section.node(key)?.choice(
                key, [("release", DeskWish.emergencyRelease), ("reset", .emergencyReset)], &report)
        case "lockdown":
            return section.node(key)?.choice(
                key, [("on", DeskWish.lockdown), ("off", .endLockdown)], &report)
        default:
            guard let name = section.text(key, hint: "name the lane", &report) else { return nil }
            guard declared.lanes[name] != nil else {
                report.error(
                    section.place(of: key), "there is no lane '\(name.shortened)'",
                    hint: Suggestion.hint(
                        for: name, among: Array(declared.lanes.keys), none: "add it under lanes:"))
                return nil
            }
            let lane = LaneName(name)
            return key == "open" ? .open(lane) : key == "close" ? .close(lane) : .clearFault(lane)
        }
    }

    // MARK: Roads and feedback

    /// A road that one barrier alone names is shared with nobody.
    mutating func checkRoads() {
        for (road, places) in roads where places.count == 1 {
            report.error(
                places[0], "no other barrier shares the road '\(road.shortened)'",
                hint: "write interlock: \(road.shortened) on each barrier of the road")
        }
    }

    mutating func readFeedback() {
        for (output, node) in feedback {
            let what = "the feedback of line '\(output)'"
            let input = use(node, "feedback", as: what, .input(isSafety: false))
            config.outputs[output]?.feedback = input
            guard output == config.heartbeat else { continue }
            report.error(
                node.place, "the heartbeat's output '\(output)' has a feedback",
                hint: "it changes too fast to be compared; remove 'feedback'")
        }
    }
}
