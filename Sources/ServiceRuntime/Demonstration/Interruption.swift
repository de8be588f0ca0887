import Glibc

/// Ctrl-C during a demonstration: it waits until there is somebody to clean up after it.
///
/// Templates of real people must not stay behind when a demonstration is broken off.
package enum Interruption {
    private static let signals = [SIGINT, SIGTERM]

    private static var set: sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        return set
    }

    /// Holds the signals back from now on.
    ///
    /// To be called before any other thread starts, since each thread inherits the mask.
    package static func hold() {
        var set = set
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// - Throws: when one has come since.
    static func check() throws(DemoError) {
        var pending = sigset_t()
        unsafe sigpending(&pending)
        guard signals.allSatisfy({ unsafe sigismember(&pending, $0) != 1 }) else {
            throw DemoError("the demonstration was interrupted")
        }
    }
}
