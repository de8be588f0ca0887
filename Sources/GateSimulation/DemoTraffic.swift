import GateTypes

/// The demonstration's traffic: every vehicle of the catalogue in turn, the same for the same seed.
package enum DemoTraffic {
    /// From one arrival on a lane to the next: the way through the gate, boom included.
    private static let headways = ["lorry": 9_000, "coach": 9_600, "van": 8_000]
    private static let headwayOtherwise = 7_600
    /// The one who drives in behind another comes this long after it, and the next one later.
    private static let tailgateGap = 1_500
    /// Seconds that a vehicle needs from its appearance to the end of its passage, at most.
    package static let lastPassage = Duration.seconds(16)
    private static let patience = Duration.milliseconds(3_500)

    private static let lengths = ["lorry": 7.4, "coach": 8.8, "van": 5.2]
    private static let speeds = ["lorry": 3.2, "coach": 3.0, "van": 3.8]

    /// Who does something unusual on the first visit: by place in the catalogue, counted from 1.
    private static let unusual: [Int: Behaviour] = [
        5: .tailgate, 24: .turnBack, 8: .stall(.milliseconds(1_200)),
    ]

    /// Vehicles that appear during `length`; each lane begins a little after the one before.
    package static func plan(
        seed: UInt64, _ catalogue: SceneCatalogue, for length: Duration
    ) -> TrafficPlan {
        var random = SeededRandom(seed: seed)
        var arrivals: [TrafficPlan.Arrival] = []
        let lanes = Set(catalogue.vehicles.map(\.lane)).sorted()
        for (index, lane) in lanes.enumerated() {
            let vehicles = catalogue.vehicles.filter { $0.lane == lane }
            var time = 900 * index + Int.random(in: 0...400, using: &random)
            var visit = 0
            while time < Int(length.milliseconds) {
                for vehicle in vehicles where time < Int(length.milliseconds) {
                    guard let number = catalogue.number(of: vehicle, visit: visit) else { continue }
                    let behaviour = unusual[number.value] ?? .through
                    if behaviour == .tailgate, let before = arrivals.last?.after {
                        time = Int(before.milliseconds) + tailgateGap
                    }
                    arrivals.append(
                        .init(
                            after: .milliseconds(time), lane: lane,
                            vehicle: plan(number, behaviour, vehicle.body)))
                    time += headways[vehicle.body] ?? headwayOtherwise
                    if case .stall(let span) = behaviour { time += Int(span.milliseconds) + 1_500 }
                    if behaviour == .turnBack || behaviour == .tailgate { time += 6_000 }
                    time += Int.random(in: 0...500, using: &random)
                }
                visit += 1
            }
        }
        return TrafficPlan(arrivals)
    }

    private static func plan(
        _ number: VehicleNumber, _ behaviour: Behaviour, _ body: String
    ) -> VehiclePlan {
        VehiclePlan(
            number, behaviour, length: lengths[body] ?? 4.6, speed: speeds[body] ?? 4.0,
            patience: behaviour == .turnBack ? .milliseconds(1_500) : patience)
    }
}
