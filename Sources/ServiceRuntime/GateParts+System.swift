import EventJournal
import GateConfiguration
import GateSimulation
import GateTypes
import LineControl

extension GateParts {
    /// The parts of the running product; simulated chips share one simulated world.
    package static func system(
        configDirectory: String, process: ServiceProcess, program: String
    ) -> GateParts {
        let log = process.log
        let simulated = SimulatedPart()
        var parts = GateParts(
            loadConfig: { ServiceProcess.load(configDirectory) },
            makeChips: { config in
                makeChips(config, configDirectory: configDirectory, log: log, simulated)
            },
            makeJournal: { FileJournal(directory: $0, options: $1) },
            notifier: SystemdNotifier(), log: { log.write($0, $1) },
            clockIsTrusted: { ClockTrust.isSynchronised() }, program: program)
        parts.simulatedBadges = { simulated.world?.takeBadges() ?? [] }
        parts.simulatedDisplay = { simulated.world?.told($0, $1) }
        return parts
    }

    /// The world behind the simulated chips, once there is one.
    private final class SimulatedPart {
        var world: SimulatedWorld?
    }

    private static func makeChips(
        _ config: GateConfig, configDirectory: String, log: ServiceLog,
        _ simulated: SimulatedPart
    ) -> [String: any LineChip] {
        var chips: [String: any LineChip] = [:]
        for (name, chip) in config.chips {
            switch chip.backing {
            case .device(let path): chips[name] = GpiodChip(name: name, path: path)
            case .simulated:
                let shared = simulated.world ?? makeWorld(config, configDirectory, log)
                simulated.world = shared
                chips[name] = SimulatedChip(shared)
            }
        }
        return chips
    }

    private static func makeWorld(
        _ config: GateConfig, _ directory: String, _ log: ServiceLog
    ) -> SimulatedWorld {
        log.write(.warning, "simulated lines: nothing real moves")
        do throws(TrafficFileError) {
            return try SimulatedWorld.open(
                config: config, configDirectory: directory, at: .now())
        } catch {
            log.write(.error, "\(error); nobody will come")
            return SimulatedWorld(config: config, start: .now())
        }
    }
}
