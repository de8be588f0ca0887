/// One person's agreement that their face may be used, as the controller keeps it.
package struct Consent: Hashable, Sendable, Codable {
    package enum State: String, Hashable, Sendable, Codable, CaseIterable {
        case standing, withdrawn, expired
    }

    /// Never used twice; templates are bound to it.
    package var identifier: String
    package var person: String
    /// Which text was agreed to.
    package var textVersion: String
    package var granted: WallTime
    /// Who witnessed it and put it on record.
    package var signer: String
    /// It stands until then; nil: until it is withdrawn.
    package var expires: WallTime?
    package var state: State
    /// When it was withdrawn or expired.
    package var ended: WallTime?
    /// When the eyes had destroyed what was stored under it.
    package var cleared: WallTime?

    package init(
        identifier: String, person: String, textVersion: String, granted: WallTime,
        signer: String, expires: WallTime? = nil, state: State = .standing, ended: WallTime? = nil
    ) {
        self.identifier = identifier
        self.person = person
        self.textVersion = textVersion
        self.granted = granted
        self.signer = signer
        self.expires = expires
        self.state = state
        self.ended = ended
    }
}

/// What the eyes need to know of a consent: whom they may look for, and until when.
package struct ConsentNotice: Hashable, Sendable, Codable {
    package var person: String
    package var consent: String
    package var expires: WallTime?

    package init(person: String, consent: String, expires: WallTime?) {
        self.person = person
        self.consent = consent
        self.expires = expires
    }
}
