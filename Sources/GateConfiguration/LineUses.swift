import GateTypes

/// Which line serves what; a line serves one thing only.
struct LineUses {
    enum Role: Hashable {
        case input(isSafety: Bool)
        case output(isMotion: Bool)
        /// An input of which each pulse counts.
        case pulses
    }

    /// One mention of a line.
    struct Use {
        let what: String
        let place: SourcePlace
        let role: Role
    }

    private(set) var byLine: [LineName: Use] = [:]

    /// Records a use; returns the earlier one of the same line, if there is one.
    mutating func add(_ line: LineName, _ use: Use) -> Use? {
        if let earlier = byLine[line] { return earlier }
        byLine[line] = use
        return nil
    }
}

extension ConfigReader {
    /// The line that a node names, if it is there and has the right direction.
    mutating func use(
        _ node: SourceNode, _ key: String, as what: String, _ role: LineUses.Role
    ) -> LineName? {
        guard let text = node.text(key, hint: "name one of the lines", &report) else { return nil }
        let kinds = [
            ("an input", declared.inputs), ("an output", declared.outputs),
            ("an input: pulses", declared.pulses),
        ]
        let (wanted, right) =
            switch role {
            case .input: kinds[0]
            case .output: kinds[1]
            case .pulses: kinds[2]
            }
        guard right[text] != nil else {
            if let (kind, lines) = kinds.first(where: { $0.1[text] != nil }) {
                report.error(
                    node.place, "\(what) needs \(wanted), and '\(text)' is \(kind)",
                    hint: lines[text].map { "see \($0)" } ?? "")
            } else if !declared.unclearLines.contains(text) {
                report.error(
                    node.place, "there is no line '\(text.shortened)'",
                    hint: Suggestion.hint(
                        for: text, among: Array(right.keys), none: "add it under lines:"))
            }
            return nil
        }
        let name = LineName(text)
        let mention = LineUses.Use(what: what, place: node.place, role: role)
        if let earlier = uses.add(name, mention) {
            report.error(
                node.place, "line '\(name)' serves \(what) and \(earlier.what)",
                hint: "the other is at \(earlier.place); each needs a line of its own")
        }
        return name
    }

    /// What the use of a line asks of it.
    mutating func checkLines() {
        for (name, use) in uses.byLine {
            switch use.role {
            case .input(let isSafety): checkInput(name, use, isSafety: isSafety)
            case .output(let isMotion): if isMotion { checkMotion(name, use) }
            case .pulses: break
            }
        }
    }

    private mutating func checkInput(_ name: LineName, _ use: LineUses.Use, isSafety: Bool) {
        guard let input = config.inputs[name] else { return }
        let place = declared.inputs[name.text] ?? use.place
        if isSafety, let chip = config.chips[input.chip], !chip.isNative, chip.backing != .simulated
        {
            report.warn(
                place,
                "line '\(name)' serves \(use.what) on the chip '\(input.chip)', which is not "
                    + "native: expanders tell edges late",
                hint: "use one of the processor's own lines, or write native: true if it is one")
        }
        if isSafety, input.contact != .normallyClosed {
            if let reason = input.unsupervisedReason {
                report.warn(
                    place, "line '\(name)' serves \(use.what) unsupervised (\(reason.shortened))",
                    hint: "a broken wire reads as clear there")
            } else {
                report.error(
                    place, "line '\(name)' serves \(use.what) and is not normally-closed",
                    hint: "wire and write input: normally-closed, so that a broken wire reads as "
                        + "occupied, or add accept_unsupervised: REASON")
            }
        } else if input.unsupervisedReason != nil {
            report.warn(
                place, "line '\(name)' has 'accept_unsupervised' and needs none",
                hint: "remove it")
        }
    }

    private mutating func checkMotion(_ name: LineName, _ use: LineUses.Use) {
        guard let output = config.outputs[name], output.longest > .seconds(60) else { return }
        report.error(
            declared.outputs[name.text] ?? use.place,
            "line '\(name)' serves \(use.what) and has longest: \(output.longest.written), "
                + "must be at most 60s",
            hint: "write how long the motor or its controller needs the signal, e.g. 2s")
    }

    mutating func warnAboutWhatIsUnused() {
        for (name, place) in declared.inputs.merging(
            declared.outputs.merging(declared.pulses) { a, _ in a },
            uniquingKeysWith: { a, _ in a })
        where uses.byLine[LineName(name)] == nil {
            report.warn(place, "line '\(name)' is used by nothing", hint: "use it, or remove it")
        }
        let cameras = Set(config.lanes.values.compactMap(\.camera?.text))
            .union(declared.faceCameras.keys.map(\.text))
        for (name, place) in declared.cameras where !cameras.contains(name) {
            report.warn(place, "camera '\(name)' is used by no lane", hint: "use it, or remove it")
        }
        let chips = Set(config.inputs.values.map(\.chip)).union(config.outputs.values.map(\.chip))
            .union(config.pulses.values.map(\.chip))
        for (name, place) in declared.chips where !chips.contains(name) {
            report.warn(place, "chip '\(name)' has no line", hint: "use it, or remove it")
        }
        let simulated = declared.chips.filter { isSimulated($0.key) }
        guard simulated.count < declared.chips.count else { return }
        for (name, place) in simulated {
            report.warn(
                place, "chip '\(name)' is simulated beside real ones",
                hint: "its lines move nothing and see nothing")
        }
    }
}
