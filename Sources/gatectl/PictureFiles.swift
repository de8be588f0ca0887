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
    /// One sentence for each folder in which there is nothing to read.
    private(set) var notes: [String] = []

    init(_ paths: [String]) {
        for path in paths {
            var isFolder: ObjCBool = false
            guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            else {
                errors.append("\(path): no such file or folder; check the path")
                continue
            }
            if isFolder.boolValue {
                add(folder: path)
            } else {
                files.append(path)
            }
        }
    }

    /// Reads one after the other; what cannot be read is told on standard error, the others go on,
    /// and the exit status is 1.
    func readEach(_ read: (String) throws(ImageError) -> Void) throws {
        var hasFailed = !errors.isEmpty
        ErrorOutput.write(errors + notes)
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

    /// Tells on standard error that a file's data end too soon or are damaged. Readers keep no
    /// account of it, so that it is decoded once more, as small as can be.
    static func tellIfTorn(_ picture: Picture, _ file: String) {
        guard picture.format == .jpeg, let seen = try? picture.gray(scale: .eighth),
            let warning = seen.firstWarning
        else { return }
        ErrorOutput.write(["\(file): torn (\(warning)); what is left was read"])
    }

    private mutating func add(folder: String) {
        let base = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        var found: [String] = []
        let failureCount = errors.count
        walk(base, under: "", &found)
        files += found.sorted().map { "\(base)/\($0)" }
        if found.isEmpty, errors.count == failureCount {
            notes.append("\(folder): there is no picture in this folder (.jpg, .jpeg, .png)")
        }
    }

    /// Pictures below a folder; links to folders are followed where they are named, and not below,
    /// so that no walk goes round in circles.
    private mutating func walk(_ base: String, under part: String, _ found: inout [String]) {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: "\(base)/\(part)")
        } catch {
            errors.append(
                "\(base)/\(part): the folder cannot be read; get the right to read it, or run this "
                    + "as its owner or root")
            return
        }
        for name in names {
            let path = part + name
            var status = stat()
            guard unsafe lstat("\(base)/\(path)", &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                walk(base, under: path + "/", &found)
            } else if Self.endings.contains(URL(filePath: name).pathExtension.lowercased()) {
                found.append(path)
            }
        }
    }
}
