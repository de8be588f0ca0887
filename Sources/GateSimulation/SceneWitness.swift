import GateTypes

/// Who stood before which boom and when, as the scene told it: the truth that the gate's record is
/// compared with.
package struct SceneWitness: Hashable, Sendable {
    /// One visit of one vehicle.
    package struct Sighting: Hashable, Sendable {
        package let vehicle: VehicleNumber
        package let lane: LaneName
        package let appeared: Instant
        /// Its front was found over the approach loop, up to one scene late.
        package var arrived: Instant?
        /// It drove under the boom, or turned back.
        package var left: Instant?
        package var hasPassed = false
    }

    package private(set) var sightings: [Sighting] = []
    private var present: [VehicleNumber: Int] = [:]

    package init() {}

    /// Takes the next scene; scenes come in the order of their times.
    package mutating func see(_ scene: SceneState) {
        var gone = present
        for (lane, state) in scene.lanes {
            for standing in state.vehicles {
                gone[standing.vehicle] = nil
                note(standing, lane, at: scene.time)
            }
        }
        for (vehicle, index) in gone {
            sightings[index].left = scene.time
            present[vehicle] = nil
        }
    }

    private mutating func note(
        _ standing: SceneState.Standing, _ lane: LaneName, at time: Instant
    ) {
        let index = present[standing.vehicle] ?? sightings.count
        if index == sightings.count {
            present[standing.vehicle] = index
            sightings.append(.init(vehicle: standing.vehicle, lane: lane, appeared: time))
        }
        if sightings[index].arrived == nil, standing.distance <= SceneDistance.arrival {
            sightings[index].arrived = time
        }
        if standing.distance < 0 { sightings[index].hasPassed = true }
    }
}
