import GateTypes

extension ConfigReader {
    mutating func readCameras(_ node: SourceNode) {
        var devices: [String: SourcePlace] = [:]
        for entry in namedEntries(node, "cameras", "camera", atMost: ConfigLimits.camerasMaximum) {
            declared.cameras[entry.key] = entry.keyPlace
            let keys = [
                "device", "replay", "scene", "size", "rate", "format", "region", "controls",
                "narrowest_plate",
            ]
            guard let section = Section(entry.value, "camera '\(entry.key)'", keys: keys, &report)
            else { continue }
            let source = readSource(section)
            if case .device(let path)? = source {
                if let first = devices[path] {
                    report.error(
                        section.place(of: "device"),
                        "\(section.title) uses the device of another camera",
                        hint: "that one is at \(first); each camera has its own device")
                }
                devices[path] = section.place(of: "device")
            }
            readCamera(CameraName(entry.key), section, source)
        }
    }

    private mutating func readSource(_ section: Section) -> CameraConfig.Source? {
        let given = ["device", "replay", "scene"].filter(section.has)
        let hint = "write device: /dev/v4l/by-path/..., replay: FOLDER, or scene: true"
        guard given.count == 1, let key = given.first else {
            report.error(
                section.place,
                given.isEmpty
                    ? "\(section.title) has no source"
                    : "\(section.title) has several sources: \(given.joined(separator: ", "))",
                hint: hint)
            return nil
        }
        if key == "scene" {
            if section.flag("scene", default: true, &report) { return .scene }
            report.error(
                section.place(of: key), "\(section.title) has no source: scene is off", hint: hint)
            return nil
        }
        guard let path = section.text(key, hint: hint, &report) else { return nil }
        if key == "replay" {
            return .replay(path: path.hasPrefix("/") ? path : "\(directory)/\(path)")
        }
        if path.hasPrefix("/dev/") { return .device(path: path) }
        report.error(
            section.place(of: key),
            "'device' is '\(path.shortened)', must begin with /dev/",
            hint: "write /dev/v4l/by-path/..., which stays the same over restarts")
        return nil
    }

    private mutating func readCamera(
        _ name: CameraName, _ section: Section, _ source: CameraConfig.Source?
    ) {
        let size = readSize(section)
        let rate = section.node("rate")?.number(
            "rate", 1...240, units: [("/s", 1), ("fps", 1)],
            hint: "write frames a second, e.g. 25", &report)
        let format = section.choice("format", CameraConfig.Format.self, &report)
        var camera = CameraConfig(
            source: source ?? .scene, width: size?.width ?? 0, height: size?.height ?? 0,
            rate: rate ?? 25, format: format ?? .mjpeg)
        camera.region = section.node("region").flatMap { readRegion($0) } ?? []
        camera.controls = section.node("controls").map { readControls($0, section.title) } ?? [:]
        if let width = section.node("narrowest_plate")?.number(
            "narrowest_plate", 20...2_000, units: [("px", 1)],
            hint: "write its width in pixels, e.g. 80px", &report)
        {
            camera.narrowestPlatePixels = width
        }
        config.cameras[name] = camera
    }

    private mutating func readSize(_ section: Section) -> (width: Int, height: Int)? {
        let hint = "write width and height in pixels, e.g. 1920x1080"
        guard let text = section.requiredText("size", hint: hint, &report) else { return nil }
        let place = section.place(of: "size")
        guard let size = SizeText.parse(text) else {
            report.error(place, "'size' is '\(text.shortened)', must be a size", hint: hint)
            return nil
        }
        if (160...7_680).contains(size.width), (120...4_320).contains(size.height) { return size }
        report.error(
            place, "'size' is \(text), must be between 160x120 and 7680x4320", hint: hint)
        return nil
    }

