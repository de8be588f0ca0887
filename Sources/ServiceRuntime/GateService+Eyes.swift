import EventLoop
import GateConfiguration
import GateEngine
import GateTypes
import VisionLink

/// What the controller knows of the eyes.
struct EyesState {
    var program: String?
    var heartbeat: EyesHeartbeat?
    /// Why a camera sees nothing; a camera without an entry sees.
    var blind: [CameraName: String] = [:]
    var attention: [CameraName: Attention] = [:]
    /// Cameras of which the engine has been told that they are blind.
    var toldBlind: Set<CameraName> = []
    /// Why the eyes keep no pictures, as they told last.
    var pictureTrouble: String?
    var unknownCameras = 0
    /// The cameras of the configuration in force.
    var known: Set<CameraName> = []
}

extension GateService {
    func openEyes() throws(SystemError) {
        eyesState.known = Set(config.cameras.keys)
        for camera in eyesState.known { eyesState.blind[camera] = "the eyes have not come yet" }
        let user = parts.eyesUser
        eyes = try EyesListener(
            loop: loop, path: RuntimePaths.vision(config), accepts: { $0.isUs(orUser: user) },
            handler: { [weak self] in self?.eyes($0) })
    }

    private func eyes(_ event: EyesListener.Event) {
        switch event {
        case .connected(let program):
            eyesState.program = program
            parts.log(.notice, "the eyes are here (\(program))")
            record(.service, ["event": "eyes_connected", "version": program])
            tellEyesAll()
        case .lost(let reason):
            eyesState.program = nil
            eyesState.heartbeat = nil
            parts.log(.warning, "the eyes are gone: \(reason)")
            record(.service, ["event": "eyes_lost", "reason": reason])
            for camera in config.cameras.keys.sorted() {
                sees(camera, blind: "the eyes are gone: \(reason)")
            }
        case .report(let report): eyes(report)
        }
    }

    private func eyes(_ report: EyesReport) {
        switch report {
        case .greet: break
        case .heartbeat(let heartbeat): eyesState.heartbeat = heartbeat
        case .camera(let camera, let blind):
            guard config.cameras[camera] != nil else { return eyesState.unknownCameras += 1 }
            sees(camera, blind: blind)
        case .observation(let observation, let stages):
            guard config.cameras[observation.camera] != nil else {
                return eyesState.unknownCameras += 1
            }
            for stage in stages { view.add(stage.stage, .microseconds(stage.microseconds)) }
            view.observed(observation)
            handle(.plates(observation))
        case .faces(let observation, let stages):
            guard config.cameras[observation.camera] != nil else {
                return eyesState.unknownCameras += 1
            }
            for stage in stages {
                view.add("face_\(stage.stage)", .microseconds(stage.microseconds))
            }
            proven(observation)
            handle(.faces(observation))
        case .enrolled(let people):
            enrolled = Set(people)
            handle(.enrolled(enrolled))
        case .forgotten(let report): forgotten(report)
        case .faceTrouble(let reason):
            faceTrouble = reason
            if let reason {
                view.alarm(nil, "faces", "Faces are not compared: \(reason)", .now())
            } else {
                view.clear(nil, "faces")
            }
        case .picture(let report): handle(.pictured(report))
        case .picturesErased(let erasure):
            handle(.picturesErased(erasure))
            eyes?.send(.erasureTaken(erasure))
        case .pictureTrouble(let reason):
            eyesState.pictureTrouble = reason
            handle(.pictureTrouble(reason))
        }
    }

    /// Tells the engine of a camera's health when it changes.
    private func sees(_ camera: CameraName, blind reason: String?) {
        eyesState.blind[camera] = reason
        if let reason {
            guard eyesState.toldBlind.insert(camera).inserted else { return }
            handle(.camera(camera, .blind(reason: reason)))
        } else if eyesState.toldBlind.remove(camera) != nil {
            handle(.camera(camera, .seeing))
        }
    }

    /// After the grace of a start, cameras that were never heard of count as blind.
    func endEyesGrace() {
        for (camera, reason) in eyesState.blind.sorted(by: { $0.key < $1.key }) {
            sees(camera, blind: reason)
        }
    }

