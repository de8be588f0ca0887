import GateTypes
import Imaging

/// What has changed before each of some cameras since it was last read.
struct ChangeWatch {
    private var changes: [CameraName: ChangeDetector] = [:]

    /// True when a lane at rest has something new to show; the frame is taken for read then.
    mutating func isWorthReading(_ frame: PictureFrame) throws(ImageError) -> Bool {
        let small = try frame.picture.gray(scale: .eighth).image
        return changes[frame.camera, default: ChangeDetector()]
            .isWorthReading(small, at: frame.time)
    }
}

/// Tells whether anything has changed before a camera, so that an empty lane costs hardly anything.
///
/// Compared are block means of the small gray picture with those of the last picture that was
/// read, so that a slow change adds up until it counts.
struct ChangeDetector {
    /// Side of a block in pixels of the reduced picture.
    private static let block = 8
    /// Grey levels that a block must differ by; noise of a block's mean stays far below.
    private static let levels = 10
    /// After a change every frame counts for this long: what came into view may not be readable yet.
    private static let attentive = Duration.seconds(3)
    /// A picture is read at least this often, for a change too faint to be seen.
    private static let longest = Duration.seconds(2)

    private var reference: [Int] = []
    private var lastChange: Instant?
    private var lastRead: Instant?

    /// True when the picture is worth reading; it is taken for read then.
    mutating func isWorthReading(_ picture: GrayImage, at now: Instant) -> Bool {
        let means = Self.means(of: picture)
        if Self.differs(means, reference) { lastChange = now }
        let isAttentive = lastChange.map { now - $0 < Self.attentive } ?? false
        let isDue = lastRead.map { now - $0 >= Self.longest } ?? true
        guard isAttentive || isDue else { return false }
        taken(means, at: now)
        return true
    }

    private mutating func taken(_ means: [Int], at now: Instant) {
        reference = means
        lastRead = now
    }

    private static func differs(_ means: [Int], _ reference: [Int]) -> Bool {
        // The camera's automatic exposure moves all blocks alike; that is no vehicle.
        guard means.count == reference.count, !means.isEmpty else { return true }
        let differences = zip(means, reference).map { $0 - $1 }
        let shift = differences.sorted()[differences.count / 2]
        return differences.contains { abs($0 - shift) > levels }
    }

    private static func means(of picture: GrayImage) -> [Int] {
        let (columns, rows) = (picture.width / block, picture.height / block)
        guard columns > 0, rows > 0 else { return [] }
        var sums = [Int](repeating: 0, count: columns * rows)
        unsafe picture.pixels.withUnsafeBufferPointer { pixels in
            for y in 0..<(rows * block) {
                let line = y * picture.width
                let row = y / block * columns
                for x in 0..<(columns * block) {
                    unsafe sums[row + x / block] += Int(pixels[line + x])
                }
            }
        }
        return sums.map { $0 / (block * block) }
    }
}
