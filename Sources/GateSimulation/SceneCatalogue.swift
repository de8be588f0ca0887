import EventLoop
import GateTypes
import Glibc

/// A list of scenes that cannot be used, with its place.
package struct SceneError: Error, Hashable, Sendable, CustomStringConvertible {
    package let place: String
    package let problem: String
    package let hint: String
    package var description: String { "\(place): error: \(problem); \(hint)" }
}

/// The rendered pictures of a demonstration: what each shows, and what stands on its plate.
package struct SceneCatalogue: Hashable, Sendable {
    /// One picture of one approach.
    package struct Frame: Hashable, Sendable {
        /// Relative to the catalogue's folder.
        package let file: String
        /// `far`, `close`, `near` or `standing`.
        package let stage: String
        /// Whether it was rendered to be read; far and dazzled pictures are not.
        package let isReadable: Bool
        /// The plate's corners in pixels; nil where it is not wholly inside.
        package let corners: Quadrilateral?
    }

    /// One vehicle with the pictures of its approach, the farthest first.
    package struct Vehicle: Hashable, Sendable {
        /// `V01` and so on.
        package let name: String
        package let lane: LaneName
        /// What is rendered on its plate; empty for a photograph, whose truth is not known.
        package let text: String
        package let type: PlateType
        /// `lorry`, `coach`, `van`, `car` or `suv`.
        package let body: String
        /// `day`, `rain`, `night`, `infrared` or `dusk`.
        package let condition: String
        package var frames: [Frame] = []

        /// Whether the picture that its arrival shows can be read.
        package var isReadableOnArrival: Bool {
            guard let frame = SceneDistance.frame(at: SceneDistance.arrival, of: self) else {
                return false
            }
            return frame.isReadable
        }

        /// Whether any of its pictures can be read.
        package var isReadable: Bool { frames.contains(where: \.isReadable) }
    }

    /// The list's name in the folder of the pictures.
    package static let fileName = "scenes.tsv"
    package static let header = [
        "file", "vehicle", "frame", "stage", "text", "plate_type", "corners", "lane", "condition",
        "body", "readable",
    ]
    private static let sizeLimit = 4_194_304

    /// The picture of each lane with nobody on it.
    package private(set) var emptyFiles: [LaneName: String] = [:]
    /// In the order of the list.
    package private(set) var vehicles: [Vehicle] = []

    /// Reads `scenes.tsv` of a folder.
    package init(folder: String) throws(SceneError) {
        let path = folder + "/" + Self.fileName
        var bytes: [UInt8] = []
        do throws(SystemError) {
            let file = try Descriptor.open(path, O_RDONLY)
            var part = [UInt8](repeating: 0, count: 65_536)
            while let count = try file.read(into: &part), count > 0, bytes.count < Self.sizeLimit {
                bytes += part.prefix(count)
            }
        } catch {
            throw SceneError(
                place: path, problem: "\(error)", hint: "name the folder of the rendered pictures")
        }
        try self.init(text: String(decoding: bytes, as: UTF8.self), path: path)
    }

    /// Reads the list; `path` serves messages only.
    package init(text: String, path: String) throws(SceneError) {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard let first = lines.first,
            first.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
                == Self.header
        else {
            throw SceneError(
                place: "\(path):1", problem: "unknown header",
                hint: "render the pictures again, or keep list and program of one version")
        }
        for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty {
            try add(
                line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init),
                place: "\(path):\(index + 1)")
        }
    }

    private mutating func add(_ cells: [String], place: String) throws(SceneError) {
        func wrong(_ problem: String, _ hint: String) -> SceneError {
            SceneError(place: place, problem: problem, hint: hint)
        }
        guard cells.count == Self.header.count else {
            throw wrong("\(cells.count) cells", "there must be \(Self.header.count), tab separated")
        }
        guard !cells[0].contains("/"), cells[0].hasSuffix(".jpg") else {
            throw wrong("'\(cells[0])' is no picture of this folder", "name a .jpg beside the list")
        }
        let lane = LaneName(cells[7])
        guard !cells[1].isEmpty else {
            emptyFiles[lane] = cells[0]
            return
        }
        guard let type = PlateType(rawValue: cells[5]) else {
            throw wrong(
                "unknown plate type '\(cells[5])'",
                "one of \(PlateType.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard
            PlateGrammar.types(of: cells[4]).contains(type) || (type == .other && cells[4].isEmpty)
        else {
            throw wrong("no \(type.rawValue) plate reads '\(cells[4])'", "see GA 36")
        }
        let corners = cells[6].isEmpty ? nil : Self.corners(cells[6])
        guard corners != nil || cells[6].isEmpty else {
            throw wrong("'\(cells[6])' are no corners", "four points x,y with ; between them")
        }
        let frame = Frame(
            file: cells[0], stage: cells[3], isReadable: cells[10] == "yes", corners: corners)
        if let place = vehicles.firstIndex(where: { $0.name == cells[1] }) {
            vehicles[place].frames.append(frame)
            return
        }
        vehicles.append(
            Vehicle(
                name: cells[1], lane: lane, text: cells[4], type: type, body: cells[9],
                condition: cells[8], frames: [frame]))
    }

    private static func corners(_ text: String) -> Quadrilateral? {
        let points = text.split(separator: ";").compactMap { point -> PixelPoint? in
            let values = point.split(separator: ",").compactMap { Double($0) }
            return values.count == 2 ? PixelPoint(x: values[0], y: values[1]) : nil
        }
        guard points.count == 4 else { return nil }
        return Quadrilateral(
            topLeft: points[0], topRight: points[1], bottomRight: points[2], bottomLeft: points[3])
    }

    // MARK: Who is who

    /// Visits are told apart by hundreds: 3, 103 and 203 are visits of the third vehicle.
    package static let visitStep = 100

    /// The vehicle that a number of the traffic plan stands for.
    package func vehicle(_ number: VehicleNumber) -> Vehicle? {
        let index = number.value % Self.visitStep - 1
        return vehicles.indices.contains(index) ? vehicles[index] : nil
    }

    /// The number of a vehicle's visit, counted from 0.
    package func number(of vehicle: Vehicle, visit: Int) -> VehicleNumber? {
        vehicles.firstIndex(of: vehicle).map { VehicleNumber(visit * Self.visitStep + $0 + 1) }
    }
}

/// Which picture of an approach fits a distance from the boom.
package enum SceneDistance {
    /// The approach loop finds a vehicle whose front is nearer than this, in metres.
    package static let arrival = -LaneGeometry.approachLoop.lowerBound
    /// A picture serves up to its distance; the last serves whoever is nearer.
    private static let farthest = [LaneGeometry.entry.magnitude, 9.0, 5.2, 2.2]
    /// Beyond the boom a vehicle is out of the picture.
    private static let gone = -0.3

    /// The picture for a vehicle whose front is `distance` metres before the boom.
    package static func frame(
        at distance: Double, of vehicle: SceneCatalogue.Vehicle
    ) -> SceneCatalogue.Frame? {
        guard distance >= gone else { return nil }
        let index = (farthest.lastIndex { distance <= $0 } ?? 0)
        return vehicle.frames.isEmpty
            ? nil : vehicle.frames[min(index, vehicle.frames.count - 1)]
    }

    /// The file that shows a lane now: whoever is nearest before its boom, or nobody.
    package static func file(
        of lane: LaneName, in state: SceneState?, _ catalogue: SceneCatalogue
    ) -> String? {
        for standing in state?.lanes[lane]?.vehicles ?? [] {
            if let vehicle = catalogue.vehicle(standing.vehicle),
                let frame = frame(at: standing.distance, of: vehicle)
            {
                return frame.file
            }
        }
        return catalogue.emptyFiles[lane]
    }
}
