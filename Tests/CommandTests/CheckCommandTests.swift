import Foundation
import Testing

/// `gatectl check` and `gatectl explain` as they are run.
@Suite(.enabled(if: Gatectl.isBuilt, "gatectl is not built: swift build -c release"))
struct CheckCommandTests {
    /// A copy of the reference site, removed with the test.
    final class Site {
        let folder: String

        init(_ sample: String = "reference-vehicle-gate") throws {
            let isForPeople = sample == "reference-people-gate"
            let files =
                ["gatehouse.yaml", "policy.yaml", "roster/vehicles.csv"]
                + (isForPeople ? ["roster/people.csv", "roster/badges.csv"] : [])
            let base = FileManager.default.temporaryDirectory
            folder = base.appending(path: "gatehouse-check-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(
                atPath: "\(folder)/roster", withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o755])
            for file in files {
                let source = Gatectl.root.appending(path: "config/\(sample)/\(file)")
                try write(String(contentsOf: source, encoding: .utf8), file)
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func write(_ text: String, _ file: String) throws {
            try text.write(toFile: "\(folder)/\(file)", atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o644], ofItemAtPath: "\(folder)/\(file)")
        }

        func replace(_ old: String, _ new: String, in file: String) throws {
            let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            try #require(text.contains(old))
            try write(text.replacingOccurrences(of: old, with: new), file)
        }

        /// Where a text stands, as `file:line:column`.
        func place(_ text: String, in file: String) throws -> String {
            let whole = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            let at = try #require(whole.range(of: text))
            let before = whole[..<at.lowerBound].split(
                separator: "\n", omittingEmptySubsequences: false)
            return "\(file):\(before.count):\((before.last?.count ?? 0) + 1)"
        }

        func run(_ arguments: String...) throws -> Gatectl.Result {
            var result = try Gatectl.run(arguments + [folder])
            result.errors = result.errors.replacingOccurrences(of: "\(folder)/", with: "")
            return result
        }
    }

    /// Root reads everything; the daemon does not.
    @Test(.enabled(if: getuid() == 0, "only root takes on another user's rights"))
    func whatTheDaemonsUserMayNotReadIsAnError() throws {
        let site = try Site()
        #expect(try site.run("check", "--user", "nobody").status == 0)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: "\(site.folder)/policy.yaml")
        #expect(try site.run("check").status == 0)
        let refused = try site.run("check", "--user", "nobody")
        #expect(refused.status == 1 && refused.errors.contains("may not be read"))
    }

    @Test func soundConfigurationExitsWithZero() throws {
        let result = try Site().run("check")
        #expect(result.status == 0 && result.errors == "")
        #expect(result.output.contains("no errors; 5 lanes"))
    }

