import EventJournal
import Foundation
import GateTypes
import Testing

@testable import GateSimulation
@testable import ServiceRuntime

private let catalogue = """
    \(SceneCatalogue.header.joined(separator: "\t"))
    lane1.jpg\t\t0\tempty\t\t\t\tlane1\tday\t\tno
    V01-2.jpg\tV01\t0\tstanding\t苏F728S0\tyellow\t\tlane1\tday\tlorry\tyes
    V02-2.jpg\tV02\t0\tstanding\t沪C85291\tblue\t\tlane1\tday\tcar\tyes
    V03-2.jpg\tV03\t0\tstanding\t鄂BJG2HG\tblue\t\tlane2\tday\tvan\tno
    V04-0.jpg\tV04\t0\tfar\t京F8456Q\tblue\t\tlane2\tday\tcar\tno
    V04-1.jpg\tV04\t1\tnear\t京F8456Q\tblue\t\tlane2\tday\tcar\tno
    V04-2.jpg\tV04\t2\tstanding\t京F8456Q\tblue\t\tlane2\tday\tcar\tno
    V04-3.jpg\tV04\t3\tstanding\t京F8456Q\tblue\t\tlane2\tday\tcar\tyes

    """

@Suite struct DemoSummaryTests {
    private func sighting(
        _ number: Int, _ lane: LaneName, arrived: Int64?, left: Int64, passed: Bool = true
    ) -> SceneWitness.Sighting {
        let instant = { (seconds: Int64) in Instant(nanoseconds: seconds * 1_000_000_000) }
        return SceneWitness.Sighting(
            vehicle: VehicleNumber(number), lane: lane, appeared: instant((arrived ?? 9) - 4),
            arrived: arrived.map(instant), left: instant(left), hasPassed: passed)
    }

    /// A passage whose record was written `cleared` milliseconds after its arrival.
    private func passage(
        _ lane: LaneName, arrival: Double, cleared: Double, _ plate: String,
        _ facts: [String: String]
    ) -> EntryDraft {
        let end = Int64((arrival * 1000 + cleared) * 1e6)
        var draft = EntryDraft(
            .passage, lane: lane,
            at: Moment(instant: Instant(nanoseconds: end), wall: WallTime(milliseconds: 1)))
        draft.facts = ["trigger": "loop", "cleared_ms": "\(cleared)"].merging(facts) { $1 }
        if !plate.isEmpty { draft.personal[.plate] = plate }
        return draft
    }

    private func entries(_ drafts: [EntryDraft]) throws -> [JournalEntry] {
        let folder = FileManager.default.temporaryDirectory.path + "/demo-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let journal = FileJournal(directory: folder)
        drafts.forEach(journal.append)
        #expect(journal.close() == 0)
        return try JournalReader(directory: folder).entries()
    }

    @Test func theSummaryFollowsFromARecordedJournal() throws {
        let recorded = try entries([
            passage(
                "lane1", arrival: 10, cleared: 9_000, "苏F728S0",
                ["outcome": "passed", "release_ms": "120.5"]),
            passage(
                "lane1", arrival: 20.1, cleared: 4_000, "沪C8529I",
                ["outcome": "refused", "reasons": "unlisted uncertain"]),
            passage("lane2", arrival: 10.2, cleared: 3_000, "", ["outcome": "unreadable"]),
            passage(
                "lane2", arrival: 20, cleared: 8_000, "京F8456Q",
                ["outcome": "passed", "release_ms": "1300.0"]),
            passage("lane2", arrival: 77, cleared: 1_000, "", ["outcome": "unreadable"]),
            EntryDraft(
                .incident, lane: "lane2",
                at: Moment(instant: Instant(nanoseconds: 1), wall: WallTime(milliseconds: 1)),
                facts: ["class": "unreadable"]),
        ])
        let summary = DemoSummary(
            entries: recorded,
            sightings: [
                sighting(1, "lane1", arrived: 10, left: 16),
                sighting(2, "lane1", arrived: 20, left: 24, passed: false),
                sighting(3, "lane2", arrived: 10, left: 13, passed: false),
                sighting(104, "lane2", arrived: 20, left: 26),
                sighting(101, "lane1", arrived: nil, left: 40),
            ],
            catalogue: try SceneCatalogue(text: catalogue, path: "scenes.tsv"))
        #expect(summary.visits.count == 4)
        #expect(summary.admittedCount == 2)
        #expect(summary.refusals == ["unlisted": 1, "unreadable": 1])
        #expect(summary.readings.exact == 2 && summary.readings.of == 3)
        #expect(summary.wrongOpenings.isEmpty)
        #expect(summary.incidents == ["unreadable": 1])
        #expect(summary.unmatchedCount == 1)
        #expect(summary.arrivalToRelay?.maximum == 1300 && summary.arrivalToRelay?.p50 == 120.5)
        #expect(summary.arrivalToRelayReadable?.maximum == 120.5)
    }

