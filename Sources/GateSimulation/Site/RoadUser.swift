import GateTypes

/// What kind of vehicle comes, with the size and pace of its kind.
package enum VehicleKind: String, Hashable, Sendable, CaseIterable {
    case car, van, lorry, trailer, motorcycle

    /// Metres of each part that loops and beam find, and the gap before the next.
    var parts: [(length: Double, gap: Double)] {
        switch self {
        case .car: [(4.6, 0)]
        case .van: [(5.6, 0)]
        case .lorry: [(9.5, 0)]
        case .trailer: [(8.0, 0.6), (7.4, 0)]
        case .motorcycle: [(2.1, 0)]
        }
    }

    var length: Double { parts.reduce(0) { $0 + $1.length + $1.gap } }

    /// Metres a second through the lane.
    var speeds: ClosedRange<Double> {
        switch self {
        case .car: 2.0...4.0
        case .van: 1.8...3.4
        case .lorry: 1.4...2.6
        case .trailer: 1.2...2.0
        case .motorcycle: 2.0...4.5
        }
    }

    /// Share of high bodies, which the safety loop loses between the axles.
    var highShare: Double { self == .lorry ? 0.1 : 0 }
}

/// What a driver does at the boom.
package enum DriverManner: String, Hashable, Sendable, CaseIterable {
    /// Waits until the boom opens for this vehicle, and drives.
    case through
    /// Lets the open boom wait for twenty seconds.
    case sleeps
    /// Does not drive although let in, and goes away.
    case refuses
    /// Goes away before a decision.
    case turnsBack = "turns-back"
    /// Is let in, drives up to the boom, and backs out again.
    case nosesIn = "noses-in"
    /// Stands under the boom for a while.
    case stalls
    /// Follows the vehicle ahead under the open boom.
    case tailgates
    /// Drives through the closed boom.
    case forces
    /// Comes from the far side.
    case wrongWay = "wrong-way"
}

/// One vehicle as planned.
package struct RoadUser: Hashable, Sendable {
    package var kind: VehicleKind
    package var plate: String
    package var isListed: Bool
    package var manner = DriverManner.through
    /// Nothing can be read of its plate: mud, a bent plate, none.
    package var isReadable = true

    package init(_ kind: VehicleKind, plate: String, isListed: Bool) {
        self.kind = kind
        self.plate = plate
        self.isListed = isListed
    }
}

/// What a person or a cyclist does.
package enum WalkerManner: String, Hashable, Sendable, CaseIterable {
    case through
    /// Shows a badge and lets some seconds pass.
    case hesitates
    /// Shows a badge and goes away.
    case leaves
    /// Goes in and comes out again.
    case stepsBack = "steps-back"
    /// Somebody without a badge follows close behind.
    case followed
    /// Carries luggage that covers the beams twice.
    case carries
    /// Goes through without a badge.
    case forces
    /// Holds the door open for a minute.
    case holds
}

/// Which way somebody goes: by a badge outside or inside, through the side gate, or by the exit button.
package enum WalkerWay: String, Hashable, Sendable, CaseIterable {
    case enters = "in", leaves = "out", gate, exitButton = "exit-button"
}

/// One person or cyclist as planned.
package struct Walker: Hashable, Sendable {
    package var way: WalkerWay
    package var badge: String
    package var isListed: Bool
    package var manner = WalkerManner.through
    package var isCyclist = false
    /// What is wrong with the first frame of their badge, where a reader sends pulses.
    package var damage: FrameDamage?

    package init(_ way: WalkerWay, badge: String, isListed: Bool) {
        self.way = way
        self.badge = badge
        self.isListed = isListed
    }
}

/// What really happened, whatever the gate made of it.
package enum WorldFact: Hashable, Sendable {
    case passed
    /// Through without having been let in; `isTold`: a loop or a plate told it from the one ahead.
    case passedUnasked(isTold: Bool)
    case turnedBack
    case wentAway
    case wrongWay
    case brokeThrough
    /// The boom came down on a vehicle, driven by a gate that could have known.
    case struck
    /// The same, where every sensor was broken, the controller dead or a relay welded.
    case struckBlindly
    case opposed
    case forcedDoor
    /// `isSeparate`: the sensors could tell the two apart.
    case followed(isSeparate: Bool)

    /// What a reader's decoder said of a frame; the readers of the site count it, no scene.
    static let frameDamaged = "frame_damaged"

    /// Every word that a report may count as having happened.
    static let words =
        [
            .passed, .passedUnasked(isTold: true), .passedUnasked(isTold: false), .turnedBack,
            .wentAway, .wrongWay, .brokeThrough, .struck, .struckBlindly, .opposed, .forcedDoor,
            .followed(isSeparate: true),
        ].map(\Self.word) + [frameDamaged]

    var word: String {
        switch self {
        case .passed: "passed"
        case .passedUnasked(true): "passed_unasked"
        case .passedUnasked(false): "passed_unseen"
        case .turnedBack: "turned_back"
        case .wentAway: "went_away"
        case .wrongWay: "wrong_way"
        case .brokeThrough: "broke_through"
        case .struck: "struck"
        case .struckBlindly: "struck_blindly"
        case .opposed: "opposed_relays"
        case .forcedDoor: "forced"
        case .followed: "followed"
        }
    }
}

/// What a scene gives to the site.
enum SceneOutput {
    case sense(Int, Bool)
    case badge(BadgeShown)
    case count(Int)
    case fact(WorldFact)
}

struct BadgeShown {
    let way: WalkerWay
    let badge: String
    var damage: FrameDamage?
}
