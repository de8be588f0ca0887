import GateTypes

/// `faces:` of turnstiles and doors.
extension ConfigReader {
    mutating func readFaces(_ name: LaneName, _ lane: Section) {
        let keys = [
            "entry", "exit", "use", "start", "face_alone", "false_match_rate", "masks",
            "smallest_face", "wait", "challenge_time",
        ]
        guard let node = lane.node("faces"),
            let section = Section(node, "'faces' of \(lane.title)", keys: keys, &report)
        else { return }
        declared.faces[name] = lane.keyPlace(of: "faces")
        var faces = FaceLaneConfig()
        faces.entry = section.node("entry").flatMap { readFaceWay($0, "entry", lane) }
        faces.exit = section.node("exit").flatMap { readFaceWay($0, "exit", lane) }
        if !section.has("entry"), !section.has("exit") {
            report.error(
                section.place, "\(section.title) has no camera",
                hint: "add entry: { camera: NAME }, exit: { camera: NAME } or both")
        }
        faces.use = section.choice("use", FaceLaneConfig.Use.self, &report) ?? faces.use
        faces.start = section.choice("start", FaceLaneConfig.Start.self, &report) ?? faces.start
        faces.alone = section.node("face_alone").flatMap { readAcceptance($0, section) }
        declared.faceUses[name] = section.keyPlace(of: "use")
        faces.falseMatchRate = readShare(section, 1e-6...0.1) ?? faces.falseMatchRate
        faces.masks = section.node("masks").flatMap { readMasks($0, section) } ?? faces.masks
        faces.smallestPixels =
            section.node("smallest_face")?.number(
                "smallest_face", 32...1_000, units: [("px", 1)],
                hint: "write its width in pixels, e.g. 80px", &report) ?? faces.smallestPixels
        faces.wait = section.duration(
            "wait", .seconds(1)...(.seconds(30)), default: faces.wait, &report)
        faces.challenge = section.duration(
            "challenge_time", .seconds(1)...(.seconds(10)), default: faces.challenge, &report)
        checkFaces(section, faces)
        config.faces[name] = faces
    }

    private mutating func readShare(
        _ section: Section, _ range: ClosedRange<Double>
    ) -> Double? {
        section.node("false_match_rate")?.number(
            "false_match_rate", range, units: [("%", 0.01)],
            hint: "write a share, e.g. 0.01 or 1%", &report)
    }

    /// `masks: refuse`, or `masks: { false_match_rate: 0.01% }`.
    private mutating func readMasks(
        _ node: SourceNode, _ faces: Section
    ) -> FaceLaneConfig.Masks? {
        if case .scalar = node {
            return node.choice("masks", [("refuse", FaceLaneConfig.Masks.refused)], &report)
        }
        let title = "'masks' in \(faces.title)"
        guard let section = Section(node, title, keys: ["false_match_rate"], &report),
            section.required(
                "false_match_rate", hint: "write masks: refuse, or a rate such as 0.01%", &report)
                != nil, let rate = readShare(section, 1e-6...0.001)
        else { return nil }
        report.warn(
            faces.keyPlace(of: "masks"),
            "faces with a covered mouth are compared here, and how often two of them look alike "
                + "was never measured",
            hint: "write masks: refuse, or let a guard watch")
        return .compared(falseMatchRate: rate)
    }

    private mutating func readFaceWay(
        _ node: SourceNode, _ key: String, _ lane: Section
    ) -> FaceLaneConfig.Way? {
        let title = "'\(key)' in 'faces' of \(lane.title)"
        guard let way = Section(node, title, keys: ["camera", "liveness"], &report),
            let camera = way.required(
                "camera", hint: "name the camera that sees faces there", &report),
            let name = faceCamera(camera, "camera", way)
        else { return nil }
        var read = FaceLaneConfig.Way(camera: name)
        guard let liveness = way.node("liveness"),
            let section = Section(
                liveness, "'liveness' of \(title)", keys: ["challenge", "infrared"], &report)
        else { return read }
        read.asksChallenge = section.flag("challenge", default: false, &report)
        read.infrared = section.node("infrared").flatMap { faceCamera($0, "infrared", section) }
        return read
    }

    /// A camera that serves this one purpose.
    private mutating func faceCamera(
        _ node: SourceNode, _ key: String, _ section: Section
    ) -> CameraName? {
        guard let text = node.text(key, hint: "name one of the cameras", &report) else {
            return nil
        }
        guard declared.cameras[text] != nil else {
            report.error(
                node.place, "there is no camera '\(text.shortened)'",
                hint: Suggestion.hint(
                    for: text, among: Array(declared.cameras.keys), none: "add it under cameras:"))
            return nil
        }
        let camera = CameraName(text)
        if let first = declared.faceCameras[camera] {
            report.error(
                node.place, "camera '\(text)' serves two purposes",
                hint: "the first is at \(first); each way needs a camera of its own")
        }
        declared.faceCameras[camera] = node.place
        return camera
    }

