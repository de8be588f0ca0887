import Dispatch
import Foundation
import GateTypes

/// The machine's two clocks.
package enum SystemClock {
    /// CLOCK_MONOTONIC and UTC at this moment.
    package static let now: @Sendable () -> Moment = {
        Moment(
            instant: Instant(nanoseconds: Int64(clamping: DispatchTime.now().uptimeNanoseconds)),
            wall: WallTime(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded())))
    }
}
