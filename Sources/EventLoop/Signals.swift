import CLinux
import Glibc

extension EventLoop {
    /// Turns these signals into calls on the loop; they no longer interrupt or kill the process.
    ///
    /// To be called before any other thread starts, since each thread inherits the mask.
    package func watchSignals(
        _ signals: [Int32], handler: @escaping (Int32) -> Void
    ) throws(SystemError) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        let code = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        guard code == 0 else { throw SystemError("pthread_sigmask", code: code) }
        let raw = try systemCall("signalfd") {
            unsafe signalfd(-1, &set, Int32(SFD_NONBLOCK) | Int32(SFD_CLOEXEC))
        }
        let descriptor = Descriptor(owning: raw, path: "signalfd")
        try watch(descriptor) { _ in
            while let signal = Self.next(descriptor) { handler(signal) }
        }
    }

    private static func next(_ descriptor: Descriptor) -> Int32? {
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        let count = try? nonblockingCall("read", descriptor.path) {
            unsafe read(descriptor.raw, &information, size)
        }
        return count == size ? Int32(information.ssi_signo) : nil
    }
}
