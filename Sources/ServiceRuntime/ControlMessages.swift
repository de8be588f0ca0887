import FoundationEssentials
import GateTypes

/// One request on the control socket: a line of JSON.
package struct ControlRequest: Hashable, Sendable, Codable {
    /// What is asked; `mayChange` says whether it needs the right to act.
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        case status, watch, open, close, reload, consents
        case consentGrant = "consent-grant"
        case consentWithdraw = "consent-withdraw"
        case clearFault = "clear-fault"
        case emergencyRelease = "emergency-release"
        case emergencyReset = "emergency-reset"
        case lockdown
        case endLockdown = "end-lockdown"

        package var mayChange: Bool {
            switch self {
            case .status, .watch, .consents: false
            case .open, .close, .reload, .clearFault, .emergencyRelease, .emergencyReset,
                .lockdown, .endLockdown, .consentGrant, .consentWithdraw:
                true
            }
        }

        package var needsLane: Bool {
            switch self {
            case .open, .close, .clearFault: true
            case .status, .watch, .reload, .emergencyRelease, .emergencyReset, .lockdown,
                .endLockdown, .consents, .consentGrant, .consentWithdraw:
                false
            }
        }
    }

    package var request: Kind
    package var lane: LaneName?
    /// Who really asks, where a shared account does.
    package var `as`: String?
    /// Of a consent: whose, to which text, before whom.
    package var person: String?
    package var text: String?
    package var signer: String?
    /// Until when, as the site's clocks show it (`MomentText`): the asker's may be others.
    package var until: String?

    package init(_ request: Kind, lane: LaneName? = nil, as name: String? = nil) {
        self.request = request
        self.lane = lane
        self.as = name
    }
}

/// One line of answer; `watch` brings many.
package struct ControlReply: Hashable, Sendable, Codable {
    package var ok: Bool
    /// One sentence.
    package var text: String?
    /// What was done all the same, and should be looked at; one sentence.
    package var warning: String?
    /// Errors of a configuration, each with its place.
    package var errors: [String]?
    package var snapshot: GateSnapshot?
    package var happening: GateHappening?
    /// All consents asked for, and the identifiers of those that stand now.
    package var consents: [Consent]?
    package var standing: [String]?

    package init(ok: Bool, text: String? = nil, errors: [String]? = nil) {
        self.ok = ok
        self.text = text
        self.errors = errors
    }

    package static func done(_ text: String) -> ControlReply { ControlReply(ok: true, text: text) }

    package static func refused(_ text: String) -> ControlReply {
        ControlReply(ok: false, text: text)
    }

    package static func snapshot(_ snapshot: GateSnapshot) -> ControlReply {
        var reply = ControlReply(ok: true)
        reply.snapshot = snapshot
        return reply
    }

    package static func happening(_ happening: GateHappening) -> ControlReply {
        var reply = ControlReply(ok: true)
        reply.happening = happening
        return reply
    }
}

/// Limits of the control socket, in one place.
package enum ControlLimits {
    package static let clients = 16
    /// So many places those who only look leave to those who may act: an emergency release gets in.
    package static let reservedForOperators = 6
    package static let requestBytes = 4096
    package static let replyBytes = 16_777_216
    package static let nameBytes = 64
}

/// Requests and replies as JSON.
package enum ControlCoding {
    /// The request, or a sentence that says what is wrong with it.
    package static func request(_ bytes: [UInt8]) -> Result<ControlRequest, StartError> {
        guard let request = try? JSONDecoder().decode(ControlRequest.self, from: Data(bytes)) else {
            let known = ControlRequest.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            return .failure(
                StartError("not a request; send {\"request\": KIND} with one of \(known)"))
        }
        if request.request.needsLane && request.lane == nil {
            return .failure(StartError("'\(request.request.rawValue)' needs \"lane\": NAME"))
        }
        if let name = request.as, !isOperatorName(name) {
            return .failure(
                StartError("\"as\" takes a name of 1 to \(ControlLimits.nameBytes) bytes"))
        }
        return .success(request)
    }

    /// Whether a name may go on record as that of who asks.
    package static func isOperatorName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= ControlLimits.nameBytes
            && !name.unicodeScalars.contains { $0.value < 32 }
    }

    package static func encode(_ message: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Our own plain values; JSON has no way to refuse them but for numbers that are not finite.
        return (try? encoder.encode(message)).map(Array.init) ?? Array("{\"ok\":false}".utf8)
    }

    package static func reply(_ bytes: [UInt8]) -> ControlReply? {
        try? JSONDecoder().decode(ControlReply.self, from: Data(bytes))
    }
}
