import GateTypes

/// One picture a passage: which frame, and what became of it.
extension VehicleLane {
    /// Ended passages whose picture is still on its way.
    struct LatePicture: Hashable, Sendable {
        let name: PictureName
        var openCount: Int
    }

    private static let latePicturesLargest = 16

    /// Looks at a frame of the waiting vehicle as its picture.
    mutating func considerPicture(
        _ observation: PlateObservation, _ reading: PlateReading?, isDeciding: Bool,
        _ turn: inout Turn
    ) {
        guard keepsPictures else { return }
        let candidate = PassagePicture.Candidate(observation, reading: reading)
        let chosen = waiting?.picture.take(candidate, isDeciding: isDeciding)
        orderPicture(chosen, of: waiting, &turn)
    }

    /// There will be no better frame of the waiting vehicle soon.
    mutating func settlePicture(_ turn: inout Turn) {
        orderPicture(waiting?.picture.takeLatest(), of: waiting, &turn)
    }

    private func orderPicture(
        _ chosen: PassagePicture.Candidate?, of passage: Passage?, _ turn: inout Turn
    ) {
        guard let chosen, let passage else { return }
        turn.actions.append(
            .keepPicture(
                PictureOrder(
                    name: passage.pictureName, camera: chosen.camera, sequence: chosen.sequence,
                    frameTime: chosen.frameTime, plate: chosen.plate)))
    }

    /// The eyes tell what became of an order.
    mutating func pictured(_ report: PictureReport, _ turn: inout Turn) {
        if waiting?.pictureName == report.name {
            waiting?.picture.answered(report.outcome)
        } else if let index = leaving.firstIndex(where: { $0.pictureName == report.name }) {
            leaving[index].picture.answered(report.outcome)
        } else if let index = latePictures.firstIndex(where: { $0.name == report.name }) {
            latePictures[index].openCount -= 1
            if latePictures[index].openCount <= 0 { latePictures.remove(at: index) }
            var facts = report.outcome.facts(report.name)
            facts["passage"] = String(report.name.passage)
            turn.record(.picture, name, facts)
        }
    }

    /// The record of a passage is being written; what is still open gets an entry of its own.
    mutating func expectLatePicture(of passage: Passage) {
        guard passage.picture.openCount > 0 else { return }
        if latePictures.count >= Self.latePicturesLargest { latePictures.removeFirst() }
        latePictures.append(
            LatePicture(name: passage.pictureName, openCount: passage.picture.openCount))
    }
}
