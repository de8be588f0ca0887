import GateConfiguration
import GateTypes
import Testing

/// `faces:` of turnstiles and doors: what is read, and what is told.
@Suite struct FaceLaneTests {
    static let cameras = """
        cameras:
          in1: { device: /dev/video0, size: 640x480, rate: 15, format: mjpeg }
          out1: { device: /dev/video1, size: 640x480, rate: 15, format: mjpeg }
          ir1: { device: /dev/video2, size: 640x480, rate: 15, format: grey }

        """

    static let readerLines = ["o-d0", "o-d1", "i-d0", "i-d1"].enumerated().map {
        "  \($1): { chip: board, line: \(20 + $0), input: pulses, bias: up }\n"
    }.joined()

    static let readers = """
        readers:
          people-outside:
            { lane: people, side: outside, data0: o-d0, data1: o-d1, formats: [wiegand-34], badge: whole }
          people-inside:
            { lane: people, side: inside, data0: i-d0, data1: i-d1, formats: [wiegand-34], badge: whole }

        """

    static let faces = """
            faces:
              entry: { camera: in1, liveness: { infrared: ir1 } }
              exit: { camera: out1, liveness: { challenge: yes } }
              use: alone
              face_alone: { accepted_by: E100, reason: guard beside it }
              false_match_rate: 0.5%
              smallest_face: 100px

        """

    static func text(_ faces: String = faces) -> String {
        PersonLaneTests.gatehouse
            .replacing("lanes:\n", with: readerLines + cameras + "lanes:\n")
            .replacing(
                "    timing: { release: 4s }\n", with: "    timing: { release: 4s }\n" + faces)
            + readers
    }

    @Test func everyKeyIsRead() throws {
        let (read, report) = PersonLaneTests.read(Self.text())
        #expect(report.errors == [])
        let faces = try #require(read?.faces["people"])
        #expect(faces.entry?.camera == "in1" && faces.entry?.infrared == "ir1")
        #expect(faces.exit?.camera == "out1" && faces.exit?.asksChallenge == true)
        #expect(faces.entry?.asksChallenge == false && faces.use == .alone)
        #expect(faces.alone == .init(acceptedBy: "E100", reason: "guard beside it"))
        #expect(faces.falseMatchRate == 0.005 && faces.smallestPixels == 100)
        #expect(faces.cameras == ["in1", "out1"] && faces.infraredCameras == ["ir1"])
        // The warning stands, and no camera counts as unused.
        let warnings = report.warnings.map(\.description)
        #expect(warnings.contains { $0.contains("as E100 accepts (guard beside it)") })
        #expect(!warnings.contains { $0.contains("used by no lane") })
    }

    @Test func byDefaultAFaceAccompaniesABadge() throws {
        let (read, report) = PersonLaneTests.read(
            Self.text("    faces: { entry: { camera: in1 } }\n"))
        #expect(report.errors == [])
        let faces = try #require(read?.faces["people"])
        #expect(faces.use == .withBadge && faces.start == .always && faces.alone == nil)
    }

    @Test(arguments: [
        ("in1", "out1", "without judged liveness at 'entry' and 'exit': a photograph may do"),
        ("in1, liveness: { infrared: ir1 }", "out1", "liveness at 'exit': a photograph may do"),
        (
            "in1, liveness: { infrared: ir1 }", "out1, liveness: { challenge: yes }",
            "a live face alone opens here, whatever network and site have measured"
        ),
    ])
    func whatANameStandsForIsTold(entry: String, exit: String, says: String) throws {
        let (config, report) = PersonLaneTests.read(
            Self.text(
                "    faces: { entry: { camera: \(entry) }, exit: { camera: \(exit) }, use: alone, "
                    + "face_alone: { accepted_by: E100, reason: guard beside it } }\n"))
        #expect(config != nil, "\(report.errors)")
        let told = report.warnings.map(\.description).filter { $0.contains("as E100 accepts") }
        #expect(told.count == 1 && told[0].contains(says), "\(told)")
        #expect(told.allSatisfy { $0.contains("photograph") == says.contains("photograph") })
    }

    // MARK: Networks

    static let proven =
        "    faces: { entry: { camera: in1, liveness: { infrared: ir1 } }, use: alone, "
        + "false_match_rate: 0.5% }\n"

    static func read(
        _ text: String, _ look: @escaping @Sendable (ModelsConfig) -> FaceNetworks
    ) -> (config: GateConfig?, report: ConfigReport) {
        let (sources, report) = PersonLaneTests.sources(text)
        return ConfigReader.read(
            sources, zones: SampleSite.zones, networks: FaceNetworkSource(look), report: report)
    }

    @Test func aFaceOpensAloneWhereTheFiguresBearIt() throws {
        let (config, report) = Self.read(Self.text(Self.proven)) { _ in
            FaceNetworks(problems: [], objection: { $0 == 0.005 ? nil : "asked for another rate" })
        }
        #expect(report.errors == [])
        #expect(config?.faces["people"]?.needsProof == true)
    }

