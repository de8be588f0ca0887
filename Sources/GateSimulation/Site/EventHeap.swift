import GateTypes

/// Things to come, the earliest first, equal ones in the order in which they were added.
///
/// What is moved about in the heap are three numbers; the things themselves stay where they are.
struct EventHeap<Element> {
    private struct Key {
        let at: Int64
        let order: UInt64
        let place: Int

        func isBefore(_ other: Key) -> Bool {
            at != other.at ? at < other.at : order < other.order
        }
    }

    private var keys: [Key] = []
    private var elements: [Element?] = []
    private var free: [Int] = []
    private var lastOrder: UInt64 = 0

    var first: Instant? { keys.first.map { Instant(nanoseconds: $0.at) } }

    mutating func add(_ what: Element, at: Instant) {
        lastOrder &+= 1
        let place: Int
        if let known = free.popLast() {
            place = known
            elements[place] = what
        } else {
            place = elements.count
            elements.append(what)
        }
        let key = Key(at: at.nanoseconds, order: lastOrder, place: place)
        keys.append(key)
        var child = keys.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard key.isBefore(keys[parent]) else { break }
            keys[child] = keys[parent]
            child = parent
        }
        keys[child] = key
    }

    mutating func removeFirst() -> (at: Instant, what: Element)? {
        guard let first = keys.first else { return nil }
        let last = keys.removeLast()
        if !keys.isEmpty { sink(last) }
        defer {
            elements[first.place] = nil
            free.append(first.place)
        }
        return elements[first.place].map { (Instant(nanoseconds: first.at), $0) }
    }

    /// Puts a key in the place of the first, and down to where it belongs.
    private mutating func sink(_ key: Key) {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < keys.count else { break }
            if child + 1 < keys.count, keys[child + 1].isBefore(keys[child]) { child += 1 }
            guard keys[child].isBefore(key) else { break }
            keys[parent] = keys[child]
            parent = child
        }
        keys[parent] = key
    }
}
