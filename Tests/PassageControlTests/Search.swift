import GateTypes

@testable import PassageControl

/// A machine with everything that matters of the world around it, time abstracted.
///
/// Every instant in it is one of a few representatives of its class (pending, expired, and where it
/// matters something between), always told from the same `now`. So two machines are equal when
/// nothing but the exact length of a time parts them, and the number of nodes is finite.
protocol SearchNode: Hashable {
    associatedtype Move: Hashable
    /// Everything that may happen next: events, and single timers that run on. Timers run on in any
    /// order, so more orders are searched than real time allows.
    var moves: [Move] { get }
    /// Applies one move; returns the rules that it broke.
    mutating func apply(_ move: Move) -> [String]
    /// The machine's state by its name in its table.
    var name: String { get }
    /// Nothing is released or driven and nobody waits.
    var isHome: Bool { get }
    /// The name of an event in its table; nil for the passing of time.
    static func eventName(_ move: Move) -> String?
}

/// What a search found.
struct SearchReport {
    var states = 0
    var transitions = 0
    /// The first violation with the moves that lead to it; nil when every rule held.
    var violation: String?
    /// Nodes from which no way leads home.
    var withoutWayOut = 0
    var strandedExample: String?
    /// State names that were visited, changes of state and events that were tried.
    var names: Set<String> = []
    var changes: Set<String> = []
    var events: Set<String> = []
    /// False when the limit was reached before the fixpoint.
    var isComplete = true

    var text: String {
        "\(states) states, \(transitions) transitions\(isComplete ? "" : ", not complete")"
    }
}

/// Breadth-first over all orders of moves, to the fixpoint.
func search<Node: SearchNode>(from start: [Node], limit: Int) -> SearchReport {
    var report = SearchReport()
    var nodes: [Node] = []
    var numbers = NodeNumbers()
    var origin: [(from: Int32, move: Node.Move?)] = []
    var backward: [(to: Int32, from: Int32)] = []
    for node in start where numbers.find(node, in: nodes) == nil {
        numbers.add(node, to: &nodes)
        origin.append((-1, nil))
    }
    var next = 0
    while next < nodes.count {
        let node = nodes[next]
        report.names.insert(node.name)
        for move in node.moves {
            var after = node
            let broken = after.apply(move)
            report.transitions += 1
            if let event = Node.eventName(move) { report.events.insert(event) }
            if node.name != after.name { report.changes.insert("\(node.name) -> \(after.name)") }
            let number: Int32
            if let known = numbers.find(after, in: nodes) {
                number = known
            } else {
                guard nodes.count < limit else {
                    report.isComplete = false
                    continue
                }
                number = numbers.add(after, to: &nodes)
                origin.append((Int32(next), move))
            }
            if number != Int32(next) { backward.append((number, Int32(next))) }
            guard broken.isEmpty || report.violation != nil else {
                report.violation =
                    broken.joined(separator: "; ") + "\n"
                    + story(to: next, origin, nodes) + "\n\(move)\n\(after)"
                report.states = nodes.count
                return report
            }
        }
        next += 1
    }
    report.states = nodes.count
    if report.isComplete { findStranded(nodes, backward, &report) }
    return report
}

/// Finds a node's number by its hash; a dictionary would hold every node a second time.
private struct NodeNumbers {
    private var table = [Int32](repeating: -1, count: 1 << 12)

    func find<Node: SearchNode>(_ node: Node, in nodes: [Node]) -> Int32? {
        var place = node.hashValue & (table.count - 1)
        while table[place] >= 0 {
            if nodes[Int(table[place])] == node { return table[place] }
            place = (place + 1) & (table.count - 1)
        }
        return nil
    }

