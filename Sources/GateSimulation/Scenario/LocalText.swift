import GateConfiguration
import GateTypes

extension WallTime {
    /// Local time as `2026-03-02 06:00:01.250`, for lists that people read.
    package func localText(in zone: TimeZoneTable) -> String {
        let seconds = CivilDate.floorDivide(milliseconds, 1000)
        let local = seconds + zone.offset(at: seconds)
        let day = CivilDate.floorDivide(local, 86_400)
        let rest = local - day * 86_400
        let clock = [rest / 3600, rest / 60 % 60, rest % 60].map { CivilDate.padded($0, 2) }
        return CivilDate.text(ofDay: day) + " " + clock.joined(separator: ":") + "."
            + CivilDate.padded(milliseconds - seconds * 1000, 3)
    }
}
