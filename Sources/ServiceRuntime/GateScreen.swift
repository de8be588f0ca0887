import GateConfiguration
import GateTypes

/// Draws a snapshot as lines of text, in the site's language.
package struct GateScreen {
    /// How a part of the text is to be shown where colours are possible.
    package enum Style: String, Sendable {
        case plain = "0"
        case strong = "1"
        case good = "32"
        case bad = "31"
        case faint = "2"
        case alert = "1;37;41"
    }

    private let texts: Texts
    private let hasColour: Bool

    package init(language: String, hasColour: Bool) {
        texts = Texts(Site.Language(rawValue: language) ?? .en)
        self.hasColour = hasColour
    }

    /// The whole picture; `happenings` are shown below, newest last.
    package func lines(_ gate: GateSnapshot, happenings: [GateHappening] = []) -> [String] {
        [heading(gate), state(gate), ""] + lanes(gate) + readers(gate) + alarms(gate) + [""]
            + plates(gate) + [""] + latencies(gate)
            + (happenings.isEmpty ? [] : [""] + happenings.map(line))
    }

    /// One happening on one line.
    package func line(_ happening: GateHappening) -> String {
        let lane = pad(happening.lane?.text ?? "-", 8)
        let kind = pad(happening.kind, 14)
        let style: Style =
            switch happening.kind {
            case "alarm", "fault", "incident", "emergency": .bad
            case "grant": .good
            default: .plain
            }
        return "\(Self.clock(happening.wall))  \(lane)\(styled(kind, style))\(happening.text)"
    }

    // MARK: Parts

    private func heading(_ gate: GateSnapshot) -> String {
        let refused = ["refused", "unreadable"].reduce(0) {
            $0 + (gate.counts["outcome_\($1)"] ?? 0)
        }
        let counts = [
            "\(texts[word: .admitted]) \(gate.counts["grant"] ?? 0)",
            "\(texts[word: .refused]) \(refused)",
        ]
        return styled(gate.site, .strong) + "  \(Self.clock(gate.wall))  "
            + counts.joined(separator: "  ")
    }

    private func state(_ gate: GateSnapshot) -> String {
        let emergency =
            gate.emergency.map { styled("\(texts[word: .emergency]): \($0)", .alert) }
            ?? texts[word: .noEmergency]
        let lockdown = gate.lockdown.map { styled("\(texts[word: .lockdown]): \($0)", .alert) }
        let eyes =
            gate.eyes.isConnected
            ? styled(texts[word: .eyesThere], .good) : styled(texts[word: .eyesGone], .bad)
        let journal =
            gate.storageProblem.map { styled("\(texts[word: .storageFails]): \($0)", .bad) }
            ?? styled(texts[word: .storageWorks], .good)
        return [emergency, lockdown, eyes, journal].compactMap { $0 }.joined(separator: "  ")
    }

    private func lanes(_ gate: GateSnapshot) -> [String] {
        let title =
            pad(texts[word: .lane], 10) + pad(texts[word: .boom], 11)
            + pad(texts[word: .occupied], 24)
            + pad(texts[word: .plate], 12) + texts[word: .decision]
        let barriers = gate.lanes.filter { !Self.isForPeople($0) }
        return (barriers.isEmpty ? [] : [styled(title, .faint)])
            + barriers.map { lane in
                let occupied = lane.occupied.map(role).joined(separator: " ")
                let plate = lane.lastPlate
                let style: Style = plate.map { $0.isAdmitted ? .good : .bad } ?? .plain
                let blind = lane.blind.map { styled("  \(texts[word: .blind]): \($0)", .bad) } ?? ""
                return pad("\(lane.name)", 10) + pad(boom(lane.boom), 11) + pad(occupied, 24)
                    + styled(pad(plate?.text ?? "-", 12), style) + lane.text + blind
            } + people(gate.lanes.filter(Self.isForPeople))
    }

    private static let peopleInARow = 3

    /// Told apart by the words for what they show; a boom is never locked.
    private static func isForPeople(_ lane: GateSnapshot.Lane) -> Bool {
        ["locked", "released", "open"].contains(lane.boom)
    }

    /// Turnstiles and doors, some in a row; a dot where somebody is. Below, a line for each where a
    /// face alone opens by somebody's name.
    private func people(_ lanes: [GateSnapshot.Lane]) -> [String] {
        stride(from: 0, to: lanes.count, by: Self.peopleInARow).map { first in
            lanes[first..<min(first + Self.peopleInARow, lanes.count)].map { lane in
                let isBad = ["fault", "emergency"].contains(lane.state)
                let style: Style = isBad ? .bad : lane.boom == "locked" ? .plain : .good
                let dot = lane.occupied.isEmpty ? " " : "\u{25CF}"
                return pad("\(lane.name)", 10) + styled(pad(boom(lane.boom), 10), style)
                    + styled(dot, .good) + "   "
            }.joined()
        } + lanes.compactMap(faceAlone)
    }

    private func faceAlone(_ lane: GateSnapshot.Lane) -> String? {
        lane.faceAlone.map { name in
            let word = texts[word: lane.judgesLiveness == true ? .faceAloneLive : .faceAlone]
            return pad("\(lane.name)", 10) + styled("\(word) (\(name))", .bad)
        }
    }

    private func readers(_ gate: GateSnapshot) -> [String] {
        guard !gate.readers.isEmpty else { return [] }
        let title =
            pad(texts[word: .reader], 20) + pad(texts[word: .lane], 10)
            + padLeft(texts[word: .credentials], 8) + padLeft(texts[word: .unreadable], 12)
        return ["", styled(title, .faint)]
            + gate.readers.map { reader in
                let trouble = reader.trouble.map { "  " + styled($0, .bad) } ?? ""
                return pad("\(reader.name)", 20) + pad("\(reader.lane)", 10)
                    + padLeft("\(reader.credentials)", 8) + padLeft("\(reader.unreadable)", 12)
                    + trouble
            }
    }

    private func alarms(_ gate: GateSnapshot) -> [String] {
        gate.alarms.prefix(8).map {
            styled("! \(Self.clock($0.since))  \($0.lane?.text ?? "-")  \($0.text)", .bad)
        }
    }

    private func plates(_ gate: GateSnapshot) -> [String] {
        [styled(texts[word: .lastPlates], .faint)]
            + gate.plates.prefix(8).map { plate in
                let word = texts[word: plate.isAdmitted ? .admitted : .refused]
                return "\(Self.clock(plate.wall))  " + pad(plate.lane.text, 8)
                    + pad(plate.text.isEmpty ? "-" : plate.text, 12)
                    + styled(pad(word, 10), plate.isAdmitted ? .good : .bad)
                    + plate.reason.split(separator: " ").map { texts.reason(String($0)) }
                    .joined(separator: ", ")
            }
    }

    private func latencies(_ gate: GateSnapshot) -> [String] {
        let title =
            pad(texts[word: .latencies], 22)
            + ["p50", "p95", "p99"].map { padLeft($0, 9) }.joined()
            + padLeft(texts[word: .longest], 9) + padLeft(texts[word: .count], 9)
        return [styled(title, .faint)]
            + gate.latencies.map { latency in
                pad(stage(latency.name), 22)
                    + [latency.p50, latency.p95, latency.p99, latency.maximum]
                    .map { padLeft(Self.number($0), 9) }.joined() + padLeft("\(latency.count)", 9)
            }
    }

    private func role(_ role: String) -> String {
        switch role {
        case "approach": texts[word: .approach]
        case "safety": texts[word: .safety]
        case "photocell": texts[word: .photocell]
        case "outer": texts[word: .outer]
        case "inner": texts[word: .inner]
        case "presence": texts[word: .presence]
        case "obstacle": texts[word: .obstacle]
        default: role
        }
    }

    private func boom(_ state: String) -> String {
        switch state {
        case "up": texts[word: .up]
        case "down": texts[word: .down]
        case "rising": texts[word: .rising]
        case "lowering": texts[word: .lowering]
        case "between": texts[word: .between]
        case "locked": texts[word: .locked]
        case "released": texts[word: .released]
        case "open": texts[word: .open]
        default: texts[word: .unknown]
        }
    }

    private func stage(_ name: String) -> String {
        switch name {
        case "arrival_to_relay": texts[word: .arrivalToRelay]
        case "frame_to_relay": texts[word: .frameToRelay]
        case "journal": texts[word: .journal]
        case "decide": texts[word: .decide]
        case "relay": texts[word: .relay]
        default: name
        }
    }

    // MARK: Text

    private func styled(_ text: String, _ style: Style) -> String {
        hasColour && style != .plain ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Milliseconds with one digit after the point.
    static func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "-" }
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(abs(tenths % 10))"
    }

    /// Time of day in UTC, as the record has it.
    static func clock(_ wall: WallTime) -> String {
        let day: Int64 = 86_400_000
        let seconds = (wall.milliseconds % day + day) % day / 1000
        return [seconds / 3600, seconds / 60 % 60, seconds % 60]
            .map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }

    /// Columns on a terminal: Chinese characters take two.
    static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { sum, scalar in
            switch scalar.value {
            case 0..<0x20, 0x7F: sum
            case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
                0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
                sum + 2
            default: sum + 1
            }
        }
    }

    private func pad(_ text: String, _ columns: Int) -> String {
        text + String(repeating: " ", count: max(columns - Self.width(text), 1))
    }

    private func padLeft(_ text: String, _ columns: Int) -> String {
        String(repeating: " ", count: max(columns - Self.width(text), 1)) + text
    }
}
