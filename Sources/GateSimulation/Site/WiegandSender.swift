import CredentialReaders
import GateConfiguration
import GateTypes

/// What is wrong with the frame that a reader sends for a badge.
package enum FrameDamage: String, Hashable, Sendable, CaseIterable {
    /// A pulse is missing from the row.
    case lostPulse = "lost-pulse"
    /// A spike beside a pulse.
    case spike
    /// Both lines pulse at once.
    case bothLines = "both-lines"
    /// One bit arrives on the wrong line.
    case wrongBit = "wrong-bit"
    /// The card left the field half-way.
    case torn
}

/// A reader's side of the Wiegand interface: the pulses that one badge makes.
///
/// Written from the formats' own description and not from the decoder, which it tests.
struct WiegandSender {
    private static let period = Duration.milliseconds(1)

    let name: ReaderName
    private let wiegand: ReaderConfig.Wiegand
    private let format: ReaderConfig.Format

    /// Nil for a reader without a card format.
    init?(_ name: ReaderName, _ config: ReaderConfig) {
        switch config.wiring {
        case .wiegand(let wiegand):
            guard let format = wiegand.formats.first(where: { !$0.isKeypad }) else { return nil }
            self.wiegand = wiegand
            self.format = format
        }
        self.name = name
    }

    /// Pulses with their times after the first one; nil for what no card of this reader says.
    func pulses(
        _ badge: String, _ damage: FrameDamage?
    ) -> [(after: Duration, line: LineName)]? {
        guard let data = data(of: badge) else { return nil }
        var bits = Self.framed(data, half: half)
        let middle = bits.count / 2
        if damage == .wrongBit { bits[middle].toggle() }
        if damage == .torn { bits.removeLast(middle) }
        var row = bits.enumerated().map { place, bit in
            (after: Self.period * place, line: bit ? wiegand.data1 : wiegand.data0)
        }
        switch damage {
        case .lostPulse: row.remove(at: middle)
        case .spike: row.append((row[middle].after + .microseconds(40), row[middle].line))
        case .bothLines:
            let other =
                row[middle].line == wiegand.data0 ? wiegand.data1 : wiegand.data0
            row.append((row[middle].after + .microseconds(10), other))
        case .wrongBit, .torn, nil: break
        }
        return row.sorted { $0.after < $1.after }
    }

    /// Bits of facility and number, and the bits that each parity guards.
    private var widths: (facility: Int, number: Int) {
        switch format {
        case .wiegand26: (8, 16)
        case .wiegand34: (16, 16)
        case .wiegand37: (0, 35)
        case .wiegand37Facility: (16, 19)
        case .keypad4, .keypad8: (0, 0)
        }
    }

    private var half: Int {
        switch format {
        case .wiegand26: 12
        case .wiegand34: 16
        case .wiegand37, .wiegand37Facility: 18
        case .keypad4, .keypad8: 0
        }
    }

    private func data(of badge: String) -> [Bool]? {
        guard let value = UInt64(badge) else { return nil }
        let (facilityWidth, numberWidth) = widths
        let parts: (facility: UInt64, number: UInt64)
        switch wiegand.numbering {
        case .whole:
            return value >> UInt64(facilityWidth + numberWidth) == 0
                ? Self.bits(value, facilityWidth + numberWidth) : nil
        case .number: parts = (wiegand.facilities.min() ?? 0, value)
        case .facilityAndNumber:
            let digits: UInt64 = format == .wiegand37Facility ? 1_000_000 : 100_000
            parts = facilityWidth == 0 ? (0, value) : (value / digits, value % digits)
        }
        guard parts.facility >> UInt64(facilityWidth) == 0 || facilityWidth == 0,
            parts.number >> UInt64(numberWidth) == 0
        else { return nil }
        return Self.bits(parts.facility, facilityWidth) + Self.bits(parts.number, numberWidth)
    }

    private static func bits(_ value: UInt64, _ width: Int) -> [Bool] {
        (0..<width).reversed().map { value >> UInt64($0) & 1 == 1 }
    }

    /// Even parity over the first half in front, odd parity over the second half behind.
    private static func framed(_ data: [Bool], half: Int) -> [Bool] {
        let even = data.prefix(half).count { $0 } % 2 == 1
        let odd = data.suffix(half).count { $0 } % 2 == 0
        return [even] + data + [odd]
    }
}
