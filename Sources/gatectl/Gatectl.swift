import ArgumentParser

/// The one command of installer, guard, site manager and data-protection officer.
@main
struct Gatectl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatectl",
        abstract: "Reads plates, checks a configuration, shows and steers a running gate.",
        discussion: "Data goes to standard output, errors to standard error.",
        subcommands: [
            CheckCommand.self, ExplainCommand.self, StatusCommand.self, WatchCommand.self,
            OpenCommand.self, CloseCommand.self, ClearFaultCommand.self, EmergencyCommand.self,
            LockdownCommand.self, ReloadCommand.self, PlatesCommand.self, FacesCommand.self,
            CameraCommand.self, NetworkCommand.self, RosterCommand.self, ConsentCommand.self,
            JournalCommand.self, SimulateCommand.self, DemoCommand.self, BenchCommand.self,
            VersionCommand.self,
        ])
}
