import EventLoop
import Foundation
import GateTypes
import Testing
import VisionLink

extension PlateObservation {
    /// An observation as the recogniser would send it, changed as a test needs it.
    static func sample(
        confidence: Double = 0.99, places: Int = 7, x: Double = 10, readings: Int = 1,
        frameTime: Instant = .now(), readTime: Instant = .now(), mass: Double = 0.9
    ) -> PlateObservation {
        let text = Array("京A12345")
        let corner = PixelPoint(x: x, y: 20)
        let reading = PlateReading(
            text: String(text), type: .blue, confidence: confidence,
            corners: Quadrilateral(
                topLeft: corner, topRight: corner, bottomRight: corner, bottomLeft: corner),
            places: (0..<places).map { CharacterPosterior([.init(text[$0 % 7], mass)]) })
        return PlateObservation(
            camera: "lane1", sequence: 7, frameTime: frameTime, readTime: readTime,
            readings: Array(repeating: reading, count: readings))
    }
}

@Suite struct LinkCodingTests {
    @Test func everyReportComesBackAsItWasSent() throws {
        let reports: [EyesReport] = [
            .greet(version: 1, program: "1.0"),
            .observation(.sample(), stages: [StageTime(stage: "read", microseconds: 900)]),
            .camera("lane1", blind: "unplugged"), .camera("lane1", blind: nil),
            .heartbeat(EyesHeartbeat(sent: .now(), framesSeen: 9, framesRead: 3)),
            .picture(.init(name: Self.name, outcome: .missing(reason: "gone"))),
            .picture(
                .init(
                    name: Self.name,
                    outcome: .kept(sceneHash: Self.hash, plateHash: nil, byteCount: 5))),
            .picturesErased(
                .init(reason: .expiry, count: 3, byteCount: 9, newest: Self.name)),
            .pictureTrouble("full"), .pictureTrouble(nil),
        ]
        for report in reports {
            #expect(try LinkCoding.report(LinkCoding.encode(report)) == report)
        }
    }

