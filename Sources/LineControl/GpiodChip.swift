import CGpiod
import CLinux
import EventLoop
import GateConfiguration
import GateTypes
import Glibc

/// A chip of the kernel through libgpiod. All unsafe pointers of this adapter stay in this file.
package final class GpiodChip: LineChip {
    /// Shown by `gpioinfo` as the holder of our lines.
    package static let consumer = "gatehouse"

    private let name: String
    private let path: String
    private var handle: ChipHandle?

    /// `path` is a device, a number, or a chip's label; nothing is opened before the first request.
    package init(name: String, path: String) {
        self.name = name
        self.path = path
    }

    package func openInput(_ request: InputRequest) throws(LineError) -> any InputPort {
        let (chip, offset) = try find(request.line, request.address)
        let bias: Int
        switch request.bias {
        case .asIs: bias = cgpiod_bias_as_is
        case .up: bias = cgpiod_bias_up
        case .down: bias = cgpiod_bias_down
        case .off: bias = cgpiod_bias_off
        }
        guard
            let raw = unsafe cgpiod_request_input(
                chip.pointer, offset, Self.consumer, request.isActiveLow ? 1 : 0, Int32(bias),
                request.edges == .falling ? 1 : 0)
        else { throw refusal(request.line, chip, offset, errno) }
        return try GpiodInput(unsafe GpiodLine(request.line, raw, of: chip))
    }

    package func openOutput(_ request: OutputRequest) throws(LineError) -> any OutputPort {
        let (chip, offset) = try find(request.line, request.address)
        guard
            let raw = unsafe cgpiod_request_output(
                chip.pointer, offset, Self.consumer, request.isActiveLow ? 1 : 0,
                request.isHigh ? 1 : 0)
        else { throw refusal(request.line, chip, offset, errno) }
        return GpiodOutput(line: unsafe GpiodLine(request.line, raw, of: chip))
    }

    package func reset() { handle = nil }

    private func find(
        _ line: LineName, _ address: LineAddress
    ) throws(LineError) -> (ChipHandle, UInt32) {
        let chip = try open()
        let count = unsafe cgpiod_chip_line_count(chip.pointer)
        switch address {
        case .offset(let offset):
            guard offset < count else {
                throw .noSuchLine(line, chip: name, address: "\(offset) (it has \(count))")
            }
            return (chip, offset)
        case .name(let wanted):
            let found = (0..<count).filter { chip.information(of: $0)?.name == wanted }
            guard let offset = found.first else {
                throw .noSuchLine(line, chip: name, address: "named '\(wanted)'")
            }
            guard found.count == 1 else {
                throw .nameNotUnique(line, chip: name, name: wanted)
            }
            return (chip, offset)
        }
    }

    private func open() throws(LineError) -> ChipHandle {
        if let handle { return handle }
        guard let raw = unsafe cgpiod_chip_open(path) else {
            throw .chipMissing(chip: name, path: path, reason: reason(errno))
        }
        let opened = unsafe ChipHandle(raw)
        handle = opened
        return opened
    }

    private func refusal(
        _ line: LineName, _ chip: ChipHandle, _ offset: UInt32, _ code: Int32
    ) -> LineError {
        guard code == EBUSY else {
            return .failed(line, operation: "request from the kernel", reason: reason(code))
        }
        let consumer = chip.information(of: offset)?.consumer ?? ""
        return .busy(line, consumer: consumer.isEmpty ? "an unnamed holder" : consumer)
    }
}

private func reason(_ code: Int32) -> String {
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
}

/// An open chip, closed with its last line.
@safe private final class ChipHandle {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { unsafe self.pointer = unsafe pointer }
    deinit { unsafe cgpiod_chip_close(pointer) }

    func information(of offset: UInt32) -> (name: String, consumer: String)? {
        var texts = [CChar](repeating: 0, count: 2 * cgpiod_name_size)
        let result = unsafe texts.withUnsafeMutableBufferPointer { buffer -> Int32 in
            guard let base = buffer.baseAddress else { return -1 }
            return unsafe cgpiod_line_info(pointer, offset, base, base + cgpiod_name_size)
        }
        guard result == 0 else { return nil }
        return (text(texts[..<cgpiod_name_size]), text(texts[cgpiod_name_size...]))
    }

    private func text(_ characters: ArraySlice<CChar>) -> String {
        String(
            decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// A requested line, released with its last owner and before its chip.
@safe private final class GpiodLine {
    let name: LineName
    let pointer: OpaquePointer
    private let chip: ChipHandle

    init(_ name: LineName, _ pointer: OpaquePointer, of chip: ChipHandle) {
        self.name = name
        unsafe self.pointer = unsafe pointer
        self.chip = chip
    }

    deinit { unsafe cgpiod_line_release(pointer) }

    func check(_ operation: String, _ result: Int32) throws(LineError) -> Int32 {
        guard result >= 0 else {
            throw .failed(name, operation: operation, reason: reason(errno))
        }
        return result
    }
}

private final class GpiodInput: InputPort {
    private let line: GpiodLine
    let descriptor: Descriptor?

    init(_ line: GpiodLine) throws(LineError) {
        self.line = line
        // The library closes its own descriptor with the line; the loop owns this one.
        let raw = fcntl(unsafe cgpiod_line_descriptor(line.pointer), F_DUPFD_CLOEXEC, 0)
        descriptor = Descriptor(
            owning: try line.check("watch", raw), path: "line \(line.name)")
    }

    func edges(limit: Int) throws(LineError) -> [LineEdge] {
        let now = Instant.now()
        var edges: [LineEdge] = []
        var buffer = [cgpiod_edge](repeating: cgpiod_edge(), count: cgpiod_edges_maximum)
        while edges.count < limit {
            let wanted = Int32(min(limit - edges.count, buffer.count))
            let count = unsafe buffer.withUnsafeMutableBufferPointer {
                unsafe cgpiod_line_read(line.pointer, $0.baseAddress, wanted)
            }
            for edge in buffer.prefix(Int(try line.check("read edges", count))) {
                edges.append(LineEdge(instant: time(of: edge, now: now), isHigh: edge.is_high != 0))
            }
            if count < wanted { break }
        }
        return edges
    }

    /// Kernels before 5.7 stamp edges with the wall clock; such a time is replaced by the reading's.
    private func time(of edge: cgpiod_edge, now: Instant) -> Instant {
        let stamped = Instant(nanoseconds: edge.nanoseconds)
        return stamped > now + .seconds(60) ? now : stamped
    }

    func isHigh() throws(LineError) -> Bool {
        try line.check("read", unsafe cgpiod_line_get(line.pointer)) == 1
    }
}

private final class GpiodOutput: OutputPort {
    private let line: GpiodLine

    init(line: GpiodLine) { self.line = line }

    func set(_ isHigh: Bool) throws(LineError) {
        _ = try line.check("write", unsafe cgpiod_line_set(line.pointer, isHigh ? 1 : 0))
    }
}
