import Crypto
import FaceMatching
import Foundation

/// What a template is bound to: changing any of it makes the seal fail.
package struct TemplateBinding: Hashable, Sendable {
    package var person: String
    package var model: FaceModel
    package var consent: String

    package init(person: String, model: FaceModel, consent: String) {
        self.person = person
        self.model = model
        self.consent = consent
    }

    /// Lengths stand before the parts, so that no two bindings read the same.
    func associated(_ what: String) -> Data {
        var data = Data()
        for part in [what, person, model.identifier, consent] {
            let bytes = Data(part.utf8)
            var count = UInt32(bytes.count).littleEndian
            unsafe withUnsafeBytes(of: &count) { unsafe data.append(contentsOf: $0) }
            data += bytes
        }
        return data
    }
}

/// A template under a key of its own, and that key under the site's.
///
/// Destroying the wrapped key makes the template unreadable, whatever copies of it a disk keeps.
struct SealedTemplate: Sendable {
    let wrappedKey: Data
    let body: Data

    init(wrappedKey: Data, body: Data) {
        self.wrappedKey = wrappedKey
        self.body = body
    }

    init(_ embedding: FaceEmbedding, _ binding: TemplateBinding, under site: SiteKey) throws {
        // Made at its full length, since growing would leave copies behind.
        var plain = Data(count: embedding.count * 4)
        defer { plain.resetBytes(in: 0..<plain.count) }
        embedding.withValues { values in
            for index in values.indices {
                let bits = values[index].bitPattern
                for byte in 0..<4 {
                    plain[4 * index + byte] = UInt8(truncatingIfNeeded: bits >> (8 * byte))
                }
            }
        }
        let own = SymmetricKey(size: .bits256)
        var keyBytes = unsafe own.withUnsafeBytes { unsafe Data($0) }
        defer { keyBytes.resetBytes(in: 0..<keyBytes.count) }
        wrappedKey = try Self.seal(keyBytes, site.key, binding.associated("key"))
        body = try Self.seal(plain, own, binding.associated("template"))
    }

    /// Nil when key, binding or content are not those it was sealed with.
    func open(_ binding: TemplateBinding, under site: SiteKey) -> FaceEmbedding? {
        guard var keyBytes = Self.open(wrappedKey, site.key, binding.associated("key")) else {
            return nil
        }
        defer { keyBytes.resetBytes(in: 0..<keyBytes.count) }
        guard
            var plain = Self.open(
                body, SymmetricKey(data: keyBytes), binding.associated("template")),
            plain.count % 4 == 0
        else { return nil }
        defer { plain.resetBytes(in: 0..<plain.count) }
        let start = plain.startIndex
        let values = SecretFloats(count: plain.count / 4) { span in
            for index in span.indices {
                let bits = (0..<4).reduce(UInt32(0)) {
                    $0 | UInt32(plain[start + 4 * index + $1]) << UInt32(8 * $1)
                }
                span[index] = Float(bitPattern: bits)
            }
        }
        return values.withValues { FaceEmbedding(normalising: $0) }
    }

    static func seal(_ plain: Data, _ key: SymmetricKey, _ associated: Data) throws -> Data {
        let box = try AES.GCM.seal(plain, using: key, authenticating: associated)
        // With the standard nonce there always is a combined form.
        return box.combined ?? Data()
    }

    static func open(_ sealed: Data, _ key: SymmetricKey, _ associated: Data) -> Data? {
        guard let box = try? AES.GCM.SealedBox(combined: sealed) else { return nil }
        return try? AES.GCM.open(box, using: key, authenticating: associated)
    }
}
