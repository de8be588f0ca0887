import AccessPolicy
import ArgumentParser

/// `gatectl explain`: who, where, when -> outcome, and the rule that made it.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract:
            "Tells what policy and roster say about a plate at a lane, and which rule says so.",
        discussion: """
            Answers from the configuration files, as if the plate had been read beyond doubt. \
            Whether a doubtful reading is taken for it is decided at the gate.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, tsv, json }

    @OptionGroup var place: PolicyOptions

    @Option(help: "The number plate, e.g. 沪A12345.")
    var plate: String

    @Option(help: "text, tsv or json.")
    var format = Format.text

    func run() throws {
        let asked = try place.load()
        let decision = asked.policy.explain(plate: plate, at: asked.lane, now: asked.moment)
        let answer = ExplainAnswer(
            decision, lane: asked.lane.text,
            local: LocalTime(asked.moment.wall, in: asked.config.site.timeZone),
            policy: asked.config.policy)
        switch format {
        case .text: print(answer.text)
        case .tsv: print(answer.tsv)
        case .json: print(try answer.json())
        }
    }
}
