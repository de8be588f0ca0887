import ArgumentParser
import ConfigurationFiles
import FaceMatching
import FaceStorage
import Foundation
import GateTypes
import PlateRecognition
import ServiceRuntime

/// Which networks look at faces.
struct FaceNetworkOptions: ParsableArguments {
    @Option(help: "The folder with the network files.")
    var models: String?
    @Option(help: "Another embedder's network file.")
    var model: String?

    /// Folder and embedder: what the command line names, else what the site's configuration does,
    /// else what came with the program.
    ///
    /// - Parameter config: the configuration's folder; nil is the standard one, where it is there.
    func found(_ config: String?) throws -> (folder: String, embedder: String?) {
        if models != nil || model != nil { return (models ?? ModelFolder.find(), model) }
        let directory = config ?? ConfigurationDirectory.standardPath
        guard
            config != nil
                || FileManager.default.fileExists(atPath: "\(directory)/gatehouse.yaml")
        else { return (ModelFolder.find(), nil) }
        let site = try SiteFiles.load(directory).models
        return (site.faces ?? ModelFolder.find(), site.faceEmbedder)
    }

    func reader(_ config: String?) throws -> FaceReader {
        let (folder, embedder) = try found(config)
        do {
            return try FaceReader(models: folder, embedder: embedder)
        } catch {
            throw error.path == embedder ? error : error.ofModelFolder
        }
    }

    func embedder(_ config: String?) throws -> FaceEmbedder {
        let (folder, embedder) = try found(config)
        do {
            return try FaceEmbedder(path: embedder ?? "\(folder)/\(FaceModels.embedder)")
        } catch {
            throw error.path == embedder ? error : error.ofModelFolder
        }
    }
}

/// Where the templates lie.
struct FaceStoreOptions: ParsableArguments {
    static let standardFolder = "/var/lib/gatehouse-vision/faces"

    @Option(help: "The folder of the face templates.")
    var faces = standardFolder

    /// The store, which must be there.
    func store() throws -> FaceStore {
        guard let store = try FaceStore.open(faces) else {
            throw ValidationError(
                "there are no face templates in '\(faces)'; name their folder with --faces")
        }
        return store
    }

    /// The store, for a proof: a folder that is mistyped, or another one, would prove what nobody
    /// looked at, and ends the command with status 1.
    func storeForProof() throws -> FaceStore {
        if let store = try FaceStore.open(faces) { return store }
        var isFolder: ObjCBool = false
        let isThere =
            unsafe FileManager.default.fileExists(atPath: faces, isDirectory: &isFolder)
            && isFolder.boolValue
        ErrorOutput.write([
            isThere
                ? "error: there is no database of templates (\(FaceStore.fileName)) in '\(faces)': "
                    + "nobody was ever enrolled there, or it is another folder; name it with --faces"
                : "error: there is no folder '\(faces)'; name it with --faces"
        ])
        throw ExitCode(1)
    }

    /// The site's own calibration where there is one, and the embedder's beyond it.
    func calibration(of embedder: FaceEmbedder) -> FaceCalibration? {
        SiteCalibration.load(faces, for: embedder.model)?.calibration
            .extended(by: embedder.calibration) ?? embedder.calibration
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

extension ControlClient {
    /// The store waits for it, and the eyes for the store: shorter than their patience.
    private static let answerLimit = Duration.seconds(3)

    /// Whether a consent stands at this moment, by the running gate.
    func answer(on consent: Consent) -> FaceStore.ConsentAnswer {
        var request = ControlRequest(.consents)
        request.person = consent.person
        do throws(StartError) {
            let reply = try ask(request, within: Self.answerLimit)
            guard reply.ok, let standing = reply.standing else {
                return .unknown(reply.text ?? "the gate refuses to tell")
            }
            return standing.contains(consent.identifier) ? .stands : .ended
        } catch {
            return .unknown(error.description)
        }
    }
}

extension WallTime {
    /// UTC, to the second, e.g. `2026-11-24T18:30:00Z`.
    var shown: String {
        let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
        let style = Date.ISO8601FormatStyle.iso8601.year().month().day()
        return date.formatted(style.time(includingFractionalSeconds: false)) + "Z"
    }
}
