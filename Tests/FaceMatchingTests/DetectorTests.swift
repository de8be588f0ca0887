import GateTypes
import Imaging
import Inference
import Testing

@testable import FaceMatching

/// Layout, decoding and suppression of the detector, with a network whose answers are known.
@Suite struct DetectorTests {
    @Test func aFaceLiesWhereItsCellSays() throws {
        let folder = try Folder.models()
        let detector = try FaceDetector(path: "\(folder.path)/\(FaceModels.detector)")
        let image = RGBImage.spots(PixelSize(width: 320, height: 192), [(x: 160, y: 96)])
        let faces = try detector.detect(in: image, fullSize: image.size)
        let face = try #require(faces.first)
        #expect(faces.count == 1 && face.probability > 0.9)
        // The cell's middle is at 164, 100, and a face is four cells wide.
        #expect(abs(face.box.x - 148) < 0.01 && abs(face.box.y - 84) < 0.01)
        #expect(abs(face.box.width - 32) < 0.01 && abs(face.box.height - 32) < 0.01)
        #expect(abs(face.landmarks.eyeLeft.x - (164 - 7.2)) < 0.01)
        #expect(abs(face.landmarks.mouthRight.y - 108) < 0.01)
    }

    @Test(arguments: [(0.0, 320), (0.25, 480)])
    func boxesAreInPixelsOfTheWholePictureWithAndWithoutABorder(border: Double, side: Int) throws {
        let folder = try Folder.models(side: side, border: border)
        let detector = try FaceDetector(path: "\(folder.path)/\(FaceModels.detector)")
        // Half the size reaches the network either way.
        let image = RGBImage.spots(
            PixelSize(width: 640, height: 480), [(x: 320, y: 160)], side: 16)
        let faces = try detector.detect(in: image, fullSize: image.size)
        let face = try #require(faces.first)
        #expect(abs(face.box.centre.x - 328) < 2 && abs(face.box.centre.y - 168) < 2)
        #expect(abs(face.box.width - 64) < 1)
    }

    @Test func theSameFaceIsToldOnceAndTenFacesAreTen() throws {
        let folder = try Folder.models()
        let detector = try FaceDetector(path: "\(folder.path)/\(FaceModels.detector)")
        let size = PixelSize(width: 640, height: 480)
        let beside = RGBImage.spots(size, [(x: 160, y: 96), (x: 168, y: 96)])
        #expect(try detector.detect(in: beside, fullSize: size).count == 1)
        let places = (0..<10).map { (x: 64 + $0 % 5 * 96, y: 96 + $0 / 5 * 160) }
        #expect(
            try detector.detect(in: RGBImage.spots(size, places), fullSize: size).count == 10)
    }

    @Test(arguments: [(1, 1), (3, 2), (1, 400), (17, 31), (64, 64), (639, 481), (2_000, 30)])
    func oddSizesHaveALayoutWithinTheNetworksLimits(width: Int, height: Int) throws {
        let folder = try Folder.models()
        let detector = try FaceDetector(path: "\(folder.path)/\(FaceModels.detector)")
        let size = PixelSize(width: width, height: height)
        let layout = detector.layout(of: size)
        #expect(layout.canvas.width % 32 == 0 && layout.canvas.height % 32 == 0)
        #expect(layout.scaled.width <= 640 && layout.scaled.height <= 640)
        #expect(
            layout.scaled.width <= max(2 * width, 1) && layout.scaled.height <= max(2 * height, 1))
        let image = RGBImage(size: size, filledWith: 128)
        #expect(try detector.detect(in: image, fullSize: size).isEmpty)
    }

    @Test func aTinyPictureIsEnlargedSoThatItsShortSideIsSeen() throws {
        let folder = try Folder.models()
        let detector = try FaceDetector(path: "\(folder.path)/\(FaceModels.detector)")
        #expect(
            detector.layout(of: PixelSize(width: 100, height: 90)).scaled
                == PixelSize(width: 178, height: 160))
        #expect(
            detector.layout(of: PixelSize(width: 40, height: 40)).scaled
                == PixelSize(width: 80, height: 80))
        #expect(
            detector.layout(of: PixelSize(width: 200, height: 180)).scaled
                == PixelSize(width: 200, height: 180))
    }

    @Test func aNetworkThatIsNoDetectorIsRefusedByName() throws {
        let folder = try Folder()
        let path = "\(folder.path)/face-detector.ghn"
        try HandMadeNetwork.embedder(to: path, meta: "meta threshold 0.5")
        let error = #expect(throws: NetworkError.self) { try FaceDetector(path: path) }
        #expect(error?.description.contains("is no face detector") == true)
    }
}
