import Dispatch
import EventLoop
import GateTypes
import Glibc
import Imaging
import Synchronization
import VideoCapture

/// A camera of the demonstration: its frames show what stands before its boom at this moment.
///
/// Who stands there comes from the scene file of the simulated lines; the pictures were rendered
/// beforehand. Everything that it shows is simulated, and has to be labelled so.
package final class SceneCamera: Camera {
    private struct Shared {
        var frame: Frame?
        var health = CameraHealth()
        var isStarted = false
        var isStopping = false
    }

    package let name: String
    private let lane: LaneName
    private let catalogue: SceneCatalogue
    private let pictures: [String: Picture]
    private let scenePath: String
    private let interval: Duration
    private let mode: CameraMode
    private let onFrame: @Sendable () -> Void
    private let onEvent: @Sendable (CameraEvent) -> Void
    private let shared = Mutex(Shared())
    private let ended = DispatchSemaphore(value: 0)

    /// Loads the pictures of one lane.
    ///
    /// - Parameters:
    ///   - name: the camera's name; a scene has one camera for each lane, of the lane's name.
    ///   - folder: where `scenes.tsv` and its pictures lie.
    ///   - scenePath: the scene file that the simulated lines publish.
    ///   - rate: frames a second.
    package init(
        name: String, folder: String, scenePath: String, rate: Double,
        onFrame: @escaping @Sendable () -> Void,
        onEvent: @escaping @Sendable (CameraEvent) -> Void = { _ in }
    ) throws(CameraFault) {
        self.name = name
        lane = LaneName(name)
        do throws(SceneError) {
            catalogue = try SceneCatalogue(folder: folder)
        } catch {
            throw CameraFault(
                .absent, device: folder, problem: error.problem, remedy: error.hint)
        }
        let files = Self.files(of: lane, in: catalogue)
        var loaded: [String: Picture] = [:]
        do throws(ImageError) {
            for file in files { loaded[file] = try Picture(path: folder + "/" + file) }
        } catch {
            throw CameraFault(
                .corrupt, device: folder, problem: error.problem, remedy: error.remedy)
        }
        guard let empty = catalogue.emptyFiles[lane], let first = loaded[empty] else {
            throw CameraFault(
                .absent, device: folder, problem: "there is no picture of the empty lane '\(name)'",
                remedy: "name scene cameras as the lanes of \(SceneCatalogue.fileName)")
        }
        pictures = loaded
        self.scenePath = scenePath
        interval = .nanoseconds(Int64(1e9 / max(1, rate)))
        mode = CameraMode(
            size: first.size, rate: rate, format: .jpeg, native: "JPEG",
            device: "\(files.count) rendered pictures of \(folder) (simulated)")
        self.onFrame = onFrame
        self.onEvent = onEvent
    }

    private static func files(of lane: LaneName, in catalogue: SceneCatalogue) -> Set<String> {
        let approaches = catalogue.vehicles.filter { $0.lane == lane }.flatMap(\.frames)
        return Set(approaches.map(\.file) + [catalogue.emptyFiles[lane]].compactMap(\.self))
    }

    package var health: CameraHealth { shared.withLock { $0.health } }

    package func takeFrame() -> Frame? {
        shared.withLock { shared in
            defer { shared.frame = nil }
            return shared.frame
        }
    }

    package func start() throws(CameraFault) {
        let isFirst = shared.withLock { shared in
            defer { shared.isStarted = true }
            return !shared.isStarted
        }
        guard isFirst else { return }
        do throws(SystemError) {
            try WorkerThread.start("scene-\(name)") { [self] in
                run()
                ended.signal()
            }
        } catch {
            throw CameraFault(
                .io, device: name, problem: "\(error)", remedy: "raise the limit of threads")
        }
    }

    package func stop() {
        let isRunning = shared.withLock { shared in
            defer { shared.isStopping = true }
            return shared.isStarted && !shared.isStopping
        }
        if isRunning { ended.wait() }
    }

    // MARK: - Its thread

    private func run() {
        shared.withLock { $0.health.state = .streaming(mode) }
        onEvent(.opened(mode, differences: []))
        var sequence: UInt32 = 0
        var due = Instant.now()
        while !shared.withLock({ $0.isStopping }) {
            sequence &+= 1
            if let picture = picture(for: SceneState.read(from: scenePath)) {
                deliver(picture, sequence, at: .now())
            }
            due = max(due + interval, .now())
            let wait = max(0, (due - .now()).nanoseconds)
            var span = timespec(
                tv_sec: Int(wait / 1_000_000_000), tv_nsec: Int(wait % 1_000_000_000))
            unsafe nanosleep(&span, nil)
        }
        shared.withLock { $0.health.state = .stopped }
    }

    /// The picture that fits what stands on the lane.
    func picture(for state: SceneState?) -> Picture? {
        SceneDistance.file(of: lane, in: state, catalogue).flatMap { pictures[$0] }
    }

    private func deliver(_ picture: Picture, _ sequence: UInt32, at now: Instant) {
        let frame = Frame(
            picture: picture, captured: now, isDriverTime: false, sequence: sequence)
        shared.withLock { shared in
            if shared.frame != nil { shared.health.replacedCount += 1 }
            shared.frame = frame
            shared.health.frameCount += 1
            shared.health.lastFrame = now
        }
        onFrame()
    }
}
