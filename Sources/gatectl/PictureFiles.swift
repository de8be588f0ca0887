import ArgumentParser
import Foundation
import Imaging

/// The picture files that a command line names; folders are walked in the order of their names.
struct PictureFiles {
    static let endings: Set<String> = ["jpg", "jpeg", "png"]

    /// Files in the order given.
    private(set) var files: [String] = []
    /// One sentence for each path that names nothing readable.
    private(set) var errors: [String] = []

    init(_ paths: [String]) {
        for path in paths {
            var isFolder: ObjCBool = false
            guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            else {
                errors.append("\(path): no such file or folder; check the path")
                continue
            }
            if isFolder.boolValue {
                files += Self.pictures(in: path)
            } else {
                files.append(path)
            }
        }
    }

    /// Reads one after the other; what cannot be read is told on standard error, the others go on,
    /// and the exit status is 1.
    func readEach(_ read: (String) throws(ImageError) -> Void) throws {
        var hasFailed = !errors.isEmpty
        ErrorOutput.write(errors)
        for file in files {
            do throws(ImageError) {
                try read(file)
            } catch {
                ErrorOutput.write([error.located(in: file).description])
                hasFailed = true
            }
        }
        if hasFailed { throw ExitCode(1) }
    }

    private static func pictures(in folder: String) -> [String] {
        let walk = FileManager.default.enumerator(atPath: folder)
        let found = (walk?.compactMap { $0 as? String } ?? []).filter {
            endings.contains(URL(filePath: $0).pathExtension.lowercased())
        }
        let base = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        return found.sorted().map { "\(base)/\($0)" }
    }
}
