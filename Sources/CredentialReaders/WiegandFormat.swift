import GateConfiguration

/// What one frame says.
package enum WiegandContent: Hashable, Sendable {
    case card(WiegandCard)
    /// 0 to 9, 10 is `*`, 11 is `#`; others are keys of which nothing is known.
    case key(Int)
}

/// The number of a card, in its parts.
package struct WiegandCard: Hashable, Sendable {
    /// Nil in a format without one.
    package let facility: UInt64?
    package let number: UInt64
    /// Decimal digits that any number of this format fits into.
    package let digits: Int
    /// All data bits as one number.
    package let whole: UInt64

    /// As `badges.csv` writes it; a card of a foreign facility has a text that no row can have.
    package func text(_ numbering: ReaderConfig.Numbering, facilities: Set<UInt64>) -> String {
        if let facility, !facilities.isEmpty, !facilities.contains(facility) {
            return "\(facility):\(number)"
        }
        switch numbering {
        case .number: return String(number)
        case .whole: return String(whole)
        case .facilityAndNumber:
            guard let facility else { return String(number) }
            let text = String(number)
            let padded = String(repeating: "0", count: max(digits - text.count, 0)) + text
            return facility == 0 ? text : "\(facility)\(padded)"
        }
    }
}

extension ReaderConfig.Format {
    /// Reads a frame of this format; nothing is corrected.
    package func read(_ bits: [Bool]) -> Result<WiegandContent, WiegandFormatError> {
        guard bits.count == bitCount else { return .failure(.length) }
        switch self {
        case .wiegand26: return card(bits, facility: 1..<9, even: 0..<13, odd: 13..<26, digits: 5)
        case .wiegand34: return card(bits, facility: 1..<17, even: 0..<17, odd: 17..<34, digits: 5)
        case .wiegand37: return card(bits, facility: 1..<1, even: 0..<19, odd: 18..<37, digits: 11)
        case .wiegand37Facility:
            return card(bits, facility: 1..<17, even: 0..<19, odd: 18..<37, digits: 6)
        case .keypad4:
            return .success(.key(Int(Self.value(bits[...]))))
        case .keypad8:
            let (inverted, plain) = (Self.value(bits[..<4]), Self.value(bits[4...]))
            return inverted == 15 - plain ? .success(.key(Int(plain))) : .failure(.key)
        }
    }

    /// The first and the last bit are parities over their half; what is between them is data.
    private func card(
        _ bits: [Bool], facility: Range<Int>, even: Range<Int>, odd: Range<Int>, digits: Int
    ) -> Result<WiegandContent, WiegandFormatError> {
        guard bits[even].count(where: { $0 }) % 2 == 0, bits[odd].count(where: { $0 }) % 2 == 1
        else { return .failure(.parity) }
        let data = 1..<(bits.count - 1)
        return .success(
            .card(
                WiegandCard(
                    facility: facility.isEmpty ? nil : Self.value(bits[facility]),
                    number: Self.value(bits[facility.upperBound..<data.upperBound]),
                    digits: digits, whole: Self.value(bits[data]))))
    }

    private static func value(_ bits: ArraySlice<Bool>) -> UInt64 {
        bits.reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
    }
}

/// Why a frame is none of its format.
package enum WiegandFormatError: Error, Hashable, Sendable {
    case length, parity, key
}
