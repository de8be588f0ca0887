import GateTypes

/// The files of a configuration directory as neutral values; nil where a file could not be read.
package struct ConfigSources: Hashable, Sendable {
    package var gatehouse: SourceNode?
    package var policy: SourceNode?
    package var vehicles: SourceTable?
    /// These two are there where a turnstile or a door is.
    package var people: SourceTable?
    package var badges: SourceTable?
    /// What relative paths in the files start from.
    package var directory: String

    package init(
        gatehouse: SourceNode?, policy: SourceNode?, vehicles: SourceTable?,
        directory: String = "."
    ) {
        self.gatehouse = gatehouse
        self.policy = policy
        self.vehicles = vehicles
        self.directory = directory
    }
}

/// Answers what the validation must ask the world about time zones.
package struct TimeZoneSource: Sendable {
    package enum Answer: Sendable {
        case table(TimeZoneTable)
        /// No such zone; the names that there are.
        case unknown(names: [String])
        /// There, and not to be used.
        case unreadable(String)
    }

    package let find: @Sendable (String) -> Answer

    package init(_ find: @escaping @Sendable (String) -> Answer) { self.find = find }
}

/// Turns the files' nodes into a configuration, or tells everything that is wrong with them.
package struct ConfigReader {
    var report: ConfigReport
    var config = GateConfig(
        site: Site(name: "", timeZone: TimeZoneTable(name: "UTC", transitions: [])))
    var declared = DeclaredNames()
    var uses = LineUses()
    /// Where each door of an air lock names the other one.
    var airLocks: [LaneName: SourcePlace] = [:]
    /// Barriers that name a shared road, by the road.
    var roads: [String: [SourcePlace]] = [:]
    /// Groups that a lockdown leaves in, to be looked up when the groups are known.
    var lockdownGroups: [(group: String, place: SourcePlace)] = []
    /// Inputs that outputs name, to be looked up when all lines are known.
    var feedback: [(output: LineName, node: SourceNode)] = []
    let directory: String
    let zones: TimeZoneSource
    /// Nil asks nothing of the networks.
    let networks: FaceNetworkSource?

    /// Reads all files in one run.
    ///
    /// - Parameter report: what reading the files has already told.
    /// - Returns: the configuration when there was no error, and the report with every problem.
    package static func read(
        _ sources: ConfigSources, zones: TimeZoneSource, networks: FaceNetworkSource? = nil,
        report: ConfigReport = ConfigReport()
    ) -> (config: GateConfig?, report: ConfigReport) {
        var reader = ConfigReader(
            report: report, directory: sources.directory, zones: zones, networks: networks)
        sources.gatehouse.map { reader.readGatehouse($0) }
        sources.policy.map { reader.readPolicy($0, lanesAreKnown: sources.gatehouse != nil) }
        sources.vehicles.map { reader.readVehicles($0, groupsAreKnown: sources.policy != nil) }
        sources.people.map { reader.readPeople($0, groupsAreKnown: sources.policy != nil) }
        sources.badges.map { reader.readBadges($0, peopleAreKnown: sources.people != nil) }
        if let badges = sources.badges, sources.people == nil {
            reader.report.error(
                SourcePlace(file: badges.file, line: 1, column: 1),
                "there are badges and no people", hint: "add people.csv with a row for each holder")
        }
        reader.checkWhoPasses(hasBadges: sources.badges != nil)
        reader.checkFaceLanes()
        reader.checkFaceNetworks()
        if sources.policy != nil {
            reader.checkRules()
            reader.checkLockdownGroups()
        }
        return (reader.report.hasErrors ? nil : reader.config, reader.report)
    }

    private init(
        report: ConfigReport, directory: String, zones: TimeZoneSource,
        networks: FaceNetworkSource?
    ) {
        self.report = report
        self.directory = directory
        self.zones = zones
        self.networks = networks
    }

    private mutating func readGatehouse(_ root: SourceNode) {
        let keys = [
            "site", "chips", "cameras", "lines", "lanes", "readers", "fire", "lockdown", "desk",
            "heartbeat", "models", "retention", "storage", "control",
        ]
        guard let top = Section(root, "gatehouse.yaml", keys: keys, &report) else { return }
        if let node = top.required(
            "site", hint: "add site: { name: ..., time_zone: Asia/Shanghai }", &report)
        {
            readSite(node)
        }
        top.node("chips").map { readChips($0) }
        top.node("cameras").map { readCameras($0) }
        top.node("lines").map { readLines($0) }
        if let node = top.required("lanes", hint: "add lanes: with one entry a lane", &report) {
            readLanes(node)
        }
        top.node("readers").map { readReaders($0) }
        top.node("lockdown").map { readLockdown($0) }
        top.node("desk").map { readDesk($0) }
        readFire(top)
        readHeartbeat(top)
        top.node("models").map { readModels($0) }
        top.node("retention").map { readRetention($0) }
        top.node("storage").map { readStorage($0) }
        top.node("control").map { readControl($0) }
        readFeedback()
        checkLines()
        warnAboutWhatIsUnused()
    }

    private mutating func readSite(_ node: SourceNode) {
        guard let site = Section(node, "site", keys: ["name", "time_zone", "language"], &report)
        else { return }
        let nameHint = "write the factory's name, as guards and reports show it"
        if let name = site.requiredText("name", hint: nameHint, &report) { config.site.name = name }
        if let language = site.choice("language", Site.Language.self, &report) {
            config.site.language = language
        }
        let zoneHint = "write a name such as Asia/Shanghai"
        guard let zone = site.requiredText("time_zone", hint: zoneHint, &report) else { return }
        switch zones.find(zone) {
        case .table(let table): config.site.timeZone = table
        case .unknown(let names):
            let nearest = Suggestion.nearest(to: zone, among: names)
            report.error(
                site.place(of: "time_zone"), "there is no time zone '\(zone.shortened)'",
                hint: nearest.map { "did you mean '\($0)'?" } ?? zoneHint)
        case .unreadable(let why):
            report.error(
                site.place(of: "time_zone"), "the time zone '\(zone.shortened)' \(why)",
                hint: "install the package tzdata again")
        }
    }

    private mutating func readFire(_ top: Section) {
        guard let node = top.node("fire") else {
            report.warn(
                top.place, "there is no fire input: no fire alarm opens the lanes by itself",
                hint: "add fire: { input: NAME }")
            return
        }
        guard let fire = Section(node, "fire", keys: ["input"], &report),
            let input = fire.required("input", hint: "name the fire alarm's input", &report)
        else { return }
        config.fire = use(input, "input", as: "the fire alarm", .input(isSafety: true))
    }

    private mutating func readHeartbeat(_ top: Section) {
        let hint =
            "add heartbeat: { output: NAME }, wired to the watchdog relay that feeds all "
            + "motion relays, or heartbeat: { none: REASON }"
        guard let node = top.node("heartbeat") else {
            guard config.outputs.values.contains(where: { !isSimulated($0.chip) }) else { return }
            return report.error(top.place, "gatehouse.yaml has no 'heartbeat'", hint: hint)
        }
        guard let heartbeat = Section(node, "heartbeat", keys: ["output", "none"], &report)
        else { return }
        if heartbeat.has("none") {
            if heartbeat.has("output") {
                report.error(
                    heartbeat.keyPlace(of: "none"), "heartbeat has both 'output' and 'none'",
                    hint: "keep one of them")
            } else if let reason = heartbeat.text("none", hint: "write the reason", &report) {
                report.warn(
                    heartbeat.keyPlace(of: "none"),
                    "no watchdog relay guards the motion relays (\(reason.shortened))",
                    hint: "a hung computer then keeps its relays as they are")
            }
            return
        }
        guard let output = heartbeat.required("output", hint: hint, &report),
            let name = use(output, "output", as: "the heartbeat", .output(isMotion: false))
        else { return }
        config.heartbeat = name
        guard let line = config.outputs[name] else { return }
        if line.rest != .deEnergised {
            report.error(
                output.place, "the heartbeat's output '\(name)' rests energised",
                hint: "write rest: de-energised on it; a silent computer must let go")
        }
        if line.longest > .seconds(5) {
            report.error(
                output.place,
                "the heartbeat's output '\(name)' has longest: \(line.longest.written), "
                    + "must be at most 5s",
                hint: "it changes at least five times a second; write longest: 1s")
        }
    }

    private mutating func readRetention(_ node: SourceNode) {
        let keys = ["passages", "pictures"]
        guard let section = Section(node, "retention", keys: keys, &report) else { return }
        let day = Duration.seconds(86_400)
        let standard = StorageConfig()
        config.storage.passagesKept = section.duration(
            "passages", day...(day * 3_650), default: standard.passagesKept, &report)
        config.storage.picturesKept = section.duration(
            "pictures", .zero...(day * 3_650), default: standard.picturesKept, &report)
    }

    private mutating func readStorage(_ node: SourceNode) {
        guard let section = Section(node, "storage", keys: ["state", "runtime"], &report)
        else { return }
        if let path = absolutePath("state", section) { config.storage.stateDirectory = path }
        if let path = absolutePath("runtime", section) { config.storage.runtimeDirectory = path }
    }

    private mutating func readControl(_ node: SourceNode) {
        guard let section = Section(node, "control", keys: ["viewers", "operators"], &report)
        else { return }
        for (key, path) in [
            ("viewers", \ControlConfig.viewers), ("operators", \ControlConfig.operators),
        ] {
            if let name = section.node(key)?.name("Unix group", &report) {
                config.control[keyPath: path] = name
            }
        }
        if config.control.viewers == config.control.operators {
            report.warn(
                section.place, "who may look ('\(config.control.viewers)') may also open lanes",
                hint: "name two groups")
        }
    }

    private mutating func absolutePath(_ key: String, _ section: Section) -> String? {
        guard let path = section.text(key, hint: "write an absolute path", &report) else {
            return nil
        }
        if path.hasPrefix("/") { return path }
        report.error(
            section.place(of: key), "'\(key)' is '\(path.shortened)', must begin with '/'",
            hint: "write an absolute path, e.g. /var/lib/gatehouse")
        return nil
    }

    func isSimulated(_ chip: String) -> Bool { config.chips[chip]?.backing == .simulated }
}
