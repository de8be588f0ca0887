import ArgumentParser
import ConfigurationFiles
import Foundation
import GateConfiguration
import GateTypes
import Imaging
import PlateRecognition
import ServiceRuntime

/// `gatectl camera ...`
struct CameraCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "camera", abstract: "Helps to set up the cameras.",
        subcommands: [CameraAimCommand.self])
}

/// `gatectl camera aim`: what the recogniser sees at one lane, and what to change about it.
struct CameraAimCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, tsv }

    static let configuration = CommandConfiguration(
        commandName: "aim",
        abstract: "Writes a picture of a lane with the plate measured, and says what to change.",
        discussion: """
            Put a vehicle, or a plate at its place, before the boom. The camera is opened as \
            gatehouse-vision opens it, which must be stopped meanwhile if it holds the device; with \
            --picture a file is judged instead. Measured on the plate: width in pixels (at least \
            the camera's 'narrowest_plate'), tilt (at most 10 degrees), angle from straight on (at \
            most 40 degrees, by the plate's proportions), sharpness (at least 0.5 of the contrast \
            within a stroke's width), and exposure (at most 30 % of the pixels white, the \
            brightest above 70 of 255, 45 grey levels of contrast). Exit status: 0 when all is \
            well, 1 when something is to be changed or no plate is seen.
            """)

    private static let framesLargest = 12

    @Argument(help: "The lane, as gatehouse.yaml names it.")
    var lane: String
    @Option(help: "The configuration's folder.")
    var config = ConfigurationDirectory.standardPath
    @Option(help: "Judge this JPEG or PNG in place of the camera.")
    var picture: String?
    @Option(help: "Where to write the picture (default: LANE-aim.jpg here).")
    var output: String?
    @Option(help: "text or tsv.") var format = Format.text
    @Option(help: "The folder with the network files.") var models: String?

    /// One picture with what was found in it.
    private struct View {
        let picture: Picture
        let plates: [RecognisedPlate]
        /// The widest plate in the camera's region, of those that were read if any was.
        let plate: RecognisedPlate?

        /// The frame with the widest plate that could be read is the one to judge.
        var worth: Double {
            guard let reading = plate?.reading else { return 0 }
            return reading.corners.widthPixels + (reading.text.isEmpty ? 0 : 1e6)
        }
    }

    func run() throws {
        let site = try SiteFiles.load(config)
        let lane = try SiteFiles.lane(self.lane, of: site)
        guard let name = lane.camera, let camera = site.cameras[name] else {
            throw ValidationError("lane '\(self.lane)' has no camera; name one in gatehouse.yaml")
        }
        let file = output ?? "\(self.lane)-aim.jpg"
        if let picture, let source = FileIdentity(picture), source == FileIdentity(file) {
            throw ValidationError(
                "'\(file)' is the picture itself, and is not written over; name another file with "
                    + "--output")
        }
        let recogniser = try PlateRecogniser(models: models ?? ModelFolder.find())
        let view = try look(name, camera, site, recogniser)
        let report = try view.plate.flatMap {
            try AimReport(
                $0.reading, in: view.picture, narrowestPixels: camera.narrowestPlatePixels)
        }
        let advice = report?.advice ?? Self.nothing(view)
        try write(view, camera, report, to: file)
        tell(view, report, advice, file)
        if report?.problems.isEmpty != true { throw ExitCode(1) }
    }

    // MARK: Looking

    private func look(
        _ name: CameraName, _ camera: CameraConfig, _ site: GateConfig,
        _ recogniser: PlateRecogniser
    ) throws -> View {
        if let picture {
            let opened = try Picture(path: picture)
            let seen = try view(opened, camera, recogniser)
            PictureFiles.tellIfTorn(opened, picture)
            return seen
        }
        var best: View?
        var failure: (any Error)?
        var count = 0
        try CameraProbe.watch(
            name, of: site, configDirectory: config,
            instead: "give a picture with --picture FILE"
        ) { picture in
            do {
                let seen = try view(picture.owned(), camera, recogniser)
                if best == nil || seen.worth > best?.worth ?? 0 { best = seen }
            } catch {
                failure = error
            }
            count += 1
            return count >= Self.framesLargest
        }
        guard let best else {
            throw StartError(
                "no frame of camera '\(name)' can be read: \(failure.map { "\($0)" } ?? "")")
        }
        return best
    }

    private func view(
        _ picture: Picture, _ camera: CameraConfig, _ recogniser: PlateRecogniser
    ) throws -> View {
        let plates = try recogniser.read(picture)
        let region = Self.region(camera, picture)
        let inside = plates.filter {
            Quadrilateral.contains($0.reading.corners.centre, polygon: region)
        }
        return View(
            picture: picture, plates: plates,
            plate: inside.max { a, b in
                if a.reading.text.isEmpty != b.reading.text.isEmpty {
                    return a.reading.text.isEmpty
                }
                return a.reading.corners.widthPixels < b.reading.corners.widthPixels
            })
    }

    private static func region(_ camera: CameraConfig, _ picture: Picture) -> [PixelPoint] {
        camera.region.map {
            PixelPoint(
                x: $0.x * Double(picture.size.width), y: $0.y * Double(picture.size.height))
        }
    }

    private static func nothing(_ view: View) -> String {
        view.plates.isEmpty
            ? "no plate is seen; put a vehicle before the boom, and look whether the picture shows it"
            : "no plate is seen in the camera's region, but one outside of it; turn the camera, or "
                + "widen 'region'"
    }

    // MARK: Telling

    private func write(
        _ view: View, _ camera: CameraConfig, _ report: AimReport?, to file: String
    ) throws(ImageError) {
        var image = try view.picture.rgb().image
        let dot = max(1, image.width / 640)
        let region = Self.region(camera, view.picture)
        if !region.isEmpty {
            image.drawPolygon(
                region.map { SIMD2($0.x, $0.y) }, color: .yellow, thickness: dot)
        }
        for plate in view.plates { PlateAnnotator.draw(plate, into: &image, dot: dot) }
        let lines = report.map(Self.measures) ?? ["no plate"]
        let step = RGBImage.textSize("X", dot: dot).height + 3 * dot
        for (row, line) in lines.enumerated() {
            image.drawText(
                line, x: 4 * dot, y: 4 * dot + row * step, color: .white, background: .black,
                dot: dot)
        }
        try ImageFile.write(image, to: file)
    }

    private static func measures(_ report: AimReport) -> [String] {
        [
            "width \(decimal(report.widthPixels, 0)) px (wanted \(decimal(report.narrowestPixels, 0)))",
            "tilt \(decimal(report.tiltDegrees, 1)) deg, "
                + "oblique \(report.obliqueDegrees.map { decimal($0, 0) } ?? "?") deg",
            "sharpness \(decimal(report.sharpness, 2))",
            "exposure \(decimal(report.dark, 0))..\(decimal(report.bright, 0)), "
                + "white \(decimal(report.blownShare * 100, 0)) %",
        ] + report.problems.map { $0.rawValue.replacing("_", with: " ") }
    }

    private static func decimal(_ value: Double, _ places: Int) -> String {
        PlateRow.decimal(value, places: places)
    }

    private func tell(_ view: View, _ report: AimReport?, _ advice: String, _ file: String) {
        switch format {
        case .text:
            if let report {
                let text = view.plate?.reading.text ?? ""
                print(
                    ([text.isEmpty ? "not read" : text] + Self.measures(report).prefix(4))
                        .joined(separator: ", "))
            }
            print("\(lane): \(advice)")
            print("picture: \(file)")
        case .tsv:
            print(
                "lane\ttext\twidth\twanted\ttilt\toblique\tsharpness\tdark\tbright\twhite\tproblems"
                    + "\tpicture")
            let cells = report.map {
                [
                    view.plate?.reading.text ?? "", Self.decimal($0.widthPixels, 1),
                    Self.decimal($0.narrowestPixels, 0), Self.decimal($0.tiltDegrees, 1),
                    $0.obliqueDegrees.map { Self.decimal($0, 1) } ?? "",
                    Self.decimal($0.sharpness, 3), Self.decimal($0.dark, 0),
                    Self.decimal($0.bright, 0), Self.decimal($0.blownShare, 3),
                    $0.problems.map(\.rawValue).joined(separator: ","),
                ]
            }
            let empty = Array(repeating: "", count: 9) + ["no_plate"]
            print(([lane] + (cells ?? empty) + [file]).joined(separator: "\t"))
        }
    }
}
