import EventJournal
import EventLoop
import Foundation
import GateSimulation
import GateTypes
import Synchronization

/// One demonstration from its start to its report: the two real programs on a site of its own.
package final class DemoRun {
    private static let startLimit = Duration.seconds(20)
    /// Nothing moves any more for so long: the last entries are written.
    private static let settling = Duration.milliseconds(1_500)

    package let site: DemoSite
    private let options: DemoOptions
    private let controller: DemoProcess
    private let eyes: DemoProcess
    private let watch: SceneWatch
    private var begun = Instant.now()
    private var emptySince: Instant?
    private var failures: [String] = []

    /// Prepares the site and starts both programs, which lie beside `program`.
    package init(_ options: DemoOptions, program: String) throws(DemoError) {
        self.options = options
        site = try DemoSite(options)
        watch = SceneWatch(site.scene)
        do throws(DemoError) {
            (controller, eyes) = try Self.start(site, beside: program)
        } catch {
            _ = site.forgetFaces()
            throw error
        }
    }

    private static func start(
        _ site: DemoSite, beside program: String
    ) throws(DemoError) -> (controller: DemoProcess, eyes: DemoProcess) {
        let arguments = ["--config", site.config]
        let controller = try DemoProcess(
            "gatehoused", beside: program, arguments: arguments, logs: site.folder)
        do throws(DemoError) {
            let eyes = try DemoProcess(
                "gatehouse-vision", beside: program, arguments: arguments, logs: site.folder)
            return (controller, eyes)
        } catch {
            _ = controller.stop()
            throw error
        }
    }

    // MARK: While it runs

    /// Waits until the gate answers, then begins to note who comes.
    package func connect() throws(DemoError) -> ControlClient {
        let deadline = Instant.now() + Self.startLimit
        let path = site.runtime + "/control.sock"
        while true {
            try Interruption.check()
            if let client = try? ControlClient(path: path) {
                begun = .now()
                try watch.start()
                return client
            }
            for process in [controller, eyes] where !process.isRunning {
                throw DemoError("\(process.name) has ended at once:\n\(process.lastWords)")
            }
            guard Instant.now() < deadline else {
                throw DemoError(
                    "no gate answers at \(path) within \(Self.startLimit); see \(site.folder)")
            }
            usleep(50_000)
        }
    }

    /// To be asked a few times a second: true when everybody has come and gone, when time is up,
    /// or when a program has ended.
    package func hasEnded() -> Bool {
        for process in [controller, eyes] {
            process.measure()
            guard process.isRunning else { return true }
        }
        let now = Instant.now()
        let limit = options.length + DemoTraffic.lastPassage + .seconds(10)
        if now - begun > limit { return true }
        guard options.camera == nil else { return now - begun > options.length }
        let seen = watch.sightings
        let isEmpty =
            seen.count == site.traffic.arrivals.count && seen.allSatisfy { $0.left != nil }
            && watch.boomsAreDown
        guard isEmpty else {
            emptySince = nil
            return false
        }
        emptySince = emptySince ?? now
        return now - (emptySince ?? now) > Self.settling
    }

    // MARK: The end

    /// Ends both programs, destroys the templates and reads what else they leave behind.
    package func finish() -> DemoReport {
        watch.stop()
        for process in [eyes, controller] {
            process.measure()
            let words = process.lastWords
            guard process.isRunning else {
                failures.append("\(process.name) has died:\n\(words)")
                continue
            }
            if !process.stop() { failures.append("\(process.name) did not end in order") }
        }
        if let left = site.forgetFaces() { failures.append(left) }
        var report = read()
        report.memory = [controller, eyes].map { ($0.name, $0.memoryKiB) }
        report.commands = [
            "gatectl journal show --state \(site.state)",
            "gatectl journal verify --state \(site.state)",
            "less \(site.folder)/gatehoused.log \(site.folder)/gatehouse-vision.log",
            "rm -r \(site.folder)",
        ]
        if let camera = options.camera { report.realLane = "lane1 looked through \(camera)" }
        if let pictures = options.pictures {
            let shown = "shown the photographs of \(pictures)"
            if site.hasVehiclesOfPictures { report.realLane = "lane1 was \(shown)" }
            if site.photographs != nil { report.realFaces = "all turnstiles were \(shown)" }
            report.photographs = site.photographs?.lines ?? []
        }
        report.failures += failures
        return report
    }

    private func read() -> DemoReport {
        let sightings = watch.sightings
        let catalogue = site.catalogue
        do throws(JournalError) {
            let reader = try JournalReader(directory: site.state)
            var report = DemoReport(
                summary: DemoSummary(
                    entries: try reader.entries(), sightings: sightings, catalogue: catalogue,
                    personLanes: site.personLanes, challenged: site.challengedWays))
            let check = try reader.verify()
            report.isJournalIntact = check.isIntact
            report.journal =
                check.isIntact
                ? "verified, \(check.entryCount) entries"
                : "BROKEN: \(check.problems.map(\.description).joined(separator: "; "))"
            return report
        } catch {
            var report = DemoReport(
                summary: DemoSummary(entries: [], sightings: sightings, catalogue: catalogue))
            report.journal = "unreadable"
            report.failures.append("\(error)")
            return report
        }
    }
}

/// Samples the scene beside the display: who stood where must not depend on a terminal.
private final class SceneWatch: Sendable {
    private struct State {
        var witness = SceneWitness()
        var boomsAreDown = false
        var isOver = false
    }

    private let path: String
    private let state = Mutex(State())

    init(_ path: String) { self.path = path }

    var sightings: [SceneWitness.Sighting] { state.withLock { $0.witness.sightings } }

    /// A passage is on record once the boom has come down behind it.
    var boomsAreDown: Bool { state.withLock { $0.boomsAreDown } }

    func stop() { state.withLock { $0.isOver = true } }

    func start() throws(DemoError) {
        do throws(SystemError) {
            try WorkerThread.start("demo-witness") { [self] in
                while !state.withLock({ $0.isOver }) {
                    if let scene = SceneState.read(from: path) {
                        let isDown = scene.lanes.values.allSatisfy { $0.opening == 0 }
                        state.withLock { state in
                            state.witness.see(scene)
                            state.boomsAreDown = isDown
                        }
                    }
                    usleep(20_000)
                }
            }
        } catch {
            throw DemoError("no thread for the demonstration: \(error)")
        }
    }
}
