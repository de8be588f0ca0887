import AccessPolicy
import ArgumentParser

/// `gatectl explain`: who, where, when -> outcome, and the rule that made it.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract:
            "Tells what policy and roster say about a plate, a badge or a person at a lane, and "
            + "which rule says so.",
        discussion: """
            Answers from the configuration files, as if the plate had been read beyond doubt. \
            Whether a doubtful reading is taken for it is decided at the gate.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, tsv, json }

    @OptionGroup var place: PolicyOptions

    @Option(help: "The number plate, e.g. 沪A12345, at a barrier.")
    var plate: String?

    @Option(help: "The badge's number as badges.csv writes it, at a turnstile or door.")
    var badge: String?

    @Option(help: "The person as people.csv names them, at a turnstile or door.")
    var person: String?

    @Option(help: "text, tsv or json.")
    var format = Format.text

    func validate() throws {
        guard [plate, badge, person].compactMap({ $0 }).count == 1 else {
            throw ValidationError("ask about one of --plate, --badge and --person")
        }
    }

    func run() throws {
        let answer = try plate.map { try about(plate: $0) } ?? aboutPerson()
        switch format {
        case .text: print(answer.text)
        case .tsv: print(answer.tsv)
        case .json: print(try answer.json())
        }
    }

    private func about(plate: String) throws -> ExplainAnswer {
        let asked = try place.load()
        return ExplainAnswer(
            asked.policy.explain(plate: plate, at: asked.lane, now: asked.moment),
            lane: asked.lane.text,
            local: LocalTime(asked.moment.wall, in: asked.config.site.timeZone),
            policy: asked.config.policy)
    }

    private func aboutPerson() throws -> ExplainAnswer {
        let asked = try place.loadForPeople()
        let decision =
            if let badge {
                asked.policy.decide(badge: badge, at: asked.lane, now: asked.moment)
            } else {
                asked.policy.decide(person: person ?? "", at: asked.lane, now: asked.moment)
            }
        return ExplainAnswer(
            decision, isPerson: badge == nil, lane: asked.lane.text,
            local: LocalTime(asked.moment.wall, in: asked.config.site.timeZone),
            policy: asked.config.policy)
    }
}
