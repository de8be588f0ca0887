import Dispatch
import EventLoop
import Foundation
import GateConfiguration
import GateEngine
import GateTypes
import ServiceRuntime
import Synchronization
import Testing

@Suite struct LatencyWindowTests {
    @Test func quantilesAreOfTheNewestSpansAndTheMaximumOfAll() {
        var window = LatencyWindow(limit: 100)
        #expect(window.quantile(0.5) == .zero)
        window.add(.seconds(9))
        for number in 1...100 { window.add(.milliseconds(number)) }
        #expect(window.quantile(0.5) == .milliseconds(50))
        #expect(window.quantile(0.99) == .milliseconds(99))
        #expect(window.quantile(1) == .milliseconds(100))
        #expect(window.quantile(0) == .milliseconds(1))
        #expect(window.maximum == .seconds(9) && window.count == 101)
    }
}

@Suite struct SerialWorkerTests {
    @Test func jobsRunInOrderAndFinishWaitsForThem() throws {
        let worker = try SerialWorker(name: "test", limit: 1000)
        let seen = Mutex<[Int]>([])
        for number in 0..<100 { worker.submit { seen.withLock { $0.append(number) } } }
        #expect(worker.finish(within: .seconds(60)))
        #expect(seen.withLock { $0 } == Array(0..<100))
        #expect(!worker.submit {})
    }

    @Test func fullQueueRefuses() throws {
        let worker = try SerialWorker(name: "test", limit: 2)
        let (begun, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        worker.submit {
            begun.signal()
            gate.wait()
        }
        begun.wait()
        #expect([worker.submit {}, worker.submit {}, worker.submit {}] == [true, true, false])
        #expect(worker.refused == 1)
        gate.signal()
    }
}

@Suite struct TextsTests {
    @Test func everyNoticeAndWordIsThereInBothLanguages() {
        let (english, chinese) = (Texts(.en), Texts(.zh))
        for notice in Notice.allCases {
            #expect(!english[notice].isEmpty && !chinese[notice].isEmpty)
            #expect(english[notice] != chinese[notice])
        }
        for word in Texts.Word.allCases { #expect(english[word: word] != chinese[word: word]) }
    }
}

@Suite struct ControlPeerTests {
    static let control = ControlConfig()

    static func peer(_ user: UInt32, groups: [UInt32] = []) -> ControlPeer {
        ControlPeer(
            PeerCredentials(
                process: 1, user: user, group: 4_000_000_001, supplementaryGroups: groups), control)
    }

    @Test func rootMayActAndIsRecordedAsUnidentifiedUnlessItNamesSomebody() throws {
        let root = Self.peer(0)
        #expect(root.right == .operate)
        #expect(try root.operatorName(as: nil).get() == "unidentified (root)")
        #expect(try root.operatorName(as: "E017").get() == "E017 (root)")
    }

    @Test func strangerMayNotEvenLook() {
        #expect(Self.peer(4_000_000_002).right == .none)
    }

    @Test func groupsOfTheConfigurationDecide() {
        var control = ControlConfig()
        // Groups that every Debian has.
        control.viewers = "games"
        control.operators = "audio"
        let judge = { (groups: [UInt32]) in
            ControlPeer(
                PeerCredentials(
                    process: 1, user: 4_000_000_002, group: 4_000_000_001,
                    supplementaryGroups: groups), control)
        }
        guard let viewers = Accounts.number(ofGroup: "games"),
            let operators = Accounts.number(ofGroup: "audio")
        else { return }
        #expect(judge([viewers]).right == .view)
        #expect(judge([5, operators]).right == .operate)
        #expect(judge([]).right == .none)
    }

    @Test func namedAccountCannotPretendToBeAnother() {
        let guardian = ControlPeer(right: .operate, account: "e017", isShared: false)
        #expect((try? guardian.operatorName(as: nil).get()) == "e017")
        #expect(throws: StartError.self) { try guardian.operatorName(as: "E018").get() }
    }
}

@Suite struct ControlCodingTests {
    @Test(arguments: [
        "", "status", "{}", "{\"request\":\"explode\"}", "{\"request\":5}", "[1]",
        "{\"request\":\"open\"}", "{\"request\":\"open\",\"lane\":{}}",
        "{\"request\":\"reload\",\"as\":\"\"}", "{\"request\":\"reload\",\"as\":\"a\\nb\"}",
        String(repeating: "{", count: 4000),
    ])
    func malformedRequestIsASentenceAndNoTrap(text: String) {
        #expect(throws: StartError.self) { try ControlCoding.request(Array(text.utf8)).get() }
    }

    @Test func requestsComeBackAsTheyWereSent() throws {
        for kind in ControlRequest.Kind.allCases {
            let request = ControlRequest(kind, lane: "lane1", as: "E017")
            #expect(try ControlCoding.request(ControlCoding.encode(request)).get() == request)
        }
    }
}
