import FaceMatching
import Foundation
import GateTypes
import Testing

@testable import FaceStorage

/// When a face may open alone: by the network's card, or by what the site has measured itself.
@Suite struct FaceFiguresTests {
    /// So many people with four photographs each, told apart as well as noise lets them.
    static func templates(
        people: Int, noise: Double = 0.3, from first: Int = 0, count: Int = 4
    ) throws -> [FaceStore.OpenedTemplate] {
        var random = Generator(state: UInt64(people + 17 * first))
        return try (first..<first + people).flatMap { number in
            let centre = (0..<128).map { _ in random.normal() }
            return try (0..<count).map { photo in
                let values = centre.map { Float($0 + noise * random.normal()) }
                return FaceStore.OpenedTemplate(
                    record: TemplateRecord(
                        number: Int64(10 * number + photo),
                        binding: FaceStoreTests.binding("E\(number)"), created: FaceStoreTests.now,
                        quality: 0.9),
                    embedding: try #require(FaceEmbedding(normalising: values)))
            }
        }
    }

    struct Generator {
        var state: UInt64

        mutating func uniform() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) / Double(1 << 53)
        }

        mutating func normal() -> Double {
            (-2 * log(max(uniform(), 1e-12))).squareRoot() * cos(2 * .pi * uniform())
        }
    }

    /// What random directions in 128 dimensions do, far beyond what 300 people show.
    static let network = FaceCalibration(table: "0.15:0.05 0.21:0.01 0.28:1e-3 0.40:1e-5 0.5:1e-7")
    static let card = FaceCard([0.008, 0.02, 500])

    static func figures(
        _ measured: [FaceStore.OpenedTemplate], now: [FaceStore.OpenedTemplate]? = nil,
        network: FaceCalibration? = network, card: FaceCard? = nil
    ) throws -> FaceFigures {
        let site = try #require(
            SiteCalibration.measure(measured, model: FaceStoreTests.model, at: FaceStoreTests.now))
        return FaceFigures(
            network: network, card: card, site: site, templates: (now ?? measured).map(\.record))
    }

    @Test func threeHundredPeopleWhoAreToldApartBearAFaceAlone() throws {
        let figures = try Self.figures(try Self.templates(people: 300))
        #expect(figures.objection(at: 0.01) == nil)
        // A tenth of a per cent would need three thousand.
        #expect(figures.objection(at: 0.001)?.contains("2995 people") == true)
        #expect(figures.objection(at: 0.05)?.contains("false_match_rate is above 1 %") == true)
    }

    @Test func tooFewPeopleBearNothingHoweverWellTheyAreToldApart() throws {
        let objection = try #require(
            try Self.figures(try Self.templates(people: 250, noise: 0.1)).objection(at: 0.01))
        #expect(objection.contains("0 of 250 people") && objection.contains("it takes 299 people"))
    }

    @Test func whatWasNeverMeasuredIsNotAssumed() throws {
        let figures = try Self.figures(try Self.templates(people: 300), network: nil)
        #expect(figures.objection(at: 0.01)?.contains("was measured") == true)
    }

    @Test func peopleWhoAreNotRecognisedBearNothing() throws {
        let figures = try Self.figures(try Self.templates(people: 300, noise: 1.3))
        #expect(figures.objection(at: 0.01)?.contains("are not recognised") == true)
        let few = try Self.figures(try Self.templates(people: 300, count: 2))
        #expect(few.objection(at: 0.01)?.contains("only 0 templates") == true)
    }

    @Test func peopleWhoLookAlikeBearNothing() throws {
        var templates = try Self.templates(people: 300)
        // Twins who are enrolled as two people.
        for (index, twin) in try Self.templates(people: 6).enumerated() {
            var record = twin.record
            record.number = Int64(90_000 + index)
            record.binding.person = "TWIN-\(twin.record.binding.person)"
            templates.append(.init(record: record, embedding: templates[index].embedding))
        }
        // A likeness of one is the rarest of all, so that nothing beyond it can be asked for.
        let objection = try #require(try Self.figures(templates).objection(at: 0.01))
        #expect(objection.contains("was measured"), "\(objection)")
    }

    @Test func aCalibrationOlderThanManyEnrolmentsBearsNothing() throws {
        let measured = try Self.templates(people: 300)
        let some = measured + (try Self.templates(people: 20, from: 1_000))
        #expect(try Self.figures(measured, now: some).objection(at: 0.01) == nil)
        let many = measured + (try Self.templates(people: 50, from: 1_000))
        let objection = try Self.figures(measured, now: many).objection(at: 0.01)
        #expect(objection?.contains("200 of 1400 templates are newer") == true)
        // With fewer people a likeness need be less rare, and that was not measured.
        let fewer = Array(measured.prefix(400))
        #expect(try Self.figures(measured, now: fewer).objection(at: 0.01) != nil)
    }

    @Test func theNetworksCardAloneIsEnoughAndOnlyForSoManyPeople() throws {
        let templates = try Self.templates(people: 20).map(\.record)
        func objection(_ card: FaceCard?, at rate: Double = 0.01) -> String? {
            FaceFigures(network: Self.network, card: card, site: nil, templates: templates)
                .objection(at: rate)
        }
        #expect(objection(Self.card) == nil)
        #expect(objection(Self.card, at: 0.005)?.contains("bounds false matches at 0.8 %") == true)
        #expect(objection(FaceCard([0.008, 0.282, 500]))?.contains("28 % are not") == true)
        #expect(objection(FaceCard([0.008, 0.02, 10]))?.contains("20 people are enrolled") == true)
        #expect(objection(nil)?.contains("the site has not calibrated") == true)
        #expect(FaceCard([0.008, 1.02, 10]) == nil && FaceCard([.nan, 0, 1]) == nil)
    }

    @Test func aSmallCalibrationNeverLocksBadgesOut() throws {
        // 20 people bound nothing rarer than 1.6 %; the network's own table goes on from there.
        let site = try #require(
            SiteCalibration.measure(
                try Self.templates(people: 20), model: FaceStoreTests.model,
                at: FaceStoreTests.now))
        #expect(site.calibration.threshold(for: 0.001) == nil)
        let table = site.calibration.extended(by: Self.network)
        let threshold = try #require(table.threshold(for: 0.001))
        // People who look more alike than the network's never have it easier than those.
        #expect(threshold >= 0.28)
        #expect(table.falseMatchRate(at: 0.2) == site.calibration.falseMatchRate(at: 0.2))
    }

    @Test func aSitesPeopleWhoAreMoreAlikeShiftTheNetworksTable() throws {
        let site = try #require(FaceCalibration(table: "0.25:0.05 0.33:0.01"))
        let table = site.extended(by: Self.network)
        #expect(abs(try #require(table.threshold(for: 1e-3)) - 0.40) < 1e-9)
        let unlike = try #require(FaceCalibration(table: "0.05:0.05 0.1:0.01"))
        let unmoved = try #require(unlike.extended(by: Self.network).threshold(for: 1e-3))
        #expect(abs(unmoved - 0.28) < 1e-9)
        #expect(site.extended(by: nil) == site)
    }

    // MARK: On disk

    @Test func calibrationNeedsPeopleAndBelongsToItsModel() throws {
        let folder = try FaceStoreTests.Folder()
        #expect(
            SiteCalibration.measure(
                try Self.templates(people: 14), model: FaceStoreTests.model,
                at: FaceStoreTests.now) == nil)
        let measured = try #require(
            SiteCalibration.measure(
                try Self.templates(people: 40), model: FaceStoreTests.model,
                at: FaceStoreTests.now))
        #expect(measured.peopleCount == 40 && measured.genuine.count == 160)
        #expect(measured.comparisonCount == 40 * 39 / 2 * 16)
        try measured.save(in: folder.path)
        #expect(SiteCalibration.load(folder.path, for: FaceStoreTests.model) == measured)
        let other = FaceModel(name: "next", identifier: "b")
        #expect(SiteCalibration.load(folder.path, for: other) == nil)
        let path = "\(folder.path)/\(SiteCalibration.fileName)"
        // Whom it was measured on is not in it, and nobody else may read or change it.
        let bytes = try Data(contentsOf: URL(filePath: path))
        #expect(bytes.range(of: Data("E17".utf8)) == nil)
        let rights = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(rights as? Int == 0o600)
    }

    @Test func whoHasLeftHasNoPartInTheCalibrationAnyMore() throws {
        let folder = try FaceStoreTests.Folder()
        let store = try folder.store()
        let people = Dictionary(
            grouping: try Self.templates(people: 17), by: \.record.binding.person)
        for (person, own) in people.sorted(by: { $0.key < $1.key }) {
            try store.enrol(
                own.map { .init(embedding: $0.embedding, quality: 0.9) },
                as: FaceStoreTests.binding(person), at: FaceStoreTests.now, consent: { .stands })
        }
        func loaded() -> SiteCalibration? {
            SiteCalibration.load(folder.path, for: FaceStoreTests.model)
        }
        #expect(try store.renewCalibration() == .unchanged)
        // E9 comes later, and has no part in it.
        let first = try store.templates(of: FaceStoreTests.model)
            .filter { $0.record.binding.person != "E9" }
        let before = try #require(
            SiteCalibration.measure(
                first, model: FaceStoreTests.model, at: FaceStoreTests.now))
        try before.save(in: folder.path)
        try store.remove(person: "E9")
        #expect(try store.renewCalibration() == .unchanged)
        #expect(loaded() == before)

        let gone = first.filter { $0.record.binding.person == "E3" }.map(\.record.number)
        try store.remove(person: "E3")
        #expect(try store.renewCalibration() == .renewed(people: 15))
        let after = try #require(loaded())
        #expect(Set(before.templates).subtracting(after.templates) == Set(gone))
        #expect(after.genuine.count == 60 && after.nearestOthers.count == 15)
        #expect(after.measured == before.measured)
        #expect(try store.renewCalibration() == .unchanged)
        // 14 are too few for a table.
        try store.remove(person: "E4")
        #expect(try store.renewCalibration() == .removed)
        #expect(
            !FileManager.default.fileExists(
                atPath: "\(folder.path)/\(SiteCalibration.fileName)"))
    }

    @Test(arguments: ["", "{", "[]", "{\"model\":1}"])
    func aDamagedCalibrationIsNone(text: String) throws {
        let folder = try FaceStoreTests.Folder()
        try Data(text.utf8).write(
            to: URL(filePath: "\(folder.path)/\(SiteCalibration.fileName)"))
        #expect(SiteCalibration.load(folder.path, for: FaceStoreTests.model) == nil)
    }
}
