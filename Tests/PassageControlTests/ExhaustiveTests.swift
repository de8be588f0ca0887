import Foundation
import PassageControl
import Testing

/// Every order of events for each machine, time abstracted to timers that are pending or expired.
///
/// `make test` searches the smaller scopes; GATEHOUSE_BENCH=full (`make bench`) all of them.
@Suite(.serialized) struct ExhaustiveTests {
    static let isFull = ProcessInfo.processInfo.environment["GATEHOUSE_BENCH"] == "full"
    /// Nodes that a search may hold: memory has an end.
    static let nodesLargest = isFull ? 2_000_000 : 250_000

    @Test func everyOrderOfEventsAtABarrier() throws {
        let scopes = BarrierScope.small + (Self.isFull ? BarrierScope.wide : [])
        let reports = scopes.map { scope in
            let isDown: Set<BarrierSensor> = scope.fitted.contains(.down) ? [.down] : []
            return Self.run([BarrierNode(scope, active: isDown)], scope.title)
        }
        try Self.checkRows(of: "barrier.md", reports, events: [])
        let events = Set(reports.flatMap(\.events))
        #expect(
            events == [
                "reads", "sensorFailed", "driveFailed", "open", "close", "clearFault",
                "contradicted", "replaced", "emergencyRelease", "emergencyReset", "tick",
            ])
        let changes = Set(reports.flatMap(\.changes))
        for edge in Self.barrierEdges { #expect(changes.contains(edge), "\(edge) never happened") }
    }

    /// What docs/barrier.md draws and lists.
    private static let barrierEdges = [
        "resting -> raising", "resting -> open", "resting -> lowering", "resting -> fault",
        "reversing -> raising", "raising -> open", "raising -> fault", "open -> lowering",
        "open -> fault", "lowering -> reversing", "lowering -> resting", "lowering -> fault",
        "fault -> resting", "resting -> emergency", "raising -> emergency", "open -> emergency",
        "reversing -> emergency", "lowering -> emergency", "fault -> emergency",
        "emergency -> resting", "emergency -> fault",
    ]

    @Test func everyOrderOfEventsAtATurnstile() throws {
        let scopes = TurnstileScope.small + (Self.isFull ? TurnstileScope.wide : [])
        let reports = scopes.map { Self.run([TurnstileNode($0)], $0.title) }
        try Self.checkRows(of: "turnstile.md", reports, events: ["tick"])
        let changes = Set(reports.flatMap(\.changes))
        for edge in [
            "locked -> released", "released -> relocking", "relocking -> locked",
            "relocking -> released", "locked -> fault", "released -> fault", "fault -> relocking",
            "locked -> emergency", "released -> emergency", "fault -> emergency",
            "emergency -> relocking", "emergency -> fault",
        ] {
            #expect(changes.contains(edge), "\(edge) never happened")
        }
    }

    @Test func everyOrderOfEventsAtADoor() throws {
        let scopes = DoorScope.small + (Self.isFull ? DoorScope.wide : [])
        let reports = scopes.map { Self.run([DoorNode($0)], $0.title) }
        try Self.checkRows(of: "door.md", reports, events: ["tick"])
        let changes = Set(reports.flatMap(\.changes))
        for edge in [
            "secured -> released", "secured -> open", "released -> secured", "released -> open",
            "open -> secured", "open -> closing", "closing -> secured", "closing -> open",
            "secured -> fault", "open -> fault", "fault -> secured", "secured -> emergency",
            "released -> emergency", "open -> emergency", "closing -> emergency",
            "fault -> emergency", "emergency -> secured", "emergency -> fault",
            "emergency -> closing",
        ] {
            #expect(changes.contains(edge), "\(edge) never happened")
        }
    }

    // MARK: Pieces

    private static func run<Node: SearchNode>(_ start: [Node], _ title: String) -> SearchReport {
        let begun = ContinuousClock.now
        let report = search(from: start, limit: nodesLargest)
        let seconds = (ContinuousClock.now - begun).components.seconds
        print("exhaustive: \(title): \(report.text), \(seconds) s")
        #expect(report.violation == nil, "\(title)\n\(report.violation ?? "")")
        #expect(report.isComplete, "\(title): more than \(nodesLargest) states")
        #expect(
            report.withoutWayOut == 0,
            "\(title): no way out of \(report.withoutWayOut), e.g. \(report.strandedExample ?? "")")
        return report
    }

    /// Every row of the tables of a machine's page was visited, and no state is without its row.
    private static func checkRows(
        of page: String, _ reports: [SearchReport], events others: Set<String>
    ) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/\(page)"), encoding: .utf8)
        var rows: [String: Set<String>] = [:]
        var table: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("|") else {
                table = nil
                continue
            }
            let first = line.split(separator: "|").first.map(String.init) ?? ""
            if table == nil { table = first.filter(\.isLetter) }
            // Names in backticks, without what is in their parentheses.
            let names = first.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.map { String($0.element.prefix { $0.isLetter }) }
            rows[table ?? "", default: []].formUnion(names)
        }
        // The door's page has the motions in a table of their own; `working` is all of them.
        let states = (rows["state"] ?? []).union(rows["motion"] ?? []).subtracting(["working"])
        let visited = Set(reports.flatMap(\.names))
        #expect(states.count >= 5 && visited == states, "\(page): \(visited.sorted())")
        let tried = Set(reports.flatMap(\.events))
        if let listed = rows["event"] {
            #expect(listed.isSubset(of: tried), "\(page): \(listed.subtracting(tried).sorted())")
            #expect(tried.subtracting(listed).isSubset(of: others), "\(page): \(tried.sorted())")
        }
    }
}

