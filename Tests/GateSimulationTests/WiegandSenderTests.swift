import CredentialReaders
import GateConfiguration
import GateTypes
import Testing

@testable import GateSimulation

/// A reader's pulses, as the decoder of the daemon takes them.
@Suite struct WiegandSenderTests {
    private static let formats: [ReaderConfig.Format] = [
        .wiegand26, .wiegand34, .wiegand37, .wiegand37Facility,
    ]

    private static func config(
        _ format: ReaderConfig.Format, _ numbering: ReaderConfig.Numbering
    ) -> ReaderConfig {
        ReaderConfig(
            lane: "a", side: .outside,
            wiring: .wiegand(
                .init(data0: "d0", data1: "d1", formats: [format], numbering: numbering)))
    }

    private static func told(
        _ badge: String, _ config: ReaderConfig, _ damage: FrameDamage?
    ) throws -> [ReaderReport] {
        let start = Instant(nanoseconds: 1_000_000_000_000)
        let sender = try #require(WiegandSender("r", config))
        let pulses = try #require(sender.pulses(badge, damage))
        var station = ReaderStation(["r": config])
        var told = pulses.flatMap { station.pulse($0.line, at: start + $0.after) }
        told += station.advance(to: start + .seconds(1))
        return told.map(\.report)
    }

    @Test(arguments: formats, [ReaderConfig.Numbering.facilityAndNumber, .whole])
    func aWholeFrameTellsTheBadge(
        format: ReaderConfig.Format, numbering: ReaderConfig.Numbering
    ) throws {
        for badge in ["1", "815", "11400815", "65535"] {
            let reports = try Self.told(badge, Self.config(format, numbering), nil)
            guard case .credential(badge, _)? = reports.first, reports.count == 1 else {
                Issue.record("\(badge): \(reports)")
                continue
            }
        }
    }

    @Test(arguments: formats, FrameDamage.allCases)
    func aDamagedFrameTellsNoBadge(format: ReaderConfig.Format, damage: FrameDamage) throws {
        for number in 0..<200 {
            let badge = String(number * 211 % 60_000)
            for report in try Self.told(badge, Self.config(format, .facilityAndNumber), damage) {
                if case .credential(let text, _) = report { Issue.record("\(badge): \(text)") }
            }
        }
    }

    @Test func whatNoCardSaysHasNoPulses() throws {
        let sender = try #require(WiegandSender("r", Self.config(.wiegand26, .number)))
        #expect(sender.pulses("code:4711", nil) == nil)
        #expect(sender.pulses("99999999", nil) == nil)
        #expect(WiegandSender("r", Self.config(.keypad4, .number)) == nil)
    }
}
