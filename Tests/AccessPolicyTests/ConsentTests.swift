import AccessPolicy
import GateTypes
import Testing

/// Consents: one a person, ended by a word or by time, and never brought back by a clock.
@Suite struct ConsentTests {
    static func at(_ day: Int64, trusted: Bool = true) -> Moment {
        Moment(
            instant: Instant(nanoseconds: 0),
            wall: WallTime(milliseconds: 1_790_000_000_000 + day * 86_400_000),
            wallIsTrusted: trusted)
    }

    static func register(until day: Int64? = nil) throws -> ConsentRegister {
        var register = ConsentRegister()
        _ = try register.grant(
            person: "E017", textVersion: "2026-1", signer: "E002",
            expires: day.map { at($0).wall }, at: at(0))
        return register
    }

    @Test func aConsentStandsUntilItIsWithdrawn() throws {
        var register = try Self.register()
        #expect(register.standing(of: "E017", at: Self.at(1))?.textVersion == "2026-1")
        #expect(register.standing(of: "E018", at: Self.at(1)) == nil)
        let ended = try register.withdraw(person: "E017", at: Self.at(2))
        #expect(ended.state == .withdrawn && ended.ended == Self.at(2).wall)
        #expect(register.standing(at: Self.at(2)).isEmpty)
        #expect(register.uncleared == ["E017"])
        #expect(register.cleared(person: "E017", at: Self.at(3)).count == 1)
        #expect(register.uncleared.isEmpty)
        #expect(register.cleared(person: "E017", at: Self.at(4)).isEmpty)
        #expect(throws: ConsentError.self) {
            try register.withdraw(person: "E017", at: Self.at(5))
        }
    }

    @Test func theClockSetBackBringsNoExpiredConsentBack() throws {
        var register = try Self.register(until: 10)
        #expect(register.standing(of: "E017", at: Self.at(9)) != nil)
        #expect(register.standing(of: "E017", at: Self.at(10)) == nil)
        // Told late: the clock was beyond the end once, and is set back before anybody asked.
        _ = register.timePassed(Self.at(9))
        let ended = register.timePassed(Self.at(11))
        #expect(ended.map(\.state) == [.expired])
        #expect(register.standing(of: "E017", at: Self.at(5)) == nil)
        #expect(register.timePassed(Self.at(5)).isEmpty)
        #expect(register.uncleared == ["E017"])
    }

    @Test func theMarkAloneKeepsItExpired() throws {
        var register = try Self.register(until: 10)
        var other = ConsentRegister()
        _ = other.timePassed(Self.at(20))
        // A consent whose end lies before the latest time seen is refused from the start.
        #expect(throws: ConsentError.self) {
            try other.grant(
                person: "E1", textVersion: "1", signer: "E2", expires: Self.at(10).wall,
                at: Self.at(0))
        }
        #expect(register.timePassed(Self.at(20, trusted: false)).isEmpty)
        #expect(register.standing(of: "E017", at: Self.at(5)) != nil)
    }

    @Test func aLimitedConsentDoesNotStandWhileTheClockIsInDoubt() throws {
        #expect(
            try Self.register(until: 10).standing(of: "E017", at: Self.at(1, trusted: false))
                == nil)
        #expect(
            try Self.register().standing(of: "E017", at: Self.at(1, trusted: false)) != nil)
    }

    @Test func oneStandsAtATimeAndIdentifiersAreNeverUsedTwice() throws {
        var register = try Self.register()
        _ = try register.withdraw(person: "E017", at: Self.at(1))
        _ = register.cleared(person: "E017", at: Self.at(1))
        let again = try register.grant(
            person: "E017", textVersion: "2", signer: "E002", expires: nil, at: Self.at(1))
        #expect(Set(register.consents.map(\.identifier)).count == 2)
        #expect(register.standing(of: "E017", at: Self.at(2)) == again)
    }

    @Test func noNewOneBeginsBeforeTheTemplatesOfTheOldOneAreDestroyed() throws {
        var register = try Self.register()
        _ = try register.withdraw(person: "E017", at: Self.at(1))
        let error = #expect(throws: ConsentError.self) {
            try register.grant(
                person: "E017", textVersion: "2", signer: "E002", expires: nil, at: Self.at(2))
        }
        #expect(error?.problem.contains("may still be there") == true)
        // The eyes are still asked, and other people are not concerned.
        #expect(register.uncleared == ["E017"])
        _ = try register.grant(
            person: "E018", textVersion: "2", signer: "E002", expires: nil, at: Self.at(2))
        // Where no eyes belong to the site, nobody would ever tell.
        var blind = register
        _ = try blind.grant(
            person: "E017", textVersion: "2", signer: "E002", expires: nil, hasEyes: false,
            at: Self.at(2))
        #expect(blind.standing(of: "E017", at: Self.at(2)) != nil && blind.uncleared.isEmpty)

        _ = register.cleared(person: "E017", at: Self.at(3))
        _ = try register.grant(
            person: "E017", textVersion: "2", signer: "E002", expires: nil, at: Self.at(3))
        #expect(register.standing(of: "E017", at: Self.at(3)) != nil)
    }

    @Test func aRenewalKeepsTheIdentifierAndTheTermsBefore() throws {
        var register = try Self.register(until: 10)
        let first = try #require(register.standing(of: "E017", at: Self.at(1)))
        let renewed = try register.grant(
            person: "E017", textVersion: "2027-1", signer: "E003", expires: Self.at(400).wall,
            at: Self.at(5))
        #expect(register.consents == [renewed] && renewed.identifier == first.identifier)
        #expect(renewed.textVersion == "2027-1" && renewed.granted == Self.at(5).wall)
        #expect(
            renewed.earlier == [
                .init(
                    textVersion: "2026-1", granted: Self.at(0).wall, signer: "E002",
                    expires: Self.at(10).wall)
            ])
        #expect(register.timePassed(Self.at(11)).isEmpty && register.uncleared.isEmpty)
        #expect(register.standing(of: "E017", at: Self.at(399)) == renewed)
        #expect(register.timePassed(Self.at(400)).map(\.state) == [.expired])
    }

    @Test func whatHasEndedIsNeverRenewed() throws {
        var register = try Self.register(until: 10)
        // Beyond its end, and nobody has looked yet: it must not slip through as standing.
        #expect(throws: ConsentError.self) {
            try register.grant(
                person: "E017", textVersion: "2", signer: "E002", expires: nil, at: Self.at(10))
        }
        _ = register.timePassed(Self.at(10))
        _ = register.cleared(person: "E017", at: Self.at(10))
        let again = try register.grant(
            person: "E017", textVersion: "2", signer: "E002", expires: nil, at: Self.at(10))
        #expect(again.identifier != register.consents[0].identifier && again.earlier == nil)
        #expect(register.consents[0].state == .expired)
    }

    @Test func theEndIsToldBeforehand() throws {
        let register = try Self.register(until: 40)
        let consent = try #require(register.consents.first)
        #expect(!consent.endsSoon(within: 30, of: Self.at(9).wall))
        #expect(consent.endsSoon(within: 30, of: Self.at(10).wall))
        #expect(!(try Self.register().consents[0].endsSoon(within: 30, of: Self.at(9).wall)))
    }

    @Test(arguments: [
        ("", "1", "E2"), ("E1", "", "E2"), ("E1", "1", ""), ("E1\n", "1", "E2"),
        (String(repeating: "x", count: 101), "1", "E2"),
    ])
    func whatIsNoPlainTextIsRefused(person: String, text: String, signer: String) {
        var register = ConsentRegister()
        #expect(throws: ConsentError.self) {
            try register.grant(
                person: person, textVersion: text, signer: signer, expires: nil, at: Self.at(0))
        }
    }
}
