/// Networks of the site's own in place of those that came with Gatehouse.
package struct ModelsConfig: Hashable, Sendable {
    /// The folder of the face networks; nil is the one that came with Gatehouse.
    package var faces: String?
    /// The face embedder's file; nil is the one of the folder.
    package var faceEmbedder: String?

    package init(faces: String? = nil, faceEmbedder: String? = nil) {
        self.faces = faces
        self.faceEmbedder = faceEmbedder
    }
}

/// What is known of a site's face networks beyond the configuration's own words.
package struct FaceNetworks: Sendable {
    /// What is wrong with them; `key` is the one under `models:` that names the file.
    package struct Problem: Hashable, Sendable {
        package let key: String
        package let problem: String
        package let hint: String

        package init(key: String, problem: String, hint: String) {
            self.key = key
            self.problem = problem
            self.hint = hint
        }
    }

    package let problems: [Problem]
    /// What could not be looked at, and so may be otherwise than told.
    package let doubts: [String]
    /// Whether network or site have measured how rare likenesses are; without it nobody is matched.
    package let isCalibrated: Bool
    /// Why the figures do not bear a face alone at this false match rate; nil when they do.
    package let objection: @Sendable (Double) -> String?

    package init(
        problems: [Problem], doubts: [String] = [], isCalibrated: Bool = true,
        objection: @escaping @Sendable (Double) -> String?
    ) {
        self.problems = problems
        self.doubts = doubts
        self.isCalibrated = isCalibrated
        self.objection = objection
    }
}

/// Looks at the networks that a configuration names.
///
/// `gatectl check` asks; the daemon does not, since a damaged network must take faces away and never
/// the gate. What the eyes tell at run time decides there.
package struct FaceNetworkSource: Sendable {
    package let look: @Sendable (ModelsConfig) -> FaceNetworks

    package init(_ look: @escaping @Sendable (ModelsConfig) -> FaceNetworks) { self.look = look }
}

/// `models:`, and what the networks themselves say to the lanes that use them.
extension ConfigReader {
    static let modelKeys = ["faces", "face_embedder"]

    mutating func readModels(_ node: SourceNode) {
        guard let section = Section(node, "'models'", keys: Self.modelKeys, &report) else { return }
        for (key, path, what) in [
            ("faces", \ModelsConfig.faces, "the folder of the face networks"),
            ("face_embedder", \ModelsConfig.faceEmbedder, "the face embedder's file"),
        ] {
            let hint = "name \(what), e.g. /usr/local/share/gatehouse/site.ghn"
            guard let text = section.text(key, hint: hint, &report), !text.isEmpty else { continue }
            config.models[keyPath: path] = text.hasPrefix("/") ? text : "\(directory)/\(text)"
            declared.models[key] = section.place(of: key)
        }
    }

    /// To be called when all lanes are known.
    mutating func checkFaceNetworks() {
        guard let source = networks,
            let lane = declared.faces.sorted(by: { $0.key < $1.key }).first?.value
                ?? declared.models.values.first
        else { return }
        let found = source.look(config.models)
        for problem in found.problems {
            report.error(
                declared.models[problem.key] ?? lane, problem.problem, hint: problem.hint)
        }
        for (name, faces) in config.faces.sorted(by: { $0.key < $1.key })
        where faces.needsProof || !found.isCalibrated {
            guard let place = declared.faceUses[name], found.problems.isEmpty else { continue }
            if !found.isCalibrated {
                report.warn(
                    place,
                    "lane '\(name)' recognises nobody by the face: the embedder's file has no table "
                        + "of how rare likenesses are (fmr), and no calibration of the site is "
                        + "found",
                    hint: "enrol at least 15 people, then run gatectl faces calibrate; if that is "
                        + "done, check as root or name the folder with --faces")
            }
            if faces.needsProof, let objection = found.objection(faces.falseMatchRate) {
                report.error(
                    place, "lane '\(name)' lets a face alone open, and \(objection)",
                    hint: "write use: with_badge; or face_alone: { accepted_by: NAME, reason: "
                        + "TEXT }; or measure with gatectl faces calibrate (docs/faces.md)")
            }
            for doubt in found.doubts {
                report.warn(place, doubt, hint: "the eyes look again while they run")
            }
        }
    }
}
