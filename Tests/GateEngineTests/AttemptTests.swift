import GateConfiguration
import GateEngine
import GateTypes
import Testing

/// Unknown badges in a row: alarm and pause; answers to the reader.
@Suite struct AttemptTests {
    static func bench() -> GateBench {
        PersonLaneTests.bench { config in
            for (name, side) in [("in", ReaderConfig.Side.outside), ("out", .inside)] {
                var reader = ReaderConfig(
                    lane: "t", side: side,
                    wiring: .wiegand(.init(data0: "d0", data1: "d1", formats: [.wiegand26])))
                reader.attempts.pause = .seconds(30)
                config.readers[ReaderName(name)] = reader
            }
        }
    }

    @discardableResult
    static func present(
        _ badge: String, _ bench: inout GateBench, reader: ReaderName = "in",
        side: BadgeReading.Side = .outside
    ) -> [GateAction] {
        bench.send(
            .badge(
                BadgeReading(
                    lane: "t", side: side, badge: badge, readTime: bench.now, reader: reader)))
    }

    static func signals(_ actions: [GateAction]) -> [ReaderSignal] {
        actions.compactMap { if case .signal(_, let signal) = $0 { signal } else { nil } }
    }

    @Test func theReaderHearsWhatBecameOfItsBadge() {
        var bench = Self.bench()
        #expect(Self.signals(Self.present("33", &bench)) == [.refused])
        #expect(Self.signals(Self.present("22", &bench)) == [.refused])
        #expect(Self.signals(Self.present("11", &bench)) == [])
        let released = bench.store()
        #expect(released.contains(.signal("in", .granted)))
        #expect(bench.actions.records(.passage).first?.facts["reader"] == "in")
    }

    @Test func fiveInARowAreAnIncidentAnAlarmAndAPause() {
        var bench = Self.bench()
        for number in 1...4 { Self.present("9\(number)", &bench) }
        #expect(bench.actions.incidents("wrong_credentials") == 0)
        let fifth = Self.present("95", &bench)
        #expect(fifth.incidents("wrong_credentials") == 1)
        #expect(fifth.alarms("wrong_credentials_in") == 1)
        #expect(Self.signals(fifth) == [.refused, .paused])
        // A known badge is not looked at either: the pause would tell which one is known.
        let known = Self.present("11", &bench)
        #expect(known.stores.isEmpty && known.told(.paused))
        #expect(Self.signals(known) == [.paused])
        // The reader on the other side goes on.
        #expect(Self.present("11", &bench, reader: "out", side: .inside).stores.count == 1)
        bench.wait(.milliseconds(29_900))
        #expect(Self.present("11", &bench).stores.isEmpty)
        let after = bench.wait(.milliseconds(200))
        #expect(after.contains(.clearAlarm("t", code: "wrong_credentials_in")))
        #expect(after.records(.faultCleared).first?.facts["ignored"] == "2")
        #expect(Self.present("11", &bench).stores.count == 1)
    }

    @Test func aLongTimeEndsTheRow() {
        var bench = Self.bench()
        for number in 1...4 { Self.present("9\(number)", &bench) }
        bench.wait(.seconds(601))
        Self.present("95", &bench)
        #expect(bench.actions.incidents("wrong_credentials") == 0)
    }

    @Test func aKnownBadgeForgivesOneSlip() {
        var bench = Self.bench()
        for number in 1...20 {
            Self.present("9\(number)", &bench)
            Self.present("11", &bench)
        }
        #expect(bench.actions.incidents("wrong_credentials") == 0)
    }

    /// Four wrong codes, then a badge of one's own, and so on: that is guessing.
    @Test func aBadgeOfOnesOwnHidesNoGuessing() {
        var bench = Self.bench()
        for number in 1...4 { Self.present("9\(number)", &bench) }
        Self.present("11", &bench)
        Self.present("95", &bench)
        #expect(bench.actions.incidents("wrong_credentials") == 0)
        Self.present("96", &bench)
        #expect(bench.actions.incidents("wrong_credentials") == 1)
    }

    /// A badge that is known and refused for another reason is no guess, and ends no row of them.
    @Test func aDeniedBadgeNeitherCountsNorEndsTheRow() {
        var bench = Self.bench()
        for number in 1...4 {
            Self.present("9\(number)", &bench)
            Self.present("22", &bench)
        }
        #expect(bench.actions.incidents("wrong_credentials") == 0)
        Self.present("95", &bench)
        #expect(bench.actions.incidents("wrong_credentials") == 1)
    }
}
