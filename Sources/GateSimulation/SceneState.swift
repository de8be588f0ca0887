import EventLoop
import GateTypes
import Glibc

/// What stands before each boom of the simulated world, and what displays ask of people there, for
/// whoever draws, counts or follows it.
package struct SceneState: Hashable, Sendable {
    package struct Standing: Hashable, Sendable {
        package var vehicle: VehicleNumber
        /// From its front to the boom in metres; negative once it is beyond.
        package var distance: Double

        package init(vehicle: VehicleNumber, distance: Double) {
            self.vehicle = vehicle
            self.distance = distance
        }
    }

    package struct Lane: Hashable, Sendable {
        /// 0 is down, 1 is up.
        package var opening: Double
        /// Nearest to the boom first; who has driven past it is not here any more.
        package var vehicles: [Standing]

        package init(opening: Double, vehicles: [Standing]) {
            self.opening = opening
            self.vehicles = vehicles
        }
    }

    /// The side that a display asks somebody to turn their head to.
    package enum Turn: String, Hashable, Sendable { case left, right }

    package struct Totals: Hashable, Sendable {
        package var arrived = 0
        package var passed = 0
        package var turnedBack = 0
        package var forced = 0
        package var struck = 0

        package init() {}
    }

    /// When the simulation began, on the clock that all processes of the machine share.
    package var start: Instant
    package var time: Instant
    package var lanes: [LaneName: Lane] = [:]
    /// By the face camera that the asked one stands before.
    package var asked: [CameraName: Turn] = [:]
    package var totals = Totals()

    package init(start: Instant, time: Instant) {
        self.start = start
        self.time = time
    }
}

// MARK: As text

extension SceneState {
    private static let title = "gatehouse-scene-1"
    /// No lane's name; begins the line of a camera.
    private static let askedMark = "?"
    /// A scene file is never longer.
    private static let sizeLimit = 65_536

    /// One line for the whole, one for each lane, one for each camera before which somebody is asked.
    package var text: String {
        let head: [Int64] =
            [start.nanoseconds, time.nanoseconds]
            + [totals.arrived, totals.passed, totals.turnedBack, totals.forced, totals.struck]
            .map { Int64($0) }
        var lines = [([Self.title] + head.map { "\($0)" }).joined(separator: " ")]
        for (name, lane) in lanes.sorted(by: { $0.key < $1.key }) {
            let vehicles = lane.vehicles.flatMap {
                ["\($0.vehicle)", "\(Int(($0.distance * 1000).rounded()))"]
            }
            let opening = "\(Int((lane.opening * 1000).rounded()))"
            lines.append(([name.text, opening] + vehicles).joined(separator: " "))
        }
        for (camera, turn) in asked.sorted(by: { $0.key < $1.key }) {
            lines.append("\(Self.askedMark) \(camera) \(turn.rawValue)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Reads `text` back; nil for anything else.
    package init?(text: some StringProtocol) {
        let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
        guard let head = lines.first, head.count == 8, head[0] == Self.title else { return nil }
        let numbers = head.dropFirst().compactMap { Int64($0) }
        guard numbers.count == 7 else { return nil }
        self.init(
            start: Instant(nanoseconds: numbers[0]), time: Instant(nanoseconds: numbers[1]))
        totals.arrived = Int(numbers[2])
        totals.passed = Int(numbers[3])
        totals.turnedBack = Int(numbers[4])
        totals.forced = Int(numbers[5])
        totals.struck = Int(numbers[6])
        for line in lines.dropFirst() {
            if line[0] == Self.askedMark {
                guard line.count == 3, let turn = Turn(rawValue: String(line[2])) else {
                    return nil
                }
                asked[CameraName(String(line[1]))] = turn
                continue
            }
            let values = line.dropFirst().compactMap { Int($0) }
            guard values.count == line.count - 1, values.count % 2 == 1 else { return nil }
            let vehicles = stride(from: 1, to: values.count, by: 2).map {
                Standing(
                    vehicle: VehicleNumber(values[$0]), distance: Double(values[$0 + 1]) / 1000)
            }
            lanes[LaneName(String(line[0]))] = Lane(
                opening: Double(values[0]) / 1000, vehicles: vehicles)
        }
    }

    // MARK: As a file

    /// The name of the scene file in the runtime directory.
    package static let fileName = "scene"

    /// Replaces the file at once, so that no reader sees half of it.
    package func write(to path: String) throws(SystemError) {
        let draft = path + ".new"
        let file = try Descriptor.open(draft, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        let bytes = Array(text.utf8)
        try systemCall("write", draft) {
            unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file.raw, $0.baseAddress, $0.count) }
        }
        try systemCall("rename", path) { unsafe rename(draft, path) }
    }

    /// What the controller's simulation published last; nil when there is none.
    package static func read(from path: String) -> SceneState? {
        guard let file = try? Descriptor.open(path, O_RDONLY) else { return nil }
        var bytes = [UInt8](repeating: 0, count: sizeLimit)
        guard let count = try? file.read(into: &bytes) else { return nil }
        return SceneState(text: String(decoding: bytes.prefix(count), as: UTF8.self))
    }
}
