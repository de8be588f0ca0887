import GateTypes

/// Who comes when, to which lane.
package struct TrafficPlan: Hashable, Sendable {
    package struct Arrival: Hashable, Sendable {
        /// From the start of the simulation on.
        package var after: Duration
        package var lane: LaneName
        package var vehicle: VehiclePlan

        package init(after: Duration, lane: LaneName, vehicle: VehiclePlan) {
            self.after = after
            self.lane = lane
            self.vehicle = vehicle
        }
    }

    /// In order of time.
    package let arrivals: [Arrival]

    package init(_ arrivals: [Arrival] = []) {
        self.arrivals = arrivals.sorted { $0.after < $1.after }
    }

    /// Vehicles at random moments, mostly ordinary ones; the same for the same seed.
    ///
    /// - Parameter perHour: vehicles on each lane.
    package static func random(
        seed: UInt64, lanes: [LaneName], perHour: Int, for length: Duration
    ) -> TrafficPlan {
        var random = SeededRandom(seed: seed)
        var arrivals: [Arrival] = []
        var number = 0
        let seconds = length.milliseconds / 1000
        for lane in lanes.sorted() {
            let count = Int(seconds / 3600 * Double(perHour))
            for _ in 0..<max(0, count) {
                number += 1
                let moment = Double.random(in: 0...max(seconds, 1), using: &random)
                arrivals.append(
                    Arrival(
                        after: .milliseconds(Int(moment * 1000)), lane: lane,
                        vehicle: .random(VehicleNumber(number), using: &random)))
            }
        }
        return TrafficPlan(arrivals)
    }
}

extension VehiclePlan {
    static func random(_ number: VehicleNumber, using random: inout SeededRandom) -> VehiclePlan {
        let behaviour: Behaviour
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<80: behaviour = .through
        case 80..<87: behaviour = .tailgate
        case 87..<93: behaviour = .turnBack
        case 93..<98: behaviour = .stall(.seconds(Int.random(in: 2...20, using: &random)))
        default: behaviour = .force
        }
        let isLorry = Bool.random(using: &random)
        var plan = VehiclePlan(
            number, behaviour, length: isLorry ? .random(in: 8...16, using: &random) : 4.6,
            speed: .random(in: 1.5...4, using: &random),
            patience: .seconds(Int.random(in: 5...40, using: &random)))
        plan.isHigh = isLorry && Int.random(in: 0..<4, using: &random) == 0
        return plan
    }
}

/// A line of a traffic file that cannot be read.
package struct TrafficError: Error, Hashable, CustomStringConvertible {
    package let line: Int
    package let problem: String
    package let hint: String
    package var description: String { "line \(line): error: \(problem); \(hint)" }
}

extension TrafficPlan {
    /// First line of a traffic file.
    package static let header = "at_ms,lane,vehicle,behaviour,length_cm,speed_cm_s,patience_ms"

    /// Reads `header` and one vehicle a line; empty lines and lines with # are passed over.
    ///
    /// Behaviours: `through`, `turn-back`, `tailgate`, `stall:MILLISECONDS`, `force`; `+high` after
    /// one makes a body that the safety loop loses between the axles.
    package init(text: String) throws(TrafficError) {
        var arrivals: [Arrival] = []
        var isHeader = true
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            if isHeader {
                isHeader = false
                guard line == Self.header else {
                    throw TrafficError(
                        line: index + 1, problem: "unknown header '\(line)'",
                        hint: "begin with '\(Self.header)'")
                }
                continue
            }
            arrivals.append(try Self.arrival(line, line: index + 1))
        }
        self.init(arrivals)
    }

    private static func arrival(
        _ text: Substring, line: Int
    ) throws(TrafficError) -> Arrival {
        let fields = text.split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count == 7 else {
            throw TrafficError(
                line: line, problem: "\(fields.count) fields", hint: "there must be 7: \(header)")
        }
        func number(_ index: Int, _ range: ClosedRange<Int>) throws(TrafficError) -> Int {
            guard let value = Int(fields[index]), range.contains(value) else {
                throw TrafficError(
                    line: line, problem: "'\(fields[index])' in field \(index + 1)",
                    hint: "a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
        let (behaviour, isHigh) = try Behaviour.read(fields[3], line: line)
        var vehicle = VehiclePlan(
            VehicleNumber(try number(2, 1...1_000_000)), behaviour,
            length: Double(try number(4, 100...3000)) / 100,
            speed: Double(try number(5, 20...1000)) / 100,
            patience: .milliseconds(try number(6, 0...3_600_000)))
        vehicle.isHigh = isHigh
        return Arrival(
            after: .milliseconds(try number(0, 0...86_400_000)), lane: LaneName(String(fields[1])),
            vehicle: vehicle)
    }

    /// The plan as a traffic file.
    package var text: String {
        let rows = arrivals.map { arrival in
            let vehicle = arrival.vehicle
            let fields: [String] = [
                "\(Int(arrival.after.milliseconds))", arrival.lane.text, "\(vehicle.number)",
                vehicle.behaviour.text + (vehicle.isHigh ? "+high" : ""),
                "\(Int((vehicle.length * 100).rounded()))",
                "\(Int((vehicle.speed * 100).rounded()))",
                "\(Int(vehicle.patience.milliseconds))",
            ]
            return fields.joined(separator: ",")
        }
        return ([Self.header] + rows).joined(separator: "\n") + "\n"
    }
}

extension Behaviour {
    var text: String {
        switch self {
        case .through: "through"
        case .turnBack: "turn-back"
        case .tailgate: "tailgate"
        case .stall(let span): "stall:\(Int(span.milliseconds))"
        case .force: "force"
        }
    }

    fileprivate static func read(
        _ text: Substring, line: Int
    ) throws(TrafficError) -> (Behaviour, isHigh: Bool) {
        let isHigh = text.hasSuffix("+high")
        let word = isHigh ? text.dropLast(5) : text
        switch word {
        case "through": return (.through, isHigh)
        case "turn-back": return (.turnBack, isHigh)
        case "tailgate": return (.tailgate, isHigh)
        case "force": return (.force, isHigh)
        default:
            guard word.hasPrefix("stall:"), let span = Int(word.dropFirst(6)),
                (0...3_600_000).contains(span)
            else {
                throw TrafficError(
                    line: line, problem: "unknown behaviour '\(text)'",
                    hint: "through, turn-back, tailgate, stall:MILLISECONDS or force")
            }
            return (.stall(.milliseconds(span)), isHigh)
        }
    }
}
