import EventJournal
import GateConfiguration
import GateEngine
import GateTypes

extension GateService {
    var texts: Texts { Texts(config.site.language) }

    /// Answers one request of a client who has the right to it.
    func answer(_ request: ControlRequest, _ client: ControlServer.Client) {
        switch request.request {
        case .status: client.send(.snapshot(snapshot()))
        case .watch:
            control?.watch(client)
            client.send(.snapshot(snapshot()))
        case .open: command(request, client) { .open($0) }
        case .close: command(request, client) { .close($0) }
        case .clearFault: command(request, client) { .clearFault($0) }
        case .emergencyRelease: command(request, client) { _ in .emergencyRelease }
        case .emergencyReset: command(request, client) { _ in .emergencyReset }
        case .consents: showConsents(of: request.person, client)
        case .consentGrant, .consentWithdraw:
            switch client.peer.operatorName(as: request.as) {
            case .failure(let error): client.send(.refused(error.description))
            case .success(let name) where request.request == .consentGrant:
                grantConsent(request, by: name, client)
            case .success(let name): withdraw(request.person ?? "", by: name, client)
            }
        case .lockdown: command(request, client) { _ in .lockdown }
        case .endLockdown: command(request, client) { _ in .endLockdown }
        case .reload:
            switch client.peer.operatorName(as: request.as) {
            case .failure(let error): client.send(.refused(error.description))
            case .success(let name): reloads?.request(by: name) { client.send($0) }
            }
        }
    }

    private func command(
        _ request: ControlRequest, _ client: ControlServer.Client,
        _ wish: (LaneName) -> OperatorCommand.Wish
    ) {
        let lane = request.lane ?? LaneName("")
        if request.request.needsLane, !config.laneNames.contains(lane) {
            let known = config.laneNames.sorted().map(\.text).joined(separator: ", ")
            client.send(.refused("there is no lane '\(lane)'; the lanes are \(known)"))
            return
        }
        switch client.peer.operatorName(as: request.as) {
        case .failure(let error): client.send(.refused(error.description))
        case .success(let name):
            noticesOfCommand = []
            handle(.command(OperatorCommand(wish(lane), by: name)))
            let notices = noticesOfCommand.filter { !request.request.needsLane || $0.0 == lane }
                .map { "\($0.0): \(texts[$0.1])" }
            let what = request.request.rawValue + (request.request.needsLane ? " \(lane)" : "")
            client.send(.done(([("\(what) by \(name)")] + notices).joined(separator: "; ")))
        }
    }

    // MARK: Showing

    package func snapshot() -> GateSnapshot {
        let inputs = bank.inputStates
        let asserted = bank.assertedOutputs
        let status = journal?.status
        return GateSnapshot(
            site: config.site.name, language: config.site.language.rawValue,
            program: parts.program, wall: .now(),
            upSeconds: (loop.now - started).components.seconds,
            emergency: gate.standing.emergency, lockdown: gate.standing.lockdown,
            storageProblem: storageProblem(status),
            journalHead: status?.head?.sequence, eyes: eyesSnapshot(),
            lanes: gate.status.compactMap { status in
                guard let lane = config.lanes[status.lane] else { return nil }
                return view.lane(
                    status, lane, inputs: inputs, asserted: asserted,
                    blind: lane.camera.flatMap { eyesState.blind[$0] }, texts: texts)
            }
                + gate.personStatus.map {
                    view.lane($0, config, inputs: inputs, asserted: asserted, texts: texts)
                },
            readers: readers?.snapshot ?? [], alarms: view.alarms, plates: view.plates,
            latencies: view.latencies,
            counts: view.counts, turnMaximum: loop.turnMaximum.milliseconds)
    }

    private func storageProblem(_ status: JournalStatus?) -> String? {
        if case .failing(let error) = status?.health { return error.description }
        return nil
    }

    private func eyesSnapshot() -> GateSnapshot.Eyes {
        let beat = eyesState.heartbeat
        return GateSnapshot.Eyes(
            isConnected: eyes?.isConnected ?? false, program: eyesState.program,
            framesSeen: beat?.framesSeen ?? 0, framesRead: beat?.framesRead ?? 0,
            framesDropped: beat?.framesDropped ?? 0, framesDamaged: beat?.framesDamaged ?? 0,
            malformedMessages: eyes?.malformedCount ?? 0)
    }

    /// One sentence for the service manager.
    var statusLine: String {
        let blind = eyesState.toldBlind.count
        let eyesText = eyes?.isConnected == true ? "eyes here" : "eyes gone"
        let emergency = gate.standing.emergency.map { ", EMERGENCY: \($0)" } ?? ""
        let lockdown = gate.standing.lockdown.map { ", LOCKDOWN: \($0)" } ?? ""
        let alarms = view.alarms.isEmpty ? "" : ", \(view.alarms.count) alarms"
        return "\(config.site.name): \(config.laneNames.count) lanes, \(eyesText)"
            + (blind == 0 ? "" : ", \(blind) cameras blind") + alarms + lockdown + emergency
    }

    func happened(_ draft: EntryDraft) {
        guard control?.hasWatchers == true else { return }
        let facts = draft.facts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let personal = draft.personal.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value)
        control?.broadcast(
            .happening(
                GateHappening(
                    wall: draft.wall, lane: draft.lane, kind: draft.kind.rawValue,
                    text: (personal + facts).joined(separator: " "))))
    }

    func happened(_ lane: LaneName?, _ kind: String, _ text: String) {
        guard control?.hasWatchers == true else { return }
        control?.broadcast(
            .happening(GateHappening(wall: .now(), lane: lane, kind: kind, text: text)))
    }
}
