import Foundation
import Testing

/// The unit files, judged by systemd itself where it is installed.
@Suite struct UnitFileTests {
    static let analyser = "/usr/bin/systemd-analyze"
    static let isThere = FileManager.default.isExecutableFile(atPath: analyser)
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../systemd").standardized.path
    static let units = ["gatehoused.service", "gatehouse-vision.service"]

    static func settings(of unit: String) throws -> [String] {
        try String(contentsOfFile: folder + "/" + unit, encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }

    /// Exposure is told in tenths: 10 is 1.0 of 10.
    @Test(.enabled(if: isThere, "needs systemd-analyze"), arguments: units)
    func exposureIsAtMostOneOfTen(unit: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: Self.analyser)
        process.arguments = [
            "security", "--offline=true", "--no-pager", "--threshold=10",
            Self.folder + "/" + unit,
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "run systemd-analyze security on \(unit)")
    }

    @Test(arguments: units)
    func serviceHasAUserOfItsOwnAWatchdogAndNoNetwork(unit: String) throws {
        let settings = try Self.settings(of: unit)
        let user = unit == "gatehoused.service" ? "gatehouse" : "gatehouse-vision"
        for wanted in [
            "User=\(user)", "Restart=always", "PrivateNetwork=yes",
            "RestrictAddressFamilies=AF_UNIX", "DevicePolicy=closed", "NoNewPrivileges=yes",
        ] {
            #expect(settings.contains(wanted), "\(unit) lacks \(wanted)")
        }
        #expect(settings.contains { $0.hasPrefix("WatchdogSec=") })
        // The first breaks the detection of the processor, the second the peers' credentials.
        #expect(!settings.contains("PrivateUsers=yes"))
    }

    /// README.md says what is installed there.
    @Test(arguments: units)
    func documentationOfAUnitIsThere(unit: String) throws {
        let pages = try Self.settings(of: unit).filter { $0.hasPrefix("Documentation=") }
        #expect(!pages.isEmpty)
        for page in pages {
            let place = page.components(separatedBy: "file:///usr/share/doc/gatehouse/")
            #expect(place.count == 2, "\(page)")
            #expect(
                FileManager.default.fileExists(atPath: "\(Self.folder)/../\(place.last ?? "?")"))
        }
    }

    /// Editors enter and write; the controller reads as one of them, and its unit lets it write to
    /// nothing there.
    @Test func theConfigurationIsTheEditorsToWriteAndTheControllersToRead() throws {
        let folders = try Self.settings(of: "gatehouse.tmpfiles").filter { $0.hasPrefix("d ") }
            .map { $0.split(separator: " ").dropFirst().joined(separator: " ") }
        #expect(
            folders == [
                "/etc/gatehouse 2770 root gatehouse-editors -",
                "/etc/gatehouse/roster 2770 root gatehouse-editors -",
            ])
        let users = try Self.settings(of: "gatehouse.sysusers")
        #expect(users.contains("m gatehouse gatehouse-editors"))
        let unit = try Self.settings(of: "gatehoused.service")
        #expect(unit.contains("ProtectSystem=strict"))
        #expect(!unit.contains { $0.hasPrefix("ReadWritePaths=") })
    }

    @Test func eachServiceOpensOnlyItsOwnDevices() throws {
        let devices = { (unit: String) in
            try Self.settings(of: unit).filter { $0.hasPrefix("DeviceAllow=") }
        }
        #expect(try devices("gatehoused.service") == ["DeviceAllow=char-gpiochip rw"])
        #expect(try devices("gatehouse-vision.service") == ["DeviceAllow=char-video4linux rw"])
    }
}
