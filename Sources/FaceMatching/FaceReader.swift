import GateTypes
import Glibc
import Imaging
import Inference

/// One face of a picture with everything that matching needs.
package struct ReadFace: Hashable, Sendable {
    package var face: DetectedFace
    package var quality: FaceQuality
    /// Nil when the points are no face's.
    package var embedding: FaceEmbedding?

    package init(face: DetectedFace, quality: FaceQuality, embedding: FaceEmbedding?) {
        self.face = face
        self.quality = quality
        self.embedding = embedding
    }
}

/// From a picture to its faces: detect, straighten, judge, embed.
///
/// One instance serves one thread; its result depends on the picture alone. It keeps nothing.
package final class FaceReader {
    /// Faces of one picture that are embedded, the largest first; a crowd must not stop the eyes.
    package static let embeddedLargest = 40
    /// Finds of one picture that are looked at again, the surest first.
    private static let lookedAgainLargest = 64
    /// Up to this size a picture is decoded once, at full scale.
    private static let wholePixels = 4_000_000

    package let embedder: FaceEmbedder
    private let detector: FaceDetector
    private let points: FacePoints?
    private let targets: FaceLandmarks

    /// - Parameters:
    ///   - models: the folder with the network files.
    ///   - embedder: another embedder's file in place of the folder's.
    package init(models: String, embedder path: String? = nil) throws(NetworkError) {
        detector = try FaceDetector(path: "\(models)/\(FaceModels.detector)")
        let second = "\(models)/\(FaceModels.points)"
        points = unsafe access(second, F_OK) == 0 ? try FacePoints(path: second) : nil
        let embedder = try FaceEmbedder(path: path ?? "\(models)/\(FaceModels.embedder)")
        guard let targets = FaceLandmarks(embedder.points) else {
            throw NetworkError(
                kind: .malformed, path: path ?? models, line: nil,
                problem: "metadata 'points' is no face", remedy: NetworkError.exportAgain)
        }
        self.embedder = embedder
        self.targets = targets
    }

    /// A picture as far as it was decoded: what it shows, and where that lies.
    package struct Found {
        package let faces: [DetectedFace]
        fileprivate let picture: Picture
        /// The picture at full scale, or a smaller decoding of a huge one.
        private(set) var decoded: RGBImage
        let isWhole: Bool

        fileprivate init(
            faces: [DetectedFace], picture: Picture, decoded: RGBImage, isWhole: Bool
        ) {
            self.faces = faces
            self.picture = picture
            self.decoded = decoded
            self.isWhole = isWhole
        }

        /// Overwrites what was decoded; nothing can be read of it afterwards.
        package mutating func wipe() { decoded.wipe() }
    }

    /// The faces of a picture, surest first; nothing is embedded yet.
    package func detect(in picture: Picture) throws(ImageError) -> Found {
        let isSmall = picture.size.area <= Self.wholePixels
        let scale = isSmall ? .full : detector.decodeScale(for: picture.size)
        var image = try picture.rgb(scale: scale).image
        do throws(NetworkError) {
            let found = try detector.detect(
                in: image, fullSize: picture.size, withDoubtful: points != nil)
            let faces = try lookedAgain(found, in: image, of: picture.size)
            return Found(
                faces: faces, picture: picture, decoded: image, isWhole: scale == .full)
        } catch {
            image.wipe()
            throw ImageError(
                kind: .unsupported, problem: "the face detector fails on it: \(error)",
                remedy: "give a smaller picture, or install the models again")
        }
    }

    /// What is a face on a second look, too, surest first; the picture may be a smaller decoding.
    private func lookedAgain(
        _ found: [DetectedFace], in image: RGBImage, of size: PixelSize
    ) throws(NetworkError) -> [DetectedFace] {
        guard let points else { return found }
        let scale = Double(image.size.width) / Double(size.width)
        var faces: [DetectedFace] = []
        for face in found.prefix(Self.lookedAgainLargest) {
            let there = try points.look(again: face.scaled(by: scale), in: image)
            if there.probability >= 0.5 { faces.append(there.scaled(by: 1 / scale)) }
        }
        faces.sort { $0.probability > $1.probability }
        return detector.apart(faces)
    }

    /// Judges and embeds one of the faces found.
    package func read(_ face: DetectedFace, of found: Found) throws(ImageError) -> ReadFace {
        // In a picture that was decoded whole, the points were found to a pixel already.
        if found.isWhole { return try read(face, face.landmarks, in: found.decoded) }
        // A huge picture: only the face at full scale, with room for its turning.
        let reach = 2.5 * max(face.box.shortSide, 8)
        let (x, y) = (face.box.centre.x, face.box.centre.y)
        let part = PixelRect(
            x: Self.whole(x - reach / 2), y: Self.whole(y - reach / 2),
            width: Self.whole(reach) + 1, height: Self.whole(reach) + 1
        ).clamped(to: found.picture.size)
        guard let part else { return ReadFace(face: face, quality: .none, embedding: nil) }
        var image = try found.picture.rgb(part: part).image
        defer { image.wipe() }
        let origin = PixelPoint(x: Double(part.x), y: Double(part.y))
        var face = face
        var landmarks = face.landmarks.shifted(by: PixelPoint(x: -origin.x, y: -origin.y))
        if let points {
            landmarks = try Self.refined(landmarks, points, image)
            face.landmarks = landmarks.shifted(by: origin)
        }
        return try read(face, landmarks, in: image)
    }

    /// - Parameter landmarks: in the picture given, which may be a part.
    private func read(
        _ face: DetectedFace, _ landmarks: FaceLandmarks, in image: RGBImage
    ) throws(ImageError) -> ReadFace {
        guard var straight = embedder.straighten(image, landmarks) else {
            return ReadFace(face: face, quality: .none, embedding: nil)
        }
        defer { for index in straight.indices { straight[index].wipe() } }
        var quality = FaceQuality(face, straight: straight[0], targets: targets)
        do throws(FaceEmbeddingError) {
            let (embedding, trust) = try embedder.embed(straight)
            quality.trust = trust
            return ReadFace(face: face, quality: quality, embedding: embedding)
        } catch {
            throw ImageError(
                kind: .unsupported, problem: error.problem, remedy: error.remedy)
        }
    }

    private static func refined(
        _ landmarks: FaceLandmarks, _ points: FacePoints, _ image: RGBImage
    ) throws(ImageError) -> FaceLandmarks {
        do throws(NetworkError) {
            return try points.refined(landmarks, in: image)
        } catch {
            throw ImageError(
                kind: .unsupported, problem: "the network for points fails on it: \(error)",
                remedy: "install the models again")
        }
    }

    /// Every face of a picture, the largest first.
    package func read(_ picture: Picture) throws(ImageError) -> [ReadFace] {
        var found = try detect(in: picture)
        defer { found.wipe() }
        var faces: [ReadFace] = []
        for face in found.faces.sorted(by: { $0.box.area > $1.box.area }) {
            faces.append(
                faces.count < Self.embeddedLargest
                    ? try read(face, of: found)
                    : ReadFace(face: face, quality: .none, embedding: nil))
        }
        return faces
    }

    private static func whole(_ value: Double) -> Int { Int(min(max(value, -1e6), 1e6)) }
}

extension FaceQuality {
    /// A face that nothing is known of.
    static let none = FaceQuality(
        size: 0, sharpness: 0, exposure: 0, pose: 0, openness: 0, yaw: 0, brightness: 0)

    init(
        size: Double, sharpness: Double, exposure: Double, pose: Double, openness: Double,
        yaw: Double, brightness: Double
    ) {
        self.size = size
        self.sharpness = sharpness
        self.exposure = exposure
        self.pose = pose
        self.openness = openness
        self.yaw = yaw
        self.brightness = brightness
    }
}