    @discardableResult
    mutating func add<Node: SearchNode>(_ node: Node, to nodes: inout [Node]) -> Int32 {
        nodes.append(node)
        if nodes.count * 2 > table.count {
            table = [Int32](repeating: -1, count: table.count * 4)
            for (number, known) in nodes.dropLast().enumerated() { put(Int32(number), known) }
        }
        put(Int32(nodes.count - 1), node)
        return Int32(nodes.count - 1)
    }

    private mutating func put<Node: SearchNode>(_ number: Int32, _ node: Node) {
        var place = node.hashValue & (table.count - 1)
        while table[place] >= 0 { place = (place + 1) & (table.count - 1) }
        table[place] = number
    }
}

/// The moves from a start to a node.
private func story<Node: SearchNode>(
    to number: Int, _ origin: [(from: Int32, move: Node.Move?)], _ nodes: [Node]
) -> String {
    var moves: [String] = []
    var at = number
    while let move = origin[at].move, moves.count < 200 {
        moves.append("\(move) -> \(nodes[at].name)")
        at = Int(origin[at].from)
    }
    return moves.reversed().joined(separator: "\n")
}

/// Walks backwards from every node that is home; what it does not reach has no way out.
private func findStranded<Node: SearchNode>(
    _ nodes: [Node], _ backward: [(to: Int32, from: Int32)], _ report: inout SearchReport
) {
    var sources = [[Int32]](repeating: [], count: nodes.count)
    for edge in backward { sources[Int(edge.to)].append(edge.from) }
    var reached = nodes.map(\.isHome)
    var open = nodes.indices.filter { reached[$0] }
    while let at = open.popLast() {
        for source in sources[at] where !reached[Int(source)] {
            reached[Int(source)] = true
            open.append(Int(source))
        }
    }
    report.withoutWayOut = reached.count { !$0 }
    if let stranded = reached.firstIndex(of: false) {
        report.strandedExample = "\(nodes[stranded])"
    }
}

/// How far a relay is from being free for its opposite.
enum RelayPhase: Hashable { case free, dead, energised }

/// What relays really do, from what they were told: each lets go at its limit, and one that is lost
/// may not have heard that it should rest.
struct RelayTruth<Drive: Hashable>: Hashable {
    var phases: [Drive: RelayPhase] = [:]
    var lost: Set<Drive> = []

    func phase(_ drive: Drive) -> RelayPhase { phases[drive] ?? .free }

    mutating func assert(_ drive: Drive) {
        lost.remove(drive)
        phases[drive] = .energised
    }

    mutating func rest(_ drive: Drive) {
        if phase(drive) == .energised, !lost.contains(drive) { phases[drive] = .dead }
    }

    /// Time passes for one relay: its limit, or its dead time, is over.
    mutating func passTime(_ drive: Drive) {
        phases[drive] = phase(drive) == .energised ? .dead : nil
    }
}

/// The one moment of every search.
enum SearchTime {
    static let now = Instant(nanoseconds: 1_000_000_000_000)
    /// Pending, and so far away that nothing compares it with anything else.
    static let later = now + .seconds(100)
}

extension RelayMemory {
    /// The class of a relay's time, as the machine sees it.
    func phase(_ drive: Drive, deadTime: Duration) -> RelayPhase {
        guard let until = energisedUntil[drive] else { return .free }
        if until > SearchTime.now { return .energised }
        return until + deadTime > SearchTime.now ? .dead : .free
    }

    /// Puts every time onto the representative of its class.
    mutating func normalise(_ drives: [Drive], deadTime: Duration) {
        for drive in drives {
            switch phase(drive, deadTime: deadTime) {
            case .energised: energisedUntil[drive] = SearchTime.later
            case .dead: energisedUntil[drive] = SearchTime.now
            case .free: energisedUntil[drive] = nil
            }
        }
    }

    mutating func passTime(_ drive: Drive, deadTime: Duration) {
        switch phase(drive, deadTime: deadTime) {
        case .energised: energisedUntil[drive] = SearchTime.now
        case .dead, .free: energisedUntil[drive] = nil
        }
    }
}
