import EventJournal
import Foundation
import GateTypes
import Testing

/// `gatectl journal` as it is run, beside a writer that holds the journal open.
@Suite(.enabled(if: Gatectl.isBuilt, "gatectl is not built: swift build -c release"))
struct JournalCommandTests {
    /// A state directory with five entries behind its first, removed with the test.
    final class State {
        let folder: String
        let database: JournalDatabase

        init() throws {
            let base = FileManager.default.temporaryDirectory
            folder = base.appending(path: "gatehouse-state-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            database = try JournalDatabase(directory: folder)
            let spans = ["decision_ms": "212.4", "release_ms": "230.0", "outcome": "passed"]
            _ = try database.append([
                entry(.grant, 1, "lane1", "京A12345"), entry(.passage, 2, "lane1", "京A12345", spans),
                entry(.refusal, 3, "lane2", "沪B\u{1B}[31m"), entry(.grant, 4, "lane2", "粤C00001"),
                EntryDraft(.fault, at: moment(5), facts: ["code": "loop_stuck"]),
            ])
        }

        deinit {
            database.close()
            try? FileManager.default.removeItem(atPath: folder)
        }

        private func moment(_ day: Int64) -> Moment {
            Moment(
                instant: Instant(nanoseconds: day),
                wall: WallTime(milliseconds: 1_790_000_000_000 + day * 86_400_000))
        }

        private func entry(
            _ kind: EntryKind, _ day: Int64, _ lane: LaneName, _ plate: String,
            _ facts: [String: String] = [:]
        ) -> EntryDraft {
            EntryDraft(kind, lane: lane, at: moment(day), facts: facts, personal: [.plate: plate])
        }

        func run(_ arguments: String...) throws -> Gatectl.Result {
            try Gatectl.run(["journal"] + arguments + ["--state", folder])
        }
    }

    private func rows(_ result: Gatectl.Result) -> [[String]] {
        result.output.split(separator: "\n").dropFirst().map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }

    @Test func showPrintsRowsForProgramsAndFilters() throws {
        let state = try State()
        let all = try state.run("show", "--format", "tsv")
        #expect(all.status == 0 && all.errors == "")
        #expect(
            rows(all).map { $0[3] } == ["service", "grant", "passage", "refusal", "grant", "fault"])
        #expect(rows(all).allSatisfy { $0.count == 12 })
        #expect(rows(all)[1][1] == "2026-09-22T14:13:20.000Z")
        let lane = try state.run("show", "--format", "tsv", "--lane", "lane2", "--kind", "grant")
        #expect(rows(lane).map { $0[5] } == ["粤C00001"])
        let plate = try state.run("show", "--format", "tsv", "--plate", "京A12345", "--last", "1")
        #expect(rows(plate).map { $0[0] } == ["3"])
        let time = try state.run(
            "show", "--format", "tsv", "--since", "2026-09-23T00:00Z", "--until",
            "2026-09-25T00:00Z")
        #expect(rows(time).map { $0[0] } == ["3", "4"])
    }

