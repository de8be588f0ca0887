import ArgumentParser
import ServiceRuntime

/// The controller: owns lanes, lines, policy and the journal, and never touches a pixel.
struct Gatehoused: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatehoused", abstract: "Controls the lanes of a gate.",
        discussion: """
            SIGHUP reloads the configuration, all or nothing, once nothing moves. SIGTERM drives \
            every line to its rest and ends. Exit status: 78 when the configuration has errors, \
            1 when the gate cannot start.
            """,
        version: gatehouseVersion)

    @Option(help: "The directory of gatehouse.yaml, policy.yaml and roster/.")
    var config = "/etc/gatehouse"

    func run() throws {
        let process = try ServiceProcess(program: "gatehoused")
        defer { process.log.finish() }
        guard let site = process.configuration(in: config) else {
            throw ExitCode(ServiceProcess.configurationStatus)
        }
        let service = try GateService(
            loop: process.loop, config: site,
            parts: .system(configDirectory: config, process: process, program: gatehouseVersion))
        process.onReload { service.reload(by: "SIGHUP") }
        service.announce()
        service.stop(process.run())
        if !process.isOrderly { throw ExitCode(1) }
    }
}

Gatehoused.main()
