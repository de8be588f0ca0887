import AccessPolicy
import ArgumentParser
import ConfigurationFiles
import Foundation
import GateConfiguration
import GateTypes

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

    @Option(help: "The configuration's folder.")
    var config = ConfigurationDirectory.standardPath

    @Option(help: "The lane, as gatehouse.yaml names it.")
    var lane: String

    @Option(help: "The number plate, e.g. 沪A12345.")
    var plate: String

    @Option(help: "Local date and time, e.g. 2026-10-01T08:30 (default: now); with Z in UTC.")
    var at: String?

    @Option(help: "text, tsv or json.")
    var format = Format.text

    func run() throws {
        let site = try load()
        guard site.lanes[LaneName(lane)] != nil else {
            let names = site.lanes.keys.map(\.text)
            throw ValidationError(
                "there is no lane '\(lane.shortened)'; "
                    + Suggestion.hint(for: lane, among: names, none: "the site has no lane"))
        }
        let moment = try moment(in: site.site.timeZone)
        let policy = VehiclePolicy(site.policy, roster: site.roster, zone: site.site.timeZone)
        let decision = policy.explain(plate: plate, at: LaneName(lane), now: moment)
        let answer = ExplainAnswer(
            decision, lane: lane, local: LocalTime(moment.wall, in: site.site.timeZone),
            policy: site.policy)
        switch format {
        case .text: print(answer.text)
        case .tsv: print(answer.tsv)
        case .json: print(try answer.json())
        }
    }

    private func load() throws -> GateConfig {
        do {
            return try ConfigurationDirectory.load(config).config
        } catch {
            ErrorOutput.write(error.errors.map(\.description))
            throw ExitCode(78)
        }
    }

    private func moment(in zone: TimeZoneTable) throws -> Moment {
        let instant = Instant(nanoseconds: 0)
        guard let at else {
            let now = Int64((Date().timeIntervalSince1970 * 1_000).rounded(.down))
            return Moment(instant: instant, wall: WallTime(milliseconds: now))
        }
        switch MomentText.parse(at, in: zone) {
        case .success(let wall): return Moment(instant: instant, wall: wall)
        case .failure(let problem):
            throw ValidationError(
                "--at is '\(at.shortened)', \(problem.text); write e.g. 2026-10-01T08:30")
        }
    }
}
