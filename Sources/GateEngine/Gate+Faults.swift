import GateTypes

/// What stands over restarts and reloads: faults that only a named person ends, and the alarms told.
extension Gate {
    /// Keeps what only a named person ends; mostly there is nothing.
    mutating func keepFaults(_ codes: Set<String>, of lane: LaneName) {
        if codes.isEmpty, standing.faults.isEmpty { return }
        let known = standing.faults.filter { $0.lane == lane }
        let now = Set(codes.map { LastingFault(lane: lane, code: $0) })
        guard known != now else { return }
        standing.faults.subtract(known)
        standing.faults.formUnion(now)
        hasNewFaults = true
    }

    /// What the lanes took over, and nothing of lanes that are no more.
    mutating func startFaults() {
        let names = Set(lanes.map(\.name) + personLanes.map(\.name))
        for lane in Set(standing.faults.map(\.lane)).subtracting(names) { keepFaults([], of: lane) }
        for lane in lanes { keepFaults(lane.barrier.lastingFaults, of: lane.name) }
        for lane in personLanes { keepFaults(lane.machine.lastingFaults, of: lane.name) }
    }

    /// An alarm that stands; those of the site belong to no lane.
    package struct RaisedAlarm: Hashable, Sendable {
        package let lane: LaneName?
        package let code: String
    }

    package var raisedAlarms: Set<RaisedAlarm> {
        var found = Set(alarms.map { RaisedAlarm(lane: nil, code: $0) })
        for lane in lanes {
            found.formUnion(lane.alarms.map { RaisedAlarm(lane: lane.name, code: $0) })
        }
        for lane in personLanes {
            found.formUnion(lane.alarms.map { RaisedAlarm(lane: lane.name, code: $0) })
        }
        return found
    }
}
