import ArgumentParser
import FaceMatching
import FaceStorage
import Foundation
import GateTypes

/// `gatectl faces calibrate`: measures on the site's own people what a similarity means.
struct FacesCalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate", abstract: "Measures similarities between enrolled people.",
        discussion: """
            Compares every template with those of other people, writes the table that the eyes use \
            from then on before the embedder's own, and says how sure it is and whether it bears a \
            face that opens alone. It tells of photographs: pictures of the site's own cameras may \
            lie closer together.
            """)

    @Flag(help: "Only tell; write nothing.") var dryRun = false
    @Option(help: "Largest probability that a stranger is taken for anybody.")
    var rate = 0.01
    @Option(help: "The folder of the gate's configuration, whose models: are used.")
    var config: String?
    @OptionGroup var storage: FaceStoreOptions
    @OptionGroup var networks: FaceNetworkOptions

    func validate() throws {
        if !(1e-6...0.1).contains(rate) { throw ValidationError("--rate takes 0.000001 to 0.1") }
    }

    func run() throws {
        let embedder = try networks.embedder(config)
        let store = try storage.store()
        defer { store.close() }
        let templates = try store.templates(of: embedder.model)
        guard
            let site = SiteCalibration.measure(templates, model: embedder.model, at: .now())
        else {
            throw ValidationError(
                "there are \(Set(templates.map(\.record.binding.person)).count) people enrolled "
                    + "with this embedder; at least 15 are needed for a table")
        }
        let figures = FaceFigures(
            network: embedder.calibration, card: embedder.card, site: site,
            templates: templates.map(\.record))
        tell(site, figures)
        if !dryRun { try site.save(in: storage.faces) }
    }

    private func tell(_ site: SiteCalibration, _ figures: FaceFigures) {
        print("similarity\tfalse_match_rate")
        for point in site.calibration.points {
            print(String(format: "%.4f\t%.2e", point.similarity, point.falseMatchRate))
        }
        let needed = FaceCalibration.pairRate(forOneIn: rate, people: site.peopleCount)
        let pairs = site.peopleCount * (site.peopleCount - 1) / 2
        print(
            "\(site.peopleCount) people, \(pairs) pairs of people, \(site.comparisonCount) "
                + "comparisons; the last row bounds the rate at 95 %")
        if let threshold = figures.table?.threshold(for: needed) {
            let kept = site.genuine.count { $0 >= threshold }
            let taken = site.nearestOthers.count { $0 >= threshold }
            let source =
                needed < site.calibration.points.last?.falseMatchRate ?? 0
                ? ", by the network's own table" : ""
            print(
                String(
                    format: "for %.2g of strangers: %.2e a pair, similarity %.4f",
                    rate, needed, threshold) + source)
            print(
                "\(taken) of \(site.peopleCount) people would be taken for another; "
                    + "\(kept) of \(site.genuine.count) templates are recognised by their owner's "
                    + "others")
        } else {
            print(
                String(
                    format: "for %.2g of strangers a pair may match at %.2e: too rare for %d pairs",
                    rate, needed, pairs))
        }
        let objection = figures.objection(at: rate)
        print(objection.map { "a face alone opens nothing: \($0)" } ?? "this bears a face alone")
    }
}
