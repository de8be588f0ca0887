import AccessPolicy
import ArgumentParser
import ConfigurationFiles
import Foundation
import GateConfiguration

/// `gatectl roster ...`
struct RosterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roster", abstract: "Looks at the roster of a site.",
        subcommands: [RosterLintCommand.self])
}

/// `gatectl roster lint`: what this very list does to matching by likelihood.
struct RosterLintCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, tsv, json }

    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Names listed plates that are too close, and the strangers that would open.",
        discussion: """
            Puts doubtful readings of each listed plate, and of strangers one look-alike character \
            away, before the gate's own matching. The model: one reading in ten has one doubtful \
            place; there the reader hesitates between the true character and one that looks like \
            it (8/B, 0/D/Q, 2/Z, ...), 90:10, 70:30 or 50:50, and is right as often as it says. \
            Schedules and dates are left aside. Exit status: 0 when no two plates are too close, 1 when some are, 78 when \
            the configuration has errors.
            """)

    @Argument(help: "The configuration's folder.")
    var directory = ConfigurationDirectory.standardPath
    @Option(help: "text; tsv: a row for each pair; json: a line for each pair, then the figures.")
    var format = Format.text

    func run() throws {
        let site = try SiteFiles.load(directory)
        // The lane that believes a reading most readily.
        guard let rate = site.lanes.values.map(\.falseAcceptRate).max() else {
            throw ValidationError("the site has no lane that would match plates; add one")
        }
        let lint = RosterLint(site.roster, policy: site.policy, acceptedRate: rate)
        switch format {
        case .text: text(lint).forEach { print($0) }
        case .tsv:
            print("plate\tother\tplace")
            for pair in lint.pairs { print("\(pair.plate)\t\(pair.other)\t\(pair.place)") }
        case .json: try json(lint).forEach { print($0) }
        }
        if !lint.pairs.isEmpty { throw ExitCode(1) }
    }

    private func text(_ lint: RosterLint) -> [String] {
        var lines = lint.pairs.map { pair in
            let (one, other) = (Self.character(pair.plate, pair), Self.character(pair.other, pair))
            return "\(pair.plate) and \(pair.other): "
                + "\(one) and \(other) at place \(pair.place) look alike"
        }
        lines.append(
            "\(directory): \(lint.plateCount) plates, \(lint.pairs.count) pairs too close"
                + (lint.pairs.isEmpty
                    ? "" : "; give one of each pair a badge, or let the guard decide"))
        lines.append(
            "\(lint.ambiguousPlates.count) of \(lint.plateCount) listed vehicles may be refused as "
                + "ambiguous, in \(Self.perThousand(lint.ambiguousRate)) of 1000 readings over all; "
                + "\(Self.perThousand(lint.admittedRate)) of 1000 readings of allowed vehicles open"
        )
        if let worst = lint.cities.first {
            let rate = String(format: "%.2g", worst.falseAcceptRate * 100)
            lines.append(
                "strangers from \(worst.letters) (\(worst.listedCount) listed plates): "
                    + "\(worst.admittedStrangers) plates can be taken for a listed one, \(rate) % of "
                    + "their readings open; the lanes accept "
                    + "\(String(format: "%.2g", lint.acceptedRate * 100)) %")
        }
        return lines
    }

    private static func character(_ plate: String, _ pair: RosterLint.Pair) -> String {
        plate.dropFirst(pair.place - 1).first.map(String.init) ?? ""
    }

    private static func perThousand(_ rate: Double) -> String {
        String(format: "%.1f", rate * 1000)
    }

    private func json(_ lint: RosterLint) throws -> [String] {
        let pairs = lint.pairs.map { pair -> [String: Any] in
            ["plate": pair.plate, "other": pair.other, "place": pair.place]
        }
        let cities = lint.cities.map { city -> [String: Any] in
            [
                "letters": city.letters, "listed": city.listedCount,
                "strangers": city.admittedStrangers, "false_accept_rate": city.falseAcceptRate,
            ]
        }
        let figures: [String: Any] = [
            "plates": lint.plateCount, "pairs": lint.pairs.count,
            "ambiguous_plates": lint.ambiguousPlates.count,
            "ambiguous_rate": lint.ambiguousRate, "admitted_rate": lint.admittedRate,
            "accepted_rate": lint.acceptedRate, "cities": cities,
        ]
        return try (pairs + [figures]).map {
            String(
                decoding: try JSONSerialization.data(
                    withJSONObject: $0, options: [.sortedKeys, .withoutEscapingSlashes]),
                as: UTF8.self)
        }
    }
}
