import GateTypes
import Testing

@Suite struct HourTests {
    private static func options(_ seed: UInt64) -> Site.Options {
        var options = Site.Options()
        options.laneCount = 1 + Int(seed % 2)
        options.hasStop = seed % 3 != 0
        options.hasPhotocell = seed % 5 != 4
        options.hasLimits = seed % 7 != 3
        options.isPulsed = seed % 4 != 1
        options.hasApproach = seed % 6 != 5
        options.hasLower = seed % 11 != 10
        options.onStorageFailure = seed % 2 == 0 ? .refuse : .open
        return options
    }

    @Test(arguments: Array(1...12) as [UInt64])
    func everyRuleHoldsAtEveryStepOfATroubledHour(seed: UInt64) {
        var world = World(seed: seed, options: Self.options(seed), troubles: .all)
        world.run(for: .seconds(3_600))
        #expect(
            world.checker.violations.isEmpty,
            "seed \(seed): \(world.checker.violations.prefix(3))\n\(world.checker.story)")
    }

    @Test(arguments: [101, 102, 103] as [UInt64])
    func anOrdinaryHourServesTheListedWithinASecondAndNoStranger(seed: UInt64) {
        var options = Site.Options()
        options.laneCount = 2
        options.rosterCount = 60
        var world = World(seed: seed, options: options)
        for _ in 0..<3_600 where world.alarmsEver.isEmpty { world.run(for: .seconds(1)) }
        #expect(
            world.checker.violations.isEmpty,
            "seed \(seed): \(world.checker.violations.prefix(3))\n\(world.checker.story)")
        #expect(world.strangersAdmitted == 0, "seed \(seed)")
        #expect(world.listedServed > 80, "seed \(seed): \(world.listedServed)")
        #expect(world.checker.counts["passed"] ?? 0 >= world.listedServed - 3, "seed \(seed)")
        #expect(world.arrivalToRelease.allSatisfy { $0 < 1_000 }, "seed \(seed)")
        #expect(
            world.alarmsEver.isEmpty, "seed \(seed): \(world.alarmsEver)\n\(world.checker.story)")
    }
}

/// Printed for whoever looks; a timing asserts nothing.
@Suite struct SpeedTests {
    @Test func eventToActionIsMeasuredOnTheReferenceSite() {
        var options = Site.Options()
        options.laneCount = 5
        options.rosterCount = 450
        var world = World(seed: 5, options: options)
        world.isTimed = true
        world.run(for: .seconds(600))
        let spans = world.spans.sorted()
        #expect(spans.count > 1_000)
        func share(_ part: Double) -> Double { spans[Int(Double(spans.count - 1) * part)] * 1000 }
        print(
            "event to action, 5 lanes, 457 plates, \(spans.count) events: "
                + "p50 \(share(0.5)) us, p99 \(share(0.99)) us")
    }
}
