import GateTypes
import Testing

@testable import FaceMatching

/// Which pictures may enrol somebody.
@Suite struct EnrolmentTests {
    static func face(
        _ embedding: FaceEmbedding?, width: Double = 120, part: Double = 0.9
    ) -> ReadFace {
        let points = AlignmentTests.targets
        let landmarks =
            FaceLandmarks(points)
            ?? FaceLandmarks(
                eyeLeft: points[0], eyeRight: points[1], nose: points[2], mouthLeft: points[3],
                mouthRight: points[4])
        return ReadFace(
            face: DetectedFace(
                box: FaceBox(x: 0, y: 0, width: width, height: width), landmarks: landmarks,
                probability: 0.9),
            quality: FaceQuality(
                size: part, sharpness: part, exposure: 0.9, pose: 0.9, openness: 0.9, yaw: 0,
                brightness: 120),
            embedding: embedding)
    }

    static func enrolment(_ others: [FaceTemplate] = []) throws -> Enrolment {
        Enrolment(
            gallery: try Gallery(others, dimension: 64, fusion: .highest), threshold: 0.5)
    }

    @Test func threeDifferentPicturesOfOnePersonEnrolThem() throws {
        var random = Seeded(2)
        let centre = random.direction(64)
        var enrolment = try Self.enrolment()
        for number in 1...3 {
            let one = Self.face(random.near(centre, noise: 0.6))
            #expect(try enrolment.add("\(number).jpg", faces: [one]) == nil)
        }
        #expect(enrolment.templates?.count == 3 && enrolment.problems.isEmpty)
    }

    @Test func noFaceTwoFacesAndPoorOnesAreRefused() throws {
        var random = Seeded(2)
        let (one, other) = (random.direction(64), random.direction(64))
        var enrolment = try Self.enrolment()
        #expect(try enrolment.add("a", faces: []) == .noFace(picture: "a"))
        #expect(
            try enrolment.add("b", faces: [Self.face(one), Self.face(other, width: 80)])
                == .severalFaces(picture: "b", count: 2))
        guard
            case .poor(_, _, let hint)? = try enrolment.add(
                "c", faces: [Self.face(one, part: 0.1)])
        else {
            Issue.record("a poor picture was taken")
            return
        }
        #expect(hint == "step closer")
        #expect(try enrolment.add("d", faces: [Self.face(nil)]) != nil)
        #expect(enrolment.templates == nil)
        // Somebody far behind is no second person.
        #expect(
            try enrolment.add("e", faces: [Self.face(one), Self.face(other, width: 30)]) == nil)
    }

    @Test func aLikenessToSomebodyElseNeedsANote() throws {
        var random = Seeded(6)
        let twin = random.direction(64)
        var enrolment = try Self.enrolment([FaceTemplate(person: "E017", embedding: twin)])
        let face = Self.face(random.near(twin, noise: 0.3))
        #expect(
            try enrolment.add("a", faces: [face]) == .resembles(person: "E017", picture: "a"))
        #expect(try enrolment.add("a", faces: [face], isTwin: true) == nil)
    }

    @Test func picturesOfTwoPeopleAndTheSamePictureTwiceAreRefused() throws {
        var random = Seeded(7)
        let (one, other) = (random.direction(64), random.direction(64))
        var enrolment = try Self.enrolment()
        #expect(try enrolment.add("a", faces: [Self.face(one)]) == nil)
        #expect(
            try enrolment.add("b", faces: [Self.face(other)])
                == .notOnePerson(picture: "b", other: "a"))
        #expect(
            try enrolment.add("c", faces: [Self.face(one)]) == .alike(picture: "c", other: "a"))
    }

    @Test func moreThanFiveAreNotKept() throws {
        var random = Seeded(12)
        let centre = random.direction(64)
        var enrolment = try Self.enrolment()
        for number in 0..<5 {
            let face = Self.face(random.near(centre, noise: 0.6))
            #expect(try enrolment.add("\(number)", faces: [face]) == nil)
        }
        let sixth = Self.face(random.near(centre, noise: 0.6))
        #expect(try enrolment.add("6", faces: [sixth]) == .tooMany(count: 6, most: 5))
    }
}
