import FaceMatching
import GateTypes
import Imaging
import PlateRecognition
import Synchronization
import VisionLink

/// Reads faces by the networks that the configuration names.
final class FaceLaneReader: FrameReader {
    /// Face networks of the site's own, else those that came with the program.
    private struct Networks: Hashable {
        let folder: String
        let embedder: String?
    }

    private let models: String
    private let embedder: String?
    private let gallery: FaceGallery?
    private let infrared: InfraredSights
    /// Loaded with the first face camera; a gate without one pays nothing.
    private var faces: (networks: Networks, reader: FaceFrameReader?)?
    private let tell: @Sendable (String) -> Void

    /// - Parameter embedder: in place of the one that the configuration names.
    init(
        models: String, embedder: String?, gallery: FaceGallery?, infrared: InfraredSights,
        tell: @escaping @Sendable (String) -> Void
    ) {
        self.models = models
        self.embedder = embedder
        self.gallery = gallery
        self.infrared = infrared
        self.tell = tell
    }

    func read(_ job: FrameDesk.Job) -> VisionReading {
        guard let order = job.camera.faces else { return .damaged }
        if let frame = job.frame as? SimulatedFaceFrame {
            return order.role == .infrared ? .infrared : .faces(frame.finding, stages: [])
        }
        guard let reader = faceReader(order) else { return .damaged }
        return reader.read(job, order)
    }

    /// The reader of the networks that the configuration names; another configuration may name
    /// others while the eyes run.
    private func faceReader(_ order: FaceOrder) -> FaceFrameReader? {
        let wanted = Networks(
            folder: order.networks ?? models, embedder: embedder ?? order.embedder)
        if let faces, faces.networks == wanted { return faces.reader }
        faces = (wanted, nil)
        do {
            let reader = try FaceReader(models: wanted.folder, embedder: wanted.embedder)
            gallery?.uses(
                .init(
                    model: reader.embedder.model, calibration: reader.embedder.calibration,
                    card: reader.embedder.card))
            faces = (wanted, FaceFrameReader(reader, gallery: gallery, infrared: infrared))
        } catch {
            gallery?.hasNoEmbedder("\(error)")
            tell("faces are not recognised: \(error)")
        }
        return faces?.reader
    }
}

/// What infrared cameras have seen lately, and where the cameras beside them showed a face; shared
/// by all recognisers.
final class InfraredSights: Sendable {
    /// Two cameras show one moment when their frames are this close.
    private static let together = Duration.milliseconds(200)
    /// Shared area over joint area of the two boxes, in shares of their pictures.
    private static let leastOverlap = 0.25
    /// So many frames of a camera are remembered: more than are read in twice `together`.
    private static let framesLargest = 32

    struct Sight: Sendable {
        let time: Instant
        let boxes: [FaceBox]

        func shows(_ box: FaceBox) -> Bool {
            boxes.contains { $0.overlap(with: box) >= leastOverlap }
        }

        func isTogether(with moment: Instant) -> Bool {
            (time > moment ? time - moment : moment - time) <= together
        }
    }

    private struct Memory {
        /// By the infrared camera, and by the one beside it.
        var infrared: [Sight] = []
        var colour: [Sight] = []
    }

    /// By the infrared camera.
    private let memories = Mutex<[CameraName: Memory]>([:])

    func saw(_ sight: Sight, through camera: CameraName) {
        memories.withLock { Self.keep(sight, in: &$0[camera, default: Memory()].infrared) }
    }

    private static func keep(_ sight: Sight, in sights: inout [Sight]) {
        if sights.count >= framesLargest { sights.removeFirst() }
        sights.append(sight)
    }

    /// Whether the infrared camera sees the face that the camera beside it shows, in the same place
    /// at the same time; to be asked once for each frame of that camera with a face.
    func verdict(of camera: CameraName, on box: FaceBox, at time: Instant) -> LivenessVerdict {
        memories.withLock { memories in
            let memory = memories[camera, default: Memory()]
            Self.keep(
                Sight(time: time, boxes: [box]), in: &memories[camera, default: Memory()].colour)
            return Self.verdict(memory, on: box, at: time)
        }
    }

    private static func verdict(
        _ memory: Memory, on box: FaceBox, at time: Instant
    ) -> LivenessVerdict {
        let near = memory.infrared.filter { $0.isTogether(with: time) }
        // The first one from then on, else the last before: a face that was there still earlier may
        // have a photograph held before it by now.
        let later = near.filter { $0.time >= time }.min { $0.time < $1.time }
        let nearest = later ?? near.max { $0.time < $1.time }
        if nearest?.shows(box) == true { return .passed }
        guard !near.contains(where: { $0.shows(box) }) else { return .notJudged }
        // That a frame from before somebody came does not show them says nothing.
        let isMissing = near.contains { sight in
            sight.time >= time
                || memory.colour.contains {
                    $0.time <= sight.time && $0.isTogether(with: sight.time) && $0.shows(box)
                }
        }
        return isMissing ? .failed : .notJudged
    }
}

