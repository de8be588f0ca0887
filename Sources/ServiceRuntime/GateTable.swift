import GateTypes

/// The lanes of a snapshot as tab-separated values, for programs.
package enum GateTable {
    /// New columns come last, so that a number of an older one stays what it was.
    package static let header = [
        "lane", "direction", "boom", "occupied", "notice", "camera", "blind", "plate", "admitted",
        "reason", "face_alone",
    ].joined(separator: "\t")

    /// One lane; a cell never breaks the line or the columns.
    package static func row(_ lane: GateSnapshot.Lane) -> String {
        let plate = lane.lastPlate
        let cells = [
            lane.name.text, lane.direction, lane.boom, lane.occupied.joined(separator: ","),
            lane.notice, lane.camera?.text ?? "", lane.blind ?? "", plate?.text ?? "",
            plate.map { $0.isAdmitted ? "yes" : "no" } ?? "", plate?.reason ?? "",
            lane.faceAlone ?? "",
        ]
        return cells.map { $0.filter { !$0.isNewline && $0 != "\t" } }.joined(separator: "\t")
    }
}
