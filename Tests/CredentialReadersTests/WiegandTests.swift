import GateConfiguration
import GateTypes
import Testing

@testable import CredentialReaders

@Suite struct WiegandTests {
    /// Frames written out by hand: facility 117 and number 815, 1 and 2, 1.
    @Test(arguments: [
        (ReaderConfig.Format.wiegand26, "1 01110101 0000001100101111 0", "11700815"),
        (.wiegand34, "1 0000000000000001 0000000000000010 0", "100002"),
        (.wiegand37, "0 0000000000000000000000000000000000 1 0", "1"),
        (.wiegand37Facility, "1 0000000000000001 0000000000000000010 0", "1000002"),
    ])
    func aCardIsReadByItsFormat(format: ReaderConfig.Format, bits: String, text: String) {
        var reader = WiegandReader([format])
        let frame = Frames.bits(bits)
        let last = at(Int64(frame.count - 1) * 1000)
        #expect(reader.feed(frame) == [.credential(text, at: last)])
        #expect(reader.health.credentialCount == 1 && reader.health.lastRead == last)
        #expect(reader.health.damageCount == 0)
    }

    @Test(arguments: [
        (ReaderConfig.Numbering.number, "815"), (.facilityAndNumber, "11700815"),
        (.whole, "7668527"),
    ])
    func theBadgeIsWrittenAsTheConfigurationSays(
        numbering: ReaderConfig.Numbering, text: String
    ) {
        var reader = WiegandReader([.wiegand26], numbering)
        let reports = reader.feed(Frames.card(.wiegand26, facility: 117, 815))
        #expect(reports == [.credential(text, at: at(25_000))])
    }

