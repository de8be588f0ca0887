import GateTypes

/// Things to come, the earliest first, equal ones in the order in which they were added.
struct EventHeap<Element> {
    private var items: [(at: Instant, order: UInt64, what: Element)] = []
    private var lastOrder: UInt64 = 0

    var first: Instant? { items.first?.at }
    var count: Int { items.count }

    mutating func add(_ what: Element, at: Instant) {
        lastOrder &+= 1
        items.append((at, lastOrder, what))
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard isBefore(child, parent) else { break }
            items.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() -> (at: Instant, what: Element)? {
        guard let first = items.first else { return nil }
        let last = items.removeLast()
        if !items.isEmpty {
            items[0] = last
            sink()
        }
        return (first.at, first.what)
    }

    mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        let kept = items.filter { !isUnwanted($0.what) }.sorted {
            ($0.at, $0.order) < ($1.at, $1.order)
        }
        items = kept  // A sorted array is a heap.
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < items.count && isBefore(child, least) {
                least = child
            }
            guard least != parent else { return }
            items.swapAt(parent, least)
            parent = least
        }
    }

    private func isBefore(_ a: Int, _ b: Int) -> Bool {
        (items[a].at, items[a].order) < (items[b].at, items[b].order)
    }
}
