import EventLoop
import GateSimulation
import GateTypes
import Glibc
import Imaging
import PlateRecognition
import VideoCapture
import VisionLink

extension VisionParts {
    /// The parts of the running product.
    ///
    /// - Parameters:
    ///   - models: the folder with the network files; nil looks where they are installed.
    ///   - recognisers: threads that read plates, and as many that read faces; nil takes all cores
    ///     but one for each.
    ///   - scenes: the folder with the rendered pictures of a demonstration.
    ///   - socket: where the controller listens; a demonstration's scene lies beside it.
    ///   - evidence: the folder for pictures of passages; nil keeps none.
    ///   - faces: the folder of face templates; nil compares with nobody.
    ///   - embedder: another face embedder's file in place of the models' own.
    package static func system(
        models: String?, recognisers: Int?, scenes: String, socket: String, evidence: String?,
        faces: String?, embedder: String?, process: ServiceProcess, program: String
    ) throws(SystemError) -> VisionParts {
        let log = process.log
        let folder = socket.lastIndex(of: "/").map { String(socket[..<$0]) } ?? "."
        let scene = folder + "/" + SceneState.fileName
        let gallery = try faces.map { folder throws(SystemError) in
            try FaceGallery(folder: folder)
        }
        let infrared = InfraredSights()
        let script: FaceScript?
        do throws(DemoError) {
            script = try FaceScript.load(scenes: scenes)
        } catch {
            log.write(.error, "\(error)")
            script = nil
        }
        var parts = VisionParts(
            makeFeed: { order, sink in
                if let script, order.source == .scene, order.faces != nil {
                    return SimulatedFaceFeed(order, script, scene: scene, sink)
                }
                return PictureFeed(
                    order.name, isSimulated: order.source == .scene, sink: sink,
                    tell: { log.write(.notice, "camera \(order.name): \($0)") },
                    make: { (onFrame, onEvent) throws(CameraFault) in
                        try makeCamera(
                            order, scenes: scenes, scene: scene, onFrame: onFrame, onEvent: onEvent)
                    })
            },
            makeReader: { purpose in
                switch purpose {
                case .plates: try PlateFrameReader(models: models)
                case .faces:
                    FaceLaneReader(
                        models: models ?? ModelFolder.find(), embedder: embedder,
                        gallery: gallery, infrared: infrared, tell: { log.write(.error, $0) })
                }
            },
            recognisers: recognisers ?? max(sysconf(Int32(_SC_NPROCESSORS_ONLN)) - 1, 1),
            notifier: SystemdNotifier(), log: { log.write($0, $1) }, program: program)
        parts.evidence = evidence
        parts.gallery = gallery
        return parts
    }

    static func makeCamera(
        _ order: CameraOrder, scenes: String, scene: String,
        onFrame: @escaping @Sendable () -> Void,
        onEvent: @escaping @Sendable (CameraEvent) -> Void
    ) throws(CameraFault) -> any Camera {
        let settings = CameraSettings(
            size: PixelSize(width: order.widthPixels, height: order.heightPixels),
            rate: order.rate, format: pixelFormat(order.format), controls: order.controls)
        switch order.source {
        case .device(let path):
            return try CapturingCamera.device(
                name: order.name.text, path: path, settings: settings, onFrame: onFrame,
                onEvent: onEvent)
        case .replay(let path):
            return try CapturingCamera.replay(
                name: order.name.text, path: path, settings: settings, onFrame: onFrame,
                onEvent: onEvent)
        case .scene:
            return try SceneCamera(
                name: order.name.text, folder: scenes, scenePath: scene, rate: order.rate,
                onFrame: onFrame, onEvent: onEvent)
        }
    }

    /// The configuration's names are those of the trade.
    private static func pixelFormat(_ name: String) -> PixelFormat {
        switch name {
        case "yuyv": .yuyv
        case "nv12": .nv12
        case "grey": .gray
        default: .jpeg
        }
    }
}