    @Test func everyOrderComesBackAsItWasSent() throws {
        let camera = CameraOrder(
            name: "lane1", source: .device(path: "/dev/video0"), widthPixels: 1920,
            heightPixels: 1080, rate: 25, format: "mjpeg", region: [PixelPoint(x: 0, y: 1)],
            controls: ["exposure_auto": 1])
        let orders: [EyesOrder] = [
            .greet(version: 1), .cameras([camera]), .attention(camera: "lane1", .waiting),
            .keepPicture(
                PictureOrder(name: Self.name, camera: "lane1", sequence: 7, frameTime: .now())),
            .erasePictures(before: WallTime(milliseconds: 5)), .makeRoom,
            .erasureTaken(.init(reason: .limit, count: 1, byteCount: 2, newest: Self.name)),
            .cameras([Self.faceCamera]), .expect(camera: "in1", person: "E017"),
            .expect(camera: "in1", person: nil),
        ]
        for order in orders { #expect(try LinkCoding.order(LinkCoding.encode(order)) == order) }
    }

    static let faceCamera = {
        var camera = CameraOrder(
            name: "in1", source: .device(path: "/dev/video0"), widthPixels: 640, heightPixels: 480,
            rate: 15, format: "mjpeg")
        var faces = FaceOrder(role: .recognise(infrared: "ir1"), smallestPixels: 80)
        (faces.networks, faces.embedder) = ("/srv/nets", "/srv/site.ghn")
        faces.provenRate = 0.01
        faces.comparesCovered = true
        camera.faces = faces
        return camera
    }()

    @Test func faceOrdersBeyondTheLimitsAreRefused() throws {
        let changes: [(inout FaceOrder) -> Void] = [
            { $0.networks = String(repeating: "x", count: 401) }, { $0.embedder = "a\nb" },
            { $0.provenRate = 1.5 },
        ]
        for change in changes {
            var camera = Self.faceCamera
            if var faces = camera.faces {
                change(&faces)
                camera.faces = faces
            }
            let bytes = try LinkCoding.encode(EyesOrder.cameras([camera]))
            #expect(throws: LinkError.self) { try LinkCoding.order(bytes) }
        }
    }

    @Test func whatFiguresSayComesBackAsItWasSent() throws {
        for proof in [FaceProof.borne, .missing("the site has not calibrated"), .notAsked] {
            var observation = FaceObservation(
                camera: "in1", sequence: 1, frameTime: .now(), readTime: .now(), faceCount: 0,
                face: nil, galleryCount: 0)
            observation.proof = proof
            let report = EyesReport.faces(observation, stages: [])
            #expect(try LinkCoding.report(LinkCoding.encode(report)) == report)
        }
        var observation = FaceObservation(
            camera: "in1", sequence: 1, frameTime: .now(), readTime: .now(), faceCount: 0,
            face: nil, galleryCount: 0)
        observation.proof = .missing("\u{1B}[2J")
        let bytes = try LinkCoding.encode(EyesReport.faces(observation, stages: []))
        #expect(throws: LinkError.self) { try LinkCoding.report(bytes) }
    }

    static let name = PictureName(arrival: WallTime(milliseconds: 5), passage: 9)
    static let hash = String(repeating: "0a", count: 32)

    @Test(arguments: [String(repeating: "0", count: 63), String(repeating: "G", count: 64), ""])
    func pictureWithoutAHashIsRefused(hash: String) throws {
        for (scene, plate) in [(hash, Self.hash), (Self.hash, hash)] {
            let report = EyesReport.picture(
                .init(
                    name: Self.name,
                    outcome: .kept(sceneHash: scene, plateHash: plate, byteCount: 5)))
            let bytes = try LinkCoding.encode(report)
            #expect(throws: LinkError.self) { try LinkCoding.report(bytes) }
        }
    }

    static let beyondLimits: [(String, PlateObservation)] = [
        ("confidence", .sample(confidence: 1.5)), ("negative", .sample(confidence: -0.1)),
        ("places", .sample(places: 6)), ("many places", .sample(places: 17)),
        ("corners", .sample(x: 1e9)), ("many plates", .sample(readings: 33)),
        ("mass", .sample(mass: 1.1)),
        ("frame after reading", .sample(frameTime: .now() + .seconds(3_600))),
        ("future", .sample(readTime: .now() + .seconds(3_600))),
    ]

    @Test(arguments: beyondLimits)
    func observationBeyondTheLimitsIsRefused(name: String, observation: PlateObservation) throws {
        let bytes = try LinkCoding.encode(EyesReport.observation(observation, stages: []))
        #expect(throws: LinkError.self, "\(name)") { try LinkCoding.report(bytes) }
    }

    @Test(arguments: [
        "", "{", "null", "[]", "{\"greet\":{}}", "{\"unheard\":{\"of\":1}}",
        "{\"greet\":{\"version\":\"one\",\"program\":3}}",
        "{\"camera\":{\"_0\":5}}", String(repeating: "[", count: 5_000),
        "{\"heartbeat\":{\"_0\":{\"sent\":{\"nanoseconds\":1e300}}}}", "\u{0}\u{1}\u{2}",
    ])
    func malformedMessageIsAnErrorAndNoTrap(text: String) {
        #expect(throws: LinkError.self) { try LinkCoding.report(Array(text.utf8)) }
        #expect(throws: LinkError.self) { try LinkCoding.order(Array(text.utf8)) }
    }

    @Test(arguments: ["\u{1B}[2J", "a\nb", "\u{7F}", String(repeating: "x", count: 401)])
    func textThatWouldSpoilATerminalIsRefused(text: String) throws {
        let bytes = try LinkCoding.encode(EyesReport.camera("lane1", blind: text))
        #expect(throws: LinkError.self) { try LinkCoding.report(bytes) }
    }

    @Test func damagedBytesOfAGoodMessageNeverTrap() throws {
        let good = try LinkCoding.encode(EyesReport.observation(.sample(), stages: []))
        var seed: UInt64 = 42
        for _ in 0..<2_000 {
            var bytes = good
            for _ in 0..<3 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(seed >> 33) % bytes.count] = UInt8(truncatingIfNeeded: seed >> 20)
            }
            _ = try? LinkCoding.report(bytes)
        }
    }
}
