import GateTypes

/// `readers:`: what is read, and what is told about it.
extension ConfigReader {
    mutating func readReaders(_ node: SourceNode) {
        for entry in namedEntries(node, "readers", "reader", atMost: ConfigLimits.readersMaximum) {
            readReader(entry)
        }
    }

    private mutating func readReader(_ entry: SourceNode.Entry) {
        let keys = [
            "lane", "side", "data0", "data1", "formats", "badge", "facility", "led", "beeper",
            "wrong",
        ]
        guard let reader = Section(entry.value, "reader '\(entry.key)'", keys: keys, &report)
        else { return }
        let lane = readLaneOfReader(reader)
        let side = reader.requiredChoice(
            "side", ReaderConfig.Side.self,
            hint: "write outside (it lets in), inside (it lets out) or gate (the side gate)",
            &report)
        if let lane, let side { checkSide(reader, lane, side) }
        if let lane {
            declared.readerSides[lane, default: []]
                .formUnion(side.map { [$0] } ?? Set(ReaderConfig.Side.allCases))
        }
        let data0 = readDataLine(reader, "data0")
        let data1 = readDataLine(reader, "data1")
        let formats = readFormats(reader)
        let (numbering, facilities) = readNumbering(reader, formats ?? [])
        let led = readSignalLine(reader, "led")
        let beeper = readSignalLine(reader, "beeper")
        let attempts = reader.node("wrong").map { readAttempts($0, reader.title) }
        guard let lane, let side, let data0, let data1, let formats else { return }
        var wiegand = ReaderConfig.Wiegand(
            data0: data0, data1: data1, formats: formats, numbering: numbering)
        wiegand.facilities = facilities
        var config = ReaderConfig(lane: lane, side: side, wiring: .wiegand(wiegand))
        config.led = led
        config.beeper = beeper
        config.attempts = attempts ?? config.attempts
        self.config.readers[ReaderName(entry.key)] = config
    }

    private mutating func readLaneOfReader(_ reader: Section) -> LaneName? {
        let hint = "name the turnstile or door that the reader opens"
        guard let name = reader.requiredText("lane", hint: hint, &report) else { return nil }
        let lane = LaneName(name)
        if declared.lanes[name] == nil {
            report.error(
                reader.place(of: "lane"), "there is no lane '\(name.shortened)'",
                hint: Suggestion.hint(
                    for: name, among: Array(declared.lanes.keys), none: "add it under lanes:"))
            return nil
        }
        if config.lanes[lane] != nil {
            report.error(
                reader.place(of: "lane"), "lane '\(name)' is a barrier, and badges open none",
                hint: hint)
            return nil
        }
        return lane
    }

    private mutating func checkSide(
        _ reader: Section, _ lane: LaneName, _ side: ReaderConfig.Side
    ) {
        if let turnstile = config.turnstiles[lane] {
            let outputs = turnstile.outputs
            let (output, name) =
                switch side {
                case .outside: (outputs.entry, "entry")
                case .inside: (outputs.exit, "exit")
                case .gate: (outputs.gate, "gate")
                }
            guard output == nil else { return }
            report.error(
                reader.place(of: "side"),
                "\(reader.title) is \(side.rawValue), and lane '\(lane)' has no output '\(name)'",
                hint: "add '\(name)' to its outputs, or write the side where the reader is")
        } else if config.doors[lane] != nil, side == .gate {
            report.error(
                reader.place(of: "side"), "\(reader.title) is at the side gate of a door",
                hint: "only turnstiles have one; write outside or inside")
        }
    }

    private mutating func readDataLine(_ reader: Section, _ key: String) -> LineName? {
        let hint = "name the line of the reader's \(key.uppercased()), declared with input: pulses"
        return reader.required(key, hint: hint, &report).flatMap {
            use($0, key, as: "'\(key)' of \(reader.title)", .pulses)
        }
    }

