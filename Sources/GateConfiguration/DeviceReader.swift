import GateTypes

/// Names that the file declares, with their places, also where the rest of the entry is wrong; so
/// that one mistake is not told a second time wherever its owner is mentioned.
struct DeclaredNames {
    var chips: [String: SourcePlace] = [:]
    var cameras: [String: SourcePlace] = [:]
    /// Where a lane has `faces`, and where each camera is named there.
    var faces: [LaneName: SourcePlace] = [:]
    var faceCameras: [CameraName: SourcePlace] = [:]
    /// Where a lane says what its faces are good for, and the keys under `models:`.
    var faceUses: [LaneName: SourcePlace] = [:]
    var models: [String: SourcePlace] = [:]
    var inputs: [String: SourcePlace] = [:]
    var outputs: [String: SourcePlace] = [:]
    /// Inputs of which each pulse counts.
    var pulses: [String: SourcePlace] = [:]
    var lanes: [String: SourcePlace] = [:]
    /// Where each lane has readers; one whose side is wrong counts for all.
    var readerSides: [LaneName: Set<ReaderConfig.Side>] = [:]
    var groups: [String: SourcePlace] = [:]
    var people: Set<String> = []
    var schedules: [String: SourcePlace] = [:]
    /// Lines that say neither input nor output, which is told where they stand.
    var unclearLines: Set<String> = []
}

extension ConfigReader {
    /// The named entries under one key, checked for their names and their number.
    mutating func namedEntries(
        _ node: SourceNode, _ key: String, _ what: String, atMost most: Int
    ) -> [SourceNode.Entry] {
        let entries = Section.entries(of: node, "'\(key)'", &report) ?? []
        if entries.count > most {
            report.error(
                entries[most].keyPlace, "'\(key)' has \(entries.count) entries, at most \(most)",
                hint: "a box serves one gate or lane group; share the site over several boxes")
        }
        return entries.filter {
            SourceNode.checkName($0.key, what, $0.keyPlace, &report)
        }
    }

    mutating func readChips(_ node: SourceNode) {
        var paths: [String: SourcePlace] = [:]
        for entry in namedEntries(node, "chips", "chip", atMost: ConfigLimits.linesMaximum) {
            declared.chips[entry.key] = entry.keyPlace
            let keys = ["path", "native", "simulated"]
            guard let chip = Section(entry.value, "chip '\(entry.key)'", keys: keys, &report)
            else { continue }
            let isNative = chip.flag("native", default: false, &report)
            let isSimulated = chip.flag("simulated", default: false, &report)
            guard !isSimulated else {
                if chip.has("path") {
                    report.error(
                        chip.keyPlace(of: "path"), "\(chip.title) is simulated and has a path",
                        hint: "keep 'path' for a real chip, or 'simulated: true' for none")
                }
                config.chips[entry.key] = Chip(backing: .simulated, isNative: isNative)
                continue
            }
            let hint = "write path: /dev/gpiochip0 (see gpiodetect), or simulated: true"
            guard let path = chip.requiredText("path", hint: hint, &report) else { continue }
            if let first = paths[path] {
                report.error(
                    chip.place(of: "path"), "\(chip.title) is '\(path.shortened)' again",
                    hint: "the first is at \(first); keep one of them")
            }
            paths[path] = chip.place(of: "path")
            config.chips[entry.key] = Chip(backing: .device(path: path), isNative: isNative)
        }
    }

    // MARK: Lines

    mutating func readLines(_ node: SourceNode) {
        var addresses: [LineKey: (name: String, place: SourcePlace)] = [:]
        for entry in namedEntries(node, "lines", "line", atMost: ConfigLimits.linesMaximum) {
            guard let (chip, address, place) = readLine(entry) else { continue }
            let key = LineKey(chip: chip, address: address)
            if let first = addresses[key] {
                report.error(
                    place,
                    "line '\(entry.key)' is the same line of chip '\(chip)' as "
                        + "'\(first.name)'",
                    hint: "that one is at \(first.place); each line has one name")
            } else {
                addresses[key] = (entry.key, place)
            }
        }
    }

    private struct LineKey: Hashable {
        let chip: String
        let address: LineAddress
    }

    private mutating func readLine(_ entry: SourceNode.Entry)
        -> (chip: String, address: LineAddress, place: SourcePlace)?
    {
        let title = "line '\(entry.key)'"
        let common = ["chip", "line", "active_low"]
        let inputKeys = ["input", "bias", "active_after", "clear_after", "accept_unsupervised"]
        let outputKeys = ["output", "rest", "longest", "fail", "feedback"]
        guard
            let line = Section(
                entry.value, title, keys: common + inputKeys + outputKeys, &report)
        else {
            declared.unclearLines.insert(entry.key)
            return nil
        }
        guard line.has("input") != line.has("output") else {
            declared.unclearLines.insert(entry.key)
            report.error(
                entry.keyPlace,
                line.has("input")
                    ? "\(title) is both input and output" : "\(title) has no 'input' or 'output'",
                hint: "write input: normally-closed, input: normally-open, input: pulses, or "
                    + "output: relay")
            return nil
        }
        let isInput = line.has("input")
        for key in isInput ? outputKeys : inputKeys where line.has(key) {
            report.error(
                line.keyPlace(of: key),
                "\(title) is an \(isInput ? "input" : "output") and has '\(key)'",
                hint: "remove '\(key)'; it belongs to \(isInput ? "outputs" : "inputs")")
        }
        let chip = readChipName(line)
        let address = readAddress(line)
        if isInput, case .scalar("pulses", _)? = line.node("input") {
            declared.pulses[entry.key] = entry.keyPlace
            readPulses(entry, line, chip, address)
        } else if isInput {
            declared.inputs[entry.key] = entry.keyPlace
            readInput(LineName(entry.key), line, chip, address)
        } else {
            declared.outputs[entry.key] = entry.keyPlace
            readOutput(LineName(entry.key), line, chip, address)
        }
        guard let chip, let address else { return nil }
        return (chip, address, line.place(of: "line"))
    }

