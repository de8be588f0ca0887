import CLinux
import ConfigurationFiles
import EventLoop
import GateConfiguration
import Glibc

/// What both daemons are before they are a gate: one loop, signals, a log, a configuration.
package final class ServiceProcess {
    /// sysexits.h: something is wrong with the configuration.
    package static let configurationStatus: Int32 = 78

    package let loop: EventLoop
    package let log: ServiceLog
    private let program: String
    private var reload: () -> Void = {}
    private var endedBy = "the loop ended by itself"
    /// True once a signal asked for the end.
    package private(set) var isOrderly = false

    /// Blocks the signals before any other thread can start.
    package init(program: String) throws(StartError) {
        self.program = program
        do throws(SystemError) {
            loop = try EventLoop()
            var onSignal: (Int32) -> Void = { _ in }
            try loop.watchSignals([SIGTERM, SIGINT, SIGHUP]) { onSignal($0) }
            log = try ServiceLog(program: program)
            onSignal = { [weak self] in self?.received($0) }
        } catch {
            throw StartError("\(program) cannot start: \(error)")
        }
        lockMemory()
    }

    private func received(_ signal: Int32) {
        if signal == SIGHUP { return reload() }
        endedBy = signal == SIGTERM ? "SIGTERM" : "SIGINT"
        isOrderly = true
        loop.stop()
    }

    /// What SIGHUP does.
    package func onReload(_ work: @escaping () -> Void) { reload = work }

    /// Runs until a signal ends it; returns what did.
    package func run() -> String {
        do throws(SystemError) {
            try loop.run()
        } catch {
            isOrderly = false
            endedBy = "the event loop failed: \(error)"
        }
        return endedBy
    }

    /// The configuration of a directory; nil when it has errors, which are told then.
    package func configuration(in directory: String) -> GateConfig? {
        switch Self.load(directory) {
        case .success(let config): return config
        case .failure(let problems):
            for message in problems.messages { log.writePlain(message) }
            return nil
        }
    }

    /// Locks pages as they are touched, so that no page fault delays a relay; where the unit or the
    /// limit does not permit it, nothing changes.
    private func lockMemory() {
        _ = mlockall(Int32(MCL_CURRENT) | Int32(MCL_FUTURE) | Int32(MCL_ONFAULT))
    }

    /// The configuration of a directory; everything that is wrong with it at once.
    package static func load(_ directory: String) -> Result<GateConfig, ConfigProblems> {
        do throws(ConfigurationFailure) {
            return .success(try ConfigurationDirectory.load(directory).config)
        } catch {
            return .failure(ConfigProblems(error.errors.map(\.description)))
        }
    }
}