    @Test func everyErrorIsToldWithItsPlaceAndTheExitCodeIsOne() throws {
        let site = try Site()
        try site.replace("language: zh", "langauge: zh", in: "gatehouse.yaml")
        try site.replace("clearance: 1500ms", "clearance: 0s", in: "gatehouse.yaml")
        try site.replace("{ deny: blocked }", "{ deny: blocked, deny: staff }", in: "policy.yaml")
        try site.replace("沪A12345,", "沪AI2345,", in: "roster/vehicles.csv")
        let result = try site.run("check", "--quiet")
        #expect(result.status == 1 && result.output == "")
        let key = try site.place("langauge", in: "gatehouse.yaml")
        let value = try site.place("0s  ", in: "gatehouse.yaml")
        let second = try site.place("deny: staff", in: "policy.yaml")
        let first = try site.place("deny: blocked", in: "policy.yaml")
        let plate = try site.place("沪AI2345", in: "roster/vehicles.csv")
        #expect(
            result.errors == """
                \(key): error: site has no key 'langauge'; did you mean 'language'?
                \(value): error: 'clearance' is 0s, must be between 500ms and 10s; \
                write a number and ms, s, m, h or d, e.g. 1500ms
                \(second): error: a rule has the key 'deny' twice; the first is at \
                \(first); keep one of them
                \(plate): error: '沪AI2345' is no number plate; did you mean 沪A12345?

                """)
    }

    // MARK: Networks of faces

    /// A site whose first turnstile has a face camera, and its infrared partner.
    static func siteWithFaces(use: String, models: String = "") throws -> Site {
        let site = try Site("reference-people-gate")
        try site.replace(
            "    # faces:\n",
            "    faces:\n      entry: { camera: face-in, liveness: { infrared: infrared-in } }\n"
                + "      use: \(use)\n    # faces:\n", in: "gatehouse.yaml")
        try site.replace(
            "\nlanes:\n",
            """

            cameras:
              face-in: { device: /dev/video0, size: 640x480, rate: 15, format: mjpeg }
              infrared-in: { device: /dev/video1, size: 640x480, rate: 15, format: grey }
            \(models)
            lanes:

            """, in: "gatehouse.yaml")
        return site
    }

    @Test(.enabled(if: FacesCommandTests.hasNetworks, "no face networks in models/"))
    func aFaceAloneNeedsFiguresOrAName() throws {
        let site = try Self.siteWithFaces(use: "alone")
        let result = try site.run("check", "--faces", "\(site.folder)/none")
        let place = try site.place("use: alone", in: "gatehouse.yaml")
        #expect(result.status == 1)
        #expect(result.errors.hasPrefix("\(place): error: lane 'people' lets a face alone open"))
        #expect(result.errors.contains("the site has not calibrated"))
        let beside = try Self.siteWithFaces(use: "with_badge").run("check")
        #expect(beside.status == 0, "\(beside.errors)")
    }

    @Test(
        .enabled(if: FacesCommandTests.hasNetworks, "no face networks in models/"),
        arguments: [
            ("none.ghn", "No such file"), ("face-detector.ghn", "is no face embedder"),
            ("cut.ghn", "truncated"), ("gatehouse.yaml", "not a network file"),
        ])
    func aNetworkThatIsNoneIsToldWhereItIsNamed(file: String, says: String) throws {
        let site = try Self.siteWithFaces(
            use: "with_badge", models: "models: { face_embedder: \(file) }")
        let models = Gatectl.root.appending(path: "models").path
        try FileManager.default.copyItem(
            atPath: "\(models)/face-detector.ghn", toPath: "\(site.folder)/face-detector.ghn")
        let whole = try Data(contentsOf: URL(filePath: "\(models)/face-embedder.ghn"))
        try whole.prefix(100_000).write(to: URL(filePath: "\(site.folder)/cut.ghn"))
        let result = try site.run("check")
        #expect(result.status == 1)
        let place = try site.place("\(file) }", in: "gatehouse.yaml")
        #expect(result.errors.hasPrefix("\(place): error: "), "\(result.errors)")
        #expect(result.errors.contains(says), "\(result.errors)")
    }

    @Test(.enabled(if: FacesCommandTests.hasNetworks, "no face networks in models/"))
    func anEmbedderThatAnswersOtherwiseThanStoredIsRefused() throws {
        let site = try Self.siteWithFaces(
            use: "with_badge", models: "models: { face_embedder: site.ghn }")
        let models = Gatectl.root.appending(path: "models").path
        try FileManager.default.copyItem(
            atPath: "\(models)/face-embedder.ghn", toPath: "\(site.folder)/site.ghn")
        #expect(try site.run("check").status == 0)
        var golden = try Data(contentsOf: URL(filePath: "\(models)/golden/face-embedder.golden"))
        try golden.write(to: URL(filePath: "\(site.folder)/site.golden"))
        #expect(try site.run("check").status == 0)
        // The last float of the last output: its sign.
        golden[golden.endIndex - 1] ^= 0x80
        try golden.write(to: URL(filePath: "\(site.folder)/site.golden"))
        let result = try site.run("check")
        #expect(result.status == 1 && result.errors.contains("site.golden"), "\(result.errors)")
    }

    /// The committed embedder as `import-onnx` would write it: without a table of likenesses.
    private static func writeEmbedderWithoutTable(_ path: String) throws {
        let source = Gatectl.root.appending(path: "models/face-embedder.ghn")
        var whole = try Data(contentsOf: source)
        let key = try #require(whole.range(of: Data("meta fmr ".utf8)))
        whole.replaceSubrange(key, with: Data("meta was ".utf8))
        var bytes = [UInt8](whole)
        var sum = ~UInt32(0)
        for byte in bytes.dropFirst(16) {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        for place in 0..<4 {
            bytes[12 + place] = UInt8(truncatingIfNeeded: ~sum >> UInt32(8 * place))
        }
        try Data(bytes).write(to: URL(filePath: path))
    }

    @Test(.enabled(if: FacesCommandTests.hasNetworks, "no face networks in models/"))
    func anEmbedderThatMatchesNobodyIsToldAtTheLane() throws {
        let site = try Self.siteWithFaces(
            use: "with_badge", models: "models: { face_embedder: site.ghn }")
        try Self.writeEmbedderWithoutTable("\(site.folder)/site.ghn")
        let result = try site.run("check", "--faces", "\(site.folder)/none")
        let place = try site.place("use: with_badge", in: "gatehouse.yaml")
        #expect(result.status == 0)
        let told = "\(place): warning: lane 'people' recognises nobody by the face"
        #expect(result.errors.contains(told), "\(result.errors)")
        #expect(result.errors.contains("gatectl faces calibrate"))
        #expect(try site.run("check", "--strict", "--faces", "\(site.folder)/none").status == 1)
    }

    @Test func missingFolderIsOneSentence() throws {
        let result = try Gatectl.run(["check", "/nowhere/gatehouse"])
        #expect(result.status == 1)
        #expect(result.errors.hasPrefix("/nowhere/gatehouse:1:1: error: "))
    }

    @Test(arguments: [
        ("沪A12345", "2026-11-24T08:30", "admitted", "{ allow: lorries, lanes: [lane1"),
        ("沪A12345", "2026-11-24T23:30", "refused", "'day'"),
        ("沪A12345", "2026-10-02T08:30", "refused", "'day'"),
        ("沪A12345", "2026-11-24T00:30Z", "admitted", "2026-11-24T08:30"),
        ("沪AD12345", "2026-10-02T03:00", "admitted", "{ allow: staff }"),
        ("浙F8M219", "2026-02-27T10:00", "refused", "not valid yet"),
        ("苏B00000", "2026-11-24T08:30", "refused", "denied"),
        ("京A99999", "2026-11-24T08:30", "refused", "not in the roster"),
        ("沪AI2345", "2026-11-24T08:30", "refused", "did you mean 沪A12345?"),
    ])
    func explainNamesOutcomeAndRule(plate: String, at: String, outcome: String, says: String) throws
    {
        let site = try Site()
        let arguments = ["explain", "--config", site.folder, "--lane", "lane1"]
        let result = try Gatectl.run(arguments + ["--plate", plate, "--at", at])
        #expect(result.status == 0)
        // A rule is named by its place.
        let expected = says.hasPrefix("{") ? try site.place(says, in: "policy.yaml") : says
        #expect(result.output.hasPrefix(outcome), "\(result.output)")
        #expect(result.output.contains(expected), "\(result.output)")
        let json = try Gatectl.run(
            arguments + ["--plate", plate, "--at", at, "--format", "json"])
        #expect(json.output.contains("\"outcome\":\"\(outcome)\""))
    }

    @Test(arguments: [
        ("bikes", ["--badge", "1234567"], "2026-11-24T08:30", "admitted", "of E001"),
        ("bikes", ["--badge", "01234567"], "2026-11-24T23:30", "refused", "hours of 'day'"),
        ("bikes", ["--badge", "code:471147"], "2026-11-24T08:30", "admitted", "storekeepers"),
        ("bikes", ["--badge", "77"], "2026-11-24T08:30", "refused", "the badge is not in"),
        ("store", ["--person", "E001"], "2026-11-24T08:30", "refused", "no rule allows"),
        ("store", ["--person", "E017"], "2026-11-24T08:30", "admitted", "{ allow: storekeepers"),
        ("people", ["--person", "E099"], "2026-11-24T08:30", "refused", "is denied here"),
        ("people", ["--person", "E500"], "2026-11-24T08:30", "refused", "the person is not in"),
    ])
    func explainAnswersForBadgesAndPeople(
        lane: String, who: [String], at: String, outcome: String, says: String
    ) throws {
        let site = try Site("reference-people-gate")
        let arguments = ["explain", "--config", site.folder, "--lane", lane, "--at", at] + who
        let result = try Gatectl.run(arguments)
        #expect(result.status == 0, "\(result.errors)")
        let expected = says.hasPrefix("{") ? try site.place(says, in: "policy.yaml") : says
        #expect(result.output.hasPrefix(outcome), "\(result.output)")
        #expect(result.output.contains(expected), "\(result.output)")
        let table = try Gatectl.run(arguments + ["--format", "tsv"])
        #expect(table.output.hasPrefix("lane\tbadge\tperson\tat\toutcome\t"))
    }

    @Test(arguments: [
        (["--lane", "bikes", "--plate", "沪A12345"], "for people"),
        (["--lane", "bike", "--badge", "7"], "did you mean 'bikes'?"),
        (["--lane", "bikes", "--badge", "7", "--person", "E001"], "one of --plate"),
        (["--lane", "bikes"], "one of --plate"),
    ])
    func explainTellsWhatIsAskedTheWrongWay(arguments: [String], says: String) throws {
        let site = try Site("reference-people-gate")
        let result = try Gatectl.run(["explain", "--config", site.folder] + arguments)
        #expect(result.status == 64 && result.errors.contains(says), "\(result.errors)")
    }

    @Test func theReferencePeopleGateIsSound() throws {
        let result = try Site("reference-people-gate").run("check")
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    }

    @Test func explainRefusesWhatItCannotAnswer() throws {
        let site = try Site()
        let plate = ["--plate", "沪A12345"]
        let lane = try Gatectl.run(["explain", "--config", site.folder, "--lane", "lan1"] + plate)
        #expect(lane.status == 64 && lane.errors.contains("did you mean 'lane1'?"))
        let time = try Gatectl.run(
            ["explain", "--config", site.folder, "--lane", "lane1", "--at", "noon"] + plate)
        #expect(time.status == 64 && time.errors.contains("'noon'"))
        try site.replace("lanes: [lane3]", "lanes: [lane9]", in: "policy.yaml")
        let broken = try Gatectl.run(
            ["explain", "--config", site.folder, "--lane", "lane1"] + plate)
        #expect(broken.status == 78 && broken.errors.contains("no lane 'lane9'"))
    }
}