    private mutating func readChipName(_ line: Section) -> String? {
        let hint = "name one of the chips: \(declared.chips.keys.sorted().joined(separator: ", "))"
        guard let name = line.requiredText("chip", hint: hint, &report) else { return nil }
        if declared.chips[name] != nil { return name }
        report.error(
            line.place(of: "chip"), "there is no chip '\(name.shortened)'",
            hint: Suggestion.hint(
                for: name, among: Array(declared.chips.keys),
                none: "add it under chips: with its path"))
        return nil
    }

    private mutating func readAddress(_ line: Section) -> LineAddress? {
        let hint = "write the line's number on its chip, or its name (see gpioinfo)"
        guard let text = line.requiredText("line", hint: hint, &report) else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            if !text.hasPrefix("-") { return .name(text) }
            report.error(line.place(of: "line"), "'line' is '\(text.shortened)'", hint: hint)
            return nil
        }
        if let offset = UInt32(text), offset < 4_096 { return .offset(offset) }
        report.error(
            line.place(of: "line"), "'line' is \(text.shortened), must be between 0 and 4095",
            hint: hint)
        return nil
    }

    private mutating func readInput(
        _ name: LineName, _ line: Section, _ chip: String?, _ address: LineAddress?
    ) {
        let contacts = [
            ("normally-closed", InputConfig.Contact.normallyClosed),
            ("normally-open", InputConfig.Contact.normallyOpen),
            ("pulses", InputConfig.Contact.normallyOpen),  // Read by itself; here for the message.
        ]
        let contact = line.node("input")?.choice("input", contacts, &report)
        var input = InputConfig(
            chip: chip ?? "", address: address ?? .offset(0), contact: contact ?? .normallyClosed)
        input.isActiveLow = line.flag("active_low", default: input.isActiveLow, &report)
        input.bias = line.choice("bias", InputConfig.Bias.self, &report) ?? input.bias
        input.activeAfter = line.duration(
            "active_after", .milliseconds(1)...(.milliseconds(20)), default: input.activeAfter,
            &report)
        input.clearAfter = line.duration(
            "clear_after", .milliseconds(20)...(.seconds(10)), default: input.clearAfter, &report)
        input.unsupervisedReason = line.text(
            "accept_unsupervised", hint: "write the reason", &report)
        config.inputs[name] = input
    }

    private mutating func readPulses(
        _ entry: SourceNode.Entry, _ line: Section, _ chip: String?, _ address: LineAddress?
    ) {
        for key in ["active_after", "clear_after", "accept_unsupervised"] where line.has(key) {
            report.error(
                line.keyPlace(of: key), "\(line.title) reads pulses and has '\(key)'",
                hint: "remove '\(key)'; every pulse counts as it comes")
        }
        if let chip, let found = config.chips[chip], !found.isNative {
            report.error(
                entry.keyPlace,
                "\(line.title) reads pulses on the chip '\(chip)', which is not native",
                hint: "expanders merge pulses and tell them late: use one of the processor's own "
                    + "lines, or write native: true on the chip if it is one")
        }
        var pulses = PulseInputConfig(chip: chip ?? "", address: address ?? .offset(0))
        pulses.isActiveLow = line.flag("active_low", default: pulses.isActiveLow, &report)
        pulses.bias = line.choice("bias", InputConfig.Bias.self, &report) ?? pulses.bias
        config.pulses[LineName(entry.key)] = pulses
    }

    private mutating func readOutput(
        _ name: LineName, _ line: Section, _ chip: String?, _ address: LineAddress?
    ) {
        _ = line.node("output")?.choice("output", [("relay", true)], &report)
        let rest = line.requiredChoice(
            "rest", OutputConfig.Rest.self,
            hint: "write rest: de-energised, or energised where loss of power is to act", &report)
        let failure = line.requiredChoice(
            "fail", OutputConfig.Failure.self,
            hint: "write fail: released or fail: secured, what its loss means for the passage",
            &report)
        let longest = line.required(
            "longest", hint: "write its longest assertion, e.g. longest: 2s", &report)
        let span = longest?.duration(
            "longest", .milliseconds(50)...(.seconds(86_400)), example: .seconds(2), &report)
        var output = OutputConfig(
            chip: chip ?? "", address: address ?? .offset(0), rest: rest ?? .deEnergised,
            longest: span ?? .seconds(2), failure: failure ?? .secured)
        output.isActiveLow = line.flag("active_low", default: output.isActiveLow, &report)
        config.outputs[name] = output
        if let node = line.node("feedback") { feedback.append((name, node)) }
    }
}
