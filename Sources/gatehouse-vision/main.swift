import ArgumentParser
import ServiceRuntime

/// The eyes: own cameras and recognisers, and never touch a relay.
struct GatehouseVision: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatehouse-vision", abstract: "Watches the cameras of a gate.",
        discussion: """
            Which cameras to watch comes from gatehoused over a socket; while gatehoused is away it \
            is tried again. With --socket no configuration is read. Exit status: 78 when the \
            configuration has errors, 1 when the eyes cannot open.
            """,
        version: gatehouseVersion)

    @Option(help: "The directory of gatehouse.yaml, which says where gatehoused listens.")
    var config = "/etc/gatehouse"
    @Option(help: "Where gatehoused listens, in place of what the configuration says.")
    var socket: String?
    @Option(
        help: """
            Threads that read plates, and as many that read faces; without it all cores but one of \
            each, at least one.
            """)
    var recognisers: Int?
    @Option(help: "The folder with the network files.")
    var models: String?
    @Option(
        help: """
            The folder for pictures of passages; without it 'evidence' in the state directory \
            that the configuration says, and none with --socket alone.
            """)
    var evidence: String?
    @Option(
        help: """
            The folder of face templates; without it 'faces' in the state directory that the \
            configuration says, and none with --socket alone.
            """)
    var faces: String?
    @Option(help: "Another face embedder's network file.")
    var embedder: String?

    func validate() throws {
        if let recognisers, !(1...64).contains(recognisers) {
            throw ValidationError("--recognisers takes 1 to 64")
        }
    }

    func run() throws {
        let process = try ServiceProcess(program: "gatehouse-vision")
        defer { process.log.finish() }
        let site = socket == nil ? process.configuration(in: config) : nil
        guard let path = socket ?? site.map(RuntimePaths.vision) else {
            throw ExitCode(ServiceProcess.configurationStatus)
        }
        let service = try VisionService(
            loop: process.loop, path: path,
            parts: .system(
                models: models, recognisers: recognisers, scenes: config + "/scenes", socket: path,
                evidence: evidence ?? site.map { $0.storage.stateDirectory + "/evidence" },
                faces: faces ?? site.map { $0.storage.stateDirectory + "/faces" },
                embedder: embedder,
                process: process, program: gatehouseVersion))
        service.start()
        _ = process.run()
        service.stop()
        if !process.isOrderly { throw ExitCode(1) }
    }
}

GatehouseVision.main()
