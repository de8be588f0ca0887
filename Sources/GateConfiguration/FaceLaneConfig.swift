import GateTypes

/// Faces at one turnstile or door.
package struct FaceLaneConfig: Hashable, Sendable {
    /// What a recognised face is good for.
    package enum Use: String, Hashable, Sendable, CaseIterable {
        /// The badge opens, and the face must be its holder's where they have consented.
        case withBadge = "with_badge"
        /// The face opens by itself.
        case alone
    }

    /// From when on the eyes look for faces.
    package enum Start: String, Hashable, Sendable, CaseIterable { case always, badge }

    /// One camera, and what judges liveness beside it.
    package struct Way: Hashable, Sendable {
        package var camera: CameraName
        /// The head is to be turned to either side by a random order.
        package var asksChallenge = false
        /// Sees the same place in infrared light.
        package var infrared: CameraName?

        package var judgesLiveness: Bool { asksChallenge || infrared != nil }

        package init(camera: CameraName) { self.camera = camera }
    }

    /// Who has accepted that a face alone opens, and why: without judged liveness where the way has
    /// none, and whatever network and site have measured.
    package struct Acceptance: Hashable, Sendable {
        package var acceptedBy: String
        package var reason: String

        package init(acceptedBy: String, reason: String) {
            self.acceptedBy = acceptedBy
            self.reason = reason
        }
    }

    /// Whether faces are compared whose mouth and chin look covered.
    package enum Masks: Hashable, Sendable {
        case refused
        /// Compared; their likeness must be at least this rare.
        case compared(falseMatchRate: Double)
    }

    package var entry: Way?
    package var exit: Way?
    package var use = Use.withBadge
    package var start = Start.always
    package var alone: Acceptance?
    /// Largest probability that a stranger is taken for anybody enrolled.
    package var falseMatchRate = 0.01
    package var masks = Masks.refused
    /// Narrower faces, in pixels of the camera's picture, are nobody's.
    package var smallestPixels = 80.0
    /// A badge's holder shows their face within this.
    package var wait = Duration.seconds(5)
    /// Both turns of a challenge are made within this.
    package var challenge = Duration.seconds(3)

    package init() {}

    /// A face opens by itself, and no name stands for it: embedder and site must have measured that
    /// it is safe.
    package var needsProof: Bool { use == .alone && alone == nil }

    /// Whether every way with a camera judges liveness.
    package var judgesLiveness: Bool {
        [entry, exit].compactMap { $0 }.allSatisfy(\.judgesLiveness)
    }

    /// The cameras that recognise, and the ones that only judge liveness.
    package var cameras: [CameraName] { [entry, exit].compactMap { $0?.camera } }
    package var infraredCameras: [CameraName] { [entry, exit].compactMap { $0?.infrared } }
}
