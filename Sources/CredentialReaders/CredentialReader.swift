import GateConfiguration
import GateTypes

/// One reader, whatever its protocol: what it tells comes out as credentials and as damage.
///
/// Wiegand readers are fed by pulses. A reader on a bus, such as OSDP, would be fed by its bytes and
/// tell the same reports; nothing behind this protocol knows the difference.
package protocol CredentialReader: Sendable {
    /// When `advance` is due; nil while only the reader itself can change anything.
    var deadline: Instant? { get }
    var health: ReaderHealth { get }
    /// Lets time pass; returns what it completed, in order.
    mutating func advance(to now: Instant) -> [ReaderReport]
}

/// What a reader tells.
package enum ReaderReport: Hashable, Sendable {
    /// A badge number or a code as `badges.csv` writes it, and when its last bit came.
    case credential(String, at: Instant)
    /// Something that is no credential; the person may try again.
    case damaged(ReaderDamage, at: Instant)
}

/// How a reader has done since the start.
package struct ReaderHealth: Hashable, Sendable {
    package var credentialCount = 0
    package var damage: [ReaderDamage: Int] = [:]
    package var lastRead: Instant?

    package init() {}

    package var damageCount: Int { damage.values.reduce(0, +) }
}

/// A reader with the Wiegand interface.
package struct WiegandReader: CredentialReader, Hashable {
    private let config: ReaderConfig.Wiegand
    private var decoder = WiegandDecoder()
    private var keypad = KeypadEntry()
    package private(set) var health = ReaderHealth()

    package init(_ config: ReaderConfig.Wiegand) { self.config = config }

    package var deadline: Instant? {
        switch (decoder.deadline, keypad.deadline) {
        case (let frame?, let code?): min(frame, code)
        case (let frame, let code): frame ?? code
        }
    }

    /// Takes one pulse; returns what the frame before it said, if that had ended.
    package mutating func pulse(_ line: WiegandLine, at instant: Instant) -> [ReaderReport] {
        decoder.pulse(line, at: instant).map { read($0) } ?? []
    }

    package mutating func lostEdges(at instant: Instant) { decoder.lostEdges(at: instant) }

    package mutating func advance(to now: Instant) -> [ReaderReport] {
        let reports = decoder.advance(to: now).map { read($0) } ?? []
        keypad.advance(to: now)
        return reports
    }

    private mutating func read(_ frame: WiegandDecoder.Frame) -> [ReaderReport] {
        switch frame {
        case .damaged(let damage, let last): return damaged(damage, at: last)
        case .bits(let bits, let last):
            guard let format = config.formats.first(where: { $0.bitCount == bits.count })
            else { return damaged(.length, at: last) }
            switch format.read(bits) {
            case .success(.card(let card)):
                let text = card.text(config.numbering, facilities: config.facilities)
                return credential(text, at: last)
            case .success(.key(let key)):
                guard case .code(let code) = keypad.key(key, at: last) else { return [] }
                return credential(code, at: last)
            case .failure(.length): return damaged(.length, at: last)
            case .failure(.parity): return damaged(.parity, at: last)
            case .failure(.key): return damaged(.key, at: last)
            }
        }
    }

    private mutating func credential(_ text: String, at instant: Instant) -> [ReaderReport] {
        health.credentialCount += 1
        health.lastRead = instant
        return [.credential(text, at: instant)]
    }

    private mutating func damaged(_ damage: ReaderDamage, at instant: Instant) -> [ReaderReport] {
        health.damage[damage, default: 0] += 1
        return [.damaged(damage, at: instant)]
    }
}
