import EventLoop
import GateTypes
import Imaging
import Testing
import VideoCapture

private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

private func fault(_ kind: CameraFault.Kind) -> CameraFault {
    CameraFault(kind, device: "/dev/video9", problem: "it fails", remedy: "mend it")
}

@Suite struct CaptureWatchTests {
    @Test func theSameFaultIsToldOnceAndAnotherAgain() {
        var watch = CaptureWatch()
        #expect(watch.failed(fault(.gone), at: at(0)).1 == .failed(fault(.gone)))
        for second in 1..<100 {
            #expect(watch.failed(fault(.gone), at: at(Int64(second) * 1000)).1 == nil)
        }
        #expect(watch.failed(fault(.absent), at: at(200_000)).1 == .failed(fault(.absent)))
        #expect(watch.failed(fault(.absent), at: at(201_000)).1 == nil)
    }

    @Test func pausesGrowToTheirLimitAndStartAnewAfterRecovery() {
        var watch = CaptureWatch()
        let pauses = (0..<9).map { watch.failed(fault(.io), at: at($0 * 1000)).0 }
        #expect(pauses.first == .milliseconds(250))
        #expect(pauses == pauses.sorted())
        #expect(pauses.last == .seconds(5))
        watch.opened(at: at(20_000))
        #expect(watch.frame(at: at(20_100)) == nil)
        #expect(
            watch.frame(at: at(21_100)) == .recovered(after: .milliseconds(21_100), attempts: 9))
        #expect(watch.frame(at: at(22_200)) == nil)
        #expect(watch.failed(fault(.io), at: at(30_000)).0 == .milliseconds(250))
    }

    @Test func aCameraThatDiesAfterEachFrameDoesNotCountAsRecovered() {
        var watch = CaptureWatch()
        var told = 0
        for attempt in 0..<50 {
            let start = Int64(attempt) * 1000
            watch.opened(at: at(start))
            if watch.frame(at: at(start + 10)) != nil { told += 1 }
            if watch.failed(fault(.gone), at: at(start + 20)).1 != nil { told += 1 }
        }
        #expect(told == 1)
    }

    @Test func aFaultAfterTheWordThatItDeliversIsToldAgain() {
        var watch = CaptureWatch()
        _ = watch.failed(fault(.gone), at: at(0))
        watch.opened(at: at(1000))
        _ = watch.frame(at: at(1010))
        watch.forgetTold()
        #expect(watch.failed(fault(.gone), at: at(1020)).1 == .failed(fault(.gone)))
        #expect(watch.failed(fault(.gone), at: at(2020)).1 == nil)
    }

    @Test func silenceIsAStallAfterItsLimitOnly() {
        var watch = CaptureWatch()
        #expect(watch.deadline == nil)
        #expect(watch.check(at: at(99_000), device: "d") == nil)
        watch.opened(at: at(0))
        #expect(watch.check(at: at(4_999), device: "d") == nil)
        #expect(watch.check(at: at(5_000), device: "d")?.kind == .stalled)
        _ = watch.frame(at: at(5_100))
        #expect(watch.deadline == at(7_100))
        #expect(watch.check(at: at(7_099), device: "d") == nil)
        #expect(watch.check(at: at(7_100), device: "d")?.kind == .stalled)
    }

    @Test func aStreamOfDamagedFramesIsAFaultOfItsOwn() {
        var watch = CaptureWatch()
        watch.opened(at: at(0))
        _ = watch.frame(at: at(100))
        for _ in 0..<40 { watch.corrupt() }
        #expect(watch.check(at: at(2_000), device: "d") == nil)
        let found = watch.check(at: at(2_100), device: "d")
        #expect(found?.kind == .corrupt)
        #expect(found?.problem == "40 damaged frames in a row")
        _ = watch.frame(at: at(2_200))
        #expect(watch.check(at: at(4_200), device: "d")?.kind == .stalled)
    }

    @Test func aReaderThatHoldsAllBuffersIsNotTheCamerasFault() {
        var watch = CaptureWatch()
        watch.opened(at: at(0))
        for second in 1..<60 {
            watch.starved(at: at(Int64(second) * 1000))
            #expect(watch.check(at: at(Int64(second) * 1000 + 999), device: "d") == nil)
        }
    }
}

@Suite struct JPEGFrameTests {
    private let frame: [UInt8] = [0xFF, 0xD8, 1, 2, 3, 4, 0xFF, 0xD9]

    @Test func zerosAndPaddingBehindTheEndAreLeftOut() {
        #expect(JPEGFrame.length(frame.span) == 8)
        #expect(JPEGFrame.length((frame + [UInt8](repeating: 0, count: 4000)).span) == 8)
        #expect(JPEGFrame.length((frame + [7, 7, 7, 0, 0]).span) == 8)
    }

    @Test func tornFramesHaveNoLength() {
        for count in 0..<frame.count {
            #expect(JPEGFrame.length(Array(frame.prefix(count)).span) == nil, "\(count)")
        }
        #expect(JPEGFrame.length([UInt8](repeating: 0, count: 64).span) == nil)
        #expect(JPEGFrame.length(Array(frame.dropFirst()).span) == nil)
    }
}

@Suite struct ModeTests {
    @Test func whatDiffersFromTheSettingsIsTold() {
        let wanted = CameraSettings(
            size: .init(width: 1920, height: 1080), rate: 25, format: .jpeg)
        let given = CameraMode(
            size: .init(width: 1280, height: 720), rate: 12.5, format: .yuyv, native: "YUYV",
            device: "vivid")
        #expect(
            given.differences(from: wanted) == [
                "size 1280x720 instead of 1920x1080", "format YUYV instead of jpeg",
                "rate 12.5/s instead of 25.0/s",
            ])
        let same = CameraMode(
            size: wanted.size, rate: nil, format: .jpeg, native: "MJPG", device: "usb")
        #expect(same.differences(from: wanted).isEmpty)
    }
}
