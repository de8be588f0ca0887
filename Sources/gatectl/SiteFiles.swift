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
        throw ValidationError(
            "there is no lane '\(name.shortened)'; "
                + Suggestion.hint(
                    for: name, among: site.lanes.keys.map(\.text), none: "the site has no lane"))
    }
}
