/// When each of many things is due, and which is the first; of equal ones the one with the lower number.
///
/// A tree of winners: a change costs as many steps as the tree is high, and the first is always known.
struct DueTable {
    static let never = Int64.max

    private let leaves: Int
    /// The root is at 1, the children of `n` at `2n` and `2n + 1`; each holds the number of its winner.
    private var winners: [Int32]
    private var times: [Int64]

    init(count: Int) {
        var leaves = 1
        while leaves < count { leaves *= 2 }
        self.leaves = leaves
        times = [Int64](repeating: Self.never, count: leaves)
        winners = (0..<2 * leaves).map { Int32($0 >= leaves ? $0 - leaves : 0) }
        for node in stride(from: leaves - 1, to: 0, by: -1) { winners[node] = winners[2 * node] }
    }

    var first: (number: Int, at: Int64) {
        let number = Int(winners[1])
        return (number, times[number])
    }

    subscript(number: Int) -> Int64 {
        get { times[number] }
        set {
            guard times[number] != newValue else { return }
            times[number] = newValue
            var node = (leaves + number) / 2
            while node > 0 {
                let (left, right) = (winners[2 * node], winners[2 * node + 1])
                winners[node] = times[Int(right)] < times[Int(left)] ? right : left
                node /= 2
            }
        }
    }
}
