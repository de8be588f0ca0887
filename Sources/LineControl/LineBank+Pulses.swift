import GateConfiguration
import GateTypes

extension LineBank {
    /// Makes channels for the pulse inputs of `config`; dropping an old one releases its line.
    func adoptPulses(_ config: GateConfig, keepingLinesOf same: Set<String>) {
        let old = pulses
        pulses = config.pulses.sorted { $0.key < $1.key }.map { name, input in
            old.first { $0.name == name && $0.config == input && same.contains(input.chip) }
                ?? PulseChannel(name: name, config: input)
        }
    }

    /// The waiting pulses of all lines; the caller puts them into the order of their times.
    func drainPulses(at now: Instant) -> [(Instant, LineReport)] {
        var told: [(Instant, LineReport)] = []
        for index in pulses.indices {
            do throws(LineError) {
                let reading = try pulses[index].waitingPulses()
                if reading.isOverrun {
                    told.append((reading.pulses.first ?? now, .pulsesLost(pulses[index].name)))
                }
                for instant in reading.pulses {
                    told.append((instant, .pulse(pulses[index].name, at: instant)))
                    guard let fault = pulses[index].count(instant) else { continue }
                    told.append((instant, fault))
                    break
                }
            } catch {
                told.append((now, losePulses(index, error, at: now)))
            }
        }
        return told
    }

    func auditPulses(at now: Instant) -> [LineReport] {
        var reports: [LineReport] = []
        for index in pulses.indices {
            do throws(LineError) {
                reports += try pulses[index].audit(at: now)
            } catch {
                reports.append(losePulses(index, error, at: now))
            }
        }
        return reports
    }

    func openPulses(at now: Instant, isFirst: Bool) -> [LineReport] {
        var reports: [LineReport] = []
        for index in pulses.indices {
            guard let retryAt = pulses[index].retryAt, now >= retryAt else { continue }
            let name = pulses[index].name
            do throws(LineError) {
                try pulses[index].open(on: try chip(pulses[index].config.chip))
                if !isFirst { reports.append(.inputRecovered(name, active: false)) }
            } catch {
                pulses[index].lose(at: now)
                if isFirst { note(error, .inputFailed(name, reason: error.description)) }
            }
        }
        return reports
    }

    private func losePulses(_ index: Int, _ error: LineError, at now: Instant) -> LineReport {
        pulses[index].lose(at: now)
        resetChip(pulses[index].config.chip)
        return .inputFailed(pulses[index].name, reason: error.description)
    }
}
