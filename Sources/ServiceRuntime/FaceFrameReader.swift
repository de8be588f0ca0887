import FaceMatching
import GateTypes
import Imaging
import PlateRecognition
import Synchronization
import VisionLink

/// Reads what a camera is for: plates, or faces.
final class EyesReader: FrameReader {
    private let plates: PlateFrameReader
    private let models: String
    private let embedder: String?
    private let gallery: FaceGallery?
    private let infrared: InfraredSights
    /// Loaded with the first face camera; a gate without one pays nothing.
    private var faces: FaceFrameReader?
    private let tell: @Sendable (String) -> Void
    private var hasFailed = false

    init(
        plates: PlateFrameReader, models: String, embedder: String?, gallery: FaceGallery?,
        infrared: InfraredSights, tell: @escaping @Sendable (String) -> Void
    ) {
        self.plates = plates
        self.models = models
        self.embedder = embedder
        self.gallery = gallery
        self.infrared = infrared
        self.tell = tell
    }

    func read(
        _ frame: any VisionFrame, _ camera: CameraOrder, _ attention: ReaderAttention
    ) -> VisionReading {
        guard let order = camera.faces else { return plates.read(frame, camera, attention) }
        guard let reader = faceReader() else { return .damaged }
        return reader.read(frame, camera, order, attention)
    }

    private func faceReader() -> FaceFrameReader? {
        if let faces { return faces }
        guard !hasFailed else { return nil }
        do {
            let reader = try FaceReader(models: models, embedder: embedder)
            gallery?.uses(reader.embedder.model, reader.embedder.calibration)
            faces = FaceFrameReader(reader, gallery: gallery, infrared: infrared)
        } catch {
            hasFailed = true
            tell("faces are not recognised: \(error)")
        }
        return faces
    }
}

/// What infrared cameras have seen last; shared by all recognisers.
final class InfraredSights: Sendable {
    /// Two cameras show one moment when their frames are this close.
    private static let together = Duration.milliseconds(200)
    /// Shared area over joint area of the two boxes, in shares of their pictures.
    private static let leastOverlap = 0.25

    struct Sight: Sendable {
        let time: Instant
        let boxes: [FaceBox]
    }

    private let sights = Mutex<[CameraName: Sight]>([:])

    func saw(_ sight: Sight, through camera: CameraName) {
        sights.withLock { $0[camera] = sight }
    }

    /// Whether the infrared camera sees a face in the same place at the same time.
    func verdict(of camera: CameraName, on box: FaceBox, at time: Instant) -> LivenessVerdict {
        guard let sight = sights.withLock({ $0[camera] }) else { return .notJudged }
        let apart = sight.time > time ? sight.time - time : time - sight.time
        guard apart <= Self.together else { return .notJudged }
        return sight.boxes.contains { $0.overlap(with: box) >= Self.leastOverlap }
            ? .passed : .failed
    }
}

/// Finds the largest face of a frame and whom it resembles; keeps nothing of it.
final class FaceFrameReader {
    private let reader: FaceReader
    private let gallery: FaceGallery?
    private let infrared: InfraredSights
    private var changes: [CameraName: ChangeDetector] = [:]
    /// Candidates told to the controller: the margin needs the second person.
    private static let candidates = 3

    init(_ reader: FaceReader, gallery: FaceGallery?, infrared: InfraredSights) {
        self.reader = reader
        self.gallery = gallery
        self.infrared = infrared
    }

    func read(
        _ frame: any VisionFrame, _ camera: CameraOrder, _ order: FaceOrder,
        _ attention: ReaderAttention
    ) -> VisionReading {
        guard let frame = frame as? PictureFrame else { return .damaged }
        let begun = Instant.now()
        do throws(ImageError) {
            if attention == .idle, try !isWorthReading(frame) { return .unchanged }
            let found = try reader.detect(in: frame.picture)
            let detected = Instant.now()
            let size = frame.picture.size
            let faces = inRegion(found.faces, camera, order, size)
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
                    finding = sighting(read, partner, frame, size)
                    finding.faceCount = faces.count
                }
                return .faces(
                    finding,
                    stages: [
                        stage("detect", detected - begun), stage("match", .now() - detected),
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
        _ read: ReadFace, _ partner: CameraName?, _ frame: PictureFrame, _ size: PixelSize
    ) -> FaceFinding {
        let box = Self.share(read.face.box, of: size)
        var face = FaceSighting(
            centre: box.centre, width: box.width, quality: read.quality.overall,
            hint: read.quality.hint, yaw: read.quality.yaw)
        if let partner {
            face.infrared = infrared.verdict(of: partner, on: box, at: frame.time)
        }
        let snapshot = gallery?.snapshot
        if read.quality.isUsable, let embedding = read.embedding, let snapshot,
            let nearest = try? snapshot.gallery.nearest(to: embedding, most: Self.candidates)
        {
            face.candidates = nearest.compactMap { match in
                snapshot.consents[match.person].map {
                    FaceCandidate(
                        person: match.person, consent: $0,
                        similarity: min(max(match.similarity, -1), 1),
                        falseMatchRate: snapshot.calibration?.falseMatchRate(at: match.similarity)
                            ?? 1)
                }
            }
        }
        return FaceFinding(
            faceCount: 1, face: face, galleryCount: snapshot?.gallery.peopleCount ?? 0)
    }

    /// A box in shares of the picture's width and height.
    private static func share(_ box: FaceBox, of size: PixelSize) -> FaceBox {
        let (w, h) = (Double(size.width), Double(size.height))
        return FaceBox(x: box.x / w, y: box.y / h, width: box.width / w, height: box.height / h)
    }

    private func isWorthReading(_ frame: PictureFrame) throws(ImageError) -> Bool {
        let small = try frame.picture.gray(scale: .eighth).image
        return changes[frame.camera, default: ChangeDetector()]
            .isWorthReading(small, at: frame.time)
    }

    private func stage(_ name: String, _ span: Duration) -> StageTime {
        StageTime(stage: name, microseconds: max(span.nanoseconds / 1000, 0))
    }
}
