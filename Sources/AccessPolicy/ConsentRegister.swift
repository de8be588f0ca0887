import GateTypes

/// Why a consent cannot be granted or withdrawn.
package struct ConsentError: Error, Hashable, Sendable, CustomStringConvertible {
    package let problem: String
    package let remedy: String
    package var description: String { "\(problem); \(remedy)" }

    init(_ problem: String, remedy: String) {
        self.problem = problem
        self.remedy = remedy
    }
}

/// All consents of a site, standing and past; a value without a clock or a file.
///
/// Time only goes forward here: once the trusted clock was seen beyond an expiry, setting it back
/// does not bring the consent back.
package struct ConsentRegister: Hashable, Sendable, Codable {
    /// Everything has a limit.
    package static let consentsLargest = 50_000
    package static let textLargest = 100
    package static let renewalsLargest = 100
    /// From so many days before its end on a consent is told to be due for renewal.
    package static let renewalDays: Int64 = 30

    /// In the order in which they were granted.
    package private(set) var consents: [Consent] = []
    /// The latest time that a trusted clock has shown.
    package private(set) var latest = WallTime(milliseconds: 0)

    package init() {}

    /// The consent of a person that stands at this moment; none that is limited in time while the
    /// clock is not known to be right.
    package func standing(of person: String, at now: Moment) -> Consent? {
        consents.last { $0.person == person && stands($0, at: now) }
    }

    /// Everybody whose face may be used at this moment.
    package func standing(at now: Moment) -> [Consent] {
        consents.filter { stands($0, at: now) }
    }

    private func stands(_ consent: Consent, at now: Moment) -> Bool {
        guard consent.state == .standing else { return false }
        guard let expires = consent.expires else { return true }
        return now.wallIsTrusted && max(now.wall, latest) < expires
    }

    /// Puts a consent on record; one that stands already is renewed.
    ///
    /// A renewal keeps the identifier, so that what was enrolled under it stays, and keeps the terms
    /// before. A consent that has ended is never renewed: a new one begins, and only when the eyes
    /// have told that nothing is left of the old one's templates.
    ///
    /// - Parameter hasEyes: false where no eyes belong to the site, so that nobody could tell.
    /// - Throws: when something is missing in it.
    package mutating func grant(
        person: String, textVersion: String, signer: String, expires: WallTime?,
        hasEyes: Bool = true, at now: Moment
    ) throws(ConsentError) -> Consent {
        for (value, what) in [
            (person, "the person"), (textVersion, "the version of the text"),
            (signer, "the signer"),
        ] {
            guard !value.isEmpty, value.utf8.count <= Self.textLargest,
                !value.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
            else {
                throw ConsentError(
                    "\(what) is missing or is no plain text", remedy: "write 1 to 100 characters")
            }
        }
        guard now.wallIsTrusted || expires == nil else {
            throw ConsentError(
                "the clock is not known to be right", remedy: "set it before a limited consent")
        }
        if let expires, expires <= max(now.wall, latest) {
            throw ConsentError("it would be expired already", remedy: "give a later end")
        }
        if let index = consents.lastIndex(where: { $0.person == person && $0.state == .standing }) {
            return try renew(index, textVersion, signer, expires, at: now)
        }
        // The order to destroy names the person, so it must not come after a new enrolment.
        guard !hasEyes || !uncleared.contains(person) else {
            throw ConsentError(
                "templates of an earlier consent of \(person) may still be there",
                remedy: "let the eyes destroy them (gatectl consent show), then grant again")
        }
        guard consents.count < Self.consentsLargest else {
            throw ConsentError(
                "\(consents.count) consents are on record", remedy: "archive the register")
        }
        let consent = Consent(
            identifier: "C\(consents.count + 1)-\(now.wall.milliseconds)", person: person,
            textVersion: textVersion, granted: now.wall, signer: signer, expires: expires)
        consents.append(consent)
        return consent
    }

    private mutating func renew(
        _ index: Int, _ textVersion: String, _ signer: String, _ expires: WallTime?, at now: Moment
    ) throws(ConsentError) -> Consent {
        var consent = consents[index]
        if let end = consent.expires, end <= max(now.wall, latest) {
            throw ConsentError(
                "the consent of \(consent.person) is just expiring",
                remedy: "grant it again in a few seconds, and enrol again")
        }
        var earlier = consent.earlier ?? []
        guard earlier.count < Self.renewalsLargest else {
            throw ConsentError(
                "it was renewed \(earlier.count) times", remedy: "withdraw it, and begin a new one")
        }
        earlier.append(
            .init(
                textVersion: consent.textVersion, granted: consent.granted,
                signer: consent.signer, expires: consent.expires))
        consent.earlier = earlier
        (consent.textVersion, consent.signer) = (textVersion, signer)
        (consent.granted, consent.expires) = (now.wall, expires)
        consents[index] = consent
        return consent
    }

    /// Ends a person's consent.
    package mutating func withdraw(
        person: String, at now: Moment
    ) throws(ConsentError) -> Consent {
        guard
            let index = consents.lastIndex(where: { $0.person == person && $0.state == .standing })
        else {
            throw ConsentError("no consent of \(person) stands", remedy: "see gatectl consent show")
        }
        consents[index].state = .withdrawn
        consents[index].ended = now.wall
        return consents[index]
    }

    /// People whose consent has ended and whose templates may still be there.
    ///
    /// Nobody who has consented again: where no eyes cleared before, a new enrolment replaces what is
    /// left, and an order to destroy would take that with it.
    package var uncleared: [String] {
        let standing = Set(consents.filter { $0.state == .standing }.map(\.person))
        return Set(consents.filter { $0.state != .standing && $0.cleared == nil }.map(\.person))
            .subtracting(standing).sorted()
    }

    /// Notes that nothing of a person is left in the eyes; the consents that this clears.
    package mutating func cleared(person: String, at now: Moment) -> [Consent] {
        var done: [Consent] = []
        for index in consents.indices
        where consents[index].person == person && consents[index].state != .standing
            && consents[index].cleared == nil
        {
            consents[index].cleared = now.wall
            done.append(consents[index])
        }
        return done
    }

    /// Notes how late it is, and answers which consents have expired by it.
    package mutating func timePassed(_ now: Moment) -> [Consent] {
        guard now.wallIsTrusted else { return [] }
        latest = max(latest, now.wall)
        var ended: [Consent] = []
        for index in consents.indices where consents[index].state == .standing {
            guard let expires = consents[index].expires, expires <= latest else { continue }
            consents[index].state = .expired
            consents[index].ended = latest
            ended.append(consents[index])
        }
        return ended
    }
}
