import EventLoop
import FaceMatching
import FaceStorage
import GateTypes
import Glibc
import Synchronization
import VisionLink

/// The eyes' templates in memory: opened from the store, cut down to whose consent stands.
///
/// Recognisers take a snapshot for each face; the store is touched by one thread only. A person who
/// is to be forgotten is gone from memory before `forget` returns, and from the disk before it is
/// reported.
package final class FaceGallery: Sendable {
    /// What a recogniser compares with.
    package struct Snapshot: Sendable {
        package let gallery: Gallery
        /// Consents by person.
        package let consents: [String: String]
        package let figures: FaceFigures
        /// The embedder of these templates; a face of another one is compared with none of them.
        package let model: FaceModel
    }

    /// What the gallery has to know of the embedder in use.
    struct Embedder: Hashable, Sendable {
        let model: FaceModel
        let calibration: FaceCalibration?
        let card: FaceCard?
    }

    private struct State {
        var allowed: [String: ConsentNotice] = [:]
        var stored: [FaceStore.OpenedTemplate] = []
        var snapshot: Snapshot?
        var embedder: Embedder?
        var site: SiteCalibration?
        var report: (@Sendable (EyesReport) -> Void)?
        /// Of the store, of the embedder, and of what is known of its likenesses.
        var trouble: String?
        var networkTrouble: String?
        var tableTrouble: String?
        var shownTrouble: String? { networkTrouble ?? trouble ?? tableTrouble }
        var told: [String] = []
        var version: Int?
        var calibrated = 0
    }

    private let folder: String
    private let worker: SerialWorker
    private let state = Mutex(State())
    /// Opened and used by the worker's thread only.
    private let store = Mutex<FaceStore?>(nil)

    /// - Parameter folder: where `faces.db` and the site key lie.
    package init(folder: String) throws(SystemError) {
        self.folder = folder
        // `gatectl faces enrol` finds it then; where it cannot be made, nobody can be enrolled.
        try? Directories.make(folder, mode: 0o700)
        worker = try SerialWorker(name: "gallery", limit: 1_000)
    }

    // MARK: The recognisers' side

    /// The embedder in use; the first recogniser that loads it tells.
    ///
    /// Templates of the one before are compared with no longer, from this call on.
    func uses(_ embedder: Embedder) {
        let isNew = state.withLock { state in
            guard state.embedder != embedder else { return false }
            state.embedder = embedder
            state.site = nil
            state.stored = []
            state.snapshot = nil
            return true
        }
        guard isNew else { return }
        troubled { state in
            state.networkTrouble = nil
            state.tableTrouble = nil
        }
        reload()
    }

    /// The embedder could not be loaded: nobody is compared with, and the controller is told.
    func hasNoEmbedder(_ reason: String) {
        troubled { state in
            state.embedder = nil
            state.stored = []
            state.snapshot = nil
            state.networkTrouble = String(reason.prefix(300))
        }
        tellEnrolled()
    }

    /// Nil while nothing is loaded.
    var snapshot: Snapshot? { state.withLock { $0.snapshot } }

    // MARK: The loop's side

    func begin(_ report: @escaping @Sendable (EyesReport) -> Void) {
        state.withLock { $0.report = report }
    }

    /// What a controller that has just come has to know.
    var reports: [EyesReport] {
        state.withLock { [.faceTrouble($0.shownTrouble), .enrolled($0.told)] }
    }

    func mayLook(for notices: [ConsentNotice]) {
        state.withLock { state in
            state.allowed = Dictionary(notices.map { ($0.person, $0) }, uniquingKeysWith: { $1 })
            Self.rebuild(&state)
        }
        tellEnrolled()
    }

    func forget(_ people: [String]) {
        state.withLock { state in
            for person in people { state.allowed[person] = nil }
            state.stored.removeAll { people.contains($0.record.binding.person) }
            Self.rebuild(&state)
        }
        tellEnrolled()
        worker.submit { [self] in people.forEach { destroy($0) } }
    }

    /// Another process, `gatectl faces`, may have changed the store.
    func lookForChanges() { worker.submit { [self] in loadIfChanged() } }

    func finish() { worker.finish(within: .seconds(2)) }

    // MARK: The worker's side

    private func reload() {
        state.withLock { $0.version = nil }
        lookForChanges()
    }

    private func loadIfChanged() {
        guard let embedder = state.withLock({ $0.embedder }) else { return }
        withStore { (store) throws(FaceStoreError) in
            let version = try store.dataVersion()
            let calibrated = SiteCalibration.changed(folder)
            let isStale = state.withLock { $0.version != version || $0.calibrated != calibrated }
            guard isStale else { return }
            let templates = try store.templates(of: embedder.model)
            let site = SiteCalibration.load(folder, for: embedder.model)
            troubled { state in
                // Another embedder came meanwhile, and its own reload follows.
                guard state.embedder == embedder else { return }
                (state.version, state.calibrated) = (version, calibrated)
                state.site = site
                state.stored = templates
                state.tableTrouble = Self.hasTable(state) ? nil : Self.lackOfTable(embedder)
                Self.rebuild(&state)
            }
            tellEnrolled()
        }
    }

    private func destroy(_ person: String) {
        var report = ForgottenFace(person: person, templateCount: 0)
        var isDone = false
        withStore { (store) throws(FaceStoreError) in
            let (count, logIsClean) = try store.remove(person: person)
            report.templateCount = count
            if !logIsClean { report.trouble = "another process still reads the log" }
            isDone = true
            // A load that was under way when `forget` was called may have brought them back, and our
            // own removal is no change that would be seen.
            state.withLock { state in
                state.stored.removeAll { $0.record.binding.person == person }
                Self.rebuild(&state)
            }
            tellEnrolled()
        }
        if !isDone {
            // Where there is no store, nothing is stored.
            report.trouble = state.withLock { $0.trouble }
        }
        tell(.forgotten(report))
        // Later, since the templates are what is waited for; likenesses alone show nobody's face.
        withStore { (store) throws(FaceStoreError) in try store.renewCalibration() }
    }

    private func withStore(_ work: (FaceStore) throws(FaceStoreError) -> Void) {
        let problem: FaceStoreError? = store.withLock { held in
            do throws(FaceStoreError) {
                if held == nil { held = try FaceStore.open(folder) }
                guard let store = held else { return nil }
                try work(store)
                return nil
            } catch {
                held = nil
                return error
            }
        }
        let reason = problem?.description
        troubled { state in
            if reason != nil, reason != state.trouble {
                state.stored = []
                state.version = nil
                Self.rebuild(&state)
            }
            state.trouble = reason
        }
    }

    /// Changes what is wrong, and tells it where it differs from before.
    private func troubled(_ change: (inout State) -> Void) {
        let (isNews, shown) = state.withLock { state in
            let before = state.shownTrouble
            change(&state)
            return (before != state.shownTrouble, state.shownTrouble)
        }
        if isNews { tell(.faceTrouble(shown)) }
    }

    private func tell(_ report: EyesReport) { state.withLock { $0.report }?(report) }

    /// Tells whom faces are compared with; nobody waits for the face of anybody else.
    private func tellEnrolled() {
        let news: [String]? = state.withLock { state in
            let people = Set(Self.fit(state).map(\.record.binding.person)).sorted()
            guard people != state.told else { return nil }
            state.told = people
            return people
        }
        if let news { tell(.enrolled(news)) }
    }

    private static func hasTable(_ state: State) -> Bool {
        state.embedder?.calibration != nil || state.site != nil
    }

    private static func lackOfTable(_ embedder: Embedder) -> String {
        "the embedder \(embedder.model.name) has no table of false matches; run gatectl faces "
            + "calibrate (from 15 people on), or take a network file with 'fmr'"
    }

    /// Only templates under the very consent that stands count, and none while nobody knows how
    /// rare a likeness is: nothing would match, and whoever has a badge would wait for it in vain.
    private static func fit(_ state: State) -> [FaceStore.OpenedTemplate] {
        guard hasTable(state) else { return [] }
        return state.stored.filter {
            state.allowed[$0.record.binding.person]?.consent == $0.record.binding.consent
        }
    }

    private static func rebuild(_ state: inout State) {
        guard let first = state.stored.first, let embedder = state.embedder else {
            return state.snapshot = nil
        }
        let fit = fit(state)
        let gallery = try? Gallery(
            fit.map { FaceTemplate(person: $0.record.binding.person, embedding: $0.embedding) },
            dimension: first.embedding.count)
        state.snapshot = gallery.map {
            Snapshot(
                gallery: $0,
                consents: Dictionary(
                    fit.map { ($0.record.binding.person, $0.record.binding.consent) },
                    uniquingKeysWith: { $1 }),
                figures: FaceFigures(
                    network: embedder.calibration, card: embedder.card, site: state.site,
                    templates: fit.map(\.record)), model: embedder.model)
        }
    }
}
