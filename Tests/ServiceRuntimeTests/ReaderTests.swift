import EventLoop
import Foundation
import GateConfiguration
import GateTypes
import LineControl
import ServiceRuntime
import Testing

/// A door with a reader: from the pulses of the data lines to the strike, on a real loop.
@Suite struct ReaderTests {
    private static func makeRig() throws -> GateRig {
        let folder = try ScratchFolder()
        var config = GateConfig.site(in: folder)
        func output(_ name: LineName, _ longest: Duration) {
            config.outputs[name] = OutputConfig(
                chip: "board", address: .name(name.text), rest: .deEnergised, longest: longest,
                failure: .released)
        }
        output("bikes-strike", .seconds(5))
        output("bikes-led", .seconds(10))
        output("bikes-beep", .seconds(2))
        config.inputs["bikes-leaf"] = InputConfig(
            chip: "board", address: .name("leaf"), contact: .normallyClosed)
        for name in ["bikes-d0", "bikes-d1"] as [LineName] {
            config.pulses[name] = PulseInputConfig(chip: "board", address: .name(name.text))
        }
        config.doors["bikes"] = DoorConfig(
            outputs: .init(strike: "bikes-strike"), inputs: .init(contact: "bikes-leaf"))
        var reader = ReaderConfig(
            lane: "bikes", side: .outside,
            wiring: .wiegand(
                .init(data0: "bikes-d0", data1: "bikes-d1", formats: [.wiegand26])))
        reader.led = "bikes-led"
        reader.beeper = "bikes-beep"
        config.readers["bikes-outside"] = reader
        config.policy.groups = ["staff"]
        config.policy.rules = [.init(.allow, group: "staff")]
        config.roster.people = [.init(person: "E017", group: "staff")]
        config.roster.badges = [.init(badge: "11700815", person: "E017")]
        return try GateRig(folder: folder, config: config)
    }

    /// A frame of facility 117 with its parities, as the reader sends it, over right now.
    private static func present(_ number: UInt64, to rig: GateRig) throws {
        let data = (UInt64(117) << 16 | number)
        var bits = (0..<24).reversed().map { data >> UInt64($0) & 1 == 1 }
        let first = bits.prefix(12).count { $0 } % 2 == 1
        let last = bits.suffix(12).count { $0 } % 2 == 0
        bits = [first] + bits + [last]
        let end = rig.loop.now
        for (index, bit) in bits.enumerated() {
            let line: LineName = bit ? "bikes-d1" : "bikes-d0"
            try rig.input(line).pulse(at: end - .milliseconds(bits.count - index))
        }
    }

    /// Lets the loop turn until the reader is so far; a reader that never is fails the test.
    private static func wait(
        _ rig: GateRig, until condition: (GateSnapshot.Reader) -> Bool
    ) throws {
        let begun = rig.loop.now
        func isThere() -> Bool { rig.service.snapshot().readers.first.map(condition) ?? false }
        try rig.loop.run { isThere() || rig.loop.now - begun > .seconds(20) }
        #expect(isThere(), "\(rig.service.snapshot().readers)")
    }

    @Test func pulsesOfAListedBadgeOpenTheDoorAndLightTheLamp() throws {
        let rig = try Self.makeRig()
        try Self.present(815, to: rig)
        let begun = rig.loop.now
        try rig.loop.run {
            rig.chip.outputs["bikes-strike"]?.values.contains(true) == true
                || rig.loop.now - begun > .seconds(5)
        }
        #expect(try rig.output("bikes-strike").values == [false, true])
        #expect(try rig.output("bikes-led").values.last == true)
        #expect(try rig.output("bikes-beep").values.last == true)
        let grant = rig.journal.entries.first { $0.kind == "grant" }
        #expect(grant?.text(.badge) == "11700815" && grant?.text(.person) == "E017")
        #expect(rig.service.snapshot().readers.map(\.credentials) == [1])
        try rig.loop.run { (try? rig.output("bikes-beep").values.last) == false }
    }

    @Test func anUnreadableFrameOpensNothingAndIsOnRecord() throws {
        let rig = try Self.makeRig()
        try Self.present(815, to: rig)
        try rig.input("bikes-d1").pulse(at: rig.loop.now)
        try Self.wait(rig) { $0.unreadable == 1 }
        #expect(try rig.output("bikes-strike").values == [false])
        try rig.loop.run { rig.journal.entries.contains { $0.facts["event"] == "reader_damaged" } }
        #expect(rig.log.contains("not believed"))
        #expect(try rig.output("bikes-beep").values.contains(true), "the person hears that")
    }

    @Test func fiveUnknownBadgesPauseTheReaderAlsoForAKnownOne() throws {
        let rig = try Self.makeRig()
        // Ones and zeros in balance: the kernel would keep 16 pulses of one line.
        let unknown: [UInt64] = [0x5555, 0x5595, 0x5655, 0x6555, 0x9555]
        for (index, number) in unknown.enumerated() {
            try Self.present(number, to: rig)
            try Self.wait(rig) { $0.credentials == index + 1 }
        }
        let codes = rig.service.snapshot().alarms.map(\.code)
        #expect(codes.contains("wrong_credentials_bikes-outside"))
        try Self.present(815, to: rig)
        try Self.wait(rig) { $0.credentials == 6 }
        let begun = rig.loop.now
        try rig.loop.run { rig.loop.now - begun > .milliseconds(200) }
        #expect(try rig.output("bikes-strike").values == [false])
    }

    /// Thousands of pulses a second on one data line: the line is faulty, the loop answers.
    @Test func aStormOnOneDataLineIsToldAndTheLoopStaysResponsive() throws {
        let rig = try Self.makeRig()
        let client = try TestClient(rig)
        let input = try rig.input("bikes-d0")
        let begun = rig.loop.now
        for index in 0..<5000 { input.pulse(at: begun + .microseconds(index * 100)) }
        let asked = rig.loop.now
        #expect(try client.ask(ControlRequest(.status), rig).ok)
        #expect(rig.loop.now - asked < .seconds(1))
        try rig.loop.run {
            rig.service.snapshot().alarms.contains { $0.code == "reader_failed_bikes-outside" }
        }
        #expect(rig.service.snapshot().readers.first?.trouble?.contains("bikes-d0") == true)
        #expect(try rig.output("bikes-strike").values == [false])
    }
}
