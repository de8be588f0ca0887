import GateConfiguration
import GateTypes

@testable import CredentialReaders

/// A moment of the tests' own clock.
func at(_ microseconds: Int64) -> Instant {
    Instant(nanoseconds: 1_000_000_000_000 + microseconds * 1_000)
}

/// One pulse as the kernel would tell it.
struct Pulse: Hashable {
    var microseconds: Int64
    var line: WiegandLine
}

/// Frames as readers send them, made without the code under test.
enum Frames {
    static func bits(_ text: String) -> [Bool] { text.filter { $0 != " " }.map { $0 == "1" } }

    static func number(_ value: UInt64, _ width: Int) -> [Bool] {
        (0..<width).reversed().map { value >> UInt64($0) & 1 == 1 }
    }

    /// A card of any format; parities are counted here by hand.
    static func card(_ format: ReaderConfig.Format, facility: UInt64, _ card: UInt64) -> [Bool] {
        let data: [Bool]
        let half: Int
        switch format {
        case .wiegand26: (data, half) = (number(facility, 8) + number(card, 16), 12)
        case .wiegand34: (data, half) = (number(facility, 16) + number(card, 16), 16)
        case .wiegand37: (data, half) = (number(card, 35), 18)
        case .wiegand37Facility: (data, half) = (number(facility, 16) + number(card, 19), 18)
        case .keypad4: return number(card, 4)
        case .keypad8: return number(15 - card, 4) + number(card, 4)
        }
        var first = false
        for bit in data.prefix(half) where bit { first.toggle() }
        var last = true
        for bit in data.suffix(half) where bit { last.toggle() }
        return [first] + data + [last]
    }

    static func pulses(_ bits: [Bool], from start: Int64 = 0, every period: Int64 = 1000) -> [Pulse]
    {
        bits.enumerated().map {
            Pulse(microseconds: start + Int64($0) * period, line: $1 ? .data1 : .data0)
        }
    }
}

extension WiegandReader {
    /// Feeds pulses in their order, and then lets the frame end.
    mutating func feed(_ pulses: [Pulse]) -> [ReaderReport] {
        var reports = pulses.flatMap { pulse($0.line, at: at($0.microseconds)) }
        let last = pulses.map(\.microseconds).max() ?? 0
        reports += advance(to: at(last) + WiegandLimits.frameEnd)
        return reports
    }

    mutating func feed(_ bits: [Bool], from start: Int64 = 0) -> [ReaderReport] {
        feed(Frames.pulses(bits, from: start))
    }

    init(
        _ formats: [ReaderConfig.Format],
        _ numbering: ReaderConfig.Numbering = .facilityAndNumber, facilities: Set<UInt64> = []
    ) {
        var config = ReaderConfig.Wiegand(
            data0: "d0", data1: "d1", formats: formats, numbering: numbering)
        config.facilities = facilities
        self.init(config)
    }
}

/// The same seed gives the same story everywhere.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
