import Foundation

/// Standard error, for what is not the data that was asked for.
enum ErrorOutput {
    static func write(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        let text = lines.joined(separator: "\n") + "\n"
        // With nobody to read it, there is nobody to tell.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
