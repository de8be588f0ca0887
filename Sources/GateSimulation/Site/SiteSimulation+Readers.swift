import CredentialReaders
import GateConfiguration
import GateEngine
import GateTypes

/// Badges that go through a reader's pulses, and inputs that a hand presses.
extension SiteSimulation {
    /// A frame that said nothing: the card is held up once more.
    private static let again = Duration.milliseconds(1_500)

    /// Which reader serves each side of each lane.
    static func senders(_ config: GateConfig) -> [ReaderPlace: WiegandSender] {
        var senders: [ReaderPlace: WiegandSender] = [:]
        for (name, reader) in config.readers.sorted(by: { $0.key < $1.key }) {
            let place = ReaderPlace(lane: reader.lane, side: reader.side)
            if senders[place] == nil { senders[place] = WiegandSender(name, reader) }
        }
        return senders
    }

    struct ReaderPlace: Hashable {
        let lane: LaneName
        let side: BadgeReading.Side
    }

    mutating func badge(_ shown: BadgeShown, _ lane: LaneName) {
        let reading = shown.reading(at: lane, now)
        let place = ReaderPlace(lane: lane, side: reading.side)
        guard let sender = senders[place],
            let pulses = sender.pulses(shown.badge, shown.damage)
        else { return send(.badge(reading)) }
        self.shown[sender.name] = shown.badge
        for pulse in pulses { jobs.add(.pulse(pulse.line), at: now + pulse.after) }
        let last = pulses.last?.after ?? .zero
        jobs.add(.readFrames, at: now + last + WiegandLimits.frameEnd)
        guard shown.damage != nil else { return }
        let whole = BadgeShown(way: shown.way, badge: shown.badge)
        jobs.add(.show(whole, lane), at: now + last + Self.again)
    }

    mutating func pulse(_ line: LineName) {
        guard isAlive else { return }
        take(station.pulse(line, at: now))
    }

    mutating func readFrames() {
        guard isAlive else { return }
        take(station.advance(to: now))
    }

    private mutating func take(_ told: [ReaderStation.Told]) {
        for (reader, report) in told {
            guard let config = config.readers[reader] else { continue }
            switch report {
            case .damaged: self.report.facts[WorldFact.frameDamaged, default: 0] += 1
            case .credential(let badge, let time):
                if badge != shown[reader] {
                    checker.worldViolates(
                        "rule 5: reader '\(reader)' told a badge that nobody showed",
                        lane: config.lane, at: now)
                }
                send(
                    .badge(
                        BadgeReading(
                            lane: config.lane, side: config.side, badge: badge, readTime: time,
                            isSimulated: true, reader: reader)))
            }
        }
    }

    /// A button or a switch, by hand.
    mutating func press(_ line: LineName, _ isPressed: Bool) {
        guard let index = inputIndex[line] else { return }
        inputs[index].sense(isPressed, at: now, &random)
        noteInput(index)
    }
}
