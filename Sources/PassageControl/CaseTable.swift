/// A case of a small enum that knows its place among the cases.
///
/// Sets and tables of such cases are plain numbers: a machine is asked thousands of times a second,
/// and hashing took a third of its time.
package protocol PlacedCase: Hashable, Sendable, CaseIterable {
    /// From 0; a set takes 8 cases, a table 6.
    var place: Int { get }
}

/// A set of cases, one bit each.
package struct CaseSet<Case: PlacedCase>: Hashable, Sendable, SetAlgebra, Sequence {
    private var bits: UInt8 = 0

    package init() {}

    private init(bits: UInt8) { self.bits = bits }

    private static func bit(_ member: Case) -> UInt8 {
        1 << UInt8(truncatingIfNeeded: member.place)
    }

    package var isEmpty: Bool { bits == 0 }

    package func contains(_ member: Case) -> Bool { bits & Self.bit(member) != 0 }

    package func union(_ other: Self) -> Self { Self(bits: bits | other.bits) }
    package func intersection(_ other: Self) -> Self { Self(bits: bits & other.bits) }
    package func symmetricDifference(_ other: Self) -> Self { Self(bits: bits ^ other.bits) }
    package mutating func formUnion(_ other: Self) { bits |= other.bits }
    package mutating func formIntersection(_ other: Self) { bits &= other.bits }
    package mutating func formSymmetricDifference(_ other: Self) { bits ^= other.bits }

    @discardableResult
    package mutating func insert(_ member: Case) -> (inserted: Bool, memberAfterInsert: Case) {
        let isNew = !contains(member)
        bits |= Self.bit(member)
        return (isNew, member)
    }

    @discardableResult
    package mutating func remove(_ member: Case) -> Case? {
        guard contains(member) else { return nil }
        bits &= ~Self.bit(member)
        return member
    }

    @discardableResult
    package mutating func update(with member: Case) -> Case? {
        insert(member).inserted ? nil : member
    }

    /// In the order of the cases.
    package struct Iterator: IteratorProtocol {
        fileprivate var left: CaseSet

        package mutating func next() -> Case? {
            guard !left.isEmpty else { return nil }
            for candidate in Case.allCases where left.contains(candidate) {
                left.remove(candidate)
                return candidate
            }
            return nil
        }
    }

    package func makeIterator() -> Iterator { Iterator(left: self) }
}

/// A value for some of the cases.
package struct CaseTable<Case: PlacedCase, Value: Hashable & Sendable>: Hashable, Sendable,
    Sequence
{
    private static var places: Int { 6 }

    private var values = InlineArray<6, Value?>(repeating: nil)

    package init() {}

    package init(_ values: [Case: Value]) {
        for (key, value) in values { self[key] = value }
    }

    package subscript(key: Case) -> Value? {
        get { values[key.place] }
        set { values[key.place] = newValue }
    }

    /// In the order of the cases.
    package func makeIterator() -> AnyIterator<(Case, Value)> {
        let found = Case.allCases.compactMap { key in self[key].map { (key, $0) } }
        return AnyIterator(found.makeIterator())
    }

    package static func == (a: Self, b: Self) -> Bool {
        for place in 0..<places where a.values[place] != b.values[place] { return false }
        return true
    }

    package func hash(into hasher: inout Hasher) {
        for place in 0..<Self.places { hasher.combine(values[place]) }
    }
}

extension BarrierSensor: PlacedCase {
    package var place: Int {
        switch self {
        case .approach: 0
        case .safety: 1
        case .photocell: 2
        case .up: 3
        case .down: 4
        case .detached: 5
        }
    }
}

extension Barrier.Drive: PlacedCase {
    package var place: Int {
        switch self {
        case .raise: 0
        case .lower: 1
        case .stop: 2
        case .lamp: 3
        }
    }
}

extension Turnstile.Sensor: PlacedCase {
    package var place: Int {
        switch self {
        case .outer: 0
        case .inner: 1
        case .gate: 2
        }
    }
}

extension Turnstile.Drive: PlacedCase {
    package var place: Int {
        switch self {
        case .entry: 0
        case .exit: 1
        case .gate: 2
        case .arm: 3
        }
    }
}

extension Door.Sensor: PlacedCase {
    package var place: Int {
        switch self {
        case .contact: 0
        case .exit: 1
        case .presence: 2
        case .obstacle: 3
        }
    }
}

extension Door.Drive: PlacedCase {
    package var place: Int {
        switch self {
        case .strike: 0
        case .opener: 1
        }
    }
}

extension PersonTrack.Side: PlacedCase {
    package var place: Int {
        switch self {
        case .outer: 0
        case .inner: 1
        }
    }
}