extension BarrierScope {
    static let small = [
        BarrierScope(
            title: "barrier, faults of the switches", fitted: [.safety, .up, .down],
            canFail: [.safety, .up, .down], canStick: [.safety]),
        BarrierScope(
            title: "barrier, emergency and lost relays", fitted: [.safety, .down],
            canBeLost: [.raise, .lower], hasEmergency: true),
        BarrierScope(
            title: "barrier, one relay only", fitted: [.safety, .up, .down], canFail: [.up],
            hasLower: false, hasEmergency: true),
        BarrierScope(
            title: "barrier, beam and detached boom", fitted: [.safety, .photocell, .detached],
            canFail: [.photocell], hasCamera: true),
    ]
    static let wide = [
        BarrierScope(
            title: "barrier, vehicles by two loops", fitted: [.approach, .safety, .up, .down],
            expectedLargest: 2),
        BarrierScope(
            title: "barrier, vehicles with beam and camera",
            fitted: [.approach, .safety, .photocell], canFail: [.photocell], hasCamera: true),
        BarrierScope(
            title: "barrier, everything at two switches", fitted: [.safety, .up, .down],
            canFail: [.safety, .up, .down], canStick: [.safety], canBeLost: [.raise, .lower],
            hasEmergency: true),
    ]
}

extension TurnstileScope {
    static let small = [
        TurnstileScope(title: "turnstile, two ways"),
        TurnstileScope(
            title: "turnstile, emergency and lost relays", drives: [.entry, .arm],
            canBeLost: [.entry], hasEmergency: true,
            people: [.init(number: 1, word: .policy, way: .entry)]),
        TurnstileScope(
            title: "turnstile, faults of the sensors", drives: [.entry],
            canFail: [.outer, .inner], canStick: [.outer], hasEmergency: true,
            people: [.init(number: 1, word: .named, way: .entry)]),
        TurnstileScope(
            title: "turnstile, side gate", drives: [.entry, .gate], hasGate: true,
            canFail: [.gate], people: [.init(number: 1, word: .named, way: .gate)]),
        TurnstileScope(
            title: "turnstile, camera's count", drives: [.entry], hasCamera: true,
            people: [.init(number: 1, word: .policy, way: .entry)]),
    ]
    static let wide = [
        TurnstileScope(
            title: "turnstile, three people with camera", hasCamera: true,
            people: [
                .init(number: 1, word: .policy, way: .entry),
                .init(number: 2, word: .policy, way: .exit),
                .init(number: 3, word: .named, way: .entry),
            ]),
        TurnstileScope(
            title: "turnstile, everything at two ways", canFail: [.outer, .inner],
            canBeLost: [.entry, .exit], hasEmergency: true),
    ]
}

extension DoorScope {
    static let small = [
        DoorScope(title: "door, strike and exit button", canFail: [.contact]),
        DoorScope(
            title: "door, motor and obstacle", fitted: [.contact, .obstacle], hasMotor: true,
            canFail: [.obstacle], canStick: [.obstacle], hasEmergency: true,
            people: [.init(number: 1, word: .policy, traveller: .person)]),
        DoorScope(
            title: "door, lost outputs", fitted: [.contact, .obstacle], hasMotor: true,
            canBeLost: [.strike, .opener], hasEmergency: true,
            people: [.init(number: 1, word: .named, traveller: .person)]),
        DoorScope(
            title: "door, bicycles", fitted: [.contact, .presence], canFail: [.presence],
            people: [
                .init(number: 1, word: .policy, traveller: .bicycle),
                .init(number: 2, word: .policy, traveller: .bicycle),
            ]),
        DoorScope(
            title: "door, air lock", isInterlocked: true, hasEmergency: true,
            people: [.init(number: 1, word: .policy, traveller: .person)], peopleLargest: 1),
    ]
    static let wide = [
        DoorScope(
            title: "door, bicycles with motor",
            fitted: [.contact, .exit, .presence, .obstacle], hasMotor: true, hasEmergency: true,
            people: [
                .init(number: 1, word: .policy, traveller: .bicycle),
                .init(number: 2, word: .policy, traveller: .bicycle),
            ]),
        DoorScope(
            title: "door, everything of an air lock with motor",
            fitted: [.contact, .exit, .obstacle],
            hasMotor: true, isInterlocked: true, canFail: [.contact, .obstacle],
            canBeLost: [.strike, .opener], hasEmergency: true,
            people: [.init(number: 1, word: .policy, traveller: .person)], peopleLargest: 1),
    ]
}
