import GateTypes
import Testing

@Suite struct InputDebounceTests {
    private static func input(active: Bool = false) -> InputDebounce {
        InputDebounce(
            activeAfter: .milliseconds(10), clearAfter: .milliseconds(300), active: active,
            at: at(0))
    }

    private static func at(_ milliseconds: Double) -> Instant {
        Instant(nanoseconds: Int64(milliseconds * 1e6))
    }

    @Test func actsTenMillisecondsAfterTheFirstActiveEdge() {
        var input = Self.input()
        #expect(input.edge(active: true, at: Self.at(5)).isEmpty)
        #expect(input.deadline == Self.at(15))
        #expect(input.advance(to: Self.at(14.9)).isEmpty)
        #expect(input.advance(to: Self.at(15)) == [.init(active: true, at: Self.at(15))])
        #expect(input.isActive)
        #expect(input.deadline == nil)
    }

    @Test func bouncingDoesNotDelayTheActiveReading() {
        var input = Self.input()
        var changes: [InputDebounce.Change] = []
        for step in 0..<20 {  // Mostly clear: 0.2 ms active every 3 ms.
            changes += input.edge(active: true, at: Self.at(Double(step) * 3))
            changes += input.edge(active: false, at: Self.at(Double(step) * 3 + 0.2))
        }
        #expect(changes == [.init(active: true, at: Self.at(10))])
    }

    @Test func aLonePulseIsDroppedAndASecondOneActsAtOnce() {
        var input = Self.input()
        _ = input.edge(active: true, at: Self.at(0))
        _ = input.edge(active: false, at: Self.at(4))
        #expect(input.advance(to: Self.at(50)).isEmpty)
        #expect(input.disturbanceCount == 1)

        _ = input.edge(active: true, at: Self.at(100))
        _ = input.edge(active: false, at: Self.at(104))
        #expect(
            input.edge(active: true, at: Self.at(112)) == [.init(active: true, at: Self.at(112))])
    }

    @Test func clearActsOnlyAfterItHasHeldWithoutABreak() {
        var input = Self.input(active: true)
        _ = input.edge(active: false, at: Self.at(0))
        _ = input.edge(active: true, at: Self.at(299))
        #expect(input.edge(active: false, at: Self.at(299.1)).isEmpty)
        #expect(input.advance(to: Self.at(599)).isEmpty)
        #expect(input.advance(to: Self.at(600)) == [.init(active: false, at: Self.at(599.1))])
    }

    @Test func lateCallsGiveTheChangesOfPunctualOnes() {
        var input = Self.input()
        _ = input.edge(active: true, at: Self.at(0))
        _ = input.edge(active: false, at: Self.at(2))
        _ = input.edge(active: true, at: Self.at(4))
        _ = input.edge(active: false, at: Self.at(6))
        #expect(
            input.advance(to: Self.at(10_000)) == [
                .init(active: true, at: Self.at(10)), .init(active: false, at: Self.at(310)),
            ])
    }

    @Test func twoClearEdgesHideALostPulseWhichCounts() {
        var input = Self.input()
        _ = input.edge(active: true, at: Self.at(0))
        _ = input.edge(active: false, at: Self.at(2))
        _ = input.edge(active: false, at: Self.at(5))
        #expect(input.lostEdgeCount == 1)
        #expect(input.advance(to: Self.at(10)) == [.init(active: true, at: Self.at(10))])
    }

    @Test func edgesFromThePastCountAsSimultaneous() {
        var input = Self.input(active: true)
        _ = input.advance(to: Self.at(100))
        _ = input.edge(active: false, at: Self.at(50))
        #expect(input.advance(to: Self.at(399)).isEmpty)
        #expect(input.advance(to: Self.at(400)) == [.init(active: false, at: Self.at(400))])
    }

    /// Checked against the raw signal, not against the debounce's own state.
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func neverClearWithin300MillisecondsOfAnActiveRawInput(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var input = Self.input()
        var isRawActive = false
        var lastRawActive: Double?
        var activeRun: Double?
        var time = 0.0
        for _ in 0..<20_000 {
            let step = Double(random.next() % 1000) / (random.next() % 4 == 0 ? 1 : 100)
            for change in input.advance(to: Self.at(time + step)) where !change.active {
                let last = lastRawActive ?? -1000
                #expect(
                    !isRawActive && change.at >= Self.at(last) + .milliseconds(300), "seed \(seed)")
            }
            time += step
            if let start = activeRun {
                #expect(time - start < 10 || input.isActive, "seed \(seed) at \(time) ms")
            }
            isRawActive.toggle()
            if !isRawActive { lastRawActive = time }
            activeRun = isRawActive ? time : nil
            _ = input.edge(active: isRawActive, at: Self.at(time))
        }
    }
}

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
