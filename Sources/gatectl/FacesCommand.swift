import ArgumentParser
import FaceMatching
import GateTypes
import Imaging

/// `gatectl faces ...`
struct FacesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "faces",
        abstract: "Finds faces in pictures; enrols people with their consent.",
        subcommands: [
            FacesReadCommand.self, FacesEnrolCommand.self, FacesListCommand.self,
            FacesShowCommand.self, FacesRemoveCommand.self, FacesCalibrateCommand.self,
            FacesAuditCommand.self,
        ])
}

/// `gatectl faces read`: a row for each face of each picture.
struct FacesReadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read", abstract: "Finds and embeds the faces of JPEG and PNG pictures.",
        discussion: """
            Boxes are pixels of the file. The embedding is base64 of little-endian floats of length \
            one; 'live' is empty, since single pictures are not judged. A picture without a face \
            has a row with empty cells. A file or folder that cannot be read is told on standard \
            error, the others go on, and the exit status is 1. A torn picture is told there, too, \
            and what is left of it is read. Embeddings are biometric data: keep them as \
            you would keep the pictures, and delete them when the comparison is done.
            """)

    @Argument(help: "Pictures; a folder is walked for .jpg, .jpeg and .png.")
    var paths: [String]
    @Option(help: "tsv or json.") var format = OutputFormat.tsv
    @Option(
        help: """
            Write each picture into this folder with its faces drawn in; never over one that is read.
            """)
    var annotate: String?
    @Option(help: "The folder of the gate's configuration, whose models: are used.")
    var config: String?
    @OptionGroup var networks: FaceNetworkOptions

    func run() throws {
        let reader = try networks.reader(config)
        let pictures = PictureFiles(paths)
        let annotator = try annotate.map {
            FaceAnnotator(folder: try AnnotationFolder($0, sources: pictures.files))
        }
        if format == .tsv { print(FaceRow.header) }
        try pictures.readEach { (file) throws(ImageError) in
            try read(file, with: reader, annotator: annotator)
        }
    }

    private func read(
        _ file: String, with reader: FaceReader, annotator: FaceAnnotator?
    ) throws(ImageError) {
        let bytes = try ImageFile.bytes(of: file)
        let begun = ContinuousClock.now
        let picture = try Picture(fileBytes: bytes)
        let faces = try reader.read(picture)
        let spent = ContinuousClock.now - begun
        PictureFiles.tellIfTorn(picture, file)
        let rows = faces.isEmpty ? [nil] : faces.map(Optional.some)
        for face in rows {
            let row = FaceRow(file: file, face: face, milliseconds: spent.milliseconds)
            print(format == .tsv ? row.tsv : row.json)
        }
        try annotator?.write(picture, faces: faces, named: file)
    }
}
