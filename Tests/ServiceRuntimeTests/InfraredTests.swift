import FaceMatching
import GateTypes
import Testing

@testable import ServiceRuntime

/// What an infrared camera beside another one says of a face, however the frames of both fall together.
@Suite struct InfraredTests {
    @Test func infraredSeesTheSameFaceInTheSamePlaceAtTheSameTime() {
        let sights = InfraredSights()
        let now = Instant.now()
        let box = FaceBox(x: 0.4, y: 0.4, width: 0.2, height: 0.2)
        #expect(sights.verdict(of: "ir", on: box, at: now) == .notJudged)
        sights.saw(.init(time: now, boxes: [box]), through: "ir")
        #expect(sights.verdict(of: "ir", on: box, at: now + .milliseconds(150)) == .passed)
        #expect(sights.verdict(of: "ir", on: box, at: now + .seconds(1)) == .notJudged)
        let elsewhere = FaceBox(x: 0.1, y: 0.1, width: 0.2, height: 0.2)
        #expect(sights.verdict(of: "ir", on: elsewhere, at: now) == .failed)
        // A screen is black in infrared light.
        sights.saw(.init(time: now + .seconds(2), boxes: []), through: "ir")
        #expect(sights.verdict(of: "ir", on: box, at: now + .seconds(2)) == .failed)
    }

    @Test func whoHasJustComeIsNoAttackerForAnEarlierInfraredFrame() {
        let sights = InfraredSights()
        let begin = Instant.now()
        let box = FaceBox(x: 0.4, y: 0.4, width: 0.2, height: 0.2)
        func infrared(_ milliseconds: Int, _ boxes: [FaceBox]) {
            let time = begin + .milliseconds(milliseconds)
            sights.saw(.init(time: time, boxes: boxes), through: "ir")
        }
        func colour(_ milliseconds: Int) -> LivenessVerdict {
            sights.verdict(of: "ir", on: box, at: begin + .milliseconds(milliseconds))
        }
        // Nobody was there yet when the infrared camera looked last.
        infrared(0, [])
        #expect(colour(40) == .notJudged)
        infrared(66, [box])
        #expect(colour(106) == .passed)
        // The infrared frame was read before the colour one that is older.
        infrared(132, [box])
        #expect(colour(120) == .passed)
        // One frame in which the detector misses them is no proof beside one that shows them.
        infrared(198, [])
        #expect(colour(206) == .notJudged)
        infrared(264, [box])
        #expect(colour(272) == .passed)
    }

    /// The infrared frame that belongs to a colour frame may always be read after it.
    @Test(arguments: [0, 10, 33, 60])
    func aPhotographIsAnAttackHoweverTheFramesFallTogether(phase: Int) {
        let sights = InfraredSights()
        let begin = Instant.now()
        let box = FaceBox(x: 0.4, y: 0.4, width: 0.2, height: 0.2)
        var verdicts: [LivenessVerdict] = []
        for frame in 0..<4 {
            let time = begin + .milliseconds(66 * frame)
            verdicts.append(sights.verdict(of: "ir", on: box, at: time))
            sights.saw(.init(time: time + .milliseconds(phase), boxes: []), through: "ir")
        }
        #expect(verdicts == [.notJudged, .failed, .failed, .failed])
    }

    @Test func aPhotographHeldBeforeALivingFaceBecomesAnAttack() {
        let sights = InfraredSights()
        let begin = Instant.now()
        let box = FaceBox(x: 0.4, y: 0.4, width: 0.2, height: 0.2)
        var verdicts: [LivenessVerdict] = []
        for frame in 0..<6 {
            let time = begin + .milliseconds(66 * frame)
            // Raised after the second frame; it hides the face from the infrared camera.
            sights.saw(.init(time: time, boxes: frame < 2 ? [box] : []), through: "ir")
            verdicts.append(sights.verdict(of: "ir", on: box, at: time + .milliseconds(20)))
        }
        #expect(verdicts.prefix(2) == [.passed, .passed])
        // The living face was there a moment ago, and lets no later frame pass.
        #expect(!verdicts.dropFirst(2).contains(.passed))
        #expect(verdicts.last == .failed)
    }
}
