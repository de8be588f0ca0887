import GateTypes

/// The site closed to all but some groups; fire and exit buttons go on.
package struct LockdownConfig: Hashable, Sendable {
    /// A maintained switch: closed to all while it is on.
    package var input: LineName?
    /// Who passes all the same.
    package var except: Set<String> = []

    package init() {}
}

/// What one button at the guard's desk, or beside a boom, stands for.
package enum DeskWish: Hashable, Sendable {
    case open(LaneName)
    case close(LaneName)
    case clearFault(LaneName)
    case emergencyRelease
    case emergencyReset
    case lockdown
    case endLockdown
}
