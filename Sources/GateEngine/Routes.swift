import GateConfiguration
import GateTypes
import PassageControl

/// Which lane each line and camera belongs to, by the lane's place in the order of names.
struct Routes: Sendable {
    /// What one input line means; it may mean more than one thing.
    struct Meaning: Sendable {
        var isFire = false
        var isLockdown = false
        var button: DeskButton?
        var barrier: (lane: Int, sensor: BarrierSensor)?
        /// By the place of the lane among turnstiles and doors.
        var person: (lane: Int, sensor: PersonMachine.Sensor)?

        /// Somebody else tells when the line fails.
        var hasOwner: Bool { isFire || barrier != nil || person != nil }
    }

    private(set) var inputs: [LineName: Meaning] = [:]
    private(set) var outputs: [LineName: (lane: Int, drive: Barrier.Drive)] = [:]
    private(set) var cameras: [(camera: CameraName, lanes: [Int])] = []
    /// By the place of the lane among turnstiles and doors.
    private(set) var personOutputs: [LineName: (lane: Int, drive: PersonMachine.Drive)] = [:]
    private(set) var faceCameras: [CameraName: (lane: Int, side: BadgeReading.Side)] = [:]

    init(_ config: GateConfig, buttons: [LineName: DeskButton]) {
        if let fire = config.fire { inputs[fire, default: Meaning()].isFire = true }
        if let line = config.lockdown?.input { inputs[line, default: Meaning()].isLockdown = true }
        for (line, button) in buttons { inputs[line, default: Meaning()].button = button }
        var served: [CameraName: [Int]] = [:]
        for (index, lane) in config.lanes.sorted(by: { $0.key < $1.key }).enumerated() {
            for sensor in BarrierSensor.allCases {
                if let line = lane.value.inputs[sensor] {
                    inputs[line, default: Meaning()].barrier = (index, sensor)
                }
            }
            for drive in Barrier.Drive.allCases {
                if let line = lane.value.outputs[drive] { outputs[line] = (index, drive) }
            }
            if let camera = lane.value.camera { served[camera, default: []].append(index) }
        }
        cameras = served.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        addPersonLanes(config)
    }

    private mutating func addPersonLanes(_ config: GateConfig) {
        for (index, name) in config.personLaneNames.enumerated() {
            if let entry = config.faces[name]?.entry {
                faceCameras[entry.camera] = (index, .outside)
            }
            if let exit = config.faces[name]?.exit { faceCameras[exit.camera] = (index, .inside) }
            if let lane = config.turnstiles[name] {
                for sensor in Turnstile.Sensor.allCases {
                    if let line = lane.inputs[sensor] {
                        inputs[line, default: Meaning()].person = (index, .turnstile(sensor))
                    }
                }
                for drive in Turnstile.Drive.allCases {
                    if let line = lane.outputs[drive] {
                        personOutputs[line] = (index, .turnstile(drive))
                    }
                }
            } else if let lane = config.doors[name] {
                for sensor in Door.Sensor.allCases {
                    if let line = lane.inputs[sensor] {
                        inputs[line, default: Meaning()].person = (index, .door(sensor))
                    }
                }
                for drive in Door.Drive.allCases {
                    if let line = lane.outputs[drive] {
                        personOutputs[line] = (index, .door(drive))
                    }
                }
            }
        }
    }

    func lanes(of camera: CameraName) -> [Int] {
        cameras.first { $0.camera == camera }?.lanes ?? []
    }
}
