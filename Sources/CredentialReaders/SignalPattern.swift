import GateTypes

/// How a reader's lamp and beeper tell something: which goes on when, and for how long.
package struct SignalPattern: Hashable, Sendable {
    package enum Part: Hashable, Sendable { case led, beeper }

    package struct Step: Hashable, Sendable {
        package let part: Part
        package let start: Duration
        package let length: Duration
    }

    /// In the order of their starts.
    package let steps: [Step]

    package init(_ signal: ReaderSignal) {
        switch signal {
        case .granted:
            steps = [
                Step(part: .led, start: .zero, length: .seconds(2)),
                Step(part: .beeper, start: .zero, length: .milliseconds(150)),
            ]
        case .refused: steps = Self.beeps(3, of: .milliseconds(150), every: .milliseconds(300))
        case .unreadable: steps = Self.beeps(2, of: .milliseconds(60), every: .milliseconds(150))
        case .paused: steps = Self.beeps(1, of: .milliseconds(1200), every: .milliseconds(1200))
        }
    }

    private static func beeps(
        _ count: Int, of length: Duration, every period: Duration
    ) -> [Step] {
        (0..<count).map { Step(part: .beeper, start: period * $0, length: length) }
    }
}
