import EventLoop
import GateConfiguration
import GateTypes

/// An edge as the chip tells it: the time, and the logical level after it.
package struct LineEdge: Hashable, Sendable {
    package let instant: Instant
    /// The logical level, active-low applied: for a contact, whether current flows through it.
    package let isHigh: Bool

    package init(instant: Instant, isHigh: Bool) {
        self.instant = instant
        self.isHigh = isHigh
    }
}

/// How an input is to be requested.
package struct InputRequest: Hashable, Sendable {
    package let line: LineName
    package let address: LineAddress
    package let isActiveLow: Bool
    package let bias: InputConfig.Bias
    /// Which changes of the logical level are told.
    package let edges: Edges

    package enum Edges: Hashable, Sendable { case both, falling }

    package init(
        line: LineName, address: LineAddress, isActiveLow: Bool, bias: InputConfig.Bias,
        edges: Edges = .both
    ) {
        self.line = line
        self.address = address
        self.isActiveLow = isActiveLow
        self.bias = bias
        self.edges = edges
    }
}

/// How an output is to be requested, with the logical value of its very first moment.
package struct OutputRequest: Hashable, Sendable {
    package let line: LineName
    package let address: LineAddress
    package let isActiveLow: Bool
    package let isHigh: Bool
}

/// A chip of lines: the kernel's, or a simulated one. Everything runs on the loop's thread.
package protocol LineChip: AnyObject {
    func openInput(_ request: InputRequest) throws(LineError) -> any InputPort
    func openOutput(_ request: OutputRequest) throws(LineError) -> any OutputPort
    /// Lets a simulated world move on; the kernel's chips need no telling.
    func advance(to now: Instant)
    /// When a simulated world moves next.
    var nextChange: Instant? { get }
    /// Forgets a chip that has failed, so that the next request opens it afresh.
    func reset()
}

extension LineChip {
    package func advance(to now: Instant) {}
    package var nextChange: Instant? { nil }
    package func reset() {}
}

/// One requested input; releasing the object releases the line.
package protocol InputPort: AnyObject {
    /// Readable while edges wait; nil when `LineChip.nextChange` tells of them instead.
    var descriptor: Descriptor? { get }
    /// The edges waiting, oldest first, at most `limit`.
    func edges(limit: Int) throws(LineError) -> [LineEdge]
    /// The logical level now.
    func isHigh() throws(LineError) -> Bool
}

/// One requested output; releasing the object releases the line.
package protocol OutputPort: AnyObject {
    func set(_ isHigh: Bool) throws(LineError)
}
