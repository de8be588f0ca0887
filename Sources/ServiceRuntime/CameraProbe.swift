import Dispatch
import EventLoop
import GateConfiguration
import GateSimulation
import GateTypes
import Imaging
import Synchronization
import VideoCapture
import VisionLink

/// Frames of one configured camera without the eyes, for whoever aims it.
package enum CameraProbe {
    /// Opens the camera as the eyes do, and shows its frames until `look` has seen enough.
    ///
    /// - Parameters:
    ///   - configDirectory: where a demonstration's pictures lie.
    ///   - instead: what to give in place of a camera that the eyes hold.
    ///   - limit: how long to wait for frames in all.
    ///   - look: answers false to see another frame.
    /// - Throws: `StartError` when the camera cannot be opened or gives no frame.
    package static func watch(
        _ name: CameraName, of config: GateConfig, configDirectory: String, instead: String,
        limit: Duration = .seconds(6), look: (Picture) -> Bool
    ) throws(StartError) {
        guard let settings = config.cameras[name] else {
            throw StartError("there is no camera '\(name)'; name one of gatehouse.yaml")
        }
        let arrived = DispatchSemaphore(value: 0)
        let fault = Mutex<String?>(nil)
        let camera: any Camera
        do throws(CameraFault) {
            camera = try VisionParts.makeCamera(
                CameraOrder(name, settings), scenes: configDirectory + "/scenes",
                scene: config.storage.runtimeDirectory + "/" + SceneState.fileName,
                onFrame: { arrived.signal() },
                onEvent: { event in
                    guard case .failed(let reason) = event else { return }
                    fault.withLock { $0 = reason.description }
                    arrived.signal()
                })
            try camera.start()
        } catch {
            throw StartError("camera '\(name)': \(error)")
        }
        defer { camera.stop() }
        let end = Instant.now() + limit
        var hasSeen = false
        while Instant.now() < end {
            let left = Int(clamping: (end - .now()).nanoseconds)
            _ = arrived.wait(timeout: .now() + .nanoseconds(max(left, 0)))
            if let reason = fault.withLock({ $0 }) {
                throw StartError(
                    "camera '\(name)': \(reason)" + hint(settings.source, instead: instead))
            }
            guard let frame = camera.takeFrame() else { continue }
            hasSeen = true
            if look(frame.picture) { return }
        }
        guard hasSeen else {
            throw StartError("camera '\(name)' gave no frame within \(limit); look at its cable")
        }
    }

    private static func hint(_ source: CameraConfig.Source, instead: String) -> String {
        switch source {
        case .device:
            " (while the eyes run they hold it: stop gatehouse-vision for a moment, or \(instead))"
        case .replay, .scene: ""
        }
    }
}
