import GateTypes
import PassageControl
import Testing

/// Rules 6 and 7: who passes, and what is out of order.
@Suite struct BarrierVehicleTests {
    @Test func aSecondVehicleOnOneWarrantIsNoticed() {
        var bench = Bench()
        bench.open()
        bench.driveThrough()
        bench.wait(.milliseconds(400))
        bench.driveThrough()
        #expect(bench.notes.contains(.followed(byApproachOnly: false)))
    }

    @Test func aSecondVehicleWithItsOwnWarrantIsNotTailgating() {
        var bench = Bench()
        bench.open()
        bench.driveThrough()
        bench.give(.open(.policy))
        bench.wait(.seconds(10))
        #expect(bench.asserts(.lower).isEmpty)  // It waits for the second.
        bench.driveThrough()
        #expect(!bench.notes.contains { if case .followed = $0 { true } else { false } })
        bench.wait(.milliseconds(1500))
        #expect(bench.asserts(.lower).count == 1)
    }

    @Test func aSecondWarrantThatNobodyUsesEndsInVainBehindTheFirst() {
        var bench = Bench()
        bench.open()
        bench.driveThrough()
        bench.give(.open(.policy))
        bench.wait(.seconds(29))
        #expect(bench.asserts(.lower).isEmpty)
        bench.wait(.seconds(2))
        #expect(bench.asserts(.lower).count == 1)
        #expect(bench.notes.contains(.waitedInVain))
    }

    @Test func aWarrantThatNobodyUsedIsNotAddedToTheNext() {
        var bench = Bench()
        bench.open()
        bench.wait(.seconds(31))
        #expect(bench.asserts(.lower).count == 1)
        bench.give(.open(.policy))  // While it is still on its way down.
        bench.wait(.seconds(1))
        bench.reads(.down, false)
        bench.reads(.up, true)
        bench.driveThrough()
        bench.wait(.milliseconds(500))
        bench.driveThrough()
        #expect(bench.notes.contains(.followed(byApproachOnly: false)))
        bench.wait(.milliseconds(1500))
        #expect(bench.asserts(.lower).count == 2)
    }

    @Test(arguments: [(500, false), (3_000, true)])
    func aVehicleThatGoesAwayLeavesNoWarrantToTheNext(gap: Int, isAnother: Bool) {
        var bench = Bench()
        bench.reads(.approach, true)
        bench.open()
        bench.reads(.approach, false)
        bench.wait(.milliseconds(gap))
        bench.reads(.approach, true)
        #expect(bench.notes.contains(.sighted(.turnedBack)) == isAnother)
        bench.reads(.safety, true)
        bench.reads(.photocell, true)
        #expect(bench.notes.contains(.followed(byApproachOnly: false)) == isAnother)
    }

    @Test func withoutABeamTheApproachLoopTellsWhoFollows() {
        var bench = Bench(fitted: Bench.full.subtracting([.photocell]))
        bench.open()
        bench.reads(.approach, true)
        bench.reads(.safety, true)
        bench.reads(.approach, false)
        bench.reads(.approach, true)
        bench.reads(.approach, false)
        #expect(bench.notes.contains(.followed(byApproachOnly: true)))
    }

    @Test func aFollowerWhoStaysUnderTheBoomIsNoticedByTheBeam() {
        var bench = Bench()
        bench.open()
        bench.reads(.approach, true)
        bench.reads(.safety, true)
        bench.reads(.photocell, true)
        bench.reads(.approach, false)
        bench.reads(.approach, true)
        bench.reads(.photocell, false)
        #expect(!bench.notes.contains { if case .followed = $0 { true } else { false } })
        bench.reads(.photocell, true)
        bench.wait(.seconds(60))
        #expect(bench.notes.contains(.followed(byApproachOnly: true)))
    }

