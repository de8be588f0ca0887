import GateTypes

/// When pictures have to go: at the end of their time, and first of all when the journal's disk is
/// full. What went is on record.
struct PictureDesk: Sendable {
    static let expiryInterval = Duration.seconds(3600)
    static let firstExpiry = Duration.seconds(60)
    /// The order to make room is repeated, for the eyes may have been away.
    static let fullInterval = Duration.seconds(60)

    private let kept: Duration
    private var expiryDue: Instant?
    private var fullDue: Instant?
    private var trouble: String?

    /// - Parameter kept: how long a picture is kept; zero keeps none.
    init(kept: Duration) { self.kept = kept }

    mutating func begin(at now: Instant) { expiryDue = now + Self.firstExpiry }

    var nextDeadline: Instant? {
        guard let expiryDue, let fullDue else { return expiryDue ?? fullDue }
        return min(expiryDue, fullDue)
    }

    mutating func timePassed(_ turn: inout Turn) {
        let now = turn.now
        if let due = expiryDue, now.instant >= due {
            expiryDue = now.instant + Self.expiryInterval
            // By a wrong clock everything might look old.
            if now.wallIsTrusted {
                let limit = now.wall.milliseconds &- kept.nanoseconds / 1_000_000
                turn.actions.append(.erasePictures(before: WallTime(milliseconds: limit)))
            }
        }
        if let due = fullDue, now.instant >= due { makeRoom(&turn) }
    }

    mutating func journalDisk(isFull: Bool, _ turn: inout Turn) {
        guard isFull else { return fullDue = nil }
        if fullDue == nil { makeRoom(&turn) }
    }

    private mutating func makeRoom(_ turn: inout Turn) {
        fullDue = turn.now.instant + Self.fullInterval
        turn.actions.append(.makeRoom)
    }

    func erased(_ erasure: PictureErasure, _ turn: inout Turn) {
        turn.record(.pictureErasure, nil, erasure.facts)
    }

    /// Answers true when this is news: a trouble is told once, and that it is over.
    mutating func isNews(_ trouble: String?, _ turn: inout Turn) -> Bool {
        guard (trouble == nil) != (self.trouble == nil) else { return false }
        self.trouble = trouble
        if let trouble {
            turn.record(.fault, nil, ["code": "pictures", "reason": trouble])
        } else {
            turn.record(.faultCleared, nil, ["code": "pictures"])
        }
        return true
    }
}

extension PictureErasure {
    /// For the record; on request, the newest one's name is left out, for it would tell whose.
    package var facts: [String: String] {
        var facts = [
            "reason": reason.rawValue, "pictures": String(count), "bytes": String(byteCount),
        ]
        if reason != .request { facts["newest"] = newest.text }
        return facts
    }
}