    private mutating func readControls(_ node: SourceNode, _ title: String) -> [String: Int64] {
        var controls: [String: Int64] = [:]
        for entry in Section.entries(of: node, "'controls' of \(title)", &report) ?? [] {
            let hint = "write a whole number (v4l2-ctl --list-ctrls shows names and ranges)"
            guard let text = entry.value.text(entry.key, hint: hint, &report) else { continue }
            guard !entry.key.isEmpty,
                entry.key.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
            else {
                report.error(
                    entry.keyPlace, "'\(entry.key.shortened)' is no name of a camera control",
                    hint: "write it as v4l2-ctl --list-ctrls does, e.g. exposure_time_absolute")
                continue
            }
            guard let value = Int64(text) else {
                report.error(
                    entry.value.place, "'\(entry.key)' is '\(text.shortened)'", hint: hint)
                continue
            }
            controls[entry.key] = value
        }
        return controls
    }

    // MARK: Region

    private mutating func readRegion(_ node: SourceNode) -> [PixelPoint]? {
        let hint =
            "write at least three corners as [x, y] in fractions of the picture, e.g. "
            + "[[0.1, 0.4], [0.9, 0.4], [0.9, 1.0], [0.1, 1.0]]"
        guard case .list(let nodes, let place) = node else {
            report.error(node.place, "'region' is \(node.kind), must be a list", hint: hint)
            return nil
        }
        guard (3...ConfigLimits.regionCornersMaximum).contains(nodes.count) else {
            report.error(
                place,
                "'region' has \(nodes.count) corners, must have between 3 and "
                    + "\(ConfigLimits.regionCornersMaximum)", hint: hint)
            return nil
        }
        var corners: [PixelPoint] = []
        for corner in nodes {
            guard case .list(let numbers, _) = corner, numbers.count == 2 else {
                report.error(
                    corner.place, "a corner of 'region' is not two numbers", hint: hint)
                continue
            }
            let values = numbers.compactMap { $0.number("region", 0...1, hint: hint, &report) }
            if values.count == 2 { corners.append(PixelPoint(x: values[0], y: values[1])) }
        }
        guard corners.count == nodes.count else { return nil }
        if let (first, second) = Polygon.crossing(corners) {
            report.error(
                place, "'region' crosses itself: its sides \(first + 1) and \(second + 1) meet",
                hint: "write the corners in their order around the region")
            return nil
        }
        return corners
    }
}

/// Geometry of regions.
enum Polygon {
    /// The first two sides that meet although they are no neighbours, or that fold back on each
    /// other; side `n` runs from corner `n` to the next one.
    static func crossing(_ corners: [PixelPoint]) -> (Int, Int)? {
        let count = corners.count
        for i in 0..<count {
            let (a, b) = (corners[i], corners[(i + 1) % count])
            if a == b { return (i, (i + 1) % count) }
            // A neighbour shares a corner; it must not run back along this side.
            let next = corners[(i + 2) % count]
            if turn(a, b, next) == 0,
                (next.x - b.x) * (b.x - a.x) + (next.y - b.y) * (b.y - a.y) < 0
            {
                return (i, (i + 1) % count)
            }
            for j in stride(from: i + 2, to: count, by: 1) where (j + 1) % count != i {
                if meet(a, b, corners[j], corners[(j + 1) % count]) { return (i, j) }
            }
        }
        return nil
    }

    /// Positive to the left, negative to the right, zero straight on.
    private static func turn(_ a: PixelPoint, _ b: PixelPoint, _ c: PixelPoint) -> Double {
        (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
    }

    private static func meet(
        _ a: PixelPoint, _ b: PixelPoint, _ c: PixelPoint, _ d: PixelPoint
    ) -> Bool {
        let (abc, abd, cda, cdb) = (turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b))
        if abc * abd < 0, cda * cdb < 0 { return true }
        return (abc == 0 && within(a, b, c)) || (abd == 0 && within(a, b, d))
            || (cda == 0 && within(c, d, a)) || (cdb == 0 && within(c, d, b))
    }

    /// Whether a point on the line through `a` and `b` lies between them.
    private static func within(_ a: PixelPoint, _ b: PixelPoint, _ p: PixelPoint) -> Bool {
        min(a.x, b.x) <= p.x && p.x <= max(a.x, b.x) && min(a.y, b.y) <= p.y
            && p.y <= max(a.y, b.y)
    }
}