    @Test func showPrintsPassagesForPeopleAndNoControlCharacters() throws {
        let state = try State()
        let shown = try state.run("show").output
        #expect(shown.contains("京A12345  passed  decision 212.4  release 230.0  ms"))
        #expect(shown.contains("沪B\u{FFFD}[31m") && !shown.contains("\u{1B}"))
        let json = try state.run("show", "--format", "json").output.split(separator: "\n")
        let first = try #require(
            try JSONSerialization.jsonObject(with: Data((json.last ?? "").utf8)) as? [String: Any])
        #expect(first["kind"] as? String == "fault" && first["lane"] is NSNull)
        let figures = try state.run("show", "--statistics", "--format", "tsv")
        #expect(rows(figures).contains(["decision", "1", "212.4", "212.4", "212.4", "212.4"]))
    }

    @Test func verifyTellsTheHeadAndThenTheFirstBadEntry() throws {
        let state = try State()
        let sound = try state.run("verify")
        let head = try state.database.head()
        #expect(sound.status == 0 && sound.output.contains("intact: 6 entries"))
        #expect(sound.output.contains("head \(head)"))
        #expect(try state.run("verify", "--head", "\(head)").status == 0)
        let other = JournalHead(sequence: 4, hash: head.hash)
        let altered = try state.run("verify", "--head", "\(other)")
        #expect(altered.status == 1)
        #expect(altered.errors.contains("entry 4: its hash is not the one that was noted"))
        #expect(altered.output.contains("the first at entry 4"))
        #expect(try state.run("verify", "--head", "4:abc").status == 64)
    }

    @Test func erasureLeavesNoPlateAndAVerifiableChain() throws {
        let state = try State()
        let erased = try state.run("erase", "--plate", "京A12345", "--by", "E001")
        #expect(erased.status == 0, "\(erased.errors)")
        #expect(erased.output.contains("erased 2 personal fields of 2 entries"))
        let shown = rows(try state.run("show", "--format", "tsv"))
        #expect(shown.map { $0[5] }.filter { $0 == "(erased)" }.count == 2)
        #expect(shown.last?[3] == "erasure" && shown.last?[6] == "E001")
        #expect(try state.run("verify").output.contains("2 erased"))
        _ = try state.database.append([EntryDraft(.service, at: SystemClock.now())])
        #expect(try state.run("verify").status == 0, "the open writer goes on from the new head")
        let rest = try state.run("erase", "--before", "0d")
        #expect(rest.output.contains("erased 3 personal fields"), "E001 is a person, too")
        let exported = try state.run("export", "--personal").output
        #expect(!exported.contains("粤C") && exported.contains("\"plate\":null"))
    }

    @Test func aPersonIsErasedAsAnOperatorToo() throws {
        let state = try State()
        var draft = EntryDraft(.consent, at: SystemClock.now(), personal: [.person: "E017"])
        draft.personal[.operatorName] = "E002"
        _ = try state.database.append([draft])
        let shown = rows(try state.run("show", "--format", "tsv", "--operator", "E002"))
        #expect(shown.map { [$0[6], $0[11]] } == [["E017", "E002"]])
        let erased = try state.run("erase", "--person", "E002", "--by", "E001")
        #expect(erased.output.contains("erased 1 personal fields of 1 entries"))
        let left = rows(try state.run("show", "--format", "tsv", "--person", "E017"))
        #expect(left.map { $0[11] } == ["(erased)"])
        #expect(try state.run("verify").status == 0)
    }

    @Test func erasureTakesThePicturesOfThosePassagesAndNoOthers() throws {
        let state = try State()
        let folder = state.folder + "/evidence"
        let day = folder + "/2026-09-22"
        try FileManager.default.createDirectory(atPath: day, withIntermediateDirectories: true)
        for name in ["101112.131-7", "101112.999-8"] {
            for part in ["scene", "plate"] {
                try Data([1, 2, 3]).write(to: URL(filePath: "\(day)/\(name)-\(part).jpg"))
            }
        }
        let wall = WallTime(milliseconds: 1_790_000_000_000)
        let moment = Moment(instant: Instant(nanoseconds: 1), wall: wall)
        let facts = ["picture": "2026-09-22/101112.131-7"]
        _ = try state.database.append([
            EntryDraft(.passage, at: moment, facts: facts, personal: [.plate: "京A54321"])
        ])
        let astray = try state.run("erase", "--plate", "京A54321", "--pictures", "/nowhere")
        #expect(astray.status == 1 && astray.errors.contains("nothing is erased"))
        #expect(try state.run("show", "--plate", "京A54321").output.contains("京A54321"))
        let erased = try state.run("erase", "--plate", "京A54321", "--pictures", folder)
        #expect(erased.status == 0, "\(erased.errors)")
        #expect(erased.output.contains("erased the pictures of 1 passages"))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: day).sorted() == [
                "101112.999-8-plate.jpg", "101112.999-8-scene.jpg",
            ])
        let record = try state.run("show", "--kind", "picture_erasure", "--format", "json").output
        #expect(record.contains("request") && !record.contains("101112.131-7"))
        #expect(try state.run("verify").status == 0)
    }

    @Test func exportLeavesPersonalFieldsOutUnlessAsked() throws {
        let state = try State()
        let plain = try state.run("export")
        #expect(plain.status == 0 && plain.output.split(separator: "\n").count == 6)
        #expect(!plain.output.contains("京A12345") && plain.output.contains("commitments"))
        #expect(try state.run("export", "--personal").output.contains("京A12345"))
    }

    @Test(
        arguments: [
            (["show", "--kind", "gossip"], 64), (["show", "--since", "yesterday"], 64),
            (["show", "--since", "2026-02-30"], 64), (["show", "--last", "0"], 64),
            (["erase"], 64), (["erase", "--plate", "a", "--badge", "b"], 64),
        ] as [([String], Int32)])
    func wrongArgumentsAreRefused(arguments: [String], status: Int32) throws {
        let result = try Gatectl.run(["journal"] + arguments + ["--state", "/nonexistent"])
        #expect(result.status == status && result.output == "" && result.errors != "")
    }

    @Test(arguments: ["show", "verify", "export"])
    func absentJournalIsOneClearSentence(command: String) throws {
        let result = try Gatectl.run(["journal", command, "--state", "/nonexistent"])
        #expect(result.status == 1 && result.output == "")
        #expect(result.errors.contains("there is no '/nonexistent/journal.sqlite'"))
        #expect(result.errors.split(separator: "\n").count == 1)
    }
}
