import FaceMatching
import FaceStorage
import GateConfiguration
import Inference
import PlateRecognition

/// The files behind `models:`, and what they and the site's calibration say.
extension FaceNetworkSource {
    /// Loads the networks and looks at templates and calibration.
    ///
    /// - Parameter faces: the folder of the templates.
    package static func files(faces: String) -> FaceNetworkSource {
        FaceNetworkSource { models in
            let folder = models.faces ?? ModelFolder.find()
            let path = models.faceEmbedder ?? "\(folder)/\(FaceModels.embedder)"
            do throws(NetworkError) {
                let reader = try FaceReader(models: folder, embedder: models.faceEmbedder)
                _ = try FaceEmbedder.verify(path)
                return figures(of: reader.embedder, faces)
            } catch {
                let isEmbedder = models.faceEmbedder != nil && error.path == path
                return FaceNetworks(
                    problems: [
                        .init(
                            key: isEmbedder ? "face_embedder" : "faces",
                            problem: "\(error.path): \(error.problem)", hint: error.remedy)
                    ], objection: { _ in nil })
            }
        }
    }

    private static func figures(of embedder: FaceEmbedder, _ folder: String) -> FaceNetworks {
        let site = SiteCalibration.load(folder, for: embedder.model)
        var templates: [TemplateRecord]?
        var doubts: [String] = []
        do throws(FaceStoreError) {
            let store = try FaceStore.open(folder)
            defer { store?.close() }
            templates = try store?.records().filter { $0.binding.model == embedder.model } ?? []
        } catch {
            doubts.append("whether templates are newer than the calibration is not known: \(error)")
        }
        let figures = FaceFigures(
            network: embedder.calibration, card: embedder.card, site: site, templates: templates)
        return FaceNetworks(
            problems: [], doubts: doubts, isCalibrated: figures.table != nil,
            objection: { figures.objection(at: $0) })
    }
}
