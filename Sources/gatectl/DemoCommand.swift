import ArgumentParser
import Foundation
import GateTypes
import Glibc
import ServiceRuntime

/// `gatectl demo`: the reference gate with rendered pictures and simulated lines, live.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Shows a working gate for about a minute; nothing real moves.",
        discussion: """
            Starts the real gatehoused and gatehouse-vision on a temporary copy of the \
            demonstration's site: five vehicle lanes, three turnstiles and ten doors, whose lines \
            are simulated. Five cameras show rendered pictures of vehicles; what the seven at the \
            turnstiles see is simulated: people who are enrolled, strangers, somebody who withdrew, two at \
            once, and printed photographs, which fail infrared light or a turn of the head. It ends by \
            itself with a summary. Exit status 1 when a program died, the journal is broken, the boom opened for a wrong plate, or nobody was let in.
            """)

    private static let happeningsShown = 6

    @Option(help: "A real camera for lane 1, e.g. /dev/video0.") var camera: String?
    @Option(
        help: """
            A folder of photographs: those of vehicles stand before lane 1 in turn, those of faces \
            before all six cameras of the turnstiles, which find and compare them. A subfolder of four and more is one person, whom the \
            first three enrol until the demonstration ends.
            """)
    var pictures: String?
    @Option(help: "Vehicles appear for so many seconds.") var seconds = 56
    @Option(help: "Other seeds give other traffic.") var seed: UInt64 = 1
    @Option(help: "The demonstration's folder.") var site: String?

    func validate() throws {
        guard (5...3600).contains(seconds) else {
            throw ValidationError("--seconds takes 5 to 3600")
        }
        guard camera == nil || pictures == nil else {
            throw ValidationError("--camera and --pictures both want lane 1; give one of them")
        }
    }

    func run() throws {
        Interruption.hold()
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var options = DemoOptions(site: site ?? DemoSite.find(program: program))
        options.length = .seconds(seconds)
        options.seed = seed
        options.camera = camera
        options.pictures = pictures
        let run = try DemoRun(options, program: program)
        let report = try show(run)
        show(report.lines.map { $0 + "\n" }.joined())
        if !report.isGood { throw ExitCode(1) }
    }

    private func show(_ run: DemoRun) throws -> DemoReport {
        let redraws = isatty(STDOUT_FILENO) == 1
        let client: ControlClient
        do {
            client = try run.connect()
        } catch {
            _ = run.finish()
            throw error
        }
        show("Simulated lines, rendered pictures; the programs are the real ones.\n")
        if redraws { show("\u{1B}[?25l\u{1B}[2J") }
        defer { if redraws { show("\u{1B}[?25h\n") } }
        var happenings: [GateHappening] = []
        var screen = GateScreen(language: "en", hasColour: redraws)
        do {
            try client.watch { reply in
                if let happening = reply.happening {
                    happenings = (happenings + [happening]).suffix(Self.happeningsShown)
                    if !redraws { show(screen.line(happening) + "\n") }
                } else if let gate = reply.snapshot, redraws {
                    screen = GateScreen(language: gate.language, hasColour: true)
                    let lines = screen.lines(gate, happenings: happenings)
                    // Each line is cleared to its end, so that nothing flickers.
                    show("\u{1B}[H" + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J")
                }
                return !run.hasEnded()
            }
        } catch {
            ErrorOutput.write(["\(error)"])
        }
        return run.finish()
    }

    private func show(_ text: String) { _ = Output.write(text, to: STDOUT_FILENO) }
}
