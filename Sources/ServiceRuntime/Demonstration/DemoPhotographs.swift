import AccessPolicy
import FaceMatching
import FaceStorage
import Foundation
import GateTypes
import Imaging
import PlateRecognition

/// Real photographs of faces in a demonstration: looked at once beforehand, then shown to the running
/// eyes through every face camera, so that all of them find, straighten and compare at once.
///
/// A subfolder with four pictures and more is taken for one person: the first good ones enrol them,
/// under a consent of the demonstration's own, in its temporary folder, until it ends. The pictures
/// themselves stay where they are.
package struct DemoPhotographs: Sendable {
    /// Everything has a limit: each is shown for a second and a half at a time.
    private static let photographsLargest = 40
    private static let peopleLargest = 8
    private static let enrolling = 3
    /// At 15 frames a second; nobody stands there in between, so that each is somebody new. The two
    /// sides of a turnstile take turns, and who was let in has time to pass before the other comes.
    private static let framesShown = 22
    private static let framesEmpty = 62

    /// What was found when they were looked at, a line each.
    package private(set) var lines: [(name: String, value: String)] = []
    private(set) var people: [String] = []
    private var register: ConsentRegister
    private var shown: [(path: String, person: String?)] = []

    /// Looks at the pictures of a folder and enrols whose subfolders have enough of them.
    ///
    /// - Parameters:
    ///   - state: the demonstration's state folder, whose `faces` takes the templates.
    ///   - register: the consents of the simulated people, which go on.
    /// - Returns: nil where no picture shows a face: the folder holds vehicles.
    static func prepare(
        _ folder: String, state: String, register: ConsentRegister
    ) throws -> DemoPhotographs? {
        let reader = try FaceReader(models: ModelFolder.find())
        var photographs = DemoPhotographs(register: register)
        try FileManager.default.createDirectory(
            atPath: state + "/faces", withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        guard let store = try FaceStore.open(state + "/faces", making: true) else { return nil }
        defer { store.close() }
        var templates: [FaceTemplate] = []
        for (name, files) in pictures(in: folder) {
            var left = files
            if name != nil, files.count > Self.enrolling, photographs.people.count < peopleLargest {
                left = try photographs.enrol(files, reader, store, &templates)
            }
            let person = left.count < files.count ? photographs.people.last : nil
            photographs.shown += left.map { ($0, person) }
        }
        photographs.shown = Array(photographs.shown.prefix(photographsLargest))
        let gallery = try Gallery(templates, dimension: reader.embedder.dimension)
        let isWorthShowing = try photographs.look(reader, gallery)
        return isWorthShowing ? photographs : nil
    }

    private init(register: ConsentRegister) { self.register = register }

    /// Those of the folder itself, then those of each subfolder, by name.
    private static func pictures(in folder: String) -> [(name: String?, files: [String])] {
        let manager = FileManager.default
        func files(_ path: String) -> [String] {
            ((try? manager.contentsOfDirectory(atPath: path)) ?? []).sorted().filter { name in
                [".jpg", ".jpeg"].contains { name.lowercased().hasSuffix($0) }
            }.map { "\(path)/\($0)" }
        }
        let root = folder.hasPrefix("/") ? folder : manager.currentDirectoryPath + "/" + folder
        var groups: [(name: String?, files: [String])] = [(nil, files(root))]
        for name in ((try? manager.contentsOfDirectory(atPath: root)) ?? []).sorted() {
            groups.append((name, files("\(root)/\(name)")))
        }
        return groups.filter { !$0.files.isEmpty }
    }

    /// Enrols one person of the first good pictures; the rest of them.
    private mutating func enrol(
        _ files: [String], _ reader: FaceReader, _ store: FaceStore,
        _ templates: inout [FaceTemplate]
    ) throws -> [String] {
        let person = "PHOTO\(people.count + 1)"
        var enrolment = Enrolment(
            gallery: try Gallery(templates, dimension: reader.embedder.dimension, fusion: .highest),
            threshold: Enrolment.threshold(reader.embedder.calibration))
        var left = files
        for file in files where enrolment.acceptedCount < Self.enrolling {
            try Interruption.check()
            guard let faces = try? reader.read(try Picture(path: file)),
                try enrolment.add(file, faces: faces) == nil
            else { continue }
            left.removeAll { $0 == file }
        }
        guard enrolment.acceptedCount == Self.enrolling, !left.isEmpty,
            let good = enrolment.templates
        else { return files }
        let now = Moment(instant: .now(), wall: .now())
        let consent = try register.grant(
            person: person, textVersion: "demonstration", signer: "photographs", expires: nil,
            at: now)
        try store.enrol(
            good.map { .init(embedding: $0.embedding, quality: $0.quality) },
            as: TemplateBinding(
                person: person, model: reader.embedder.model, consent: consent.identifier),
            at: now.wall, consent: { .stands })
        templates += good.map { FaceTemplate(person: person, embedding: $0.embedding) }
        people.append(person)
        return left
    }

    /// Looks at what will be shown; false where no picture shows a face.
    private mutating func look(_ reader: FaceReader, _ gallery: Gallery) throws -> Bool {
        var (withFace, fit, right, wrong, unknown) = (0, 0, 0, 0, 0)
        var (hints, spans) = ([FaceHint: Int](), [Double]())
        let rate = FaceCalibration.pairRate(forOneIn: 0.01, people: gallery.peopleCount)
        let threshold = reader.embedder.calibration?.threshold(for: rate)
        for (path, person) in shown {
            try Interruption.check()
            let begun = ContinuousClock.now
            guard let face = try? reader.read(try Picture(path: path)).first else { continue }
            spans.append((ContinuousClock.now - begun).milliseconds)
            withFace += 1
            if let hint = face.quality.hint {
                hints[hint, default: 0] += 1
                continue
            }
            fit += 1
            guard let embedding = face.embedding, let threshold,
                let best = try? gallery.nearest(to: embedding).first,
                best.similarity >= threshold
            else {
                unknown += 1
                continue
            }
            if best.person == person { right += 1 } else { wrong += 1 }
        }
        let known = shown.count { $0.person != nil }
        lines = [
            ("photographs of faces", "\(shown.count) shown, \(withFace) with a face, \(fit) fit"),
            (
                "  people enrolled from subfolders",
                "\(people.count), \(Self.enrolling) photographs each; \(known) others show them"
            ),
            ("  one frame alone", "\(right) right, \(wrong) wrong, \(unknown) nobody"),
        ]
        for (hint, count) in hints.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            lines.append(("  \(hint.rawValue.replacing("_", with: " "))", "\(count)"))
        }
        if let spread = DemoSummary.Spread(spans) {
            lines.append(
                (
                    "  milliseconds a photograph",
                    String(format: "p50 %.0f, p99 %.0f", spread.p50, spread.p99)
                ))
        }
        return withFace > 0
    }

    /// The list of frames that a camera plays.
    static func listName(_ camera: CameraName) -> String { "photographs-\(camera).txt" }

    /// Writes what the running programs need: a list of frames for each camera, the consents, the
    /// people. No two cameras show the same person at a time, but for those of one group: an
    /// infrared camera plays what its partner plays.
    func install(config: String, state: String, cameras: [[CameraName]]) throws {
        try ConsentFile(directory: state).save(register)
        let empty = "\(config)/nobody.jpg"
        let gray = RGBImage(size: PixelSize(width: 640, height: 480), filledWith: 128)
        try Data(try JPEG.encode(gray)).write(to: URL(filePath: empty))
        for (number, group) in cameras.enumerated() {
            let first = number * shown.count / max(cameras.count, 1)
            let turn = (Self.framesEmpty + Self.framesShown) / 2
            let before = Self.framesEmpty / 4 + (number.isMultiple(of: 2) ? 0 : turn)
            var frames = Array(repeating: empty, count: before)
            for (path, _) in shown[first...] + shown[..<first] {
                frames += Array(repeating: path, count: Self.framesShown)
                frames += Array(repeating: empty, count: Self.framesEmpty)
            }
            let text = frames.joined(separator: "\n") + "\n"
            for camera in group {
                try Data(text.utf8)
                    .write(to: URL(filePath: "\(config)/\(Self.listName(camera))"))
            }
        }
        let roster = "\(config)/roster/people.csv"
        var text = String(
            decoding: FileManager.default.contents(atPath: roster) ?? Data(), as: UTF8.self)
        if !text.hasSuffix("\n") { text += "\n" }
        text += people.map { "\($0),people,,,photographs\n" }.joined()
        try Data(text.utf8).write(to: URL(filePath: roster))
    }
}
