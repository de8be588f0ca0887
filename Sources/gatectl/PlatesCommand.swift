import ArgumentParser
import GateTypes
import Imaging
import PlateRecognition

/// `gatectl plates ...`
struct PlatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plates", abstract: "Reads number plates in pictures.",
        subcommands: [PlatesReadCommand.self, PlatesDecideCommand.self])
}

/// How machine-readable output is written.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case tsv, json }

/// `gatectl plates read`: a row for each plate of each picture.
struct PlatesReadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read", abstract: "Reads the plates of JPEG and PNG pictures.",
        discussion: """
            Corners are pixels of the file, clockwise from the top left of the plate. A picture \
            without a plate has a row with an empty text; a plate found and not read has a row with \
            empty text and corners. A file or folder that cannot be read is told on standard \
            error, the others go on, and the exit status is 1. A torn picture is told there, too, \
            and what is left of it is read.
            """)

    @Argument(help: "Pictures; a folder is walked for .jpg, .jpeg and .png.")
    var paths: [String]
    @Option(help: "tsv or json.") var format = OutputFormat.tsv
    @Flag(help: "Each picture is one tight plate crop.") var crop = false
    @Flag(help: "Tell other texts that the plate may say.") var alternatives = false
    @Option(
        help: """
            Write each picture into this folder with its plates drawn in; never over one that is read.
            """)
    var annotate: String?
    @Option(help: "The folder with the network files.") var models: String?

    func run() throws {
        let recogniser = try PlateRecogniser(models: models ?? ModelFolder.find())
        let pictures = PictureFiles(paths)
        let annotator = try annotate.map {
            PlateAnnotator(folder: try AnnotationFolder($0, sources: pictures.files))
        }
        if format == .tsv { print(PlateRow.header(alternatives: alternatives)) }
        try pictures.readEach { (file) throws(ImageError) in
            try read(file, with: recogniser, annotator: annotator)
        }
    }

    private func read(
        _ file: String, with recogniser: PlateRecogniser, annotator: PlateAnnotator?
    ) throws(ImageError) {
        let bytes = try ImageFile.bytes(of: file)
        let begun = ContinuousClock.now
        let picture = try Picture(fileBytes: bytes)
        let plates = try crop ? recogniser.readCrop(picture) : recogniser.read(picture)
        let spent = ContinuousClock.now - begun
        PictureFiles.tellIfTorn(picture, file)
        let rows = plates.isEmpty ? [nil] : plates.map(Optional.some)
        for plate in rows {
            let row = PlateRow(file: file, plate: plate, milliseconds: spent.milliseconds)
            print(
                format == .tsv
                    ? row.tsv(alternatives: alternatives) : row.json(alternatives: alternatives))
        }
        try annotator?.write(picture, plates: plates, named: file)
    }
}
