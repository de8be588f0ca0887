import AccessPolicy
import EventLoop
import GateConfiguration
import GateEngine
import GateTypes
import VisionLink

/// Consents and faces on the controller's side.
extension GateService {
    func openConsents() throws(SystemError) {
        let desk = try ConsentDesk(directory: config.storage.stateDirectory, loop: loop)
        consents = desk
        if let damage = desk.damage {
            parts.log(.error, damage.description)
            view.alarm(nil, "consents", damage.description, .now())
        }
        consentTimer = RepeatingTimer(loop: loop, every: ConsentDesk.interval, first: .zero) {
            [weak self] in self?.consentTimePassed()
        }
    }

    /// Where a face alone opens by somebody's name stands in the record, with who answers for it.
    func recordFaceAcceptances() {
        for (lane, faces) in config.faces.sorted(by: { $0.key < $1.key }) {
            guard let alone = faces.alone else { continue }
            write(
                EntryDraft(
                    .configuration, lane: lane, at: moment(),
                    facts: ["face_alone": alone.reason], personal: [.person: alone.acceptedBy]))
        }
    }

    /// Engine and eyes hear whose face may be used; the engine first, since it decides.
    func tellConsents() {
        guard let notices = consents?.notices(at: moment()), notices != toldConsents else { return }
        toldConsents = notices
        handle(.consents(notices))
        eyes?.send(.people(notices))
    }

    /// Everything that eyes or an engine who know nothing must hear.
    func tellConsentsAnew() {
        toldConsents = nil
        tellConsents()
        askForClearing()
    }

    private func askForClearing() {
        guard let people = consents?.register.uncleared, !people.isEmpty else { return }
        eyes?.send(.forget(people))
    }

    private func consentTimePassed() {
        let now = moment()
        for consent in consents?.timePassed(now) ?? [] { journal(consent, "expired") }
        tellOfConsentsThatEndSoon(now)
        tellConsents()
        askForClearing()
    }

    /// Without a renewal these people need their badge alone, before long.
    private func tellOfConsentsThatEndSoon(_ now: Moment) {
        let due = (consents?.register.standing(at: now) ?? []).filter {
            $0.endsSoon(within: ConsentRegister.renewalDays, of: now.wall)
        }
        guard let first = due.compactMap(\.expires).min() else {
            return view.clear(nil, "consents_end")
        }
        let days = max(first.milliseconds - now.wall.milliseconds, 0) / 86_400_000
        view.alarm(
            nil, "consents_end",
            texts.alarm(
                "consents_end",
                "\(due.count) consents end within \(ConsentRegister.renewalDays) days, the first in "
                    + "\(days): gatectl consent show, gatectl consent grant"), now.wall)
    }

    /// Ends a consent: engine, eyes' memory, keys, templates; then the record.
    func withdraw(_ person: String, by name: String, _ client: ControlServer.Client) {
        guard let desk = consents else { return }
        // What the eyes hold goes at once; the answer waits until a restart would remember it.
        let outcome = desk.withdraw(person: person, at: moment()) { [weak self] error in
            guard let error else {
                let isThere = self?.eyes?.isConnected == true
                client.send(
                    .done(
                        "the consent of \(person) is withdrawn; "
                            + (isThere
                                ? "its templates are being destroyed (gatectl faces audit)"
                                : "the eyes are away and destroy its templates when they come")))
                return
            }
            let text = "a withdrawn consent cannot be kept over a restart: \(error)"
            self?.view.alarm(nil, "consents", text, .now())
            self?.parts.log(.error, text)
            client.send(.refused(text))
        }
        switch outcome {
        case .failure(let error): client.send(.refused(error.description))
        case .success(let consent):
            tellConsents()
            eyes?.send(.forget([person]))
            journal(consent, "withdrawn", by: name)
        }
    }

    func grantConsent(
        _ request: ControlRequest, by name: String, _ client: ControlServer.Client
    ) {
        guard let desk = consents, let person = request.person, let text = request.text else {
            client.send(.refused("a consent needs \"person\" and \"text\""))
            return
        }
        var expires: WallTime?
        if let until = request.until {
            switch MomentText.parse(until, in: config.site.timeZone) {
            case .success(let wall): expires = wall
            case .failure(let problem):
                client.send(
                    .refused("the end is '\(until)', \(problem.text); write e.g. 2027-11-24T18:30"))
                return
            }
        }
        // Visitors may be in no list; a slip of the pen is in none either.
        let isListed = config.roster.people.contains { $0.person == person }
        desk.grant(
            person: person, textVersion: text, signer: request.signer ?? name,
            expires: expires, hasEyes: !config.cameras.isEmpty, at: moment()
        ) { [weak self] outcome in
            switch outcome {
            case .failure(let error): client.send(.refused(error.description))
            case .success(let consent):
                self?.tellConsents()
                let before = consent.earlier?.last
                self?.journal(
                    consent, before == nil ? "granted" : "renewed", by: name,
                    facts: before.map { ["earlier_text": $0.textVersion] } ?? [:])
                var reply = ControlReply.done(
                    "consent \(consent.identifier) of \(person) is "
                        + (before == nil ? "on record" : "renewed; its templates stay"))
                if !isListed {
                    reply.warning =
                        "'\(person)' is in no row of roster/people.csv; see that it is no slip"
                }
                client.send(reply)
            }
        }
    }

    func showConsents(of person: String?, _ client: ControlServer.Client) {
        let now = moment()
        var reply = ControlReply(ok: true)
        let all = consents?.register.consents ?? []
        reply.consents = all.filter { person == nil || $0.person == person }
        reply.standing = consents?.register.standing(at: now).map(\.identifier)
        client.send(reply)
    }

    /// The eyes have destroyed what was stored of a person.
    func forgotten(_ report: ForgottenFace) {
        if let trouble = report.trouble {
            return parts.log(
                .warning, "templates of \(report.person) may be left: \(trouble); trying again")
        }
        for consent in consents?.cleared(person: report.person, at: moment()) ?? [] {
            journal(consent, "templates_destroyed", facts: ["templates": "\(report.templateCount)"])
        }
    }

    /// Without anything biometric: which consent, which text, what became of it.
    private func journal(
        _ consent: Consent, _ what: String, by name: String? = nil, facts: [String: String] = [:]
    ) {
        var facts = facts
        facts["what"] = what
        facts["consent"] = consent.identifier
        facts["text"] = consent.textVersion
        facts["expires_unix_ms"] = consent.expires.map { "\($0.milliseconds)" }
        var draft = EntryDraft(
            .consent, at: moment(), facts: facts, personal: [.person: consent.person])
        draft.personal[.operatorName] = name
        write(draft)
    }
}
