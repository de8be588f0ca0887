import AccessPolicy
import ArgumentParser
import ConfigurationFiles
import Foundation
import GateConfiguration
import GateTypes

/// Where and when policy is asked: a site's files, one of its lanes, a moment.
struct PolicyOptions: ParsableArguments {
    @Option(help: "The configuration's folder.")
    var config = ConfigurationDirectory.standardPath

    @Option(help: "The lane, as gatehouse.yaml names it.")
    var lane: String

    @Option(help: "Local date and time, e.g. 2026-10-01T08:30 (default: now); with Z in UTC.")
    var at: String?

    /// The site's policy, and what it is asked about.
    struct Loaded {
        let config: GateConfig
        let policy: VehiclePolicy
        let lane: LaneName
        let barrier: BarrierConfig
        let moment: Moment
    }

    /// Ends the program with status 78 and every error when the files are wrong.
    func load() throws -> Loaded {
        let site = try SiteFiles.load(config)
        let barrier = try SiteFiles.lane(lane, of: site)
        return Loaded(
            config: site,
            policy: VehiclePolicy(site.policy, roster: site.roster, zone: site.site.timeZone),
            lane: LaneName(lane), barrier: barrier, moment: try moment(in: site.site.timeZone))
    }

    /// The same for a turnstile or a door.
    struct LoadedForPeople {
        let config: GateConfig
        let policy: PersonPolicy
        let lane: LaneName
        let moment: Moment
    }

    func loadForPeople() throws -> LoadedForPeople {
        let site = try SiteFiles.load(config)
        try SiteFiles.checkPersonLane(lane, of: site)
        return LoadedForPeople(
            config: site,
            policy: PersonPolicy(site.policy, roster: site.roster, zone: site.site.timeZone),
            lane: LaneName(lane), moment: try moment(in: site.site.timeZone))
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
