import ArgumentParser
import Foundation
import Imaging

/// Which file a path leads to, links followed: two names of one file are equal.
struct FileIdentity: Hashable {
    private let device: UInt64
    private let number: UInt64

    /// Nil when there is no such file.
    init?(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        (device, number) = (UInt64(status.st_dev), UInt64(status.st_ino))
    }
}

/// The folder that pictures with something drawn in are written to: never over a picture that is
/// read in the same run, and no name twice.
final class AnnotationFolder {
    let path: String
    /// The user's own pictures.
    private let sources: Set<FileIdentity>
    private var taken: Set<String> = []

    /// Makes the folder where there is none.
    init(_ path: String, sources: [String]) throws {
        self.path = path
        self.sources = Set(sources.compactMap { FileIdentity($0) })
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw ValidationError(
                "cannot make the folder \(path): \(error.localizedDescription); "
                    + "name one that you may write to")
        }
    }

    /// Writes what was made of the picture `file`.
    func write(_ image: RGBImage, of file: String) throws(ImageError) {
        let target = "\(path)/\(name(for: file))"
        if let there = FileIdentity(target), sources.contains(there) {
            throw ImageError(
                kind: .unwritable,
                problem: "'\(target)' is one of the pictures read, and is not written over",
                remedy: "name another folder with --annotate")
        }
        try ImageFile.write(image, to: target)
    }

    /// A name that nothing else of this run has.
    private func name(for file: String) -> String {
        let stem = Self.stem(of: file)
        var name = stem + ".jpg"
        var number = 2
        while !taken.insert(name).inserted {
            name = "\(stem)-\(number).jpg"
            number += 1
        }
        return name
    }

    /// The end of the path in one word, so that pictures of two folders differ by name.
    private static func stem(of file: String) -> String {
        let parts = file.split(separator: "/").filter { $0 != "." && $0 != ".." }.suffix(2)
        let stem = parts.joined(separator: "-")
        return stem.lastIndex(of: ".").map { String(stem[..<$0]) } ?? stem
    }
}
