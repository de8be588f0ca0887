import EventLoop
import GateTypes
import Imaging
import Synchronization
import VisionLink

/// The eyes' part of evidence: has the latest frames at hand, and keeps those that the controller
/// orders, on a thread of its own.
final class EvidenceKeeper: Sendable {
    /// Frames of one camera at hand: an order comes within milliseconds of its observation.
    private static let framesLargest = 6
    private static let frameBytesLargest = 24 << 20
    /// Orders that wait for the disk.
    private static let ordersLargest = 200
    private static let sceneQuality = 85
    private static let plateQuality = 92

    private struct Frame {
        let sequence: UInt64
        let time: Instant
        let picture: Picture
        var byteCount: Int { picture.bytes.withBytes { $0.count } }
    }

    private let folder: String?
    private let report: @Sendable (EyesReport) -> Void
    private let worker: SerialWorker
    private let frames = Mutex<[CameraName: [Frame]]>([:])
    /// Opened and used by the worker's thread only.
    private let store = Mutex<EvidenceStore?>(nil)
    private let told = Mutex<String?>(nil)

    /// - Parameters:
    ///   - folder: nil keeps nothing.
    ///   - report: called from any thread.
    init(
        folder: String?, report: @escaping @Sendable (EyesReport) -> Void
    ) throws(SystemError) {
        self.folder = folder
        self.report = report
        worker = try SerialWorker(name: "evidence", limit: Self.ordersLargest)
    }

    /// Why no pictures can be kept; nil while nothing is known against it.
    var trouble: String? { told.withLock { $0 } }

    // MARK: The recognisers' side

    /// Keeps a frame at hand that may be wanted.
    func shelve(_ frame: any VisionFrame) {
        guard folder != nil, let picture = frame.ownedPicture() else { return }
        let new = Frame(sequence: frame.sequence, time: frame.time, picture: picture)
        frames.withLock { frames in
            var shelf = frames[frame.camera] ?? []
            shelf.append(new)
            var bytes = shelf.reduce(0) { $0 + $1.byteCount }
            while shelf.count > 1,
                shelf.count > Self.framesLargest || bytes > Self.frameBytesLargest
            {
                bytes -= shelf.removeFirst().byteCount
            }
            frames[frame.camera] = shelf
        }
    }

    // MARK: The loop's side

    func forget(_ camera: CameraName) { frames.withLock { $0[camera] = nil } }

    func keep(_ order: PictureOrder) {
        guard folder != nil else {
            troubled(
                "the eyes have no folder for them; start gatehouse-vision with --evidence FOLDER, "
                    + "or write 'retention: { pictures: 0s }'")
            return missing(order, "the eyes have no folder for pictures")
        }
        let frame = frames.withLock { frames in
            frames[order.camera]?.last {
                $0.sequence == order.sequence && $0.time == order.frameTime
            }
        }
        guard let frame else { return missing(order, "its frame was gone already") }
        let isTaken = worker.submit { [self] in write(order, frame.picture) }
        if !isTaken { missing(order, "too many pictures wait for the disk") }
    }

    func erase(before moment: WallTime) {
        worker.submit { [self] in
            withStore { (store) throws(SystemError) in
                while let erasure = try store.erase(before: moment) {
                    report(.picturesErased(erasure))
                }
            }
        }
    }

    func makeRoom() {
        worker.submit { [self] in
            withStore { (store) throws(SystemError) in
                while let erasure = try store.makeRoom() { report(.picturesErased(erasure)) }
            }
        }
    }

    /// Finishes what is queued.
    func finish() { worker.finish(within: .seconds(2)) }

    private func missing(_ order: PictureOrder, _ reason: String) {
        report(.picture(PictureReport(name: order.name, outcome: .missing(reason: reason))))
    }

    /// A trouble is told when it begins and when it is over.
    private func troubled(_ reason: String?) {
        let isNews = told.withLock { told in
            defer { told = reason }
            return (told == nil) != (reason == nil)
        }
        if isNews { report(.pictureTrouble(reason)) }
    }

    // MARK: The worker's side

    private func write(_ order: PictureOrder, _ picture: Picture) {
        let scene: [UInt8]
        let plate: [UInt8]?
        do throws(ImageError) {
            scene = try Self.scene(picture)
            plate =
                if let corners = order.plate { try Self.plate(picture, corners) } else { nil }
        } catch {
            return missing(order, "the frame cannot be written as JPEG: \(error)")
        }
        var outcome = PictureReport.Outcome.missing(reason: "the disk does not take it")
        withStore { (store) throws(SystemError) in
            let (erasures, result) = store.keep(order.name, scene: scene, plate: plate)
            for erasure in erasures { report(.picturesErased(erasure)) }
            outcome = try result.get()
            troubled(nil)
        }
        report(.picture(PictureReport(name: order.name, outcome: outcome)))
    }

    private func withStore(_ work: (inout EvidenceStore) throws(SystemError) -> Void) {
        guard let folder else { return }
        let reason: String? = store.withLock { open in
            do throws(SystemError) {
                var store =
                    if let open { open } else { try EvidenceStore(folder: folder) }
                open = nil  // The list in it is changed in place, not copied.
                defer { open = store }
                try work(&store)
                return nil
            } catch {
                return "\(error); free the disk or correct the folder's rights"
            }
        }
        if let reason { troubled(reason) }
    }

    /// The camera's own JPEG where it is one that every program opens.
    private static func scene(_ picture: Picture) throws(ImageError) -> [UInt8] {
        if picture.format == .jpeg {
            let bytes = picture.bytes.withBytes { span in
                unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
            }
            if holdsItsTables(bytes) { return bytes }
        }
        return try JPEG.encode(try picture.rgb().image, quality: sceneQuality)
    }

    /// Some cameras leave out the Huffman tables (marker FFC4), which stand before the scan (FFDA).
    private static func holdsItsTables(_ bytes: [UInt8]) -> Bool {
        for (first, second) in zip(bytes, bytes.dropFirst()) where first == 0xFF {
            if second == 0xC4 { return true }
            if second == 0xDA { return false }
        }
        return false
    }

    /// The plate upright with a margin, as it stands in the frame; nil when it lies outside.
    private static func plate(
        _ picture: Picture, _ corners: Quadrilateral
    ) throws(ImageError) -> [UInt8]? {
        let box = corners.bounds
        let margin = (box.bottom - box.top) / 4 + 4
        let bounded = { (value: Double) in Int(min(max(value, -1e6), 1e6)) }
        let (left, top) = (bounded(box.left - margin), bounded(box.top - margin))
        let part = PixelRect(
            x: left, y: top, width: bounded(box.right + margin) - left,
            height: bounded(box.bottom + margin) - top
        ).clamped(to: picture.size)
        guard let part else { return nil }
        return try JPEG.encode(try picture.rgb(part: part).image, quality: plateQuality)
    }
}
