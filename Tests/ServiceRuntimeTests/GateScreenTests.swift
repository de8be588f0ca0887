import Foundation
import GateTypes
import Testing

@testable import ServiceRuntime

@Suite struct GateScreenTests {
    static let json = """
        {"site": "Test gate", "language": "en", "program": "1", "wall": {"milliseconds": 0},
         "upSeconds": 5, "emergency": "fire alarm", "journalHead": 7, "turnMaximum": 1,
         "eyes": {"isConnected": false, "framesSeen": 0, "framesRead": 0, "framesDropped": 0,
                  "framesDamaged": 0, "malformedMessages": 0},
         "lanes": [{"name": "lane1", "direction": "in", "state": "resting",
                    "isVehicleWaiting": true, "notice": "refused", "text": "-", "boom": "down",
                    "occupied": ["approach"], "camera": "lane1", "blind": "unplugged"}],
         "readers": [{"name": "lane1-outside", "lane": "lane1", "side": "outside",
                      "credentials": 41, "unreadable": 3, "trouble": "line 'd0': it stays low"}],
         "lockdown": "E021",
         "alarms": [{"lane": "lane1", "code": "camera_blind", "text": "sees nothing",
                     "since": {"milliseconds": 0}}],
         "plates": [{"lane": "lane1", "text": "京A12345", "wall": {"milliseconds": 3661000},
                     "isAdmitted": false, "reason": "unlisted expired"}],
         "latencies": [{"name": "arrival_to_relay", "count": 3, "p50": 1.04, "p95": 2.06,
                        "p99": 0, "maximum": 1e300}],
         "counts": {"grant": 2, "outcome_refused": 1, "outcome_unreadable": 3}}
        """

    static func snapshot() throws -> GateSnapshot {
        var snapshot = try JSONDecoder().decode(GateSnapshot.self, from: Data(json.utf8))
        snapshot.latencies[0].p99 = .nan
        return snapshot
    }

    @Test func whoHasComeIsNotTakenForTheOneBefore() {
        var view = GateView()
        let moment = Moment(instant: .init(nanoseconds: 0), wall: .init(milliseconds: 0))
        var draft = EntryDraft(.refusal, lane: "lane1", at: moment)
        draft.personal[.plate] = "皖A12345"
        view.approach("lane1", active: true, edge: moment.instant)
        view.written(draft)
        // Told as unreadable, a doubtful reading is what the guard has to go by.
        view.told("lane1", .unreadable)
        #expect(view.lastPlates["lane1"]?.text == "皖A12345")
        view.approach("lane1", active: false, edge: moment.instant)
        #expect(view.lastPlates["lane1"]?.text == "皖A12345")
        view.approach("lane1", active: true, edge: moment.instant)
        view.told("lane1", .unreadable)
        #expect(view.lastPlates["lane1"] == nil && view.plates.count == 1)
    }

    @Test func everythingAGuardLooksForIsThere() throws {
        let text = try GateScreen(language: "en", hasColour: false).lines(Self.snapshot())
            .joined(separator: "\n")
        for part in [
            "Test gate", "EMERGENCY: fire alarm", "eyes: gone", "blind: unplugged", "京A12345",
            "LOCKDOWN: E021", "lane1-outside", "it stays low", "01:01:01",
            "not on the list, expired", "admitted 2", "refused 4", "1.0", "2.1",
        ] {
            #expect(text.contains(part), "\(part) is missing in:\n\(text)")
        }
        #expect(!text.contains("\u{1B}"))
    }

    @Test func chineseSiteReadsChineseAndColumnsStayInLine() throws {
        let lines = try GateScreen(language: "zh", hasColour: false).lines(Self.snapshot())
        let text = lines.joined(separator: "\n")
        for part in ["紧急状态", "视觉：离线", "未登记", "到达至继电器"] { #expect(text.contains(part)) }
        for word in ["EMERGENCY", "eyes", "not on"] { #expect(!text.contains(word)) }
    }

    @Test func coloursAreAlwaysEnded() throws {
        let screen = GateScreen(language: "en", hasColour: true)
        for line in try screen.lines(Self.snapshot()) {
            let begun = line.components(separatedBy: "\u{1B}[").count - 1
            let ended = line.components(separatedBy: "\u{1B}[0m").count - 1
            #expect(begun == 2 * ended)
        }
    }

    @Test func turnstilesAndDoorsStandInRowsOfThree() throws {
        var snapshot = try Self.snapshot()
        var lane = snapshot.lanes[0]
        (lane.boom, lane.occupied, lane.blind) = ("locked", [], nil)
        for number in 1...4 {
            lane.name = LaneName("people\(number)")
            lane.boom = number == 2 ? "released" : "locked"
            snapshot.lanes.append(lane)
        }
        let lines = GateScreen(language: "en", hasColour: false).lines(snapshot)
        let first = lines.filter { $0.contains("people1") }
        #expect(first.count == 1)
        #expect(first[0].contains("people3") && !first[0].contains("people4"))
        #expect(first[0].contains("released"))
        #expect(lines.contains { $0.contains("lane1") && $0.contains("京A12345") })
    }

    @Test func whereAFaceAloneOpensAndWhoAcceptedItIsSeen() throws {
        var snapshot = try Self.snapshot()
        var lane = snapshot.lanes[0]
        (lane.boom, lane.occupied, lane.blind) = ("locked", [], nil)
        for number in 1...4 {
            lane.name = LaneName("people\(number)")
            lane.faceAlone = number == 3 ? nil : "E10\(number): guard beside it"
            lane.judgesLiveness = number == 3 ? nil : number == 2
            snapshot.lanes.append(lane)
        }
        let lines = GateScreen(language: "en", hasColour: false).lines(snapshot)
        #expect(
            lines.filter { $0.contains("face alone") } == [
                "people1   a face alone opens, liveness not judged (E101: guard beside it)",
                "people2   a face alone opens, whatever was measured (E102: guard beside it)",
                "people4   a face alone opens, liveness not judged (E104: guard beside it)",
            ])
        let chinese = GateScreen(language: "zh", hasColour: false).lines(snapshot)
        #expect(chinese.count { $0.contains("未做活体检测 (E10") } == 2)
    }

    @Test func theTableHasACellForEachColumn() throws {
        var lane = try Self.snapshot().lanes[0]
        let columns = GateTable.header.split(separator: "\t")
        func cells() -> [Substring] {
            GateTable.row(lane).split(separator: "\t", omittingEmptySubsequences: false)
        }
        #expect(cells().count == columns.count && columns.last == "face_alone")
        #expect(cells().last == "")
        lane.faceAlone = "E100: guard\tbeside\nit"
        #expect(cells().count == columns.count && cells().last == "E100: guardbesideit")
    }

    @Test func unknownLanguageAndKindStillShow() {
        let screen = GateScreen(language: "xx", hasColour: false)
        let happening = GateHappening(
            wall: WallTime(milliseconds: -1), lane: nil, kind: "new_kind", text: "something")
        #expect(screen.line(happening).contains("23:59:59"))
        #expect(screen.line(happening).contains("something"))
    }
}
