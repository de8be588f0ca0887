import Testing

@testable import FaceMatching

/// From a similarity to how rare it is between different people, and back.
@Suite struct CalibrationTests {
    static let table = "0.2:1e-1 0.3:1e-2 0.5:1e-4 0.4:1e-3"

    @Test func ratesLieOnLinesBetweenThePointsAndNeverBelowTheLast() throws {
        let table = try #require(FaceCalibration(table: Self.table))
        #expect(table.falseMatchRate(at: 0.1) == 1)
        #expect(abs(table.falseMatchRate(at: 0.35) - 3.1623e-3) < 1e-6)
        #expect(table.falseMatchRate(at: 0.5) == 1e-4 && table.falseMatchRate(at: 0.9) == 1e-4)
        #expect(table.falseMatchRate(at: .nan) == 1)
    }

    @Test func aThresholdForWhatWasNotMeasuredIsNone() throws {
        let table = try #require(FaceCalibration(table: Self.table))
        #expect(abs(try #require(table.threshold(for: 1e-3)) - 0.4) < 1e-9)
        #expect(abs(try #require(table.threshold(for: 3.1623e-3)) - 0.35) < 1e-4)
        #expect(table.threshold(for: 1e-5) == nil)
        #expect(table.threshold(for: 0.5) == 0.2)
    }

    @Test(arguments: [
        "", "0.2:0.1", "0.2:0.1 0.2:0.01", "0.2:0.1 0.3:0.2", "0.2:0 0.3:0.1", "a:b c:d",
        "0.2;0.1 0.3;0.01", "2:0.1 3:0.01",
    ])
    func whatIsNoTableIsRefused(text: String) {
        #expect(FaceCalibration(table: text) == nil)
    }

    @Test func onePercentForTwoHundredAndFiftyPeopleIsFourInAHundredThousandPairs() {
        let rate = FaceCalibration.pairRate(forOneIn: 0.01, people: 250)
        #expect(abs(rate - 4.02e-5) < 1e-7)
        #expect(FaceCalibration.pairRate(forOneIn: 0.01, people: 1) == 0.01)
    }

    @Test func theBoundIsTheTextbooksOne() {
        #expect(abs(FaceCalibration.upperBound(errors: 0, trials: 300) - 0.00994) < 1e-5)
        #expect(abs(FaceCalibration.upperBound(errors: 2, trials: 100) - 0.0704) < 1e-4)
        #expect(FaceCalibration.upperBound(errors: 5, trials: 5) == 1)
        #expect(FaceCalibration.upperBound(errors: 0, trials: 0) == 1)
    }
}
