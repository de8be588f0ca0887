/// One person's agreement that their face may be used, as the controller keeps it.
package struct Consent: Hashable, Sendable, Codable {
    package enum State: String, Hashable, Sendable, Codable, CaseIterable {
        case standing, withdrawn, expired
    }

    /// What was agreed to before a renewal.
    package struct Terms: Hashable, Sendable, Codable {
        package var textVersion: String
        package var granted: WallTime
        package var signer: String
        package var expires: WallTime?

        package init(
            textVersion: String, granted: WallTime, signer: String, expires: WallTime?
        ) {
            self.textVersion = textVersion
            self.granted = granted
            self.signer = signer
            self.expires = expires
        }
    }

    /// Never used twice; templates are bound to it. A renewal keeps it.
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
    /// The terms before each renewal, the oldest first; nil where there was none.
    package var earlier: [Terms]?

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

    /// Whether it stands, and ends by itself within a span from now.
    package func endsSoon(within days: Int64, of now: WallTime) -> Bool {
        guard state == .standing, let expires else { return false }
        return expires.milliseconds - now.milliseconds <= days * 86_400_000
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
