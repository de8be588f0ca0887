import ConfigurationFiles
import EventJournal
import GateConfiguration
import GateEngine
import GateSimulation
import GateTypes
import LineControl

/// The controller's part of an opening, timed on the demonstration's configuration.
struct Decisions {
    private let config: GateConfig
    private let lane: LaneName
    private let barrier: BarrierConfig
    private let plate: String

    init(site: String) throws {
        config = try ConfigurationDirectory.load(site, trust: .anyone).config
        let allowed = Set(config.policy.rules.filter { $0.effect == .allow }.map(\.group))
        guard let first = config.lanes.min(by: { $0.key < $1.key }),
            let vehicle = config.roster.vehicles.first(where: { allowed.contains($0.group) })
        else {
            throw DecisionsError(description: "\(site): no lane and vehicle to decide about")
        }
        (lane, barrier) = first
        plate = vehicle.plate
    }

    func measure(rounds: Int) throws -> [StageTimes] {
        var decide = StageTimes("decide: observation to intent")
        var release = StageTimes("decide: stored to relay action")
        var relay = StageTimes("relay: action to simulated line")
        let now = SystemClock.now()
        var rested = Gate(config: config)
        _ = rested.start(inputs: quiet, at: now)
        let world = SimulatedWorld(config: config, start: now.instant)
        let chips = config.chips.mapValues { _ in SimulatedChip(world) as any LineChip }
        let bank = LineBank(config: config, chips: chips, at: now.instant)
        let longest = config.outputs[barrier.outputs.raise]?.longest ?? .milliseconds(500)
        for round in 1...rounds {
            var gate = rested
            let moment = later(now, by: .milliseconds(round))
            if let loop = barrier.inputs.approach {
                _ = gate.handle(.input(loop, active: true), at: moment)
            }
            let event = GateEvent.plates(observation(at: moment.instant))
            let actions = decide.time { gate.handle(event, at: moment) }
            for case .store(let number, _) in actions {
                _ = release.time { gate.handle(.stored(number), at: moment) }
            }
            try relay.time {
                try bank.assert(barrier.outputs.raise, atMost: longest, at: moment.instant)
            }
            try bank.rest(barrier.outputs.raise, at: moment.instant)
        }
        return [decide, release, relay]
    }

    /// Nobody there, no alarm, every boom down.
    private var quiet: [LineName: Bool] {
        var inputs = config.inputs.mapValues { _ in false }
        for lane in config.lanes.values {
            if let down = lane.inputs.down { inputs[down] = true }
        }
        return inputs
    }

    private func later(_ moment: Moment, by span: Duration) -> Moment {
        Moment(instant: moment.instant + span, wall: moment.wall)
    }

    private func observation(at instant: Instant) -> PlateObservation {
        let left = PixelPoint(x: 800, y: 700)
        let corners = Quadrilateral(
            topLeft: left, topRight: PixelPoint(x: 960, y: 700),
            bottomRight: PixelPoint(x: 960, y: 750), bottomLeft: PixelPoint(x: 800, y: 750))
        let places = plate.map { CharacterPosterior([.init($0, 0.999)]) }
        let reading = PlateReading(
            text: plate, type: PlateGrammar.types(of: plate).first ?? .blue, confidence: 0.99,
            corners: corners, places: places)
        return PlateObservation(
            camera: barrier.camera ?? "camera", sequence: 1, frameTime: instant, readTime: instant,
            readings: [reading], isSimulated: true)
    }
}

/// Why the controller's part cannot be timed.
struct DecisionsError: Error, CustomStringConvertible { let description: String }