    private mutating func readSignalLine(_ reader: Section, _ key: String) -> LineName? {
        reader.node(key).flatMap {
            use($0, key, as: "'\(key)' of \(reader.title)", .output(isMotion: false))
        }
    }

    private mutating func readFormats(_ reader: Section) -> [ReaderConfig.Format]? {
        let choices = ReaderConfig.Format.allCases.map { ($0.rawValue, $0) }
        let hint = "write what the reader sends, e.g. formats: [wiegand-26]"
        guard
            let nodes = reader.required("formats", hint: hint, &report)?
                .elements("formats", hint: hint, &report)
        else { return nil }
        var formats: [ReaderConfig.Format] = []
        for node in nodes {
            guard let format = node.choice("formats", choices, &report) else { return nil }
            if let other = formats.first(where: { $0.bitCount == format.bitCount }) {
                report.error(
                    node.place,
                    "'\(format.rawValue)' and '\(other.rawValue)' both have \(format.bitCount) "
                        + "bits: nobody could tell them apart", hint: "keep one of them")
                return nil
            }
            formats.append(format)
        }
        let cards = formats.filter { !$0.isKeypad }
        if cards.count > 1 {
            report.warn(
                reader.place(of: "formats"),
                "\(reader.title) reads cards of \(cards.count) formats",
                hint: "two cards may carry the same number in different formats, and a long frame "
                    + "cut short can look like a short one; list only what your cards have")
        }
        guard formats.isEmpty else { return formats }
        report.error(reader.place(of: "formats"), "\(reader.title) reads nothing", hint: hint)
        return nil
    }

    private mutating func readNumbering(
        _ reader: Section, _ formats: [ReaderConfig.Format]
    ) -> (ReaderConfig.Numbering, Set<UInt64>) {
        let facilities = readFacilities(reader)
        guard formats.contains(where: { !$0.isKeypad }) else { return (.whole, facilities) }
        let hint =
            "write how badges.csv writes a badge: number, facility-and-number or whole"
        let numbering = reader.requiredChoice(
            "badge", ReaderConfig.Numbering.self, hint: hint, &report)
        if numbering == .number, facilities.isEmpty, formats.contains(where: \.hasFacility) {
            report.error(
                reader.place(of: "badge"),
                "\(reader.title) leaves the facility away, and cards of every other site with the "
                    + "same number would pass",
                hint: "add facility: with the codes of your cards, or write "
                    + "badge: facility-and-number")
        }
        return (numbering ?? .facilityAndNumber, facilities)
    }

    private mutating func readFacilities(_ reader: Section) -> Set<UInt64> {
        let hint = "write the facility codes of your cards, e.g. facility: [117]"
        guard let nodes = reader.node("facility")?.elements("facility", hint: hint, &report)
        else { return [] }
        var facilities: Set<UInt64> = []
        for node in nodes {
            guard let value = node.number("facility", 0...65_535, hint: hint, &report)
            else { continue }
            if value == value.rounded() {
                facilities.insert(UInt64(value))
            } else {
                report.error(node.place, "'facility' is \(value), must be whole", hint: hint)
            }
        }
        return facilities
    }

    private mutating func readAttempts(
        _ node: SourceNode, _ title: String
    ) -> ReaderConfig.Attempts {
        var attempts = ReaderConfig.Attempts()
        let keys = ["attempts", "within", "pause"]
        guard let section = Section(node, "'wrong' of \(title)", keys: keys, &report)
        else { return attempts }
        let hint = "write how many unknown badges in a row are too many, e.g. attempts: 5"
        if let most = section.node("attempts")?.number("attempts", 2...20, hint: hint, &report) {
            attempts.largest = Int(most)
        }
        attempts.within = section.duration(
            "within", .seconds(10)...(.seconds(86_400)), default: attempts.within, &report)
        attempts.pause = section.duration(
            "pause", .seconds(5)...(.seconds(3_600)), default: attempts.pause, &report)
        return attempts
    }
}
