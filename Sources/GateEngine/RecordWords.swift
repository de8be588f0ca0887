/// The words that the engine's entries and alarms use, for whoever waits for one of them by name.
package enum RecordWords {
    /// How a passage may end.
    package static let outcomes =
        Passage.Outcome.allCases.map(\.rawValue) + PersonPassage.Outcome.allCases.map(\.rawValue)

    /// Classes of incidents.
    package static let incidents = [
        "attack_presented", "fault", "forced", "held_open", "late_opening_dropped",
        "refused_deny_listed", "reversal", "storage_failed", "tailgated", "turned_back",
        "two_people", "unreadable", "wrong_credentials", "wrong_way",
    ]

    /// Codes of alarms that end in the name of a line, sensor, camera or reader, without it.
    package static let alarmFamilies = [
        "button_stuck", "camera_blind", "input_failed", "output_failed", "sensor_failed",
        "sensor_silent", "sensor_stuck", "wrong_credentials",
    ]

    /// Codes of all alarms; families without their ends.
    package static let alarms =
        alarmFamilies + [
            "approach_unseen", "boom_detached", "boom_moved", "emergency", "fire_input_failed",
            "held_open", "limits_contradict", "lockdown", "never_opens", "no_lower_limit",
            "no_upper_limit", "pictures", "presence_contradicts", "storage",
        ]
}
