import Foundation
import Inference

extension StoredAnswer {
    init(path: String) throws {
        try self.init(Array(Data(contentsOf: URL(fileURLWithPath: path))), path: path)
    }

    /// The stored answers of a network file: `FOLDER/NAME.golden` and `FOLDER/NAME@ANYTHING.golden`.
    static func paths(for network: String, in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter {
            $0 == "\(network).golden" || ($0.hasPrefix("\(network)@") && $0.hasSuffix(".golden"))
        }.sorted().map { "\(folder)/\($0)" }
    }

    /// The network files of a folder, without their ending.
    static func networks(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".ghn") }.map { String($0.dropLast(4)) }.sorted()
    }
}

/// Folders beside this file.
enum Folder {
    static let here = (#filePath as NSString).deletingLastPathComponent
    static let golden = "\(here)/Golden"
    static let models = "\(here)/../../models"
}
