import Foundation

/// Runs the built program as a user does.
enum Gatectl {
    struct Result {
        let status: Int32
        let output: String
        var errors: String
    }

    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    /// Beside the tests themselves, wherever the build folder is.
    static let program = Bundle.main.bundleURL.appending(path: "gatectl")
    static var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: program.path) }

    static func run(
        _ arguments: [String], program: URL = program, in folder: URL = root
    ) throws -> Result {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = folder
        // Files, not pipes: neither stream can fill up while the other is read.
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "gatectl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (output, errors) = (folder.appending(path: "out"), folder.appending(path: "err"))
        for file in [output, errors] { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus,
            output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }
}
