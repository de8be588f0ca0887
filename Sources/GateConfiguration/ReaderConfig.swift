import GateTypes

/// One input of which each pulse counts and not its level: data 0 or data 1 of a Wiegand reader.
package struct PulseInputConfig: Hashable, Sendable {
    package var chip: String
    package var address: LineAddress
    /// The wire rests high and is pulled low for a pulse; true where an optocoupler turns that round.
    package var isActiveLow = false
    package var bias = InputConfig.Bias.asIs

    package init(chip: String, address: LineAddress) {
        self.chip = chip
        self.address = address
    }
}

/// One credential reader: where it is, what it tells, and how it answers.
package struct ReaderConfig: Hashable, Sendable {
    /// Outside lets in, inside lets out, the third one opens the side gate.
    package enum Side: String, Hashable, Sendable, CaseIterable { case outside, inside, gate }

    /// What one frame of a Wiegand reader may be; each has its own number of bits.
    package enum Format: String, Hashable, Sendable, CaseIterable {
        /// H10301: facility of 8 bits, number of 16.
        case wiegand26 = "wiegand-26"
        /// Facility and number of 16 bits each, or one number of 32.
        case wiegand34 = "wiegand-34"
        /// H10302: one number of 35 bits.
        case wiegand37 = "wiegand-37"
        /// H10304: facility of 16 bits, number of 19.
        case wiegand37Facility = "wiegand-37-facility"
        /// One key in four bits.
        case keypad4 = "keypad-4"
        /// One key in four bits, behind the same bits inverted.
        case keypad8 = "keypad-8"

        package var bitCount: Int {
            switch self {
            case .wiegand26: 26
            case .wiegand34: 34
            case .wiegand37, .wiegand37Facility: 37
            case .keypad4: 4
            case .keypad8: 8
            }
        }

        package var isKeypad: Bool {
            switch self {
            case .keypad4, .keypad8: true
            case .wiegand26, .wiegand34, .wiegand37, .wiegand37Facility: false
            }
        }

        package var hasFacility: Bool {
            switch self {
            case .wiegand26, .wiegand34, .wiegand37Facility: true
            case .wiegand37, .keypad4, .keypad8: false
            }
        }
    }

    /// How `badges.csv` writes a badge.
    package enum Numbering: String, Hashable, Sendable, CaseIterable {
        /// The number alone; cards of other facilities than the listed ones are strangers.
        case number
        /// The facility, and the number behind it with all its digits: 117 and 815 are 11700815.
        case facilityAndNumber = "facility-and-number"
        /// All data bits as one number.
        case whole
    }

    package struct Wiegand: Hashable, Sendable {
        package var data0: LineName
        package var data1: LineName
        /// No two of the same number of bits.
        package var formats: [Format]
        package var numbering: Numbering
        /// Only cards of these; empty means any.
        package var facilities: Set<UInt64> = []

        package init(
            data0: LineName, data1: LineName, formats: [Format],
            numbering: Numbering = .facilityAndNumber
        ) {
            self.data0 = data0
            self.data1 = data1
            self.formats = formats
            self.numbering = numbering
        }
    }

    /// How the reader is wired; other protocols are other cases.
    package enum Wiring: Hashable, Sendable {
        case wiegand(Wiegand)
    }

    /// Guessing is stopped: after so many unknown credentials in a row the reader pauses.
    package struct Attempts: Hashable, Sendable {
        package var largest = 5
        /// Unknown credentials further apart are not in a row.
        package var within = Duration.seconds(600)
        package var pause = Duration.seconds(60)

        package init() {}
    }

    package var lane: LaneName
    package var side: Side
    package var wiring: Wiring
    package var led: LineName?
    package var beeper: LineName?
    package var attempts = Attempts()

    package init(lane: LaneName, side: Side, wiring: Wiring) {
        self.lane = lane
        self.side = side
        self.wiring = wiring
    }
}
