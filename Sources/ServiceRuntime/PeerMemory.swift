import EventLoop
import GateConfiguration
import GateTypes

/// What accounts on the control socket may do, remembered for some seconds.
///
/// A look-up reads the account files, and may ask a directory over the network: whoever connects again
/// and again must not make the loop wait for it each time.
final class PeerMemory {
    /// Who was put into a group or out of one is judged anew after so long.
    static let span = Duration.seconds(5)
    private static let largest = 64

    private struct Question: Hashable {
        let peer: PeerCredentials
        let control: ControlConfig
    }

    private let judge: (PeerCredentials, ControlConfig) -> ControlPeer
    private var known: [Question: (answer: ControlPeer, until: Instant)] = [:]

    init(_ judge: @escaping (PeerCredentials, ControlConfig) -> ControlPeer = ControlPeer.init) {
        self.judge = judge
    }

    func judged(
        _ peer: PeerCredentials, _ control: ControlConfig, at now: Instant
    ) -> ControlPeer {
        var account = peer
        // Which of its processes asks says nothing about the account.
        account.process = 0
        let question = Question(peer: account, control: control)
        if let (answer, until) = known[question], now < until { return answer }
        if known.count >= Self.largest { known = [:] }
        let answer = judge(peer, control)
        known[question] = (answer, now + Self.span)
        return answer
    }
}
