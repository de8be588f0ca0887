import Glibc
import Imaging
import Synchronization
import VideoCapture

// camera-probe DEVICE WIDTHxHEIGHT RATE FORMAT [CONTROL=VALUE...]
//
// Captures as the eyes do until SIGTERM, and prints what a camera tells, each second's counts, and at
// the end a summary. The hardware tests judge its lines; it is no part of the product.

let isEnding = Atomic(false)
signal(SIGTERM) { _ in isEnding.store(true, ordering: .relaxed) }

/// Seconds of the monotonic clock, for the transcript.
func uptime() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

let start = uptime()

func say(_ text: String) {
    let tenths = Int(((uptime() - start) * 10).rounded())
    print("\(tenths / 10).\(tenths % 10)s \(text)")
    fflush(nil)
}

func describe(_ event: CameraEvent) -> String {
    switch event {
    case .opened(let mode, let differences):
        "opened \(mode)" + (differences.isEmpty ? "" : "; " + differences.joined(separator: ", "))
    case .controlRefused(let name, let reason): "control \(name) refused: \(reason)"
    case .failed(let fault): "failed (\(fault.kind.rawValue)) \(fault)"
    case .recovered(let after, let attempts):
        "recovered after \(after.components.seconds) s and \(attempts) attempts"
    }
}

let words = Array(CommandLine.arguments.dropFirst())
let numbers = words.count > 1 ? words[1].split(separator: "x").compactMap { Int($0) } : []
guard words.count >= 4, numbers.count == 2, let rate = Double(words[2]),
    let format = PixelFormat(rawValue: words[3])
else {
    print("camera-probe DEVICE WIDTHxHEIGHT RATE FORMAT [CONTROL=VALUE...]")
    exit(64)
}
var controls: [String: Int64] = [:]
for word in words.dropFirst(4) {
    let parts = word.split(separator: "=")
    if parts.count == 2, let value = Int64(parts[1]) { controls[String(parts[0])] = value }
}
let settings = CameraSettings(
    size: PixelSize(width: numbers[0], height: numbers[1]), rate: rate, format: format,
    controls: controls)

/// The oldest frame at its arrival here, and how many there were.
let taken = Mutex((count: 0, oldestMilliseconds: 0.0, driverTimes: 0))
let events = Mutex(0)

do {
    let make = words[0].hasPrefix("/dev/") ? CapturingCamera.device : CapturingCamera.replay
    let camera = try make(
        "probe", words[0], settings, {},
        { event in
            events.withLock { $0 += 1 }
            say(describe(event))
        })
    try camera.start()
    var before = CameraHealth()
    var busy = clock()
    var second = 0.0
    while !isEnding.load(ordering: .relaxed) {
        second = max(second + 1, uptime() - start)
        // A reader that looks every 20 ms and decodes what it takes.
        while uptime() < start + second && !isEnding.load(ordering: .relaxed) {
            usleep(20_000)
            guard let frame = camera.takeFrame() else { continue }
            let age = uptime() * 1000 - Double(frame.captured.nanoseconds) / 1e6
            taken.withLock {
                $0.count += 1
                $0.oldestMilliseconds = max($0.oldestMilliseconds, age)
                $0.driverTimes += frame.isDriverTime ? 1 : 0
            }
            do {
                let gray = try frame.picture.gray(scale: .quarter)
                if gray.warningCount > 0 { say("a damaged picture got through") }
            } catch {
                say("a picture that cannot be decoded got through: \(error)")
            }
        }
        let now = camera.health
        let processor = Double(clock() - busy) / Double(CLOCKS_PER_SEC)
        busy = clock()
        say(
            "frames \(now.frameCount - before.frameCount) corrupt"
                + " \(now.corruptCount - before.corruptCount) lost"
                + " \(now.lostCount - before.lostCount) reopenings \(now.reopeningCount)"
                + " processor \(Int(processor * 100)) %")
        before = now
    }
    camera.stop()
    let end = camera.health
    let (count, oldest, driverTimes) = taken.withLock { $0 }
    say(
        "summary frames \(end.frameCount) taken \(count) replaced \(end.replacedCount) corrupt"
            + " \(end.corruptCount) lost \(end.lostCount) reopenings \(end.reopeningCount) events"
            + " \(events.withLock { $0 }) driver-times \(driverTimes) oldest \(Int(oldest)) ms")
} catch {
    say("error: \(error)")
    exit(1)
}