    private mutating func readAcceptance(
        _ node: SourceNode, _ faces: Section
    ) -> FaceLaneConfig.Acceptance? {
        let title = "'face_alone' in \(faces.title)"
        guard let section = Section(node, title, keys: ["accepted_by", "reason"], &report),
            let name = section.requiredText(
                "accepted_by", hint: "name who answers for it", &report),
            let reason = section.requiredText("reason", hint: "write why", &report)
        else { return nil }
        return .init(acceptedBy: name, reason: reason)
    }

    private mutating func checkFaces(_ section: Section, _ faces: FaceLaneConfig) {
        guard faces.use == .alone else {
            if section.has("face_alone") {
                report.error(
                    section.keyPlace(of: "face_alone"),
                    "\(section.title) has 'face_alone' and uses faces with a badge",
                    hint: "write use: alone, or remove it")
            }
            return
        }
        if faces.start == .badge {
            report.error(
                section.keyPlace(of: "start"), "\(section.title) waits for a badge and needs none",
                hint: "write start: always, or use: with_badge")
        }
        let unjudged = [("entry", faces.entry), ("exit", faces.exit)]
            .filter { !($0.1?.judgesLiveness ?? true) }.map(\.0)
        if let alone = faces.alone { warn(of: alone, unjudged, section) }
        guard !section.has("face_alone") else { return }
        // Whether the figures bear it is asked of the networks, once all lanes are known.
        for key in unjudged {
            report.error(
                section.keyPlace(of: "use"),
                "\(section.title) lets a face alone open, and nothing judges liveness at '\(key)'",
                hint: "add liveness: { infrared: CAMERA } or { challenge: yes } there; or write "
                    + "use: with_badge, or face_alone: { accepted_by: NAME, reason: TEXT }")
        }
        if case .compared = faces.masks {
            report.error(
                section.keyPlace(of: "masks"),
                "\(section.title) lets a covered face alone open",
                hint: "write masks: refuse, use: with_badge, or face_alone: with its reason")
        }
    }

    /// Tells what a name stands for: a photograph that may do, or figures that nobody looks at.
    private mutating func warn(
        of alone: FaceLaneConfig.Acceptance, _ unjudged: [String], _ section: Section
    ) {
        let name = "as \(alone.acceptedBy.shortened) accepts (\(alone.reason.shortened))"
        guard !unjudged.isEmpty else {
            return report.warn(
                section.keyPlace(of: "face_alone"),
                "a live face alone opens here, whatever network and site have measured, \(name)",
                hint: "let a guard watch, or remove face_alone once the figures bear it "
                    + "(gatectl faces calibrate)")
        }
        let ways = unjudged.map { "'\($0)'" }.joined(separator: " and ")
        report.warn(
            section.keyPlace(of: "face_alone"),
            "a face opens here without judged liveness at \(ways): a photograph may do, \(name)",
            hint: "let a guard watch, or add liveness: to the camera")
    }

    /// There is always a way in without a face; the cameras of vehicles see no faces.
    ///
    /// To be called when lanes, readers and roster are known.
    mutating func checkFaceLanes() {
        for (name, place) in declared.faces.sorted(by: { $0.key < $1.key }) {
            if config.roster.badges.isEmpty {
                report.error(
                    place, "lane '\(name)' has no way in without a face: nobody has a badge",
                    hint: "add people to roster/people.csv and their badges to roster/badges.csv: "
                        + "nobody must give a face")
            }
            checkReaders(name, place)
        }
        for (lane, barrier) in config.lanes.sorted(by: { $0.key < $1.key }) {
            guard let camera = barrier.camera, let place = declared.faceCameras[camera] else {
                continue
            }
            report.error(
                place, "camera '\(camera)' reads the plates of lane '\(lane)'",
                hint: "faces need a camera of their own")
        }
    }

    /// A badge passes only where a reader reads it; simulated people need none.
    private mutating func checkReaders(_ name: LaneName, _ place: SourcePlace) {
        guard let faces = config.faces[name] else { return }
        let turnstile = config.turnstiles[name]?.outputs
        let releases = [turnstile?.entry, turnstile?.exit, config.doors[name]?.outputs.strike]
            .compactMap { $0.flatMap { config.outputs[$0] } }
        guard releases.contains(where: { !isSimulated($0.chip) }) else { return }
        let sides: [(key: String, way: FaceLaneConfig.Way?, side: ReaderConfig.Side)] = [
            ("entry", faces.entry, .outside), ("exit", faces.exit, .inside),
        ]
        let readers = declared.readerSides[name] ?? []
        let unread = sides.filter { $0.way != nil && !readers.contains($0.side) }
        if faces.use == .withBadge, readers.isEmpty, !unread.isEmpty {
            return report.error(
                place, "lane '\(name)' asks for a face beside a badge, and no reader reads a badge",
                hint: "add a reader with lane: \(name) under readers:")
        }
        // The button at a door lets everybody out.
        let hasExit = config.doors[name]?.inputs.exit != nil
        for (key, _, side) in unread where side == .outside || !hasExit {
            report.warn(
                place,
                "lane '\(name)' has a face camera at '\(key)' and no reader there: who gives no "
                    + "face needs the guard",
                hint: "add a reader with lane: \(name), side: \(side.rawValue) under readers:")
        }
    }
}
