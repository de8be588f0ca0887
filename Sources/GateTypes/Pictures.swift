/// The name of the picture kept of one passage; from it alone follows where its files lie.
///
/// It holds numbers only, so that whoever names a picture can name nothing outside its folder.
package struct PictureName: Hashable, Comparable, Sendable, Codable {
    /// Arrivals from 1970 to 9999 have a name.
    private static let millisecondsLargest: Int64 = 253_402_300_799_999

    package let arrival: WallTime
    /// Numbers start again with each start of the controller; with the arrival they are unique.
    package let passage: UInt64

    package init(arrival: WallTime, passage: UInt64) {
        self.arrival = WallTime(
            milliseconds: min(max(arrival.milliseconds, 0), Self.millisecondsLargest))
        self.passage = passage
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            arrival: try values.decode(WallTime.self, forKey: .arrival),
            passage: try values.decode(UInt64.self, forKey: .passage))
    }

    package static func < (a: Self, b: Self) -> Bool {
        (a.arrival, a.passage) < (b.arrival, b.passage)
    }

    /// The folder of its day, in UTC: `2026-11-26`.
    package var folder: String { CivilDate.text(ofDay: arrival.milliseconds / 86_400_000) }

    /// Its place among the pictures of the day: `231120.123-17` for passage 17 at 23:11:20.123 UTC.
    package var stem: String {
        let time = arrival.milliseconds % 86_400_000
        let (hour, minute) = (time / 3_600_000, time / 60_000 % 60)
        let clock = [hour, minute, time / 1000 % 60].map { CivilDate.padded($0, 2) }.joined()
        return "\(clock).\(CivilDate.padded(time % 1000, 3))-\(passage)"
    }

    /// As the record names it: `2026-11-26/231120.123-17`.
    package var text: String { "\(folder)/\(stem)" }

    /// Reads what `text` writes, and nothing else.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        self.init(folder: parts[0], stem: parts[1])
    }

    /// Reads what `folder` and `stem` write, and nothing else.
    package init?(folder: some StringProtocol, stem: some StringProtocol) {
        let parts = stem.split(separator: "-", omittingEmptySubsequences: false)
        let clock = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, clock.count == 2, let day = CivilDate.day(of: folder),
            let passage = UInt64(parts[1]), let number = Int64(clock[0]),
            let milliseconds = Int64(clock[1])
        else { return nil }
        let seconds = number / 10_000 * 3600 + number / 100 % 100 * 60 + number % 100
        self.init(
            arrival: WallTime(milliseconds: (day * 86_400 + seconds) * 1000 + milliseconds),
            passage: passage)
        guard self.folder == folder, self.stem == stem else { return nil }
    }
}

/// Which frame is to be kept as the picture of a passage.
package struct PictureOrder: Hashable, Sendable, Codable {
    package var name: PictureName
    package var camera: CameraName
    /// Of the observation that the frame gave; cameras count anew when they are reopened.
    package var sequence: UInt64
    package var frameTime: Instant
    /// Where the plate is, in pixels of the frame; nil when none was found.
    package var plate: Quadrilateral?

    package init(
        name: PictureName, camera: CameraName, sequence: UInt64, frameTime: Instant,
        plate: Quadrilateral? = nil
    ) {
        self.name = name
        self.camera = camera
        self.sequence = sequence
        self.frameTime = frameTime
        self.plate = plate
    }
}

/// What became of one order to keep a picture.
package struct PictureReport: Hashable, Sendable, Codable {
    package enum Outcome: Hashable, Sendable, Codable {
        /// Hashes are SHA-256 of the files, 64 hexadecimal digits.
        case kept(sceneHash: String, plateHash: String?, byteCount: Int)
        /// One sentence that says why there is none.
        case missing(reason: String)
    }

    package var name: PictureName
    package var outcome: Outcome

    package init(name: PictureName, outcome: Outcome) {
        self.name = name
        self.outcome = outcome
    }
}

/// Pictures that have been erased, for the record.
package struct PictureErasure: Hashable, Sendable, Codable {
    package enum Reason: String, Hashable, Sendable, Codable {
        /// Older than they are to be kept.
        case expiry
        /// Pictures go first when a disk fills.
        case diskFull = "disk_full"
        /// There were more than the store may hold.
        case limit
        /// Somebody asked that what is kept of a plate be erased.
        case request
    }

    package var reason: Reason
    package var count: Int
    package var byteCount: Int64
    /// The newest of those that went.
    package var newest: PictureName

    package init(reason: Reason, count: Int, byteCount: Int64, newest: PictureName) {
        self.reason = reason
        self.count = count
        self.byteCount = byteCount
        self.newest = newest
    }
}
