import ArgumentParser
import Foundation
import GateTypes
import Imaging
import Inference
import PlateRecognition
import ServiceRuntime

/// `gatectl bench`: each stage by itself, then the whole way in the demonstration.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures each stage and the whole way; for comparison only.",
        discussion: """
            Stages run on one thread of this machine, one after another, on the demonstration's \
            pictures. The whole way runs the demonstration: eighteen lanes, five cameras for plates \
            and seven at the turnstiles, both programs.
            """)

    @Option(help: "The demonstration's folder.") var site: String?
    @Option(help: "Pictures to read, each once; by default those of the demonstration.")
    var pictures: String?
    @Option(help: "Durable commits to time.") var commits = 200
    @Option(help: "Seconds of the demonstration's traffic.") var seconds = 52
    @Option(help: "Days of the reference site to simulate; 0 leaves them out.") var days = 365
    @Flag(help: "Leave the demonstration out.") var stagesOnly = false
    @Option(help: "Folder whose disk the journal is timed on.") var directory = "/var/tmp"

    func run() throws {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = site ?? DemoSite.find(program: program)
        print(Machine.description)
        print(StageTimes.header)
        // First of all: what it adds to the memory is told, too.
        try FaceBench.run(models: ModelFolder.find()).forEach { print($0) }
        try perception(pictures ?? folder + "/scenes")
        try Decisions(site: folder).measure(rounds: 2_000).forEach { print($0) }
        let journal = try JournalBench.run(in: directory, commits: commits)
        var commit = StageTimes("journal: durable commit")
        commit.milliseconds = journal.alone
        print(commit)
        print("memory of this program, networks loaded\t\(Machine.peakMemoryMiB) MiB (VmHWM)")
        if days > 0 {
            let (lines, isGood) = try SimulationBench.run(program: program, days: days)
            lines.forEach { print($0) }
            if !isGood { throw ExitCode(1) }
        }
        if !stagesOnly { try demonstration(folder, program: program) }
    }

    private func perception(_ folder: String) throws {
        let models = ModelFolder.find()
        let localiser = try PlateLocaliser(path: "\(models)/\(ModelFolder.localiser)")
        let reader = try PlateReader(path: "\(models)/\(ModelFolder.reader)")
        let recogniser = try PlateRecogniser(models: models)
        var decode = StageTimes("decode at reduced scale")
        var locate = StageTimes("localise: the whole picture")
        var full = StageTimes("decode at full scale")
        var near = StageTimes("localise: one place from near")
        var read = StageTimes("read one plate")
        var whole = StageTimes("bytes in memory to rows")
        for (index, file) in PictureFiles([folder]).files.enumerated() {
            let bytes = try ImageFile.bytes(of: file)
            let picture = try Picture(fileBytes: bytes)
            let small = try decode.time {
                try picture.rgb(scale: localiser.decodeScale(for: picture.size)).image
            }
            let places = try locate.time {
                try localiser.locate(in: small, fullSize: picture.size)
            }
            let image = try full.time { try picture.rgb().image }
            for place in places {
                let around = PlateRecogniser.surroundings(
                    of: place.corners, with: localiser.neighbourhood(of: place.corners),
                    in: picture.size)
                guard let around else { continue }
                let found = try near.time {
                    try localiser.examine(
                        place, in: try image.cropped(to: around),
                        origin: PixelPoint(x: Double(around.x), y: Double(around.y)))
                }
                guard let found, found.probability >= localiser.nearLikely else { continue }
                _ = try read.time { try reader.read(image, corners: found.corners) }
            }
            _ = try whole.time { try recogniser.read(try Picture(fileBytes: bytes)) }
            // The first of a size lays the networks out; a gate does that once.
            if index == 0 {
                (decode, locate, full) = (decode.empty, locate.empty, full.empty)
                (near, read, whole) = (near.empty, read.empty, whole.empty)
            }
        }
        [decode, locate, full, near, read, whole].forEach { print($0) }
    }

    private func demonstration(_ folder: String, program: String) throws {
        var options = DemoOptions(site: folder)
        options.length = .seconds(seconds)
        let run = try DemoRun(options, program: program)
        do {
            try run.connect().watch { _ in !run.hasEnded() }
        } catch {
            ErrorOutput.write(["\(error)"])
        }
        let report = run.finish()
        report.lines.forEach { print($0) }
        if !report.isGood { throw ExitCode(1) }
    }
}

/// Times of one stage, and how they are told.
struct StageTimes: CustomStringConvertible {
    static let header = "stage\tp50 ms\tp99 ms\tmax ms\tn\tcpu p50\tcpu p99"
    let name: String
    var milliseconds: [Double] = []
    /// Processor time of the thread, which a busy machine changes little.
    var processor: [Double] = []

    init(_ name: String) { self.name = name }

    var empty: StageTimes { StageTimes(name) }

    mutating func time<Result>(_ body: () throws -> Result) rethrows -> Result {
        let (begun, processorBegun) = (ContinuousClock.now, ThreadClock.milliseconds)
        defer {
            processor.append(ThreadClock.milliseconds - processorBegun)
            milliseconds.append((ContinuousClock.now - begun).milliseconds)
        }
        return try body()
    }

    var description: String {
        guard let spread = DemoSummary.Spread(milliseconds) else { return "\(name)\t-\t-\t-\t0" }
        let values = [spread.p50, spread.p99, spread.maximum]
        let busy = DemoSummary.Spread(processor).map { [$0.p50, $0.p99] } ?? []
        return
            ([name] + values.map { String(format: "%.3f", $0) } + ["\(spread.count)"]
            + busy.map { String(format: "%.3f", $0) }).joined(separator: "\t")
    }
}

/// The machine that figures belong to.
enum Machine {
    static var description: String {
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = lines.split(separator: "\n").first { $0.hasPrefix("model name") }
        let processor = model?.split(separator: ":").last ?? " unknown processor"
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let date = Date().formatted(.iso8601.year().month().day())
        return "machine\(processor), \(cores) cores, \(date)"
    }

    /// The highest memory of this process so far.
    static var peakMemoryMiB: Int { memoryKiB("VmHWM") / 1024 }

    /// A line of /proc/self/status, in KiB.
    static func memoryKiB(_ name: String) -> Int {
        let lines = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = lines.split(separator: "\n").first { $0.hasPrefix(name) }
        let words = line?.split(whereSeparator: { " \t".contains($0) }) ?? []
        return words.count > 1 ? (Int(words[1]) ?? 0) : 0
    }
}
