import FaceMatching
import GateTypes
import Imaging
import TestPictures
import Testing
import VisionLink

@testable import ServiceRuntime

/// Who counts before a face camera: the committed networks on drawn pictures of two people.
@Suite(.enabled(if: FaceGalleryTests.hasNetworks, "no face networks in models/"))
struct FaceFrameReaderTests {
    /// About 126 and 90 pixels wide as the detector draws them, in a picture of 640 x 480.
    static let larger = DrawnFace(x: 200, y: 230, reach: 70)
    static let smaller = DrawnFace(x: 450, y: 240, reach: 50)
    static let size = PixelSize(width: 640, height: 480)

    /// - Parameters:
    ///   - smallest: the least width, in pixels of a camera that is `width` of them wide.
    ///   - width: what the configuration says, whatever the picture is.
    static func finding(
        _ people: [DrawnFace] = [larger, smaller], region: [PixelPoint] = [],
        smallest: Double = 60, width: Int = size.width
    ) throws -> FaceFinding {
        var order = CameraOrder(
            name: "in", source: .scene, widthPixels: width, heightPixels: width * 3 / 4, rate: 15,
            format: "mjpeg", region: region)
        let faces = FaceOrder(role: .recognise(infrared: nil), smallestPixels: smallest)
        order.faces = faces
        let reader = FaceFrameReader(
            try FaceReader(models: FaceGalleryTests.models), gallery: nil,
            infrared: InfraredSights())
        let frame = PictureFrame(
            camera: "in", sequence: 1, time: .now(), isSimulated: false,
            picture: Picture(DrawnFace.picture(people, size: size)))
        let job = FrameDesk.Job(frame: frame, camera: order, attention: .waiting, named: nil)
        guard case .faces(let finding, _) = reader.read(job, faces) else {
            throw NotRead()
        }
        return finding
    }

    private struct NotRead: Error {}

    /// Whether a sighting, which is told in shares of the picture, is of this face.
    static func isOf(_ face: DrawnFace, _ sighting: FaceSighting?) -> Bool {
        guard let sighting else { return false }
        let (x, y) = (
            sighting.centre.x * Double(size.width), sighting.centre.y * Double(size.height)
        )
        return abs(x - face.x) < face.reach / 2 && abs(y - face.y) < face.reach / 2
    }

    /// The larger one on either side.
    @Test(arguments: [false, true])
    func twoPeopleAreCountedAndTheLargestIsLookedAt(isMirrored: Bool) throws {
        var (large, small) = (Self.larger, Self.smaller)
        if isMirrored { swap(&large.x, &small.x) }
        let finding = try Self.finding([large, small])
        #expect(finding.faceCount == 2)
        #expect(Self.isOf(large, finding.face), "\(finding)")
    }

    /// A triangle whose bounding box holds the larger face, too; the camera gives half of the size
    /// that was asked for.
    @Test func onlyWhoIsInTheRegionCountsHoweverLargeAnotherOneIs() throws {
        let region = [
            PixelPoint(x: 1, y: 0), PixelPoint(x: 1, y: 1), PixelPoint(x: 0.2, y: 1),
        ]
        let finding = try Self.finding(region: region, width: 1280)
        #expect(finding.faceCount == 1)
        #expect(Self.isOf(Self.smaller, finding.face), "\(finding)")
    }

    /// Both chins reach into the region, and the middle of neither face does.
    @Test func whoseMiddleIsOutsideOfTheRegionIsNobody() throws {
        let region = [(0, 0.6), (1, 0.6), (1, 1), (0, 1)].map { PixelPoint(x: $0.0, y: $0.1) }
        let finding = try Self.finding(region: region)
        #expect(finding.faceCount == 0 && finding.face == nil, "\(finding)")
    }

    /// A camera of 1280 pixels that gives 640 shows everybody half as wide.
    @Test(arguments: [
        (60.0, 640, 2), (108, 640, 1), (160, 640, 0),
        (160, 1280, 2), (216, 1280, 1), (320, 1280, 0),
    ])
    func narrowFacesAreNobodysByTheCamerasOwnPixels(
        smallest: Double, width: Int, count: Int
    ) throws {
        let finding = try Self.finding(smallest: smallest, width: width)
        #expect(finding.faceCount == count)
        #expect(Self.isOf(Self.larger, finding.face) == (count > 0), "\(finding)")
    }
}