    @Test func whyTheFiguresDoNotBearItIsTold() throws {
        let text = Self.text(Self.proven)
        let (config, report) = Self.read(text) { _ in
            FaceNetworks(problems: [], objection: { _ in "the site has not calibrated" })
        }
        #expect(config == nil)
        let error = try #require(report.errors.first)
        #expect(error.description.contains("face alone open, and the site has not calibrated"))
        #expect(error.description.contains("face_alone") && report.errors.count == 1)
        // With a name that stands for it nobody is asked.
        let accepted = Self.read(Self.text()) { _ in
            FaceNetworks(problems: [], objection: { _ in "the site has not calibrated" })
        }
        #expect(accepted.report.errors == [])
    }

    @Test(arguments: ["with_badge", "alone, face_alone: { accepted_by: E1, reason: x }"])
    func aNetworkThatMatchesNobodyIsTold(use: String) throws {
        let text = Self.text("    faces: { entry: { camera: in1 }, use: \(use) }\n")
        for isCalibrated in [true, false] {
            let (config, report) = Self.read(text) { _ in
                FaceNetworks(
                    problems: [], doubts: ["the folder is locked"], isCalibrated: isCalibrated,
                    objection: { _ in nil })
            }
            #expect(config != nil, "\(report.errors)")
            let warnings = report.warnings.map(\.description)
            let told = warnings.filter { $0.contains("'people' recognises nobody by the face") }
            #expect(told.count == (isCalibrated ? 0 : 1))
            #expect(told.allSatisfy { $0.contains("gatectl faces calibrate") })
            #expect(warnings.contains { $0.contains("is locked") } == !isCalibrated)
        }
    }

    @Test func networksOfTheSitesOwnAreReadAndTheirFaultsToldWhereTheyAreNamed() throws {
        let models = "models: { faces: nets, face_embedder: /srv/site.ghn }\n"
        let text = models + Self.text()
        let (config, report) = Self.read(text) { models in
            FaceNetworks(
                problems: models.faceEmbedder == "/srv/site.ghn" && models.faces == "./nets"
                    ? [] : [.init(key: "faces", problem: "\(models)", hint: "x")],
                objection: { _ in nil })
        }
        #expect(report.errors == [])
        #expect(config?.models == ModelsConfig(faces: "./nets", faceEmbedder: "/srv/site.ghn"))
        let broken = Self.read(text) { _ in
            FaceNetworks(
                problems: [
                    .init(key: "face_embedder", problem: "/srv/site.ghn: truncated", hint: "again")
                ], objection: { _ in nil })
        }
        let error = try #require(broken.report.errors.first)
        #expect(error.place.line == 1 && error.place.column == 39)
        #expect(error.description.contains("truncated; again"))
        for wrong in ["models: { embedder: x }\n", "models: { face_embedder: [x] }\n"] {
            #expect(PersonLaneTests.read(wrong + Self.text()).config == nil, "\(wrong)")
        }
    }

    @Test func aBrokenNetworkThatNobodyNamedIsToldAtTheLane() throws {
        let (_, report) = Self.read(Self.text()) { _ in
            FaceNetworks(
                problems: [.init(key: "faces", problem: "no such file", hint: "install it")],
                objection: { _ in nil })
        }
        let error = try #require(report.errors.first)
        #expect(error.description.contains("no such file") && error.place.line > 5)
    }

