import AccessPolicy
import Foundation
import GateSimulation
import GateTypes

/// Who comes before which face camera of a demonstration, and when; nobody in it is a real person.
///
/// What the eyes would have found is written down in place of pictures, and labelled as simulated.
package struct FaceScript: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Turns the head where a display asks for it.
        case enrolled
        case stranger
        /// Black in infrared light, and turns no head.
        case photograph
        case pair
        /// Had a template until the consent was withdrawn: a stranger from then on.
        case withdrawn
        /// Wears a mask, and does not take it off.
        case masked
    }

    package struct Visit: Hashable, Sendable {
        package let camera: CameraName
        package let start: Double
        package let end: Double
        package let person: String
        package let kind: Kind
    }

    /// What a display asks of whoever stands before a camera, and since when.
    package struct Asked: Hashable, Sendable {
        package let turn: SceneState.Turn
        /// After the begin.
        package let since: Duration
    }

    /// Until somebody has read the display; meanwhile they look straight on.
    private static let reaction = Duration.milliseconds(500)

    package static let fileName = "faces.tsv"
    private static let rateMark = "# not_recognised "
    private static let columns = ["camera", "start_s", "seconds", "person", "kind"]

    /// Of the enrolled so many are not recognised: the error rate of the embedder's card, 0...1.
    package let notRecognised: Double
    package let visits: [Visit]
    /// After this it begins anew.
    package let period: Double

    /// Nil, with a reason, when a row is wrong; a demonstration without the file has no faces.
    package init(_ text: String) throws(DemoError) {
        var visits: [Visit] = []
        let lines = text.split(separator: "\n")
        let rate = lines.filter { $0.hasPrefix(Self.rateMark) }.first.map {
            Double($0.dropFirst(Self.rateMark.count))
        }
        guard let rate = rate ?? 0, (0...1).contains(rate) else {
            throw DemoError("\(Self.fileName): '\(Self.rateMark)' needs a share, 0 to 1")
        }
        notRecognised = rate
        let rows = lines.filter { !$0.hasPrefix("#") }.map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        guard rows.first == Self.columns else {
            throw DemoError("\(Self.fileName) must begin with \(Self.columns)")
        }
        for row in rows.dropFirst() {
            guard row.count == Self.columns.count, let start = Double(row[1]),
                let seconds = Double(row[2]), let kind = Kind(rawValue: row[4]), seconds > 0
            else {
                throw DemoError("\(Self.fileName): '\(row.joined(separator: " "))' is no visit")
            }
            visits.append(
                Visit(
                    camera: CameraName(row[0]), start: start, end: start + seconds,
                    person: row[3], kind: kind))
        }
        self.visits = visits
        period = (visits.map(\.end).max() ?? 0) + 2
    }

    /// The script in a demonstration's folder of scenes; nil where there is none.
    package static func load(scenes: String) throws(DemoError) -> FaceScript? {
        guard let bytes = FileManager.default.contents(atPath: "\(scenes)/\(fileName)") else {
            return nil
        }
        return try FaceScript(String(decoding: bytes, as: UTF8.self))
    }

    private func people(_ kinds: Set<Kind>) -> [String] {
        Set(visits.filter { kinds.contains($0.kind) && !$0.person.isEmpty }.map(\.person)).sorted()
    }

    /// Everybody whose consent stands.
    package var enrolled: [String] { people([.enrolled, .photograph, .pair, .masked]) }

    /// The consents of the demonstration: granted before it began, one of them withdrawn.
    package var register: ConsentRegister {
        let begin = Moment(instant: .init(nanoseconds: 0), wall: WallTime(milliseconds: 0))
        var register = ConsentRegister()
        for person in enrolled + people([.withdrawn]) {
            _ = try? register.grant(
                person: person, textVersion: "demonstration", signer: "simulated", expires: nil,
                at: begin)
        }
        for person in people([.withdrawn]) {
            _ = try? register.withdraw(person: person, at: begin)
            _ = register.cleared(person: person, at: begin)
        }
        return register
    }

    /// Where in the script a camera is so long after the begin, and who stands there.
    private func place(_ camera: CameraName, at elapsed: Duration) -> (time: Double, visit: Int?) {
        let time = (elapsed.milliseconds / 1000).truncatingRemainder(dividingBy: period)
        let visit = visits.firstIndex {
            $0.camera == camera && $0.start <= time && time < $0.end
        }
        return (time, visit)
    }

    func isAnybody(before camera: CameraName, at elapsed: Duration) -> Bool {
        place(camera, at: elapsed).visit != nil
    }

    /// What a camera's frame shows so long after the begin.
    package func finding(
        _ camera: CameraName, at elapsed: Duration, asked: Asked? = nil
    ) -> FaceFinding {
        let (time, index) = place(camera, at: elapsed)
        let people = enrolled
        guard let index else { return FaceFinding(galleryCount: people.count) }
        let visit = visits[index]
        var face = FaceSighting(
            centre: PixelPoint(x: 0.5, y: 0.45), width: 0.22, quality: 0.8, infrared: .passed)
        // The second frame of somebody who walks up is the first one near enough.
        if time - visit.start < 0.1 { face.hint = .stepCloser }
        switch visit.kind {
        case .enrolled:
            if face.hint == nil, let asked, elapsed - asked.since >= Self.reaction {
                face.yaw = asked.turn == .left ? 0.35 : -0.35
                face.hint = .lookAtTheCamera
            }
        case .pair: break
        case .photograph: face.infrared = .failed
        case .masked: face.hint = .uncoverTheFace
        case .stranger, .withdrawn: break
        }
        let isKnown = visit.kind != .stranger && visit.kind != .withdrawn
        if face.hint == nil {
            face.candidates = candidates(
                isKnown ? visit.person : nil, isLike: isRecognised(index), among: people)
        }
        return FaceFinding(
            faceCount: visit.kind == .pair ? 2 : 1, face: face, galleryCount: people.count)
    }

    /// Spreads those who are not recognised over the visits as evenly as their share allows.
    private func isRecognised(_ index: Int) -> Bool {
        let missed = { (count: Int) in (Double(count) * notRecognised).rounded(.down) }
        return missed(index + 1) == missed(index)
    }

    /// Likenesses and rates as the committed embedder's table has them.
    private func candidates(
        _ person: String?, isLike: Bool, among people: [String]
    ) -> [FaceCandidate] {
        let consents = register.consents
        func candidate(_ name: String, _ likeness: Double, _ rate: Double) -> FaceCandidate? {
            consents.first { $0.person == name && $0.state == .standing }.map {
                FaceCandidate(
                    person: name, consent: $0.identifier, similarity: likeness,
                    falseMatchRate: rate)
            }
        }
        let other = people.first { $0 != person }
        return [
            person.flatMap { isLike ? candidate($0, 0.49, 6e-5) : candidate($0, 0.29, 0.012) },
            other.flatMap { candidate($0, 0.21, 0.1) },
        ].compactMap { $0 }
    }
}
