import EventLoop
import GateTypes
import Glibc
import Imaging

/// Plays JPEG files at a rate, again and again: those of a folder by name, those of a list in its
/// order (one path a line, relative to the list), or a single one.
struct ReplaySource: FrameSource, Sendable {
    let path: String
    let rate: Double
    private var files: [String] = []
    private var place = 0
    private var sequence: UInt32 = 0
    private var nextTime: Instant?

    init(path: String, rate: Double) {
        self.path = path
        self.rate = rate
    }

    var device: String { path }
    var isStarved: Bool { false }

    mutating func open(tell: (CameraEvent) -> Void) throws(CameraFault) -> CameraMode {
        files = try listFiles()
        place = 0
        nextTime = .now()
        // The first readable picture tells the size; a torn one is counted when its turn comes.
        let size = files.lazy.prefix(16).compactMap { try? Picture(path: $0).size }.first
        guard let size else {
            throw CameraFault(
                .corrupt, device: path, problem: "the first pictures cannot be read",
                remedy: "give JPEG files")
        }
        return CameraMode(
            size: size, rate: rate, format: .jpeg, native: "JPEG",
            device: "\(files.count) pictures of \(path)")
    }

    mutating func close() { nextTime = nil }

    mutating func receive(
        until deadline: Instant, wake: Descriptor
    ) throws(CameraFault) -> [Reception] {
        guard let due = nextTime, !files.isEmpty else { return [] }
        do throws(SystemError) {
            _ = try Polling.wait(for: [wake.raw], until: min(due, deadline))
        } catch {
            throw CameraFault(.io, device: path, problem: "\(error)", remedy: "restart the program")
        }
        let now = Instant.now()
        guard now >= due else { return [] }
        let step = Duration.nanoseconds(Int64(1e9 / max(0.01, rate)))
        // Late by more than a frame: the missed ones are left out, as a camera would.
        nextTime = due + step > now ? due + step : now + step
        let file = files[place]
        place = (place + 1) % files.count
        sequence &+= 1
        return [read(file, at: now)]
    }

    private func read(_ file: String, at now: Instant) -> Reception {
        do throws(ImageError) {
            let bytes = try ImageFile.bytes(of: file)
            guard let length = JPEGFrame.length(bytes.span) else {
                return .corrupt("\(file): a JPEG without an end", sequence: sequence)
            }
            let size = try JPEG.size(bytes.span)
            let picture = try Picture(
                format: .jpeg, size: size, rowBytes: 0,
                bytes: LeadingBytes(OwnedBytes(bytes), count: length))
            return .frame(
                Frame(picture: picture, captured: now, isDriverTime: false, sequence: sequence))
        } catch {
            return .corrupt("\(file): \(error)", sequence: sequence)
        }
    }

    private func listFiles() throws(CameraFault) -> [String] {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw CameraFault(
                .absent, device: path, problem: "there is no such file or folder",
                remedy: "name a folder of JPEG files, a list of them, or one")
        }
        let files: [String]
        if status.st_mode & S_IFMT == S_IFDIR {
            files = names(in: path).filter(Self.isJPEG).sorted().map { "\(path)/\($0)" }
        } else if Self.isJPEG(path) {
            files = [path]
        } else {
            let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
            let bytes = (try? ImageFile.bytes(of: path)) ?? []
            files = String(decoding: bytes, as: UTF8.self)
                .split(whereSeparator: \.isNewline)
                .filter { !$0.hasPrefix("#") }
                .map { $0.hasPrefix("/") ? String($0) : "\(folder)\($0)" }
        }
        guard !files.isEmpty else {
            throw CameraFault(
                .absent, device: path, problem: "no JPEG files",
                remedy: "put files that end in .jpg or .jpeg there")
        }
        return files
    }

    private func names(in folder: String) -> [String] {
        guard let listing = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(listing) }
        var names: [String] = []
        while let entry = unsafe readdir(listing) {
            unsafe names.append(text(of: entry.pointee.d_name))
        }
        return names
    }

    private static func isJPEG(_ name: String) -> Bool {
        let lower = name.lowercased()
        return lower.hasSuffix(".jpg") || lower.hasSuffix(".jpeg")
    }
}

extension CapturingCamera {
    /// A camera that plays JPEG files at `settings.rate`; see `device(name:...)` for the callbacks.
    package static func replay(
        name: String, path: String, settings: CameraSettings,
        onFrame: @escaping @Sendable () -> Void,
        onEvent: @escaping @Sendable (CameraEvent) -> Void
    ) throws(CameraFault) -> CapturingCamera {
        CapturingCamera(
            name: name, source: ReplaySource(path: path, rate: settings.rate), settings: settings,
            wake: try makeWake(name), onFrame: onFrame, onEvent: onEvent)
    }
}
