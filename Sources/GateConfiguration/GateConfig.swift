import GateTypes

/// The whole configuration of a site, valid by construction of the reader in this module.
package struct GateConfig: Hashable, Sendable {
    package var site: Site
    package var chips: [String: Chip] = [:]
    package var cameras: [CameraName: CameraConfig] = [:]
    package var inputs: [LineName: InputConfig] = [:]
    package var outputs: [LineName: OutputConfig] = [:]
    package var pulses: [LineName: PulseInputConfig] = [:]
    package var readers: [ReaderName: ReaderConfig] = [:]
    package var lanes: [LaneName: BarrierConfig] = [:]
    package var turnstiles: [LaneName: TurnstileConfig] = [:]
    package var doors: [LaneName: DoorConfig] = [:]
    /// Turnstiles and doors with face cameras.
    package var faces: [LaneName: FaceLaneConfig] = [:]
    package var models = ModelsConfig()
    /// Normally-closed fire alarm input; nil when the site has none.
    package var fire: LineName?
    package var lockdown: LockdownConfig?
    /// Buttons of the guard's desk by their inputs.
    package var desk: [LineName: DeskWish] = [:]
    /// Toggled by the runtime while the loop turns; nil with simulated lines, or with a reason.
    package var heartbeat: LineName?
    package var storage = StorageConfig()
    package var control = ControlConfig()
    package var policy = PolicyConfig()
    package var roster = Roster()

    package init(site: Site) { self.site = site }

    /// Lanes of every kind.
    package var laneNames: Set<LaneName> {
        Set(lanes.keys).union(turnstiles.keys).union(doors.keys)
    }
}

/// Name, clock and language of the site.
package struct Site: Hashable, Sendable {
    package enum Language: String, Hashable, Sendable, CaseIterable { case zh, en }

    package var name: String
    package var timeZone: TimeZoneTable
    package var language: Language

    package init(name: String, timeZone: TimeZoneTable, language: Language = .en) {
        self.name = name
        self.timeZone = timeZone
        self.language = language
    }
}

/// A time zone as its table of transitions, so that the core needs no clock library.
package struct TimeZoneTable: Hashable, Sendable {
    package struct Transition: Hashable, Sendable {
        /// From this second since 1970 (UTC) on ...
        package let fromSeconds: Int64
        /// ... local time is UTC plus this many seconds.
        package let offsetSeconds: Int64

        package init(fromSeconds: Int64, offsetSeconds: Int64) {
            self.fromSeconds = fromSeconds
            self.offsetSeconds = offsetSeconds
        }
    }

    package let name: String
    /// In ascending order; before the first, its offset holds too.
    package let transitions: [Transition]

    package init(name: String, transitions: [Transition]) {
        self.name = name
        self.transitions = transitions
    }
}

/// A GPIO chip, or the simulation in its place.
package struct Chip: Hashable, Sendable {
    package enum Backing: Hashable, Sendable {
        /// A character device such as /dev/gpiochip0, or a chip's label.
        case device(path: String)
        /// Lines of the built-in physical model; only `gatectl demo` and tests use it.
        case simulated
    }

    package var backing: Backing
    /// The processor's own lines: exact edge times. Expanders stamp late.
    package var isNative: Bool

    package init(backing: Backing, isNative: Bool) {
        self.backing = backing
        self.isNative = isNative
    }
}

/// Where a line is found: by offset, or by the name that the kernel gives it.
package enum LineAddress: Hashable, Sendable {
    case offset(UInt32)
    case name(String)
}

/// One input line.
package struct InputConfig: Hashable, Sendable {
    package enum Contact: Hashable, Sendable { case normallyClosed, normallyOpen }
    package enum Bias: String, Hashable, Sendable, CaseIterable {
        case asIs = "as-is", up, down, off
    }

    package var chip: String
    package var address: LineAddress
    package var contact: Contact
    package var isActiveLow = false
    package var bias = Bias.asIs
    /// Occupied acts after this; at most 20 ms.
    package var activeAfter = Duration.milliseconds(10)
    /// Clear acts only after it has held this long.
    package var clearAfter = Duration.milliseconds(300)
    /// Why a safety input that is not normally-closed is accepted all the same.
    package var unsupervisedReason: String?

    package init(chip: String, address: LineAddress, contact: Contact) {
        self.chip = chip
        self.address = address
        self.contact = contact
    }
}

/// One output line.
package struct OutputConfig: Hashable, Sendable {
    package enum Rest: String, Hashable, Sendable, CaseIterable {
        case energised, deEnergised = "de-energised"
    }
    /// What the loss of this output means for the passage.
    package enum Failure: String, Hashable, Sendable, CaseIterable { case released, secured }

    package var chip: String
    package var address: LineAddress
    package var isActiveLow = false
    package var rest: Rest
    /// Longest assertion; the output returns to rest after it whoever calls.
    package var longest: Duration
    package var failure: Failure
    /// An input that is active while the relay is energised, by an auxiliary contact of it.
    package var feedback: LineName?

    package init(
        chip: String, address: LineAddress, rest: Rest, longest: Duration, failure: Failure
    ) {
        self.chip = chip
        self.address = address
        self.rest = rest
        self.longest = longest
        self.failure = failure
    }
}