    @Test func turnsOfTheHeadAreCountedApartFromFacesAlone() throws {
        func face(_ way: String, _ milliseconds: String) -> EntryDraft {
            passage(
                "people2", arrival: 5, cleared: 3_000, "",
                ["outcome": "passed", "trigger": "face", "way": way, "release_ms": milliseconds])
        }
        let summary = DemoSummary(
            entries: try entries([face("entry", "1500"), face("exit", "140")]), sightings: [],
            catalogue: nil, personLanes: ["people2": "turnstiles"],
            challenged: ["people2": ["entry"]])
        #expect(summary.faceToRelay?.maximum == 140 && summary.faceToRelay?.count == 1)
        #expect(summary.turnToRelay?.maximum == 1500)
    }

    @Test func anOpeningForAnotherPlateIsWrong() throws {
        let summary = DemoSummary(
            entries: try entries([
                passage(
                    "lane1", arrival: 10, cleared: 9_000, "沪C85291",
                    ["outcome": "passed", "release_ms": "90"])
            ]),
            sightings: [sighting(1, "lane1", arrived: 10, left: 16)],
            catalogue: try SceneCatalogue(text: catalogue, path: "scenes.tsv"))
        #expect(summary.wrongOpenings.map(\.number.value) == [1])
        var report = DemoReport(summary: summary)
        report.isJournalIntact = true
        #expect(!report.isGood)
    }

    @Test func aReportIsGoodOnlyWhenAllHeldOut() throws {
        let summary = DemoSummary(
            entries: try entries([
                passage(
                    "lane1", arrival: 10, cleared: 9_000, "苏F728S0",
                    ["outcome": "passed", "release_ms": "90"])
            ]),
            sightings: [sighting(1, "lane1", arrived: 10, left: 16)],
            catalogue: try SceneCatalogue(text: catalogue, path: "scenes.tsv"))
        var report = DemoReport(summary: summary)
        #expect(!report.isGood)
        report.isJournalIntact = true
        #expect(report.isGood)
        report.failures = ["gatehoused has died"]
        #expect(!report.isGood)
        var empty = DemoReport(
            summary: DemoSummary(entries: [], sightings: [], catalogue: nil))
        empty.isJournalIntact = true
        #expect(!empty.isGood)
    }

    @Test(arguments: [
        (
            "", "",
            "Lines, booms, vehicles and faces were simulated, the pictures rendered."
        ),
        (
            "lane1 looked through /dev/video0", "",
            "Lines, booms, the vehicles of the other lanes and faces were simulated; lane1 looked "
                + "through /dev/video0."
        ),
        (
            "", "all turnstiles were shown the photographs of P",
            "Lines, booms and vehicles were simulated; all turnstiles were shown the photographs "
                + "of P."
        ),
        (
            "lane1 was shown the photographs of P",
            "all turnstiles were shown the photographs of P",
            "Lines, booms and the vehicles of the other lanes were simulated; lane1 was shown the "
                + "photographs of P, all turnstiles were shown the photographs of P."
        ),
    ])
    func whatWasRealIsNotToldAsSimulated(lane: String, faces: String, told: String) {
        var report = DemoReport(
            summary: DemoSummary(entries: [], sightings: [], catalogue: nil))
        report.realLane = lane
        report.realFaces = faces
        #expect(report.lines[1] == "The demonstration is over. " + told)
    }

    @Test(
        arguments: [
            ([], nil), ([5.0], 5.0), ([3, 1, 2], 3),
            (Array(stride(from: 1.0, through: 200, by: 1)), 198),
        ] as [([Double], Double?)])
    func quantilesAreOfNearestRank(values: [Double], p99: Double?) {
        #expect(DemoSummary.Spread(values)?.p99 == p99)
    }

    @Test func memoryIsReadFromTheStatusOfAProcess() {
        #expect(DemoProcess.memoryKiB("Name:\tx\nVmHWM:\t   81232 kB\nVmRSS:\t 1 kB\n") == 81_232)
        #expect(DemoProcess.memoryKiB("Name:\tx\n") == nil)
    }
}

@Suite struct DemoSiteTests {
    private static let site = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("config/demo").path

    @Test func theSiteIsAValidConfigurationOfFiveSimulatedLanes() throws {
        let site = try DemoSite(DemoOptions(site: Self.site))
        defer { site.remove() }
        let config = try ServiceProcess.load(site.config).get()
        #expect(config.lanes.count == 5)
        #expect(config.chips.values.allSatisfy { $0.backing == .simulated })
        #expect(config.cameras.values.allSatisfy { $0.source == .scene })
        #expect(config.storage.stateDirectory == site.state)
        #expect(config.faces["people2"]?.entry?.asksChallenge == true)
        #expect(config.faces["people3"]?.entry?.infrared != nil)
        let listed = Set(config.roster.vehicles.map(\.plate))
        let strangers = site.catalogue.vehicles.filter { !listed.contains($0.text) }
        #expect(strangers.map(\.name) == ["V05", "V12"])
    }

