import EventLoop
import GateConfiguration
import GateTypes
import LineControl

/// What can be wrong with a simulated line.
package enum LineFault: Hashable, Sendable {
    case stuckActive
    case stuckClear
    /// The chip does not answer any more.
    case gone
    /// Two thousand edges a second.
    case flapping
    /// Every change comes later by this.
    case late(Duration)
    case relay(RelayModel.Fault)
}

/// The simulated world as a chip: lines are found by their names in the configuration.
package final class SimulatedChip: LineChip {
    private let world: SimulatedWorld

    package init(_ world: SimulatedWorld) { self.world = world }

    package func advance(to now: Instant) { world.advance(to: now) }
    package var nextChange: Instant? { world.nextChange }

    package func openInput(_ request: InputRequest) throws(LineError) -> any InputPort {
        try world.openInput(request.line)
    }

    package func openOutput(_ request: OutputRequest) throws(LineError) -> any OutputPort {
        try world.openOutput(request.line, isHigh: request.isHigh)
    }
}

/// The electrical side of one simulated input: contact, bounce and faults.
final class SimulatedInput: InputPort {
    /// The kernel keeps so many edges of a line; later ones are lost.
    private static let queueLimit = 16
    private static let flapsPerStep = 20

    let name: LineName
    private let contact: InputConfig.Contact
    let descriptor: Descriptor? = nil
    private var queue: [LineEdge] = []
    /// What the sensor shows behind bounce and faults.
    private var shown = false
    /// Changes still on their way to the line.
    private var delayed: [(due: Instant, active: Bool)] = []
    private var lastSensed = false
    var fault: LineFault?

    init(_ name: LineName, _ contact: InputConfig.Contact) {
        self.name = name
        self.contact = contact
    }

    /// The line will change though nothing else does.
    var isBusy: Bool { fault == .flapping || !delayed.isEmpty }

    func edges(limit: Int) throws(LineError) -> [LineEdge] {
        try answer()
        defer { queue.removeFirst(min(limit, queue.count)) }
        return Array(queue.prefix(limit))
    }

    func isHigh() throws(LineError) -> Bool {
        try answer()
        return level(of: shown)
    }

    func answer() throws(LineError) {
        if fault == .gone {
            throw .failed(name, operation: "read", reason: "No such device (simulated)")
        }
    }

    private func level(of active: Bool) -> Bool {
        contact == .normallyOpen ? active : !active
    }

    /// Takes what the sensor finds at the end of a step.
    func sense(_ active: Bool, at now: Instant, step: Duration, random: inout SeededRandom) {
        if active != lastSensed {
            lastSensed = active
            let delay: Duration = if case .late(let span) = fault { span } else { .zero }
            delayed.append((now + delay, active))
        }
        var target = shown
        while let first = delayed.first, first.due <= now {
            target = first.active
            delayed.removeFirst()
        }
        switch fault {
        case .stuckActive: target = true
        case .stuckClear: target = false
        case .flapping: flap(until: now, step: step)
        case nil where delayed.isEmpty: target = lastSensed
        case nil, .gone, .late, .relay: break
        }
        if target != shown { change(to: target, at: now, random: &random) }
    }

    /// Contacts bounce for some milliseconds before they rest.
    private func change(to active: Bool, at now: Instant, random: inout SeededRandom) {
        shown = active
        let pairs = Int.random(in: 0...3, using: &random)
        let moments = (0...(2 * pairs)).map { _ in
            Duration.microseconds(Int64.random(in: 0...6000, using: &random))
        }
        for (index, before) in moments.sorted(by: >).enumerated() {
            push(index % 2 == 0 ? active : !active, at: now - before)
        }
    }

    private func flap(until now: Instant, step: Duration) {
        let part = step / Self.flapsPerStep
        for index in 0..<Self.flapsPerStep {
            push(index % 2 == 0, at: now - part * (Self.flapsPerStep - index))
        }
    }

    private func push(_ active: Bool, at time: Instant) {
        guard queue.count < Self.queueLimit else { return }
        queue.append(LineEdge(instant: time, isHigh: level(of: active)))
    }
}

/// The coil of one simulated relay.
final class SimulatedOutput: OutputPort {
    let name: LineName
    private unowned let world: SimulatedWorld

    init(_ name: LineName, of world: SimulatedWorld) {
        self.name = name
        self.world = world
    }

    func set(_ isHigh: Bool) throws(LineError) { try world.setOutput(name, isHigh: isHigh) }
}
