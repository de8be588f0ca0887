import AccessPolicy
import ArgumentParser
import FaceMatching
import FaceStorage
import Foundation
import GateTypes
import ServiceRuntime

/// `gatectl faces list`: who is enrolled.
struct FacesListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists who is enrolled, and who is due to be enrolled again.",
        discussion: """
            Templates of another embedder than the one in use are never compared: their owners are \
            due. A row for each person; nothing biometric is shown.
            """)

    @Option(help: "The folder of the gate's configuration, whose models: are used.")
    var config: String?
    @OptionGroup var storage: FaceStoreOptions
    @OptionGroup var networks: FaceNetworkOptions

    func run() throws {
        let model = try networks.embedder(config).model
        let store = try storage.store()
        defer { store.close() }
        print("person\ttemplates\tquality\tenrolled\tconsent\tmodel\tdue\tnote")
        let records = try store.records()
        for (person, own) in Dictionary(grouping: records, by: \.binding.person)
            .sorted(by: { $0.key < $1.key })
        {
            guard let first = own.first else { continue }
            let quality = own.map(\.quality).reduce(0, +) / Double(own.count)
            let isDue = own.contains { $0.binding.model.identifier != model.identifier }
            print(
                [
                    person, "\(own.count)", String(format: "%.2f", quality), first.created.shown,
                    first.binding.consent, first.binding.model.name,
                    isDue ? "another embedder" : "", first.twinNote ?? "",
                ].joined(separator: "\t"))
        }
    }
}

/// `gatectl faces show`: what is stored of one person.
struct FacesShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows what is stored of one person, but the face itself.")

    @Argument(help: "The person.") var person: String
    @OptionGroup var storage: FaceStoreOptions

    func run() throws {
        let store = try storage.store()
        defer { store.close() }
        let own = try store.records().filter { $0.binding.person == person }
        guard !own.isEmpty else {
            throw ValidationError("\(person) is not enrolled; see gatectl faces list")
        }
        print("template\tenrolled\tquality\tconsent\tmodel\tmodel_id\tnote")
        for record in own {
            print(
                [
                    "\(record.number)", record.created.shown,
                    String(format: "%.2f", record.quality), record.binding.consent,
                    record.binding.model.name, record.binding.model.identifier,
                    record.twinNote ?? "",
                ].joined(separator: "\t"))
        }
    }
}

/// `gatectl faces remove`: destroys a person's templates; the consent stays.
struct FacesRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Destroys the templates of one person.",
        discussion: "The consent stays on record; gatectl consent withdraw ends it, too.")

    @Argument(help: "The person.") var person: String
    @OptionGroup var storage: FaceStoreOptions

    func run() throws {
        let store = try storage.store()
        defer { store.close() }
        let (count, logIsClean) = try store.remove(person: person)
        guard count > 0 else {
            throw ValidationError("\(person) is not enrolled; see gatectl faces list")
        }
        print("\(person): \(count) templates destroyed")
        if !logIsClean {
            ErrorOutput.write([
                "warning: another process reads the log, which may hold their sealed copies until "
                    + "it ends; run this again"
            ])
        }
        switch try store.renewCalibration() {
        case .unchanged: break
        case .renewed(let people):
            print("the site's calibration is measured anew on \(people) people")
        case .removed:
            ErrorOutput.write([
                "warning: the site's calibration is removed, since \(person) had a part in it; "
                    + "measure again with gatectl faces calibrate, which needs 15 people"
            ])
        }
    }
}

/// `gatectl faces audit`: proves that no template lacks a standing consent.
struct FacesAuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Holds every template against the consents on record.",
        discussion: """
            A row for each template without a standing consent of its own, and exit status 1; with \
            0 every template has one. Ended consents whose templates the eyes have not confirmed \
            as destroyed are told, too, and consents that end within 30 days. Run it as root: a \
            folder that cannot be looked into, or holds no database, proves nothing and is an error.
            """)

    @OptionGroup var storage: FaceStoreOptions
    @OptionGroup var control: ControlOptions

    func run() throws {
        let store = try storage.storeForProof()
        defer { store.close() }
        let (consents, standing) = try control.consents()
        let owners = Dictionary(
            consents.map { ($0.identifier, $0.person) }, uniquingKeysWith: { $1 })
        var faults: [String] = []
        let records = try store.records()
        for record in records {
            let consent = record.binding.consent
            if !standing.contains(consent) {
                faults.append("\(record.binding.person)\t\(record.number)\t\(consent)\tends")
            } else if owners[consent] != record.binding.person {
                faults.append("\(record.binding.person)\t\(record.number)\t\(consent)\tforeign")
            }
        }
        for consent in consents
        where consent.endsSoon(within: ConsentRegister.renewalDays, of: .now()) {
            ErrorOutput.write([
                "warning: the consent of \(consent.person) ends on "
                    + "\(consent.expires?.shown ?? ""); renew it with gatectl consent grant, or its "
                    + "templates are destroyed then"
            ])
        }
        let open = consents.filter { $0.state != .standing && $0.cleared == nil }
        if !faults.isEmpty {
            print("person\ttemplate\tconsent\tfault")
            faults.forEach { print($0) }
        }
        for consent in open {
            ErrorOutput.write([
                "warning: the eyes have not confirmed that the templates under "
                    + "\(consent.identifier) (\(consent.person), \(consent.state.rawValue)) are "
                    + "destroyed; start gatehouse-vision"
            ])
        }
        if faults.isEmpty {
            print("\(records.count) templates, each under a standing consent of its own")
        }
        if !faults.isEmpty || !open.isEmpty { throw ExitCode(1) }
    }
}
