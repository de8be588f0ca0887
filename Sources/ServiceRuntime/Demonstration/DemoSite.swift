import AccessPolicy
import ConfigurationFiles
import EventLoop
import FaceStorage
import Foundation
import GateConfiguration
import GateSimulation
import GateTypes

/// Why a demonstration cannot run: what, and what to do.
package struct DemoError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// What is shown.
package struct DemoOptions: Hashable, Sendable {
    /// The folder with the demonstration's configuration and pictures.
    package var site: String
    /// Vehicles appear during this time; the last ones drive through after it.
    package var length = Duration.seconds(56)
    package var seed: UInt64 = 1
    /// A real camera for the first lane, e.g. /dev/video0.
    package var camera: String?
    /// A folder of photographs; each stands before the boom of the first lane in turn.
    package var pictures: String?

    package init(site: String) { self.site = site }
}

/// A demonstration's own copy of its site, with state and sockets in a folder of its own.
package struct DemoSite: Sendable {
    package static let lane: LaneName = "lane1"
    /// Environment variable that names the demonstration's folder.
    package static let variable = "GATEHOUSE_DEMO"
    private static let installed = "/usr/share/gatehouse/demo"
    private static let picturesLimit = SceneCatalogue.visitStep / 2

    /// Everything of this run: `config`, `state`, `run` and the two logs.
    package let folder: String
    package let catalogue: SceneCatalogue
    package let traffic: TrafficPlan
    /// Photographs stand before the first lane in place of its rendered vehicles.
    let hasVehiclesOfPictures: Bool
    /// Photographs of faces among the pictures; nil where there are none.
    package let photographs: DemoPhotographs?

    package var config: String { folder + "/config" }
    package var state: String { folder + "/state" }
    /// The eyes' templates and their key.
    package var faces: String { Self.faces(in: folder) }
    package var runtime: String { folder + "/run" }
    package var scene: String { runtime + "/" + SceneState.fileName }

    /// The demonstration's folder: the variable's, `config/demo` beside or above the program, the
    /// installed one.
    package static func find(program: String) -> String {
        var places: [String] = []
        if let named = ProcessInfo.processInfo.environment[variable] { places.append(named) }
        var above = (program as NSString).deletingLastPathComponent
        while above.count > 1 {
            places.append(above + "/config/demo")
            above = (above as NSString).deletingLastPathComponent
        }
        places.append(installed)
        let isThere = { FileManager.default.isReadableFile(atPath: $0 + "/gatehouse.yaml") }
        return places.first(where: isThere) ?? installed
    }

    /// Copies the site into a new temporary folder and adapts it.
    package init(_ options: DemoOptions) throws(DemoError) {
        if options.camera != nil && options.pictures != nil {
            throw DemoError("--camera and --pictures both want the first lane; give one of them")
        }
        let folder = try Self.makeFolder()
        self.folder = folder
        var isPrepared = false
        defer { if !isPrepared { Self.forgetFaces(in: folder) } }
        do {
            try Self.copy(options.site, to: folder)
            hasVehiclesOfPictures = try Self.adapt(folder, options)
            catalogue = try SceneCatalogue(folder: folder + "/config/scenes")
            traffic = Self.plan(options, catalogue)
            try Self.write(traffic.text, to: folder + "/config/" + SimulatedWorld.trafficFileName)
            let script = try FaceScript.load(scenes: folder + "/config/scenes")
            let register = script?.register ?? ConsentRegister()
            try ConsentFile(directory: folder + "/state").save(register)
            if let pictures = options.pictures {
                photographs = try DemoPhotographs.prepare(
                    pictures, state: folder + "/state", register: register)
            } else {
                photographs = nil
            }
            if let photographs {
                let cameras = Self.faceCameras(of: Self.load(folder))
                try photographs.install(
                    config: folder + "/config", state: folder + "/state", cameras: cameras)
                try Self.showFaces(cameras.flatMap(\.self), in: folder)
            }
            isPrepared = true
        } catch let error as DemoError {
            throw error
        } catch let error as SceneError {
            throw DemoError("\(error)")
        } catch {
            throw DemoError(
                "the demonstration cannot be prepared in \(folder): \(error); "
                    + "set TMPDIR to a folder with room for it")
        }
    }

    private static func makeFolder() throws(DemoError) -> String {
        let named = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        // A socket's path has 107 bytes at most.
        let parent = named.utf8.count < 60 ? named : "/tmp"
        let random = String(UInt32.random(in: 0...UInt32.max), radix: 36)
        let folder = parent + "/gatehouse-demo-" + random
        do {
            for part in ["", "/config", "/config/roster", "/config/scenes", "/state", "/run"] {
                try FileManager.default.createDirectory(
                    atPath: folder + part, withIntermediateDirectories: false,
                    attributes: [.posixPermissions: 0o750])
            }
        } catch {
            throw DemoError("\(folder) cannot be made: \(error); set TMPDIR to a writable folder")
        }
        return folder
    }

    private static func copy(_ site: String, to folder: String) throws {
        let files = [
            "gatehouse.yaml", "policy.yaml", "roster/vehicles.csv", "roster/people.csv",
            "roster/badges.csv",
        ]
        for file in files {
            guard let bytes = FileManager.default.contents(atPath: site + "/" + file) else {
                throw DemoError(
                    "\(site)/\(file) cannot be read; name the demonstration's folder with "
                        + "--site or \(variable)")
            }
            try write(String(decoding: bytes, as: UTF8.self), to: folder + "/config/" + file)
        }
        let scenes = site + "/scenes"
        for name in try FileManager.default.contentsOfDirectory(atPath: scenes) {
            let source = ((scenes as NSString).standardizingPath as NSString)
                .appendingPathComponent(name)
            let absolute =
                source.hasPrefix("/")
                ? source : FileManager.default.currentDirectoryPath + "/" + source
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/config/scenes/" + name, withDestinationPath: absolute)
        }
    }

    private static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    // MARK: What differs from the site as it lies there

    /// These stand in the demonstration's gatehouse.yaml word by word.
    static let sceneCamera = "lane1: { scene: true,"
    static let firstApproach = "approach: lane1-loop, "
    static let challenge = ", liveness: { challenge: yes }"

    /// - Returns: whether photographs stand before the first lane.
    private static func adapt(_ folder: String, _ options: DemoOptions) throws -> Bool {
        let path = folder + "/config/gatehouse.yaml"
        var text = String(
            decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        text += "\nstorage: { state: \(folder)/state, runtime: \(folder)/run }\n"
        if options.camera != nil || options.pictures != nil {
            // The region is that of the rendered pictures; plates of others stand anywhere.
            text = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                guard line.contains(sceneCamera), let region = line.range(of: ", region: [[") else {
                    return String(line)
                }
                return line[..<region.lowerBound] + " }"
            }.joined(separator: "\n")
        }
        if let camera = options.camera {
            guard FileManager.default.fileExists(atPath: camera) else {
                throw DemoError("\(camera): no such device; ls /dev/video* shows which there are")
            }
            // Without its loop the first plate in the picture is the arrival: nothing simulated
            // knows when somebody stands before a real camera.
            for (old, new) in [
                (sceneCamera, "lane1: { device: \(camera),"), (firstApproach, ""),
            ] {
                guard text.contains(old) else {
                    throw DemoError("\(options.site)/gatehouse.yaml has no '\(old)' to replace")
                }
                text = text.replacingOccurrences(of: old, with: new)
            }
        }
        try write(text, to: path)
        return try options.pictures.map { try show($0, in: folder + "/config/scenes") } ?? false
    }

    /// Puts photographs in the place of the first lane's vehicles; false where there are none.
    private static func show(_ pictures: String, in scenes: String) throws -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: pictures)) ?? []
        let photographs = names.sorted().filter { name in
            [".jpg", ".jpeg"].contains { name.lowercased().hasSuffix($0) }
        }
        guard !photographs.isEmpty else {
            let isFolder = FileManager.default.fileExists(atPath: pictures + "/")
            let isWalked = names.contains {
                FileManager.default.fileExists(atPath: "\(pictures)/\($0)/")
            }
            // Photographs in subfolders are of people: the first lane keeps its rendered vehicles.
            if isFolder, isWalked { return false }
            throw DemoError("\(pictures) holds no .jpg or .jpeg; name a folder of photographs")
        }
        let list = scenes + "/" + SceneCatalogue.fileName
        let rows = String(
            decoding: FileManager.default.contents(atPath: list) ?? Data(), as: UTF8.self
        )
        .split(separator: "\n").map(String.init)
        // A link cannot be written through: it leads to the site's own list.
        try FileManager.default.removeItem(atPath: list)
        var kept = rows.filter { row in
            let cells = row.split(separator: "\t", omittingEmptySubsequences: false)
            return cells.count > 7 && (cells[7] != lane.text[...] || cells[1].isEmpty)
        }
        let empty = "\(lane).jpg"
        for (index, name) in photographs.prefix(picturesLimit).enumerated() {
            let file = "photograph-\(index + 1).jpg"
            let source =
                pictures.hasPrefix("/")
                ? pictures : FileManager.default.currentDirectoryPath + "/" + pictures
            try FileManager.default.createSymbolicLink(
                atPath: scenes + "/" + file, withDestinationPath: source + "/" + name)
            for (frame, (shown, stage)) in [
                (empty, "far"), (empty, "near"), (file, "standing"), (file, "standing"),
            ].enumerated() {
                kept.append(
                    [
                        shown, "P\(index + 1)", "\(frame)", stage, "", PlateType.other.rawValue, "",
                        lane.text, "photograph", "car", stage == "standing" ? "yes" : "no",
                    ].joined(separator: "\t"))
            }
        }
        try write(kept.joined(separator: "\n") + "\n", to: list)
        return true
    }

    /// The face cameras, each with the infrared one that sees the same place.
    private static func faceCameras(of config: GateConfig?) -> [[CameraName]] {
        var cameras: [[CameraName]] = []
        for (_, lane) in (config?.faces ?? [:]).sorted(by: { $0.key < $1.key }) {
            for way in [lane.entry, lane.exit] {
                guard let way else { continue }
                cameras.append([way.camera] + (way.infrared.map { [$0] } ?? []))
            }
        }
        return cameras
    }

    /// Face cameras play the photographs in place of simulated people.
    private static func showFaces(_ cameras: [CameraName], in folder: String) throws {
        let path = folder + "/config/gatehouse.yaml"
        var text = String(
            decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        for camera in cameras {
            guard
                let line = text.firstRange(of: "\n  \(camera):"),
                let end = text[line.upperBound...].firstIndex(where: \.isNewline),
                let source = text[line.upperBound..<end].firstRange(of: "scene: true,")
            else { throw DemoError("\(path) has no 'scene: true,' of \(camera) to replace") }
            let list = DemoPhotographs.listName(camera)
            text.replaceSubrange(source, with: "replay: \(list),")
        }
        // No photograph turns its head; what is shown here is how they are found and compared.
        text = text.replacing(challenge, with: "")
        try write(text, to: path)
    }

    private static func load(_ folder: String) -> GateConfig? {
        try? ConfigurationDirectory.load(folder + "/config", trust: .anyone).config
    }

    private static func plan(_ options: DemoOptions, _ catalogue: SceneCatalogue) -> TrafficPlan {
        let plan = DemoTraffic.plan(seed: options.seed, catalogue, for: options.length)
        guard options.camera != nil else { return plan }
        return TrafficPlan(plan.arrivals.filter { $0.lane != lane })
    }

    /// Turnstiles and doors, each with the word for its kind.
    package var personLanes: [LaneName: String] {
        guard let config = Self.load(folder) else { return [:] }
        let turnstiles = "turnstiles (\(photographs == nil ? "simulated" : "shown photographs"))"
        var kinds: [LaneName: String] = [:]
        for lane in config.turnstiles.keys { kinds[lane] = turnstiles }
        for lane in config.doors.keys { kinds[lane] = "doors (simulated)" }
        return kinds
    }

    /// The ways of turnstiles at which heads are to be turned, as the record names them.
    package var challengedWays: [LaneName: Set<String>] {
        guard let config = Self.load(folder) else { return [:] }
        return config.faces.mapValues { faces in
            var ways = Set<String>()
            if faces.entry?.asksChallenge == true { ways.insert("entry") }
            if faces.exit?.asksChallenge == true { ways.insert("exit") }
            return ways
        }
    }

    private static func faces(in folder: String) -> String { folder + "/state/faces" }

    /// Destroys the templates of a demonstration and their key: photographs show real people.
    ///
    /// - Returns: what may be left of them; nil when nothing is.
    package func forgetFaces() -> String? { Self.forgetFaces(in: folder) }

    @discardableResult
    private static func forgetFaces(in folder: String) -> String? {
        let faces = faces(in: folder)
        guard FileManager.default.fileExists(atPath: faces) else { return nil }
        // Without the key nothing can be made of what the disk may still hold of the templates.
        if let key = FileHandle(forWritingAtPath: "\(faces)/\(SiteKey.fileName)") {
            let count = (try? key.seekToEnd()) ?? 0
            try? key.seek(toOffset: 0)
            try? key.write(contentsOf: Data(count: Int(clamping: count)))
            try? key.synchronize()
            try? key.close()
        }
        do {
            try FileManager.default.removeItem(atPath: faces)
            return nil
        } catch {
            return "templates of faces may be left: \(error.localizedDescription); rm -r \(faces)"
        }
    }

    /// Removes everything of this run.
    package func remove() { try? FileManager.default.removeItem(atPath: folder) }
}
