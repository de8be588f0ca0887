import EventLoop
import GateConfiguration
import GateEngine
import GateTypes
import VisionLink

/// The eyes: cameras and recognisers around one event loop, joined to the controller by a link.
///
/// It keeps no state worth saving: what it is to watch comes from the controller whenever the link
/// is made, and what it sees is perishable.
package final class VisionService {
    /// A frame that is accepted and not finished after this means a wedged recogniser.
    package static let jobLimit = Duration.seconds(5)

    private enum Message: Sendable {
        case health(CameraName, generation: UInt64, blind: String?)
        case read(PlateObservation, [StageTime])
        case faces(FaceObservation, [StageTime])
        case gallery(EyesReport)
        case readerFailed(String)
        case evidence(EyesReport)
    }

    private struct Camera {
        var order: CameraOrder
        var feed: any CameraFeed
        var generation: UInt64
        var sight = Sight.unknown
    }

    private enum Sight: Equatable {
        /// Just opened: neither a frame nor a fault yet, so there is nothing to tell.
        case unknown
        case seeing
        case blind(String)
    }

    private let loop: EventLoop
    private let parts: VisionParts
    private let jobLimit: Duration
    private let desk = FrameDesk()
    private var evidence: EvidenceKeeper?
    /// Erasures that the controller has not taken into the record yet.
    private var untold: [PictureErasure] = []
    private static let untoldLargest = 64
    private var link: ControllerLink?
    private var messages: Mailbox<Message>?
    private var cameras: [CameraName: Camera] = [:]
    private var generation: UInt64 = 0
    private var timers: [RepeatingTimer] = []
    private var isWedged = false

    /// - Parameter path: the socket where the controller listens.
    package init(
        loop: EventLoop, path: String, parts: VisionParts, jobLimit: Duration = jobLimit
    ) throws(SystemError) {
        self.loop = loop
        self.parts = parts
        self.jobLimit = jobLimit
        let user = parts.controllerUser
        link = ControllerLink(
            loop: loop, path: path, program: parts.program, accepts: { $0.isUs(orUser: user) },
            handler: { [weak self] in self?.received($0) })
        let messages = try loop.makeMailbox(limit: 1000) { [weak self] (message: Message) in
            self?.received(message)
        }
        self.messages = messages
        evidence = try EvidenceKeeper(folder: parts.evidence) { messages.post(.evidence($0)) }
        parts.gallery?.begin { messages.post(.gallery($0)) }
        try startRecognisers()
        every(LinkLimits.heartbeat) { $0.beat() }
        if let watchdog = parts.notifier.watchdogInterval {
            every(max(watchdog / 3, .milliseconds(10))) { $0.feedWatchdog() }
        }
    }

    /// Begins to connect, and tells the service manager that the eyes are open.
    package func start() {
        link?.start()
        parts.notifier.ready(status: "waiting for the controller")
    }

    /// Ends cameras and recognisers; a recogniser that is wedged is left behind.
    package func stop() {
        parts.notifier.stopping()
        for camera in cameras.values { camera.feed.stop() }
        cameras = [:]
        desk.close()
        evidence?.finish()
        parts.gallery?.finish()
    }

    package var isConnected: Bool { link?.isConnected ?? false }

    // MARK: The link

    private func received(_ event: ControllerLink.Event) {
        switch event {
        case .connected:
            parts.log(.notice, "the controller is here")
            desk.pause(false)
            tellSights()
            link?.send(.pictureTrouble(evidence?.trouble))
            parts.gallery?.reports.forEach { link?.send($0) }
            untold.forEach { link?.send(.picturesErased($0)) }
        case .lost(let reason):
            parts.log(.warning, "the controller is away: \(reason); trying again")
            desk.pause(true)
            tellStatus()
        case .order(.greet): break
        case .order(.cameras(let orders)): watch(orders)
        case .order(.attention(let camera, let attention)):
            switch attention {
            case .off: desk.setAttention(.off, of: camera)
            case .idle: desk.setAttention(.idle, of: camera)
            case .waiting: desk.setAttention(.waiting, of: camera)
            }
        case .order(.keepPicture(let order)): evidence?.keep(order)
        case .order(.erasePictures(let moment)): evidence?.erase(before: moment)
        case .order(.erasureTaken(let erasure)):
            if let index = untold.firstIndex(of: erasure) { untold.remove(at: index) }
        case .order(.makeRoom): evidence?.makeRoom()
        case .order(.people(let notices)): parts.gallery?.mayLook(for: notices)
        case .order(.expect(let camera, let person)): desk.expect(person, at: camera)
        case .order(.forget(let people)): forget(people)
        }
    }

    /// Opens, keeps and closes cameras until they are the ordered ones.
    private func watch(_ orders: [CameraOrder]) {
        let wanted = Dictionary(orders.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        for (name, camera) in cameras where wanted[name] != camera.order {
            desk.remove(name)
            evidence?.forget(name)
            camera.feed.stop()
            cameras[name] = nil
        }
        for order in wanted.values.sorted(by: { $0.name < $1.name })
        where cameras[order.name] == nil {
            open(order)
        }
        tellSights()
    }

    /// What each camera sees, for a controller that may not know.
    private func tellSights() {
        for (name, camera) in cameras { tell(name, camera.sight) }
        tellStatus()
    }

    private func tell(_ name: CameraName, _ sight: Sight) {
        switch sight {
        case .unknown: break
        case .seeing: link?.send(.camera(name, blind: nil))
        case .blind(let reason): link?.send(.camera(name, blind: reason))
        }
    }

    private func open(_ order: CameraOrder) {
        guard let messages else { return }
        generation += 1
        let (name, number, desk) = (order.name, generation, desk)
        let sink = FeedSink(
            ready: { desk.ready(name) },
            health: { messages.post(.health(name, generation: number, blind: $0)) })
        let feed = parts.makeFeed(order, sink)
        desk.add(order, feed)
        cameras[name] = Camera(
            order: order, feed: feed, generation: number)
    }

    // MARK: Recognisers

    private func startRecognisers() throws(SystemError) {
        guard let messages, let evidence else { return }
        let (desk, makeReader) = (desk, parts.makeReader)
        for purpose in FrameDesk.Purpose.allCases {
            for number in 0..<max(parts.recognisers, 1) {
                let recogniser = FrameDesk.Recogniser(purpose, number)
                try WorkerThread.start("\(purpose)\(number)") {
                    do {
                        let reader = try makeReader(purpose)
                        while let job = desk.take(recogniser) {
                            Self.read(job, recogniser, reader, desk, evidence, messages)
                        }
                    } catch {
                        messages.post(.readerFailed("\(error)"))
                    }
                }
            }
        }
    }

    private static func read(
        _ job: FrameDesk.Job, _ recogniser: FrameDesk.Recogniser, _ reader: any FrameReader,
        _ desk: FrameDesk, _ evidence: EvidenceKeeper, _ messages: Mailbox<Message>
    ) {
        let begun = Instant.now()
        let reading = reader.read(job)
        desk.finish(job, recogniser, reading: reading)
        let wait = StageTime("wait", begun - job.frame.time)
        switch reading {
        case .plates(let plates, let stages):
            // Before the observation goes out: the order to keep it may come at once.
            if job.attention == .waiting || !plates.isEmpty { evidence.shelve(job.frame) }
            messages.post(
                .read(
                    PlateObservation(
                        camera: job.frame.camera, sequence: job.frame.sequence,
                        frameTime: job.frame.time, readTime: .now(), readings: plates,
                        isSimulated: job.frame.isSimulated), [wait] + stages))
        case .faces(let finding, let stages):
            // Pictures of face lanes are never shelved: nothing of a probe outlives its frame.
            messages.post(
                .faces(
                    FaceObservation(finding, of: job.frame), [wait] + stages))
        case .infrared, .unchanged, .damaged: break
        }
    }

    /// Without a gallery there is nothing to forget, which is told all the same.
    private func forget(_ people: [String]) {
        // Whose faces wait there nobody knows yet.
        desk.dropWaiting(.faces)
        if let gallery = parts.gallery { return gallery.forget(people) }
        for person in people {
            link?.send(.forgotten(ForgottenFace(person: person, templateCount: 0)))
        }
    }

    private func received(_ message: Message) {
        switch message {
        case .health(let name, let number, let blind):
            let sight = blind.map(Sight.blind) ?? .seeing
            guard let camera = cameras[name], camera.generation == number, camera.sight != sight
            else { return }
            cameras[name]?.sight = sight
            parts.log(
                blind == nil ? .notice : .warning, "camera \(name): \(blind ?? "sees")")
            tell(name, sight)
            tellStatus()
        case .read(let observation, let stages):
            link?.send(.observation(observation, stages: stages))
        case .faces(let observation, let stages):
            link?.send(.faces(observation, stages: stages))
        case .gallery(let report): tell(report)
        case .evidence(let report): tell(report)
        case .readerFailed(let reason):
            // Eyes without a reader are no eyes; the service manager starts them anew.
            parts.log(.error, "the recogniser cannot start: \(reason)")
            parts.notifier.status("the recogniser cannot start: \(reason)")
            loop.stop()
        }
    }

    /// What became of pictures; an erasure is told until the controller has it on record.
    private func tell(_ report: EyesReport) {
        if case .pictureTrouble(let reason) = report {
            parts.log(
                reason == nil ? .notice : .warning,
                reason.map { "no pictures are kept: \($0)" } ?? "pictures are kept again")
        }
        if case .faceTrouble(let reason) = report {
            parts.log(
                reason == nil ? .notice : .warning,
                reason.map { "faces are not compared: \($0)" } ?? "faces are compared")
        }
        if case .picturesErased(let erasure) = report {
            if untold.count >= Self.untoldLargest { untold.removeFirst() }
            untold.append(erasure)
        }
        link?.send(report)
    }

    // MARK: The clock

    private func every(_ interval: Duration, _ work: @escaping (VisionService) -> Void) {
        timers.append(
            RepeatingTimer(loop: loop, every: interval, first: .zero) { [weak self] in
                if let self { work(self) }
            })
    }

    private func beat() {
        let feeds = cameras.values.map(\.feed.counts)
        let (read, damaged) = desk.counts
        link?.send(
            .heartbeat(
                EyesHeartbeat(
                    sent: loop.now, framesSeen: feeds.reduce(0) { $0 &+ $1.seen }, framesRead: read,
                    framesDropped: feeds.reduce(0) { $0 &+ $1.dropped },
                    framesDamaged: feeds.reduce(damaged) { $0 &+ $1.damaged })))
        parts.gallery?.lookForChanges()
        watchJobs()
    }

    private func watchJobs() {
        let age = desk.oldestJob(at: loop.now)
        guard (age > jobLimit) != isWedged else { return }
        isWedged.toggle()
        if isWedged {
            parts.log(.error, "a recogniser has not finished for \(age); the watchdog is not fed")
        } else {
            parts.log(.notice, "the recogniser goes on")
        }
        tellStatus()
    }

    private func feedWatchdog() {
        guard desk.oldestJob(at: loop.now) <= jobLimit else { return }
        parts.notifier.feedWatchdog()
    }

    private func tellStatus() {
        let blind = cameras.values.filter { $0.sight != .seeing }.count
        parts.notifier.status(
            (isConnected ? "" : "waiting for the controller; ")
                + "\(cameras.count) cameras, \(blind) blind"
                + (isWedged ? ", a recogniser is wedged" : ""))
    }
}

extension FaceObservation {
    fileprivate init(_ finding: FaceFinding, of frame: any VisionFrame) {
        self.init(
            camera: frame.camera, sequence: frame.sequence, frameTime: frame.time,
            readTime: .now(), faceCount: finding.faceCount, face: finding.face,
            galleryCount: finding.galleryCount, isSimulated: frame.isSimulated)
        proof = finding.proof
    }
}
