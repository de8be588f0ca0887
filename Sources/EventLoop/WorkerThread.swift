import CLinux
import Glibc
import Synchronization

/// A named thread beside the loop, in the ordinary scheduling class.
///
/// A thread inherits real-time priority from the loop that starts it; a recogniser must not.
package enum WorkerThread {
    /// Starts a thread; `name` shows in `top -H`, of at most 15 bytes.
    package static func start(
        _ name: String, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        let box = unsafe Unmanaged.passRetained(Work(name: name, body: body))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { raw in
                guard let raw = unsafe raw else { return nil }
                let work = unsafe Unmanaged<Work>.fromOpaque(raw).takeRetainedValue()
                WorkerThread.becomeOrdinary()
                unsafe pthread_setname_np(pthread_self(), String(work.name.prefix(15)))
                work.body()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            throw SystemError("pthread_create", name, code: code)
        }
        pthread_detach(thread)
    }

    /// Puts the calling thread into the ordinary class, SCHED_OTHER.
    package static func becomeOrdinary() {
        var parameters = sched_param()
        parameters.sched_priority = 0
        // Lowering one's own priority is never refused.
        unsafe pthread_setschedparam(pthread_self(), SCHED_OTHER, &parameters)
    }

    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