    @Test func whoWaitsCloseBehindIsNoFollower() {
        var bench = Bench()
        bench.open()
        bench.reads(.approach, true)
        bench.reads(.safety, true)
        bench.reads(.photocell, true)
        bench.reads(.approach, false)
        bench.reads(.approach, true)
        bench.reads(.photocell, false)
        bench.reads(.safety, false)
        #expect(!bench.notes.contains { if case .followed = $0 { true } else { false } })
        #expect(
            bench.notes.contains(
                .sighted(.through(.approach, seenBy: [.safety, .photocell]))))
    }

    @Test func aFailingBeamTellsOfNobody() {
        var bench = Bench()
        bench.open()
        bench.reads(.approach, true)
        bench.reads(.safety, true)
        bench.reads(.approach, false)
        bench.reads(.approach, true)
        bench.give(.sensorFailed(.photocell))
        bench.reads(.photocell, false)
        bench.give(.sensorFailed(.photocell))
        #expect(!bench.notes.contains(.sighted(.doubled)))
    }

    /// Over the boom from between the loops, with the approach loop taken meanwhile.
    private static func between(_ span: Duration) -> Bench {
        var bench = Bench()
        bench.reads(.approach, true)
        bench.open()
        bench.reads(.approach, false)
        bench.wait(span)
        bench.reads(.safety, true)
        bench.reads(.photocell, true)
        bench.reads(.approach, true)
        bench.reads(.photocell, false)
        bench.reads(.safety, false)
        return bench
    }

    @Test func whoMayHaveComeFromTheFarSideBehindOneThatWentAwayIsTold() {
        var bench = Self.between(.seconds(4))
        #expect(!bench.notes.contains(.sighted(.crossed)))
        bench.reads(.approach, false)
        #expect(bench.notes.contains(.sighted(.crossed)))
    }

    @Test func theNextBehindAShortVehicleHasNotCrossed() {
        var bench = Self.between(.seconds(1))
        bench.give(.open(.policy))
        bench.driveThrough()
        #expect(!bench.notes.contains(.sighted(.crossed)))
        #expect(bench.notes.count { $0 == .sighted(.entered(.approach)) } == 2)
    }

    @Test func whoGoesBackOntoTheApproachLoopKeepsTheWarrant() {
        var bench = Bench()
        bench.open()
        bench.reads(.approach, true)
        bench.reads(.safety, true)
        bench.wait(.seconds(1))
        bench.reads(.safety, false)
        bench.wait(.seconds(3))
        #expect(bench.asserts(.lower).isEmpty)
        bench.driveThrough()
        #expect(!bench.notes.contains { if case .followed = $0 { true } else { false } })
    }

    @Test func whoTurnsBackIsNoticedAndTheBoomCloses() {
        var bench = Bench()
        bench.open()
        bench.reads(.approach, true)
        bench.reads(.safety, true)
        bench.wait(.seconds(1))
        bench.reads(.safety, false)
        bench.reads(.approach, false)
        #expect(bench.notes.contains(.sighted(.turnedBack)))
        bench.wait(.milliseconds(1500))
        #expect(bench.asserts(.lower).count == 1)
    }

    @Test func anotherVehicleInPlaceOfTheWithdrawnOneMeansThatItPassed() {
        var bench = Bench()
        bench.open()
        bench.reads(.approach, true)
        bench.reads(.safety, true)
        bench.reads(.photocell, true)
        bench.wait(.seconds(1))
        bench.reads(.photocell, false)
        bench.reads(.safety, false)
        bench.wait(.seconds(2))
        #expect(bench.asserts(.lower).isEmpty)
        bench.give(.replaced)
        #expect(bench.asserts(.lower).count == 1)
    }

    @Test func aShortVehicleBetweenTheLoopsIsStillExpected() {
        var bench = Bench()
        bench.reads(.approach, true)
        bench.open()
        bench.reads(.approach, false)
        bench.wait(.seconds(2))
        #expect(bench.asserts(.lower).isEmpty)
        bench.reads(.safety, true)
        bench.reads(.photocell, true)
        #expect(bench.notes.contains(.sighted(.entered(.approach))))
        bench.reads(.photocell, false)
        bench.reads(.safety, false)
        bench.wait(.milliseconds(1500))
        #expect(bench.asserts(.lower).count == 1)
    }

    /// The approach loop finds the axles of a high lorry only; its long side keeps the beam broken.
    @Test func aHighLorryThatTheLoopLosesBetweenItsAxlesIsOneVehicle() {
        var bench = Bench()
        bench.open()
        bench.reads(.approach, true)
        bench.reads(.safety, true)
        bench.reads(.photocell, true)
        bench.reads(.approach, false)
        bench.reads(.safety, false)
        bench.reads(.approach, true)
        bench.reads(.safety, true)
        bench.reads(.approach, false)
        bench.reads(.photocell, false)
        bench.reads(.safety, false)
        bench.wait(.seconds(3))
        #expect(!bench.notes.contains { if case .followed = $0 { true } else { false } })
        #expect(bench.asserts(.lower).count == 1)
    }

    @Test func aShortVehicleBehindIsToldByTheBeamWhenTheLoopIsLeftBeforeThatClears() {
        var bench = Bench()
        bench.open()
        bench.reads(.approach, true)
        bench.reads(.safety, true)
        bench.reads(.photocell, true)
        bench.reads(.approach, false)
        bench.reads(.approach, true)
        bench.reads(.approach, false)
        #expect(!bench.notes.contains { if case .followed = $0 { true } else { false } })
        bench.reads(.photocell, false)
        bench.reads(.photocell, true)
        #expect(bench.notes.contains(.followed(byApproachOnly: true)))
    }

    @Test func whoTakesTheLoopAfterTheFirstHasLeftTheBeamIsAnother() {
        var bench = Bench()
        bench.open()
        bench.reads(.approach, true)
        bench.reads(.safety, true)
        bench.reads(.photocell, true)
        bench.reads(.approach, false)
        bench.reads(.photocell, false)
        bench.reads(.approach, true)
        bench.reads(.photocell, true)
        #expect(bench.notes.contains(.followed(byApproachOnly: true)))
    }

    @Test func aVehicleThroughTheClosedBoomIsForced() {
        var bench = Bench()
        bench.driveThrough()
        #expect(bench.notes.contains(.forced(.approach)))
    }

    @Test func afterAnEmergencyWhoDrivesUnderTheBoomThatStandsUpIsForced() {
        var bench = Bench()
        bench.release()
        bench.driveThrough()
        #expect(bench.notes.contains(.passedFreely(.approach)))
        bench.give(.emergencyReset)
        bench.driveThrough()
        #expect(bench.notes.contains(.forced(.approach)))
        bench.wait(.seconds(20))
        bench.reads(.safety, true)
        bench.reads(.safety, false)
        #expect(bench.notes.contains(.forced(.far)))
    }

    @Test func twoInARowUnderABoomLeftUpAreTwo() {
        var bench = Bench()
        bench.release()
        bench.give(.emergencyReset)
        bench.reads(.approach, true)
        bench.reads(.safety, true)
        bench.reads(.approach, false)
        bench.reads(.approach, true)
        bench.reads(.approach, false)
        bench.reads(.safety, false)
        #expect(bench.notes.count { $0 == .forced(.approach) } == 2)
    }

    @Test func whoWaitsAtAClosedBoomOverBothLoopsIsNotForced() {
        var bench = Bench()
        for (sensor, isActive) in [
            (BarrierSensor.approach, true), (.safety, true), (.approach, false),
            (.approach, true), (.approach, false),
        ] { bench.reads(sensor, isActive) }
        #expect(!bench.notes.contains(.forced(.approach)))
    }

    @Test func whoStoodUnderTheBoomAtTheStartIsNotForced() {
        var bench = Bench(active: [.up, .safety])
        bench.reads(.safety, false)
        #expect(!bench.notes.contains { if case .forced = $0 { true } else { false } })
    }

    @Test func aVehicleFromTheFarSideIsToldApart() {
        var bench = Bench()
        bench.open()
        bench.reads(.safety, true)
        #expect(bench.notes.contains(.sighted(.entered(.far))))
        bench.reads(.approach, true)
        #expect(!bench.notes.contains(.sighted(.arrived)))
    }

    @Test func whoComesLongAfterAnotherLeftTheLoopIsFromTheFarSide() {
        var bench = Bench()
        bench.reads(.approach, true)
        bench.open()
        bench.reads(.approach, false)
        bench.wait(.seconds(11))
        bench.reads(.safety, true)
        #expect(bench.notes.contains(.sighted(.entered(.far))))
    }

    @Test func aPersonInTheBeamIsNotAVehicle() {
        var bench = Bench()
        bench.open()
        bench.reads(.photocell, true)
        bench.reads(.photocell, false)
        bench.driveThrough()
        #expect(!bench.notes.contains { if case .followed = $0 { true } else { false } })
        bench.wait(.milliseconds(1500))
        #expect(bench.asserts(.lower).count == 1)
    }

    @Test func aBoomMovedWithoutACommandIsTold() {
        var bench = Bench()
        bench.reads(.down, false)
        #expect(bench.notes == [.movedUncommanded])
        #expect(bench.asserts(.raise).isEmpty && bench.asserts(.lower).isEmpty)
    }

    @Test func aSensorActiveForTooLongIsStuckUntilItClears() {
        var bench = Bench()
        bench.reads(.safety, true)
        bench.wait(.seconds(599))
        #expect(bench.barrier.faults.isEmpty)
        bench.wait(.seconds(1))
        #expect(bench.barrier.faults == [.stuck(.safety)])
        #expect(!bench.barrier.acceptsPolicy)
        bench.reads(.safety, false)
        #expect(bench.notes.contains(.recovered(.stuck(.safety))))
        #expect(bench.barrier.state == .resting(.down))
    }

    @Test(arguments: BarrierSensor.allCases)
    func aFailedSensorTakesTheLaneFromThePolicyAndNothingMovesWhenItIsBack(sensor: BarrierSensor) {
        var bench = Bench()
        bench.open()
        bench.give(.sensorFailed(sensor))
        #expect(!bench.barrier.acceptsPolicy)
        bench.wait(.seconds(100))
        bench.reads(sensor, sensor == .up)
        bench.wait(.seconds(100))
        #expect(bench.barrier.state == .resting(.up))
        #expect(bench.asserts(.lower).isEmpty)
        #expect(bench.barrier.acceptsPolicy)
    }
}
