import Glibc
import Imaging

/// Numbers that are overwritten before their memory is given back: probes and templates.
///
/// They never change once they are made, so that threads may share them.
@safe package final class SecretFloats: @unchecked Sendable {
    private let memory: UnsafeMutableBufferPointer<Float>
    /// False where a test keeps the memory, to look at what is left in it.
    private let givesBack: Bool

    package var count: Int { unsafe memory.count }

    /// - Parameter fill: writes the numbers; those it leaves out are 0.
    package convenience init(count: Int, _ fill: (inout MutableSpan<Float>) -> Void) {
        unsafe self.init(.allocate(capacity: count), givesBack: true, fill)
    }

    init(
        _ memory: UnsafeMutableBufferPointer<Float>, givesBack: Bool,
        _ fill: (inout MutableSpan<Float>) -> Void
    ) {
        unsafe memory.initialize(repeating: 0)
        unsafe self.memory = memory
        self.givesBack = givesBack
        var span = unsafe memory.mutableSpan
        fill(&span)
    }

    deinit {
        // Nobody reads it again, so that an ordinary loop would be left out by the optimiser.
        if let start = unsafe memory.baseAddress {
            unsafe explicit_bzero(start, memory.count * MemoryLayout<Float>.stride)
        }
        if givesBack { unsafe memory.deallocate() }
    }

    subscript(index: Int) -> Float { unsafe memory[index] }

    /// A copy that nobody overwrites, for whoever stores or prints it.
    package var copy: [Float] { unsafe Array(memory) }

    package func withValues<Result, Failure: Error>(
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe memory.span)
    }

    /// Each row of these (rows × `vector.count`) times a vector.
    func products(_ rows: Range<Int>, with vector: SecretFloats) -> [Float] {
        let count = vector.count
        let part = unsafe memory[rows.lowerBound * count..<rows.upperBound * count]
        return unsafe DotProducts.of(
            rows: UnsafeBufferPointer(rebasing: part), with: UnsafeBufferPointer(vector.memory))
    }
}