    @Test func aRealCameraTakesTheFirstLaneWithoutSimulatedVehicles() throws {
        var options = DemoOptions(site: Self.site)
        options.camera = "/dev/null"  // Any device that is there; none is opened here.
        let site = try DemoSite(options)
        defer { site.remove() }
        let config = try ServiceProcess.load(site.config).get()
        #expect(config.cameras["lane1"]?.source == .device(path: "/dev/null"))
        #expect(config.cameras["lane1"]?.region.isEmpty == true)
        #expect(config.cameras["lane2"]?.region.isEmpty == false)
        #expect(config.lanes["lane1"]?.inputs.approach == nil)
        #expect(site.traffic.arrivals.allSatisfy { $0.lane != "lane1" })
    }

    @Test func photographsStandBeforeTheFirstLaneInTurn() throws {
        var options = DemoOptions(site: Self.site)
        options.pictures = Self.site + "/scenes"
        let site = try DemoSite(options)
        defer { site.remove() }
        #expect(site.hasVehiclesOfPictures)
        let first = try #require(site.catalogue.vehicles.first { $0.lane == "lane1" })
        #expect(first.text.isEmpty && first.type == .other)
        #expect(first.frames.map(\.stage) == ["far", "near", "standing", "standing"])
        let photograph = site.config + "/scenes/" + first.frames[2].file
        #expect(FileManager.default.isReadableFile(atPath: photograph))
    }

    private static let person = site + "/../../../shared/data/faces/pins/pins_alex_lawther"

    @Test(
        .enabled(
            if: FileManager.default.isReadableFile(atPath: person),
            "the folder of photographs is not at hand"))
    func facesStandBeforeEveryCameraOfTheTurnstiles() throws {
        let folder = try ScratchFolder()
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("somebody"), withDestinationPath: Self.person)
        var options = DemoOptions(site: Self.site)
        options.pictures = folder.path
        let site = try DemoSite(options)
        defer { site.remove() }
        #expect(site.photographs?.people == ["PHOTO1"])
        let config = try ServiceProcess.load(site.config).get()
        var counts: Set<Int> = []
        for side in ["in1", "out1", "in2", "out2", "in3", "out3"] {
            let name = CameraName("face-\(side)")
            guard case .replay(let list)? = config.cameras[name]?.source else {
                Issue.record("\(name) plays nothing")
                continue
            }
            let frames = try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n")
            counts.insert(frames.filter { $0.contains("somebody") }.count)
        }
        #expect(counts.count == 1 && counts.first ?? 0 > 0)
        #expect(config.faces.values.allSatisfy { $0.entry?.asksChallenge != true })
        // An infrared camera sees what its partner sees.
        let lists = ["face-in3", "infrared-in3"].map { name in
            try? String(contentsOfFile: "\(site.config)/photographs-\(name).txt", encoding: .utf8)
        }
        #expect(lists[0] != nil && lists[0] == lists[1])
    }

    /// Photographs show real people: nothing of their templates stays when it is over.
    @Test func noTemplateOutlivesTheDemonstration() throws {
        let programs = try ScratchFolder()
        for name in ["gatehoused", "gatehouse-vision"] {
            #expect(
                FileManager.default.createFile(
                    atPath: programs.file(name), contents: Data("#!/bin/sh\nexit 0\n".utf8),
                    attributes: [.posixPermissions: 0o700]))
        }
        let run = try DemoRun(
            DemoOptions(site: Self.site), program: programs.file("gatectl"))
        defer { run.site.remove() }
        let faces = run.site.faces
        let (key, other) = (faces + "/site.key", run.site.folder + "/other-name")
        try FileManager.default.createDirectory(
            atPath: faces, withIntermediateDirectories: true)
        for path in [key, faces + "/faces.db"] {
            try Data(repeating: 7, count: 32).write(to: URL(filePath: path))
        }
        // Whatever else still names the key's bytes finds nothing in them.
        try FileManager.default.linkItem(atPath: key, toPath: other)
        let report = run.finish()
        #expect(!FileManager.default.fileExists(atPath: faces))
        #expect(FileManager.default.fileExists(atPath: run.site.state))
        #expect(!report.failures.contains { $0.contains("templates") })
        #expect(FileManager.default.contents(atPath: other) == Data(count: 32))
    }

    @Test func anInterruptionWaitsForItsCleanUp() throws {
        Interruption.hold()
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        defer {
            sigaddset(&set, SIGINT)
            pthread_sigmask(SIG_UNBLOCK, &set, nil)
        }
        try Interruption.check()
        pthread_kill(pthread_self(), SIGTERM)
        #expect(throws: DemoError.self) { try Interruption.check() }
        var taken: Int32 = 0
        #expect(sigwait(&set, &taken) == 0 && taken == SIGTERM)
        try Interruption.check()
    }

    @Test func whatCannotBeShownIsToldWithARemedy() {
        var both = DemoOptions(site: Self.site)
        both.camera = "/dev/video0"
        both.pictures = "/pictures"
        var empty = DemoOptions(site: Self.site)
        empty.pictures = "/nowhere"
        var unplugged = DemoOptions(site: Self.site)
        unplugged.camera = "/dev/no-such-camera"
        for options in [both, empty, unplugged, DemoOptions(site: "/nowhere")] {
            #expect(throws: DemoError.self) { try DemoSite(options) }
        }
    }
}
