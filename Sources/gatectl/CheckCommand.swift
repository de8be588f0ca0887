import ArgumentParser
import ConfigurationFiles
import EventLoop
import GateConfiguration
import Glibc
import ServiceRuntime

/// `gatectl check`: tells every error of a configuration in one run.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Checks a configuration and tells every error with its file, line and column.",
        discussion: """
            Prints 'file:line:column: error: what; hint', one line each, and exits with 1; with 0 \
            when the daemon would start with this configuration. Warnings change nothing. The \
            networks of faces are loaded and their answers compared, which the daemon leaves to \
            the eyes: a damaged one takes faces away, never the gate. Run it as root, so that the \
            site's calibration can be read; the files of /etc/gatehouse are then read with the \
            rights of the user gatehouse first, for root may read what the daemon may not.
            """)

    @Argument(help: "The configuration's folder.")
    var directory = ConfigurationDirectory.standardPath

    @Option(help: "The folder of the face templates and their calibration.")
    var faces = FaceStoreOptions.standardFolder

    @Option(help: "Read the files with the rights of this user, as the daemon will; for root.")
    var user: String?

    @Flag(help: "Exit with 1 on warnings, too.")
    var strict = false

    @Flag(help: "Print no warnings and no summary, errors only.")
    var quiet = false

    func run() throws {
        do {
            try loadAsDaemon()
            let loaded = try ConfigurationDirectory.load(
                directory, networks: .files(faces: faces))
            if !quiet {
                ErrorOutput.write(loaded.warnings.map(\.description))
                print(Self.summary(loaded, directory))
            }
            if strict, !loaded.warnings.isEmpty { throw ExitCode(1) }
        } catch let failure as ConfigurationFailure {
            ErrorOutput.write(failure.errors.map(\.description))
            if !quiet {
                ErrorOutput.write(failure.warnings.map(\.description))
                ErrorOutput.write(["\(directory): \(Self.counted(failure.errors.count, "error"))"])
            }
            throw ExitCode(1)
        }
    }

    /// Throws what the daemon could not load.
    private func loadAsDaemon() throws {
        let usual = directory == ConfigurationDirectory.standardPath && geteuid() == 0
        let daemon = usual && Accounts.number(ofUser: "gatehouse") != nil ? "gatehouse" : nil
        guard let name = user ?? daemon else { return }
        let outcome: Result<LoadedConfiguration, ConfigurationFailure>
        do {
            outcome = try Accounts.acting(as: name) {
                Result { () throws(ConfigurationFailure) in
                    try ConfigurationDirectory.load(directory)
                }
            }
        } catch {
            throw ValidationError("cannot read with the rights of '\(name)': \(error)")
        }
        _ = try outcome.get()
    }

    private static func summary(_ loaded: LoadedConfiguration, _ directory: String) -> String {
        let config = loaded.config
        let parts = [
            counted(config.laneNames.count, "lane"), counted(config.cameras.count, "camera"),
            counted(config.inputs.count + config.outputs.count, "line"),
            counted(config.policy.rules.count, "rule"),
            counted(config.roster.vehicles.count, "vehicle"),
            counted(loaded.warnings.count, "warning"),
        ]
        return "\(directory): no errors; \(parts.joined(separator: ", "))"
    }

    private static func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
}
