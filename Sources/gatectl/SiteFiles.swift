import ArgumentParser
import ConfigurationFiles
import GateConfiguration
import GateTypes

/// The configuration of a site, for commands that answer from its files.
enum SiteFiles {
    /// Ends the program with status 78 and every error when the files are wrong.
    static func load(_ directory: String) throws -> GateConfig {
        do {
            return try ConfigurationDirectory.load(directory).config
        } catch {
            ErrorOutput.write(error.errors.map(\.description))
            throw ExitCode(78)
        }
    }

    /// A lane that the user named.
    static func lane(_ name: String, of site: GateConfig) throws -> BarrierConfig {
        if let lane = site.lanes[LaneName(name)] { return lane }
        if site.laneNames.contains(LaneName(name)) {
            throw ValidationError("lane '\(name)' is for people; no plate is read there")
        }
        throw ValidationError(
            "there is no lane '\(name.shortened)'; "
                + Suggestion.hint(
                    for: name, among: site.lanes.keys.map(\.text), none: "the site has no lane"))
    }

    /// A turnstile or a door that the user named.
    static func checkPersonLane(_ name: String, of site: GateConfig) throws {
        let lane = LaneName(name)
        if site.turnstiles[lane] != nil || site.doors[lane] != nil { return }
        if site.lanes[lane] != nil {
            throw ValidationError("lane '\(name)' is a barrier; ask about a --plate there")
        }
        let names = (Array(site.turnstiles.keys) + Array(site.doors.keys)).map(\.text)
        throw ValidationError(
            "there is no lane '\(name.shortened)'; "
                + Suggestion.hint(
                    for: name, among: names, none: "the site has no turnstile and no door"))
    }
}
