import ArgumentParser
import FaceMatching
import FaceStorage
import Foundation
import GateTypes
import PlateRecognition
import ServiceRuntime

/// Where the templates lie, and which networks made them.
struct FaceStoreOptions: ParsableArguments {
    static let standardFolder = "/var/lib/gatehouse-vision/faces"

    @Option(help: "The folder of the face templates.")
    var faces = standardFolder
    @Option(help: "The folder with the network files.")
    var models: String?
    @Option(help: "Another embedder's network file.")
    var model: String?

    func reader() throws -> FaceReader {
        try FaceReader(models: models ?? ModelFolder.find(), embedder: model)
    }

    func embedder() throws -> FaceEmbedder {
        let folder = models ?? ModelFolder.find()
        return try FaceEmbedder(path: model ?? "\(folder)/\(FaceModels.embedder)")
    }

    /// The store, which must be there.
    func store() throws -> FaceStore {
        guard let store = try FaceStore.open(faces) else {
            throw ValidationError(
                "there are no face templates in '\(faces)'; name their folder with --faces")
        }
        return store
    }

    /// The site's own calibration where there is one, else the embedder's.
    func calibration(of embedder: FaceEmbedder) -> FaceCalibration? {
        SiteCalibration.load(faces, for: embedder.model)?.calibration ?? embedder.calibration
    }
}

extension ControlOptions {
    /// The consents on record and the identifiers of those that stand.
    func consents(of person: String? = nil) throws -> (all: [Consent], standing: Set<String>) {
        var request = ControlRequest(.consents)
        request.person = person
        let reply = try ask(request)
        return (reply.consents ?? [], Set(reply.standing ?? []))
    }
}

extension WallTime {
    /// UTC, to the minute.
    var shown: String {
        let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
        return date.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: false))
    }
}