    /// A lane whose faces open alone by their figures alone says so while the figures are missing.
    private func proven(_ observation: FaceObservation) {
        guard
            let lane = config.faces.first(where: {
                $0.value.needsProof && $0.value.cameras.contains(observation.camera)
            })?.key
        else { return }
        switch observation.proof {
        case .borne: view.clear(lane, "face_figures")
        case .missing(let reason):
            let text = texts.alarm("face_figures", "A face alone opens nothing: \(reason)")
            view.alarm(lane, "face_figures", text, .now())
        case .notAsked: break
        }
    }

    /// Tells the eyes whom badges have named before their cameras.
    func tellNamedFaces() {
        let named = gate.namedFaces
        guard named != toldNamedFaces else { return }
        for camera in Set(named.keys).union(toldNamedFaces.keys).sorted()
        where named[camera] != toldNamedFaces[camera] {
            eyes?.send(.expect(camera: camera, person: named[camera]))
        }
        toldNamedFaces = named
    }

    func look(_ camera: CameraName, _ attention: Attention) {
        eyesState.attention[camera] = attention
        eyes?.send(.attention(camera: camera, attention))
    }

    func keepPicture(_ order: PictureOrder) {
        if eyes?.isConnected == true { return eyes?.send(.keepPicture(order)) ?? () }
        let gone = PictureReport.Outcome.missing(reason: "the eyes were away")
        handle(.pictured(PictureReport(name: order.name, outcome: gone)))
    }

    /// All cameras and how hard to look at each, for eyes that know nothing or other things.
    func tellEyesAll() {
        let faces = config.faceOrders
        eyes?.send(
            .cameras(
                config.cameras.sorted { $0.key < $1.key }.map {
                    var order = CameraOrder($0.key, $0.value)
                    order.faces = faces[$0.key]
                    return order
                }))
        for (camera, attention) in eyesState.attention.sorted(by: { $0.key < $1.key }) {
            eyes?.send(.attention(camera: camera, attention))
        }
        tellConsentsAnew()
        toldNamedFaces = [:]
        tellNamedFaces()
    }

    /// After a reload: cameras that are gone are forgotten, the new engine hears of blind ones.
    func resumeEyes() {
        let cameras = Set(config.cameras.keys)
        eyesState.attention = eyesState.attention.filter { cameras.contains($0.key) }
        eyesState.blind = eyesState.blind.filter { cameras.contains($0.key) }
        for camera in cameras.subtracting(eyesState.known) {
            eyesState.blind[camera] = "not seen yet"
        }
        eyesState.known = cameras
        eyesState.toldBlind.formIntersection(cameras)
        for camera in eyesState.toldBlind.sorted() {
            handle(.camera(camera, .blind(reason: eyesState.blind[camera] ?? "not seen yet")))
        }
        if let trouble = eyesState.pictureTrouble { handle(.pictureTrouble(trouble)) }
        handle(.enrolled(enrolled))
        tellEyesAll()
    }
}

extension GateConfig {
    /// What each face camera is for.
    var faceOrders: [CameraName: FaceOrder] {
        var orders: [CameraName: FaceOrder] = [:]
        for lane in faces.values {
            for way in [lane.entry, lane.exit].compactMap({ $0 }) {
                let least = lane.smallestPixels
                var order = FaceOrder(
                    role: .recognise(infrared: way.infrared), smallestPixels: least)
                (order.networks, order.embedder) = (models.faces, models.faceEmbedder)
                order.provenRate = lane.needsProof ? lane.falseMatchRate : nil
                order.comparesCovered = lane.masks != .refused
                orders[way.camera] = order
                if let partner = way.infrared {
                    order.role = .infrared
                    order.smallestPixels = least / 2
                    orders[partner] = order
                }
            }
        }
        return orders
    }
}

extension CameraOrder {
    init(_ name: CameraName, _ config: CameraConfig) {
        let source: Source
        switch config.source {
        case .device(let path): source = .device(path: path)
        case .replay(let path): source = .replay(path: path)
        case .scene: source = .scene
        }
        self.init(
            name: name, source: source, widthPixels: config.width, heightPixels: config.height,
            rate: config.rate, format: config.format.rawValue, region: config.region,
            controls: config.controls, narrowestPlatePixels: config.narrowestPlatePixels)
    }
}
