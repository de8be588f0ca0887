import GateTypes

/// The gate as `gatectl status` and `gatectl watch` show it.
package struct GateSnapshot: Hashable, Sendable, Codable {
    /// One lane with what guards look for.
    package struct Lane: Hashable, Sendable, Codable {
        package var name: LaneName
        package var direction: String
        /// The machine's state by its name in docs/barrier.md, docs/turnstile.md or docs/door.md.
        package var state: String
        package var isVehicleWaiting: Bool
        /// The newest notice, its code and its text in the site's language.
        package var notice: String
        package var text: String
        /// `up`, `down`, `rising`, `lowering`, `between` or `unknown`; of a turnstile or a door
        /// `locked`, `released` or `open`.
        package var boom: String
        /// Occupied inputs by their role: `approach`, `safety`, `photocell`, `outer`, `inner`,
        /// `presence`, `obstacle`.
        package var occupied: [String]
        package var camera: CameraName?
        /// Why the camera sees nothing; nil when it sees or the lane has none.
        package var blind: String?
        /// Decided on last, but nil from the arrival of the next vehicle until that one is decided on.
        package var lastPlate: Plate?
        /// Who has accepted that a face alone opens here, and why; nil where nobody had to.
        package var faceAlone: String?
        /// Whether liveness is judged there all the same; nil without `faceAlone`.
        package var judgesLiveness: Bool?
    }

    /// One plate that was decided on.
    package struct Plate: Hashable, Sendable, Codable {
        package var lane: LaneName
        package var text: String
        package var wall: WallTime
        package var isAdmitted: Bool
        /// The reason as the record has it.
        package var reason: String
    }

    /// One credential reader.
    package struct Reader: Hashable, Sendable, Codable {
        package var name: ReaderName
        package var lane: LaneName
        /// `outside`, `inside` or `gate`.
        package var side: String
        /// Badges and codes told since the start, and what was not believed.
        package var credentials: Int
        package var unreadable: Int
        /// What is wrong with its lines; nil when they work.
        package var trouble: String?
    }

    /// Spans of one kind, in milliseconds.
    package struct Latency: Hashable, Sendable, Codable {
        package var name: String
        package var count: Int
        package var p50: Double
        package var p95: Double
        package var p99: Double
        package var maximum: Double
    }

    /// A standing alarm.
    package struct Alarm: Hashable, Sendable, Codable {
        package var lane: LaneName?
        package var code: String
        package var text: String
        package var since: WallTime
    }

    /// The eyes as the controller knows them.
    package struct Eyes: Hashable, Sendable, Codable {
        package var isConnected: Bool
        package var program: String?
        package var framesSeen: UInt64
        package var framesRead: UInt64
        package var framesDropped: UInt64
        package var framesDamaged: UInt64
        package var malformedMessages: Int
    }

    package var site: String
    package var language: String
    package var program: String
    package var wall: WallTime
    package var upSeconds: Int64
    package var emergency: String?
    /// By whom the site was closed to all but some groups; nil when it is not.
    package var lockdown: String?
    /// Why nothing can be journalled; nil while the journal works.
    package var storageProblem: String?
    package var journalHead: Int64?
    package var eyes: Eyes
    package var lanes: [Lane]
    package var readers: [Reader]
    package var alarms: [Alarm]
    /// Newest first.
    package var plates: [Plate]
    package var latencies: [Latency]
    package var counts: [String: Int]
    /// Longest turn of the event loop, in milliseconds.
    package var turnMaximum: Double
}

/// One thing that happened, as `gatectl watch` prints it.
package struct GateHappening: Hashable, Sendable, Codable {
    package var wall: WallTime
    package var lane: LaneName?
    /// The kind of the journal entry, `notice` or `alarm`.
    package var kind: String
    package var text: String

    package init(wall: WallTime, lane: LaneName?, kind: String, text: String) {
        self.wall = wall
        self.lane = lane
        self.kind = kind
        self.text = text
    }
}
