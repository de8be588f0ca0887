import GateConfiguration
import GateTypes

/// People at simulated turnstiles with face cameras: whoever is released walks through.
extension SimulatedWorld {
    private static let reaction = Duration.milliseconds(400)
    private static let stride = Duration.milliseconds(300)

    /// Lets one person pass the sensors of a turnstile whose release has just been asserted.
    func walk(through line: LineName, of config: GateConfig) {
        for (name, lane) in config.turnstiles where config.faces[name] != nil {
            let sensors = [lane.inputs.outer, lane.inputs.inner]
            let order: [LineName]
            if lane.outputs.entry == line {
                order = sensors
            } else if lane.outputs.exit == line {
                order = sensors.reversed()
            } else {
                continue
            }
            let first = clock + Self.reaction
            set(order[0], active: true, at: first)
            set(order[1], active: true, at: first + Self.stride)
            set(order[0], active: false, at: first + Self.stride * 2)
            set(order[1], active: false, at: first + Self.stride * 3)
        }
    }
}
