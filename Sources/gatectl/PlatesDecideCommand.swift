import AccessPolicy
import ArgumentParser
import Foundation
import GateTypes
import Imaging
import PlateRecognition

/// `gatectl plates decide`: what the gate would do about pictures, without a gate.
struct PlatesDecideCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide",
        abstract: "Tells for each picture whether its vehicle would be let in, and why.",
        discussion: """
            Reads each picture as `plates read` does, takes the surest plate, and asks policy and \
            roster by the likelihood of each character, as the gate itself does. With --sequences \
            the pictures of one folder are the frames of one vehicle, in the order of their names; \
            the columns `surest` and `surest_confidence` are those of the best single frame. \
            Nothing is opened and nothing recorded.
            """)

    @Argument(help: "Pictures; a folder is walked for .jpg, .jpeg and .png.")
    var paths: [String]
    @OptionGroup var place: PolicyOptions
    @Flag(help: "Each picture is one tight plate crop.") var crop = false
    @Flag(help: "The pictures of a folder are the frames of one vehicle.") var sequences = false
    @Option(help: "The folder with the network files.") var models: String?

    static let header = [
        "vehicle", "frames", "text", "outcome", "reasons", "plate", "probability", "group",
        "surest", "surest_confidence",
    ]

    func run() throws {
        let asked = try place.load()
        let recogniser = try PlateRecogniser(models: models ?? ModelFolder.find())
        let pictures = PictureFiles(paths)
        var failures = pictures.errors
        ErrorOutput.write(failures + pictures.notes)
        print(Self.header.joined(separator: "\t"))
        for (name, files) in vehicles(pictures.files) {
            var vehicle = Approach(name: name)
            for file in files {
                do throws(ImageError) {
                    vehicle.add(try surest(in: file, by: recogniser))
                } catch {
                    failures.append(error.located(in: file).description)
                    ErrorOutput.write([error.located(in: file).description])
                }
            }
            let decision = asked.policy.decide(
                vehicle.evidence, at: asked.lane, falseAcceptRate: asked.barrier.falseAcceptRate,
                now: asked.moment)
            print(vehicle.row(decision))
        }
        if !failures.isEmpty { throw ExitCode(1) }
    }

    /// Files by vehicle, in the order of the first.
    private func vehicles(_ files: [String]) -> [(name: String, files: [String])] {
        guard sequences else { return files.map { ($0, [$0]) } }
        var order: [String] = []
        var byFolder: [String: [String]] = [:]
        for file in files {
            let folder = (file as NSString).deletingLastPathComponent
            if byFolder[folder] == nil { order.append(folder) }
            byFolder[folder, default: []].append(file)
        }
        return order.map { ($0, byFolder[$0] ?? []) }
    }

    private func surest(
        in file: String, by recogniser: PlateRecogniser
    ) throws(ImageError) -> PlateReading? {
        let picture = try Picture(fileBytes: try ImageFile.bytes(of: file))
        let plates = try crop ? recogniser.readCrop(picture) : recogniser.read(picture)
        PictureFiles.tellIfTorn(picture, file)
        return plates.map(\.reading).filter { !$0.text.isEmpty }
            .max { $0.confidence < $1.confidence }
    }
}

/// The frames of one vehicle: fused as the gate fuses them, and the best one alone.
private struct Approach {
    let name: String
    var evidence = PlateEvidence()
    var surest: PlateReading?

    mutating func add(_ reading: PlateReading?) {
        guard let reading else { return }
        evidence.add(reading)
        if reading.confidence > surest?.confidence ?? -1 { surest = reading }
    }

    func row(_ decision: AccessDecision) -> String {
        [
            name.replacing("\t", with: " ").replacing("\n", with: " "),
            String(evidence.frameCount), evidence.text,
            decision.isAdmitted ? "admitted" : "refused",
            decision.reasons.map(\.rawValue).joined(separator: ","), decision.plate,
            PlateRow.decimal(decision.probability, places: 4), decision.group ?? "",
            surest?.text ?? "", PlateRow.decimal(surest?.confidence ?? 0, places: 4),
        ].joined(separator: "\t")
    }
}
