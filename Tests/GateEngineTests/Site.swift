import GateConfiguration
import GateTypes

/// Small sites for the engine's tests.
enum Site {
    static let listed = ["苏E12345", "苏EB7719", "苏E88K02", "苏E4Q507", "苏EA9D31", "苏ED01234"]
    static let blocked = "苏E66666"
    static let lane: LaneName = "lane1"
    static let beijing = TimeZoneTable(
        name: "Asia/Shanghai", transitions: [.init(fromSeconds: 0, offsetSeconds: 28_800)])

    struct Options {
        var laneCount = 1
        var hasApproach = true
        var hasPhotocell = true
        var hasLimits = true
        var hasStop = true
        var hasLower = true
        /// The relays are pressed for a moment; the boom's own controller does the travel.
        var isPulsed = true
        var onStorageFailure = BarrierConfig.StorageFailure.refuse
        var exemptLanes: Set<LaneName> = []
        var motor = Duration.seconds(4)
        var rosterCount = 0
    }

    static func config(_ options: Options = Options()) -> GateConfig {
        var config = GateConfig(
            site: .init(name: "Test", timeZone: beijing))
        config.fire = "fire"
        config.inputs["fire"] = input()
        for number in 1...options.laneCount {
            let name = "lane\(number)"
            addLane(name, options, to: &config)
        }
        config.policy.groups = ["lorries", "blocked"]
        config.policy.rules = [
            .init(.allow, group: "lorries", place: "policy.yaml:3:5"),
            .init(.deny, group: "blocked", place: "policy.yaml:4:5"),
        ]
        config.roster.vehicles = listed.map { .init(plate: $0, group: "lorries") }
        config.roster.vehicles.append(.init(plate: blocked, group: "blocked"))
        for number in 0..<options.rosterCount {
            let digits = String(number * 211 % 100_000)
            let serial = String(repeating: "0", count: 5 - digits.count) + digits
            config.roster.vehicles.append(.init(plate: "浙A\(serial)", group: "lorries"))
        }
        return config
    }

    private static func addLane(_ name: String, _ options: Options, to config: inout GateConfig) {
        var inputs = BarrierConfig.Inputs(safety: LineName("\(name)-safety"))
        inputs.approach = options.hasApproach ? LineName("\(name)-approach") : nil
        inputs.photocell = options.hasPhotocell ? LineName("\(name)-photocell") : nil
        inputs.up = options.hasLimits ? LineName("\(name)-up") : nil
        inputs.down = options.hasLimits ? LineName("\(name)-down") : nil
        var outputs = BarrierConfig.Outputs(raise: LineName("\(name)-raise"))
        outputs.lower = options.hasLower ? LineName("\(name)-lower") : nil
        outputs.stop = options.hasStop ? LineName("\(name)-stop") : nil
        outputs.lamp = LineName("\(name)-lamp")
        for line in [inputs.approach, inputs.safety, inputs.photocell, inputs.up, inputs.down] {
            if let line { config.inputs[line] = input() }
        }
        let longest: Duration = options.isPulsed ? .seconds(1) : .seconds(6)
        for line in [outputs.raise, outputs.lower, outputs.stop, outputs.lamp] {
            guard let line else { continue }
            config.outputs[line] = OutputConfig(
                chip: "sim", address: .name(line.text), rest: .deEnergised,
                longest: line == outputs.lamp ? .seconds(60) : longest, failure: .secured)
        }
        var lane = BarrierConfig(
            direction: .in, camera: CameraName(name), outputs: outputs, inputs: inputs)
        lane.onStorageFailure = options.onStorageFailure
        lane.timing.motor = options.motor
        if options.exemptLanes.contains(LaneName(name)) {
            lane.emergencyExemption = "leads into the hazard"
        }
        config.lanes[LaneName(name)] = lane
        config.cameras[CameraName(name)] = CameraConfig(
            source: .scene, width: 1920, height: 1080, rate: 25, format: .mjpeg)
    }

    private static func input() -> InputConfig {
        InputConfig(chip: "sim", address: .offset(0), contact: .normallyClosed)
    }
}

/// Readings as a recogniser gives them.
enum Reader {
    static func reading(
        _ text: String, confidence: Double = 0.98, width: Double = 160,
        doubts: [Int: [(Character, Double)]] = [:]
    ) -> PlateReading {
        let places = Array(text).enumerated().map { place, character in
            CharacterPosterior(
                (doubts[place] ?? [(character, 0.998)]).map { .init($0.0, $0.1) })
        }
        let corners = Quadrilateral(
            topLeft: .init(x: 500, y: 600), topRight: .init(x: 500 + width, y: 600),
            bottomRight: .init(x: 500 + width, y: 650), bottomLeft: .init(x: 500, y: 650))
        return PlateReading(
            text: text, type: .yellow, confidence: confidence, corners: corners, places: places)
    }

    static func observation(
        _ readings: [PlateReading], camera: CameraName = "lane1", frame: Instant, read: Instant
    ) -> PlateObservation {
        PlateObservation(
            camera: camera, sequence: 0, frameTime: frame, readTime: read, readings: readings,
            isSimulated: true)
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &self) < probability
    }

    mutating func milliseconds(_ range: ClosedRange<Double>) -> Duration {
        .nanoseconds(Int64(Double.random(in: range, using: &self) * 1e6))
    }
}
