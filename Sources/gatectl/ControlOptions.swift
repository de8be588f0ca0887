import ArgumentParser
import Glibc
import ServiceRuntime

/// Which running gate is meant.
struct ControlOptions: ParsableArguments {
    @Option(help: "The directory of the gate's configuration.")
    var config: String?
    @Option(help: "The gate's control socket, in place of the one that the configuration says.")
    var socket: String?

    static let standardSocket = "/run/gatehouse/control.sock"

    /// The socket to ask; a configuration that cannot be read is an error only if it was named.
    func path() throws -> String {
        if let socket { return socket }
        guard let config else { return Self.standardSocket }
        switch ServiceProcess.load(config) {
        case .success(let site): return RuntimePaths.control(site)
        case .failure(let problems):
            ErrorOutput.write(problems.messages)
            throw ExitCode(ServiceProcess.configurationStatus)
        }
    }

    /// Asks once; a refusal goes to standard error and ends the command with status 1.
    func ask(_ request: ControlRequest) throws -> ControlReply {
        let client = try ControlClient(path: try path())
        let reply = try client.ask(request, within: .seconds(90))
        guard reply.ok else {
            ErrorOutput.write(reply.errors ?? [])
            ErrorOutput.write(["error: \(reply.text ?? "refused")"])
            throw ExitCode(1)
        }
        return reply
    }

    /// Asks for a change and prints what came of it.
    func change(_ request: ControlRequest) throws {
        let reply = try ask(request)
        if let warning = reply.warning { ErrorOutput.write(["warning: \(warning)"]) }
        print(reply.text ?? "done")
    }
}

/// Who asks, where a shared account does.
struct OperatorOptions: ParsableArguments {
    @Option(
        name: .customLong("as"),
        help: "Who asks, for root alone; it goes on record. Others are on record by their account.")
    var name: String?

    /// As the gate itself holds it: nothing is asked that is refused anyway.
    func validate() throws {
        guard let name, !ControlCoding.isOperatorName(name) else { return }
        throw ValidationError(
            "--as takes a name of 1 to \(ControlLimits.nameBytes) bytes without control characters")
    }
}
