import GateEngine
import GateTypes

/// The protocol's version; ends that differ refuse each other with a clear reason.
package let linkVersion = 4

/// What the controller tells the eyes.
package enum EyesOrder: Hashable, Sendable, Codable {
    /// The first message.
    case greet(version: Int)
    /// All cameras from now on; cameras that are not listed are let go.
    case cameras([CameraOrder])
    case attention(camera: CameraName, Attention)
    /// Keep this frame; answered by `picture`.
    case keepPicture(PictureOrder)
    /// Erase what is older; answered by `picturesErased` when anything went.
    case erasePictures(before: WallTime)
    /// An erasure has been taken into the record, and need not be told again.
    case erasureTaken(PictureErasure)
    /// Erase the oldest pictures while their disk is nearly full.
    case makeRoom
    /// Whose face may be looked for from now on: nobody else is compared with.
    case people([ConsentNotice])
    /// Compare the faces of this camera with this person, too, however far they are; nil: no more.
    case expect(camera: CameraName, person: String?)
    /// Destroy everything of these people: keys, templates, what is in memory; answered by
    /// `forgotten`.
    case forget([String])
}

/// One camera that the eyes are to watch.
package struct CameraOrder: Hashable, Sendable, Codable {
    /// Where its frames come from.
    package enum Source: Hashable, Sendable, Codable {
        case device(path: String)
        case replay(path: String)
        case scene
    }

    package var name: CameraName
    package var source: Source
    package var widthPixels: Int
    package var heightPixels: Int
    /// Frames a second.
    package var rate: Double
    /// `mjpeg`, `yuyv`, `nv12` or `grey`.
    package var format: String
    /// Corners in fractions of width and height; empty means the whole picture.
    package var region: [PixelPoint]
    package var controls: [String: Int64]
    package var narrowestPlatePixels: Double
    /// What to look for in place of plates; nil is plates.
    package var faces: FaceOrder?

    package init(
        name: CameraName, source: Source, widthPixels: Int, heightPixels: Int, rate: Double,
        format: String, region: [PixelPoint] = [], controls: [String: Int64] = [:],
        narrowestPlatePixels: Double = 80, faces: FaceOrder? = nil
    ) {
        self.name = name
        self.source = source
        self.widthPixels = widthPixels
        self.heightPixels = heightPixels
        self.rate = rate
        self.format = format
        self.region = region
        self.controls = controls
        self.narrowestPlatePixels = narrowestPlatePixels
        self.faces = faces
    }
}

/// What a camera's faces are for.
package struct FaceOrder: Hashable, Sendable, Codable {
    package enum Role: Hashable, Sendable, Codable {
        /// Recognises; a paired camera beside it judges liveness.
        case recognise(infrared: CameraName?)
        /// Sees the same place in infrared light; recognises nobody.
        case infrared
    }

    package var role: Role
    /// Narrower faces are nobody's.
    package var smallestPixels: Double
    /// The site's own networks; nil are those that came with Gatehouse.
    package var networks: String?
    package var embedder: String?
    /// The rate at which figures must bear a face alone; nil does not ask.
    package var provenRate: Double?
    /// Faces whose mouth is covered are compared, and told to be so.
    package var comparesCovered = false

    package init(role: Role, smallestPixels: Double) {
        self.role = role
        self.smallestPixels = smallestPixels
    }
}

/// What the eyes tell the controller.
package enum EyesReport: Hashable, Sendable, Codable {
    /// The first message; `program` is the eyes' version.
    case greet(version: Int, program: String)
    case observation(PlateObservation, stages: [StageTime])
    /// What a face camera saw; no picture and no template leaves the eyes.
    case faces(FaceObservation, stages: [StageTime])
    /// Everybody who has templates of the embedder in use.
    case enrolled([String])
    /// Nothing of this person is left in the eyes.
    case forgotten(ForgottenFace)
    /// Why faces are not compared; nil when they are.
    case faceTrouble(String?)
    /// `blind` says why nothing is seen; nil means that the camera sees.
    case camera(CameraName, blind: String?)
    case heartbeat(EyesHeartbeat)
    case picture(PictureReport)
    case picturesErased(PictureErasure)
    /// Why no pictures can be kept; nil when they can.
    case pictureTrouble(String?)
}

/// What became of an order to forget somebody.
package struct ForgottenFace: Hashable, Sendable, Codable {
    package var person: String
    package var templateCount: Int
    /// Why something may be left; nil when nothing is.
    package var trouble: String?

    package init(person: String, templateCount: Int, trouble: String? = nil) {
        self.person = person
        self.templateCount = templateCount
        self.trouble = trouble
    }
}

/// How long one stage took for one frame.
package struct StageTime: Hashable, Sendable, Codable {
    /// `wait`, `decode`, `localise`, `read` or another name that the recogniser gives.
    package var stage: String
    package var microseconds: Int64

    package init(stage: String, microseconds: Int64) {
        self.stage = stage
        self.microseconds = microseconds
    }

    /// A span that the clock's own steps made negative is none.
    package init(_ stage: String, _ span: Duration) {
        self.init(stage: stage, microseconds: max(span.nanoseconds / 1000, 0))
    }
}

/// Sign of life, with what has been counted since the start.
package struct EyesHeartbeat: Hashable, Sendable, Codable {
    package var sent: Instant
    package var framesSeen: UInt64
    package var framesRead: UInt64
    /// Replaced by a newer frame before a recogniser was free, or of no use.
    package var framesDropped: UInt64
    package var framesDamaged: UInt64

    package init(
        sent: Instant, framesSeen: UInt64 = 0, framesRead: UInt64 = 0, framesDropped: UInt64 = 0,
        framesDamaged: UInt64 = 0
    ) {
        self.sent = sent
        self.framesSeen = framesSeen
        self.framesRead = framesRead
        self.framesDropped = framesDropped
        self.framesDamaged = framesDamaged
    }
}
