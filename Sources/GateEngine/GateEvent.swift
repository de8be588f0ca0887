import GateConfiguration
import GateTypes

/// Everything that can happen to a gate; adapters turn the world into these.
package enum GateEvent: Hashable, Sendable {
    /// A settled change of an input: `active` is occupied, alarm, pressed, or end reached.
    case input(LineName, active: Bool)
    /// The line cannot be trusted (chip gone, flapping, edges lost); it reads as active meanwhile.
    case inputFailed(LineName, reason: String)
    case inputRecovered(LineName, active: Bool)
    /// An output refused or lost; the adapter has driven it to rest as far as it could.
    case outputFailed(LineName, reason: String)
    case plates(PlateObservation)
    /// A reader at a turnstile or a door tells a badge.
    case badge(BadgeReading)
    /// The face camera of a turnstile sees so many people in the passage.
    case people(LaneName, count: Int)
    /// What one frame of a face camera shows.
    case faces(FaceObservation)
    /// Whose face may be used from now on; everybody else's may not.
    case consents([ConsentNotice])
    /// Who has templates in the eyes' gallery.
    case enrolled(Set<String>)
    /// The eyes, or one camera of theirs, see or do not.
    case camera(CameraName, CameraHealth)
    case stored(IntentNumber)
    case storageFailed(IntentNumber, reason: String)
    case command(OperatorCommand)
    /// The eyes tell what became of an order to keep a picture.
    case pictured(PictureReport)
    case picturesErased(PictureErasure)
    /// Why the eyes can keep no pictures; nil when they can again.
    case pictureTrouble(String?)
    case journalDisk(isFull: Bool)
    /// Time has passed; sent at `nextDeadline` or later.
    case tick
}

/// One badge as a reader tells it.
package struct BadgeReading: Hashable, Sendable {
    package typealias Side = ReaderConfig.Side

    package let lane: LaneName
    package let side: Side
    /// The number in decimal, or a code such as `code:4711`.
    package let badge: String
    /// When the last bit came, by the kernel.
    package let readTime: Instant
    package let isSimulated: Bool
    /// Who hears the answer; nil when no reader has lamp or beeper for it.
    package let reader: ReaderName?

    package init(
        lane: LaneName, side: Side, badge: String, readTime: Instant, isSimulated: Bool = false,
        reader: ReaderName? = nil
    ) {
        self.reader = reader
        self.lane = lane
        self.side = side
        self.badge = badge
        self.readTime = readTime
        self.isSimulated = isSimulated
    }
}

/// Whether a camera gives anything to read.
package enum CameraHealth: Hashable, Sendable {
    case seeing
    case blind(reason: String)
}

/// A named person's wish, checked for their right to it by the control socket.
package struct OperatorCommand: Hashable, Sendable {
    package enum Wish: Hashable, Sendable {
        case open(LaneName)
        case close(LaneName)
        case clearFault(LaneName)
        case emergencyRelease
        case emergencyReset
        case lockdown
        case endLockdown
    }

    package let wish: Wish
    /// Who asks, as the record names them; a shared account is recorded as unidentified.
    package let operatorName: String

    package init(_ wish: Wish, by operatorName: String) {
        self.wish = wish
        self.operatorName = operatorName
    }
}

/// What the runtime has to carry out, in order.
package enum GateAction: Hashable, Sendable {
    /// Energise or de-energise away from rest; the line returns to rest by itself after the limit.
    case assert(LineName, atMost: Duration)
    case rest(LineName)
    /// Write durably, then answer with `stored` or `storageFailed` of the same number.
    case store(IntentNumber, EntryDraft)
    /// Write when convenient.
    case record(EntryDraft)
    /// Keep over restarts, before anything else is written.
    case keep(StandingState)
    /// How hard the eyes should look at a lane.
    case look(CameraName, Attention)
    /// Keep this frame as the picture of its passage; a later order of the same name replaces it.
    case keepPicture(PictureOrder)
    case erasePictures(before: WallTime)
    /// The disk of decisions is full: the oldest pictures go, if they lie on it.
    case makeRoom
    /// What driver and guard are told.
    case tell(LaneName, Notice)
    /// What lamp and beeper of a reader tell.
    case signal(ReaderName, ReaderSignal)
    case raiseAlarm(LaneName?, code: String, text: String)
    case clearAlarm(LaneName?, code: String)
}

/// How often a camera's frames are read.
package enum Attention: String, Hashable, Sendable, Codable {
    /// Not at all: a face camera that waits for a badge.
    case off
    /// Nobody waits: look for change only, at most a few readings a second.
    case idle
    /// A vehicle waits: every frame.
    case waiting
}

/// A notice for display and live view; the texts stand in one table, by language.
package enum Notice: String, Hashable, Sendable, Codable, CaseIterable {
    case welcome, refused, ambiguous, denied, unreadable, tooLate, askGuard, storageFailed
    case opening, closing, fault, emergency, ready
    /// What a person before a face camera can do.
    case showYourFace, oneAtATime, turnLeft, turnRight
    case stepCloser, lookAtTheCamera, tooDark, tooBright, holdStill, uncoverTheFace
    /// Too many wrong badges or codes: the reader looks at nothing for a while.
    case paused
    /// Another barrier has the narrow road.
    case roadBusy = "road_busy"
    /// The site is closed to all but some groups.
    case lockdown
}
