import Crypto
import Foundation
import GateTypes

/// The bytes that the chain covers, as docs/journal-format.md describes them.
package enum ChainEncoding {
    static let tag = "gatehouse-journal-1"
    static let saltByteCount = 16
    /// Longer texts are cut: an entry has a bounded size whatever comes from outside.
    static let factByteLimit = 4096
    static let personalByteLimit = 256

    /// An entry's columns exactly as they are stored.
    package struct Row {
        var sequence: Int64
        var kind: Data
        var lane: Data
        var monotonicNanoseconds: Int64
        var wallMilliseconds: Int64
        package var facts: Data
        var commitments: Data
    }

    /// SHA-256 over the previous hash and each column, preceded by its length.
    static func hash(_ row: Row, after previous: ChainHash) -> ChainHash {
        var digest = SHA256()
        digest.update(data: previous.bytes)
        let columns: [Data] = [
            Data(tag.utf8), Data(String(row.sequence).utf8), row.kind, row.lane,
            Data(String(row.monotonicNanoseconds).utf8), Data(String(row.wallMilliseconds).utf8),
            row.facts, row.commitments,
        ]
        for column in columns {
            let length = UInt32(clamping: column.count)
            let prefix = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
            digest.update(data: prefix)
            digest.update(data: column)
        }
        return ChainHash(unchecked: Array(digest.finalize()))
    }

    /// SHA-256 of what lies outside of the journal and is named by its hash, e.g. a picture.
    package static func hash(ofContent bytes: [UInt8]) -> ChainHash {
        var digest = SHA256()
        digest.update(data: bytes)
        return ChainHash(unchecked: Array(digest.finalize()))
    }

    static func commitment(salt: Data, value: Data) -> ChainHash {
        var digest = SHA256()
        digest.update(data: salt)
        digest.update(data: value)
        return ChainHash(unchecked: Array(digest.finalize()))
    }

    /// Sixteen bytes from the system's random source.
    package static func salt() -> Data {
        var random = SystemRandomNumberGenerator()
        return Data((0..<saltByteCount).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    /// A JSON object with sorted keys.
    static func json(_ object: [String: String]) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(object)) ?? Data("{}".utf8)
    }

    /// Nil unless the bytes are a JSON object of texts.
    static func object(_ json: Data) -> [String: String]? {
        try? JSONDecoder().decode([String: String].self, from: json)
    }

    /// SQLite ends a text at a zero byte, so none is let in; `limit` counts bytes of UTF-8.
    package static func clean(_ text: String, limit: Int) -> String {
        let text = text.contains("\0") ? text.replacing("\0", with: "\u{FFFD}") : text
        guard text.utf8.count > limit else { return text }
        var kept = ""
        var byteCount = 3
        for character in text {
            byteCount += String(character).utf8.count
            if byteCount > limit { break }
            kept.append(character)
        }
        return kept + "…"
    }

    static func clean(_ facts: [String: String]) -> [String: String] {
        var result: [String: String] = [:]
        for (key, value) in facts {
            result[clean(key, limit: personalByteLimit)] = clean(value, limit: factByteLimit)
        }
        return result
    }
}
