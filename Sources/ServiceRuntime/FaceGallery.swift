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
        package let calibration: FaceCalibration?
    }

    private struct State {
        var allowed: [String: ConsentNotice] = [:]
        var stored: [FaceStore.OpenedTemplate] = []
        var snapshot: Snapshot?
        var model: FaceModel?
        var calibration: FaceCalibration?
        var report: (@Sendable (EyesReport) -> Void)?
        var trouble: String?
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
        worker = try SerialWorker(name: "gallery", limit: 1_000)
    }

    // MARK: The recognisers' side

    /// The embedder in use; the first recogniser that loads it tells.
    func uses(_ model: FaceModel, _ calibration: FaceCalibration?) {
        let isNew = state.withLock { state in
            guard state.model != model else { return false }
            state.model = model
            state.calibration = calibration
            return true
        }
        if isNew { reload() }
    }

    /// Nil while nothing is loaded.
    var snapshot: Snapshot? { state.withLock { $0.snapshot } }

    // MARK: The loop's side

    func begin(_ report: @escaping @Sendable (EyesReport) -> Void) {
        state.withLock { $0.report = report }
    }

    /// What a controller that has just come has to know.
    var reports: [EyesReport] {
        state.withLock { [.faceTrouble($0.trouble), .enrolled($0.told)] }
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
        guard let model = state.withLock({ $0.model }) else { return }
        withStore { (store) throws(FaceStoreError) in
            let version = try store.dataVersion()
            let calibrated = SiteCalibration.changed(folder)
            let isStale = state.withLock { $0.version != version || $0.calibrated != calibrated }
            guard isStale else { return }
            let templates = try store.templates(of: model)
            let site = SiteCalibration.load(folder, for: model)
            state.withLock { state in
                (state.version, state.calibrated) = (version, calibrated)
                if let site { state.calibration = site.calibration }
                state.stored = templates
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
        }
        if !isDone {
            // Where there is no store, nothing is stored.
            report.trouble = state.withLock { $0.trouble }
        }
        tell(.forgotten(report))
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
        troubled(problem?.description)
    }

    private func troubled(_ reason: String?) {
        let isNews = state.withLock { state in
            defer { state.trouble = reason }
            if reason != nil, reason != state.trouble {
                state.stored = []
                state.version = nil
                Self.rebuild(&state)
            }
            return reason != state.trouble
        }
        if isNews { tell(.faceTrouble(reason)) }
    }

    private func tell(_ report: EyesReport) { state.withLock { $0.report }?(report) }

    private func tellEnrolled() {
        let news: [String]? = state.withLock { state in
            let people = Set(state.stored.map(\.record.binding.person)).sorted()
            guard people != state.told else { return nil }
            state.told = people
            return people
        }
        if let news { tell(.enrolled(news)) }
    }

    /// Only templates under the very consent that stands are compared with.
    private static func rebuild(_ state: inout State) {
        guard let first = state.stored.first else { return state.snapshot = nil }
        let fit = state.stored.filter {
            state.allowed[$0.record.binding.person]?.consent == $0.record.binding.consent
        }
        let gallery = try? Gallery(
            fit.map { FaceTemplate(person: $0.record.binding.person, embedding: $0.embedding) },
            dimension: first.embedding.count)
        state.snapshot = gallery.map {
            Snapshot(
                gallery: $0,
                consents: Dictionary(
                    fit.map { ($0.record.binding.person, $0.record.binding.consent) },
                    uniquingKeysWith: { $1 }),
                calibration: state.calibration)
        }
    }
}
