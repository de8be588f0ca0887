import GateConfiguration
import GateTypes

/// One input from its sensor to what the engine is told: delay, bounce, faults, and the debounce.
struct VirtualInput {
    /// Edges that a settling contact may give beside the one that counts.
    private static let bouncesLargest = 3
    private static let never = Instant(nanoseconds: .max)

    let name: LineName
    private(set) var debounce: InputDebounce
    /// What the sensor finds.
    private var truth: Bool
    /// What the line shows behind its faults.
    private var shown: Bool
    private var late: [(at: Instant, active: Bool)] = []
    private(set) var fault: LineFault?
    /// The adapter has declared the line failed.
    var isLost = false
    /// When this line does something by itself next.
    private(set) var due = Instant(nanoseconds: .max)
    /// Settled changes, for the site to take.
    private(set) var changes: [Bool] = []

    init(_ name: LineName, _ config: InputConfig, active: Bool, at now: Instant) {
        self.name = name
        debounce = InputDebounce(
            activeAfter: config.activeAfter, clearAfter: config.clearAfter, active: active, at: now)
        truth = active
        shown = active
    }

    var isActive: Bool { debounce.isActive }

    mutating func takeChanges() -> [Bool] {
        defer { changes.removeAll(keepingCapacity: true) }
        return changes
    }

    mutating func sense(_ active: Bool, at now: Instant, _ random: inout SeededRandom) {
        guard active != truth else { return }
        truth = active
        if case .late(let span) = fault {
            late.append((now + span, active))
            return schedule()
        }
        show(at: now, &random)
    }

    mutating func set(_ fault: LineFault?, at now: Instant, _ random: inout SeededRandom) {
        self.fault = fault
        late = []
        show(at: now, &random)
    }

    /// Puts on the line what it shows now.
    private mutating func show(at now: Instant, _ random: inout SeededRandom) {
        let wanted: Bool =
            switch fault {
            case .stuckActive: true
            case .stuckClear: false
            case nil, .flapping, .gone, .late, .relay: truth
            }
        guard wanted != shown else { return schedule() }
        edge(wanted, at: now, &random)
    }

    private mutating func edge(_ active: Bool, at now: Instant, _ random: inout SeededRandom) {
        shown = active
        take(debounce.edge(active: active, at: now))
        // A contact bounces for some milliseconds; the debounce is told of it in one go.
        let bounces = Int(random.next() % UInt64(Self.bouncesLargest + 1))
        var time = now
        for _ in 0..<bounces {
            time = time + .microseconds(Int64(random.next() % 900) + 50)
            take(debounce.edge(active: !active, at: time))
            time = time + .microseconds(Int64(random.next() % 900) + 50)
            take(debounce.edge(active: active, at: time))
        }
        schedule()
    }

    /// Lets everything settle that is due.
    mutating func advance(to now: Instant, _ random: inout SeededRandom) {
        while let first = late.first, first.at <= now {
            late.removeFirst()
            if first.active != shown { edge(first.active, at: now, &random) }
        }
        if let at = debounce.deadline, at <= now { take(debounce.advance(to: now)) }
        schedule()
    }

    private mutating func take(_ new: [InputDebounce.Change]) {
        for change in new { changes.append(change.active) }
    }

    private mutating func schedule() {
        due = min(debounce.deadline ?? Self.never, late.first?.at ?? Self.never)
        if !changes.isEmpty { due = Instant(nanoseconds: .min) }
    }

    /// To be called when `changes` were taken.
    mutating func settled() { schedule() }
}

/// One output with its relay: the limit that the adapter keeps, and a contact that follows its coil.
struct VirtualRelay {
    private static let never = Instant(nanoseconds: .max)

    let name: LineName
    /// Without power it is as if it were asserted: a magnet lets go.
    let restsEnergised: Bool
    private(set) var isAsserted = false
    private var until = Instant(nanoseconds: .max)
    private var relay = RelayModel()
    private var contactDue = Instant(nanoseconds: .max)
    private(set) var due = Instant(nanoseconds: .max)

    init(_ name: LineName, _ config: OutputConfig) {
        self.name = name
        restsEnergised = config.rest == .energised
    }

    /// The contact is where an assertion puts it.
    var isClosed: Bool { relay.isClosed }
    var fault: RelayModel.Fault? { relay.fault }

    mutating func set(_ fault: RelayModel.Fault?, at now: Instant) {
        relay.fault = fault
        move(to: isAsserted, at: now, always: true)
    }

    mutating func assert(until end: Instant, at now: Instant) {
        until = end
        isAsserted = true
        move(to: true, at: now)
    }

    mutating func rest(at now: Instant) {
        isAsserted = false
        until = Self.never
        move(to: false, at: now)
    }

    private mutating func move(to isOn: Bool, at now: Instant, always: Bool = false) {
        if always || relay.isCoilOn != isOn {
            if always { relay.setCoil(!isOn, at: now) }
            relay.setCoil(isOn, at: now)
            contactDue = now + RelayModel.contactDelay
        }
        due = min(contactDue, until)
    }

    /// True when the contact has moved.
    mutating func advance(to now: Instant) -> Bool {
        if until <= now { rest(at: now) }
        let before = relay.isClosed
        if contactDue <= now {
            relay.step(to: now)
            contactDue = Self.never
        }
        due = min(contactDue, until)
        return relay.isClosed != before
    }
}
