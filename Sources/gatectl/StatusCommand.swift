import ArgumentParser
import Glibc
import ServiceRuntime

/// `gatectl status`: the gate at this moment.
struct StatusCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, tsv, json }

    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows the lanes of the running gate.",
        discussion: "Exit status 1 when no gate answers.")

    @OptionGroup var control: ControlOptions
    @Option(help: "text, tsv (a row for each lane) or json (everything).")
    var format = Format.text

    func run() throws {
        guard let gate = try control.ask(ControlRequest(.status)).snapshot else {
            throw StartError("the gate sent no snapshot; gatectl and gatehoused differ in version")
        }
        switch format {
        case .text:
            let screen = GateScreen(language: gate.language, hasColour: Terminal.isInteractive)
            screen.lines(gate).forEach { print($0) }
        case .tsv:
            print(GateTable.header)
            for lane in gate.lanes { print(GateTable.row(lane)) }
        case .json: print(String(decoding: ControlCoding.encode(gate), as: UTF8.self))
        }
    }
}

/// What standard output is.
enum Terminal {
    static var isInteractive: Bool { isatty(1) == 1 }
}