/// One camera and the part of its picture that counts.
package struct CameraConfig: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        case device(path: String)
        /// A folder or a list of JPEG files, played in order of their names, again and again.
        case replay(path: String)
        /// Frames told by the simulation, e.g. the demo's scene player.
        case scene
    }
    package enum Format: String, Hashable, Sendable, CaseIterable { case mjpeg, yuyv, nv12, grey }

    package var source: Source
    package var width: Int
    package var height: Int
    /// Frames a second.
    package var rate: Double
    package var format: Format
    /// Corners of the region in fractions of width and height; empty means the whole picture.
    package var region: [PixelPoint] = []
    /// V4L2 controls by name, set again after every reopening.
    package var controls: [String: Int64] = [:]
    /// Narrowest plate that opens a passage where there is no loop, in pixels.
    package var narrowestPlatePixels = 80.0

    package init(source: Source, width: Int, height: Int, rate: Double, format: Format) {
        self.source = source
        self.width = width
        self.height = height
        self.rate = rate
        self.format = format
    }
}

/// One vehicle lane with a boom barrier.
package struct BarrierConfig: Hashable, Sendable {
    package enum Direction: String, Hashable, Sendable, CaseIterable { case `in`, out, both }
    package enum StorageFailure: String, Hashable, Sendable, CaseIterable { case refuse, open }
    package enum Fallback: String, Hashable, Sendable, CaseIterable { case `guard` }

    package struct Outputs: Hashable, Sendable {
        package var raise: LineName
        /// Without it the wiring is single-pulse: each pulse of `raise` moves the boom on, and its own
        /// controller lowers it, never Gatehouse; both limit switches are there then.
        package var lower: LineName?
        package var stop: LineName?
        package var lamp: LineName?

        package init(
            raise: LineName, lower: LineName? = nil, stop: LineName? = nil, lamp: LineName? = nil
        ) {
            self.raise = raise
            self.lower = lower
            self.stop = stop
            self.lamp = lamp
        }
    }

    package struct Inputs: Hashable, Sendable {
        package var approach: LineName?
        package var safety: LineName
        package var photocell: LineName?
        package var up: LineName?
        package var down: LineName?
        /// Active when the boom has been knocked off its arm.
        package var detached: LineName?
        /// A button beside the boom with which the guard opens.
        package var button: LineName?

        package init(
            approach: LineName? = nil, safety: LineName, photocell: LineName? = nil,
            up: LineName? = nil, down: LineName? = nil, detached: LineName? = nil,
            button: LineName? = nil
        ) {
            self.detached = detached
            self.button = button
            self.approach = approach
            self.safety = safety
            self.photocell = photocell
            self.up = up
            self.down = down
        }
    }

    package struct Timing: Hashable, Sendable {
        /// An opening later than this after the frame it rests on is dropped; fallback after arrival.
        package var deadline = Duration.seconds(1)
        /// Between raise and lower, both ways.
        package var deadTime = Duration.milliseconds(200)
        /// Safety loop and photocell clear for this long before the boom goes down.
        package var clearance = Duration.milliseconds(1500)
        /// Longest run of the motor from end to end.
        package var motor = Duration.seconds(8)
        /// A vehicle let in that never drives: the boom closes again (if clear) after this.
        package var waitForPassage = Duration.seconds(30)
        /// A passage ends after this whatever the loop says.
        package var passageTimeout = Duration.seconds(120)
        /// A safety input active for longer than this without a passage is stuck.
        package var stuck = Duration.seconds(600)
        /// Storage that has not answered within this counts as failed for this opening.
        package var storage = Duration.milliseconds(50)

        package init() {}
    }

    package var direction: Direction
    package var camera: CameraName?
    package var outputs: Outputs
    package var inputs: Inputs
    package var timing = Timing()
    package var onStorageFailure = StorageFailure.refuse
    package var fallback = Fallback.guard
    /// Why this lane does not open on fire; nil (the default) means that it opens.
    package var emergencyExemption: String?
    /// A narrow road that several barriers lead onto: policy opens one of them at a time.
    package var interlock: String?
    /// Largest share of unlisted vehicles that may be taken for a listed one.
    package var falseAcceptRate = 2e-4

    package init(direction: Direction, camera: CameraName?, outputs: Outputs, inputs: Inputs) {
        self.direction = direction
        self.camera = camera
        self.outputs = outputs
        self.inputs = inputs
    }
}

/// Where state lives and for how long.
package struct StorageConfig: Hashable, Sendable {
    package var stateDirectory = "/var/lib/gatehouse"
    package var runtimeDirectory = "/run/gatehouse"
    package var passagesKept = Duration.seconds(90 * 86_400)
    package var picturesKept = Duration.seconds(30 * 86_400)

    package init() {}
}

/// Who may use the control socket, by Unix group.
package struct ControlConfig: Hashable, Sendable {
    package var viewers = "gatehouse"
    package var operators = "gatehouse-operators"

    package init() {}
}
