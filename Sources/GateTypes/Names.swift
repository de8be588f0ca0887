/// The name of a lane as the configuration writes it.
package struct LaneName: GateName {
    package let text: String; package init(_ text: String) { self.text = text }
}
/// The name of an input or output line as the configuration writes it.
package struct LineName: GateName {
    package let text: String; package init(_ text: String) { self.text = text }
}
/// The name of a camera as the configuration writes it.
package struct CameraName: GateName {
    package let text: String; package init(_ text: String) { self.text = text }
}

/// The name of a credential reader as the configuration writes it.
package struct ReaderName: GateName {
    package let text: String; package init(_ text: String) { self.text = text }
}

/// A name of one kind of thing; names of different kinds do not mix.
package protocol GateName: Hashable, Comparable, Sendable, Codable, CustomStringConvertible,
    ExpressibleByStringLiteral
{
    var text: String { get }
    init(_ text: String)
}

extension GateName {
    package init(stringLiteral value: String) { self.init(value) }
    package var description: String { text }
    package static func < (a: Self, b: Self) -> Bool { a.text < b.text }

    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
