import EventLoop
import GateConfiguration
import GateTypes
import Glibc

/// A traffic file that cannot be used, with its place.
package struct TrafficFileError: Error, Hashable, CustomStringConvertible {
    package let path: String
    package let reason: String
    package var description: String { "\(path): \(reason)" }
}

extension SimulatedWorld {
    /// The traffic plan's name in the configuration directory; without it nobody comes.
    package static let trafficFileName = "traffic.csv"
    private static let trafficSizeLimit = 4_194_304
    /// A world whose scene is no older than this goes on where it was after a restart.
    private static let resumeLimit = Duration.seconds(60)

    /// The world of a running service: its traffic read from `configDirectory`, its scene published
    /// in the runtime directory.
    ///
    /// A scene file that a daemon left there a moment ago makes this world go on instead of
    /// beginning again; whoever starts a new demonstration removes the file first.
    package static func open(
        config: GateConfig, configDirectory: String, at now: Instant
    ) throws(TrafficFileError) -> SimulatedWorld {
        let traffic = try readTraffic(configDirectory + "/" + trafficFileName)
        let path = config.storage.runtimeDirectory + "/" + SceneState.fileName
        let before = SceneState.read(from: path)
            .flatMap { $0.time <= now && now - $0.time < resumeLimit ? $0 : nil }
        let world = SimulatedWorld(
            config: config, traffic: traffic, travel: travel(of: config),
            start: before?.start ?? now,
            resume: before == nil ? nil : now)
        // The scene is for the eyes of a demonstration: without it they see empty lanes.
        world.onScene = { try? $0.write(to: path) }
        return world
    }

    /// A sound boom takes well under a third of the longest run that the lanes allow.
    private static func travel(of config: GateConfig) -> Duration {
        (config.lanes.values.map(\.timing.motor).min() ?? BarrierConfig.Timing().motor) * 5 / 16
    }

    private static func readTraffic(_ path: String) throws(TrafficFileError) -> TrafficPlan {
        do {
            let file = try Descriptor.open(path, O_RDONLY)
            var bytes: [UInt8] = []
            var part = [UInt8](repeating: 0, count: 65_536)
            while let count = try file.read(into: &part), count > 0 {
                bytes += part.prefix(count)
                guard bytes.count <= trafficSizeLimit else {
                    throw TrafficFileError(path: path, reason: "larger than 4 MiB; split it")
                }
            }
            return try TrafficPlan(text: String(decoding: bytes, as: UTF8.self))
        } catch let error as SystemError where error.code == ENOENT {
            return TrafficPlan()
        } catch let error as TrafficFileError {
            throw error
        } catch {
            throw TrafficFileError(path: path, reason: "\(error)")
        }
    }
}
