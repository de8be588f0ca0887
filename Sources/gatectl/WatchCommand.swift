import ArgumentParser
import Glibc
import ServiceRuntime

/// `gatectl watch`: the gate, live.
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Follows the running gate in the terminal.",
        discussion: """
            On a terminal the picture is redrawn as things happen; through a pipe each happening \
            is one line, with --json one line of JSON. Ctrl-C ends the view, not the gate.
            """)

    private static let happeningsShown = 6

    @OptionGroup var control: ControlOptions
    @Flag(help: "Print every message as one line of JSON.") var json = false

    func run() throws {
        let client = try ControlClient(path: try control.path())
        let redraws = Terminal.isInteractive && !json
        if redraws { show("\u{1B}[?25l\u{1B}[2J") }
        defer { if redraws { show("\u{1B}[?25h\n") } }
        var happenings: [GateHappening] = []
        var screen = GateScreen(language: "en", hasColour: redraws)
        try client.watch { reply in
            var isOpen = true
            if json {
                isOpen = show(String(decoding: ControlCoding.encode(reply), as: UTF8.self) + "\n")
            } else if let happening = reply.happening {
                happenings = (happenings + [happening]).suffix(Self.happeningsShown)
                if !redraws { isOpen = show(screen.line(happening) + "\n") }
            } else if let gate = reply.snapshot, redraws {
                screen = GateScreen(language: gate.language, hasColour: true)
                // Each line is cleared to its end, so that nothing flickers.
                let lines = screen.lines(gate, happenings: happenings)
                isOpen = show(
                    "\u{1B}[H" + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J")
            }
            return isOpen
        }
    }

    @discardableResult
    private func show(_ text: String) -> Bool { Output.write(text, to: STDOUT_FILENO) }
}