    @Test func masksAreRefusedOrHaveARateOfTheirOwn() throws {
        let way = "faces: { entry: { camera: in1 }, masks: "
        let refused = PersonLaneTests.read(Self.text("    \(way)refuse }\n"))
        #expect(refused.config?.faces["people"]?.masks == .refused)
        let (config, report) = PersonLaneTests.read(
            Self.text("    \(way){ false_match_rate: 0.01% } }\n"))
        #expect(config?.faces["people"]?.masks == .compared(falseMatchRate: 1e-4))
        #expect(
            report.warnings.contains { $0.description.contains("was never measured") })
    }

    static let mistakes: [(String, String, String)] = [
        (
            "faces: { entry: { camera: in1 }, use: alone }", "nothing judges liveness at 'entry'",
            "use: alone"
        ),
        ("faces: { entry: { camera: in1 }, masks: allow }", "must be 'refuse'", "allow"),
        (
            "faces: { entry: { camera: in1 }, masks: { false_match_rate: 5% } }",
            "false_match_rate", "5%"
        ),
        ("faces: { entry: { camera: in1 }, masks: {} }", "is empty", "{} }"),
        (
            "faces: { entry: { camera: in1, liveness: { challenge: yes } }, use: alone, "
                + "masks: { false_match_rate: 0.01% } }", "a covered face alone", "masks"
        ),
        ("faces: { use: with_badge }", "has no camera", "faces: { use"),
        ("faces: { entry: { camera: in9 } }", "no camera 'in9'", "in9"),
        (
            "faces: { entry: { camera: in1 }, exit: { camera: in1 } }", "serves two purposes",
            "camera: in1 } }"
        ),
        (
            "faces: { entry: { camera: in1 }, face_alone: { accepted_by: E1, reason: x } }",
            "uses faces with a badge", "face_alone"
        ),
        (
            "faces: { entry: { camera: in1 }, use: alone, face_alone: { reason: x } }",
            "no 'accepted_by'", "face_alone"
        ),
        (
            "faces: { entry: { camera: in1 }, use: alone, start: badge, "
                + "face_alone: { accepted_by: E1, reason: x } }", "waits for a badge", "start"
        ),
        ("faces: { entry: { camera: in1 }, false_match_rate: 50% }", "false_match_rate", "50%"),
        ("faces: { entree: { camera: in1 } }", "did you mean 'entry'?", "entree"),
    ]

    @Test(arguments: mistakes)
    func mistakeIsToldAtItsPlace(faces: String, says: String, at: String) throws {
        let text = Self.text("    \(faces)\n")
        let (config, report) = PersonLaneTests.read(text)
        #expect(config == nil)
        let range = try #require(text.ranges(of: at).last)
        let line = text[..<range.lowerBound].count { $0 == "\n" } + 1
        let found = report.errors.filter { $0.description.contains(says) }
        #expect(found.contains { $0.place.line == line }, "told: \(report.errors)")
    }

    @Test(arguments: [nil, "badge,person,valid_from,valid_until,note\n"] as [String?])
    func thereMustBeAWayInWithoutAFace(badges: String?) {
        var (sources, report) = PersonLaneTests.sources(
            Self.text("    faces: { entry: { camera: in1 } }\n"), badges: badges ?? "")
        if badges == nil { (sources.badges, sources.people) = (nil, nil) }
        report = ConfigReader.read(sources, zones: SampleSite.zones, report: report).report
        #expect(
            report.errors.contains { $0.description.contains("no way in without a face") },
            "told: \(report.errors)")
    }

    // MARK: Readers

    static let both = "entry: { camera: in1 }, exit: { camera: out1 }"
    static let alone = "use: alone, face_alone: { accepted_by: E1, reason: x }"

    /// The site with the readers of these sides only.
    static func read(_ faces: String, without sides: [String], chip: String? = nil) -> (
        config: GateConfig?, told: [String]
    ) {
        var text = Self.text("    faces: { \(faces) }\n")
        for side in sides {
            let reader = readers.split(separator: "  people-").first { $0.hasPrefix(side) }
            text = text.replacing("  people-" + (reader ?? ""), with: "")
        }
        if sides.count == 2 { text = text.replacing("readers:\n", with: "") }
        if let chip {
            text = text.replacing("path: /dev/gpiochip0", with: chip)
        }
        let (config, report) = PersonLaneTests.read(text)
        let told = report.errors.map(\.description) + report.warnings.map(\.description)
        return (config, told.filter { $0.contains("no reader") })
    }

    @Test func whoGivesNoFaceNeedsAReaderWhereTheFaceIsAsked() {
        let none = ["outside", "inside"]
        let never = Self.read(Self.both, without: none)
        #expect(never.config == nil)
        #expect(never.told.count == 1 && never.told[0].contains("error: lane 'people' asks"))
        let half = Self.read(Self.both, without: ["inside"])
        #expect(half.config != nil && half.told.count == 1)
        #expect(half.told.allSatisfy { $0.contains("at 'exit'") && $0.contains("side: inside") })
        let alone = Self.read("\(Self.both), \(Self.alone)", without: none)
        #expect(alone.config != nil && alone.told.count == 2)
        #expect(alone.told.allSatisfy { $0.contains("warning: lane 'people' has a face camera") })
        #expect(Self.read(Self.both, without: []).told == [])
        // A way without a face camera is open to badges or shut, faces change nothing there.
        #expect(Self.read("entry: { camera: in1 }", without: ["inside"]).told == [])
        // Simulated people show their badges without a reader.
        let simulated = Self.read(Self.both, without: none, chip: "simulated: true")
        #expect(simulated.config != nil && simulated.told == [])
    }

    @Test func theButtonAtADoorLetsOutWhoGivesNoFace() {
        let faces = "    faces: { exit: { camera: out1 }, \(Self.alone) }\n"
        let door = Self.text("").replacing(
            "    opens_for: bicycle\n", with: "    opens_for: bicycle\n" + faces)
        func told(_ text: String) -> [String] {
            let (config, report) = PersonLaneTests.read(text)
            #expect(config != nil, "\(report.errors)")
            return report.warnings.map(\.description).filter { $0.contains("no reader") }
        }
        #expect(told(door) == [])
        let bare = door.replacing("exit: a-exit, ", with: "")
        #expect(told(bare).count == 1 && told(bare)[0].contains("lane 'bikes'"))
    }
}