    @Test func aCardOfAForeignFacilityCanBeNoListedBadge() {
        var reader = WiegandReader([.wiegand26], .number, facilities: [117])
        #expect(
            reader.feed(Frames.card(.wiegand26, facility: 118, 815))
                == [.credential("118:815", at: at(25_000))])
        #expect(Roster.Badge.normalised("118:815") == nil)
        #expect(
            reader.feed(Frames.card(.wiegand26, facility: 117, 815), from: 100_000)
                == [.credential("815", at: at(125_000))])
    }

    @Test(arguments: [ReaderConfig.Format.wiegand26, .wiegand34, .wiegand37, .wiegand37Facility])
    func everySingleWrongBitIsNoticed(format: ReaderConfig.Format) {
        let frame = Frames.card(format, facility: 93, 40_111)
        for index in frame.indices {
            var wrong = frame
            wrong[index].toggle()
            var reader = WiegandReader([format])
            #expect(
                reader.feed(wrong)
                    == [.damaged(.parity, at: at(Int64(frame.count - 1) * 1000))],
                "bit \(index)")
        }
    }

    @Test(arguments: [ReaderConfig.Format.wiegand26, .wiegand34, .wiegand37])
    func everyMissingPulseIsNoticed(format: ReaderConfig.Format) {
        let pulses = Frames.pulses(Frames.card(format, facility: 93, 40_111))
        for index in pulses.indices {
            var fewer = pulses
            fewer.remove(at: index)
            var reader = WiegandReader([format])
            let reports = reader.feed(fewer)
            let isAtTheEdge = index == 0 || index == pulses.count - 1
            let damage: ReaderDamage = isAtTheEdge ? .length : .gap
            #expect(
                reports == [.damaged(damage, at: at(fewer[fewer.count - 1].microseconds))],
                "pulse \(index)")
        }
    }

    @Test func pulsesOnBothLinesAndPulsesTooCloseAreNoBits() {
        let pulses = Frames.pulses(Frames.card(.wiegand26, facility: 117, 815))
        for (line, damage) in [(WiegandLine.data0, ReaderDamage.bothLines), (.data1, .tooClose)] {
            // The third bit is a 1; another pulse comes with it.
            var reader = WiegandReader([.wiegand26])
            let extra = Pulse(microseconds: 2050, line: line)
            #expect(reader.feed(pulses + [extra]) == [.damaged(damage, at: at(25_000))])
        }
        var reader = WiegandReader([.wiegand26])
        let equal = Pulse(microseconds: 2000, line: .data0)
        #expect(reader.feed(pulses + [equal]) == [.damaged(.bothLines, at: at(25_000))])
    }

    @Test func pulsesInAnyOrderWithinAFrameAreSortedByTheKernelsTimes() {
        var reader = WiegandReader([.wiegand26])
        let pulses = Frames.pulses(Frames.card(.wiegand26, facility: 117, 815))
        let order =
            pulses.filter { $0.line == .data1 } + pulses.filter { $0.line == .data0 }
        #expect(reader.feed(order) == [.credential("11700815", at: at(25_000))])
    }

    @Test func evenAndUnevenReadersAreRead() {
        var reader = WiegandReader([.wiegand26])
        // Every second pulse is told 150 µs late, and the whole runs at ten times the pace.
        let bits = Frames.card(.wiegand26, facility: 117, 815)
        let jitter = Frames.pulses(bits, every: 1000).enumerated().map {
            Pulse(microseconds: $1.microseconds + ($0 % 2 == 0 ? 0 : 150), line: $1.line)
        }
        #expect(reader.feed(jitter) == [.credential("11700815", at: at(25_150))])
        let slow = Frames.pulses(bits, from: 100_000, every: 20_000)
        #expect(reader.feed(slow) == [.credential("11700815", at: at(600_000))])
        let quick = Frames.pulses(bits, from: 1_000_000, every: 200)
        #expect(reader.feed(quick) == [.credential("11700815", at: at(1_005_000))])
    }

    @Test func twoCardsInOneBatchAreTwoCards() {
        var reader = WiegandReader([.wiegand26])
        let first = Frames.pulses(Frames.card(.wiegand26, facility: 1, 2))
        let second = Frames.pulses(Frames.card(.wiegand26, facility: 3, 4), from: 60_000)
        #expect(
            reader.feed(first + second) == [
                .credential("100002", at: at(25_000)), .credential("300004", at: at(85_000)),
            ])
    }

    @Test func lostEdgesSpoilTheFrameAndNotTheNextOne() {
        var reader = WiegandReader([.wiegand26])
        let pulses = Frames.pulses(Frames.card(.wiegand26, facility: 117, 815))
        reader.lostEdges(at: at(10_000))
        #expect(reader.feed(pulses) == [.damaged(.edgesLost, at: at(25_000))])
        reader.lostEdges(at: at(70_000))
        #expect(
            reader.feed(Frames.card(.wiegand26, facility: 117, 815), from: 500_000)
                == [.credential("11700815", at: at(525_000))])
    }

    @Test func strayPulsesAreNoise() {
        var reader = WiegandReader([.wiegand26])
        #expect(
            reader.feed([Pulse(microseconds: 0, line: .data1)]) == [.damaged(.noise, at: at(0))])
        #expect(reader.health.damage == [.noise: 1])
    }

    @Test func anEndlessRowIsOneDamagedFrameAndTakesBoundedMemory() {
        var reader = WiegandReader([.wiegand26])
        let pulses = Frames.pulses(Array(repeating: true, count: 100_000))
        #expect(reader.feed(pulses) == [.damaged(.length, at: at(99_999_000))])
    }

    @Test func nextDeadlineIsTheEndOfTheFrame() {
        var reader = WiegandReader([.wiegand26])
        #expect(reader.deadline == nil)
        _ = reader.pulse(.data0, at: at(500))
        #expect(reader.deadline == at(30_500))
        #expect(reader.advance(to: at(30_499)) == [])
        #expect(reader.advance(to: at(30_500)).count == 1)
        #expect(reader.deadline == nil)
    }

    // MARK: Keypads

    private func type(
        _ keys: [UInt64], _ format: ReaderConfig.Format, on reader: inout WiegandReader,
        from start: Int64 = 0, every pause: Int64 = 200_000
    ) -> [ReaderReport] {
        keys.enumerated().flatMap { index, key in
            reader.feed(
                Frames.card(format, facility: 0, key), from: start + Int64(index) * pause)
        }
    }

    @Test(arguments: [ReaderConfig.Format.keypad4, .keypad8])
    func digitsAndTheHashAreACode(format: ReaderConfig.Format) {
        var reader = WiegandReader([.wiegand26, format])
        let reports = type([0, 4, 7, 1, 1, 11], format, on: &reader)
        #expect(reports.count == 1)
        guard case .credential("code:04711", _)? = reports.first else {
            Issue.record("\(reports)")
            return
        }
        #expect(Roster.Badge.normalised("code:04711") == "code:04711")
    }

    @Test func theStarAndALongPauseBeginAnew() {
        var reader = WiegandReader([.keypad4])
        var reports = type([9, 9, 10, 4, 7, 1, 1, 11], .keypad4, on: &reader)
        reports += type([8, 8], .keypad4, on: &reader, from: 10_000_000)
        reports += type([1, 2, 3, 4, 11], .keypad4, on: &reader, from: 30_000_000)
        let codes = reports.compactMap {
            if case .credential(let code, _) = $0 { code } else { nil }
        }
        #expect(codes == ["code:4711", "code:1234"])
    }

    @Test func aCodeTooLongIsNoListedOne() {
        var reader = WiegandReader([.keypad4])
        let reports = type(
            Array(repeating: 5, count: 40) + [11], .keypad4, on: &reader, every: 100_000)
        guard case .credential(let code, _)? = reports.first else {
            Issue.record("nothing was told")
            return
        }
        #expect(code.utf8.count <= 18 && Roster.Badge.normalised(code) == nil)
    }

    @Test func aKeyWhoseHalvesDisagreeIsDamage() {
        var reader = WiegandReader([.keypad8])
        #expect(reader.feed(Frames.bits("1011 0101")) == [.damaged(.key, at: at(7000))])
    }

    // MARK: Faults by seed

    /// One fault in each frame; whatever it is, the number told is the number sent or none is.
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func noFaultMakesAnotherNumber(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let cards: [ReaderConfig.Format] = [
            .wiegand26, .wiegand34, .wiegand37, .wiegand37Facility,
        ]
        var readCount = 0
        for round in 0..<3000 {
            let format = cards[Int.random(in: 0..<4, using: &random)]
            var reader = WiegandReader([format, .keypad4], .whole)
            let facility = UInt64.random(in: 0..<200, using: &random)
            let number = UInt64.random(in: 0..<65_536, using: &random)
            let bits = Frames.card(format, facility: facility, number)
            let data = bits.dropFirst().dropLast().reduce(UInt64(0)) { $0 << 1 | ($1 ? 1 : 0) }
            let period = Int64.random(in: 300...3000, using: &random)
            var pulses = Frames.pulses(bits, every: period)
            let isWhole = Self.disturb(&pulses, period: period, using: &random)
            let reports = reader.feed(pulses)
            for case .credential(let text, _) in reports {
                readCount += 1
                #expect(text == String(data), "seed \(seed), round \(round)")
            }
            if isWhole { #expect(reports.count == 1, "seed \(seed), round \(round)") }
            #expect(reports.count <= 3)
        }
        #expect(readCount > 300, "frames without a fault are read; seed \(seed)")
    }

    /// Puts one fault into a frame; returns true when it was left whole.
    private static func disturb(
        _ pulses: inout [Pulse], period: Int64, using random: inout SplitMix
    ) -> Bool {
        let length = Int64(pulses.count) * period
        let index = Int.random(in: 0..<pulses.count, using: &random)
        switch Int.random(in: 0..<7, using: &random) {
        case 0: return true
        case 1: pulses.remove(at: index)
        case 2: pulses.removeSubrange(index..<min(index + 3, pulses.count))
        case 3:
            let other: WiegandLine = pulses[index].line == .data0 ? .data1 : .data0
            pulses[index].line = other
        case 4:
            pulses.append(
                Pulse(
                    microseconds: Int64.random(in: 0..<length, using: &random),
                    line: Bool.random(using: &random) ? .data0 : .data1))
        case 5: pulses.removeSubrange(index...)
        default:
            // A burst of noise over the whole cable.
            for _ in 0..<Int.random(in: 1...60, using: &random) {
                let time = Int64.random(in: 0..<length, using: &random)
                pulses.append(Pulse(microseconds: time, line: .data0))
                pulses.append(Pulse(microseconds: time + 20, line: .data1))
            }
        }
        pulses.shuffle(using: &random)
        pulses.sort { $0.microseconds < $1.microseconds }
        return false
    }

    /// Pulses at random times for ever: nothing traps, and hardly a number comes out.
    @Test(arguments: [11, 12, 13] as [UInt64])
    func noiseAloneIsNoBadge(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var reader = WiegandReader([.wiegand26, .wiegand34, .wiegand37])
        var clock: Int64 = 0
        var credentials = 0
        for _ in 0..<200_000 {
            clock += Int64.random(in: 0...4000, using: &random)
            if Int.random(in: 0..<30, using: &random) == 0 { clock += 40_000 }
            let line: WiegandLine = Bool.random(using: &random) ? .data0 : .data1
            for case .credential in reader.pulse(line, at: at(clock)) { credentials += 1 }
        }
        #expect(credentials == 0, "seed \(seed)")
        #expect(reader.health.damageCount > 1000)
    }
}
