import GateTypes

/// Which frame of a passage is kept as its picture: the one that decided, else the surest.
///
/// The first frame with a reading is ordered at once, a surer one replaces it, and the one that the
/// decision rests on is the last. Where nothing was read, it is the latest when the fallback begins.
struct PassagePicture: Hashable, Sendable {
    /// A frame that the eyes still have for a moment.
    struct Candidate: Hashable, Sendable {
        let camera: CameraName
        let sequence: UInt64
        let frameTime: Instant
        let plate: Quadrilateral?
        /// Of its reading; nil when nothing was read.
        let confidence: Double?

        init(_ observation: PlateObservation, reading: PlateReading?) {
            camera = observation.camera
            sequence = observation.sequence
            frameTime = observation.frameTime
            plate = reading?.corners
            confidence = reading.flatMap { $0.text.isEmpty ? nil : $0.confidence }
        }
    }

    /// Each order writes to a disk, so that only a clear gain is worth one.
    private static let gainLeast = 0.05
    private static let ordersLargest = 6

    private var latest: Candidate?
    private var ordered: Candidate?
    private var orderCount = 0
    private var answerCount = 0
    private var isDecided = false
    private var kept: PictureReport.Outcome?
    private var missing: String?

    /// Orders whose outcome is not known yet.
    var openCount: Int { orderCount - answerCount }

    /// A frame that may become the picture; answers the frame when it is to be kept now.
    mutating func take(_ candidate: Candidate, isDeciding: Bool) -> Candidate? {
        latest = candidate
        guard !isDecided, let confidence = candidate.confidence else { return nil }
        if isDeciding {
            isDecided = true
            return candidate == ordered ? nil : order(candidate)
        }
        guard orderCount < Self.ordersLargest else { return nil }
        if let best = ordered?.confidence, confidence < best + Self.gainLeast { return nil }
        return candidate == ordered ? nil : order(candidate)
    }

    /// The latest frame, unless one has been ordered: there will be no better one soon.
    mutating func takeLatest() -> Candidate? {
        guard ordered == nil, let latest else { return nil }
        return order(latest)
    }

    private mutating func order(_ candidate: Candidate) -> Candidate {
        ordered = candidate
        orderCount += 1
        return candidate
    }

    /// What became of an order; a picture that is there stays when its successor could not be kept.
    mutating func answered(_ outcome: PictureReport.Outcome) {
        answerCount = min(answerCount + 1, orderCount)
        switch outcome {
        case .kept: kept = outcome
        case .missing(let reason): missing = reason
        }
    }

    /// For the passage's record; empty when no picture was wanted.
    func facts(_ name: PictureName) -> [String: String] {
        guard orderCount > 0 else { return [:] }
        if let kept { return kept.facts(name) }
        if openCount == 0, let missing {
            return PictureReport.Outcome.missing(reason: missing).facts(name)
        }
        // Its hash follows in an entry of its own.
        return ["picture": name.text, "picture_pending": "true"]
    }
}

extension PictureReport.Outcome {
    func facts(_ name: PictureName) -> [String: String] {
        switch self {
        case .kept(let scene, let plate, let byteCount):
            var facts = [
                "picture": name.text, "scene_sha256": scene, "picture_bytes": String(byteCount),
            ]
            facts["plate_sha256"] = plate
            return facts
        case .missing(let reason): return ["picture_missing": reason]
        }
    }
}
