import ArgumentParser
import ConfigurationFiles
import EventLoop
import FaceMatching
import FaceStorage
import Foundation
import GateTypes
import Imaging
import ServiceRuntime

/// `gatectl faces enrol`: makes templates from photographs, under a standing consent.
struct FacesEnrolCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enrol", abstract: "Enrols a person from 3 to 5 photographs.",
        discussion: """
            The person's consent must stand to the end (gatectl consent grant). Refused are: \
            photographs of poor quality, with several faces or of different people, and a face \
            that resembles another enrolled person's (twins: --twin NOTE). Earlier templates of \
            the person are replaced. No picture is kept, and none is needed again. Run it as root or as the eyes' \
            user; running eyes take the change up by themselves.
            """)

    @Argument(help: "The person, as in roster/people.csv.") var person: String
    @Argument(help: "Photographs of this person alone.") var photos: [String] = []
    @Option(
        help: """
            Take the pictures with this camera of gatehouse.yaml, step by step; stop \
            gatehouse-vision meanwhile if it holds the device.
            """)
    var camera: String?
    @Option(help: "How long to look through the camera, in seconds.") var seconds = 60
    @Option(help: "Why a likeness to another enrolled person is accepted.") var twin: String?
    @OptionGroup var storage: FaceStoreOptions
    @OptionGroup var networks: FaceNetworkOptions
    @OptionGroup var control: ControlOptions

    func validate() throws {
        if photos.isEmpty == (camera == nil) {
            throw ValidationError("give photographs, or --camera CAMERA, and not both")
        }
        if !(5...600).contains(seconds) { throw ValidationError("--seconds takes 5 to 600") }
        if let twin, twin.allSatisfy(\.isWhitespace) {
            throw ValidationError("--twin takes a note of why the likeness is accepted")
        }
    }

    func run() throws {
        let (consents, standing) = try control.consents(of: person)
        guard let consent = consents.last(where: { standing.contains($0.identifier) }) else {
            throw ValidationError(
                "no consent of \(person) stands; record it first: gatectl consent grant \(person) "
                    + "--text VERSION")
        }
        let reader = try networks.reader(control.config)
        let calibration = storage.calibration(of: reader.embedder)
        if calibration == nil {
            ErrorOutput.write([
                "warning: neither the embedder's file (fmr) nor this site says how rare likenesses "
                    + "are, and until one does nobody is recognised; enrol at least 15 people, then "
                    + "run gatectl faces calibrate"
            ])
        }
        guard let store = try FaceStore.open(storage.faces, making: true) else { return }
        defer { store.close() }
        let others = try store.templates(of: reader.embedder.model)
            .filter { $0.record.binding.person != person }
        let gallery = try Gallery(
            others.map { FaceTemplate(person: $0.record.binding.person, embedding: $0.embedding) },
            dimension: reader.embedder.dimension, fusion: .highest)
        var enrolment = Enrolment(
            gallery: gallery, threshold: Enrolment.threshold(calibration))
        if let camera {
            enrolment = try guide(CameraName(camera), reader, enrolment)
        } else {
            for photo in photos { try judge(photo, reader, &enrolment) }
        }
        guard enrolment.problems.isEmpty, let templates = enrolment.templates else {
            ErrorOutput.write([
                "\(person) is not enrolled; take these photographs anew or leave "
                    + "them out"
            ])
            throw ExitCode(1)
        }
        // Minutes may have passed before the camera. Connected before the store is held, for
        // afterwards root's rights are those of its owner, whom the gate would refuse.
        let gate = try ControlClient(path: try control.path())
        try store.enrol(
            templates.map { .init(embedding: $0.embedding, quality: $0.quality) },
            as: TemplateBinding(
                person: person, model: reader.embedder.model, consent: consent.identifier),
            twinNote: twin, at: .now(), consent: { gate.answer(on: consent) })
        print("\(person): \(templates.count) templates under consent \(consent.identifier)")
        if templates.count < Enrolment.picturesWanted {
            ErrorOutput.write([
                "warning: with \(Enrolment.picturesWanted) to \(Enrolment.picturesMost) "
                    + "photographs the gate knows them far better"
            ])
        }
    }

    /// Looks through a camera until there are enough good and different pictures.
    private func guide(
        _ camera: CameraName, _ reader: FaceReader, _ begun: Enrolment
    ) throws -> Enrolment {
        let directory = control.config ?? ConfigurationDirectory.standardPath
        let site = try SiteFiles.load(directory)
        var enrolment = begun
        var (told, failure) = ("", (any Error)?.none)
        func tell(_ text: String) {
            guard text != told else { return }
            told = text
            ErrorOutput.write([text])
        }
        tell("look at the camera '\(camera)'; \(Enrolment.picturesWanted) pictures are wanted")
        try CameraProbe.watch(
            camera, of: site, configDirectory: directory, instead: "give photographs",
            limit: .seconds(seconds)
        ) { picture in
            let name = "picture \(enrolment.acceptedCount + 1)"
            do {
                let faces = try reader.read(picture)
                let problem = try enrolment.consider(name, faces, isTwin: twin != nil)
                let isEnough = enrolment.acceptedCount >= Enrolment.picturesWanted
                tell(
                    problem.map(Self.advice)
                        ?? "\(name) is good" + (isEnough ? "" : "; \(Self.nextAdvice)"))
                return isEnough
            } catch let error as ImageError {
                // Cameras send one now and then, and the next frame is on its way.
                tell("a frame cannot be read: \(error.problem)")
            } catch {
                failure = error
            }
            return failure != nil
        }
        if let failure { throw failure }
        if enrolment.acceptedCount < Enrolment.picturesWanted {
            ErrorOutput.write([
                "error: \(person) is not enrolled: \(enrolment.acceptedCount) of "
                    + "\(Enrolment.picturesWanted) pictures within \(seconds) s; \(told)"
            ])
            throw ExitCode(1)
        }
        return enrolment
    }

    private static let nextAdvice = "turn your head a little, or step nearer or back"

    /// What the person before the camera can do about it.
    private static func advice(_ problem: EnrolmentProblem) -> String {
        switch problem {
        case .noFace: "no face is seen: step before the camera"
        case .severalFaces: "several faces are seen: one person only"
        case .poor(_, _, let hint): hint
        case .alike: nextAdvice
        case .notOnePerson: "this is another person than before"
        case .resembles, .tooFew, .tooMany: problem.description
        }
    }

    private func judge(
        _ photo: String, _ reader: FaceReader, _ enrolment: inout Enrolment
    ) throws {
        let faces: [ReadFace]
        do throws(ImageError) {
            let picture = try Picture(fileBytes: try ImageFile.bytes(of: photo))
            faces = try reader.read(picture)
            PictureFiles.tellIfTorn(picture, photo)
        } catch {
            throw ValidationError(error.located(in: photo).description)
        }
        if let problem = try enrolment.add(photo, faces: faces, isTwin: twin != nil) {
            ErrorOutput.write(["error: \(problem)"])
        }
    }
}
