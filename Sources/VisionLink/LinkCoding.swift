import EventLoop
import FoundationEssentials
import GateTypes

/// Limits of the link, in one place.
package enum LinkLimits {
    package static let cameras = 32
    package static let plates = 32
    package static let places = 16
    package static let candidates = 96
    package static let stages = 16
    package static let people = 20_000
    package static let faces = 100
    package static let textBytes = 400
    /// Bytes in one message, either way, and bytes that wait for a slow peer.
    package static let stream = MessageStream.Limits(message: 4_194_304, waiting: 8_388_608)
    /// How often the eyes give a sign of life, and after what silence they are given up.
    package static let heartbeat = Duration.milliseconds(500)
    package static let silence = Duration.seconds(2)
}

/// A message that does not keep to the protocol: the link is closed, the process goes on.
package struct LinkError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Messages as JSON; whoever sends them, what comes out is within the limits.
package enum LinkCoding {
    package static func encode(_ message: some Encodable) throws(LinkError) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(message))
        } catch {
            throw LinkError("a message that cannot be written as JSON: \(error)")
        }
    }

    package static func order(_ bytes: [UInt8]) throws(LinkError) -> EyesOrder {
        let order = try decode(EyesOrder.self, bytes)
        switch order {
        case .greet, .attention, .erasePictures, .erasureTaken, .makeRoom: break
        case .keepPicture(let picture): try check(picture.plate)
        case .people(let notices):
            guard notices.count <= LinkLimits.people else { throw LinkError("too many people") }
            for notice in notices {
                try check(notice.person, "person")
                try check(notice.consent, "consent")
            }
        case .expect(_, let person): try check(person ?? "", "person")
        case .forget(let people):
            guard people.count <= LinkLimits.people else { throw LinkError("too many people") }
            for person in people { try check(person, "person") }
        case .cameras(let cameras):
            guard cameras.count <= LinkLimits.cameras else {
                throw LinkError("\(cameras.count) cameras, at most \(LinkLimits.cameras)")
            }
            for order in cameras.compactMap(\.faces) {
                try check(order.networks ?? "", "folder")
                try check(order.embedder ?? "", "file")
                guard isProbability(order.provenRate ?? 0) else { throw LinkError("a rate") }
            }
        }
        return order
    }

    package static func report(_ bytes: [UInt8]) throws(LinkError) -> EyesReport {
        let report = try decode(EyesReport.self, bytes)
        switch report {
        case .greet(_, let program): try check(program, "program")
        case .observation(let observation, let stages):
            try check(observation)
            try check(stages)
        case .faces(let observation, let stages):
            try check(observation)
            try check(stages)
        case .enrolled(let people):
            guard people.count <= LinkLimits.people else { throw LinkError("too many people") }
            for person in people { try check(person, "person") }
        case .forgotten(let report):
            try check(report.person, "person")
            try check(report.trouble ?? "", "reason")
            guard report.templateCount >= 0 else { throw LinkError("fewer than no templates") }
        case .faceTrouble(let reason): try check(reason ?? "", "reason")
        case .camera(_, let blind): try check(blind ?? "", "reason")
        case .heartbeat: break
        case .picture(let report): try check(report)
        case .picturesErased(let erasure):
            guard erasure.count >= 0, erasure.byteCount >= 0 else {
                throw LinkError("fewer than no pictures")
            }
        case .pictureTrouble(let reason): try check(reason ?? "", "reason")
        }
        return report
    }

    private static func decode<Message: Decodable>(
        _ type: Message.Type, _ bytes: [UInt8]
    ) throws(LinkError) -> Message {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw LinkError("not a message of protocol \(linkVersion): \(bytes.count) bytes")
        }
    }

    private static func check(_ text: String, _ what: String) throws(LinkError) {
        guard text.utf8.count <= LinkLimits.textBytes else {
            throw LinkError("\(what) longer than \(LinkLimits.textBytes) bytes")
        }
        // These texts reach logs and terminals.
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw LinkError("\(what) with control characters")
        }
    }

    private static func check(_ stages: [StageTime]) throws(LinkError) {
        guard stages.count <= LinkLimits.stages else { throw LinkError("too many stages") }
        for stage in stages {
            try check(stage.stage, "stage")
            guard stage.microseconds >= 0 else { throw LinkError("a negative stage time") }
        }
    }

    private static func check(_ observation: FaceObservation) throws(LinkError) {
        guard observation.frameTime <= observation.readTime,
            observation.readTime <= .now() + .milliseconds(100)
        else { throw LinkError("a frame from the future") }
        guard (0...1_000).contains(observation.faceCount), observation.galleryCount >= 0 else {
            throw LinkError("a count of faces that is none")
        }
        if case .missing(let reason) = observation.proof { try check(reason, "reason") }
        guard let face = observation.face else { return }
        guard isProbability(face.quality), abs(face.yaw) <= 100, abs(face.centre.x) <= 100,
            abs(face.centre.y) <= 100, face.width > 0, face.width <= 100
        else { throw LinkError("a face beyond its picture") }
        guard face.candidates.count <= LinkLimits.faces else {
            throw LinkError("\(face.candidates.count) candidates, at most \(LinkLimits.faces)")
        }
        for candidate in face.candidates {
            try check(candidate.person, "person")
            try check(candidate.consent, "consent")
            guard abs(candidate.similarity) <= 1.001, isProbability(candidate.falseMatchRate)
            else { throw LinkError("a likeness that is none") }
        }
    }

    private static func check(_ observation: PlateObservation) throws(LinkError) {
        guard observation.readings.count <= LinkLimits.plates else {
            throw LinkError("\(observation.readings.count) plates, at most \(LinkLimits.plates)")
        }
        // A frame time far ahead would keep an opening alive beyond its deadline.
        guard observation.frameTime <= observation.readTime,
            observation.readTime <= .now() + .milliseconds(100)
        else { throw LinkError("a frame from the future") }
        for reading in observation.readings { try check(reading) }
    }

    private static func check(_ reading: PlateReading) throws(LinkError) {
        try check(reading.text, "plate")
        guard reading.text.count <= LinkLimits.places, reading.places.count <= LinkLimits.places
        else { throw LinkError("a plate of more than \(LinkLimits.places) characters") }
        guard reading.places.isEmpty || reading.places.count == reading.text.count else {
            throw LinkError("\(reading.places.count) places for \(reading.text.count) characters")
        }
        guard isProbability(reading.confidence) else {
            throw LinkError("a confidence beyond 0...1")
        }
        try check(reading.corners)
        for place in reading.places {
            guard place.candidates.count <= LinkLimits.candidates,
                place.candidates.allSatisfy({ isProbability($0.probability) }),
                place.candidates.reduce(0, { $0 + $1.probability }) <= 1.001
            else { throw LinkError("a place whose probabilities are none") }
        }
    }

    private static func check(_ corners: Quadrilateral?) throws(LinkError) {
        guard let corners else { return }
        guard corners.corners.allSatisfy({ abs($0.x) < 1e6 && abs($0.y) < 1e6 }) else {
            throw LinkError("corners outside of any picture")
        }
    }

    private static func check(_ report: PictureReport) throws(LinkError) {
        switch report.outcome {
        case .missing(let reason): try check(reason, "reason")
        case .kept(let scene, let plate, let byteCount):
            let isHash = { (text: String) in
                text.utf8.count == 64
                    && text.utf8.allSatisfy {
                        ("0"..."9").contains(Character(UnicodeScalar($0)))
                            || ("a"..."f").contains(Character(UnicodeScalar($0)))
                    }
            }
            guard byteCount >= 0, isHash(scene), plate.map(isHash) ?? true else {
                throw LinkError("a picture without its hash")
            }
        }
    }

    private static func isProbability(_ value: Double) -> Bool { value >= 0 && value <= 1 }
}
