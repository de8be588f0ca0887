import ArgumentParser
import GateTypes
import ServiceRuntime

/// `gatectl open LANE`: opens by hand, on record with a name.
struct OpenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Opens a lane by hand, on record with its operator's name.",
        discussion: "A shared account such as root is recorded as unidentified unless --as names "
            + "who asks.")

    @Argument(help: "The lane.") var lane: String
    @OptionGroup var operatorOptions: OperatorOptions
    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.change(
            ControlRequest(.open, lane: LaneName(lane), as: operatorOptions.name))
    }
}

/// `gatectl close LANE`
struct CloseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close", abstract: "Closes a lane once nothing stands in it.")

    @Argument(help: "The lane.") var lane: String
    @OptionGroup var operatorOptions: OperatorOptions
    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.change(
            ControlRequest(.close, lane: LaneName(lane), as: operatorOptions.name))
    }
}

/// `gatectl clear-fault LANE`
struct ClearFaultCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear-fault", abstract: "Takes a lane back into service after a fault.")

    @Argument(help: "The lane.") var lane: String
    @OptionGroup var operatorOptions: OperatorOptions
    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.change(
            ControlRequest(.clearFault, lane: LaneName(lane), as: operatorOptions.name))
    }
}

/// `gatectl reload`: all or nothing.
struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Puts the edited configuration into force, all or nothing.",
        discussion: "Every error is told with file, line and column, and the configuration in "
            + "force stays. A reload waits until nothing moves.")

    @OptionGroup var operatorOptions: OperatorOptions
    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.change(ControlRequest(.reload, as: operatorOptions.name))
    }
}

/// `gatectl emergency release|reset`
struct EmergencyCommand: ParsableCommand {
    enum Wish: String, ExpressibleByArgument, CaseIterable { case release, reset }

    static let configuration = CommandConfiguration(
        commandName: "emergency", abstract: "Frees all ways, or ends that by name.",
        discussion: "A release holds over restarts until its reset. After the reset nothing "
            + "closes without clear presence and a command.")

    @Argument(help: "release or reset.") var wish: Wish
    @OptionGroup var operatorOptions: OperatorOptions
    @OptionGroup var control: ControlOptions

    func run() throws {
        let kind: ControlRequest.Kind =
            switch wish {
            case .release: .emergencyRelease
            case .reset: .emergencyReset
            }
        try control.change(ControlRequest(kind, as: operatorOptions.name))
    }
}

/// `gatectl lockdown on|off`
struct LockdownCommand: ParsableCommand {
    enum Wish: String, ExpressibleByArgument, CaseIterable { case on, off }

    static let configuration = CommandConfiguration(
        commandName: "lockdown", abstract: "Closes the site to all but some groups, or ends that.",
        discussion:
            "It holds over restarts. Fire and emergency release beat it, and exit buttons go "
            + "on; 'lockdown: except' of gatehouse.yaml names who passes all the same.")

    @Argument(help: "on or off.") var wish: Wish
    @OptionGroup var operatorOptions: OperatorOptions
    @OptionGroup var control: ControlOptions

    func run() throws {
        let kind: ControlRequest.Kind =
            switch wish {
            case .on: .lockdown
            case .off: .endLockdown
            }
        try control.change(ControlRequest(kind, as: operatorOptions.name))
    }
}

/// `gatectl version`
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Prints the version.")

    func run() { print("gatehouse \(gatehouseVersion)") }
}
