import GateConfiguration
import GateTypes

/// All readers of a site: which line belongs to which, and when each wants to be told the time.
package struct ReaderStation: Sendable {
    private var readers: [ReaderName: WiegandReader] = [:]
    private var routes: [LineName: (reader: ReaderName, line: WiegandLine)] = [:]

    package typealias Told = (reader: ReaderName, report: ReaderReport)

    package init(_ configs: [ReaderName: ReaderConfig]) {
        for (name, config) in configs {
            switch config.wiring {
            case .wiegand(let wiegand):
                readers[name] = WiegandReader(wiegand)
                routes[wiegand.data0] = (name, .data0)
                routes[wiegand.data1] = (name, .data1)
            }
        }
    }

    package var deadline: Instant? { readers.values.compactMap(\.deadline).min() }

    /// The reader that a line belongs to.
    package func reader(of line: LineName) -> ReaderName? { routes[line]?.reader }

    package func health(of reader: ReaderName) -> ReaderHealth? { readers[reader]?.health }

    package mutating func pulse(_ line: LineName, at instant: Instant) -> [Told] {
        guard let (name, data) = routes[line] else { return [] }
        return readers[name]?.pulse(data, at: instant).map { (name, $0) } ?? []
    }

    package mutating func lostPulses(_ line: LineName, at instant: Instant) {
        guard let name = routes[line]?.reader else { return }
        readers[name]?.lostEdges(at: instant)
    }

    /// Lets time pass for every reader, in the order of the names.
    package mutating func advance(to now: Instant) -> [Told] {
        var told: [Told] = []
        for name in readers.keys.sorted() {
            told += readers[name]?.advance(to: now).map { (name, $0) } ?? []
        }
        return told
    }
}