/// Finds the largest face of a frame and whom it resembles; keeps nothing of it.
final class FaceFrameReader {
    private let reader: FaceReader
    private let gallery: FaceGallery?
    private let infrared: InfraredSights
    private var changes = ChangeWatch()

    init(_ reader: FaceReader, gallery: FaceGallery?, infrared: InfraredSights) {
        self.reader = reader
        self.gallery = gallery
        self.infrared = infrared
    }

    func read(_ job: FrameDesk.Job, _ order: FaceOrder) -> VisionReading {
        guard let frame = job.frame as? PictureFrame else { return .damaged }
        let begun = Instant.now()
        do throws(ImageError) {
            if job.attention == .idle, try !changes.isWorthReading(frame) { return .unchanged }
            var found = try reader.detect(in: frame.picture)
            defer { found.wipe() }
            let detected = Instant.now()
            let size = frame.picture.size
            let faces = inRegion(found.faces, job.camera, order, size)
            switch order.role {
            case .infrared:
                infrared.saw(
                    .init(time: frame.time, boxes: faces.map { Self.share($0.box, of: size) }),
                    through: frame.camera)
                return .infrared
            case .recognise(let partner):
                var finding = FaceFinding(faceCount: faces.count)
                if let largest = faces.max(by: { $0.box.area < $1.box.area }) {
                    let read = try reader.read(largest, of: found)
                    finding = sighting(read, partner, job, order, size)
                    finding.faceCount = faces.count
                }
                return .faces(
                    finding,
                    stages: [
                        StageTime("detect", detected - begun),
                        StageTime("match", .now() - detected),
                    ])
            }
        } catch {
            return .damaged
        }
    }

    /// Faces of the least width whose middle lies in the camera's region.
    private func inRegion(
        _ faces: [DetectedFace], _ camera: CameraOrder, _ order: FaceOrder, _ size: PixelSize
    ) -> [DetectedFace] {
        let region = camera.region.map {
            PixelPoint(x: $0.x * Double(size.width), y: $0.y * Double(size.height))
        }
        // Widths are meant in the camera's own pixels, whatever size it gives.
        let least =
            order.smallestPixels * Double(size.width) / Double(max(camera.widthPixels, 1))
        return faces.filter {
            $0.box.width >= least && Quadrilateral.contains($0.box.centre, polygon: region)
        }
    }

    private func sighting(
        _ read: ReadFace, _ partner: CameraName?, _ job: FrameDesk.Job, _ order: FaceOrder,
        _ size: PixelSize
    ) -> FaceFinding {
        let box = Self.share(read.face.box, of: size)
        let isCovered = order.comparesCovered && read.quality.isCovered
        let quality = isCovered ? read.quality.uncovered : read.quality
        var face = FaceSighting(
            centre: box.centre, width: box.width, quality: read.quality.overall,
            hint: quality.hint, yaw: read.quality.yaw)
        face.isCovered = isCovered
        if let partner {
            face.infrared = infrared.verdict(of: partner, on: box, at: job.frame.time)
        }
        let snapshot = gallery?.snapshot.flatMap {
            $0.model == reader.embedder.model ? $0 : nil
        }
        if face.hint == nil, let embedding = read.embedding, let snapshot {
            face.candidates = Self.candidates(of: embedding, named: job.named, in: snapshot)
        }
        var finding = FaceFinding(
            faceCount: 1, face: face, galleryCount: snapshot?.gallery.peopleCount ?? 0)
        if let rate = order.provenRate {
            guard let snapshot else {
                finding.proof = .missing("nobody is enrolled")
                return finding
            }
            finding.proof = snapshot.figures.objection(at: rate).map { .missing($0) } ?? .borne
        }
        return finding
    }

    /// The nearest people, and whom a badge has named, however far they are.
    static func candidates(
        of probe: FaceEmbedding, named: String?, in snapshot: FaceGallery.Snapshot
    ) -> [FaceCandidate] {
        let most = FaceSighting.nearestTold
        var matches = (try? snapshot.gallery.nearest(to: probe, most: most)) ?? []
        if let named, !matches.contains(where: { $0.person == named }),
            let likeness = snapshot.gallery.similarity(of: probe, to: named)
        {
            matches.append(GalleryMatch(person: named, similarity: likeness))
        }
        return matches.compactMap { match in
            snapshot.consents[match.person].map {
                FaceCandidate(
                    person: match.person, consent: $0,
                    similarity: min(max(match.similarity, -1), 1),
                    falseMatchRate: snapshot.figures.table?.falseMatchRate(at: match.similarity)
                        ?? 1)
            }
        }
    }

    /// A box in shares of the picture's width and height.
    private static func share(_ box: FaceBox, of size: PixelSize) -> FaceBox {
        let (w, h) = (Double(size.width), Double(size.height))
        return FaceBox(x: box.x / w, y: box.y / h, width: box.width / w, height: box.height / h)
    }
}
