import GateConfiguration
import GateTypes

/// Who can come to a site: the vehicles and badges of its roster, in turn, and strangers.
struct Cast {
    private let plates: [String]
    private let deniedPlates: [String]
    private let badges: [String]
    private let deniedBadges: [String]
    private var nextPlate = 0
    private var nextBadge = 0
    private var nextStranger = 0
    /// Clear readings of plates that came before.
    var readings: [String: PlateReading] = [:]

    init(_ config: GateConfig) {
        let denied = Set(config.policy.rules.filter { $0.effect == .deny }.map(\.group))
        let allowed = Set(config.policy.rules.filter { $0.effect == .allow }.map(\.group))
        let groups = Dictionary(
            config.roster.people.map { ($0.person, $0.group) }, uniquingKeysWith: { a, _ in a })
        plates = config.roster.vehicles
            .filter { allowed.contains($0.group) && $0.validFrom == nil && $0.validUntil == nil }
            .map(\.plate)
        deniedPlates = config.roster.vehicles.filter { denied.contains($0.group) }.map(\.plate)
        func group(_ badge: Roster.Badge) -> String { groups[badge.person] ?? "" }
        badges = config.roster.badges.filter { allowed.contains(group($0)) }.map(\.badge)
        deniedBadges = config.roster.badges.filter { denied.contains(group($0)) }.map(\.badge)
    }

    /// In turn, so that nobody is back before the last passage has ended.
    mutating func plate(_ identity: Scenario.Identity) -> (plate: String, isListed: Bool) {
        switch identity {
        case .text(let plate): return (plate, plates.contains(plate))
        case .denied: return (deniedPlates.first ?? stranger(), false)
        case .listed where !plates.isEmpty:
            nextPlate = (nextPlate + 1) % plates.count
            return (plates[nextPlate], true)
        case .listed, .unknown: return (stranger(), false)
        }
    }

    private mutating func stranger() -> String {
        nextStranger = (nextStranger + 7_919) % 100_000
        let digits = String(nextStranger)
        return "赣C" + String(repeating: "0", count: 5 - digits.count) + digits
    }

    mutating func badge(_ identity: Scenario.Identity) -> (badge: String, isListed: Bool) {
        switch identity {
        case .text(let badge): return (badge, badges.contains(badge))
        case .denied: return (deniedBadges.first ?? "1", false)
        case .listed where !badges.isEmpty:
            nextBadge = (nextBadge + 1) % badges.count
            return (badges[nextBadge], true)
        case .listed, .unknown: return ("99999999", false)
        }
    }
}
