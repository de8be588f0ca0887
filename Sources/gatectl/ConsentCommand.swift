import ArgumentParser
import Foundation
import GateConfiguration
import GateTypes
import ServiceRuntime

/// `gatectl consent ...`
struct ConsentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consent", abstract: "Records who has agreed that their face is used.",
        subcommands: [
            ConsentGrantCommand.self, ConsentWithdrawCommand.self, ConsentShowCommand.self,
        ])
}

/// `gatectl consent grant`
struct ConsentGrantCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Puts a person's consent on record.",
        discussion: """
            The signed paper or its equivalent is kept elsewhere; here stands that it was signed, \
            to which text, before whom, and until when it holds. Where a consent of the person \
            stands, this renews it: under the new text and until the new end, with the templates \
            as they are; the terms before stay on record. For another purpose than before withdraw \
            it first, which destroys the templates; the new one is taken when the eyes have told that. \
            Somebody who is in no row of roster/people.csv is put on record with a warning.
            """)

    @Argument(help: "The person, as in roster/people.csv.") var person: String
    @Option(help: "The version of the text that was agreed to.") var text: String
    @Option(help: "Before whom; without it the operator.") var signer: String?
    @Option(
        help: """
            The first day on which it holds no longer, by the site's clocks: 2027-11-24, or with \
            T18:30; with T18:30Z in UTC.
            """)
    var until: String?
    @OptionGroup var operatorOptions: OperatorOptions
    @OptionGroup var control: ControlOptions

    func validate() throws {
        guard let until else { return }
        // The gate knows the site's time zone; whether it is a time at all shows in any.
        let utc = TimeZoneTable(name: "UTC", transitions: [])
        if case .failure(let problem) = MomentText.parse(until, in: utc) {
            throw ValidationError(
                "--until is '\(until.shortened)', \(problem.text); write e.g. 2027-11-24T18:30")
        }
    }

    func run() throws {
        var request = ControlRequest(.consentGrant, as: operatorOptions.name)
        request.person = person
        request.text = text
        request.signer = signer
        request.until = until
        try control.change(request)
    }
}

/// `gatectl consent withdraw`
struct ConsentWithdrawCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Ends a consent and destroys the templates under it.",
        discussion: """
            From this moment the face is used no more; keys, templates and what the eyes hold in \
            memory are destroyed at once. The journal keeps that it was so, and nothing of the \
            face. gatectl faces audit proves it.
            """)

    @Argument(help: "The person.") var person: String
    @OptionGroup var operatorOptions: OperatorOptions
    @OptionGroup var control: ControlOptions

    func run() throws {
        var request = ControlRequest(.consentWithdraw, as: operatorOptions.name)
        request.person = person
        try control.change(request)
    }
}

/// `gatectl consent show`
struct ConsentShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows the consents on record, of one person or of all.",
        discussion: "Times are in UTC, and end with Z.")

    @Argument(help: "The person.") var person: String?
    @OptionGroup var control: ControlOptions

    func run() throws {
        let (consents, standing) = try control.consents(of: person)
        if let person, consents.isEmpty {
            throw ValidationError("no consent of \(person) is on record")
        }
        print("consent\tperson\ttext\tgranted\tsigner\tuntil\tstate\tended\tdestroyed")
        for consent in consents {
            // A limited one does not stand while the clock is in doubt, and says so.
            let state =
                consent.state == .standing && !standing.contains(consent.identifier)
                ? "suspended" : consent.state.rawValue
            print(
                [
                    consent.identifier, consent.person, consent.textVersion,
                    consent.granted.shown, consent.signer, consent.expires?.shown ?? "",
                    state, consent.ended?.shown ?? "", consent.cleared?.shown ?? "",
                ].joined(separator: "\t"))
        }
    }
}
