import AccessPolicy
import EventLoop
import GateTypes
import Glibc

/// The consents of the running gate: who may be looked for, told to engine and eyes, kept on disk.
///
/// It belongs to the loop's thread; the disk's slowness stays on a thread of its own.
final class ConsentDesk {
    /// How often expiry is looked at, and how often what the eyes have not confirmed is asked again.
    static let interval = Duration.seconds(5)

    private let file: ConsentFile
    private let worker: SerialWorker
    private var answers: Mailbox<(Int, SystemError?)>?
    private var waiting: [Int: (SystemError?) -> Void] = [:]
    private var lastNumber = 0
    private(set) var register: ConsentRegister
    /// Why no consent stands, where the file was damaged.
    let damage: StartError?
    private var toldLatest = WallTime(milliseconds: 0)
    private static let latestKept: Int64 = 60_000

    init(directory: String, loop: EventLoop) throws(SystemError) {
        file = ConsentFile(directory: directory)
        switch file.load() {
        case .success(let register): (self.register, damage) = (register, nil)
        case .failure(let error): (register, damage) = (ConsentRegister(), error)
        }
        worker = try SerialWorker(name: "consents", limit: 1_000)
        answers = try loop.makeMailbox(limit: 1_000) { [weak self] (number, error) in
            self?.waiting.removeValue(forKey: number)?(error)
        }
    }

    func notices(at now: Moment) -> [ConsentNotice] {
        register.standing(at: now).map {
            ConsentNotice(person: $0.person, consent: $0.identifier, expires: $0.expires)
        }
    }

    /// Puts a consent on record; `done` is called when the disk has it, and only then it stands.
    ///
    /// - Parameter hasEyes: false where no eyes belong to the site (`ConsentRegister.grant`).
    func grant(
        person: String, textVersion: String, signer: String, expires: WallTime?, hasEyes: Bool,
        at now: Moment, done: @escaping (Result<Consent, StartError>) -> Void
    ) {
        if let damage { return done(.failure(damage)) }
        let before = latest(of: person)
        var changed = register
        do throws(ConsentError) {
            _ = try changed.grant(
                person: person, textVersion: textVersion, signer: signer, expires: expires,
                hasEyes: hasEyes, at: now)
        } catch {
            return done(.failure(StartError(error.description)))
        }
        // Kept apart until it is durable: meanwhile nothing rests on it.
        save(changed) { [weak self, changed] error in
            if let error {
                return done(.failure(StartError("the consent cannot be kept: \(error)")))
            }
            guard let self else { return }
            // A word that came later counts: a consent withdrawn meanwhile does not come back.
            guard self.latest(of: person) == before else {
                self.save(self.register) { _ in }
                return done(
                    .failure(
                        StartError(
                            "the consent of \(person) was changed meanwhile; look at it, then "
                                + "grant again")))
            }
            do throws(ConsentError) {
                let kept = try self.register.grant(
                    person: person, textVersion: textVersion, signer: signer, expires: expires,
                    hasEyes: hasEyes, at: now)
                // What was ended meanwhile was saved without this one.
                if self.register != changed { self.save(self.register) { _ in } }
                done(.success(kept))
            } catch {
                done(.failure(StartError(error.description)))
            }
        }
    }

    /// Ends a consent at once; `done` is called when the disk has it.
    func withdraw(
        person: String, at now: Moment, done: @escaping (SystemError?) -> Void
    ) -> Result<Consent, StartError> {
        do throws(ConsentError) {
            let consent = try register.withdraw(person: person, at: now)
            save(register, done)
            return .success(consent)
        } catch {
            return .failure(StartError(error.description))
        }
    }

    /// Consents that have expired since the last call.
    func timePassed(_ now: Moment) -> [Consent] {
        let ended = register.timePassed(now)
        // The clock's mark is kept now and then: set back over a restart, expired stays expired.
        let isStale = register.latest.milliseconds - toldLatest.milliseconds > Self.latestKept
        if !ended.isEmpty || isStale && register.consents.contains(where: { $0.expires != nil }) {
            toldLatest = register.latest
            save(register) { _ in }
        }
        return ended
    }

    func cleared(person: String, at now: Moment) -> [Consent] {
        let done = register.cleared(person: person, at: now)
        if !done.isEmpty { save(register) { _ in } }
        return done
    }

    private func latest(of person: String) -> Consent? {
        register.consents.last { $0.person == person }
    }

    func finish() { worker.finish(within: .seconds(2)) }

    private func save(_ register: ConsentRegister, _ done: @escaping (SystemError?) -> Void) {
        guard damage == nil, let answers else { return done(nil) }
        lastNumber += 1
        let number = lastNumber
        waiting[number] = done
        let isAccepted = worker.submit { [file] in
            do throws(SystemError) {
                try file.save(register)
                answers.post((number, nil))
            } catch {
                answers.post((number, error))
            }
        }
        if !isAccepted {
            waiting[number] = nil
            done(SystemError("write", file.path, code: ENOSPC))
        }
    }
}
