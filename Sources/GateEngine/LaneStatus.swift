import GateTypes

/// One lane as `gatectl status` and `gatectl watch` show it; read only.
package struct LaneStatus: Hashable, Sendable, Codable {
    package var lane: LaneName
    /// resting, raising, open, reversing, lowering, fault or emergency.
    package var state: String
    /// down, between, up; nil when nobody knows.
    package var boom: String?
    package var isVehicleWaiting: Bool
    package var isOccupied: Bool
    package var notice: Notice?
    /// The plate of the vehicle at the lane, else of the last one; empty when none was read.
    package var plate: String
    /// Outcome of the last passage that ended.
    package var lastOutcome: String?
    /// Codes of the alarms that stand.
    package var alarms: [String]
    /// From arrival to release and from frame to release of the last opening.
    package var arrivalToReleaseMilliseconds: Double?
    package var frameToReleaseMilliseconds: Double?
    package var passageCount: Int
    package var admittedCount: Int
    package var incidentCount: Int
}
