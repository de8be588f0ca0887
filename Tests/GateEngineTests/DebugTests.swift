import GateTypes
import Testing

@Suite struct DebugTests {
    @Test(arguments: [101, 102, 103] as [UInt64])
    func debug(seed: UInt64) {
        var options = Site.Options()
        options.laneCount = 2
        var world = World(seed: seed, options: options)
        let t = ContinuousClock.now
        var n = 0
        while n < 3600, world.alarmsEver.isEmpty, world.checker.counts["timed_out"] == nil {
            world.run(for: .seconds(1)); n += 1
        }
        print(
            "DEBUG seed", seed, n, ContinuousClock.now - t, world.alarmsEver, world.listedServed,
            world.strangersAdmitted, world.checker.counts, world.arrivalToRelease.max() ?? 0)
        print(world.checker.story)
    }
}
