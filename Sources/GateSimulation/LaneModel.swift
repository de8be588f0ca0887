import GateConfiguration
import GateTypes

/// What happened in the simulated world, for checks and displays; the gate sees none of it.
package enum WorldEvent: Hashable, Sendable {
    case arrived(VehicleNumber, LaneName)
    /// The front crossed the boom's line.
    case entered(VehicleNumber, LaneName)
    case passed(VehicleNumber, LaneName)
    case turnedBack(VehicleNumber, LaneName)
    /// A lowering boom has come down on a vehicle.
    case struck(VehicleNumber, LaneName)
    /// A vehicle has driven through a boom that was not up.
    case forced(VehicleNumber, LaneName)
    /// Raise and lower contacts were closed together.
    case opposed(LaneName)
}

/// One barrier lane: relays, boom, sensors and the vehicles on it.
package struct LaneModel: Sendable {
    /// A boom this far open clears every vehicle.
    private static let clearOpening = 0.8

    package let name: LaneName
    package private(set) var boom: BoomModel
    /// In driving order, the first nearest to the exit.
    package private(set) var vehicles: [Vehicle] = []
    private var relays: [LineName: RelayModel] = [:]
    private let outputs: BarrierConfig.Outputs
    private let inputs: BarrierConfig.Inputs
    private var struck: Set<VehicleNumber> = []
    private var arrived: Set<VehicleNumber> = []
    private var entered: Set<VehicleNumber> = []

    init(_ name: LaneName, _ config: BarrierConfig, travel: Duration) {
        self.name = name
        outputs = config.outputs
        inputs = config.inputs
        let wiring: BoomModel.Wiring
        if config.outputs.lower == nil {
            wiring = .singlePulse
        } else {
            wiring = config.outputs.stop == nil ? .held : .latched
        }
        boom = BoomModel(wiring: wiring, travel: travel)
        for line in [outputs.raise, outputs.lower, outputs.stop, outputs.lamp] {
            if let line { relays[line] = RelayModel() }
        }
    }

    /// Nothing will change without a new command or vehicle.
    var isQuiet: Bool {
        vehicles.isEmpty && boom.motion == .still && !boom.isWaiting
            && !relays.values.contains { $0.isSettling }
    }

    /// Whether the lamp shows free passage; false without a lamp.
    package var lampIsOn: Bool { isClosed(outputs.lamp) }

    private func isClosed(_ line: LineName?) -> Bool {
        line.flatMap { relays[$0]?.isClosed } ?? false
    }

    func owns(_ line: LineName) -> Bool { relays[line] != nil }

    mutating func setCoil(_ line: LineName, isOn: Bool, at now: Instant) {
        relays[line]?.setCoil(isOn, at: now)
    }

    mutating func setFault(_ fault: RelayModel.Fault?, of line: LineName) {
        relays[line]?.fault = fault
    }

    mutating func add(_ plan: VehiclePlan) { vehicles.append(Vehicle(plan)) }

    /// There is room for one more at the entry.
    var hasRoom: Bool { (vehicles.last?.rear ?? .infinity) > LaneGeometry.entry + 1 }

    // MARK: Stepping

    mutating func step(by span: Duration, to now: Instant) -> [WorldEvent] {
        for line in relays.keys { relays[line]?.step(to: now) }
        let wasOpposed = boom.wasOpposed
        boom.step(
            by: span, raise: isClosed(outputs.raise), lower: isClosed(outputs.lower),
            stop: isClosed(outputs.stop),
            isOccupied: vehicles.contains {
                $0.covers(LaneGeometry.photocell...LaneGeometry.photocell)
            })
        var events: [WorldEvent] = []
        if boom.wasOpposed && !wasOpposed { events.append(.opposed(name)) }
        for index in vehicles.indices {
            let ahead =
                index > 0 && vehicles[index - 1].phase != .reversing
                ? vehicles[index - 1].rear : nil
            vehicles[index].step(by: span, to: now, boom: boom, ahead: ahead)
            events += notice(vehicles[index])
        }
        for vehicle in vehicles where vehicle.isGone {
            let number = vehicle.plan.number
            events.append(
                vehicle.phase == .reversing ? .turnedBack(number, name) : .passed(number, name))
        }
        vehicles.removeAll(where: \.isGone)
        return events
    }

    private mutating func notice(_ vehicle: Vehicle) -> [WorldEvent] {
        let number = vehicle.plan.number
        var events: [WorldEvent] = []
        if vehicle.covers(LaneGeometry.approachLoop), arrived.insert(number).inserted {
            events.append(.arrived(number, name))
        }
        guard vehicle.covers(LaneGeometry.photocell...LaneGeometry.photocell) else {
            return events
        }
        if entered.insert(number).inserted {
            events.append(.entered(number, name))
            if boom.opening < Self.clearOpening && struck.insert(number).inserted {
                events.append(.forced(number, name))
            }
        }
        if boom.motion == .lowering && boom.opening < Self.clearOpening,
            struck.insert(number).inserted
        {
            events.append(.struck(number, name))
        }
        return events
    }

    // MARK: Sensors

    /// Whether each input of the lane is active now.
    var sensed: [LineName: Bool] {
        var states: [LineName: Bool] = [:]
        if let line = inputs.approach {
            states[line] = vehicles.contains { $0.covers(LaneGeometry.approachLoop) }
        }
        states[inputs.safety] = vehicles.contains { $0.isFound(by: LaneGeometry.safetyLoop) }
        if let line = inputs.photocell {
            states[line] = vehicles.contains {
                $0.covers(LaneGeometry.photocell...LaneGeometry.photocell)
            }
        }
        if let line = inputs.up { states[line] = boom.isUp }
        if let line = inputs.down { states[line] = boom.isDown }
        return states
    }
}
