import ArgumentParser
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
            The person's consent must stand (gatectl consent grant). Refused are: photographs of \
            poor quality, with several faces or of different people, and a face that resembles \
            another enrolled person's (twins: --twin NOTE). Earlier templates of the person are \
            replaced. No picture is kept, and none is needed again. Run it as root or as the eyes' \
            user; running eyes take the change up by themselves.
            """)

    @Argument(help: "The person, as in roster/people.csv.") var person: String
    @Argument(help: "Photographs of this person alone.") var photos: [String]
    @Option(help: "Why a likeness to another enrolled person is accepted.") var twin: String?
    @OptionGroup var storage: FaceStoreOptions
    @OptionGroup var control: ControlOptions

    func run() throws {
        let (consents, standing) = try control.consents(of: person)
        guard let consent = consents.last(where: { standing.contains($0.identifier) }) else {
            throw ValidationError(
                "no consent of \(person) stands; record it first: gatectl consent grant \(person) "
                    + "--text VERSION")
        }
        let reader = try storage.reader()
        guard let store = try FaceStore.open(storage.faces, making: true) else { return }
        defer { store.close() }
        let others = try store.templates(of: reader.embedder.model)
            .filter { $0.record.binding.person != person }
        let gallery = try Gallery(
            others.map { FaceTemplate(person: $0.record.binding.person, embedding: $0.embedding) },
            dimension: reader.embedder.dimension, fusion: .highest)
        var enrolment = Enrolment(
            gallery: gallery,
            threshold: Enrolment.threshold(storage.calibration(of: reader.embedder)))
        for photo in photos { try judge(photo, reader, &enrolment) }
        guard enrolment.problems.isEmpty, let templates = enrolment.templates else {
            ErrorOutput.write([
                "\(person) is not enrolled; take these photographs anew or leave "
                    + "them out"
            ])
            throw ExitCode(1)
        }
        try store.enrol(
            templates.map { .init(embedding: $0.embedding, quality: $0.quality) },
            as: TemplateBinding(
                person: person, model: reader.embedder.model, consent: consent.identifier),
            twinNote: twin, at: .current)
        print("\(person): \(templates.count) templates under consent \(consent.identifier)")
        if templates.count < Enrolment.picturesWanted {
            ErrorOutput.write([
                "warning: with \(Enrolment.picturesWanted) to \(Enrolment.picturesMost) "
                    + "photographs the gate knows them far better"
            ])
        }
    }

    private func judge(
        _ photo: String, _ reader: FaceReader, _ enrolment: inout Enrolment
    ) throws {
        let faces: [ReadFace]
        do throws(ImageError) {
            faces = try reader.read(try Picture(fileBytes: try ImageFile.bytes(of: photo)))
        } catch {
            throw ValidationError(error.located(in: photo).description)
        }
        if let problem = try enrolment.add(photo, faces: faces, isTwin: twin != nil) {
            ErrorOutput.write(["error: \(problem)"])
        }
    }
}
